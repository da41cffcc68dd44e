"""What replays wrote are copies: history does not show them, unless somebody asks for their topic by its name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bus import replays
from bus.cli.session import Session
from bus.deadletters import Failure, source_letter
from bus.errors import ConfigError, Unmappable
from bus.records import NewRecord, Place
from bus.settings import load
from bus.transport import Commit, Engine, TopicSpec
from replay.asking import Asked, Reply, ask_history, ask_search
from replay.index.identifiers import identifier
from replay.index.lookup import Index
from replay.reading import spans_of
from tests.replay.doubles import DOSSIER, JsonWire, an_event, publish

STUDY = "replay.study"
COPIES = (replays.TOPIC, f"{replays.TOPIC}.dead-letter", STUDY)


@pytest.fixture(autouse=True)
def _topics(engine: Engine) -> None:
    for name in COPIES:
        engine.admin.create_topic(TopicSpec(name=name, partitions=1))


@pytest.fixture
def session(engine: Engine, tmp_path: Path) -> Session:
    wire = JsonWire()
    return cast("Session", SimpleNamespace(
        settings=load({}, tmp_path, data=tmp_path / "var"), engine=engine, standing_engine=engine, wire=wire,
        catalogue=wire.catalogue,
    ))  # fmt: skip


def copy(engine: Engine, topic: str, *, value: bytes | None = None) -> Place:
    """Append a copy of the event, under its own id."""
    new = JsonWire().encode(an_event())
    headers = (*new.headers, (replays.RUN, b"r1"), (replays.ORIGIN, b"dossier.events/0/0"))
    record = NewRecord(topic=topic, key=new.key, value=value or new.value, headers=headers)
    return engine.log.commit(Commit(appends=[record]))[0]


@pytest.fixture
def event(engine: Engine) -> str:
    """An event, a copy of it in each replay's topic, and one copy that nobody can read; return the event's place."""
    (place,) = publish(engine, an_event())
    for topic in (replays.TOPIC, STUDY):
        copy(engine, topic)
    copy(engine, STUDY, value=b"\xff")
    return str(place)


def places(reply: Reply) -> list[str]:
    return [one["place"] for one in reply.data["events"]]


def completeness(reply: Reply) -> Any:
    return reply.data["completeness"]


def test_history_has_no_spans_of_copies(engine: Engine) -> None:
    assert {name.topic for name in spans_of(engine)}.isdisjoint(COPIES)


@pytest.mark.parametrize("topic", COPIES)
def test_a_topic_of_copies_that_is_asked_for_has_spans(engine: Engine, topic: str) -> None:
    assert topic in {name.topic for name in spans_of(engine, topic)}


def test_the_index_reads_no_copies(engine: Engine, index: Index, event: str) -> None:
    found = index.find(identifier("dossier", DOSSIER))
    assert [one.place for one in found.told] == [event]
    assert (found.coverage.unreadable, {name.topic for name in found.coverage.spans}.isdisjoint(COPIES)) == ([], True)


def test_a_dossiers_history_shows_no_copies_and_misses_nothing(session: Session, event: str) -> None:
    reply = ask_history(session, DOSSIER, Asked())
    told = completeness(reply)
    assert (reply.code, places(reply), told["complete"], told["repeats"]) == (0, [event], True, 0)


@pytest.mark.parametrize("asked", [Asked(), Asked(type="DossierReceived"), Asked(topic="dossier.events")])
def test_a_search_finds_no_copies(session: Session, event: str, asked: Asked) -> None:
    reply = ask_search(session, asked)
    assert (reply.code, places(reply)) == (0, [event])


def test_a_search_that_names_their_topic_finds_copies_and_what_nobody_could_read(session: Session, event: str) -> None:
    reply = ask_search(session, Asked(topic=STUDY))
    assert (reply.code, places(reply)) == (7, [f"{STUDY}/0/0"])
    assert [one["place"] for one in completeness(reply)["unreadable"]] == [f"{STUDY}/0/1"]


def test_letters_of_copies_are_counted_only_where_their_topic_is_asked_for(session: Session, event: str) -> None:
    failure = Failure(error=Unmappable("no time"), stage="map", by="file-drop")
    letter = source_letter(replays.TOPIC, b"a row", failure, origin="a.csv row 1")
    session.engine.log.commit(Commit(appends=[letter]))
    counted = [
        completeness(ask_search(session, asked))["unattributed_letters"]
        for asked in (Asked(), Asked(topic=replays.TOPIC))
    ]
    assert counted == [0, 1]


def test_copies_are_not_asked_for_by_identifier(session: Session, event: str) -> None:
    with pytest.raises(ConfigError, match=f"does not know the copies in {STUDY}") as refused:
        ask_search(session, Asked(topic=STUDY, id=f"dossier:{DOSSIER}"))
    assert "`--id`" in refused.value.hint
