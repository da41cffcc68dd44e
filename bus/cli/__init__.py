"""The root of the command line. Commands plug in through the entry points ``lienthong.commands``."""

from bus.cli.root import main

__all__ = ["main"]
