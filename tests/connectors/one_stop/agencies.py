"""The other agencies, as far as the one-stop system hears of them: what each would answer to an event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bus.envelope import Envelope, event_id
from connectors.one_stop.simulator.answered import LOOKUP, PAID, PARCEL, RESULT, STEP, Answer
from connectors.one_stop.simulator.office import FIRST_DAY
from connectors.one_stop.simulator.story import BIRTH_CERTIFICATE, HEALTH_CARD, RESIDENCE
from schemas.catalogue import load, parsed

AT = FIRST_DAY + timedelta(hours=10)


def all_answers(*, outcome: str = "match", after: timedelta = timedelta(hours=1)) -> list[Answer]:
    """Return everything that a dossier can wait for, an hour apart."""
    said = [(LOOKUP, outcome), (PAID, "14226112"), (STEP, RESIDENCE), (RESULT, HEALTH_CARD), (PARCEL, "VNPOST/14")]
    return [Answer(kind, value, AT + after * place, f"ref-{kind}") for place, (kind, value) in enumerate(said)]


def code(system: str, text: str) -> dict[str, Any]:
    """Return a code of a table."""
    return {"code": text, "codeSystem": system, "validAt": None}


def an_event(
    event_type: str, source: str, about: Envelope | str, at: datetime | None = None, **payload: Any
) -> Envelope:
    """Return an event about a dossier, or in answer to another event; fields that are not given are absent."""
    dossier = about if isinstance(about, str) else about.key
    fields = parsed(load().event(event_type))["fields"]
    absent = {field["name"]: field["default"] for field in fields if field.get("default", 0) in (None, [])}
    cause = None if isinstance(about, str) else about.id
    return Envelope(
        id=event_id(source, f"{dossier}/{cause}/{payload}", event_type), type=event_type, source=source, key=dossier,
        time=at or AT, agency="G01", correlation=dossier, causation=cause,
        payload={**absent, "dossierCode": code("VN-DOSSIER", dossier), **payload},
    )  # fmt: skip


def answers_to(event: Envelope, pay_page: str) -> Sequence[Envelope]:
    """Return what the agencies say to an event of the one-stop system, minutes later."""
    return list(_answers(event, event.payload, event.time + timedelta(minutes=5), pay_page))


def _answers(event: Envelope, told: Mapping[str, Any], at: datetime, pay_page: str) -> Iterator[Envelope]:
    match event.type:
        case "CitizenLookupAsked":
            outcome = code("VN-LOOKUP-OUTCOME", "match")
            yield an_event("CitizenLookupAnswered", "population", event, at, outcome=outcome,
                           requestNumber=told["requestNumber"])  # fmt: skip
        case "PaymentRequested" if told["method"]["code"] == "truc-tuyen":
            same = {name: told[name] for name in ("reference", "amount", "gateway")}
            yield an_event(
                "PaymentOpened", "payment", event, at, payUrl=f"{pay_page}/pay?ma={told['reference']}", **same
            )
            yield an_event("PaymentConfirmed", "payment", event, at, gatewayTransaction="14226112", **same)
        case "ResultIssued" if told["kind"]["code"] == BIRTH_CERTIFICATE:
            yield an_event("DossierStepDone", "police", event, at, step=RESIDENCE)
            yield an_event("ResultIssued", "insurance", event, at, fileId=f"BHYT-{event.key}",
                           kind=code("VN-RESULT", HEALTH_CARD))  # fmt: skip
        case "PostalOrdered":
            for status in ("10", "14"):
                yield an_event("PostalStatusChanged", "postal", event, at + timedelta(hours=int(status)),
                               orderNumber=told["orderNumber"], status=code("VNPOST", status))  # fmt: skip
