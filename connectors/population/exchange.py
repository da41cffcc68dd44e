"""The exchange: a look that was asked for, one call, and the answer with as little in it as will do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bus.envelope import Envelope, event_id
from bus.errors import Unmappable
from connectors import times
from connectors.population.answers import kept, opened
from connectors.population.config import Config
from connectors.population.looks import look
from connectors.sdk import Delivery, Operation

ASKED, ANSWERED = "CitizenLookupAsked", "CitizenLookupAnswered"


class Partner(Protocol):
    """What the exchange needs of its client."""

    def verify(self, fields: Mapping[str, str]) -> bytes:
        """Make the call and return the answer's bytes."""
        ...

    def close(self) -> None:
        """Close the connections. May be repeated."""
        ...


class PopulationExchange:
    """Verifies citizens; README.md says what is asked, what is kept and what is never told."""

    topics = ("citizen.events",)
    accepts = frozenset({ASKED})
    not_from: frozenset[str] = frozenset()
    settles_after_s = 0.0

    def __init__(self, config: Config, partner: Partner) -> None:
        self._config, self._partner = config, partner
        self.name = config.name

    def operation(self, event: Envelope) -> Operation:
        """Return the look; as the port says. A repeat with the same number and content is no second look."""
        return Operation("verify", look(event, self._config.unit).number, repeatable=True)

    def deliver(self, delivery: Delivery) -> bytes:
        """Ask once, and return the outcome, the names of the fields that agree, and the partner's time."""
        asked = look(delivery.event, self._config.unit)
        return kept(self._partner.verify(asked.fields), asked)

    def settle(self, delivery: Delivery) -> bytes | None:
        """Return None: the same look may always be asked again, so nobody needs to ask about it."""
        return None

    def reply(self, event: Envelope, answer: bytes) -> Sequence[Envelope]:
        """Return the answer as an event; as the port says."""
        told = opened(answer)
        moment = times.parse(told.time)
        if moment is None:
            raise Unmappable("the answer that was kept has no time")
        number = event.payload["requestNumber"]
        payload: dict[str, Any] = {
            "dossierCode": event.payload["dossierCode"],
            "requestNumber": number,
            "outcome": {"code": told.outcome, "codeSystem": "VN-LOOKUP-OUTCOME", "validAt": None},
            "fieldsGiven": list(told.fields),
            "sourceTime": told.time,
            "rawHash": hashlib.sha256(answer).hexdigest(),
        }
        return [
            Envelope(
                id=event_id(self.name, number, told.outcome), type=ANSWERED, source=self.name, key=event.key,
                time=moment, payload=payload, agency=self._config.agency, correlation=event.correlation,
                causation=event.id,
            )
        ]  # fmt: skip

    def close(self) -> None:
        """Let go of the connections. May be repeated."""
        self._partner.close()
