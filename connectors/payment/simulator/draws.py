"""What befalls a payment: a function of the seed and its reference, the same whenever it is asked. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from connectors import times
from connectors.simulation import chance

BANKS = ("NCB", "VCB", "BIDV", "AGRIBANK", "VIETINBANK")

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_REPEATED, _NEVER, _DELAYED = 0.10, 0.03, 0.05


class Draws:
    """One province of payments."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def notices(self, reference: str) -> tuple[str, int, float]:
        """Return the trouble of a payment's notices (empty for none), how many are sent, and after how many seconds."""
        draw = self._random("notices", reference)
        share = draw.random()
        if share < _NEVER:
            return "never-sent", 0, 0.0
        if share < _NEVER + _REPEATED:
            return "repeated", draw.choice((2, 3)), 0.0
        if share < _NEVER + _REPEATED + _DELAYED:
            return "delayed", 1, draw.uniform(0.5, 2.0)
        return "", 1, 0.0

    def opened_at(self, reference: str, requested: str) -> str:
        """Return when the platform opened a payment, by its own virtual clock."""
        return _after(requested, self._random("opened", reference).randint(1, 5))

    def paid_at(self, reference: str, requested: str) -> str:
        """Return when a payment was made."""
        return _after(requested, self._random("paid", reference).randint(60, 900))

    def transaction(self, reference: str) -> str:
        """Return the gateway's number of a payment."""
        return str(self._random("transaction", reference).randint(10**11, 10**12 - 1))

    def bank(self, reference: str) -> str:
        """Return the bank by which a payment is made."""
        return self._random("bank", reference).choice(BANKS)

    def _random(self, what: str, reference: str) -> Random:
        return chance.source(self.seed, what, reference)


def _after(text: str, seconds: int) -> str:
    return times.told((times.parse(text) or _EPOCH) + timedelta(seconds=seconds))
