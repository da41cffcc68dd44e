"""Words for people, in Vietnamese and English: what an event means comes from its schema's own ``doc``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import TYPE_CHECKING, Any, Literal

from bus.envelope import Envelope
from schemas.catalogue import parsed
from schemas.codes import CodeError, table

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue

Lang = Literal["vi", "en"]
_SHOWN = 3
_LONGEST = 60
_LONGEST_LABEL = 32
_QUALIFIERS: dict[Lang, tuple[str, ...]] = {
    "vi": (", ", "; ", " của ", " theo ", " sau ", " có ", " mà ", " đã ", " được ", " tại ", " khi ", " do "),
    "en": (", ", "; ", " of ", " in ", " with ", " after ", " that ", " under ", " by ", " on ", " for ", " where "),
}
_PROVENANCE = ("sourceTime", "rawHash")

SENTENCES: dict[Lang, dict[str, str]] = {
    "en": {
        "dossier": "Dossier {dossier}: {count:event|events}, times in {zone}",
        "as_of": "as the bus knew it at {time}",
        "because": "led to by «{title}», {place}",
        "now": "Latest: {title}, at {time}.",
        "searched_all": "Searched all {topics:topic|topics} ({partitions:partition|partitions},"
        " {records:record|records}) to their ends at {time}.",
        "searched": "Searched {topics:topic|topics} ({partitions:partition|partitions}, {records:record|records})"
        " to their ends at {time}.",
        "matched": "{matched:event matches|events match}; the first {shown:is|are} shown (--max).",
        "unreadable": "{count:record|records} could not be read: {places}",
        "unattributed": "{count:row that nobody could read lies|rows that nobody could read lie} in the dead letters"
        " and may be about any dossier: `lienthong deadletter list`",
        "dead_letters": "{count:record of this dossier lies|records of this dossier lie} in the dead letters: {places}",
        "gap": "Not searched: {place}, offsets {first} to {last}, because {reason}.",
        "repeats": "{count:record repeats|records repeat} an event that is shown once.",
        "conflicts": "{count:record tells|records tell} an event that is shown with another content: {places}",
        "outside": "{count:more event lies|more events lie} outside of the time that was asked for.",
        "later": "{count:event was|events were} accepted later.",
        "retained": "{count:partition begins|partitions begin} after the first record: retention or compaction took"
        " what was before.",
        "nothing": "Nothing was found.",
        "no_topics": "There is no topic yet. Next: `lienthong topic apply`",
        "unknown_type": "The contracts have no event type `{type}`: `lienthong schema list` has them.",
        "mistyped": "The contracts have no event type `{type}`. Did you mean `{nearest}`?",
        "more": "and {count} more",
    },
    "vi": {
        "dossier": "Hồ sơ {dossier}: {count} sự kiện, giờ theo {zone}",
        "as_of": "như trục đã biết lúc {time}",
        "because": "do «{title}» dẫn tới, {place}",
        "now": "Gần nhất: {title}, lúc {time}.",
        "searched_all": "Đã tìm trong cả {topics} chủ đề ({partitions} phân vùng, {records} bản ghi)"
        " tới cuối lúc {time}.",
        "searched": "Đã tìm trong {topics} chủ đề ({partitions} phân vùng, {records} bản ghi) tới cuối lúc {time}.",
        "matched": "{matched} sự kiện khớp; hiện {shown} sự kiện đầu (--max).",
        "unreadable": "{count} bản ghi không đọc được: {places}",
        "unattributed": "{count} dòng không ai đọc được nằm trong thư chết; có thể thuộc bất kỳ hồ sơ nào:"
        " `lienthong deadletter list`",
        "dead_letters": "{count} bản ghi của hồ sơ này nằm trong thư chết: {places}",
        "gap": "Chưa tìm: {place}, từ {first} đến {last}, vì {reason}.",
        "repeats": "{count} bản ghi lặp lại sự kiện đã hiện một lần.",
        "conflicts": "{count} bản ghi kể một sự kiện đã hiện nhưng với nội dung khác: {places}",
        "outside": "{count} sự kiện khác nằm ngoài khoảng thời gian được hỏi.",
        "later": "{count} sự kiện được tiếp nhận sau đó.",
        "retained": "{count} phân vùng không còn bản ghi đầu tiên: phần trước đó đã hết hạn lưu hoặc được thu gọn.",
        "nothing": "Không tìm thấy gì.",
        "no_topics": "Chưa có chủ đề nào. Tiếp theo: `lienthong topic apply`",
        "unknown_type": "Không có loại sự kiện `{type}`: xem `lienthong schema list`.",
        "mistyped": "Không có loại sự kiện `{type}`. Ý bạn là `{nearest}`?",
        "more": "và {count} bản ghi khác",
    },
}


class _Counting(Formatter):
    """Fills in facts; ``{count:event|events}`` becomes ``1 event`` or ``2 events``."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, bar, many = format_spec.partition("|")
        return f"{value} {one if value == 1 else many}" if bar else str(super().format_field(value, format_spec))


_FILL = _Counting().format


def lang_of(option: str | None, setting: str) -> Lang:
    """Return the language to speak: the option's, the setting's, else the terminal's, else English."""
    asked = option or setting or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "vi" if asked.casefold().startswith("vi") else "en"


class Words:
    """Speaks one language about the events of one catalogue."""

    def __init__(self, catalogue: Catalogue, lang: Lang) -> None:
        self._entries = {entry.type: entry for entry in catalogue.events}
        self._lang = lang

    def say(self, name: str, **facts: object) -> str:
        """Return a sentence with its facts in place."""
        return _FILL(SENTENCES[self._lang][name], **facts)

    def title(self, event_type: str) -> str:
        """Return what an event of this type means, in a few words."""
        return _sentence(self._schema(event_type).get("doc", ""), self._lang) or event_type

    def details(self, event: Envelope) -> str:
        """Return a few short values of an event; none that is about a person, and no identifier."""
        shown = [(field, _short(event.payload.get(field["name"]), event, self._lang)) for field in self._open(event)]
        return ", ".join(f"{self._label(field)} {text}" for field, text in [one for one in shown if one[1]][:_SHOWN])

    def _open(self, event: Envelope) -> Iterator[Mapping[str, Any]]:
        """Yield the fields that anybody may read, provenance left out: the envelope tells source and time."""
        for field in self._schema(event.type).get("fields", []):
            if not field.get("confluent:tags") and field["name"] not in _PROVENANCE:
                yield field

    def _label(self, field: Mapping[str, Any]) -> str:
        """Return what a field is called: its contract's words where they are few, else its name."""
        return _few(_sentence(field.get("doc", ""), self._lang), self._lang) or str(field["name"])

    def agency(self, event: Envelope) -> str:
        """Return who vouches for an event: the name that its code had on that day, and the code; else the code."""
        code = event.agency or ""
        name = _meaning({"code": code, "codeSystem": "VN-AGENCY"}, event, self._lang) if code else ""
        return f"{name} ({code})" if name else code

    def _schema(self, event_type: str) -> dict[str, Any]:
        return parsed(self._entries[event_type]) if event_type in self._entries else {}


def _sentence(doc: str, lang: Lang) -> str:
    """Return the first sentence of one language of a ``doc``, which is ``Vietnamese. / English.``

    >>> _sentence("Hồ sơ được tiếp nhận. / The dossier was received.", "en")
    'The dossier was received'
    """
    vietnamese, _, english = doc.partition(" / ")
    text = vietnamese if lang == "vi" else english or vietnamese
    return text.strip().partition(". ")[0].rstrip(".")


def _few(sentence: str, lang: Lang) -> str:
    """Return a sentence's head in few words, cut where a qualifier begins; empty where it has none so short.

    >>> _few("Trạng thái mới theo bảng mã của bưu điện", "vi")
    'trạng thái mới'
    >>> _few("The number that the asking side gave to the request", "en")
    'number'
    """
    words = (sentence[:1].lower() + sentence[1:]).partition(":")[0].partition(" (")[0].removeprefix("the ")
    while len(words) > _LONGEST_LABEL:
        cuts = [words.rfind(cut) for cut in _QUALIFIERS[lang]]
        words = words[: max(cuts)] if max(cuts) > 0 else ""
    return words.rstrip(",;")


def _short(value: Any, event: Envelope, lang: Lang) -> str:
    """Return a scalar, a code with its meaning, or an amount with its currency; the rest is left to --json."""
    if isinstance(value, Mapping):
        if "code" in value:
            return _code(value, event, lang)
        if "amount" in value:
            return f"{value['amount']:f}".removesuffix(".00") + f" {value.get('currency', '')}"
        return ""
    if value is None or isinstance(value, bool | bytes | list):
        return ""
    text = str(value)
    return text if len(text) <= _LONGEST else ""


def _code(value: Mapping[str, Any], event: Envelope, lang: Lang) -> str:
    """Return a code, with its meaning where a table of ours has one."""
    code, meaning = str(value["code"]), _meaning(value, event, lang)
    return f"{code} ({meaning})" if meaning else code


def _meaning(value: Mapping[str, Any], event: Envelope, lang: Lang) -> str:
    """Return what a code meant on the day that is meant; empty where no table of ours tells that."""
    try:
        found = table(value.get("codeSystem", "")).find(str(value["code"]), value.get("validAt") or event.time.date())
    except CodeError:
        return ""
    return str(getattr(found, lang, ""))
