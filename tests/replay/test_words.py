"""What people read: words from the contracts' own docs, in two languages, and nothing about a person."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from bus.cli.moments import zone_of
from bus.cli.plain import plain
from bus.envelope import Envelope, event_id
from bus.records import TopicPartition
from bus.transport import Span
from replay.moments import Window
from replay.reading import Coverage, Gap, Unreadable
from replay.telling import event_lines, found_lines, statement
from replay.timeline import Happening
from replay.words import SENTENCES, Lang, Words, lang_of
from tests.replay.doubles import DOSSIER, NOON, a_catalogue, an_event

HANOI = zone_of("Asia/Ho_Chi_Minh")
ENGLISH = Words(a_catalogue(), "en")


def test_an_event_is_told_in_the_words_of_its_contract() -> None:
    one = Happening(place="dossier.events/0/1", event=an_event(), occurred=0, accepted=0, because="dossier.events/0/0",
                    because_type="DossierReceived")  # fmt: skip
    assert "\n".join(event_lines(one, ENGLISH, HANOI)) == (
        "01/01/1970 08:00:00  The dossier was received [DossierReceived]  H56.14 · one-stop  dossier.events/0/1\n"
        "                     channel online; led to by «The dossier was received», dossier.events/0/0"
    )


def test_a_search_tells_what_an_event_belongs_to() -> None:
    one = Happening(place="a/0/1", event=an_event(), occurred=0, accepted=0)
    line = next(iter(found_lines(one, ENGLISH, HANOI)))
    assert f"[DossierReceived]  {DOSSIER}  H56.14" in line


@pytest.mark.parametrize(("count", "said"), [(1, "1 event was"), (2, "2 events were")])
def test_one_is_told_as_one(count: int, said: str) -> None:
    assert ENGLISH.say("later", count=count) == f"{said} accepted later."


def test_every_sentence_stands_in_both_languages_and_takes_the_same_facts() -> None:
    facts = {lang: {name: set(re.findall(r"{(\w+)", text)) for name, text in said.items()}
             for lang, said in SENTENCES.items()}  # fmt: skip
    assert facts["vi"] == facts["en"]


STATUS = {
    "type": "record", "name": "PostalStatusChanged",
    "doc": "Trạng thái bưu gửi thay đổi. / A parcel's status changed.",
    "fields": [
        {"name": "status", "type": "string", "doc": "Trạng thái. / The status."},
        {"name": "fee", "type": "string", "doc": "Cước mà bưu chính báo cho bưu gửi này khi nhận. / The fee."},
        {"name": "sourceTime", "type": "string", "doc": "Giờ của nguồn. / The source's time."},
    ],
}  # fmt: skip


def status_changed(**payload: object) -> Envelope:
    return Envelope(id=event_id("post", "1"), type="PostalStatusChanged", source="post", key="1", time=NOON,
                    payload=payload)  # fmt: skip


def in_words(lang: Lang, **payload: object) -> str:
    catalogue = SimpleNamespace(events=(SimpleNamespace(type="PostalStatusChanged", schema=json.dumps(STATUS)),))
    return Words(catalogue, lang).details(status_changed(**payload))  # type: ignore[arg-type]


def test_a_code_is_told_with_its_meaning() -> None:
    status = {"code": "14", "codeSystem": "VNPOST", "validAt": None}
    assert (in_words("vi", status=status), in_words("en", status=status)) == (
        "trạng thái 14 (Phát thành công)", "status 14 (Delivered)",
    )  # fmt: skip


def test_a_foreign_code_is_told_as_it_is() -> None:
    assert in_words("en", status={"code": "X", "codeSystem": "IT-FINE-POST"}) == "status X"


def test_a_field_whose_words_are_many_goes_by_the_first_of_them_and_an_amount_by_its_currency() -> None:
    fee = {"amount": Decimal("8000.00"), "currency": "VND"}
    assert in_words("vi", fee=fee, sourceTime="24/11/2026") == "cước 8000 VND"


@pytest.mark.parametrize(
    ("lang", "code", "name"),
    [("vi", "H31", "Ủy ban nhân dân tỉnh Hưng Yên (H31)"), ("en", "G01", "Ministry of Public Security (G01)"),
     ("vi", "VNPOST", "VNPOST")],
)  # fmt: skip
def test_an_agency_is_told_by_its_name_where_there_is_one(lang: str, code: str, name: str) -> None:
    event = replace(an_event(), agency=code)
    assert Words(a_catalogue(), "vi" if lang == "vi" else "en").agency(event) == name


@pytest.mark.parametrize(("lang", "title"), [("vi", "Hồ sơ đã được tiếp nhận"), ("en", "The dossier was received")])
def test_titles_come_in_both_languages(lang: str, title: str) -> None:
    assert Words(a_catalogue(), "vi" if lang == "vi" else "en").title("DossierReceived") == title


def test_a_type_of_another_installation_is_told_by_its_name() -> None:
    assert ENGLISH.title("RocketLaunched") == "RocketLaunched"


def test_the_statement_names_what_was_not_searched_and_not_read() -> None:
    name = TopicPartition("dossier.events", 0)
    gap = Gap(partition=name, first=3, end=9, reason="it is being read")
    coverage = Coverage(searched_at=0, spans={name: Span(0, 9)}, gaps=[gap])
    text = "\n".join(statement(coverage, [Unreadable(place="dossier.events/0/2", code="LT-E2102")], ENGLISH, HANOI))
    assert "dossier.events/0, offsets 3 to 8" in text
    assert "1 record could not be read: dossier.events/0/2 (LT-E2102)" in text


@pytest.mark.parametrize(
    ("option", "setting", "lang"), [("vi", "en", "vi"), (None, "vi", "vi"), (None, "", "vi"), ("en", "vi", "en")]
)
def test_the_nearest_wish_decides_the_language(
    monkeypatch: pytest.MonkeyPatch, option: str | None, setting: str, lang: str
) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", "vi_VN.UTF-8")
    assert lang_of(option, setting) == lang


def test_values_that_json_lacks_become_texts() -> None:
    assert plain({"a": [Decimal("35.50"), b"\x00", None, True]}) == {"a": ["35.50", "AA==", None, True]}


def test_an_undated_record_counts_in_every_range() -> None:
    assert Window(first=1, last=2).holds(None, None)
