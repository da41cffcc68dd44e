"""The commune's police: a child whose birth was registered is registered as resident, and the dossier goes on."""

from __future__ import annotations

from datetime import timedelta

from bus import Envelope, event_id, replays
from bus.codec.defaults import complete
from bus.consumer import Subscription
from connectors.demo.agencies.agency import Agency, after, has_kind, moment
from connectors.demo.agencies.book import Effect
from connectors.simulation import chance
from schemas.catalogue import load

NAME, BIRTH_CERTIFICATE = "police", "KQ.G15.000001"
SUBSCRIPTION = Subscription(
    group=NAME, topics=("dossier.events", replays.TOPIC), types=frozenset({"ResultIssued"}), tells_once=True, page=50
)
STEP = "Đăng ký thường trú"
_MINISTRY = {"code": "G01", "codeSystem": "VN-AGENCY"}


def agency(seed: int) -> Agency:
    """Return the police of one province."""

    def register(event: Envelope) -> Effect | None:
        """Register the child at its mother's address, if this result is a birth certificate."""
        if not has_kind(event, BIRTH_CERTIFICATE):
            return None
        random = chance.source(seed, "residence", event.key)
        at = after(event, random, timedelta(minutes=30), timedelta(hours=2))
        return Effect("register-residence", event.key, f"CT07-{random.randrange(10**8):08}", at)

    return Agency(subscription=SUBSCRIPTION, act=register, tell=_step_done)


def _step_done(event: Envelope, effect: Effect) -> Envelope:
    step = {
        "dossierCode": event.payload["dossierCode"], "step": STEP, "department": "Công an xã",
        "handlingAgency": _MINISTRY, "startedAt": {"at": event.time},
    }  # fmt: skip
    return Envelope(
        id=event_id(NAME, f"{effect.reference}/{effect.name}"), type="DossierStepDone", source=NAME, key=event.key,
        time=moment(effect), payload=complete(load().event("DossierStepDone").schema, step),
        agency="G01", correlation=event.key, causation=event.id,
    )  # fmt: skip
