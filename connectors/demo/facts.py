"""What partners hold to be true, and what the log tells of it: both under the same names, so that they can be compared.

The names are made here once more, from the partner's tables and from the events, not taken from any connector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from bus.envelope import Envelope
from connectors.demo.stores import Stores


class Fact(NamedTuple):
    """A fact: who holds it, as which event it must be told, what it is about, and its own name there."""

    source: str
    type: str
    about: str
    own: str = ""


def true_facts(stores: Stores) -> Iterator[Fact]:
    """Yield all that the partners hold to be true."""
    for dossier, event_type, own in stores.facts():
        yield Fact("one-stop", event_type, dossier, own)
    for number in stores.looks():
        yield Fact("population", "CitizenLookupAnswered", number)
    for reference in stores.paid():
        yield Fact("payment", "PaymentConfirmed", reference)
    for reference in stores.notices_taken():
        yield Fact("payment", "PaymentNoticeReceived", reference)
    for order, status, time in stores.tracked():
        yield Fact("postal", "PostalStatusChanged", order, f"{status} {time}")


def told_fact(event: Envelope) -> Fact | None:
    """Return the fact that an event tells; None where it is none of a partner's."""
    told: Any = event.payload
    match event.source, event.type:
        case "one-stop", _:
            return Fact("one-stop", event.type, str(event.correlation), own_name(event.type, told))
        case "population", "CitizenLookupAnswered":
            return Fact("population", event.type, told["requestNumber"])
        case "payment", "PaymentConfirmed" | "PaymentNoticeReceived":
            return Fact("payment", event.type, told["reference"])
        case "postal", "PostalStatusChanged":
            status = f"{told['status']['codeSystem']}/{told['status']['code']}"
            return Fact("postal", event.type, told["orderNumber"], f"{status} {told['sourceTime']}")
    return None


def own_name(event_type: str, told: Any) -> str:
    """Return what the one-stop system calls this one among a dossier's facts of its type."""
    return _OWN.get(event_type, _time)(told)


def _time(told: Mapping[str, Any]) -> str:
    return str(told["sourceTime"])


def _fee(told: Mapping[str, Any]) -> str:
    return f"{told['feeCode']['code']} {told['sourceTime']}"


_OWN: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "CitizenLookupAsked": lambda told: str(told["requestNumber"]),
    "PostalOrdered": lambda told: str(told["orderNumber"]),
    "ComponentAttached": lambda told: str(told["fileId"]),
    "ComponentReused": lambda told: str(told["fileId"]),
    "ResultIssued": lambda told: str(told["fileId"]),
    "PaymentRequested": lambda told: str(told["reference"]),
    "PaymentConfirmed": lambda told: str(told["reference"]),
    "DossierStepDone": lambda told: f"{told['sourceTime']} {told['note']}",
    "FeeAsked": _fee,
}
