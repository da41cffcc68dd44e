"""What the tests of the HTTP target share: one that does not wait, and records of somebody whom no error may name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest

from bus.errors import LienthongError
from bus.http import Limits
from bus.records import Record
from bus.retry import RetryPolicy
from bus.wire import Wire
from replay.runs.targets.endpoint import Endpoint, Manner
from tests.contracts.history import RUN, a_header, a_record
from tests.replay.runs.receiver import Receiver

TOKEN = "canary-Zk3vQ9"
PERSON = "canary-034190001234"


class Waits(list[float]):
    """Remembers how long was waited, and does not wait."""

    def manner(self, attempts: int = 3) -> Manner:
        policy = RetryPolicy(attempts=attempts, timeout_s=300.0, first_wait_s=0.0)
        limits = Limits(read_timeout_s=5.0, max_answer_bytes=100_000)
        return Manner(asking=policy, giving=policy, limits=limits, sleep=self.append)


@contextmanager
def an_endpoint(url: str, wire: Wire, **how: Any) -> Iterator[Endpoint]:
    with closing(Endpoint(url, wire, **{"manner": Waits().manner(), **how})) as endpoint:
        yield endpoint


def give(endpoint: Endpoint, records: Sequence[Record], mark: bytes | None = None, whole: int | None = None) -> bytes:
    """Begin, and settle all records as one batch; returns the mark."""
    endpoint.begin(a_header(len(records) if whole is None else whole), mark)
    endpoint.take(records)
    return endpoint.settle().mark


def failure(url: str, wire: Wire, records: Sequence[Record] | None = None, **how: Any) -> LienthongError:
    """Give records of a person to what fails, and return the error, of which nobody learns who it was."""
    secret = a_record(0, key=PERSON.encode(), headers=(("ce_subject", PERSON.encode()),))
    with an_endpoint(url, wire, **how) as endpoint, pytest.raises(LienthongError) as caught:
        give(endpoint, [secret] if records is None else records)
    told = f"{caught.value!r} {caught.value} {caught.value.hint} {caught.value.__cause__!r}"
    assert PERSON not in told
    assert TOKEN not in told
    return caught.value


def sequences(receiver: Receiver) -> list[int]:
    return [int(event["sequence"]) for event in receiver.store.events(RUN)]
