"""``topic apply`` and ``schema check|list|show``, run as a person or a script runs them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bus.cli.root import run
from bus.transport import TopicSpec
from bus.transports import open_engine
from schemas import catalogue as catalogues
from schemas.catalogue import Catalogue
from tests.registry.doubles import a_small_catalogue, an_event

RECEIVED = "dossier.events-vn.lienthong.dossier.Received"


class Answer(NamedTuple):
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Answer]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def call(data: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command over its own data, with a small catalogue."""
    monkeypatch.setattr(catalogues, "load", lambda: catalogue)

    def calling(*arguments: str) -> Answer:
        code = run(["--data", str(data), *arguments])
        return Answer(code, *capsys.readouterr())

    return calling


@pytest.fixture
def applied(call: Call) -> Call:
    """Run a command over an installation that has all that its catalogue asks for."""
    assert call("topic", "apply").code == 0
    return call


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    def writing(text: str) -> str:
        path = tmp_path / "candidate.avsc"
        path.write_text(text, "utf-8")
        return str(path)

    return writing


File = Callable[[str], str]


# -- topic apply ----------------------------------------------------------------------------------------


def test_a_dry_run_tells_what_would_be_done_and_makes_no_file(call: Call, data: Path) -> None:
    answer = call("topic", "apply", "--dry-run", "--json")
    assert (answer.code, answer.data["dry_run"], answer.data["changed"]) == (0, True, 8)
    assert not data.exists()


def test_what_was_applied_is_told_with_stable_keys(call: Call) -> None:
    answer = call("topic", "apply", "--json")
    assert list(answer.data) == ["dry_run", "changed", "steps"]
    assert answer.data["steps"][0] == {
        "kind": "topic", "action": "create", "name": "dossier.events", "partitions": 2, "cleanup": "delete",
        "retention_ms": None,
    }  # fmt: skip
    assert answer.data["steps"][-4] == {
        "kind": "schema", "action": "register", "name": RECEIVED, "version": 1, "schema_id": 1,
    }  # fmt: skip


def test_people_are_told_each_change_and_how_many_stand(call: Call) -> None:
    first, again = call("topic", "apply"), call("topic", "apply")
    assert "create   topic  postal.events  (2 partitions, keeps 30 days)\n" in first.out
    assert f"register schema {RECEIVED}  (version 2, id 2)\n" in first.out
    assert (again.out, again.err) == ("", "0 changed, 8 stand as the catalogue asks.\n")


def test_a_dry_run_over_what_stands_tells_only_what_is_missing(applied: Call, data: Path) -> None:
    (data / "registry.db").unlink()
    answer = applied("topic", "apply", "--dry-run", "--json")
    assert [step["action"] for step in answer.data["steps"]] == ["keep"] * 4 + ["register"] * 4
    assert not (data / "registry.db").exists()


def test_drift_ends_with_code_9_and_names_the_topic(call: Call, data: Path) -> None:
    data.mkdir()
    engine = open_engine(f"sqlite:///{data / 'bus.db'}")
    engine.admin.create_topic(TopicSpec(name="postal.events", partitions=3))
    engine.close()
    answer = call("topic", "apply")
    assert (answer.code, answer.out) == (9, "")
    assert "  - postal.events has 3 partitions, not 2\n" in answer.err


def test_a_contract_that_breaks_with_what_is_registered_ends_with_code_5(
    applied: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = a_small_catalogue(tmp_path / "broken")
    (tmp_path / "broken" / "dossier" / "Resolved.avsc").write_text(an_event("Resolved", "code", "outcome"))
    monkeypatch.setattr(catalogues, "load", lambda: broken)
    answer = applied("topic", "apply")
    assert (answer.code, answer.out) == (5, "")
    assert "READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1: version 1: the writer has no field outcome" in answer.err


def test_a_script_is_told_each_reason_of_a_refusal(call: Call, data: Path) -> None:
    data.mkdir()
    engine = open_engine(f"sqlite:///{data / 'bus.db'}")
    engine.admin.create_topic(TopicSpec(name="postal.events", partitions=3))
    engine.close()
    error = json.loads(call("topic", "apply", "--json").err)["error"]
    assert (error["code"], error["reasons"]) == ("LT-E3013", ["postal.events has 3 partitions, not 2"])


# -- topic apply --replay -------------------------------------------------------------------------------


def standing(data: Path) -> dict[str, tuple[int, int | None]]:
    """Return the topics that stand, with their partitions and days of retention."""
    engine = open_engine(f"sqlite:///{data / 'bus.db'}")
    specs = engine.admin.topics()
    engine.close()
    return {one.name: (one.partitions, one.retention_ms and one.retention_ms // 86_400_000) for one in specs}


def test_a_private_topic_for_replays_is_made_and_nothing_else(call: Call, data: Path) -> None:
    answer = call("topic", "apply", "--replay", "replay.study", "--replay", "replay.audit-2026.q1", "--json")
    assert (answer.code, answer.data["changed"]) == (0, 4)
    assert answer.data["steps"][0] == {
        "kind": "topic", "action": "create", "name": "replay.study", "partitions": 4, "cleanup": "delete",
        "retention_ms": 2_592_000_000,
    }  # fmt: skip
    names = {"replay.study", "replay.audit-2026.q1"}
    assert standing(data) == dict.fromkeys(names | {f"{name}.dead-letter" for name in names}, (4, 30))


def test_people_are_told_what_was_made_for_replays_and_what_stands(call: Call) -> None:
    answers = [call("topic", "apply", "--replay", "replay.study") for _ in range(2)]
    assert answers[0].out.splitlines()[0] == "create   topic  replay.study  (4 partitions, keeps 30 days)"
    assert [one.err for one in answers] == ["2 changed, 0 stand as is asked.\n", "0 changed, 2 stand as is asked.\n"]


def test_a_dry_run_for_replays_makes_no_file(call: Call, data: Path) -> None:
    answer = call("topic", "apply", "--replay", "replay.study", "--dry-run", "--json")
    assert (answer.code, answer.data["dry_run"], answer.data["changed"]) == (0, True, 2)
    assert not data.exists()


def test_what_is_not_said_again_stays_as_it_stands(call: Call, data: Path) -> None:
    words = ("topic", "apply", "--replay", "replay.study")
    call(*words, "--partitions", "2", "--retention-days", "7")
    kept = call(*words, "--json").data
    call(*words, "--retention-days", "9")
    assert [one["action"] for one in kept["steps"]] == ["keep", "keep"]
    assert standing(data) == {"replay.study": (2, 9), "replay.study.dead-letter": (2, 9)}


def test_other_partitions_than_stand_are_code_9_with_what_to_do(call: Call, data: Path) -> None:
    call("topic", "apply", "--replay", "replay.study")
    answer = call("topic", "apply", "--replay", "replay.new", "--replay", "replay.study", "--partitions", "8")
    assert (answer.code, "replay.study has 4 partitions, not 8" in answer.err) == (9, True)
    assert "Next: Leave out `--partitions`" in answer.err
    assert set(standing(data)) == {"replay.study", "replay.study.dead-letter"}


@pytest.mark.parametrize(
    "name",
    ["study", "replay", "replay.", "replay.Study", "replay.a_b", "replay..a", "replay.-a", "replay.a-", "replay.a b",
     "replay.a.dead-letter", "dossier.events", "replay." + "a" * 250],
)  # fmt: skip
def test_a_name_that_is_none_of_a_replays_topic_is_refused_with_a_hint(call: Call, data: Path, name: str) -> None:
    answer = call("topic", "apply", "--replay", name)
    assert (answer.code, "Next: " in answer.err, data.exists()) == (2, True, False)


@pytest.mark.parametrize("option", ["--partitions", "--retention-days"])
def test_options_of_replays_without_a_replay_are_a_usage_error(call: Call, data: Path, option: str) -> None:
    answer = call("topic", "apply", option, "2")
    assert (answer.code, "--replay" in answer.err, data.exists()) == (2, True, False)


# -- schema check ---------------------------------------------------------------------------------------


def test_a_good_next_version_is_code_0_with_stable_keys(applied: Call, file: File) -> None:
    answer = applied("schema", "check", file(an_event("Received", "code", optional=["note", "office"])), "--json")
    assert (answer.code, list(answer.data)) == (
        0,
        ["file", "full_name", "subject", "compared_with", "same_as_version", "compatible", "incompatibilities",
         "warnings"],
    )  # fmt: skip
    assert answer.data["compared_with"] == {"where": "registry", "versions": [1, 2]}
    assert (answer.data["subject"], answer.data["compatible"], answer.data["same_as_version"]) == (RECEIVED, True, None)


def test_an_incompatible_version_is_code_5_with_its_meaning_and_what_would_help(applied: Call, file: File) -> None:
    answer = applied("schema", "check", file(an_event("Received", "code", "office")), "--json")
    [reason] = answer.data["incompatibilities"]
    assert (answer.code, answer.data["compatible"]) == (5, False)
    assert list(reason) == ["kind", "pointer", "message", "meaning", "suggestion"]
    assert (reason["kind"], reason["pointer"]) == ("READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/1")
    assert reason["message"].startswith("version 2: ")


def test_people_are_told_what_it_means_and_what_to_try(applied: Call, file: File) -> None:
    answer = applied("schema", "check", file(an_event("Received", "code", "office")))
    assert "READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1\n  what:  version 2: " in answer.out
    assert "\n  means: Events stored before this change" in answer.out
    assert "\n  try:   Give the new field a default" in answer.out
    assert answer.out.endswith(f"Not compatible with versions 1 to 2 of {RECEIVED} in the registry.\n")


def test_where_nothing_is_registered_the_catalogue_is_compared_and_no_file_is_made(
    call: Call, file: File, data: Path
) -> None:
    answer = call("schema", "check", file(an_event("Received", "code", "office")), "--json")
    assert (answer.code, answer.data["compared_with"]) == (5, {"where": "catalogue", "versions": [1, 2]})
    assert not data.exists()


def test_a_version_that_is_there_is_named(applied: Call, file: File) -> None:
    answer = applied("schema", "check", file(an_event("Received", "code")))
    assert (answer.code, answer.out) == (0, f"This is version 1 of {RECEIVED}, already there.\n")


def test_a_version_of_the_catalogue_that_is_not_registered_is_told_so(call: Call, file: File) -> None:
    answer = call("schema", "check", file(an_event("Received", "code")))
    words = (
        "vn.lienthong.dossier.Received is a good schema, and in the catalogue. It is not registered yet:"
        f" `lienthong topic apply` makes it version 1 of {RECEIVED}.\n"
    )
    assert (answer.code, answer.out) == (0, words)


def test_an_unknown_event_is_a_good_schema_and_told_its_nearest_name(applied: Call, file: File) -> None:
    answer = applied("schema", "check", file(an_event("Recieved", "code")))
    assert (answer.code, "vn.lienthong.dossier.Recieved is a good schema; the catalogue has no" in answer.out) == (
        0,
        True,
    )
    assert "meant to be vn.lienthong.dossier.Received?" in answer.err


def test_a_subject_that_is_named_is_compared_whatever_the_name(applied: Call, file: File) -> None:
    answer = applied("schema", "check", file(an_event("Anything", "code")), "--subject", RECEIVED, "--json")
    assert (answer.code, [one["kind"] for one in answer.data["incompatibilities"]]) == (5, ["NAME_MISMATCH"])


def test_the_first_version_of_a_new_subject_is_good(applied: Call, file: File) -> None:
    answer = applied("schema", "check", file(an_event("New", "code")), "--subject", "new")
    assert answer.out == "vn.lienthong.dossier.New is a good schema, and would be the first version of new.\n"


def test_a_warning_about_a_logical_type_is_told_and_refuses_nothing(call: Call, file: File, tmp_path: Path) -> None:
    def dated(logical: str) -> str:
        return an_event("Resolved", fields=[{"name": "on", "type": {"type": "int", "logicalType": logical}}])

    (tmp_path / "schemas" / "dossier" / "Resolved.avsc").write_text(dated("date"))
    answer = call("schema", "check", file(dated("time-millis")))
    assert (answer.code, answer.out.splitlines()[0]) == (
        0, "warning at /fields/0/type: version 1: the reader takes date for time-millis",
    )  # fmt: skip


def test_a_field_that_is_gone_is_warned_of_and_refuses_nothing(applied: Call, file: File) -> None:
    answer = applied("schema", "check", file(an_event("Received", "code", optional=["remark"])))
    assert (answer.code, answer.out.splitlines()[0]) == (
        0, 'warning at /: version 2: field `note` is gone: its values are ignored; if it was renamed, add "aliases"',
    )  # fmt: skip


def test_a_field_with_an_alias_of_its_old_name_is_not_gone(applied: Call, file: File) -> None:
    renamed = json.loads(an_event("Received", "code", optional=["remark"]))
    renamed["fields"][1]["aliases"] = ["note"]
    assert "warning" not in applied("schema", "check", file(json.dumps(renamed))).out


def test_what_is_no_contract_is_told_with_a_next_step(call: Call, file: File) -> None:
    unknown = an_event("Received", "code").replace('"type": "string"', '"type": "Foo"')
    assert "Next: Correct that place" in call("schema", "check", file("{")).err
    assert "Next: A contract defines each of its types" in call("schema", "check", file(unknown)).err


def test_an_unknown_name_is_told_the_nearest_and_a_missing_registry_its_place(call: Call, data: Path) -> None:
    assert f"there is no registry at sqlite:///{data}" in call("schema", "show", "Recieved").err
    call("topic", "apply")
    assert "Did you mean `Received`?" in call("schema", "show", "Recieved").err


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        '{"type": "record"}',
        an_event("Received", "code", "code"),
        '"string"',
        "/* a */" + an_event("R", "a"),
    ],
)
def test_what_is_no_contract_is_code_5(call: Call, file: File, text: str) -> None:
    answer = call("schema", "check", file(text), "--json")
    assert (answer.code, answer.out, json.loads(answer.err)["error"]["code"]) == (5, "", "LT-E2201")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b" " * 1_000_001], ids=["not UTF-8", "too large"])
def test_what_is_no_text_file_is_a_usage_error(call: Call, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "candidate.avsc").write_bytes(content)
    answer = call("schema", "check", str(tmp_path / "candidate.avsc"))
    assert (answer.code, "Next: " in answer.err) == (2, True)


def test_a_file_that_is_not_there_is_a_usage_error(call: Call) -> None:
    assert call("schema", "check", "nothing-here.avsc").code == 2


def test_a_byte_order_mark_is_read_over(call: Call, file: File) -> None:
    assert call("schema", "check", file("\ufeff" + an_event("Received", "code"))).code == 0


# -- schema list, schema show ---------------------------------------------------------------------------


def test_subjects_are_listed_in_the_order_of_their_registration(applied: Call) -> None:
    answer = applied("schema", "list", "--json")
    assert answer.data[0] == {"subject": RECEIVED, "versions": [1, 2], "schema_ids": [1, 2]}
    assert [one["schema_ids"] for one in answer.data] == [[1, 2], [3], [4]]


def test_people_see_a_subjects_newest_version_and_id(applied: Call) -> None:
    lines = applied("schema", "list").out.splitlines()
    assert [line.split() for line in lines if RECEIVED in line] == [[RECEIVED, "2", "2"]]


def test_an_empty_registry_says_what_to_do_and_makes_no_file(call: Call, data: Path) -> None:
    answer = call("schema", "list")
    assert (answer.code, answer.out) == (0, "")
    assert "`lienthong topic apply`" in answer.err
    assert not data.exists()


@pytest.mark.parametrize("which", [RECEIVED, "Received", "vn.lienthong.dossier.Received", "2"])
def test_a_schema_is_shown_by_subject_type_full_name_and_id(applied: Call, which: str) -> None:
    answer = applied("schema", "show", which, "--json")
    assert (answer.code, list(answer.data)) == (0, ["schema_id", "full_name", "fingerprint", "subjects", "schema"])
    assert (answer.data["schema_id"], answer.data["subjects"]) == (2, [{"subject": RECEIVED, "version": 2}])
    assert answer.data["schema"] == json.loads(an_event("Received", "code", optional=["note"]))


def test_an_older_version_is_shown(applied: Call) -> None:
    assert applied("schema", "show", "Received", "--version", "1", "--json").data["schema_id"] == 1


def test_the_schema_alone_goes_to_stdout(applied: Call) -> None:
    answer = applied("schema", "show", "Received", "--version", "1")
    assert json.loads(answer.out) == json.loads(an_event("Received", "code"))
    assert f"{RECEIVED}, version 1\nid 1, fingerprint " in answer.err


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["99"], ["Received", "--version", "3"], ["0"], ["9" * 5_000], ["9" * 5_000 + "x"]]
)
def test_what_is_not_there_is_code_3_with_a_hint(applied: Call, arguments: list[str]) -> None:
    answer = applied("schema", "show", *arguments)
    assert (answer.code, answer.out, "Next: " in answer.err) == (3, "", True)
    assert len(answer.err) < 1_000


def test_an_id_has_no_versions(applied: Call) -> None:
    assert applied("schema", "show", "1", "--version", "1").code == 2
