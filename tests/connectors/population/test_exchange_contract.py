"""The exchange keeps the promises of every sink."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.population.simulator import Simulator
from connectors.population.simulator.people import Person, record
from connectors.sdk import Operation
from connectors.simulation.chance import source
from tests.connectors.population.world import (
    BORN,
    ENDPOINT,
    NAME,
    NUMBER,
    OFFICIAL,
    an_asked,
    code,
    open_exchange,
    texts,
)  # fmt: skip
from tests.contracts.sink import Partner, SinkContract


class TestPopulationExchange(SinkContract):
    @pytest.fixture
    def partner(self, tmp_path: Path) -> Iterator[Partner]:
        with Simulator(tmp_path / "population", seed=1) as simulator:

            def opened(base_url: str, **changes: Any) -> Any:
                return open_exchange(tmp_path, base_url, signed_url=simulator.base_url + ENDPOINT, **changes)

            (tmp_path / "other").write_text("sai", "utf-8")
            yield Partner(
                base_url=simulator.base_url,
                open_sink=opened,
                open_stranger=lambda base_url: opened(base_url, secret="file:other"),
                events=[
                    an_asked("R-1"),
                    an_asked("R-2", person=code("151234567", "VN-CMND")),
                    an_asked("R-3", birthDate="1990"),
                ],
                bad_events=[an_asked("R-4", officerNumber=None), an_asked("R-5", person=code("1", "VN-PERSON"))],
                effects=lambda operation: effects(simulator, operation),
                personal=[NAME, NAME.upper(), NUMBER, BORN, OFFICIAL, "151234567", *told(simulator)],
            )


def effects(simulator: Simulator, operation: Operation) -> int:
    """Return how often a look was made."""
    return sum(call.acted for call in simulator.store.calls() if call.reference == operation.reference)


def told(simulator: Simulator) -> list[str]:
    """Return what the database says of a person beside what was asked; short texts stand anywhere."""
    person = Person(NUMBER, NAME.upper(), BORN)
    return [text for text in texts(record(person, source(1, "record", NUMBER))) if len(text) > 5]
