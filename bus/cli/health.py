"""How the log, its registry and its readers are: each look is a line, and one that fails is a line as well."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from bus.cli.burials import Wanted, standing_letters
from bus.cli.checkup import Line, failed, of_log, ok, warning
from bus.cli.ground import damaged_pages, place_line
from bus.cli.overview import DIFFERS, MISSING, UNKNOWN, event_topics, newest_records, topic_views
from bus.cli.progress import waiting
from bus.cli.session import sqlite_file
from bus.cli.words import number, period
from bus.errors import ContractError, DamagedStore, LienthongError, SubjectNotFound, TopicNotFound
from bus.records import Record
from bus.transport import Engine

if TYPE_CHECKING:
    from bus.cli.session import Session

_APPLY = "`lienthong topic apply` brings them to the catalogue."
_FUTURE_MS = 60_000
_NAMED = 3
Look = Callable[["Session", Engine], Iterator[Line]]
Looks = list[tuple[str, Look]]


def log_lines(session: Session) -> Iterator[Line]:
    """Open the log and look at everything in it; where it does not open, that is the line."""
    try:
        engine = session.standing_engine
    except TopicNotFound as error:
        yield place_line(session.settings.transport) or warning("log", str(error), error.hint)
        return
    except LienthongError as error:
        yield failed("log", error)
        if isinstance(error, DamagedStore):
            yield from damaged_pages(session.settings.transport)
        return
    file = sqlite_file(session.settings.registry)
    is_lost = file is not None and not file.exists()
    registered: Looks = [("registry", _registry), ("contracts", _contracts), ("newest", _newest)]
    looks: Looks = [("log", _store), ("topics", _topics), ("clock", _clock), ("groups", _groups)]
    looks += [("registry", _lost_registry)] if is_lost else registered
    for name, look in (*looks, ("deadletters", _letters)):
        yield from _tried(name, look, session, engine)


def _tried(name: str, look: Look, session: Session, engine: Engine) -> Iterator[Line]:
    try:
        yield from look(session, engine)
    except LienthongError as error:
        yield failed(name, error)


def _store(_session: Session, engine: Engine) -> Iterator[Line]:
    with waiting("Reading every record of the log"):
        findings = engine.admin.check()
    yield from (of_log(finding) for finding in findings if finding.name != "sqlite")


def _registry(session: Session, _engine: Engine) -> Iterator[Line]:
    registry = session.registry
    versions = [version for subject in registry.subjects() for version in registry.versions(subject)]
    schemas = len({version.schema_id for version in versions})
    subjects = len({version.subject for version in versions})
    yield ok("registry", f"{number(schemas, 'schema')} under {number(subjects, 'subject')}")


def _lost_registry(session: Session, _engine: Engine) -> Iterator[Line]:
    if session.lost_registry() is not None:
        _ = session.registry  # raises what says it
    yield warning("registry", f"{sqlite_file(session.settings.registry)} is not there yet", _APPLY)


def _topics(session: Session, engine: Engine) -> Iterator[Line]:
    views = topic_views(engine, session.catalogue)
    for state, words in ((MISSING, "not made yet"), (DIFFERS, "otherwise than the catalogue asks"),
                         (UNKNOWN, "not in the catalogue")):  # fmt: skip
        names = [view.name for view in views if view.state == state]
        if names:
            hint = "`lienthong topic show TOPIC` tells what it holds." if state == UNKNOWN else _APPLY
            yield warning("topics", f"{words}: {_named(names)}", hint)
    yield ok("topics", f"{sum(view.spec is not None for view in views)} stand")


def _contracts(session: Session, _engine: Engine) -> Iterator[Line]:
    missing = []
    for entry in session.catalogue.events:
        try:
            session.registry.look_up(entry.subject, entry.schema)
        except SubjectNotFound:
            missing.append(entry.type)
    if missing:
        yield warning("contracts", f"not registered: {_named(missing)}", _APPLY)
    else:
        yield ok("contracts", f"all {len(session.catalogue.events)} of the catalogue are registered")


def _newest(session: Session, engine: Engine) -> Iterator[Line]:
    """Decode the newest record of each partition: a registry of another installation would show here."""
    records = [record for record in _events_newest(session, engine) if record.value is not None]
    unread = [str(record.place) for record in records if not _is_read(session, record)]
    if unread:
        yield warning("newest", f"cannot be read: {_named(unread)}", "`lienthong event get PLACE` says why.")
    else:
        yield ok("newest", f"the newest records of {number(len(records), 'partition')} can be read")


def _clock(session: Session, engine: Engine) -> Iterator[Line]:
    newest = max((record.timestamp for record in _events_newest(session, engine)), default=0)
    ahead = newest - time.time_ns() // 1_000_000
    if ahead > _FUTURE_MS:
        yield warning("clock", f"the newest record was accepted {period(ahead)} from now", "Set the clock right.")
    else:
        yield ok("clock", "not behind what the log has accepted")


def _events_newest(session: Session, engine: Engine) -> Iterator[Record]:
    for topic in event_topics(session):
        yield from newest_records(engine.log, engine.log.ends(topic))


def _is_read(session: Session, record: Record) -> bool:
    try:
        session.wire.decode(record)
    except ContractError:
        return False
    return True


def _groups(_session: Session, engine: Engine) -> Iterator[Line]:
    states = engine.admin.groups()
    for group in sorted({state.group for state in states}):
        own = [state for state in states if state.group == group]
        lag = sum(state.end - state.next for state in own)
        owners = len({state.owner for state in own if state.owner})
        detail = f"{group}: {number(lag, 'record')} behind, {number(owners, 'member')}"
        if lag and not owners:
            yield warning("groups", detail, "Nobody reads for this group: start it, or see why it ended.")
        else:
            yield ok("groups", detail)
    if not states:
        yield ok("groups", "no group has read yet")


def _letters(_session: Session, engine: Engine) -> Iterator[Line]:
    left = Counter(
        (one.letter.topic, one.letter.code, one.letter.by) for one in standing_letters(engine, Wanted()) if one.is_open
    )
    for (topic, code, by), count in left.most_common():
        yield warning("deadletters", f"{topic}: {number(count, 'dead letter')} by {code} ({by})",
                      "`lienthong deadletter list`")  # fmt: skip
    if not left:
        yield ok("deadletters", "none is open")


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
