"""The command ``up``. Heavy imports wait until it runs."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import click

from bus.cli.exits import INTERRUPTED, NOT_FOUND
from bus.cli.output import json_option, line, printable, talk, wants_json
from bus.cli.session import current_session

if TYPE_CHECKING:
    from bus.settings import Settings
    from bus.signals import Asked
    from bus.supervisor import Change, Supervisor

_LOOK_S = 0.2


@click.command("up")
@click.option(
    "--port", type=click.IntRange(0, 65535),
    help="Port to take partners' notices at; 0 is a free one (default: setting `hooks_port`, 8470).",
)  # fmt: skip
@json_option
def up(port: int | None) -> int:
    """Run all services of this installation, and start again at once what dies: connectors, notices, index.

    \b
    lienthong up
    lienthong --data /srv/bus up --json

    Ctrl-C or SIGTERM ends all of them; none outlives this process, however it ends. Prints a line for each start and
    end. What services say stands in DATA/logs. Exit codes: 3 there is nothing to run; 9 it is up already.
    """
    from msgspec.structs import replace

    from bus.services import installed
    from bus.signals import asked_to_stop
    from bus.sole import sole
    from bus.supervisor import Supervisor

    settings = current_session().settings
    services = installed(settings if port is None else replace(settings, hooks_port=port))
    if not services:
        talk(f"There is nothing to run in {settings.data}.")
        talk("Next: `lienthong topic apply` makes an installation; connectors are configured in its `connectors/`.")
        return NOT_FOUND
    changes: SimpleQueue[Change] = SimpleQueue()
    with sole(settings.data / "up.lock", str(settings.data)), asked_to_stop() as asked:
        with Supervisor(services, settings.data / "logs", hear=changes.put) as supervisor:
            names = ", ".join(one.name for one in services)
            talk(f"Up in {settings.data}: {names}. Logs: {settings.data / 'logs'}. Ctrl-C ends all.")
            _tell_all(supervisor, changes, asked, settings)
            talk("Ending all services …")
        _tell_rest(changes, settings)
    return INTERRUPTED if asked.by_person else 0


def _tell_all(supervisor: Supervisor, changes: SimpleQueue[Change], asked: Asked, settings: Settings) -> None:
    while not asked.stop.is_set():
        supervisor.check()
        try:
            _show(changes.get(timeout=_LOOK_S), settings)
        except Empty:
            continue


def _tell_rest(changes: SimpleQueue[Change], settings: Settings) -> None:
    while not changes.empty():
        _show(changes.get(), settings)


def _show(change: Change, settings: Settings) -> None:
    from bus.cli.moments import as_clock, zone_of

    if wants_json():
        line(_answer(change))
        return
    when = as_clock(change.at, zone_of(settings.zone))
    click.echo(printable(f"{when}  {change.service:<10}  {_words(change)}"))


def _answer(change: Change) -> dict[str, Any]:
    from bus.cli.moments import as_text

    return {
        "time": as_text(change.at), "service": change.service, "what": change.what, "pid": change.pid,
        "restarts": change.restarts, "code": change.code, "reason": change.reason, "rest_s": change.rest_s,
        "log": change.log,
    }  # fmt: skip


def _words(change: Change) -> str:
    """Return a change in words.

    >>> from bus.supervisor import Change
    >>> _words(Change(service="index", what="ended", at=0, restarts=2, reason="killed by SIGKILL", rest_s=0.1))
    'killed by SIGKILL; started again after 0.1 s'
    """
    if change.what == "started":
        times = f", start {change.restarts + 1}" if change.restarts else ""
        return f"started as process {change.pid}{times}"
    if change.what == "ended":
        return f"{change.reason}; started again {f'after {change.rest_s:g} s' if change.rest_s else 'at once'}"
    return f"stopped: {change.reason}"
