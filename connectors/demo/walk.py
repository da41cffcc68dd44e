"""The demo's steps: write the case log, move it with the file drop, pick a dossier, balance the books.

All of it may be repeated on the same data, also after a kill -9: files are written whole or not at all, and what the
log has already is not told again. Another seed on the same data is refused.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib import resources
from pathlib import Path
from threading import Event

from bus.cli.session import Session
from bus.errors import ConfigError
from connectors.books import Tally
from connectors.demo import cases
from connectors.demo.books import Books, balance
from connectors.installed import find
from connectors.running import run
from connectors.sdk import Source

_MAPPING = "case-log.yaml"
_MARK = "demo.json"


class OtherDemo(ConfigError):
    """The data holds a demo of another seed: its dossiers would mix with these."""

    code = "LT-E1002"
    exit_code = 9


def write_case_log(folder: Path, seed: int, dossiers: int) -> Sequence[Path]:
    """Write what is not there yet of the first ``dossiers`` dossiers, a file for each extension; return all files.

    Raises :class:`OtherDemo`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_seed(folder / _MARK, seed)
    have = max((end for _, end in _ranges(folder)), default=0)
    if have < dossiers:
        _write(folder / f"case-log-{have:07}-{dossiers:07}.csv", cases.rows(seed, range(have, dossiers)))
    mapping = resources.files("connectors.demo") / _MAPPING
    _replace(folder / _MAPPING, mapping.read_text("utf-8"))
    return sorted(folder.glob("case-log-*.csv"))


def move(session: Session, folder: Path, stop: Event) -> Tally:
    """Run the file drop over the case log once, and return its books."""
    (part,) = find("file-drop").open(folder / _MAPPING)
    assert isinstance(part, Source)  # noqa: S101 - a file drop has one part
    with closing(part) as source:
        return run(session, source, once=True, stop=stop)


def balanced(session: Session, folder: Path, seed: int) -> Books:
    """Return the books over all that the folder holds."""
    files = sorted(folder.glob("case-log-*.csv"))
    numbers = range(max((end for _, end in _ranges(folder)), default=0))
    bad = sum(row.is_bad for number in numbers for row in cases.dossier(seed, number))
    return balance(files, bad, session.engine.log)


def telling_dossier(seed: int, dossiers: int) -> str:
    """Return the code of the dossier that has most to tell: one that was paid for and sent by post, as a rule."""
    numbers = range(min(dossiers, 500))
    return cases.dossier_code(max(numbers, key=lambda number: len(cases.dossier(seed, number)), default=0))


def _check_seed(mark: Path, seed: int) -> None:
    if not mark.exists():
        _replace(mark, json.dumps({"seed": seed}))
    known = json.loads(mark.read_text("utf-8"))["seed"]
    if known != seed:
        raise OtherDemo(
            f"{mark.parent} holds a demo of seed {known}, not {seed}",
            hint=f"Say `--seed {known}`, or take another folder with `--data`.",
        )


def _ranges(folder: Path) -> Iterator[tuple[int, int]]:
    for file in folder.glob("case-log-*.csv"):
        _, _, start, end = file.stem.split("-")
        yield int(start), int(end)


def _write(file: Path, rows: Sequence[cases.Row]) -> None:
    growing = file.with_suffix(".writing")
    with growing.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, cases.COLUMNS)
        writer.writeheader()
        writer.writerows(row.cells for row in rows)
        stream.flush()
        os.fsync(stream.fileno())
    growing.replace(file)


def _replace(file: Path, text: str) -> None:
    growing = file.with_suffix(".writing")
    growing.write_text(text, encoding="utf-8")
    growing.replace(file)
