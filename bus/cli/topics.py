"""The commands ``topic list`` and ``topic show``. Heavy imports wait until one runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from bus.cli.output import json_option, show, table, talk
from bus.cli.session import current_session

if TYPE_CHECKING:
    from datetime import tzinfo

    from bus.cli.overview import TopicView
    from bus.transport import TopicSpec
    from schemas.catalogue import Catalogue

_STATES = {
    "missing": "not made yet: `lienthong topic apply`",
    "unknown": "stands, but is not in the catalogue",
    "replay": "copies that replays write, in a topic of somebody's own",
    "differs": "stands otherwise than the catalogue asks: `lienthong topic apply --dry-run`",
}


# -- topic list -----------------------------------------------------------------------------------------


@click.command("list")
@json_option
def list_topics() -> None:
    """List the topics: what stands, what the catalogue asks for, and which groups are behind.

    \b
    lienthong topic list
    lienthong topic list --json
    """
    from bus.cli.overview import topic_views

    session = current_session()
    views = topic_views(session.standing_engine, session.catalogue)
    show([_answer(view) for view in views], lambda: _list(views))


def _answer(view: TopicView) -> dict[str, Any]:
    from bus.deadletters import SUFFIX

    return {
        "name": view.name,
        "state": view.state,
        **_spec_answer(view.spec),
        "records": view.offsets,
        "groups": [{"group": group, "lag": lag} for group, lag in view.lags.items()],
        "dead_letters_of": view.name.removesuffix(SUFFIX) if view.is_letters else None,
        "owner": view.entry.owner if view.entry else None,
        "key": view.entry.key if view.entry else None,
        "events": list(view.entry.events) if view.entry and not view.is_letters else [],
        "catalogue": _spec_answer(view.wanted) if view.wanted else None,
    }


def _spec_answer(spec: TopicSpec | None) -> dict[str, Any]:
    return {
        "partitions": spec.partitions if spec else None,
        "cleanup": ("compact" if spec.compacted else "delete") if spec else None,
        "retention_ms": spec.retention_ms if spec else None,
    }


def _list(views: Sequence[TopicView]) -> None:
    """Show dead letters beside their topic; those without one have a line of their own."""
    from bus.cli.words import keeps
    from bus.deadletters import dead_letter_topic

    letters = {view.name: view for view in views if view.is_letters}
    own = [view for view in views if not view.is_letters]
    table(
        ("topic", "partitions", "records", "keeps", "dead letters", "groups (behind)"),
        [
            (
                view.name,
                view.spec.partitions if view.spec else None,
                f"{view.offsets:,}",
                keeps(view.spec) if view.spec else None,
                f"{letters[dead_letter_topic(view.name)].offsets:,}" if dead_letter_topic(view.name) in letters else "",
                ", ".join(f"{group} ({lag:,})" for group, lag in view.lags.items()),
            )
            for view in own or views
        ],
    )
    for view in views:
        if view.state in _STATES:
            talk(f"{view.name}: {_STATES[view.state]}")


# -- topic show -----------------------------------------------------------------------------------------


@click.command("show")
@click.argument("topic")
@json_option
def show_topic(topic: str) -> None:
    """Show one topic: partitions, events, and how far each group has come.

    \b
    lienthong topic show dossier.events
    lienthong topic show dossier.events.dead-letter --json
    """
    from bus.cli.moments import zone_of
    from bus.cli.overview import checked_topic, newest_records, topic_views

    session = current_session()
    views = {view.name: view for view in topic_views(session.standing_engine, session.catalogue)}
    view = views.get(topic) or views[checked_topic(session, topic)]
    log = session.standing_engine.log
    newest = {record.partition: record.timestamp for record in newest_records(log, view.spans)}
    answer = _answer(view)
    answer |= _details(view, answer["events"], session.catalogue, newest)
    show(answer, lambda: _show(view, answer, newest, zone_of(session.settings.zone)))


def _details(view: TopicView, events: Sequence[str], catalogue: Catalogue, newest: Mapping[int, int]) -> dict[str, Any]:
    from bus.cli.moments import as_text
    from schemas.catalogue import parsed

    entries = [catalogue.event(name) for name in events]
    return {
        "contracts": [{"type": one.type, "subject": one.subject, "doc": parsed(one).get("doc", "")} for one in entries],
        "spans": [
            {
                "partition": name.partition,
                "first": span.first,
                "end": span.end,
                "newest": as_text(newest[name.partition]) if name.partition in newest else None,
            }
            for name, span in view.spans.items()
        ],
        "positions": [
            {
                "group": one.group,
                "partition": one.partition.partition,
                "committed": one.next,
                "end": one.end,
                "lag": one.end - one.next,
                "owner": one.owner,
            }
            for one in view.groups
        ],
    }


def _show(view: TopicView, answer: Mapping[str, Any], newest: Mapping[int, int], zone: tzinfo) -> None:
    from bus.cli.moments import as_clock
    from bus.cli.words import keeps, number

    click.echo(f"{view.name}: {number(view.offsets, 'record')}")
    facts = {"keeps": keeps(view.spec) if view.spec else "", "key": answer["key"], "owner": answer["owner"]}
    for label, text in (facts | {"state": _STATES.get(view.state)}).items():
        if text:
            click.echo(f"  {label:<6} {text}")
    clocks = {partition: as_clock(moment, zone) for partition, moment in newest.items()}
    spans = [(name.partition, *span, f"{span.end - span.first:,}", clocks.get(name.partition, "-"))
             for name, span in view.spans.items()]  # fmt: skip
    contracts = [(one["type"], one["doc"]) for one in answer["contracts"]]
    positions = [tuple(one.values()) for one in answer["positions"]]
    for columns, rows in (
        (("partition", "first offset", "end", "records", "newest accepted"), spans),
        (("event", "what it tells"), contracts),
        (("group", "partition", "committed", "end", "behind", "owner"), positions),
    ):
        if rows:
            click.echo()
            table(columns, rows)
