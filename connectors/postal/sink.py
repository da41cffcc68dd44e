"""The sink: parcels are ordered and cancelled. Each call makes one more order, so a lost answer is asked about."""

from __future__ import annotations

from bus.envelope import Envelope
from bus.errors import LeftAmbiguous
from connectors.postal.client import Client
from connectors.postal.config import Config
from connectors.postal.mapping import moment, order, order_number
from connectors.sdk import Delivery, Operation

ORDER, CANCEL = "order", "cancel"


class PostalSink:
    """Orders at the post; README.md says what is settled how."""

    topics = ("postal.events",)
    accepts = frozenset({"PostalOrdered", "PostalCancelled"})

    def __init__(self, config: Config, partner: Client) -> None:
        self._config, self._partner = config, partner
        self.name, self.settles_after_s = config.name, config.settles_after_s
        self.not_from = frozenset({config.name})

    def operation(self, event: Envelope) -> Operation:
        """Return the order, or its cancelling; as the port says."""
        if event.type == "PostalCancelled":
            return Operation(CANCEL, order_number(event), repeatable=True)
        return Operation(ORDER, str(order(event, self._config)["OrderNumber"]))

    def deliver(self, delivery: Delivery) -> bytes:
        """Make the call; the post's answer holds nothing to keep."""
        if delivery.operation.name == CANCEL:
            self._partner.cancel(self._config.customer, delivery.operation.reference)
        else:
            self._partner.order(order(delivery.event, self._config))
        return b""

    def settle(self, delivery: Delivery) -> bytes | None:
        """Ask for the orders of that number: ours is the one that was given with the event's own time."""
        asked = order(delivery.event, self._config)
        found = [one for one in self._partner.find(asked["OrderNumber"]) if one.customer == asked["CustomerCode"]]
        if any(one.created is None for one in found):
            raise LeftAmbiguous("the post has an order of this number, and does not say which")
        ours = [one for one in found if one.created and moment(one.created) == moment(asked["CreatedDate"])]
        return b"" if ours else None

    def close(self) -> None:
        """Let go of the connections. May be repeated."""
        self._partner.close()
