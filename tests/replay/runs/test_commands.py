"""``replay plan``, ``run``, ``cancel``, ``list`` and ``show`` as a person or a script calls them."""

from __future__ import annotations

import json
import os
import pwd
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import click
import pytest

from bus.cli.session import Session
from bus.errors import Claimed, ConfigError, PlanNotFound, TopicNotFound
from bus.records import NewRecord, Record
from bus.replays import CURSOR
from replay.runs import asking, books, shelf
from replay.runs.commands import cancel_replay, list_replays, plan_replay, run_replay, show_replay
from tests.replay.runs.test_shelf import two_alike
from tests.replay.runs.world import TOPIC, a_session, append, history, publish, records_of

EVENTS = 60
DOSSIER, PERSON = "H56.14-261124-0003", "038190000001"
PLAN_KEYS = [
    "run", "digest", "made", "who", "reason", "asked", "target", "mask", "pace", "records", "bytes", "undated",
    "occurred", "accepted", "takes_s", "topics", "types", "classes", "contracts", "ranges", "missing",
]  # fmt: skip
RESULT_KEYS = [
    "run", "outcome", "state", "planned", "records", "left_out", "left", "missing", "bytes", "seconds", "target",
    "ended",
]  # fmt: skip
LIST_KEYS = ["run", "at", "who", "records", "target", "mask", "state", "given", "reason"]


class Answer(NamedTuple):
    code: int
    text: str
    talk: str

    @property
    def data(self) -> Any:
        return json.loads(self.text)


Call = Callable[..., Answer]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with closing(a_session(tmp_path / "var")) as session:
        publish(session, history(EVENTS))
        yield session


@pytest.fixture
def call(session: Session, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call a command over the log of the session."""

    def calling(command: click.Command, *arguments: str) -> Answer:
        with command.make_context("test", list(arguments)) as context:
            context.meta["lienthong.session"] = session
            code = command.invoke(context)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return calling


@pytest.fixture
def planned(call: Call) -> str:
    """Return the id of a plan of all, to a topic."""
    run: str = call(plan_replay, "--target", TOPIC, "--json").data["run"]
    return run


# -- plan -----------------------------------------------------------------------------------------------


def test_a_plan_is_told_with_stable_keys_and_stands_on_the_shelf(call: Call, session: Session) -> None:
    answer = call(plan_replay, "--target", TOPIC, "--json")
    plan = shelf.find(session.settings.data, answer.data["run"])
    assert (answer.code, list(answer.data)) == (0, PLAN_KEYS)
    assert (answer.data["records"], answer.data["digest"], plan.records) == (EVENTS, plan.digest, EVENTS)


def test_a_plan_tells_people_what_whose_data_masked_how_to_where_and_what_to_do_next(call: Call) -> None:
    lines = call(plan_replay, "--target", TOPIC, "--lang", "en").text.splitlines()
    said = "\n".join(lines)
    assert f"{EVENTS} records of 6 topics (business.events, citizen.events, " in said
    assert "Mask       all; hidden: every tagged field" in said
    assert f"Target     {TOPIC} (Topic replay.*)" in said
    assert "Personal data (PERSONAL): may be in " in said
    assert lines[-1].startswith("Next: lienthong replay run ")


def test_a_plan_speaks_vietnamese(call: Call) -> None:
    assert "Nơi nhận   replay.test" in call(plan_replay, "--target", TOPIC, "--lang", "vi").text


def test_a_plan_goes_to_a_file_too_but_over_none(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "agreed.plan.json"
    run = call(plan_replay, "--target", TOPIC, "--out", str(out), "--json").data["run"]
    assert call(show_replay, str(out), "--json").data["run"] == run
    with pytest.raises(ConfigError, match="there already"):
        call(plan_replay, "--target", TOPIC, "--out", str(out))


def test_a_plan_that_cannot_go_to_its_file_stands_on_the_shelf(call: Call, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written") as refusal:
        call(plan_replay, "--target", TOPIC, "--out", str(tmp_path / "nowhere/a.plan.json"))
    assert call(list_replays, "--json").data["runs"][0]["run"] in refusal.value.hint


def test_where_nothing_is_meant_the_code_is_3_and_no_plan_is_kept(call: Call) -> None:
    said = call(plan_replay, "--target", TOPIC, "--key", "nobody", "--lang", "en")
    data = call(plan_replay, "--target", TOPIC, "--key", "nobody", "--json")
    assert (said.code, said.text.splitlines()[0]) == (
        3, "Nothing in the log is what was asked for, so no plan was written.",
    )  # fmt: skip
    assert (data.code, data.data["run"], call(list_replays, "--json").data["runs"]) == (3, None, [])


def test_what_is_missing_is_code_7_and_is_named(call: Call, session: Session) -> None:
    [record] = records_of(session, "postal.events")[:1]
    append(session, _broken(record))
    answer = call(plan_replay, "--target", TOPIC, "--lang", "en")
    assert (answer.code, "nobody can read it (LT-E2102)" in answer.text) == (7, True)


@pytest.mark.parametrize(
    ("options", "nearest"),
    [
        (("--type", "DossierRecieved"), "DossierReceived"),
        (("--topic", "dosier.events"), "dossier.events"),
        (("--mask", "none"), "--reason"),
        (("--pace", "fast"), "10x"),
        (("--pace", "0x"), "10x"),
        (("--pace", "0.0000000001x"), "10x"),
        (("--max-gap", "5"), "--pace"),
        (("--key", "a", "--dossier", "b"), "each"),
        (("--mask", "none", "--reason", "r" * 1001), "fewer"),
    ],
    ids=["type", "topic", "mask", "pace", "standing", "slow", "gap", "two", "long"],
)
def test_a_wrong_wish_is_refused_with_what_to_say_instead(call: Call, options: Any, nearest: str) -> None:
    with pytest.raises((ConfigError, TopicNotFound)) as refusal:
        call(plan_replay, "--target", TOPIC, *options)
    assert nearest in refusal.value.hint


@pytest.mark.parametrize("asked", [("--dossier", DOSSIER), ("--id", f"dossier:{DOSSIER}")], ids=["option", "id"])
def test_a_dossier_is_named_in_the_plan_however_it_was_asked_for(call: Call, asked: Any) -> None:
    plan = call(plan_replay, "--target", TOPIC, *asked, "--json").data
    assert plan["asked"]["identity"] == {"kind": "dossier", "value": DOSSIER}


def test_a_persons_number_stands_nowhere_in_a_plan(call: Call, session: Session, tmp_path: Path) -> None:
    out = tmp_path / "agreed.plan.json"
    answer = call(plan_replay, "--target", TOPIC, "--id", f"citizen:{PERSON}", "--out", str(out), "--json")
    assert (answer.data["records"] > 0, answer.data["asked"]["identity"]) == (True, {"kind": "citizen", "value": None})
    assert [PERSON in text for text in (answer.text, answer.talk, out.read_text("utf-8"))] == [False] * 3


def test_a_pace_and_a_range_are_told_as_they_were_asked_for(call: Call) -> None:
    answer = call(
        plan_replay, "--target", TOPIC, "--pace", "2.5x", "--max-gap", "5", "--by", "accepted", "--from", "2026-11-01",
        "--lang", "en",
    )  # fmt: skip
    assert "2.5 times the pace at which the bus accepted it; about 1 s, no wait over 5 s" in answer.text
    assert "from 01/11/2026 00:00:00 on by when the bus accepted it" in answer.text


# -- run ------------------------------------------------------------------------------------------------


def test_a_run_is_told_with_stable_keys_and_gives_what_was_planned(call: Call, session: Session, planned: str) -> None:
    answer = call(run_replay, planned, "--json")
    assert (answer.code, list(answer.data), answer.data["outcome"]) == (0, RESULT_KEYS, "done")
    assert (answer.data["records"], len(records_of(session, TOPIC))) == (EVENTS, EVENTS)


def test_a_plan_that_has_run_is_not_run_again_and_says_when_it_did(call: Call, session: Session, planned: str) -> None:
    first = call(run_replay, planned, "--json").data
    answer = call(run_replay, planned[:6], "--json")
    said = call(run_replay, planned, "--lang", "en").text
    assert (answer.code, answer.data["outcome"], answer.data["ended"]) == (0, "already", first["ended"])
    assert said.endswith("(done): nothing was done.\n")
    assert len(records_of(session, TOPIC)) == EVENTS


def test_a_run_that_lacks_something_is_code_7_and_names_it(call: Call, session: Session) -> None:
    [record] = records_of(session, "postal.events")[:1]
    append(session, _broken(record))
    planned = call(plan_replay, "--target", TOPIC, "--json").data["run"]
    answer = call(run_replay, planned, "--lang", "en")
    assert (answer.code, "something is missing" in answer.text) == (7, True)
    assert f"`lienthong replay show {planned}`" in answer.text


def test_what_the_plan_has_named_is_told_once_when_it_is_left_out(call: Call, session: Session) -> None:
    [record] = records_of(session, "postal.events")[:1]
    append(session, _broken(record))
    planned = call(plan_replay, "--target", TOPIC, "--json").data["run"]
    texts = [call(command, planned, "--lang", "en").text for command in (run_replay, run_replay, show_replay)]
    assert [text.count("postal.events/") for text in texts] == [1, 1, 1]
    assert ["nobody can read it (LT-E2102)" in text for text in texts] == [True] * 3


def test_a_run_that_was_over_has_the_code_of_how_it_ended(call: Call, session: Session) -> None:
    [record] = records_of(session, "postal.events")[:1]
    append(session, _broken(record))
    planned = call(plan_replay, "--target", TOPIC, "--json").data["run"]
    answers = [call(run_replay, planned, "--json") for _ in range(2)]
    assert [(one.code, one.data["outcome"]) for one in answers] == [(7, "partial"), (7, "already")]


def test_a_run_that_is_asked_to_stop_is_code_130_and_says_how_to_go_on(call: Call, session: Session) -> None:
    """The pace leaves an hour between records, so that the signal finds the run waiting."""
    planned = call(plan_replay, "--target", TOPIC, "--pace", "0.000001x", "--json").data["run"]
    with _signalled_when_begun(session, planned):
        answer = call(run_replay, planned, "--lang", "en")
    assert (answer.code, answer.text.splitlines()[-1]) == (
        130, f"Next: lienthong replay run {planned} goes on where it stopped",
    )  # fmt: skip
    assert [one["state"] for one in call(list_replays, "--json").data["runs"]] == ["interrupted"]


def test_a_plan_that_comes_as_a_file_is_listed_once_it_has_run(call: Call, session: Session, tmp_path: Path) -> None:
    out = tmp_path / "agreed.plan.json"
    planned = call(plan_replay, "--target", TOPIC, "--out", str(out), "--json").data["run"]
    (session.settings.data / shelf.FOLDER / f"{planned}{shelf.SUFFIX}").unlink()
    assert call(run_replay, str(out)).code == 0
    assert [one["run"] for one in call(list_replays, "--json").data["runs"]] == [planned]


def test_a_run_that_another_process_has_is_refused(call: Call, session: Session, planned: str) -> None:
    claim = session.engine.claim(CURSOR + planned)
    with pytest.raises(Claimed):
        call(run_replay, planned)
    claim.release()


def test_a_run_tells_the_books_who_ran_it(call: Call, session: Session, planned: str) -> None:
    call(run_replay, planned)
    told = [session.wire.decode(record) for record in records_of(session, "audit.events")]
    me = pwd.getpwuid(os.getuid()).pw_name
    assert [(one.type, one.payload["who"]) for one in told] == [("ReplayStarted", me), ("ReplayEnded", me)]


def test_whoever_the_system_does_not_know_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_uid: int) -> Any:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert asking.whoami() == f"uid {os.getuid()}"


# -- cancel ---------------------------------------------------------------------------------------------


def test_an_unfinished_run_is_cancelled_for_good(call: Call, session: Session) -> None:
    planned = call(plan_replay, "--target", TOPIC, "--pace", "0.000001x", "--json").data["run"]
    with _signalled_when_begun(session, planned):
        call(run_replay, planned)
    codes = [call(cancel_replay, planned, "--json").code for _ in range(2)]
    after = call(run_replay, planned, "--json")
    assert (codes, after.code, after.data["outcome"], after.data["state"]) == ([0, 0], 9, "already", "cancelled")


def test_a_cancelled_file_is_told_to_be_there_in_part(call: Call, session: Session, tmp_path: Path) -> None:
    planned = call(
        plan_replay, "--target", str(tmp_path / "a.jsonl"), "--pace", "0.000001x", "--json"
    ).data["run"]  # fmt: skip
    with _signalled_when_begun(session, planned):
        call(run_replay, planned)
    said = call(cancel_replay, planned, "--lang", "en").text
    assert (str(tmp_path / "a.jsonl.partial") in said, (tmp_path / "a.jsonl.partial").exists()) == (True, True)


def test_a_plan_that_was_never_run_is_withdrawn(call: Call, session: Session, planned: str) -> None:
    answer = call(cancel_replay, planned, "--json")
    assert (answer.code, answer.data["outcome"], answer.data["state"]) == (0, "withdrawn", "withdrawn")
    assert (shelf.ids(session.settings.data), records_of(session, "audit.events")) == ([], [])
    with pytest.raises(PlanNotFound):
        call(run_replay, planned)


def test_a_withdrawn_plan_says_that_copies_of_it_stay(call: Call, planned: str) -> None:
    assert "copy of its file" in call(cancel_replay, planned, "--lang", "en").text


def test_a_plan_is_not_withdrawn_while_a_process_begins_to_run_it(call: Call, session: Session, planned: str) -> None:
    claim = session.engine.claim(CURSOR + planned)
    with pytest.raises(Claimed):
        call(cancel_replay, planned)
    claim.release()
    assert shelf.ids(session.settings.data) == [planned]


def test_a_run_that_was_done_cannot_be_cancelled(call: Call, planned: str) -> None:
    call(run_replay, planned)
    answer = call(cancel_replay, planned, "--lang", "en")
    assert (answer.code, "(done): nothing was done." in answer.text) == (9, True)


# -- list and show --------------------------------------------------------------------------------------


def test_plans_and_runs_are_listed_newest_first_with_stable_keys(call: Call, planned: str) -> None:
    call(run_replay, planned)
    later = call(plan_replay, "--target", TOPIC, "--json").data["run"]
    listed = call(list_replays, "--json").data["runs"]
    assert [(one["run"], one["state"], one["given"]) for one in listed] == [
        (later, "planned", 0), (planned, "done", EVENTS),
    ]  # fmt: skip
    assert [list(one) for one in listed] == [LIST_KEYS, LIST_KEYS]


def test_the_list_is_a_table_for_people(call: Call, planned: str) -> None:
    text = call(list_replays, "--lang", "en").text
    assert (planned in text, "planned, not run yet" in text) == (True, True)


def test_the_list_tells_why_and_cuts_what_is_long(call: Call, session: Session) -> None:
    planned = call(plan_replay, "--target", TOPIC, "--reason", "Đơn 12/2026 " * 9, "--json").data["run"]
    listed = call(list_replays, "--json").data["runs"]
    call(run_replay, planned)
    (session.settings.data / shelf.FOLDER / f"{planned}{shelf.SUFFIX}").unlink()
    reasons = [one["reason"] for one in (*listed, *call(list_replays, "--json").data["runs"])]
    text = call(list_replays, "--lang", "en").text
    assert reasons == [("Đơn 12/2026 " * 9).strip()] * 2
    assert ("Đơn 12/2026 Đơn 12/2026" in text, "…" in text, len(text.splitlines())) == (True, True, 3)


def test_an_empty_list_says_what_to_do(call: Call) -> None:
    answer = call(list_replays, "--lang", "en")
    assert (answer.code, answer.text, "lienthong replay plan" in answer.talk) == (0, "", True)


def test_a_plan_that_was_changed_is_named_and_the_others_are_listed(call: Call, session: Session, planned: str) -> None:
    other = call(plan_replay, "--target", TOPIC, "--json").data["run"]
    file = session.settings.data / shelf.FOLDER / f"{other}{shelf.SUFFIX}"
    file.write_text(file.read_text("utf-8").replace('"all"', '"none"'), "utf-8")
    answer = call(list_replays, "--json")
    assert (answer.code, [one["run"] for one in answer.data["runs"]]) == (7, [planned])
    assert str(file) in answer.talk


def test_a_run_is_shown_with_its_plan_and_how_far_it_came(call: Call, planned: str) -> None:
    call(run_replay, planned)
    data = call(show_replay, planned, "--json").data
    said = call(show_replay, planned, "--lang", "en").text
    assert (data["state"], data["plan"]["run"], data["progress"]["given"]) == ("done", planned, EVENTS)
    assert f"{EVENTS} of {EVENTS} records given" in said


def test_a_run_whose_plan_is_gone_is_told_from_the_books(call: Call, session: Session, planned: str) -> None:
    call(run_replay, planned)
    (session.settings.data / shelf.FOLDER / f"{planned}{shelf.SUFFIX}").unlink()
    data = call(show_replay, planned[:6], "--json").data
    said = call(show_replay, planned, "--lang", "en").text
    assert (data["plan"], data["progress"]["target"]) == (None, {"kind": "topic", "where": TOPIC})
    assert "its plan is no longer on the shelf" in said
    assert [one["state"] for one in call(list_replays, "--json").data["runs"]] == ["done"]


def test_a_head_that_a_plan_shares_with_a_run_whose_plan_is_gone_is_refused(call: Call, session: Session) -> None:
    gone, kept = two_alike(shelf.LEAST_DIGITS)
    shelf.keep(session.settings.data, kept)
    append(session, session.wire.encode(books.started(gone, datetime.now(UTC), "thanh")))
    with pytest.raises(ConfigError, match="begins 2 runs' ids"):
        call(show_replay, kept.run[: shelf.LEAST_DIGITS])


def test_the_books_of_replays_are_hinted_at_where_their_events_are_asked_for(call: Call) -> None:
    texts = [
        call(plan_replay, "--target", TOPIC, "--type", "ReplayStarted", *topic, "--lang", "en").text
        for topic in ((), ("--topic", "audit.events"))
    ]
    assert ["by `--topic audit.events`" in text for text in texts] == [True, False]


@pytest.mark.parametrize("command", [run_replay, cancel_replay, show_replay])
def test_what_was_never_planned_is_not_found(call: Call, command: click.Command) -> None:
    with pytest.raises(PlanNotFound):
        call(command, "0123456789abcdef")


def test_a_record_of_the_books_that_nobody_can_read_is_code_7(call: Call, session: Session, planned: str) -> None:
    call(run_replay, planned)
    [record, _] = records_of(session, "audit.events")
    append(session, _broken(record))
    assert [call(list_replays).code, call(show_replay, planned).code] == [7, 7]


def _broken(record: Record) -> NewRecord:
    """Return a record of the same topic and key whose value nobody can read."""
    value = (record.value or b"")[:5] + b"\xff"
    return NewRecord(topic=record.topic, key=record.key, value=value, headers=record.headers)


@contextmanager
def _signalled_when_begun(session: Session, run: str) -> Iterator[None]:
    """Send this process SIGINT as soon as a run has saved its bookmark, as Ctrl-C would."""

    over = Event()

    def watch() -> None:
        version = 0
        while not over.is_set():
            if any(one.name == CURSOR + run and one.value for one in session.engine.admin.cursors()):
                os.kill(os.getpid(), signal.SIGINT)
                return
            version = session.engine.log.wait(version, 1.0)

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
