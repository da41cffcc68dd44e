"""The demo's books: the case log's files on one side, the log on the other, counted apart and compared.

Neither the file drop's counters nor its mapping are asked: what each activity should become is said here once more.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import Struct

from bus.deadletters import dead_letter_topic
from bus.pages import pages
from bus.records import Record
from bus.settlements import read_settlement
from bus.transport import Transport

DOSSIER, PAYMENT, POSTAL = "dossier.events", "payment.events", "postal.events"
TOPICS = (DOSSIER, PAYMENT, POSTAL)

BECOMES: Mapping[str, Sequence[tuple[str, str]]] = {
    "Nộp hồ sơ": [(DOSSIER, "DossierSubmitted")],
    "Tiếp nhận": [(DOSSIER, "DossierReceived")],
    "Từ chối": [(DOSSIER, "DossierRefused")],
    "Xử lý": [(DOSSIER, "DossierStepDone")],
    "Yêu cầu bổ sung": [(DOSSIER, "SupplementAsked")],
    "Đã bổ sung": [(DOSSIER, "SupplementGiven")],
    "Thông báo lệ phí": [(DOSSIER, "FeeAsked"), (PAYMENT, "PaymentRequested")],
    "Đã nộp lệ phí": [(PAYMENT, "PaymentConfirmed")],
    "Có kết quả": [(DOSSIER, "DossierResolved")],
    "Gửi bưu chính": [(POSTAL, "PostalOrdered")],
    "Hành trình bưu gửi": [(POSTAL, "PostalStatusChanged")],
    "Trả kết quả": [(DOSSIER, "DossierReturned")],
}

Lane: TypeAlias = tuple[str, str]
"""A topic and a dossier: within it, order counts."""


class Books(Struct, frozen=True, kw_only=True):
    """Both sides. ``missing`` and ``unexpected`` are events, ``disordered`` dossiers whose events swapped places."""

    dossiers: int
    rows: int
    bad_rows: int
    events: int
    missing: int
    unexpected: int
    repeated: int
    disordered: int
    dead_letters: int
    by_type: Mapping[str, int]

    @property
    def balanced(self) -> bool:
        """Tell whether every good row is in the log once, in order, and every bad one in the dead letters."""
        wrong = self.missing + self.unexpected + self.repeated + self.disordered
        return wrong == 0 and self.dead_letters == self.bad_rows

    def answer(self) -> dict[str, Any]:
        """Return the books by name, for JSON."""
        found = {name: getattr(self, name) for name in self.__struct_fields__}
        return {**found, "by_type": dict(self.by_type), "balanced": self.balanced}


def balance(files: Iterable[Path], bad_rows: int, log: Transport) -> Books:
    """Count the files' rows and the log's records, and compare them lane by lane."""
    asked: dict[Lane, list[str]] = defaultdict(list)
    dossiers: set[str] = set()
    rows = 0
    for row in _rows(files):
        rows += 1
        dossiers.add(row["ma_ho_so"])
        for topic, event_type in _becomes(row):
            asked[topic, row["ma_ho_so"]].append(event_type)
    told: dict[Lane, list[str]] = defaultdict(list)
    ids: Counter[bytes] = Counter()
    for record in _records(log, TOPICS):
        ids[record.header("ce_id") or b""] += 1
        told[record.topic, _text(record.key)].append(_text(record.header("ce_type")))
    return Books(
        dossiers=len(dossiers),
        rows=rows,
        bad_rows=bad_rows,
        events=ids.total(),
        missing=_surplus(asked, told),
        unexpected=_surplus(told, asked),
        repeated=sum(count - 1 for count in ids.values()),
        disordered=sum(told[lane] != types and Counter(told[lane]) == Counter(types) for lane, types in asked.items()),
        dead_letters=sum(read_settlement(one) is None for one in _records(log, [*map(dead_letter_topic, TOPICS)])),
        by_type=dict(sorted(Counter(event_type for types in told.values() for event_type in types).items())),
    )


def _becomes(row: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """A bad row becomes nothing: an activity that nobody knows, or an amount that is none."""
    amount = row["so_tien"]
    return BECOMES.get(row["hoat_dong"], ()) if not amount or amount.isdecimal() else ()


def _surplus(left: Mapping[Lane, list[str]], right: Mapping[Lane, list[str]]) -> int:
    return sum((Counter(types) - Counter(right.get(lane, ()))).total() for lane, types in left.items())


def _rows(files: Iterable[Path]) -> Iterator[dict[str, str]]:
    for file in files:
        with file.open(encoding="utf-8", newline="") as stream:
            yield from csv.DictReader(stream)


def _records(log: Transport, topics: Sequence[str]) -> Iterator[Record]:
    for topic in topics:
        for partition, span in log.ends(topic).items():
            for page in pages(log, partition, *span):
                yield from page.sound()


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")
