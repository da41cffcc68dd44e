"""Metrics and logs tell names, places and counts, and never whose data it was."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from bus import logs, metrics
from bus.errors import DecodeError

ALLOWED_LABELS = {"topic", "group", "outcome", "code", "stage", "source", "type", "rule", "le", "hook",
                  "verdict", "connector"}  # fmt: skip


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the logs go during one test."""
    root = logging.getLogger(logs.ROOT)
    before = (root.handlers[:], root.level, root.propagate)
    yield io.StringIO()
    root.handlers[:], root.level, root.propagate = before[0], before[1], before[2]


def test_every_label_is_one_of_those_that_name_nobody() -> None:
    metrics.consumed("t", "g", "handled")
    metrics.buried("t", "LT-E1", "decode")
    metrics.page_took("g", 0.1)
    metrics.source_items("s", "rows")
    metrics.rule_noted("t", "r")
    metrics.notice("h", "accepted")
    metrics.delivered("c", "delivered")
    found = {label for family in metrics.REGISTRY.collect() for sample in family.samples for label in sample.labels}
    assert found <= ALLOWED_LABELS


def test_every_metric_is_ours_by_name_and_described() -> None:
    families = list(metrics.REGISTRY.collect())
    assert families
    assert all(family.name.startswith("lienthong_") and family.documentation for family in families)


def test_the_text_form_is_prometheus_own() -> None:
    metrics.retried("LT-E3010")
    assert b'lienthong_retries_total{code="LT-E3010"}' in metrics.exposition()


def test_an_event_is_one_line_of_json(stream: io.StringIO) -> None:
    logs.configure("json", stream=stream)
    logs.tell(logs.logger("bus.test"), logging.INFO, "two\nlines", group="g", level="x")
    line = json.loads(stream.getvalue())
    assert stream.getvalue().count("\n") == 1
    assert (line["event"], line["group"], line["level_"], line["level"]) == ("two\nlines", "g", "x", "info")


def test_a_persons_line_keeps_to_one_line(stream: io.StringIO) -> None:
    logs.configure("text", stream=stream)
    logs.tell(logs.logger("bus.test"), logging.WARNING, "a\nb", place="x/0/1")
    assert stream.getvalue().endswith('WARNING a\\nb: place="x/0/1"\n')


def test_an_error_of_ours_is_told_with_its_code(stream: io.StringIO) -> None:
    logs.configure("json", stream=stream)
    try:
        raise DecodeError("t/0/1: not Avro")
    except DecodeError:
        logs.logger("bus.test").exception("failed")
    error = json.loads(stream.getvalue())["error"]
    assert error == {"type": "DecodeError", "code": "LT-E2102", "message": "t/0/1: not Avro"}


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_strange_errors_own_text_is_not_told(stream: io.StringIO, form: str) -> None:
    logs.configure(form, stream=stream)
    try:
        raise KeyError("Nguyễn Văn A")
    except KeyError:
        logs.logger("bus.test").exception("failed")
    assert "KeyError" in stream.getvalue()
    assert "Nguy" not in stream.getvalue()


def test_a_level_that_nobody_hears_costs_no_line(stream: io.StringIO) -> None:
    logs.configure("json", stream=stream, level=logging.ERROR)
    logs.tell(logs.logger("bus.test"), logging.INFO, "quiet")
    assert stream.getvalue() == ""
