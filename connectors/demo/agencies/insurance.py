"""The social insurance: a child whose birth was registered gets a health card, which is a result of its dossier."""

from __future__ import annotations

from datetime import timedelta

from bus import Envelope, event_id, replays
from bus.codec.defaults import complete
from bus.consumer import Subscription
from connectors.demo.agencies.agency import Agency, after, has_kind, moment
from connectors.demo.agencies.book import Effect
from connectors.simulation import chance
from schemas.catalogue import load

NAME, BIRTH_CERTIFICATE, HEALTH_CARD = "insurance", "KQ.G15.000001", "KQ.G24.000001"
SUBSCRIPTION = Subscription(
    group=NAME, topics=("dossier.events", replays.TOPIC), types=frozenset({"ResultIssued"}), not_from=frozenset({NAME}),
    tells_once=True, page=50,
)  # fmt: skip
_MINISTRY = {"code": "G12", "codeSystem": "VN-AGENCY"}
"""Vietnam Social Security belongs to the Ministry of Finance since 2025."""


def agency(seed: int) -> Agency:
    """Return the social insurance of one province."""

    def issue(event: Envelope) -> Effect | None:
        """Issue a card, if this result is a birth certificate."""
        if not has_kind(event, BIRTH_CERTIFICATE):
            return None
        random = chance.source(seed, "health card", event.key)
        at = after(event, random, timedelta(minutes=20), timedelta(minutes=90))
        return Effect("issue-health-card", event.key, f"TE133{random.randrange(10**10):010}", at)

    return Agency(subscription=SUBSCRIPTION, act=issue, tell=_issued)


def _issued(event: Envelope, effect: Effect) -> Envelope:
    card = {
        "dossierCode": event.payload["dossierCode"], "kind": {"code": HEALTH_CARD, "codeSystem": "VN-COMPONENT"},
        "title": "Thẻ bảo hiểm y tế", "number": effect.name, "resultId": f"{HEALTH_CARD}.{event.key}",
        "issuer": _MINISTRY, "fileId": f"BHYT-{event.key}",
    }  # fmt: skip
    return Envelope(
        id=event_id(NAME, f"{effect.reference}/{effect.name}"), type="ResultIssued", source=NAME, key=event.key,
        time=moment(effect), payload=complete(load().event("ResultIssued").schema, card),
        agency="G12", correlation=event.key, causation=event.id,
    )  # fmt: skip
