"""``python -m bus.cli`` is ``lienthong``, for who starts it with an interpreter of their own."""

from bus.cli import main

main()
