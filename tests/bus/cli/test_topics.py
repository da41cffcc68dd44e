"""``topic list`` and ``topic show``: what stands beside what the catalogue asks for."""

from __future__ import annotations

from pathlib import Path

from bus.transport import Commit, Engine, Moved, TopicSpec
from tests.bus.cli.calling import Call, as_lines, received

LIST_KEYS = [
    "name", "state", "partitions", "cleanup", "retention_ms", "records", "groups", "dead_letters_of", "owner", "key",
    "events", "catalogue",
]  # fmt: skip


def emit(call: Call, *codes: str) -> None:
    """Emit events of these dossiers."""
    text = as_lines(*(received(code) for code in codes))
    assert call("event", "emit", "DossierReceived", "-f", "-", stdin=text).code == 0


def test_every_topic_is_listed_with_stable_keys(call: Call) -> None:
    emit(call, "H56.14-261124-0001", "H56.14-261124-0002")
    answer = call("topic", "list", "--json")
    topics = {one["name"]: one for one in answer.data}
    dossiers = topics["dossier.events"]
    assert (answer.code, list(dossiers)) == (0, LIST_KEYS)
    assert (dossiers["state"], dossiers["partitions"], dossiers["records"]) == ("stands", 4, 2)
    assert "DossierReceived" in dossiers["events"]
    assert topics["dossier.events.dead-letter"]["dead_letters_of"] == "dossier.events"


def test_people_read_retention_in_words_and_letters_beside_their_topic(call: Call) -> None:
    text = call("topic", "list").out
    assert "730 days" in text
    assert "for ever" in text
    assert "dead-letter" not in text


def test_a_topic_outside_the_catalogue_is_said_so(call: Call, engine: Engine) -> None:
    engine.admin.create_topic(TopicSpec(name="my.events", partitions=1, retention_ms=3_600_000))
    topics = {one["name"]: one["state"] for one in call("topic", "list", "--json").data}
    assert topics["my.events"] == "unknown"
    assert "my.events: stands, but is not in the catalogue" in call("topic", "list").err
    assert "1 hour" in call("topic", "show", "my.events").out


def test_a_private_topic_of_replays_is_called_so_and_worries_nobody(call: Call, engine: Engine) -> None:
    engine.admin.create_topic(TopicSpec(name="replay.study", partitions=1))
    topics = {one["name"]: one["state"] for one in call("topic", "list", "--json").data}
    assert (topics["replay.study"], topics["replay.events"]) == ("replay", "stands")
    said = call("topic", "list").err
    assert ("replay.study: copies that replays write" in said, "not in the catalogue" in said) == (True, False)
    assert "not in the catalogue" not in call("doctor").out


def test_a_topic_that_stands_otherwise_is_said_so(call: Call, engine: Engine) -> None:
    engine.admin.create_topic(TopicSpec(name="dossier.events", partitions=4, retention_ms=1000))
    topic = call("topic", "show", "dossier.events", "--json").data
    assert (topic["state"], topic["retention_ms"], topic["catalogue"]["retention_ms"]) == ("differs", 1000, None)


def test_a_topic_is_shown_with_spans_contracts_and_groups(call: Call, engine: Engine) -> None:
    emit(call, "H56.14-261124-0001")
    member = engine.join("billing", ["dossier.events"])
    held = member.assignment()
    at = next(name for name, span in engine.log.ends("dossier.events").items() if span.end)
    moved = Moved(group="billing", partition=at, next=1, epoch=held[at].epoch)
    engine.log.commit(Commit(offsets=[moved]))
    topic = call("topic", "show", "dossier.events", "--json").data
    position = next(one for one in topic["positions"] if one["partition"] == at.partition)
    assert (position["committed"], position["lag"], position["owner"] is not None) == (1, 0, True)
    assert topic["groups"] == [{"group": "billing", "lag": 0}]
    assert [one["end"] for one in topic["spans"] if one["newest"]] == [1]
    assert "tiếp nhận" in next(one["doc"] for one in topic["contracts"] if one["type"] == "DossierReceived")
    assert "billing" in call("topic", "show", "dossier.events").out


def test_a_mistyped_topic_is_told_the_nearest(call: Call) -> None:
    answer = call("topic", "show", "dosier.events")
    assert (answer.code, "Did you mean `dossier.events`?" in answer.err) == (3, True)


def test_where_there_is_no_log_none_is_made(call: Call, tmp_path: Path) -> None:
    answer = call("--data", str(tmp_path / "nowhere"), "topic", "list")
    assert (answer.code, (tmp_path / "nowhere").exists()) == (3, False)
    assert "`lienthong topic apply` makes it" in answer.err
