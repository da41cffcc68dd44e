"""The root of the command line. Commands plug in through the entry points ``lienthong.commands``."""

import sys


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code; Ctrl-C while it still starts ends it quietly too."""
    try:
        from bus.cli.root import run

        code = run(arguments)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


__all__ = ["main"]
