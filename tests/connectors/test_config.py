"""Configurations of connectors: whatever is wrong is named by its key, and nothing that stands there is quoted."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct

from bus.errors import ConfigError
from connectors.config import Name, Seconds, Secret, Text, check_url, existing, load, resolved, secret

CANARY = "canary-mat-khau"


class Inner(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    terminal: Text


class Config(Struct, frozen=True, kw_only=True):
    base_url: Text
    password: Text
    name: Name = "partner"
    rest_s: Seconds = 30.0
    pages: Annotated[int, Meta(ge=1)] = 1
    kind: Literal["a", "b"] = "a"
    inner: Inner | None = None


GOOD = "base_url: https://partner.example.vn\npassword: env:WORD\n"


def loaded(folder: Path, text: str | bytes) -> Config:
    file = folder / "partner.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(file, Config)


def refusal(folder: Path, text: str | bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    return caught.value


def told(error: ConfigError) -> str:
    """Return all that somebody may print of an error, with whatever led to it."""
    return "".join(traceback.format_exception(error)) + repr(vars(error)) + error.hint


def test_what_stands_there_is_read_and_what_does_not_has_its_default(tmp_path: Path) -> None:
    config = loaded(tmp_path, GOOD + "rest_s: 5\ninner: {terminal: T1}\n")
    assert (config.name, config.rest_s, config.inner) == ("partner", 5, Inner(terminal="T1"))


@pytest.mark.parametrize(
    ("line", "unknown", "nearest"),
    [("passwrod: x", "passwrod", "password"), ("rest: 5", "rest", "rest_s"), ("7: x", "7", ""), ("~: x", "None", "")],
)  # fmt: skip
def test_an_unknown_key_is_named_with_the_nearest_right_one(
    tmp_path: Path, line: str, unknown: str, nearest: str
) -> None:
    error = refusal(tmp_path, GOOD + line)
    assert f"unknown key `{unknown}`" in str(error)
    assert nearest in error.hint


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("base_url: x\n", "password"), (GOOD + "rest_s: soon\n", "rest_s"), (GOOD + "rest_s: 0\n", "rest_s"),
        (GOOD + "name: Dân cư\n", "name"), (GOOD + "pages: 1.5\n", "pages"), (GOOD + "pages: true\n", "pages"),
        (GOOD + "kind: canary-mat-khau\n", "kind"), (GOOD + "inner: {termnal: T1}\n", "termnal"),
        (GOOD + "inner: [T1]\n", "inner"), (GOOD + "name:\n", "name"), ("base_url: 7\npassword: x\n", "base_url"),
        (GOOD + "name: &x [*x]\n", "name"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_named_by_its_key(tmp_path: Path, text: str, named: str) -> None:
    error = refusal(tmp_path, text)
    assert named in str(error)
    assert CANARY not in told(error)


def test_a_key_that_is_given_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, GOOD + f"password: {CANARY}\n")
    assert "line 3 gives the key `password` a second time" in str(error)
    assert CANARY not in told(error)


def test_a_key_that_is_given_twice_further_within_is_refused_too(tmp_path: Path) -> None:
    assert "`terminal`" in str(refusal(tmp_path, GOOD + "inner:\n  terminal: T1\n  terminal: T2\n"))


NO_YAML = [
    f"password: '{CANARY}", f"{{password: {CANARY}, b", f"password: {CANARY}: x", f"\tpassword: {CANARY}",
    f"password: !!python/object:os.system {CANARY}", f"password: !!int '{CANARY}'", f"password: !!bool {CANARY}",
    f"password: !!timestamp {CANARY}", "password: 2025-13-01", "password: 2025-01-01 25:00:00", "password: !!int ''",
    "password: " + "9" * 5000, "[" * 30_000, f"password: *{CANARY}", f"? [{CANARY}]\n: 1", "password: \x00",
    f"password: {CANARY}\n- x", "!!pairs x",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_YAML, ids=range(len(NO_YAML)))
def test_what_is_no_yaml_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    error = refusal(tmp_path, text)
    assert CANARY not in told(error)
    assert error.__cause__ is error.__context__ is None


def test_the_line_that_is_no_yaml_is_told(tmp_path: Path) -> None:
    assert "line 3 is not YAML" in str(refusal(tmp_path, GOOD + f"name: {CANARY}: x\n"))


@pytest.mark.parametrize("content", [b"", b"- a\n", b"just text\n", b"\xff\xfe\x00", b"a: \xff\n", b"x" * 70_000])
def test_what_holds_no_keys_is_refused(tmp_path: Path, content: bytes) -> None:
    refusal(tmp_path, content)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read"):
            load(path, Config)


PIECES = st.sampled_from(
    [*"a:1 -?[]{}&*!|>'\"%@,#\n\t~", "!!int ", "!!map ", "!!set ", "2025-", "- ", "0x", "<<: ", "é"]
)


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=15).map("".join))
def test_whatever_stands_there_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    with pytest.raises(ConfigError):
        loaded(tmp_path_factory.getbasetemp(), text)


# -- addresses ------------------------------------------------------------------------------------------

FILE = Path("partner.yaml")


@pytest.mark.parametrize(
    "url",
    ["https://partner.example.vn", "https://partner.example.vn:8443/ws/", "http://127.0.0.1:8080", "http://localhost",
     "http://[::1]:8080/ws", "http://127.9.9.9"],
)  # fmt: skip
def test_https_and_this_machine_are_taken(url: str) -> None:
    check_url(FILE, "base_url", url)


@pytest.mark.parametrize(
    "url",
    ["http://partner.example.vn", "http://10.0.0.1", "http://127.0.0.1.example.vn", "http://localhost.example.vn",
     "http://2130706433", "HTTP://partner.example.vn", "http://[::2]"],
)  # fmt: skip
def test_http_that_leaves_this_machine_is_refused_unless_it_is_allowed(url: str) -> None:
    with pytest.raises(ConfigError, match="unencrypted"):
        check_url(FILE, "base_url", url)
    check_url(FILE, "base_url", url, allow_http=True)


@pytest.mark.parametrize(
    "url",
    ["", "partner.example.vn", "ftp://partner.example.vn", "https://", "https:///ws", "https://h:port", "https://h/?a=b",
     "https://h/#a", "https://[::1", "https://h:99999", "https://h /ws", "https://h/w s", "https://h\n/ws", " https://h",
     "file:///etc/passwd"],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="`base_url` is not an address"):
        check_url(FILE, "base_url", url, allow_http=True)


@pytest.mark.parametrize("url", [f"https://u:{CANARY}@h", f"https://{CANARY}@h/ws", f"http://:{CANARY}@127.0.0.1"])
def test_a_name_or_a_password_in_an_address_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(ConfigError, match="holds a name or a password") as caught:
        check_url(FILE, "base_url", url)
    assert CANARY not in told(caught.value)


# -- secrets --------------------------------------------------------------------------------------------


def test_a_secret_in_clear_is_refused_and_not_quoted() -> None:
    with pytest.raises(ConfigError, match="`password` stands there in clear") as caught:
        secret(FILE, "password", CANARY)
    assert CANARY not in told(caught.value)
    assert "password: file:password.secret" in caught.value.hint


def test_a_secret_is_taken_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARTNER_WORD", CANARY)
    assert secret(FILE, "password", "env:PARTNER_WORD").reveal() == CANARY


def test_a_secret_is_taken_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "word").write_text(f"{CANARY}\n", "utf-8")
    assert secret(tmp_path / "partner.yaml", "password", "file:word").reveal() == CANARY
    assert secret(Path("elsewhere/partner.yaml"), "password", f"file:{tmp_path}/word").reveal() == CANARY


@pytest.mark.parametrize("value", ["env:NOBODY_SET_THIS", "env:", "file:none", "file:", "file:empty", "file:binary"])
def test_a_reference_that_leads_nowhere_is_named_by_its_key(tmp_path: Path, value: str) -> None:
    (tmp_path / "empty").write_text(" \n", "utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="`password` refers to"):
        secret(tmp_path / "partner.yaml", "password", value)


def test_a_name_may_be_a_reference_or_the_text_itself() -> None:
    assert resolved(FILE, "username", "bus").reveal() == "bus"
    assert resolved(FILE, "username", "env:WHO", {"WHO": "bus"}).reveal() == "bus"


def test_a_blank_variable_is_no_secret() -> None:
    with pytest.raises(ConfigError, match="which is not set"):
        resolved(FILE, "secret", "env:KEY", {"KEY": " \n"})


def test_a_secret_does_not_print() -> None:
    held = Secret(CANARY)
    assert CANARY not in f"{held} {held!r} {[held]} {held!s:>40}"


# -- files ----------------------------------------------------------------------------------------------


def test_a_file_is_found_from_the_configurations_folder(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    assert existing(tmp_path / "partner.yaml", "ca_file", "ca.pem") == tmp_path / "ca.pem"
    assert existing(tmp_path / "partner.yaml", "ca_file", "") is None


@pytest.mark.parametrize("value", ["none.pem", "."])
def test_a_file_that_is_not_there_is_named_by_its_key(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError, match="`ca_file` names a file that is not there"):
        existing(tmp_path / "partner.yaml", "ca_file", value)
