"""The commands ``doctor`` and ``version``. Heavy imports wait until one runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from bus.cli.output import json_option, printable, show, talk, wants_json
from bus.cli.session import Session, current_session
from bus.errors import ConfigError, TopicNotFound, VerificationError

if TYPE_CHECKING:
    from bus.cli.checkup import Line
    from bus.cli.ground import Setting


# -- doctor ---------------------------------------------------------------------------------------------


@click.command("doctor")
@click.option("--accept-loss", is_flag=True, help="Let a log that has lost commits be written again. Asks first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def doctor(accept_loss: bool, yes: bool) -> int:
    """Check this installation and its data: every line says ok, warning or fault, and what to do.

    \b
    lienthong doctor
    lienthong doctor --json
    lienthong doctor --accept-loss

    Reads every record of the log and changes nothing, unless a loss is accepted: what is gone stays gone, and its
    offsets are given out again. Exit codes: 1 a fault; 6 an integrity check failed.
    """
    from bus.cli.checkup import code_of

    session, broken = _opened()
    settings: Sequence[Setting] = ()
    if session is not None:
        settings = _settings(session)
        if accept_loss:
            _accept(session, yes=yes)
    lines = []
    for line in _lines(session, broken):
        lines.append(line)
        if not wants_json():
            _show(line)
    show(_answer(lines, settings), lambda: _conclude(lines, settings))
    return code_of(lines)


def _opened() -> tuple[Session | None, ConfigError | None]:
    try:
        return current_session(), None
    except ConfigError as error:
        return None, error


def _lines(session: Session | None, broken: ConfigError | None) -> Iterator[Line]:
    """Look at everything; settings that are wrong are a line as well, and end it."""
    from bus.cli.checkup import failed
    from bus.cli.ground import folder_lines, index_line, software_lines
    from bus.cli.health import log_lines

    yield from software_lines()
    if broken is not None:
        yield failed("settings", broken)
    if session is None:
        return
    yield from folder_lines(session.settings.data)
    yield from log_lines(session)
    yield index_line(session.settings)


def _settings(session: Session) -> Sequence[Setting]:
    from bus.cli.ground import settings_in_force

    given = click.get_current_context().find_root().meta.get("lienthong.data")
    return settings_in_force(session.settings, data_given=given is not None)


def _accept(session: Session, *, yes: bool) -> None:
    """Accept a loss on a person's word, once what is lost has been said."""
    from bus.transports import accept_loss

    lost = _lost(session)
    if lost is None:
        return  # the check-up says that there is no log
    if not lost:
        talk("Nothing is missing, so there is no loss to accept.")
        return
    talk(lost)
    if not yes and not _is_asked():
        raise ConfigError("a loss is accepted by a person only", hint="Say `--yes`, or call it in a terminal.")
    if yes or click.confirm("What is missing stays missing. Go on without it?", err=True):
        missing = accept_loss(session.settings.transport)
        talk(f"Accepted: {missing:,} acknowledged commits are gone." if missing else "The log is taken as it stands.")


def _lost(session: Session) -> str | None:
    """Say what is lost: whole commits, or single records; nothing of a whole log, and None where there is no log."""
    try:
        findings = session.standing_engine.admin.check()
    except TopicNotFound:
        return None
    except VerificationError as error:
        return str(error)
    return next((found.detail for found in findings if (found.name, found.level) == ("records", "fault")), "")


def _is_asked() -> bool:
    """Say whether there is a person to ask."""
    return sys.stdin.isatty()


def _answer(lines: Sequence[Line], settings: Sequence[Setting]) -> dict[str, Any]:
    levels = [line.level for line in lines]
    return {
        "ok": "fault" not in levels,
        "faults": levels.count("fault"),
        "warnings": levels.count("warning"),
        "checks": [
            {"name": line.name, "level": line.level, "detail": line.detail, "hint": line.hint} for line in lines
        ],
        "settings": [setting._asdict() for setting in settings],
    }


def _show(line: Line) -> None:
    click.echo(printable(f"{line.level:<8} {line.name:<13} {line.detail}"))
    if line.hint and line.level != "ok":
        click.echo(f"{'':<22} Next: {line.hint}")


def _conclude(lines: Sequence[Line], settings: Sequence[Setting]) -> None:
    from bus.cli.words import number

    click.echo()
    for setting in settings:
        click.echo(printable(f"{setting.name:<12} {setting.value or '-'}  ({setting.origin})"))
    answer = _answer(lines, ())
    if answer["faults"] or answer["warnings"]:
        talk(f"\n{number(answer['faults'], 'fault')}, {number(answer['warnings'], 'warning')}.")
    else:
        talk("\nAll is well.")


# -- version --------------------------------------------------------------------------------------------


@click.command("version")
@json_option
def version() -> None:
    """Print the versions of the software and of what it is built on.

    \b
    lienthong version
    lienthong version --json
    """
    import platform
    import sqlite3
    from importlib import metadata

    packages = _packages()
    answer = {
        "lienthong": metadata.version("lienthong"),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
    lines = [f"{name:<18} {found or 'not installed'}" for name, found in (answer | packages).items()]
    show({**answer, "packages": packages}, lambda: click.echo("\n".join(lines)))


def _packages() -> dict[str, str | None]:
    """Return the versions of what this software requires, by its own metadata; optional parts are left out."""
    import re
    from importlib import metadata

    found: dict[str, str | None] = {}
    for requirement in metadata.requires("lienthong") or ():
        name = re.match(r"[\w.-]+", requirement)
        if name is None or "extra ==" in requirement:
            continue
        try:
            found[name.group()] = metadata.version(name.group())
        except metadata.PackageNotFoundError:
            found[name.group()] = None
    return found
