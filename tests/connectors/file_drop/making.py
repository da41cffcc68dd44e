"""Builders for the tests of the file drop: mapping files, exports, and what comes of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from threading import Event

from bus.deadletters import Letter, read_letter
from bus.envelope import Envelope
from bus.errors import ConfigError, ContractError
from bus.records import Record
from bus.transport import Engine
from bus.wire import Wire
from connectors.books import Tally
from connectors.file_drop.opening import open_source
from connectors.file_drop.source import FileSource
from connectors.runtime import Run, run_source
from connectors.sdk import Fetched

HEAD = """\
source: test
files: {path: "*.csv"}
key: case
time: at
"""
ONE_EVENT = """\
events:
  type: DossierStepDone
  fields:
    dossierCode: {column: case, codeSystem: TEST}
    step: {column: step}
"""
MAPPING = HEAD + ONE_EVENT
HEADER = "case,step,at\n"
ROWS = "A1,opened,2026-11-24T08:00:00+07:00\nA2,opened,2026-11-24T09:00:00Z\nA1,closed,2026-11-24T10:00:00+07:00\n"


def write_mapping(folder: Path, text: str = MAPPING) -> Path:
    """Write a mapping file."""
    file = folder / "mapping.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def drop(folder: Path, content: str | bytes = HEADER + ROWS, name: str = "a.csv") -> Path:
    """Put an export into the folder."""
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def a_source(folder: Path, mapping: str = MAPPING) -> FileSource:
    """Return the source of a mapping."""
    return open_source(write_mapping(folder, mapping))


def items_of(source: FileSource, cursor: bytes | None = None) -> list[Fetched]:
    """Fetch everything behind a cursor."""
    return read_on(source, cursor)[0]


def read_on(source: FileSource, cursor: bytes | None = None) -> tuple[list[Fetched], bytes]:
    """Fetch everything behind a cursor, and return the cursor behind it."""
    items: list[Fetched] = []
    more = True
    while more:
        batch = source.fetch(cursor)
        items += batch.items
        cursor, more = batch.cursor, batch.more
    assert cursor is not None
    return items, cursor


def events_of(source: FileSource, items: Sequence[Fetched] | None = None) -> list[Envelope]:
    """Map every item that can be read and mapped."""
    return [event for told in outcomes(source, items) if isinstance(told, list) for event in told]


def outcomes(source: FileSource, items: Sequence[Fetched] | None = None) -> list[list[Envelope] | ContractError]:
    """Return each item's events, or why it would be buried."""
    return [outcome(source, item) for item in (items_of(source) if items is None else items)]


def outcome(source: FileSource, item: Fetched) -> list[Envelope] | ContractError:
    """Return an item's events, or why it would be buried."""
    try:
        return list(source.map(item)) if item.fault is None else item.fault
    except ContractError as error:
        return error


def fault_of(folder: Path, mapping: str, content: str | bytes, name: str = "a.csv") -> ContractError:
    """Return why the only row of an export would be buried."""
    drop(folder, content, name)
    (told,) = outcomes(a_source(folder, mapping))
    assert isinstance(told, ContractError)
    return told


def event_of(folder: Path, mapping: str, content: str | bytes, name: str = "a.csv") -> Envelope:
    """Return the only event that an export tells."""
    drop(folder, content, name)
    (told,) = outcomes(a_source(folder, mapping))
    assert isinstance(told, list), f"{told} {told.hint}"
    (event,) = told
    return event


def refusal(folder: Path, mapping: str) -> ConfigError:
    """Return why a mapping is refused."""
    try:
        a_source(folder, mapping)
    except ConfigError as error:
        return error
    raise AssertionError("the mapping was accepted")


class Walk:
    """Runs mappings into a log, and reads back what came of it."""

    def __init__(self, engine: Engine, wire: Wire) -> None:
        self.engine, self.wire = engine, wire

    def run(self, source: FileSource) -> Tally:
        """Run a source to the end of its files."""
        with closing(source):
            return run_source(self.engine, self.wire, source, Run(once=True))

    def events(self, topic: str = "dossier.events") -> list[Envelope]:
        """Return a topic's events, by partition."""
        return [self.wire.decode(record) for record in self._records(topic)]

    def letters(self, topic: str = "dossier.events") -> list[Letter]:
        """Return a topic's dead letters, by their origin."""
        letters = [read_letter(record) for record in self._records(f"{topic}.dead-letter")]
        return sorted(letters, key=lambda letter: letter.origin)

    def steps(self) -> list[tuple[str, str]]:
        """Return each event's key and step, by key and in the order of the log."""
        found = [(event.key, event.payload["step"]) for event in self.events()]
        return sorted(found, key=lambda one: one[0])

    def _records(self, topic: str) -> list[Record]:
        return [
            record
            for partition, span in sorted(self.engine.log.ends(topic).items())
            for record in self.engine.log.read(partition, span.first, 100_000)
        ]


# -- files that change ----------------------------------------------------------------------------------

AT_ONCE = MAPPING.replace('"*.csv"}', '"*.csv", settle_s: 0}')
LATE = "A9,late,2026-11-24T11:00:00Z\n"
LONG = "".join(f"A1,step {n},2026-11-24T08:00:00Z\n" for n in range(1200))


def a_watcher(folder: Path, mapping: str = AT_ONCE) -> FileSource:
    """Return a source that goes on watching."""
    source = a_source(folder, mapping)
    source.watch()
    return source


def steps(source: FileSource, cursor: bytes | None = None) -> tuple[list[str], bytes]:
    """Return the steps of the rows behind a cursor, a fault as ``!``, and the cursor behind them."""
    items, cursor = read_on(source, cursor)
    return ["!" if item.fault is not None else item.value["step"] for item in items], cursor


def append(file: Path, content: str) -> None:
    """Write more to a file."""
    with file.open("a", encoding="utf-8") as stream:
        stream.write(content)


def run_until_first_commit(walk: Walk, source: FileSource) -> None:
    """Run a source and stop it behind its first batch."""
    stop = Event()
    with closing(source):
        run_source(walk.engine, walk.wire, source, Run(once=True, stop=stop, progress=lambda _books: stop.set()))
