"""The index key: whole, for its owner only, and one for all who come at once."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bus.errors import ConfigError
from replay.index.keys import load_key


def test_a_key_is_made_for_its_owner_only(tmp_path: Path) -> None:
    key = load_key(tmp_path / "var" / "index.key")
    assert len(key) == 32
    assert stat.S_IMODE((tmp_path / "var" / "index.key").stat().st_mode) == 0o600


def test_all_who_come_at_once_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_key(tmp_path / "index.key"), range(40)))
    assert len(keys) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["index.key"]


def test_half_a_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "index.key"
    file.write_bytes(b"short")
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="32 bytes"):
        load_key(file)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "index.key"
    load_key(file)
    file.chmod(0o644)
    with pytest.raises(ConfigError) as refusal:
        load_key(file)
    assert "chmod 600" in refusal.value.hint


def test_a_place_that_cannot_be_made_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="cannot be read or made"):
        load_key(tmp_path / "file" / "index.key")
