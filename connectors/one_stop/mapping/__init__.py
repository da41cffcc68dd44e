"""What the partner's things tell: versions of dossiers, steps, payments and requests become events. Pure, for ever.

A dossier comes as a whole snapshot, again and again, so a mapping that remembers nothing must give each *fact* in it
the same id each time. :class:`.facts.Fact` is how: named by dossier, type and own id, versioned by what the partner
said of this fact alone. A fact seen in two snapshots is one event; one whose date or content was corrected is another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bus.envelope import Envelope
from connectors.one_stop.feeds import CHANGED_AT
from connectors.one_stop.mapping.dossier import dossier_facts
from connectors.one_stop.mapping.facts import By, Fact, in_order, to_event
from connectors.one_stop.mapping.item import Item
from connectors.one_stop.mapping.lookup import lookup_facts
from connectors.one_stop.mapping.parcel import parcel_facts
from connectors.one_stop.mapping.payment import payment_facts
from connectors.one_stop.mapping.step import step_facts
from connectors.one_stop.rows import Row

__all__ = ["By", "events"]

_FACTS: dict[str, Callable[[Item, By], Sequence[Fact]]] = {
    "dossiers": dossier_facts,
    "steps": step_facts,
    "payments": payment_facts,
    "lookups": lookup_facts,
    "parcels": parcel_facts,
}


def events(row: Row, by: By) -> Sequence[Envelope]:
    """Return the events that a row tells, in the order in which they happened.

    Raises :class:`~bus.errors.Unmappable` with the field's name, never its value.
    """
    item = Item(row.content)
    changed = item.needed_moment(CHANGED_AT)
    return [to_event(fact, changed, by) for fact in in_order(_FACTS[row.feed](item, by), changed)]
