"""The audit: it reads every topic, and keeps a row of each event. It does nothing and tells nothing."""

from __future__ import annotations

from bus.consumer import Subscription
from connectors.demo.agencies.agency import Agency
from schemas.catalogue import load

NAME = "audit"


def subscription() -> Subscription:
    """Return the group's: all topics of the catalogue, all types."""
    return Subscription(group=NAME, topics=tuple(topic.name for topic in load().topics), tells_once=True)


def agency(_seed: int) -> Agency:
    """Return the audit of one province."""
    return Agency(subscription=subscription(), act=lambda _event: None, tell=lambda _event, _effect: None)
