"""A record that is damaged or gone stops a consumer at its place: never a silent skip, never a loop without a word."""

from __future__ import annotations

from threading import Event

import pytest

from bus.consumer import Consumer, Subscription
from bus.errors import CorruptRecord, Duplicate, MissingRecords, VerificationError
from bus.records import Place
from bus.transport import Commit, Engine
from tests.bus.doubles import TOPIC, JsonWire, Recorder, an_event, codes_of_letters, committed, publish

ABOUT = Subscription(group="g", topics=(TOPIC,), inbox=True)


def damage(engine: Engine, statement: str) -> None:
    """Change the log behind the engine's back."""
    with engine.log._store.exclusive() as connection:  # type: ignore[attr-defined]
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("UPDATE log_1 SET value=x'00' WHERE off=2", CorruptRecord),
        ("UPDATE log_1 SET off=9 WHERE off=2", MissingRecords),
        ("DELETE FROM log_1 WHERE off=2", MissingRecords),
        ("DELETE FROM log_1 WHERE off>=2", MissingRecords),
    ],
)
def test_what_stands_before_it_is_handled_and_it_is_named_each_time(
    engine: Engine, statement: str, error: type[VerificationError]
) -> None:
    publish(engine, *(an_event(n) for n in range(4)))
    damage(engine, statement)
    handler = Recorder()
    consumer = Consumer(engine, JsonWire(), ABOUT, handler)
    consumer.step()
    for _ in range(2):
        with pytest.raises(error, match=rf"{TOPIC}/0/2 "):
            consumer.step()
    assert (handler.handled, committed(engine, "g"), codes_of_letters(engine)) == ([0, 1], 2, [])


def test_a_run_ends_with_the_error(engine: Engine) -> None:
    publish(engine, an_event(0))
    damage(engine, "DELETE FROM log_1")
    with pytest.raises(MissingRecords):
        Consumer(engine, JsonWire(), ABOUT, Recorder()).run(Event())
    assert {state.owner for state in engine.admin.groups()} == {None}


def test_a_page_meets_any_number_of_duplicates_that_others_handle_meanwhile(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(engine, *(an_event(n) for n in range(4)))
    known = [an_event(n).id.bytes for n in (1, 3)]
    commit = engine.log.commit

    def refuse_some(new: Commit) -> list[Place]:
        brought = {seen.id for seen in new.seen}
        for one in known:
            if one in brought:
                raise Duplicate("known", [one])
        return list(commit(new))

    monkeypatch.setattr(engine.log, "commit", refuse_some)
    assert Consumer(engine, JsonWire(), ABOUT, Recorder()).step() == 4
    assert engine.log.seen("g", [an_event(n).id.bytes for n in range(4)]) == {an_event(n).id.bytes for n in (0, 2)}
