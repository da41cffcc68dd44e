"""One process for all connectors: a thread for each source and sink, and one door for all webhooks.

Nothing here is lost with the process: cursors, offsets, ledger and inbox stand where the data is. A part that fails is
started again, after rests that grow; one that only a person can help is stopped with its sentence; the others never
notice.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import NamedTuple

from msgspec import Struct

from bus import logs
from bus.cli.session import Session
from bus.errors import Claimed, ConfigError, ConnectorError, LienthongError, VerificationError
from connectors.health import Board, Health, Standing
from connectors.ingress import Door, Intake, make_app
from connectors.ingress.app import Application, Readiness
from connectors.ingress.notices import Outcome
from connectors.installed import find
from connectors.notebook import Notebook, Page
from connectors.observed import observed_sink, observed_source
from connectors.running import House, How, kind_of, open_house, run_part
from connectors.sdk import Part, Sink, Source, Verdict, Webhook
from connectors.status import answer_of, statuses

FIRST_REST_S, MOST_REST_S = 0.2, 30.0
_CLAIMED_REST_S = 2.0
"""A part that another process runs is taken over soon after that one ends."""

_GOODBYE_S = 3.0
_LOOK_S = 0.1
_LOG = logs.logger("connectors.serving")


class Address(Struct, frozen=True, kw_only=True):
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int


class Placed(NamedTuple):
    """A part, with the name of the connector's kind."""

    connector: str
    part: Part


class Wrong(NamedTuple):
    """A configuration that is wrong: nothing of it is started."""

    connector: str
    name: str
    error: LienthongError


def configurations(folder: Path) -> Sequence[Path]:
    """Return the configurations in a folder: ``KIND.yaml`` and ``KIND.INSTANCE.yaml``, by name without the ending."""
    return sorted((path for path in folder.glob("*.yaml") if path.is_file()), key=lambda path: path.stem)


def opened(files: Sequence[Path]) -> tuple[Sequence[Placed], Sequence[Wrong]]:
    """Open all configurations; one that is wrong, or names what another has, stops nobody else."""
    placed: list[Placed] = []
    wrong: list[Wrong] = []
    for file in files:
        kind = file.name.partition(".")[0]
        try:
            parts = find(kind).open(file)
            _check_names(file, parts, [one.part for one in placed])
        except LienthongError as error:
            wrong.append(Wrong(kind, file.stem, error))
        else:
            placed += [Placed(kind, part) for part in parts]
    return placed, wrong


def serve(session: Session, folder: Path, address: Address, stop: Event,
          started: Callable[[str, Sequence[Standing]], None]) -> None:  # fmt: skip
    """Run everything that is configured in ``folder`` until ``stop``. Only the main thread may call it.

    ``started`` hears where the door is, once it is open, and of all parts.
    Raises :class:`~bus.errors.ConfigError` where it cannot be opened.
    """
    placed, wrong = opened(configurations(folder))
    with ExitStack() as closing:
        for one in placed:
            closing.callback(one.part.close)
        notebook = Notebook(session.settings.data)
        closing.callback(notebook.close)
        house = closing.enter_context(open_house(session, [one.part for one in placed]))
        notebook.begin()
        board = Board(notebook.keep)
        for each in wrong:
            _tell_wrong(board, each)
        crew = Crew(house, board, stop)
        closing.callback(crew.end)
        with Door(_app(session, house, board, placed), host=address.host, port=address.port) as door:
            crew.start(placed)
            started(door.base_url, board.standings())
            while not stop.is_set():
                time.sleep(_LOOK_S)
                crew.look()


class Crew:
    """The threads of sources and sinks."""

    def __init__(self, house: House, board: Board, stop: Event) -> None:
        self._house, self._board, self._stop = house, board, stop
        self._threads: list[Thread] = []
        self._keepers: list[Keeper] = []

    def start(self, placed: Sequence[Placed]) -> None:
        """Start a thread for each source and sink."""
        for connector, part in placed:
            if isinstance(part, Source | Sink):
                keeper = Keeper(part, self._board.add(connector, kind_of(part), part.name))
                thread = Thread(target=keeper.keep, args=(self._house, self._stop), name=keeper.name, daemon=True)
                self._keepers.append(keeper)
                self._threads.append(thread)
                thread.start()

    def look(self) -> None:
        """See to it that nobody is called failing who only has nothing to do, and tell counts. Called now and then."""
        for keeper in self._keepers:
            keeper.look()
        self._board.tell_counts()

    def end(self) -> None:
        """Have all end after what they have in hand, and wait a few seconds for it; a crash would do no harm either."""
        self._stop.set()
        deadline = monotonic() + _GOODBYE_S
        for thread in self._threads:
            thread.join(max(deadline - monotonic(), 0.0))
        self._board.tell_counts()
        left = [thread.name for thread in self._threads if thread.is_alive()]
        if left:
            logs.tell(_LOG, logging.WARNING, "parts were still calling their partners at the end", parts=left)


class Keeper:
    """Runs one source or sink, as often as it fails."""

    def __init__(self, part: Source | Sink, health: Health) -> None:
        self.name = f"{kind_of(part)} {part.name}"
        self._health = health
        self._part = observed_source(part, health) if isinstance(part, Source) else observed_sink(part, health)
        self._begun: float | None = None

    def keep(self, house: House, stop: Event) -> None:
        """Run the part until ``stop``, or until only a person can help it."""
        how = How(
            stop=stop, hear=lambda _: self._health.well(), delivered=lambda _: self._health.well(),
            passed_over=self._health.passed_over,
        )  # fmt: skip
        rests, rest_s = Rests(), 0.0
        while not stop.wait(rest_s):
            begun = self._begun = monotonic()
            try:
                run_part(house, self._part, how)
            except Exception as error:  # noqa: BLE001 - the outermost loop of a part: nothing of it touches the others
                self._begun = None
                if stop.is_set():
                    return
                if isinstance(error, LienthongError) and is_for_a_person(error):
                    _tell_stopped(self.name, self._health, error)
                    return
                _tell_failed(self.name, self._health, error)
                rest_s = rests.after(error, monotonic() - begun)

    def look(self) -> None:
        """Tell whether the part has run for a while."""
        begun = self._begun
        if begun is not None and monotonic() - begun > MOST_REST_S:
            self._health.lasted()


class Rests:
    """How long to rest before a part is started again: twice as long each time, until it has run for a while."""

    def __init__(self) -> None:
        self._next_s = FIRST_REST_S

    def after(self, error: BaseException, ran_s: float) -> float:
        """Return the rest after a failure, in seconds.

        >>> rests = Rests()
        >>> [rests.after(ValueError(), ran_s) for ran_s in (0.0, 0.0, 40.0)]
        [0.2, 0.4, 0.2]
        """
        if ran_s > MOST_REST_S:
            self._next_s = FIRST_REST_S
        rest_s, self._next_s = self._next_s, min(self._next_s * 2, MOST_REST_S)
        return min(rest_s, _CLAIMED_REST_S) if isinstance(error, Claimed) else rest_s


def is_for_a_person(error: LienthongError) -> bool:
    """Tell whether starting again is no help: settings, credentials, a connector's own fault, or damage."""
    return not error.retriable and isinstance(error, ConfigError | ConnectorError | VerificationError)


def _app(session: Session, house: House, board: Board, placed: Sequence[Placed]) -> Application:
    webhooks = {part.name: part for _, part in placed if isinstance(part, Webhook)}
    healths = {part.name: board.add(kind, "webhook", part.name) for kind, part in placed if isinstance(part, Webhook)}
    intake = Intake(house.engine.log, house.wire, check=house.check, hear=_hearing(healths))
    return make_app(intake, webhooks, lambda: _readiness(session, board))


def _hearing(healths: Mapping[str, Health]) -> Callable[[str, Outcome], None]:
    def hear(name: str, outcome: Outcome) -> None:
        if outcome.verdict is Verdict.BUSY and outcome.error is not None:
            healths[name].trouble(outcome.error)
        elif outcome.verdict in (Verdict.ACCEPTED, Verdict.KNOWN):
            healths[name].well()

    return hear


def _readiness(session: Session, board: Board) -> Readiness:
    """Ready is a process of which some part works; what does not is told in any case."""
    found = statuses(session.engine, [Page(is_alive=True, standings=tuple(board.standings()))])
    mine = [status for status in found if status.connector]
    is_ready = any(status.state == "running" for status in mine)
    return is_ready, {"ready": is_ready, "parts": [answer_of(status) for status in mine]}


def _check_names(file: Path, parts: Sequence[Part], others: Sequence[Part]) -> None:
    """Raise ConfigError where two parts would share a cursor, a group or a path."""
    counts = Counter(_place(part) for part in (*others, *parts))
    for part in parts:
        if counts[_place(part)] > 1:
            for each in parts:
                each.close()
            raise ConfigError(
                f"{file}: there are two {kind_of(part)}s called `{part.name}`",
                hint="Give one of the two configurations another `name`.",
            )


def _place(part: Part) -> tuple[str, str]:
    kind = kind_of(part)
    return ("sink" if kind == "exchange" else kind), part.name


def _tell_wrong(board: Board, wrong: Wrong) -> None:
    health = board.add(wrong.connector, "configuration", wrong.name)
    _tell_stopped(f"configuration {wrong.name}", health, wrong.error)


def _tell_stopped(name: str, health: Health, error: LienthongError) -> None:
    health.failed(error, is_over=True)
    facts = {"part": name, "code": error.code, "message": str(error), "hint": error.hint}
    logs.tell(_LOG, logging.ERROR, "a part is stopped", **facts)


def _tell_failed(name: str, health: Health, error: BaseException) -> None:
    """Log a failure where it is news; a part that fails over and over says so once."""
    if health.failed(error):
        level = logging.WARNING if isinstance(error, LienthongError) else logging.ERROR
        logs.tell(_LOG, level, "a part failed and is started again", part=name, error=logs.told_error(error))
