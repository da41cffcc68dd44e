"""A small catalogue on disk, and a registry that stops half way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bus.errors import RegistryUnavailable
from bus.registry import SchemaRegistry, SchemaVersion
from registry.local import LocalRegistry
from registry.store import Store
from schemas.catalogue import Catalogue, read


def an_event(name: str, *fields: str, optional: Sequence[str] = (), domain: str = "dossier", **more: Any) -> str:
    """Return a contract with text fields; those of ``optional`` have a default."""
    parts: list[dict[str, Any]] = [{"name": one, "type": "string"} for one in fields]
    parts += [{"name": one, "type": "string", "default": ""} for one in optional]
    return json.dumps({"type": "record", "name": name, "namespace": f"vn.lienthong.{domain}", "fields": parts, **more})


def a_topic(*events: str, domain: str = "dossier", **more: Any) -> dict[str, Any]:
    """Return a topic's table of ``topics.toml``."""
    asked = {"key": "The code.", "events": events, "partitions": 2, "cleanup": "delete", "owner": "H56"}
    return {**asked, "domain": domain, **more}


def a_catalogue(folder: Path, topics: Mapping[str, Mapping[str, Any]], texts: Mapping[str, str]) -> Catalogue:
    """Write contracts (``dossier/Received.v1``: text) into ``folder`` and return the catalogue of ``topics``."""
    for name, text in texts.items():
        file = folder / f"{name}.avsc"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return read(topics, folder)


def a_small_catalogue(folder: Path) -> Catalogue:
    """Return two topics with three events, one of them in two versions."""
    topics = {
        "dossier.events": a_topic("Received", "Resolved"),
        "postal.events": a_topic("Ordered", domain="postal", retention_days=30),
    }
    texts = {
        "dossier/Received.v1": an_event("Received", "code"),
        "dossier/Received": an_event("Received", "code", optional=["note"]),
        "dossier/Resolved": an_event("Resolved", "code"),
        "postal/Ordered": an_event("Ordered", "number", domain="postal"),
    }
    return a_catalogue(folder, topics, texts)


class StoppingRegistry(LocalRegistry):
    """Registers so many schemas, then answers no more."""

    def __init__(self, store: Store, after: int) -> None:
        super().__init__(store)
        self.left = after

    def register(self, subject: str, schema: str) -> SchemaVersion:
        """Register, while there are calls left."""
        if not self.left:
            raise RegistryUnavailable("the registry has gone")
        self.left -= 1
        return super().register(subject, schema)


def ids_of(registry: SchemaRegistry) -> Iterator[tuple[int, str, int]]:
    """Yield id, subject and version of all that is registered, by id."""
    found = [one for subject in registry.subjects() for one in registry.versions(subject)]
    yield from sorted((one.schema_id, one.subject, one.version) for one in found)
