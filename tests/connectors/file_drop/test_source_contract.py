"""The file drop keeps every promise of a source, however its rows are named and its files written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.file_drop.source import FileSource
from tests.connectors.file_drop.making import HEADER, MAPPING, ROWS, a_source, drop
from tests.contracts.source import OpenSource, SourceContract

MANY = "".join(f"A{n % 7},step {n % 900},2026-11-24T08:00:00+07:00\n" for n in range(2500))


class TestRowsNamedByTheirCells(SourceContract):
    @pytest.fixture
    def open_source(self, tmp_path: Path) -> OpenSource:
        drop(tmp_path, HEADER + MANY + "A1,too,many,cells\n" * 2 + '"open\n')
        drop(tmp_path, HEADER + ROWS, "b.csv")
        return lambda: a_source(tmp_path)


class TestRowsNamedByColumns(SourceContract):
    @pytest.fixture
    def open_source(self, tmp_path: Path) -> OpenSource:
        rows = "".join(f"{n},step,2026-11-24T08:00:00+07:00\n" for n in range(1500))
        drop(tmp_path, HEADER + rows + ",step,2026-11-24T08:00:00Z\nA1,\0,2026-11-24T08:00:00Z\n")
        return lambda: a_source(tmp_path, MAPPING + "id: [case, step]\n")


class TestJsonLines(SourceContract):
    @pytest.fixture
    def open_source(self, tmp_path: Path) -> OpenSource:
        rows = [{"case": f"A{n}", "step": "opened", "at": "2026-11-24T08:00:00Z"} for n in range(1200)]
        drop(tmp_path, "\n".join(map(json.dumps, rows)) + "\n[]\n", "a.jsonl")
        return lambda: a_source(tmp_path, MAPPING.replace("*.csv", "*.jsonl"))


class TestWatching(SourceContract):
    @pytest.fixture
    def open_source(self, tmp_path: Path) -> OpenSource:
        drop(tmp_path, HEADER + ROWS + "A9,unfinished,2026-11-2")

        def opened() -> FileSource:
            source = a_source(tmp_path, MAPPING.replace('"*.csv"}', '"*.csv", settle_s: 0}'))
            source.watch()
            return source

        return opened
