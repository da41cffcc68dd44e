"""What every engine promises of a commit: all of it or nothing, for groups, cursors and the inbox."""

from __future__ import annotations

from typing import final

import pytest

from bus.errors import Claimed, Duplicate, Fenced, LienthongError, OffsetOutOfRange, RecordTooLarge
from bus.records import TopicPartition
from bus.transport import Commit, Engine, Moved, Saved, Seen
from tests.contracts.making import DOSSIERS, FIRST, a_record, a_topic, publish, values

ONE, TWO = b"1" * 16, b"2" * 16


class TransactionContract:
    """Appends, offsets, cursor and inbox move together."""

    @final
    def test_everything_of_a_commit_happens_together(self, engine: Engine) -> None:
        a_topic(engine)
        held, claim = engine.join("g", [DOSSIERS]).assignment()[FIRST], engine.claim("one-stop")
        engine.log.commit(
            Commit(
                appends=[a_record(b"letter")],
                offsets=[Moved(group="g", partition=FIRST, next=1, epoch=held.epoch)],
                cursor=Saved(name="one-stop", value=b"page 2", epoch=claim.epoch),
                seen=[Seen(scope="s", id=ONE)],
            )
        )
        state = next(state for state in engine.admin.groups() if state.partition == FIRST)
        assert (values(engine), state.next, state.end) == ([b"letter"], 1, 1)
        assert engine.admin.cursors()[0].value == b"page 2"
        assert engine.log.seen("s", [ONE, TWO]) == {ONE}

    @final
    def test_a_cursor_tells_when_it_last_moved(self, engine: Engine) -> None:
        claim = engine.claim("one-stop")
        before = engine.admin.cursors()[0].moved_at
        engine.log.commit(Commit(cursor=Saved(name="one-stop", value=b"page 2", epoch=claim.epoch)))
        assert (before, engine.admin.cursors()[0].moved_at is not None) == (None, True)

    @final
    @pytest.mark.parametrize("broken", ["epoch", "partition epoch", "cursor", "unknown cursor", "seen", "offset"])
    def test_a_refused_commit_has_written_nothing(self, engine: Engine, broken: str) -> None:
        a_topic(engine)
        held, claim = engine.join("g", [DOSSIERS]).assignment(), engine.claim("one-stop")
        engine.log.commit(Commit(seen=[Seen(scope="s", id=ONE)]))
        second = TopicPartition(DOSSIERS, 1)
        commit = Commit(
            appends=[a_record(b"lost")],
            offsets=[
                Moved(group="g", partition=FIRST, next=9 if broken == "offset" else 1, epoch=held[FIRST].epoch),
                Moved(group="g", partition=second, next=0, epoch=held[second].epoch + (broken == "partition epoch")),
            ],
            cursor=Saved(
                name="another" if broken == "unknown cursor" else "one-stop",
                value=b"2",
                epoch=claim.epoch - (broken == "cursor"),
            ),
            seen=[Seen(scope="s", id=ONE if broken == "seen" else TWO)],
        )
        if broken == "epoch":
            commit = Commit(appends=commit.appends, offsets=[Moved(group="h", partition=FIRST, next=0, epoch=1)])
        with pytest.raises((Fenced, Duplicate, OffsetOutOfRange)):
            engine.log.commit(commit)
        assert values(engine) == []
        assert {state.next for state in engine.admin.groups()} == {0}
        assert engine.admin.cursors()[0].value is None
        assert engine.log.seen("s", [TWO]) == frozenset()

    @final
    def test_a_known_id_is_named_and_another_scope_does_not_know_it(self, engine: Engine) -> None:
        engine.log.commit(Commit(seen=[Seen(scope="s", id=ONE)]))
        with pytest.raises(Duplicate) as refused:
            engine.log.commit(Commit(seen=[Seen(scope="s", id=ONE), Seen(scope="s", id=TWO)]))
        engine.log.commit(Commit(seen=[Seen(scope="t", id=ONE)]))
        assert refused.value.ids == (ONE,)

    @final
    def test_an_id_twice_in_one_commit_is_a_duplicate(self, engine: Engine) -> None:
        with pytest.raises(Duplicate):
            engine.log.commit(Commit(seen=[Seen(scope="s", id=ONE), Seen(scope="s", id=ONE)]))
        assert engine.log.seen("s", [ONE]) == frozenset()

    @final
    @pytest.mark.parametrize("scope", ["lone\ud800", "s"])
    @pytest.mark.parametrize("taken", [b"", b"1" * 15, b"1" * 17, "1" * 16, None])
    def test_what_cannot_be_remembered_is_refused_before_anything_is_written(
        self, engine: Engine, scope: str, taken: bytes
    ) -> None:
        a_topic(engine)
        with pytest.raises(LienthongError):
            engine.log.commit(Commit(appends=[a_record()], seen=[Seen(scope=scope, id=taken)]))
        assert values(engine) == []

    @final
    def test_a_bookmark_has_a_limit(self, engine: Engine) -> None:
        epoch = engine.claim("one-stop").epoch
        engine.log.commit(Commit(cursor=Saved(name="one-stop", value=b"x" * 1024 * 1024, epoch=epoch)))
        with pytest.raises(RecordTooLarge, match="one-stop"):
            engine.log.commit(Commit(cursor=Saved(name="one-stop", value=b"x" * 1024 * 1024 + b"x", epoch=epoch)))

    @final
    @pytest.mark.parametrize("number", [0, 1, 7, 8, 9, 512, 513, 1300])
    def test_any_number_of_ids_can_be_asked_for(self, engine: Engine, number: int) -> None:
        ids = [place.to_bytes(16, "big") for place in range(number)]
        engine.log.commit(Commit(seen=[Seen(scope="s", id=known) for known in ids[::2]]))
        assert engine.log.seen("s", ids) == frozenset(ids[::2])

    @final
    def test_a_commit_may_bring_its_group_past_its_own_records_but_no_further(self, engine: Engine) -> None:
        a_topic(engine)
        held = engine.join("g", [DOSSIERS]).assignment()[FIRST]
        moved = Moved(group="g", partition=FIRST, next=1, epoch=held.epoch)
        engine.log.commit(Commit(appends=[a_record()], offsets=[moved]))
        with pytest.raises(OffsetOutOfRange):
            engine.log.commit(Commit(offsets=[Moved(group="g", partition=FIRST, next=2, epoch=held.epoch)]))

    @final
    def test_an_empty_commit_is_no_news(self, engine: Engine) -> None:
        version = engine.log.wait(0, 1)
        assert engine.log.commit(Commit()) == []
        assert engine.log.wait(version, 0) == version


class CursorContract:
    """A source's bookmark has one living owner."""

    @final
    def test_the_first_claim_has_no_bookmark_and_the_next_finds_what_was_saved(self, engine: Engine) -> None:
        claim = engine.claim("one-stop")
        engine.log.commit(Commit(cursor=Saved(name="one-stop", value=b"\x00p2", epoch=claim.epoch)))
        claim.release()
        assert (claim.value, engine.claim("one-stop").value) == (None, b"\x00p2")

    @final
    def test_a_held_cursor_cannot_be_claimed_again_and_others_can(self, engine: Engine) -> None:
        engine.claim("one-stop")
        with pytest.raises(Claimed, match="one-stop"):
            engine.claim("one-stop")
        engine.claim("post")
        assert [state.held for state in engine.admin.cursors()] == [True, True]

    @final
    def test_a_released_claim_moves_nothing_any_more(self, engine: Engine) -> None:
        claim = engine.claim("one-stop")
        claim.release()
        claim.release()
        with pytest.raises(Fenced):
            engine.log.commit(Commit(cursor=Saved(name="one-stop", value=b"2", epoch=claim.epoch)))
        assert [state.held for state in engine.admin.cursors()] == [False]

    @final
    def test_each_claim_has_a_higher_epoch(self, engine: Engine) -> None:
        epochs = []
        for _ in range(3):
            claim = engine.claim("one-stop")
            epochs.append(claim.epoch)
            claim.release()
        assert epochs == sorted(set(epochs))

    @final
    @pytest.mark.parametrize("name", ["", "x" * 300, "new\nline", "lone\ud800"])
    def test_a_name_that_cannot_be_kept_is_refused(self, engine: Engine, name: str) -> None:
        with pytest.raises(LienthongError):
            engine.claim(name)
        with pytest.raises(LienthongError):
            engine.join(name, [])

    @final
    def test_what_a_group_was_told_stands_after_other_commits(self, engine: Engine) -> None:
        a_topic(engine)
        publish(engine, b"1", b"2")
        member = engine.join("g", [DOSSIERS])
        before = member.assignment()[FIRST]
        engine.log.commit(Commit(offsets=[Moved(group="g", partition=FIRST, next=2, epoch=before.epoch)]))
        assert member.assignment()[FIRST] == (2, before.epoch)
