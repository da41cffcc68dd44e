"""Online payments: opened at a gateway, told by its signed notices, confirmed by asking it, and reconciled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.sdk import Part


class Payment:
    """The kind of connector; what it needs is imported when one is opened."""

    name = "payment"
    summary = "Online payments by DVCQG and VNPay: opened, notified by webhook, asked, reconciled."

    def open(self, config: Path) -> Sequence[Part]:
        """Read and check the configuration; contact nobody. Raises :class:`~bus.errors.ConfigError`."""
        from connectors.payment.config import load
        from connectors.payment.exchange import PaymentExchange
        from connectors.payment.gateways import open_gateways
        from connectors.payment.silent import SilentPayments
        from connectors.payment.webhook import PaymentWebhook

        settings = load(config)
        # Each part has connections of its own: they run in threads of their own.
        return (
            PaymentExchange(settings, open_gateways(settings)),
            PaymentWebhook(settings),
            SilentPayments(settings, open_gateways(settings)),
        )


connector = Payment()
