"""The demo's books see what went wrong: each fault is done to a small log by hand."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bus.records import NewRecord
from bus.transport import Commit, Engine, TopicSpec
from bus.transports import open_engine
from connectors.demo.books import TOPICS, Books, balance
from connectors.demo.cases import COLUMNS

CODE = "H56.14-260105-0001"
GOOD = ("Tiếp nhận", "Xử lý", "Có kết quả")
TYPES = ("DossierReceived", "DossierStepDone", "DossierResolved")


@pytest.fixture
def engine() -> Iterator[Engine]:
    opened = open_engine("sqlite://")
    for topic in TOPICS:
        for name in (topic, f"{topic}.dead-letter"):
            opened.admin.create_topic(TopicSpec(name=name, partitions=2))
    yield opened
    opened.close()


@pytest.fixture
def case_log(tmp_path: Path) -> Path:
    file = tmp_path / "case-log-0000000-0000001.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(dict.fromkeys(COLUMNS, "") | {"ma_ho_so": CODE, "hoat_dong": one} for one in (*GOOD, "Lạ"))
    return file


def tell(engine: Engine, types: Sequence[str], *, letters: int = 1) -> None:
    """Put events into the log, with ids of their own, and dead letters beside them."""
    records = [
        NewRecord(topic="dossier.events", key=CODE.encode(), value=b"",
                  headers=(("ce_id", f"{name}-{types[:place].count(name)}".encode()), ("ce_type", name.encode())))
        for place, name in enumerate(types)
    ]  # fmt: skip
    buried = [NewRecord(topic="dossier.events.dead-letter", key=None, value=b"")] * letters
    engine.log.commit(Commit(appends=[*records, *buried]))


def books(engine: Engine, case_log: Path) -> Books:
    return balance([case_log], 1, engine.log)


def test_a_log_that_holds_every_row_once_and_in_order_balances(engine: Engine, case_log: Path) -> None:
    tell(engine, TYPES)
    found = books(engine, case_log)
    assert (found.balanced, found.rows, found.events, found.dossiers) == (True, 4, 3, 1)


def test_a_lost_event_is_missing(engine: Engine, case_log: Path) -> None:
    tell(engine, TYPES[:2])
    found = books(engine, case_log)
    assert (found.balanced, found.missing) == (False, 1)


def test_an_event_that_no_row_tells_is_unexpected(engine: Engine, case_log: Path) -> None:
    tell(engine, [*TYPES, "DossierReturned"])
    found = books(engine, case_log)
    assert (found.balanced, found.unexpected) == (False, 1)


def test_an_event_that_is_told_twice_is_seen(engine: Engine, case_log: Path) -> None:
    tell(engine, TYPES)
    tell(engine, TYPES[:1], letters=0)
    assert (books(engine, case_log).balanced, books(engine, case_log).repeated) == (False, 1)


def test_events_that_swapped_places_are_seen(engine: Engine, case_log: Path) -> None:
    tell(engine, [TYPES[1], TYPES[0], TYPES[2]])
    found = books(engine, case_log)
    assert (found.balanced, found.missing, found.disordered) == (False, 0, 1)


def test_a_bad_row_that_is_nowhere_is_seen(engine: Engine, case_log: Path) -> None:
    tell(engine, TYPES, letters=0)
    assert not books(engine, case_log).balanced
