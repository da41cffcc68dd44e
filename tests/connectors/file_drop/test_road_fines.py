"""Real police fines, by the mapping that is shipped. The log is not in the project: ``LIENTHONG_TEST_DATA`` has it."""

from __future__ import annotations

import csv
import os
import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

import connectors.file_drop
from connectors.file_drop.opening import open_source
from tests.connectors.file_drop.making import Walk

EXAMPLE = Path(connectors.file_drop.__file__).parent / "examples" / "road-fines.yaml"


@pytest.fixture
def fines(tmp_path: Path) -> Path:
    """Return the mapping beside the log, or leave the test out where the log is not."""
    log = Path(os.environ.get("LIENTHONG_TEST_DATA", "")) / "road-fines.csv"
    if not log.is_file():
        pytest.skip("road-fines.csv is not there: LIENTHONG_TEST_DATA names the folder that has it")
    shutil.copy(log, tmp_path)
    shutil.copy(EXAMPLE, tmp_path)
    return tmp_path / EXAMPLE.name


def rows_of(mapping: Path) -> list[dict[str, str]]:
    """Return the log's rows, read by other means."""
    with (mapping.parent / "road-fines.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_every_row_tells_its_events_and_none_is_buried(fines: Path, walk: Walk) -> None:
    activities = Counter(row["concept:name"] for row in rows_of(fines))
    books = walk.run(open_source(fines))
    assert books.counts() == {
        "rows": activities.total(),
        "published": activities.total() + activities["Create Fine"],
        "deduplicated": 0,
        "dead_lettered": 0,
    }
    types = Counter(
        event.type for topic in ("dossier", "postal", "payment") for event in walk.events(f"{topic}.events")
    )
    assert types["DossierReceived"] == activities["Create Fine"]
    assert types["FeeAsked"] == activities["Create Fine"] + activities["Add penalty"]
    assert types["PaymentConfirmed"] == activities["Payment"]
    assert types["PostalOrdered"] == activities["Send Fine"]


def test_money_is_exact_and_each_case_keeps_its_order(fines: Path, walk: Walk) -> None:
    rows = rows_of(fines)
    walk.run(open_source(fines))
    paid = sum(event.payload["amount"]["amount"] for event in walk.events("payment.events"))
    assert paid == sum(Decimal(row["paymentAmount"]) for row in rows if row["paymentAmount"])
    times: dict[str, list[str]] = {}
    for event in walk.events("dossier.events"):
        times.setdefault(event.key, []).append(event.time.isoformat())
    assert all(found == sorted(found) for found in times.values())


def test_a_second_run_and_a_copy_publish_nothing(fines: Path, walk: Walk) -> None:
    published = walk.run(open_source(fines)).published
    fines.write_text(fines.read_text("utf-8").replace("path: road-fines.csv", 'path: "*.csv"'), encoding="utf-8")
    shutil.copy(fines.parent / "road-fines.csv", fines.parent / "copy.csv")
    again = walk.run(open_source(fines))
    assert (again.published, again.deduplicated, again.dead_lettered) == (0, published * 2, 0)
