"""Who consumes in the demo: each group with the very subscription that it runs with, and what it says it has done."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bus.consumer import Subscription
from connectors.delivery import subscription
from connectors.demo.agencies import audit, insurance, police
from connectors.installed import find
from connectors.sdk import Sink


def sinks(configs: Path) -> Sequence[Subscription]:
    """Return the subscriptions of all configured sinks and exchanges."""
    found = []
    for file in sorted(configs.glob("*.yaml")):
        for part in find(file.name.partition(".")[0]).open(file):
            with closing(part):
                if isinstance(part, Sink):
                    found.append(subscription(part))
    return found


def agencies() -> Sequence[Subscription]:
    """Return the subscriptions of the agencies."""
    return [police.SUBSCRIPTION, insurance.SUBSCRIPTION, audit.subscription()]
