"""What a sink or an exchange promises, as far as that shows without acting at its partner.

Deliveries are made up from ``events``, as a rule some that stand in the log; ``deliver`` is never called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

from bus.envelope import Envelope
from bus.errors import ContractError
from connectors.attempts import idempotency_key
from connectors.examination.checks import Broken, Check, NothingToExamine
from connectors.sdk import Delivery, Operation, Sink

OpenSink = Callable[[], Sink]


class SinkExamination:
    """Looks at one sink with some events of the types that it accepts."""

    def __init__(self, open_sink: OpenSink, events: Sequence[Envelope]) -> None:
        self._open, self._events = open_sink, events

    def checks(self) -> Sequence[Check]:
        """Return the promises that can be seen, in the order in which a person would look."""
        return [
            Check("name, topics and accepted types are settled", self.is_settled),
            Check("the same event always asks for the same operation", self.is_stable),
            Check("every operation has a name and a reference", self.is_named),
            Check("the partner answers when it is asked about an operation", self.answers),
        ]

    def is_settled(self) -> None:
        """Compare two instances."""
        with closing(self._open()) as one, closing(self._open()) as other:
            facts = [(each.name, each.topics, each.accepts, each.not_from) for each in (one, other)]
            wait = one.settles_after_s
        if facts[0] != facts[1] or not all(facts[0][:3]) or wait < 0:
            raise Broken("name, topics or types are empty, or two instances differ in them")

    def is_stable(self) -> None:
        """Ask twice, two instances."""
        with closing(self._open()) as one, closing(self._open()) as other:
            for event in self._some():
                if not operation(one, event) == operation(one, event) == operation(other, event):
                    raise Broken(f"{event.type}: the same event gave another operation the second time")

    def is_named(self) -> None:
        """Look at names and references."""
        with closing(self._open()) as sink:
            for event in self._some():
                asked = operation(sink, event)
                if isinstance(asked, Operation) and not (asked.name and asked.reference):
                    raise Broken(f"{event.type}: its operation has no name or no reference")

    def answers(self) -> None:
        """Ask about the first operation that can be asked about."""
        with closing(self._open()) as sink:
            for event in self._some():
                asked = operation(sink, event)
                if isinstance(asked, Operation) and not asked.repeatable:
                    key = idempotency_key(sink.name, asked.name, event.id)
                    sink.settle(Delivery(event=event, operation=asked, key=key))
                    return
        raise NothingToExamine("none of the events' operations can be asked about")

    def _some(self) -> Sequence[Envelope]:
        if not self._events:
            raise NothingToExamine("the log has no event of the accepted types yet")
        return self._events


def operation(sink: Sink, event: Envelope) -> Operation | str | None:
    """Return what an event asks for, or why it would be buried."""
    try:
        return sink.operation(event)
    except ContractError as error:
        return f"{error.code}: {error}"
