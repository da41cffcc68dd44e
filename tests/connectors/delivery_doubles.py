"""Stand-ins for the tests of delivery: a partner in memory that counts effects, and ways for everything to fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bus import replays
from bus.envelope import Envelope, event_id
from bus.errors import LienthongError
from bus.retry import RetryPolicy
from bus.transport import Commit, Engine, TopicSpec
from connectors.attempts import Attempts
from connectors.delivery import Deliver, run_sink
from connectors.ledger import Entry, Ledger
from connectors.sdk import Delivery, Operation
from tests.bus import doubles
from tests.bus.doubles import TOPIC, JsonWire, publish, records

QUICK = RetryPolicy(attempts=3, first_wait_s=0.001, max_wait_s=0.001)
ONCE = Deliver(once=True, partner=QUICK)
Failure = LienthongError | None


class Till:
    """A partner's exchange in memory: it acts at every call, and remembers.

    ``before`` and ``after`` are errors of the next calls, raised before or after it has acted (None: none); what
    happens ``while_…`` does so before it acts, after it has, and behind its look when it is asked.
    """

    name, topics, not_from = "till", (TOPIC,), frozenset({"till"})
    accepts = frozenset({"DossierReceived", "FeeAsked", "DossierPaused"})
    settles_after_s = 0.0

    def __init__(self, *, before: Sequence[Failure] = (), after: Sequence[Failure] = ()) -> None:
        self.before, self.after = list(before), list(after)
        self.unsettled: LienthongError | None = None
        self.effects: list[str] = []
        self.asked = 0
        self.while_calling: Callable[[], object] = lambda: None
        self.while_answering: Callable[[], object] = lambda: None
        self.while_settling: Callable[[], object] = lambda: None

    def operation(self, event: Envelope) -> Operation | None:
        """`DossierPaused` asks for nothing; `FeeAsked` may be repeated."""
        if event.type == "DossierPaused":
            return None
        return Operation("pay", str(event.payload["n"]), b"asked", event.type == "FeeAsked")

    def deliver(self, delivery: Delivery) -> bytes:
        """Act."""
        self._fail(self.before)
        self.while_calling()
        if not (delivery.operation.repeatable and delivery.operation.reference in self.effects):
            self.effects.append(delivery.operation.reference)
        self.while_answering()
        self._fail(self.after)
        return self._answer(delivery)

    def settle(self, delivery: Delivery) -> bytes | None:
        """Tell whether it has acted, if it can tell."""
        self.asked += 1
        if self.unsettled is not None:
            raise self.unsettled
        found = self._answer(delivery) if delivery.operation.reference in self.effects else None
        self.while_settling()
        return found

    def reply(self, event: Envelope, answer: bytes) -> Sequence[Envelope]:
        """Tell the answer."""
        return [
            Envelope(
                id=event_id("till", str(event.id), answer.decode()), type="DossierResolved", source="till",
                key=event.key, time=event.time, causation=event.id, payload={"answer": answer.decode()},
            )
        ]  # fmt: skip

    def close(self) -> None:
        """Nothing to let go of."""

    def _answer(self, delivery: Delivery) -> bytes:
        return b"paid " + delivery.operation.reference.encode()

    @staticmethod
    def _fail(failures: list[Failure]) -> None:
        if failures and (failure := failures.pop(0)) is not None:
            raise failure


class Crash(BaseException):
    """The process ends here: nothing below may catch it."""


class Fuse:
    """Counts steps, and ends the process at one of them."""

    def __init__(self, burns_at: Callable[[int], bool]) -> None:
        self._burns_at, self.steps = burns_at, 0

    def step(self) -> None:
        """Raise Crash if this is the step."""
        self.steps += 1
        if self._burns_at(self.steps):
            raise Crash

    def guard(self, action: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``action`` with a step before it and one behind it."""

        def guarded(*args: Any, **more: Any) -> Any:
            self.step()
            result = action(*args, **more)
            self.step()
            return result

        return guarded


class Fused:
    """Anything, with some of its methods guarded by a fuse."""

    def __init__(self, inner: Any, fuse: Fuse, *names: str) -> None:
        self._inner, self._fuse, self._names = inner, fuse, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._fuse.guard(found) if name in self._names else found


class FailingLedger:
    """A ledger that fails some of its next calls, by the method's name."""

    def __init__(self, inner: Ledger, **failures: list[LienthongError]) -> None:
        self._inner, self._failures = inner, failures

    def __getattr__(self, name: str) -> Any:
        failures = self._failures.get(name)
        if failures:
            raise failures.pop(0)
        return getattr(self._inner, name)


class CommitHook:
    """An engine that does something before its next commit that moves an offset."""

    def __init__(self, inner: Engine, before_commit: Callable[[], object]) -> None:
        self._inner, self._before_commit = inner, before_commit
        self.log = self

    def commit(self, commit: Commit) -> Any:
        """Commit, but first do what is to be done."""
        if commit.offsets:
            self._before_commit()
        return self._inner.log.commit(commit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner if name in ("admin", "join", "claim", "close") else self._inner.log, name)


def make_topics(engine: Engine, partitions: int = 1) -> None:
    """Make a topic, the one that every sink reads for replays, and their dead letters."""
    doubles.make_topics(engine, partitions)
    for name in (replays.TOPIC, f"{replays.TOPIC}.dead-letter"):
        engine.admin.create_topic(TopicSpec(name=name, partitions=1))


def deliver(engine: Engine, till: Any, ledger: Any, how: Deliver = ONCE) -> dict[str, int]:
    """Run the till's loop to the end of what is there."""
    return dict(run_sink(engine, JsonWire(), till, ledger, how))


def attempt(till: Any, ledger: Any, engine: Engine, offset: int = 0) -> list[Envelope]:
    """Attempt the delivery of one record, once, as a member that has just taken it over."""
    record = records(engine)[offset]
    return list(Attempts(till, ledger)(JsonWire().decode(record), record))


def entries(ledger: Ledger) -> list[Entry]:
    """Return all entries."""
    return list(ledger.entries())


def states(ledger: Ledger) -> list[str]:
    """Return the entries' states."""
    return [one.state for one in ledger.entries()]


def told(engine: Engine) -> list[str]:
    """Return the answers that stand in the log."""
    events = [JsonWire().decode(record) for record in records(engine)]
    return [event.payload["answer"] for event in events if event.source == "till"]


__all__ = ["publish"]
