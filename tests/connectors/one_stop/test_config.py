"""The configuration: checked whole before anything starts, and mute about its secrets."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bus.errors import ConfigError
from connectors.one_stop import connector
from connectors.one_stop.config import load
from tests.connectors.one_stop.world import source_of, write_config

URL = "https://onestop.example.vn/api"


def refusal(folder: Path, **changes: Any) -> ConfigError:
    """Return why a configuration is refused."""
    with pytest.raises(ConfigError) as caught:
        load(write_config(folder, changes.pop("base_url", URL), **changes))
    return caught.value


def test_a_whole_configuration_is_taken(tmp_path: Path) -> None:
    settings = load(write_config(tmp_path, URL, since=date(2025, 6, 1), feeds=["steps"], dstcode="VN:COM:H31"))
    assert (settings.config.since, settings.config.feeds) == (date(2025, 6, 1), ("steps",))


def test_a_secret_comes_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    settings = load(write_config(tmp_path, URL))
    (tmp_path / "password").write_text("canary\n", "utf-8")
    assert load(tmp_path / "one-stop.yaml").password.reveal() == "canary" != settings.password.reveal()


def test_a_secret_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_STOP_PASSWORD", "canary")
    assert load(write_config(tmp_path, URL, password="env:ONE_STOP_PASSWORD")).password.reveal() == "canary"


def test_no_printing_shows_a_secret(tmp_path: Path) -> None:
    (tmp_path / "canary").write_text("canary-password", "utf-8")
    settings = load(write_config(tmp_path, URL, password="file:canary"))
    assert "canary-password" not in f"{settings!r} {settings} {settings.password!r} {vars(type(settings))}"


def test_a_password_in_clear_is_refused_and_not_repeated(tmp_path: Path) -> None:
    error = refusal(tmp_path, password="canary-password")
    assert "`password` stands there in clear" in str(error)
    assert "canary" not in f"{error} {error.hint}"


@pytest.mark.parametrize(
    ("changes", "said", "hinted"),
    [
        ({"pasword": "x"}, "unknown key `pasword`", "`password`"),
        ({"feeds": ["dossier"]}, "`dossier`", "`dossiers`"),
        ({"feeds": []}, "`feeds`", "steps"),
        ({"agency": None}, "`agency`", "README"),
        ({"page_size": 0}, "$.page_size", "README"),
        ({"page_size": "many"}, "$.page_size", "README"),
        ({"name": "One Stop"}, "$.name", "README"),
        ({"since": "yesterday"}, "$.since", "README"),
        ({"base_url": "onestop.example.vn"}, "`base_url`", "https://"),
        ({"base_url": "https://[::1"}, "`base_url`", "https://"),
        ({"base_url": "http://onestop.example.vn"}, "unencrypted", "allow_http"),
        ({"base_url": "https://me:secret@onestop.example.vn"}, "`base_url`", "keys of their own"),
        ({"password": "env:LIENTHONG_TEST_NOT_SET"}, "$LIENTHONG_TEST_NOT_SET", "Set"),
        ({"password": "file:nowhere"}, "cannot be read", "folder"),
        ({"ca_file": "nowhere.pem"}, "`ca_file`", "folder"),
        ({"login_endpoint": "auth"}, "$.login_endpoint", "README"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(tmp_path: Path, changes: dict[str, Any], said: str, hinted: str) -> None:
    error = refusal(tmp_path, **changes)
    assert said in str(error)
    assert hinted in error.hint


@pytest.mark.parametrize(
    "text", ["", "- a list", "password: [canary", 'password: "canary\n', "\xff\xfe", "a: b: canary"]
)
def test_a_file_that_is_no_configuration_is_refused_without_quoting_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "one-stop.yaml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert "canary" not in f"{caught.value} {caught.value.__cause__}"


def test_opening_contacts_nobody(tmp_path: Path) -> None:
    source = source_of(connector.open(write_config(tmp_path, "https://192.0.2.1/api")))
    assert (source.name, source.topic, source.interval_s) == ("one-stop", "dossier.events", 0.01)
    source.close()
