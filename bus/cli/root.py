"""The root command; nouns and verbs are found among the entry points, and loaded when they are called.

A command is registered as ``noun.verb`` (or ``verb`` alone) under ``lienthong.commands``, since rooms share nouns.
Nothing here imports a room; the help page loads no command at all.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import click

GROUP = "lienthong.commands"

_ABOUT = {
    "topic": "Topics: list, show, apply the catalogue.",
    "event": "Events: emit, get, tail, search.",
    "dossier": "A dossier's history.",
    "schema": "Contracts: check, list, show.",
    "connector": "Connectors: list, check, run, status.",
    "deadletter": "What could not be read or delivered: list, show, redrive.",
    "demo": "A generated case log through the whole walk.",
    "doctor": "Check this installation and its data.",
    "version": "Versions of the software and its parts.",
}


@cache
def commands() -> dict[str, EntryPoint]:
    """Return all registered commands by ``noun.verb``; of two with one name, the first is kept."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, point)
    return found


def load_command(name: str) -> click.Command:
    """Return the command registered as ``noun.verb``: how one room calls another's without importing it.

    Raises :class:`LookupError` where no installed package registers it.
    """
    if name not in commands():
        raise LookupError(name)
    command: click.Command = commands()[name].load()
    return command


class _Noun(click.Group):
    """One noun's verbs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        prefix = f"{self.name}."
        return sorted(name.removeprefix(prefix) for name in commands() if name.startswith(prefix))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = f"{self.name}.{cmd_name}"
        return load_command(name) if name in commands() else None


class _Root(click.Group):
    """All nouns, and the verbs that need none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({name.partition(".")[0] for name in commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in commands():
            return load_command(cmd_name)
        if any(name.startswith(f"{cmd_name}.") for name in commands()):
            return _Noun(name=cmd_name, help=_ABOUT.get(cmd_name, ""))
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _ABOUT.get(name, "")) for name in self.list_commands(ctx)])


@click.command(cls=_Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="Folder of the data (default: settings, else var)."
)
@click.pass_context
def root(context: click.Context, data: Path | None) -> None:
    """Lienthong, a province's data interoperability bus.

    Data goes to stdout, talk to stderr. Exit codes: 0 done, 1 fault, 2 usage, 3 not found, 4 not permitted,
    5 schema invalid or incompatible, 6 integrity check failed, 7 partial, 8 unavailable (retry is safe), 9 conflict,
    10 threshold passed, 130 interrupted.
    """
    context.meta["lienthong.data"] = data


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; errors of our tree are told on stderr, others are faults of ours."""
    from bus.errors import LienthongError

    try:
        with root.make_context("lienthong", list(sys.argv[1:] if arguments is None else arguments)) as context:
            try:
                return _code(root.invoke(context))
            except LienthongError as error:
                from bus.cli.output import fail

                return fail(error)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our pipe has gone; Python would complain about the flush at exit
        return 0


def _code(result: object) -> int:
    return result if isinstance(result, int) else 0
