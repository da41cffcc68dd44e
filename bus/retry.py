"""The one retry policy: it asks the error, waits with jitter, and ends. The only module that imports tenacity."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from bus import metrics
from bus.errors import LienthongError

T = TypeVar("T")
Sleep = Callable[[float], None]


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """Bounded in attempts *and* in time; waits are drawn from a window that doubles from the first to the longest."""

    attempts: int = 5
    timeout_s: float = 30.0
    first_wait_s: float = 0.1
    max_wait_s: float = 5.0


STEADY = RetryPolicy()
"""For our own log and registry, and for handlers."""

PATIENT = RetryPolicy(attempts=10, timeout_s=300.0, first_wait_s=0.5, max_wait_s=60.0)
"""For partners, who need minutes to come back."""


def is_retriable(error: BaseException) -> bool:
    """Tell whether the same call may succeed later: the error itself says so."""
    return isinstance(error, LienthongError) and error.retriable


def call(action: Callable[[], T], policy: RetryPolicy = STEADY, *, sleep: Sleep = time.sleep) -> T:
    """Return what ``action`` returns, calling it again while its error says that this may help.

    A partner's ``wait_s`` is honoured; one that reaches past the policy's time ends the calls at once. The last
    error is raised as it came. ``sleep`` lets a caller do something while it waits, such as renew a lease.
    """
    try:
        return action()
    except LienthongError as error:
        if not error.retriable:
            raise
        first = error
    # tenacity costs more than most calls, so it only enters here, with the failure that we have as its first attempt.
    pending: list[LienthongError] = [first]

    def attempt() -> T:
        if pending:
            raise pending.pop()
        return action()

    return retrying(policy, sleep)(attempt)


def retrying(policy: RetryPolicy, sleep: Sleep = time.sleep) -> Retrying:
    """Return tenacity's loop for ``policy``."""
    return Retrying(
        retry=retry_if_exception(is_retriable),
        stop=stop_after_attempt(policy.attempts) | stop_before_delay(policy.timeout_s),
        wait=lambda state: _wait_s(policy, state),
        sleep=sleep,
        before_sleep=_count,
        reraise=True,
    )


def _wait_s(policy: RetryPolicy, state: RetryCallState) -> float:
    """Who asks for a wait gets it, no more, the first time; after that waits grow, and are never shorter than asked."""
    asked = getattr(_error_of(state), "wait_s", None)
    if asked is not None and state.attempt_number == 1:
        return float(asked)
    jitter = wait_random_exponential(multiplier=policy.first_wait_s, max=policy.max_wait_s)
    return max(jitter(state), float(asked or 0.0))


def _count(state: RetryCallState) -> None:
    error = _error_of(state)
    metrics.retried(error.code if isinstance(error, LienthongError) else "")


def _error_of(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()
