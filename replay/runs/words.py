"""What replays say to people, in Vietnamese and English: sentences, numbers, and the meaning of our own codes."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from string import Formatter
from typing import Any

from bus.cli.moments import as_clock
from replay.words import Lang
from schemas.codes import table

_MINUTE, _HOUR = 60, 3600

SENTENCES: dict[Lang, dict[str, str]] = {
    "en": {
        "plan": "Plan {run}, made at {time} by {who}",
        "label_what": "What",
        "what": "{records:record|records} of {topics:topic|topics} ({names}), {size:byte|bytes}",
        "happened": "happened {first} to {last}",
        "accepted": "accepted {first} to {last}",
        "undated": "{count:record tells|records tell} no time of happening; no range leaves such out",
        "label_asked": "Asked for",
        "asked_all": "everything that is history: neither the books of replays (audit.events) nor copies (replay.*)",
        "asked_topics": "topic {names}",
        "asked_types": "type {names}",
        "asked_agency": "agency {agency}",
        "asked_dossier": "dossier {value}",
        "asked_identity": "one {kind}, whose value no plan tells",
        "asked_key": "one key, whose value no plan tells",
        "asked_from": "from {time} on",
        "asked_to": "up to {time}",
        "asked_by_occurred": "by when it happened",
        "asked_by_accepted": "by when the bus accepted it",
        "books_apart": "{names}: the books of replays are read only where they are named, by `--topic audit.events`",
        "label_data": "Data",
        "data": "{what}: may be in {records:record|records}, {count:field|fields}: {names}",
        "data_of": "{what}: may be in {records:record|records}, {count:field|fields}:",
        "no_data": "no field that contracts tag",
        "label_mask": "Mask",
        "mask": "{mask}; hidden: {meaning}",
        "mask_none": "NOTHING IS HIDDEN (none): names, numbers and addresses are given as they stand",
        "mask_open": "stays open: ids of events, times, agencies, procedures, amounts; so this is not anonymous",
        "label_reason": "Reason",
        "label_target": "Target",
        "target_http": "HTTP endpoint, which is asked whether it wants replays before anything is sent",
        "label_pace": "Pace",
        "pace_flat": "as fast as it goes; about {takes}",
        "pace_occurred": "{speed} times the pace at which it happened; about {takes}",
        "pace_accepted": "{speed} times the pace at which the bus accepted it; about {takes}",
        "max_gap": "no wait over {seconds} s",
        "label_missing": "Missing",
        "missing": "{place}, offsets {first} to {last}: {why}",
        "missing_one": "{place}, offset {first}: {why}",
        "missing_retention": "removed by retention",
        "missing_hole": "lost; a person accepted the loss",
        "missing_damaged": "damaged",
        "missing_unreadable": "nobody can read it ({code})",
        "missing_unsearched": "the index could not look there",
        "label_digest": "Digest",
        "more": "and {count} more",
        "next_run": "Next: lienthong replay run {run}",
        "nothing": "Nothing in the log is what was asked for, so no plan was written.",
        "label_run": "Run",
        "state_planned": "planned, not run yet",
        "state_running": "running",
        "state_interrupted": "interrupted",
        "state_done": "done",
        "state_partial": "done in part",
        "state_cancelled": "cancelled",
        "run_began": "begun at {time} by {who}",
        "run_ended": "ended at {time} by {who}",
        "given": "{given} of {records:record|records} given",
        "given_unknown": "nobody can tell how many of {records:record|records} were given",
        "left": "{count:record was|records were} left out, since no mask could be put on: {places}",
        "no_plan": "Run {run}: its plan is no longer on the shelf, and this is what `audit.events` tells of it.",
        "result_done": "Replayed {records:record|records} to {where}, in {takes}.",
        "result_partial": "Replayed {records:record|records} to {where}, in {takes}; something is missing.",
        "result_interrupted": "Stopped behind record {records} of {total}.",
        "result_cancelled": "The run was cancelled behind record {records} of {total}.",
        "result_asked": "The process that runs it was asked to stop for good, and does so behind the records in hand.",
        "result_already": "Run {run} ended at {time} ({state}): nothing was done.",
        "result_over": "Run {run} has ended ({state}): nothing was done.",
        "result_withdrawn": "The plan {run} was never run. It is withdrawn: it is on the shelf no more.",
        "copies": "A copy of its file can still be run: delete it, too.",
        "partial_stays": "What was written stays in {file}, which can be read: delete it if nobody needs it.",
        "lacks": "All of the plan: `lienthong replay show {run}`",
        "next_goes_on": "Next: lienthong replay run {run} goes on where it stopped",
        "none_yet": "There is no plan yet. Next: `lienthong replay plan --target history.avro`",
        "unreadable": "{count:record|records} of the books could not be read: {places}",
        "column_run": "run",
        "column_time": "at",
        "column_who": "who",
        "column_records": "records",
        "column_target": "target",
        "column_mask": "mask",
        "column_state": "state",
        "column_given": "given",
        "column_reason": "reason",
    },
    "vi": {
        "plan": "Kế hoạch {run}, do {who} lập lúc {time}",
        "label_what": "Nội dung",
        "what": "{records} bản ghi của {topics} chủ đề ({names}), {size} byte",
        "happened": "xảy ra từ {first} đến {last}",
        "accepted": "được tiếp nhận từ {first} đến {last}",
        "undated": "{count} bản ghi không cho biết lúc xảy ra, nên thuộc mọi khoảng thời gian",
        "label_asked": "Yêu cầu",
        "asked_all": "toàn bộ lịch sử: không gồm sổ phát lại (audit.events) và các bản sao (replay.*)",
        "asked_topics": "chủ đề {names}",
        "asked_types": "loại {names}",
        "asked_agency": "cơ quan {agency}",
        "asked_dossier": "hồ sơ {value}",
        "asked_identity": "một định danh dạng {kind}, kế hoạch không ghi giá trị",
        "asked_key": "một khóa, kế hoạch không ghi giá trị",
        "asked_from": "từ {time}",
        "asked_to": "đến {time}",
        "asked_by_occurred": "theo lúc xảy ra",
        "asked_by_accepted": "theo lúc trục tiếp nhận",
        "books_apart": "{names}: sổ phát lại chỉ được đọc khi nêu tên, bằng `--topic audit.events`",
        "label_data": "Dữ liệu",
        "data": "{what}: có thể có trong {records} bản ghi, {count} trường: {names}",
        "data_of": "{what}: có thể có trong {records} bản ghi, {count} trường:",
        "no_data": "không có trường nào mang nhãn",
        "label_mask": "Che",
        "mask": "{mask}: {meaning}",
        "mask_none": "KHÔNG CHE (none): họ tên, số định danh, địa chỉ, … sẽ hiện nguyên văn",
        "mask_open": "vẫn để lộ: mã sự kiện, thời gian, cơ quan, thủ tục, số tiền; nên chưa phải là ẩn danh",
        "label_reason": "Lý do",
        "label_target": "Nơi nhận",
        "target_http": "địa chỉ HTTP, sẽ được hỏi có đồng ý nhận không trước khi gửi bất cứ gì",
        "label_pace": "Nhịp",
        "pace_flat": "nhanh nhất có thể; khoảng {takes}",
        "pace_occurred": "gấp {speed} lần nhịp xảy ra; khoảng {takes}",
        "pace_accepted": "gấp {speed} lần nhịp trục tiếp nhận; khoảng {takes}",
        "max_gap": "không chờ quá {seconds} s",
        "label_missing": "Còn thiếu",
        "missing": "{place}, từ {first} đến {last}: {why}",
        "missing_one": "{place}, vị trí {first}: {why}",
        "missing_retention": "đã hết hạn lưu",
        "missing_hole": "đã mất, có người chấp nhận",
        "missing_damaged": "bị hỏng",
        "missing_unreadable": "không ai đọc được ({code})",
        "missing_unsearched": "chỉ mục chưa tìm được ở đó",
        "label_digest": "Mã băm",
        "more": "và {count} mục khác",
        "next_run": "Tiếp theo: lienthong replay run {run}",
        "nothing": "Nhật ký không có gì đúng với yêu cầu, nên không ghi kế hoạch nào.",
        "label_run": "Lần chạy",
        "state_planned": "đã lập, chưa chạy",
        "state_running": "đang chạy",
        "state_interrupted": "dở dang",
        "state_done": "xong",
        "state_partial": "xong một phần",
        "state_cancelled": "đã hủy",
        "run_began": "{who} bắt đầu lúc {time}",
        "run_ended": "{who} kết thúc lúc {time}",
        "given": "đã phát {given} trên {records} bản ghi",
        "given_unknown": "không rõ đã phát bao nhiêu trên {records} bản ghi",
        "left": "{count} bản ghi không che được nên bị bỏ lại: {places}",
        "no_plan": "Lần chạy {run}: kế hoạch không còn, đây là điều `audit.events` kể lại.",
        "result_done": "Đã phát lại {records} bản ghi tới {where}, trong {takes}.",
        "result_partial": "Đã phát lại {records} bản ghi tới {where}, trong {takes}; còn thiếu một phần.",
        "result_interrupted": "Đã dừng sau bản ghi {records} trên {total}.",
        "result_cancelled": "Lần chạy đã bị hủy sau bản ghi {records} trên {total}.",
        "result_asked": "Đã yêu cầu tiến trình đang chạy dừng hẳn; nó dừng sau các bản ghi đang phát.",
        "result_already": "Lần chạy {run} đã kết thúc lúc {time} ({state}): không làm gì thêm.",
        "result_over": "Lần chạy {run} đã kết thúc ({state}): không làm gì thêm.",
        "result_withdrawn": "Kế hoạch {run} chưa từng chạy và nay được rút lại: không còn trong danh sách kế hoạch.",
        "copies": "Bản sao của tệp kế hoạch vẫn chạy được: hãy xóa cả bản sao.",
        "partial_stays": "Phần đã ghi còn nằm trong {file}, đọc được: hãy xóa nếu không ai cần.",
        "lacks": "Toàn bộ kế hoạch: `lienthong replay show {run}`",
        "next_goes_on": "Tiếp theo: lienthong replay run {run} chạy tiếp từ chỗ dừng",
        "none_yet": "Chưa có kế hoạch nào. Tiếp theo: `lienthong replay plan --target history.avro`",
        "unreadable": "{count} bản ghi trong sổ không đọc được: {places}",
        "column_run": "lần chạy",
        "column_time": "lúc",
        "column_who": "ai",
        "column_records": "bản ghi",
        "column_target": "nơi nhận",
        "column_mask": "che",
        "column_state": "tình trạng",
        "column_given": "đã phát",
        "column_reason": "lý do",
    },
}

CLASSES: dict[Lang, dict[str, str]] = {
    "en": {
        "ID:citizen": "Citizens' identity numbers", "ID:business": "Numbers of businesses",
        "ID:dossier": "Dossier codes", "ID:payment": "Payment numbers", "ID:parcel": "Parcel numbers",
        "PERSONAL": "Personal data", "SENSITIVE": "Sensitive personal data", "SECRET": "Secrets",
    },
    "vi": {
        "ID:citizen": "Số định danh công dân", "ID:business": "Mã số doanh nghiệp", "ID:dossier": "Mã hồ sơ",
        "ID:payment": "Mã thanh toán", "ID:parcel": "Mã bưu gửi", "PERSONAL": "Dữ liệu cá nhân",
        "SENSITIVE": "Dữ liệu cá nhân nhạy cảm", "SECRET": "Bí mật",
    },
}  # fmt: skip
"""What the classes of data are called that contracts tag."""


class _Filler(Formatter):
    """Fills in facts, numbers in groups of three; ``{count:record|records}`` becomes ``1 record`` or ``2 records``."""

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def format_field(self, value: Any, format_spec: str) -> str:
        text = f"{value:,}".replace(",", self._mark) if isinstance(value, int) else str(value)
        one, bar, many = format_spec.partition("|")
        return f"{text} {one if value == 1 else many}" if bar else text


_FILLERS: dict[Lang, _Filler] = {"en": _Filler(","), "vi": _Filler(".")}


class Speech:
    """Speaks one language, in one time zone. ``zone`` is where its clock stands."""

    def __init__(self, lang: Lang, zone: tzinfo) -> None:
        self.lang, self.zone = lang, zone

    def say(self, name: str, **facts: object) -> str:
        """Return a sentence with its facts in place."""
        return _FILLERS[self.lang].format(SENTENCES[self.lang][name], **facts)

    def class_of(self, tag: str) -> str:
        """Return what a class of data is called, with its tag; the tag alone where a later contract has made it."""
        name = CLASSES[self.lang].get(tag)
        return tag if name is None else f"{name} ({tag})"

    def clock(self, moment: int | datetime) -> str:
        """Return a time as people here read it; a number is in milliseconds since 1970, UTC."""
        return as_clock(moment if isinstance(moment, int) else round(moment.timestamp() * 1000), self.zone)

    def meaning(self, system: str, code: str) -> str:
        """Return what a code of ours means today; the code itself where a later version has made it."""
        found = table(system).find(code, datetime.now(UTC).date())
        return code if found is None else str(getattr(found, self.lang))


def duration(seconds: float) -> str:
    """Return how long something takes, in units that both languages write alike.

    >>> duration(0.2), duration(61), duration(7322)
    ('1 s', '1 min 1 s', '2 h 2 min')
    """
    whole = max(1, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min" + (f" {whole % _MINUTE} s" if whole % _MINUTE else "")
    minutes = whole % _HOUR // _MINUTE
    return f"{whole // _HOUR} h" + (f" {minutes} min" if minutes else "")
