"""The walk of a notice where things are not as they should be: nothing is lost, nothing is told twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from bus.errors import LedgerUnavailable, LienthongError, OutcomeUnknown
from bus.producer import Producer
from bus.records import Place
from bus.transport import Commit
from connectors.ingress import Intake
from connectors.ingress.sparing import MOST, WITHIN_S, Sparing
from connectors.sdk import Call, Fetched
from tests.connectors.hooks import WithdrawalHook, a_call, with_body
from tests.contracts.webhook import House


@pytest.fixture
def house() -> Iterator[House]:
    with closing(House(WithdrawalHook())) as opened:
        yield opened


class Doubtful:
    """A log whose next commits are written, and say that nobody knows."""

    def __init__(self, house: House, times: int) -> None:
        self._log, self._times = house.log, times

    def commit(self, commit: Commit) -> Sequence[Place]:
        """Commit, and be in doubt."""
        places = self._log.commit(commit)
        self._times -= 1
        if self._times >= 0:
            raise OutcomeUnknown("it may have been written")
        return places

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)


class Failing(WithdrawalHook):
    """Cannot compare, since what was asked cannot be looked up."""

    def __init__(self, error: LienthongError) -> None:
        super().__init__()
        self._error = error

    def examine(self, item: Fetched) -> None:
        """Fail."""
        raise self._error


class Nameless(WithdrawalHook):
    """Forgets its notices' names."""

    def read(self, call: Call) -> Fetched:
        """Return a notice without one."""
        read = super().read(call)
        return Fetched(raw=read.raw, value=read.value, place=read.place)


def test_a_commit_in_doubt_is_answered_busy_and_known_the_next_time(house: House) -> None:
    intake = Intake(Doubtful(house, 1), house.wire)
    statuses = [intake.take(house.webhook, a_call()).status for _ in range(2)]
    assert (statuses, len(house.ids())) == ([503, 200], 1)


def test_an_event_that_its_source_has_told_already_is_not_told_again(house: House) -> None:
    call = a_call()
    Producer(house.log, house.wire).publish_new(house.events_of(call)[0])
    assert (house.take(call).status, len(house.ids())) == (200, 1)


def test_what_cannot_be_compared_now_comes_again_and_is_not_buried(house: House) -> None:
    hook = Failing(LedgerUnavailable("the ledger does not answer"))
    assert Intake(house.log, house.wire).take(hook, a_call()).status == 503
    assert (house.ids(), house.letters()) == ([], [])


def test_a_notice_without_a_name_is_never_mistaken_for_another(house: House) -> None:
    intake = Intake(house.log, house.wire)
    assert [intake.take(Nameless(), a_call(name)).status for name in ("n-1", "n-2")] == [503, 503]
    assert house.ids() == []


def test_a_refused_notice_of_the_same_name_may_be_sent_corrected(house: House) -> None:
    assert house.take(a_call("n-1", reason="")).status == 422
    assert house.take(a_call("n-1")).status == 200
    assert (len(house.ids()), len(house.letters())) == (1, 1)


def test_a_notice_that_breaks_a_value_rule_is_buried(house: House) -> None:
    assert house.take(a_call(dossier="không phải mã")).status == 422
    (letter,) = house.letters()
    assert (letter.text("lt_error_stage"), letter.text("lt_error_code")) == ("rules", "LT-E2403")


def test_a_notice_that_is_no_whole_thing_is_buried_as_it_came(house: House) -> None:
    assert house.take(with_body("n-1", b"\xff\x00[")).status == 422
    (letter,) = house.letters()
    assert (letter.text("lt_error_stage"), letter.value) == ("read", b"\xff\x00[")


def test_the_log_tells_of_what_was_not_accepted_by_code_alone(house: House, caplog: pytest.LogCaptureFixture) -> None:
    for call in (a_call(key=b"another key of some 32 bytes ..."), a_call(dossier="X1", reason="Bí Mật")):
        house.take(call)
    facts = [vars(record)["lienthong_facts"] for record in caplog.records if record.levelno >= logging.WARNING]
    assert facts == [
        {"hook": "withdrawals", "verdict": "not_proven", "code": "LT-E5006"},
        {"hook": "withdrawals", "verdict": "refused", "code": "LT-E2402", "stage": "examine"},
    ]


def test_strangers_do_not_fill_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    forged = a_call(key=b"another key of some 32 bytes ...")
    for _ in range(10 * MOST):
        house.take(forged)
    assert len(caplog.records) == MOST


def test_the_line_after_a_minute_says_how_many_were_left_out() -> None:
    minutes = iter([0.0] * (MOST + 5) + [WITHIN_S])
    sparing = Sparing(clock=lambda: next(minutes))
    told = [sparing.untold("kind") for _ in range(MOST + 6)]
    assert told == [0] * MOST + [None] * 5 + [5]
