"""Plans and runs for people: what, whose data, masked how, to where, how fast, and what is missing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from replay.reading import Unreadable
from replay.runs import books
from replay.runs.answers import Entry, list_answer
from replay.runs.books import Run
from replay.runs.plan import About, Missing, Plan, Touched
from replay.runs.targets.growing import SUFFIX
from replay.runs.wish import KEY
from replay.runs.words import Speech, duration

if TYPE_CHECKING:
    from replay.runs.running import Result

_NAMED, _FIELDS = 5, 3
_LONGEST_REASON = 40

Part: TypeAlias = tuple[str, Iterable[str]]
"""A label's name, and the lines behind it."""


def plan_lines(plan: Plan, speech: Speech) -> Iterator[str]:
    """Yield a plan: whoever reads it knows what agreeing to it means."""
    yield _head(plan, speech)
    yield from _labelled(_plan(plan, speech), speech)


def nothing_lines(plan: Plan, speech: Speech) -> Iterator[str]:
    """Yield that nothing is meant: what was asked for, and what may be missing of it."""
    yield speech.say("nothing")
    yield from _labelled([("asked", _asked(plan, speech)), ("missing", _missing(plan.missing, speech))], speech)


def entry_lines(one: Entry, speech: Speech) -> Iterator[str]:
    """Yield a plan with what became of it, nothing cut; where the plan is gone, what is known of its run."""
    told = [] if one.run is None else _run(one, one.run, speech)
    run: list[Part] = [("run", [speech.say(f"state_{one.state}"), *told])]
    if one.plan is not None:
        yield _head(one.plan, speech)
        yield from _labelled([*_plan(one.plan, speech, whole=True), *run], speech)
    elif one.run is not None:
        yield speech.say("no_plan", run=one.id)
        yield from _labelled([*_begun(one.run, speech), *run], speech)


def result_lines(plan: Plan, result: Result, run: Run | None, speech: Speech) -> Iterator[str]:
    """Yield what came of running or cancelling, and what to do next."""
    yield _result(plan, result, run, speech)
    lacks = plan.missing and "partial" in (result.outcome, result.ended)
    if result.left_out and not (lacks and _is_planned(plan, result.left, result.left_out)):
        yield speech.say("left", count=result.left_out, places=_places(result.left, result.left_out, speech))
    if lacks:
        yield from _labelled([("missing", _missing(plan.missing, speech))], speech)
        yield speech.say("lacks", run=plan.run)
    if result.outcome == "withdrawn":
        yield speech.say("copies")
    if result.outcome in ("cancelled", "asked") and plan.target.kind in ("avro", "jsonl"):
        yield speech.say("partial_stays", file=f"{result.where}{SUFFIX}")
    if result.outcome == "interrupted":
        yield speech.say("next_goes_on", run=plan.run)


def list_row(one: Entry, speech: Speech) -> Sequence[object]:
    """Return one row of the list."""
    told = list_answer(one)
    when, state = speech.clock(one.at), speech.say(f"state_{one.state}")
    reason = _shortened(told["reason"] or "")
    where, given = told["target"]["where"], told["given"]
    return one.id, when, told["who"], told["records"], where, told["mask"], state, given, reason


def unreadable_line(unread: Sequence[Unreadable], speech: Speech) -> str:
    """Return that books could not be read, and where."""
    places = [one.place for one in unread]
    return speech.say("unreadable", count=len(places), places=_places(places, len(places), speech))


# -- the parts of a plan --------------------------------------------------------------------------------


def _head(plan: Plan, speech: Speech) -> str:
    return speech.say("plan", run=plan.run, time=speech.clock(plan.made), who=plan.who)


def _plan(plan: Plan, speech: Speech, *, whole: bool = False) -> list[Part]:
    return [
        ("what", _what(plan, speech)),
        ("asked", _asked(plan, speech)),
        ("data", _data(plan, speech, whole=whole)),
        ("mask", _mask(plan.mask, speech)),
        ("reason", [] if plan.reason is None else [plan.reason]),
        ("target", [_planned_target(plan, speech)]),
        ("pace", [_pace(plan, speech)]),
        ("missing", _missing(plan.missing, speech, whole=whole)),
        ("digest", [plan.digest]),
    ]


def _begun(run: Run, speech: Speech) -> list[Part]:
    told = run.started.payload
    return [
        ("mask", _mask(told["mask"]["code"], speech)),
        ("reason", [] if told["reason"] is None else [told["reason"]]),
        ("target", [_target(told["targetKind"]["code"], told["target"], speech)]),
        ("digest", [told["planDigest"]]),
    ]


def _what(plan: Plan, speech: Speech) -> Iterator[str]:
    names = ", ".join(plan.topics)
    yield speech.say("what", records=plan.records, topics=len(plan.topics), names=names, size=plan.bytes)
    for name, both in (("happened", plan.occurred), ("accepted", plan.accepted)):
        if both is not None:
            yield speech.say(name, first=speech.clock(both[0]), last=speech.clock(both[1]))
    if plan.undated:
        yield speech.say("undated", count=plan.undated)


def _asked(plan: Plan, speech: Speech) -> Iterator[str]:
    yield _wish(plan, speech)
    apart = [name for name in plan.asked.types if name in (books.STARTED, books.ENDED)]
    if apart and books.TOPIC not in plan.asked.topics:
        yield speech.say("books_apart", names=", ".join(apart))


def _wish(plan: Plan, speech: Speech) -> str:
    asked, about = plan.asked, plan.asked.about
    parts: list[str] = []
    if asked.topics:
        parts.append(speech.say("asked_topics", names=", ".join(asked.topics)))
    if asked.types:
        parts.append(speech.say("asked_types", names=", ".join(asked.types)))
    if asked.agency is not None:
        parts.append(speech.say("asked_agency", agency=asked.agency))
    if about is not None:
        parts.append(_identity(about, speech))
    bounds = [("asked_from", asked.first), ("asked_to", asked.last)]
    ranged = [speech.say(name, time=speech.clock(moment)) for name, moment in bounds if moment is not None]
    if ranged:
        parts.append(" ".join([*ranged, speech.say(f"asked_by_{asked.by}")]))
    return "; ".join(parts) or speech.say("asked_all")


def _identity(about: About, speech: Speech) -> str:
    if about.value is not None:
        return speech.say("asked_dossier", value=about.value)
    return speech.say("asked_key") if about.kind == KEY else speech.say("asked_identity", kind=about.kind)


def _data(plan: Plan, speech: Speech, *, whole: bool) -> Iterator[str]:
    for tag, touched in plan.classes.items():
        facts = {"what": speech.class_of(tag), "records": touched.records, "count": len(touched.fields)}
        if whole:
            yield speech.say("data_of", **facts)
            yield from _fields(touched)
        else:
            yield speech.say("data", **facts, names=_places(touched.fields[:_FIELDS], len(touched.fields), speech))
    if not plan.classes:
        yield speech.say("no_data")


def _fields(touched: Touched) -> Iterator[str]:
    """Yield all fields, those of one type in a line."""
    by_type: dict[str, list[str]] = {}
    for field in touched.fields:
        event_type, _, path = field.partition(".")
        by_type.setdefault(event_type, []).append(path)
    for event_type, paths in by_type.items():
        yield f"  {event_type}: {', '.join(paths)}"


def _mask(mask: str, speech: Speech) -> Iterator[str]:
    if mask == "none":
        yield speech.say("mask_none")
        return
    yield speech.say("mask", mask=mask, meaning=_lowered(speech.meaning("VN-REPLAY-MASK", mask)))
    yield speech.say("mask_open")


def _planned_target(plan: Plan, speech: Speech) -> str:
    """Return where to; nobody has asked an endpoint yet, so its code's meaning would say too much."""
    kind, where = plan.target.kind, plan.target.where
    return f"{where} ({speech.say('target_http')})" if kind == "http" else _target(kind, where, speech)


def _target(kind: str, where: str, speech: Speech) -> str:
    return f"{where} ({speech.meaning('VN-REPLAY-TARGET', kind)})"


def _pace(plan: Plan, speech: Speech) -> str:
    pace, takes = plan.pace, duration(plan.takes_s)
    if pace.speed is None:
        return speech.say("pace_flat", takes=takes)
    said = speech.say(f"pace_{pace.by}", speed=f"{pace.speed:.10g}", takes=takes)
    return said if pace.max_gap_s is None else f"{said}, {speech.say('max_gap', seconds=f'{pace.max_gap_s:g}')}"


def _missing(missing: Sequence[Missing], speech: Speech, *, whole: bool = False) -> Iterator[str]:
    named = len(missing) if whole else _NAMED
    for one in missing[:named]:
        why = speech.say(f"missing_{one.reason}", code=one.code)
        place = f"{one.topic}/{one.partition}"
        name = "missing" if one.end - one.first > 1 else "missing_one"
        yield speech.say(name, place=place, first=one.first, last=one.end - 1, why=why)
    if len(missing) > named:
        yield speech.say("more", count=len(missing) - named)


# -- the parts of a run ---------------------------------------------------------------------------------


def _run(one: Entry, run: Run, speech: Speech) -> Iterator[str]:
    begun, ended, reached = run.started, run.ended, run.reached
    yield speech.say("run_began", time=speech.clock(begun.time), who=begun.payload["who"])
    records = begun.payload["records"]
    given = "given_unknown" if run.given is None else "given"
    yield speech.say(given, given=run.given, records=records)
    if reached is not None and reached.left_out and not _is_planned(one.plan, reached.left, reached.left_out):
        yield speech.say("left", count=reached.left_out, places=_places(reached.left, reached.left_out, speech))
    if ended is not None:
        yield speech.say("run_ended", time=speech.clock(ended.time), who=ended.payload["who"])


def _result(plan: Plan, result: Result, run: Run | None, speech: Speech) -> str:
    if result.outcome == "withdrawn":
        return speech.say("result_withdrawn", run=plan.run)
    if result.outcome != "already":
        return speech.say(
            f"result_{result.outcome}", records=result.records, total=plan.records, where=result.where,
            takes=duration(result.seconds),
        )  # fmt: skip
    if run is None or run.ended is None:
        return speech.say("result_over", run=plan.run, state=speech.say(f"state_{result.ended}"))
    time = speech.clock(run.ended.time)
    return speech.say("result_already", run=plan.run, time=time, state=speech.say(f"state_{run.state}"))


def _is_planned(plan: Plan | None, left: Sequence[str], left_out: int) -> bool:
    """Tell whether the plan has named already what was left out: then it is one loss, and told once.

    ``left`` are the first places of it, as ``topic/partition/offset``.
    """
    unreadable = [] if plan is None else [one for one in plan.missing if one.reason == "unreadable"]
    return left_out <= sum(one.end - one.first for one in unreadable) and all(
        any(_is_within(place, one) for one in unreadable) for place in left
    )


def _is_within(place: str, one: Missing) -> bool:
    topic, partition, offset = place.rsplit("/", 2)
    return (topic, int(partition)) == (one.topic, one.partition) and one.first <= int(offset) < one.end


# -- how it is laid out ---------------------------------------------------------------------------------


def _labelled(parts: Sequence[Part], speech: Speech) -> Iterator[str]:
    """Yield lines behind their labels, which stand once each."""
    labelled = [(speech.say(f"label_{name}"), lines) for name, lines in parts]
    width = max(len(label) for label, _ in labelled) + 2
    for label, lines in labelled:
        for number, line in enumerate(lines):
            yield f"  {label if number == 0 else '':<{width}}{line}"


def _places(named: Sequence[str], count: int, speech: Speech) -> str:
    """Return the first few of ``count``."""
    shown = list(named[:_NAMED])
    if count > len(shown):
        shown.append(speech.say("more", count=count - len(shown)))
    return ", ".join(shown)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
