"""What the database says of a person stays there: it is in no record, letter, ledger, log, metric or error.

Every value of the raw reply is a text that stands nowhere else, so that whoever puts one anywhere is found out.
"""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bus import metrics
from bus.errors import LienthongError
from connectors.population.answers import WHAT
from connectors.population.config import Config
from connectors.population.exchange import PopulationExchange
from connectors.population.simulator.people import Person, record
from connectors.simulation.chance import source
from tests.connectors.population.world import BORN, NAME, NUMBER, Log, SaysAnything, an_answer, an_asked, texts

ANSWERS = {
    "match": {}, "no match": {"ketQua": "0", "truongKhop": []}, "rejected": {"maLoi": "302", "thongBao": None},
    "busy": {"maLoi": "-1"}, "contradiction": {"thongBao": "không thành công"}, "no time": {"thoiGian": "canary"},
    "unknown code": {"maLoi": "canary", "thongBao": "canary"}, "refused": {"maLoi": "100", "thongBao": None},
}  # fmt: skip


def canaries(value: Any, place: str = "canary") -> Any:
    """Return a record in which every text is one of its own."""
    if isinstance(value, dict):
        return {name: canaries(inner, f"{place}-{name}") for name, inner in value.items()}
    return f"{place}-trị"


RAW = canaries(record(Person(NUMBER, NAME.upper(), BORN), source(1, "record", NUMBER))) | {"SoDinhDanh": NUMBER}


def forms(text: str) -> Iterator[bytes]:
    """Yield a text as somebody might have written it: as it is, escaped, in base64 at any offset, in hexadecimal."""
    raw = text.encode()
    yield raw
    yield json.dumps(text)[1:-1].encode()
    yield raw.hex().encode()
    for offset in range(3):
        yield base64.b64encode(b" " * offset + raw)[4 if offset else 0 : -4]


def everything(log: Log, folder: Path, said: str) -> bytes:
    """Return all that is left after a run: records and letters with their headers, the ledger's file, logs, metrics."""
    records = [*log.records(), *log.letters()]
    held = [bytes(one.value or b"") + bytes(one.key or b"") for one in records]
    headers = [bytes(value or b"") for one in records for _, value in one.headers]
    files = [file.read_bytes() for file in folder.glob("connectors.db*")]
    return b"|".join([*held, *headers, *files, said.encode(), metrics.exposition()])


@pytest.mark.parametrize("changes", ANSWERS.values(), ids=list(ANSWERS))
def test_no_value_of_the_raw_reply_is_found_anywhere(
    changes: dict[str, Any], log: Log, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    config = Config(base_url="http://127.0.0.1:1", username="u", secret="s", unit="H31")
    body = an_answer(**{"CongDan": RAW, "thongBao": "Thành công"} | changes)
    log.publish(an_asked())
    told = ""
    try:
        log.run(PopulationExchange(config, SaysAnything(body)))
    except LienthongError as error:
        told = "".join(traceback.format_exception(error)) + repr(error) + error.hint
    left = everything(log, tmp_path, told + caplog.text + "".join(repr(vars(one)) for one in caplog.records))
    found = [text for text in ["canary", *texts(RAW)] if text != NUMBER and any(form in left for form in forms(text))]
    assert WHAT in told or log.answers() or log.letters()
    assert found == []


def test_the_forms_that_are_looked_for_would_be_found() -> None:
    hidden = base64.b64encode(b"before " + "canary-TonGiao-trị".encode() + b" after")
    assert any(form in hidden for form in forms("canary-TonGiao-trị"))


def test_the_answer_tells_nothing_of_who_was_asked_about(log: Log, tmp_path: Path) -> None:
    config = Config(base_url="http://127.0.0.1:1", username="u", secret="s", unit="H31")
    log.publish(an_asked())
    log.run(PopulationExchange(config, SaysAnything(an_answer())))
    (answer,) = log.answers()
    held = repr(answer) + repr(log.entries())
    assert [text for text in (NUMBER, NAME, NAME.upper(), BORN) if text in held] == []
