"""Who consumes in the demo: each group with the very subscription that it runs with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from bus.consumer import Subscription
from connectors.delivery import subscription
from connectors.demo.agencies import audit, insurance, police
from connectors.installed import find
from connectors.sdk import Sink


def subscriptions(data: Path) -> Sequence[Subscription]:
    """Return those of all groups: the sinks and exchanges that are configured, and the agencies."""
    return [*_sinks(data / "connectors"), police.SUBSCRIPTION, insurance.SUBSCRIPTION, audit.subscription()]


def _sinks(configs: Path) -> Iterator[Subscription]:
    for file in sorted(configs.glob("*.yaml")):
        for part in find(file.name.partition(".")[0]).open(file):
            with closing(part):
                if isinstance(part, Sink):
                    yield subscription(part)
