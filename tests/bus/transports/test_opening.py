"""Where a log may live, and what its URL may say."""

from __future__ import annotations

import doctest
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from bus.errors import ConfigError, DamagedStore, StoreVersion
from bus.transport import TopicSpec
from bus.transports import accept_loss, open_engine
from bus.transports.sqlite import check, options
from bus.transports.sqlite.opening import check_place, file_system

TABLE = """\
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:40 / /srv rw - nfs4 server:/export rw
31 30 8:2 / /srv/local rw shared:1 - xfs /dev/sdb1 rw
32 22 0:41 / /mnt/two\\040words rw - cifs //server/share rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/srv/bus", "nfs4"), ("/srv/local/bus", "xfs"), ("/home", "ext4"), ("/mnt/two words/bus", "cifs")],
)
def test_the_file_system_of_a_folder_is_that_of_its_nearest_mount(tmp_path: Path, folder: str, kind: str) -> None:
    (tmp_path / "mountinfo").write_text(TABLE)
    assert file_system(Path(folder), tmp_path / "mountinfo") == kind


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bus.transports.sqlite.opening.file_system", lambda _folder: "nfs4")
    with pytest.raises(ConfigError, match="nfs4"):
        check_place(tmp_path / "bus.db")


@pytest.mark.parametrize(
    "url", ["bus.db", "kafkaa://x", "sqlite:/bus.db", "sqlite://bus.db", "sqlite:///", "file:///x"]
)
def test_a_url_that_names_no_log_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        open_engine(url)


@pytest.mark.parametrize("wrong", [{"wake": "bell"}, {"inbox_days": 0}, {"lease_s": 0.0}])
def test_a_choice_that_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        open_engine("sqlite://", **wrong)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="absent"):
        open_engine(f"sqlite:///{tmp_path}/absent/bus.db")


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "bus.db")) as other:
        other.execute("CREATE TABLE theirs(a)")
    before = (tmp_path / "bus.db").read_bytes()
    with pytest.raises(StoreVersion, match="not a log of ours"):
        open_engine(f"sqlite:///{tmp_path}/bus.db")
    assert (tmp_path / "bus.db").read_bytes() == before


def test_a_creation_that_was_killed_half_way_is_begun_again(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "bus.db")) as half:
        half.execute("PRAGMA journal_mode=WAL")
    with closing(open_engine(f"sqlite:///{tmp_path}/bus.db")) as engine:
        assert engine.admin.topics() == []


def test_the_log_and_what_lies_beside_it_are_for_its_owner_only(tmp_path: Path) -> None:
    with closing(open_engine(f"sqlite:///{tmp_path}/bus.db")):
        modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0}, modes


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    folder = Path("/proc/self") if os.getuid() == 0 else tmp_path  # root may write everywhere but there
    with pytest.raises(ConfigError, match=r"bus\.db cannot be used"):
        open_engine(f"sqlite:///{folder}/bus.db")


def test_a_log_in_memory_has_nothing_to_lose() -> None:
    with pytest.raises(ConfigError):
        accept_loss("sqlite://")


@pytest.mark.parametrize("module", [options, check])
def test_its_examples_are_right(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_topics_that_are_being_made_are_seen_whole_or_not_at_all(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bus.db"
    with closing(open_engine(url)) as maker, closing(open_engine(url)) as looker:
        specs = [TopicSpec(name=f"topic.{number}", partitions=3) for number in range(60)]
        thread = Thread(target=lambda: [maker.admin.create_topic(spec) for spec in specs])
        thread.start()
        seen = [spec for _ in range(2000) if thread.is_alive() for spec in looker.admin.topics()]
        thread.join()
        assert {spec.partitions for spec in (*seen, *looker.admin.topics())} == {3}


def test_a_topic_whose_partitions_are_lost_is_named(tmp_path: Path) -> None:
    with closing(open_engine(f"sqlite:///{tmp_path}/bus.db")) as engine:
        engine.admin.create_topic(TopicSpec(name="dossier.events", partitions=2))
        with closing(sqlite3.connect(tmp_path / "bus.db")) as other:
            other.execute("DELETE FROM part WHERE id>0")
            other.commit()
        with pytest.raises(DamagedStore, match=r"partitions of topic dossier\.events"):
            engine.admin.topics()
