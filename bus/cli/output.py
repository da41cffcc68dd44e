"""How commands speak: data to stdout, talk to stderr, ``--json`` everywhere, an error's class as the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from bus.errors import LienthongError

_JSON = "lienthong.json"
Command = TypeVar("Command", bound=Callable[..., Any])


def json_option(command: Command) -> Command:
    """Give a command its ``--json``; :func:`wants_json` answers it."""

    def remember(context: click.Context, _parameter: click.Parameter, value: bool) -> bool:
        context.find_root().meta[_JSON] = value
        return value

    option = click.option(
        "--json", "as_json", is_flag=True, expose_value=False, callback=remember, help="Print JSON with stable keys."
    )
    return option(command)


def wants_json() -> bool:
    """Tell whether the running command was asked for JSON."""
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().meta.get(_JSON, False))


def show(data: Any, people: Callable[[], None]) -> None:
    """Print ``data`` as one JSON value if ``--json`` was given, else let ``people`` print for people."""
    if wants_json():
        line(data, indent=2)
    else:
        people()


def line(data: Any, *, indent: int | None = None) -> None:
    """Print one JSON value to stdout: the whole answer, or one line of a stream."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=indent, default=str))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table for people, to stdout; numbers to the right. Cells are kept whole where that is no terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    cells = [["" if cell is None else printable(str(cell)) for cell in row] for row in rows]
    printed = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column, name in enumerate(columns):
        is_number = all(row[column].replace(",", "").isdecimal() for row in cells)
        printed.add_column(name, justify="right" if is_number else "left")
    for row in cells:
        printed.add_row(*row)
    console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 1000)
    with console.capture() as captured:  # rich itself would end the process where the reader of a pipe has gone
        console.print(printed)
    click.echo("\n".join(text.rstrip() for text in captured.get().splitlines()))


def printable(text: str) -> str:
    r"""Return text that does nothing to a terminal: what does not print is escaped.

    >>> printable("Nguyễn\x1b[2J")
    'Nguyễn\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def talk(message: str) -> None:
    """Say something to a person, on stderr."""
    click.echo(message, err=True)


def fail(error: LienthongError, *, as_json: bool | None = None) -> int:
    """Say what happened and what to do next, on stderr, and return the exit code."""
    if wants_json() if as_json is None else as_json:
        click.echo(json.dumps({"error": described(error)}, ensure_ascii=False), err=True)
    else:
        talk(f"Error {error.code}: {error}")
        for reason in getattr(error, "reasons", ()):
            talk(f"  - {reason}")
        if error.hint:
            talk(f"Next: {error.hint}")
    return error.exit_code


def fault(error: Exception, *, as_json: bool) -> int:
    """Tell a fault of ours: its type and where it was raised, since its own text may quote personal data."""
    from bus.logs import told_error

    told = told_error(error)
    if not as_json:
        for place in told.get("at", ()):  # type: ignore[attr-defined]
            talk(f"  at {place}")
    ours = LienthongError(
        f"an unexpected fault, {told['type']}", hint="This is a fault of lienthong: please report it with these lines."
    )
    return fail(ours, as_json=as_json)


def described(error: LienthongError) -> Mapping[str, Any]:
    """Return an error's stable parts, for JSON."""
    told = {"code": error.code, "message": str(error), "hint": error.hint, "retriable": error.retriable}
    reasons = getattr(error, "reasons", None)
    return told if reasons is None else {**told, "reasons": list(reasons)}
