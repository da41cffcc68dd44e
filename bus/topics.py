"""The topics that an installation is to have, from the catalogue. ``topic apply`` alone makes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bus.deadletters import dead_letter_topic
from bus.transport import TopicSpec

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue


def wanted_topics(catalogue: Catalogue) -> Iterator[TopicSpec]:
    """Yield each topic that the catalogue asks for, followed by the one of its dead letters.

    Dead letters have their topic's partitions, and are kept until somebody has dealt with them: never cleaned.
    """
    for entry in catalogue.topics:
        yield TopicSpec(
            name=entry.name,
            partitions=entry.partitions,
            compacted=entry.cleanup == "compact",
            retention_ms=entry.retention_ms,
        )
        yield TopicSpec(name=dead_letter_topic(entry.name), partitions=entry.partitions)
