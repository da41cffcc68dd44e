"""The root command; nouns and verbs are found among the entry points, and loaded when they are called.

A command is registered as ``noun.verb`` (or ``verb`` alone) under ``lienthong.commands``, since rooms share nouns.
Nothing here imports a room; the help page loads no command at all.
"""

from __future__ import annotations

import difflib
import errno
import os
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path

import click

from bus.cli.exits import INTERRUPTED
from bus.errors import ConfigError, LienthongError

GROUP = "lienthong.commands"

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
_ABOUT = {
    "topic": "Topics: list, show, apply the catalogue.",
    "event": "Events: emit, get, tail, search.",
    "dossier": "A dossier's history.",
    "schema": "Contracts: check, list, show.",
    "connector": "Connectors: list, check, test, run, serve, status.",
    "deadletter": "What could not be read or delivered: list, show, redrive, settle, discard.",
    "replay": "History given again, masked: plan, run, cancel, list, show.",
    "demo": "A whole province at work, broken on purpose, with its story and its books.",
    "index": "The index of identifiers: follow.",
    "up": "Run this installation's services, and keep them running.",
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

    Raises :class:`LookupError` where no installed package registers it, and ConfigError where it does not load.
    """
    if name not in commands():
        raise LookupError(name)
    try:
        command: click.Command = commands()[name].load()
    except ImportError as error:
        raise ConfigError(
            f"the command `{name.replace('.', ' ')}` cannot be loaded: {error}", hint="Install its package again."
        ) from error
    return _with_data(command)


_FOLDER = click.Path(file_okay=False, path_type=Path)


def _with_data(command: click.Command) -> click.Command:
    """Let ``--data`` be said behind a command as well: most people write it there first."""
    if all(parameter.name != "data" for parameter in command.params):
        told = "Folder of the data; may also stand before the noun."
        command.params.append(
            click.Option(["--data"], type=_FOLDER, expose_value=False, callback=_keep_data, help=told)
        )
    return command


def _keep_data(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.find_root().meta["lienthong.data"] = value


class _Words(click.Group):
    """Commands by name. A mistyped name is told the nearest; none at all prints the help page."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or ["--help"])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        found = self.get_command(ctx, args[0])
        if found is None and not args[0].startswith("-"):
            known = self.list_commands(ctx)
            raise click.UsageError(f"there is no command `{_path(ctx, args[0])}`.{_nearest(ctx, args[0], known)}", ctx)
        return super().resolve_command(ctx, args)


class _Noun(_Words):
    """One noun's verbs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return _verbs(self.name or "")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = f"{self.name}.{cmd_name}"
        return load_command(name) if name in commands() else None


class _Root(_Words):
    """All nouns, and the verbs that need none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({name.partition(".")[0] for name in commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in commands():
            return load_command(cmd_name)
        return _Noun(name=cmd_name, help=_about(cmd_name)) if _verbs(cmd_name) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _about(name)) for name in self.list_commands(ctx)])


def _verbs(noun: str) -> list[str]:
    return sorted(name.removeprefix(f"{noun}.") for name in commands() if name.startswith(f"{noun}."))


def _about(name: str) -> str:
    return _ABOUT.get(name) or ", ".join(_verbs(name)).capitalize()


def _path(ctx: click.Context, typed: str) -> str:
    return f"{ctx.info_name} {typed}" if ctx.parent else typed


def _nearest(ctx: click.Context, typed: str, known: Sequence[str]) -> str:
    """Return the nearest names in words; a verb that was typed without its noun is found too."""
    found = [_path(ctx, name) for name in difflib.get_close_matches(typed, known, n=2)]
    if not ctx.parent:
        found += [name.replace(".", " ") for name in commands() if name.endswith(f".{typed}")]
    names = " or ".join(f"`lienthong {name}`" for name in found)
    return f" Did you mean {names}?" if found else ""


def _show_version(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"lienthong {version('lienthong')}")
        context.exit()


@click.command(cls=_Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data", type=_FOLDER, help="Folder of the data (default: settings, else var).")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Print the version."
)
@click.pass_context
def root(context: click.Context, data: Path | None) -> None:
    """Lienthong, a province's data interoperability bus.

    \b
    lienthong demo                                    a province at work, its story and its books
    lienthong topic apply                             make the topics, register the contracts
    lienthong event emit DossierReceived -f one.json  check and publish an event
    lienthong event tail --follow                     watch events as they come
    lienthong dossier history H56.14-261124-0001      all that happened to one dossier

    Data goes to stdout, talk to stderr. Every command takes --json, and -h shows its examples. Exit codes: 0 done,
    1 fault, 2 usage, 3 not found, 4 not permitted, 5 schema invalid or incompatible, 6 integrity check failed,
    7 partial, 8 unavailable (retry is safe), 9 conflict, 10 threshold passed, 130 interrupted.
    """
    context.meta["lienthong.data"] = data


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code. Nothing is raised: every error is told on stderr."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with root.make_context("lienthong", list(typed)) as context:
            result = root.invoke(context)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return 0
    except OSError as error:
        return _told(_output_fault(error) or error, as_json="--json" in typed)
    except Exception as error:  # noqa: BLE001 - the outermost loop of the process
        return _told(error, as_json="--json" in typed)


def _told(error: Exception, *, as_json: bool) -> int:
    """Tell an error on stderr and return its exit code."""
    from bus.cli.output import fail, fault

    if isinstance(error, click.ClickException):
        if not as_json:
            error.show()
            return ConfigError.exit_code
        return fail(ConfigError(error.format_message(), hint="`--help` shows how it is called."), as_json=True)
    if isinstance(error, LienthongError):
        return fail(error, as_json=as_json)
    return fault(error, as_json=as_json)


def _output_fault(error: OSError) -> LienthongError | None:
    """Return what to say where stdout has no room; None for any other error: what names a file is not stdout's."""
    if error.filename is not None or error.errno not in _NO_ROOM:
        return None
    _forget_stdout()
    return LienthongError(
        f"the output cannot be written: {error.strerror}", hint="Free some room there, and repeat it."
    )


def _forget_stdout() -> None:
    """Nobody can read what is still buffered; it would be flushed at exit, and Python would complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
