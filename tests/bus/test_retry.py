"""One policy asks the error, waits, and ends."""

from __future__ import annotations

import pytest

from bus.errors import ContractError, PartnerUnavailable, TransportUnavailable
from bus.retry import RetryPolicy, call


class Flaky:
    """Fails with these errors, one a call, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        """Fail or answer."""
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_a_retriable_error_is_tried_again_until_it_passes() -> None:
    flaky = Flaky(TransportUnavailable("busy"), TransportUnavailable("busy"))
    assert (call(flaky, sleep=lambda _: None), flaky.calls) == ("done", 3)


def test_bad_data_is_tried_once() -> None:
    flaky = Flaky(ContractError("bad"))
    with pytest.raises(ContractError):
        call(flaky, sleep=lambda _: None)
    assert flaky.calls == 1


def test_attempts_end_with_the_last_error_itself() -> None:
    flaky = Flaky(*(TransportUnavailable(f"busy {n}") for n in range(9)))
    with pytest.raises(TransportUnavailable, match="busy 2"):
        call(flaky, RetryPolicy(attempts=3), sleep=lambda _: None)
    assert flaky.calls == 3


def test_a_partners_wait_is_honoured() -> None:
    waits: list[float] = []
    call(Flaky(PartnerUnavailable("later", wait_s=7.0)), sleep=waits.append)
    assert waits == [7.0]


def test_a_short_wait_is_kept_the_first_time_and_grows_where_it_did_not_help() -> None:
    waits: list[float] = []
    policy = RetryPolicy(attempts=9, timeout_s=1e9, first_wait_s=1.0, max_wait_s=64.0)
    call(Flaky(*(PartnerUnavailable("soon", wait_s=0.01) for _ in range(8))), policy, sleep=waits.append)
    assert (waits[0], min(waits) >= 0.01, max(waits) > 0.01) == (0.01, True, True)


def test_a_wait_beyond_the_policys_time_ends_the_calls_at_once() -> None:
    waits: list[float] = []
    with pytest.raises(PartnerUnavailable):
        call(Flaky(PartnerUnavailable("tomorrow", wait_s=86400.0)), sleep=waits.append)
    assert waits == []


def test_waits_are_drawn_from_a_window_that_grows_to_its_limit() -> None:
    waits: list[float] = []
    policy = RetryPolicy(attempts=12, timeout_s=1e9, first_wait_s=0.1, max_wait_s=0.4)
    call(Flaky(*(TransportUnavailable("busy") for _ in range(11))), policy, sleep=waits.append)
    assert len(set(waits)) > 5
    assert max(waits) <= 0.4
    assert waits[0] <= 0.2


def test_an_error_of_python_is_no_outage() -> None:
    flaky = Flaky(KeyError("bug"))
    with pytest.raises(KeyError):
        call(flaky, sleep=lambda _: None)
    assert flaky.calls == 1
