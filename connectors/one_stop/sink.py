"""The sink: what others did for a dossier, to the office that handles it. What is sent is in :mod:`.delivering`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from bus.envelope import Envelope
from bus.errors import PartnerUnavailable
from connectors.one_stop.config import Settings
from connectors.one_stop.delivering import TYPES, Message, message
from connectors.sdk import Delivery, Operation

_DONE = b"done"
"""What is kept of an answer: no more is in it."""


class Office(Protocol):
    """What the sink needs of its client."""

    def send(self, service: str, fields: Mapping[str, Any]) -> None:
        """Let the partner do something."""
        ...

    def look_up(self, dossier: str) -> Sequence[bytes]:
        """Return what the partner has of a dossier."""
        ...

    def close(self) -> None:
        """Close the connections. May be repeated."""
        ...


class _Step(Struct, frozen=True, kw_only=True):
    """As much of a step as names it."""

    reference: str | None = msgspec.field(default=None, name="MaThamChieu")
    time: str | None = msgspec.field(default=None, name="ThoiDiemXuLy")
    what: str | None = msgspec.field(default=None, name="NoiDungXuLy")


class _Dossier(Struct, frozen=True, kw_only=True):
    steps: list[_Step] = msgspec.field(default_factory=list, name="DanhSachTienDo")


class OneStopSink:
    """Takes status, payments and results to one one-stop system; see README.md for what a repeat does there."""

    topics = ("citizen.events", "payment.events", "postal.events", "dossier.events")
    accepts = TYPES

    def __init__(self, settings: Settings, partner: Office) -> None:
        config = settings.config
        self._partner = partner
        self.name, self.settles_after_s = config.name, config.settles_after_s
        self.not_from = frozenset({config.name})

    def operation(self, event: Envelope) -> Operation | None:
        """Return what an event is to the partner; as the port says."""
        found = message(event)
        if found is None:
            return None
        asked = found.service.encode()
        return Operation(found.name, found.reference, asked=asked, repeatable=found.is_repeatable)

    def deliver(self, delivery: Delivery) -> bytes:
        """Send it; as the port says."""
        sent = _message(delivery)
        self._partner.send(sent.service, sent.fields())
        return _DONE

    def settle(self, delivery: Delivery) -> bytes | None:
        """Look for the step among those that the partner has of the dossier; as the port says."""
        sent = _message(delivery)
        wanted = (sent.reference, sent.item["ThoiDiemXuLy"], sent.item["NoiDungXuLy"])
        found = any((step.reference, step.time, step.what) == wanted for step in self._steps(sent.dossier))
        return _DONE if found else None

    def close(self) -> None:
        """Let go of the connections. May be repeated."""
        self._partner.close()

    def _steps(self, dossier: str) -> Sequence[_Step]:
        try:
            found = [msgspec.json.decode(raw, type=_Dossier) for raw in self._partner.look_up(dossier)]
            return [step for one in found for step in one.steps]
        except msgspec.DecodeError:
            pass  # what is raised below has no cause, which might hold the answer
        raise PartnerUnavailable("TraCuuHoSo: the answer is no dossier")


def _message(delivery: Delivery) -> Message:
    found = message(delivery.event)
    assert found is not None  # noqa: S101 - what has an operation has a message
    return found
