"""A mapping that cannot work is refused before anything starts: with its line, the name, and the nearest right one."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.errors import ConfigError
from connectors.file_drop.document import load
from tests.connectors.file_drop.making import HEAD, MAPPING, a_source, refusal, write_mapping

STEP = "step: {column: step}"
MONEY = HEAD + "events:\n  type: FeeAsked\n  fields:\n    dossierCode: {column: case, codeSystem: T}\n    amount: "


def changed(old: str, new: str) -> str:
    """Return the mapping with a part of it changed."""
    assert old in MAPPING
    return MAPPING.replace(old, new)


@pytest.mark.parametrize(
    ("mapping", "message", "hint"),
    [
        (MAPPING + "actvity: step\n", "line 10, `actvity`: a mapping has no `actvity`", "Did you mean `activity`?"),
        (changed("path:", "pth:"), "line 2, `files.pth`", "Did you mean `path`?"),
        (changed("DossierStepDone", "DossierStepDon"), "no event type `DossierStepDon`", "`DossierStepDone`"),
        (changed("step: {", "stepp: {"), "`events.fields.stepp`: DossierStepDone has no field `stepp`", "`step`"),
        (changed(STEP, ""), "DossierStepDone needs `step`", "`step: …`"),
        (changed(", codeSystem: TEST", ""), "`dossierCode` of DossierStepDone needs `codeSystem`", "codeSystem"),
        (changed(STEP, "step: [a, b]"), "`step` of DossierStepDone is a text, not a list", "one value"),
        (changed(STEP, "step: {colum: a}"), "has no `colum`", "Did you mean `column`?"),
        (changed(STEP, "step: {if_empty: a}"), "nothing says where `step`", "`column:`"),
        (changed(STEP, "step: {column: a, constant: b}"), "`column:` and `constant:` both say", "Keep one"),
        (changed(STEP, "step: {column: a, format: iso}"), "a text, has no `format`", "`map`"),
        (changed(STEP, "step: {column: a, default: b}"), "`default:` does nothing beside `column:`", "`if_empty:`"),
        (changed(STEP, "step: {constant: a, if_empty: b}"), "`if_empty:` does nothing beside `constant:`", "Leave"),
        (changed(STEP, "step: {column: a, map: [b]}"), "`map:` is a table", "name: value"),
        (changed(STEP, "step: {column: a, map: {b: [c]}}"), "a code becomes one text", "map: {OLD: new}"),
        (changed(STEP, "step: {template: '{a'}"), "a brace has no partner", "{column}"),
        (changed(STEP, "step: {template: a}"), "the template has no column", "{column}"),
        (changed(STEP, "step: {first: a}"), "`first:` takes a list", "first: ["),
        (MAPPING + "    handlingAgency: {name: x}\n", "`handlingAgency` of DossierStepDone has no field `name`",
         "`codeSystem`"),
        (MAPPING + "    handlingAgency: [x]\n", "is a record, not a list", "code, codeSystem"),
        (MAPPING + "    startedAt: tomorrow\n", "is not a time of format `iso`", "{column: …}"),
        (changed("time: at", "time: {column: at, zone: Asia/Hanoi}"), "no such time zone", "`Asia/Ho_Chi_Minh`"),
        (changed("time: at", "time: {column: at, format: '%d/%m/%Y'}"), "written in letters", "`dd/MM/yyyy`"),
        (changed("time: at", "time: {column: at, format: DD/MM/YYYY}"), "`DD` means nothing", "yyyy MM dd"),
        (changed("key: case", "key: {constant: x}"), "`key:` has to come from the row", "column"),
        (changed("key: case\n", ""), "DossierStepDone has no `key:`", "`key: COLUMN`"),
        (changed('"*.csv"', '"*.csv", encoding: utf-16'), "not an encoding that is read here", "UTF-8"),
        (changed('"*.csv"', '"*.csv", delimiter: ";;"'), "a delimiter is one sign", "tab"),
        (changed('"*.csv"', '"*.csv", settle_s: soon'), "not a number", "5"),
        (changed('"*.csv"', '"*.jsonl", delimiter: ";"'), "JSON lines have none", "format: csv"),
        (changed('"*.csv"', '"*.csv", format: xml'), "no such format", "`jsonl`"),
        (changed('"*.csv"', '"*.csv", decimal: ",", thousands: ","'), "the decimal sign is also", "Name both"),
        (changed("source: test", "source: My Source"), "no name for a source", "small letters"),
        (MAPPING + "topic: dossiers\n", "there is no topic `dossiers`", "`dossier.events`"),
        (MAPPING + "default: skip\n", "`default:` is for activities", "`activity:`"),
        (MAPPING + "activity: step\n", "an event, or a list of events, should stand here", "`skip`"),
        (HEAD + "events:\n  Created:\n    type: FeeAsked\n", "events by activity need `activity:`", "COLUMN"),
        (HEAD + "activity: step\nevents:\n  a: skip\n", "no event is told", "type:"),
        (MAPPING + "fields: {dossierCod: x}\n", "none of the events has a field `dossierCod`", "`dossierCode`"),
        (MAPPING + "  when: {step: {nott: a}}\n", "the condition on `step` has no `nott`", "`not`"),
        (MAPPING + "  when: step\n", "`when:` is a table", "name: value"),
        (MAPPING + "  when: {step: [a, '']}\n", "never comes here", "`empty: true`"),
        (changed(STEP, "step: {column: a, map: {'': b}}"), "never comes here", "`if_empty:`"),
        (MAPPING + "id: [case, case]\n", "names each of its columns once", "`id: ["),
        (MONEY + "{column: a, currncy: EUR}\n", "`amount` of FeeAsked has no field `currncy`", "`currency`"),
        (MONEY + "{column: a}\n", "`amount` of FeeAsked needs `currency`", "currency"),
        (MONEY + "{constant: '36,50', currency: EUR}\n", "is not a number", "1234.50"),
        (MONEY + "{amount: null, currency: EUR}\n", "`amount.amount` of FeeAsked is empty", ""),
        (MAPPING.replace("DossierStepDone", "SupplementAsked").replace(STEP, "papers: x"), "is a list", "split"),
    ],
)  # fmt: skip
def test_a_slip_is_named_with_its_place_and_a_way_out(tmp_path: Path, mapping: str, message: str, hint: str) -> None:
    error = refusal(tmp_path, mapping)
    assert "mapping.yaml line " in str(error)
    assert message in str(error)
    assert hint in error.hint
    assert error.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a mapping"),
        ("- a\n", "not a mapping"),
        (MAPPING + "source: again\n", "line 10: `source` stands twice"),
        (MAPPING + "  a: b: c\n", "line 10: not YAML"),
        (MAPPING + "\tx: 1\n", "line 10: not YAML"),
        ("[" * 3000, "not YAML"),
        ("a: \x07\n", "not YAML"),
        (MAPPING + "id: !!python/object/apply:os.system [case]\n", "a YAML tag stands here"),
        ("x: &x {y: z}\n" + MAPPING + "    <<: *x\n", "a name is a single text, and `<<` is none"),
        ("? [a]\n: b\n", "a name is a single text"),
        ("a: &a [*a]\n", "nests too deep"),
        ("a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(7)
        ), "too large"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_mapping_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    error = refusal(tmp_path, text)
    assert message in str(error)
    assert error.hint


def test_a_mapping_that_is_not_utf_8_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_bytes(b"source: test\nkey: h\xe9\n")
    with pytest.raises(ConfigError, match="line 2: not UTF-8"):
        load(file)


def test_a_mapping_over_the_limit_is_refused(tmp_path: Path) -> None:
    file = write_mapping(tmp_path, "# " + "x" * 600_000)
    with pytest.raises(ConfigError, match="over 512 KiB"):
        load(file)


def test_a_mapping_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.yaml")


def test_what_looks_like_a_number_or_a_boolean_stays_the_text_it_is(tmp_path: Path) -> None:
    table = load(write_mapping(tmp_path, "a: NO\nb: 1.10\nc: 0755\nd: 2026-11-24\n"))
    assert [getattr(node, "text", None) for node in table.entries.values()] == ["NO", "1.10", "0755", "2026-11-24"]


@settings(max_examples=300, deadline=None)
@given(cut=st.integers(0, len(MAPPING)), junk=st.text(max_size=20))
def test_no_text_whatever_does_more_than_be_refused(
    tmp_path_factory: pytest.TempPathFactory, cut: int, junk: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    text = MAPPING[:cut] + junk.encode("utf-8", "ignore").decode() + MAPPING[cut:]
    with suppress(ConfigError):
        a_source(folder, text).close()
