"""Every metric of the bus. Labels name topics, groups, sources, codes, event types and rules:
never a person, a dossier or an event.

Functions take plain facts, so that no other room knows the metrics library. Counts are taken once a page or a
commit, not once a record.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

REGISTRY = CollectorRegistry(auto_describe=True)
"""Ours alone, so that a program that embeds the bus keeps its own apart."""

_PUBLISHED = Counter("lienthong_published", "Records published.", ["topic"], registry=REGISTRY)
_CONSUMED = Counter(
    "lienthong_consumed",
    "Records that a group took: handled, duplicate, replay, elsewhere, buried or other.",
    ["topic", "group", "outcome"],
    registry=REGISTRY,
)
_EXPIRED = Counter(
    "lienthong_expired", "Offsets that retention removed before a group read them.", ["topic", "group"],
    registry=REGISTRY,
)  # fmt: skip
_BURIED = Counter(
    "lienthong_buried", "Dead letters written, by error code and stage.", ["topic", "code", "stage"], registry=REGISTRY
)
_REDRIVEN = Counter("lienthong_redriven", "Dead letters sent back to their topic.", ["topic"], registry=REGISTRY)
_RETRIED = Counter(
    "lienthong_retries", "Calls made again, by the error that asked for it.", ["code"], registry=REGISTRY
)
_FENCED = Counter("lienthong_fenced", "Claims lost to another member.", ["group"], registry=REGISTRY)
_SOURCE = Counter(
    "lienthong_source_items",
    "What sources brought: rows, published, deduplicated or dead_lettered.",
    ["source", "outcome"],
    registry=REGISTRY,
)
_DELIVERED = Counter(
    "lienthong_deliveries",
    "Events that a sink took to its partner: delivered, settled, known, nothing, refused or ambiguous.",
    ["connector", "outcome"],
    registry=REGISTRY,
)
_NOTICES = Counter(
    "lienthong_notices",
    "Calls of partners: accepted, known, refused, not_proven or busy.",
    ["hook", "verdict"],
    registry=REGISTRY,
)
_NOTED = Counter(
    "lienthong_rule_notes", "Soft findings of value rules, on events that went on.", ["type", "rule"], registry=REGISTRY
)
_PAGE = Histogram(
    "lienthong_page_seconds", "Time to handle and commit one page.", ["group"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0), registry=REGISTRY,
)  # fmt: skip


def published(topic: str, count: int = 1) -> None:
    """Count records that a producer published."""
    _PUBLISHED.labels(topic).inc(count)


def consumed(topic: str, group: str, outcome: str, count: int = 1) -> None:
    """Count records that a group took, by what became of them."""
    _CONSUMED.labels(topic, group, outcome).inc(count)


def expired(topic: str, group: str, count: int) -> None:
    """Count offsets that retention removed before the group read them."""
    _EXPIRED.labels(topic, group).inc(count)


def buried(topic: str, code: str, stage: str, count: int = 1) -> None:
    """Count dead letters; ``topic`` is the one they were meant for."""
    _BURIED.labels(topic, code, stage).inc(count)


def redriven(topic: str, count: int = 1) -> None:
    """Count dead letters that went back to ``topic``."""
    _REDRIVEN.labels(topic).inc(count)


def retried(code: str) -> None:
    """Count a call that is made again."""
    _RETRIED.labels(code).inc()


def fenced(group: str) -> None:
    """Count a claim that another member took over."""
    _FENCED.labels(group).inc()


def source_items(source: str, outcome: str, count: int = 1) -> None:
    """Count what a source brought; ``outcome`` as in the books of a run."""
    _SOURCE.labels(source, outcome).inc(count)


def delivered(connector: str, outcome: str) -> None:
    """Count an event that a sink took to its partner, by what became of it."""
    _DELIVERED.labels(connector, outcome).inc()


def notice(hook: str, verdict: str) -> None:
    """Count a partner's call of a webhook, by what it was answered."""
    _NOTICES.labels(hook, verdict).inc()


def rule_noted(event_type: str, rule: str) -> None:
    """Count a soft finding of a value rule on an event that went on."""
    _NOTED.labels(event_type, rule).inc()


def page_took(group: str, seconds: float) -> None:
    """Observe how long a page took, from its first record to its commit."""
    _PAGE.labels(group).observe(seconds)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
