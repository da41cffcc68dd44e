"""Value rules as the check that producers and sources take: a hard finding refuses an event, a soft one is counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone

from bus import metrics
from bus.envelope import Envelope
from bus.errors import RuleBroken
from schemas.catalogue import Catalogue, UnknownEvent, parsed
from schemas.rules import Bound, Finding, bind

# Vietnam has kept one offset without summer time since 1975, so no zone database is needed here.
_VIETNAM = timezone(timedelta(hours=7))


def value_rules(catalogue: Catalogue) -> Callable[[Envelope], None]:
    """Return the check of all events of a catalogue. Threads may share it.

    It raises :class:`~bus.errors.RuleBroken` for hard findings. What has no rule passes: other code systems,
    event types that the catalogue does not know, and values of a wrong type, which the codec refuses by name.
    """
    bound: dict[str, Bound] = {}

    def check(event: Envelope) -> None:
        found = bound.get(event.type)
        if found is None:
            found = bound[event.type] = _bound(catalogue, event.type)
        findings = found(event.payload, _day(event.time))
        if findings:
            _tell(event.type, findings)

    return check


def _bound(catalogue: Catalogue, event_type: str) -> Bound:
    try:
        return bind(parsed(catalogue.event(event_type)))
    except UnknownEvent:
        return lambda _payload, _day: ()


def _day(moment: datetime) -> date:
    try:
        return moment.astimezone(_VIETNAM).date()
    except OverflowError:  # the last hours of the year 9999
        return moment.date()


def _tell(event_type: str, findings: Sequence[Finding]) -> None:
    hard = [finding for finding in findings if finding.severity == "hard"]
    if hard:
        first = hard[0]
        also = [(one.path, one.rule) for one in hard[1:]]
        raise RuleBroken(first.path, first.rule, first.message, hint=first.hint or None, also=also)
    for finding in findings:
        metrics.rule_noted(event_type, finding.rule)
