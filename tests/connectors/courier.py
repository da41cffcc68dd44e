"""What the kills end: a process that delivers from a log in a file to a shop, and tells how far it has come.

Run as ``python -m tests.connectors.courier LOG_URL LEDGER_URL SHOP_URL``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from bus.retry import RetryPolicy
from bus.transports import open_engine
from connectors.delivery import Deliver, run_sink
from connectors.ledger import open_ledger
from tests.bus.doubles import JsonWire
from tests.connectors.shop import ShopSink

SETTLES_AFTER_S = 0.1
POLICY = RetryPolicy(attempts=20, timeout_s=60.0, first_wait_s=0.01, max_wait_s=0.05)


class CourierSink(ShopSink):
    """The shop's exchange, which leaves the shop some time before it asks about a call that broke off."""

    settles_after_s = SETTLES_AFTER_S


def say(word: str, number: int = 0) -> None:
    """Tell a fact at once."""
    sys.stdout.write(f"{word} {number}\n")
    sys.stdout.flush()


def count(outcomes: Mapping[str, int]) -> None:
    """Tell how many events were handled."""
    say("handled", sum(outcomes.values()))


if __name__ == "__main__":
    log_url, ledger_url, shop_url = sys.argv[1:]
    say("ready")
    run_sink(
        open_engine(log_url), JsonWire(), CourierSink(shop_url), open_ledger(ledger_url),
        Deliver(partner=POLICY, progress=count),
    )  # fmt: skip
