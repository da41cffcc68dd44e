"""The store alone: its versions, its ids, and what is left of a write that ended half way."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import create_engine, text

from bus.errors import ConfigError, DamagedStore, LienthongError, RegistryError, StoreVersion
from registry.store import Candidate, Store


def a_candidate(name: str) -> Candidate:
    return Candidate(schema=f'"{name}"', identity=name)


def run_sql(file: Path, *statements: str) -> None:
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def opened(file: Path) -> Callable[[], Store]:
    return lambda: Store(f"sqlite:///{file}")


def test_a_store_opened_again_has_what_was_added(opened: Callable[[], Store]) -> None:
    first = opened()
    added = first.add("s", a_candidate("a"), 1)
    first.close()
    second = opened()
    assert second.versions("s") == [added]
    second.close()


def test_an_id_is_not_spent_on_content_that_is_there(opened: Callable[[], Store]) -> None:
    store = opened()
    store.add("s", a_candidate("a"), 1)
    store.add("t", a_candidate("a"), 1)
    added = store.add("t", a_candidate("b"), 2)
    assert added is not None
    assert added.schema_id == 2
    store.close()


def test_a_writer_that_was_overtaken_is_told_so_and_changes_nothing(opened: Callable[[], Store]) -> None:
    store = opened()
    store.add("s", a_candidate("a"), 1)
    assert store.add("s", a_candidate("b"), 1) is None
    assert [known.version for known in store.versions("s")] == [1]
    store.close()


def test_a_refused_add_leaves_no_subject_behind(opened: Callable[[], Store]) -> None:
    store = opened()
    assert store.add("new", a_candidate("a"), 7) is None
    assert store.subjects() == []
    store.close()


def test_a_store_of_a_newer_version_is_refused_and_left_alone(file: Path, opened: Callable[[], Store]) -> None:
    opened().close()
    run_sql(file, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreVersion, match="9999"):
        opened()
    run_sql(file, "UPDATE alembic_version SET version_num = '0001'")
    opened().close()


def test_somebody_elses_database_is_refused(file: Path, opened: Callable[[], Store]) -> None:
    run_sql(file, "CREATE TABLE guests (name TEXT)")
    with pytest.raises(StoreVersion, match="guests"):
        opened()


def test_a_file_that_is_no_database_is_named_as_damaged(file: Path, opened: Callable[[], Store]) -> None:
    file.write_bytes(b"\x07not a database at all" * 400)
    with pytest.raises(DamagedStore):
        opened()


@pytest.mark.parametrize("url", ["sqlite", "oracle://host/x", "postgresql+nosuch://u:secret@h/x"])
def test_a_url_that_cannot_be_served_is_a_config_error_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Store(url)
    assert "secret" not in str(refused.value) + refused.value.hint


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(LienthongError, match="open the registry's store"):
        Store(f"sqlite:///{tmp_path / 'folder.db'}")


def test_migrations_build_the_tables_that_the_code_knows(file: Path, opened: Callable[[], Store]) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from registry.tables import metadata

    opened().close()
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_newest_migration_is_the_one_that_the_code_expects() -> None:
    from alembic.script import ScriptDirectory

    from registry import database

    scripts = ScriptDirectory(str(Path(database.__file__).with_name("migrations")))
    assert scripts.get_current_head() == database.HEAD
    assert {script.revision for script in scripts.walk_revisions()} == database.KNOWN


def test_a_store_that_is_up_to_date_is_opened_without_alembic(file: Path, opened: Callable[[], Store]) -> None:
    opened().close()
    code = "import sys; from registry.store import Store; Store(sys.argv[1]); sys.exit('alembic' in sys.modules)"
    subprocess.run([sys.executable, "-c", code, f"sqlite:///{file}"], check=True)


def test_processes_that_open_a_new_store_at_once_all_get_it(file: Path) -> None:
    code = "import sys; from registry.store import Store; print(len(Store(sys.argv[1]).subjects()))"
    run = [sys.executable, "-c", code, f"sqlite:///{file}"]
    started = [subprocess.Popen(run, stdout=subprocess.PIPE) for _ in range(4)]
    assert [(process.communicate()[0], process.returncode) for process in started] == [(b"0\n", 0)] * 4


def test_a_store_is_opened_while_another_process_makes_it(file: Path) -> None:
    """SQLite does not wait by itself here: the write-ahead log is switched on while another holds the write lock."""
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    making = Timer(0.2, other.execute, ["COMMIT"])
    making.start()
    Store(f"sqlite:///{file}").close()
    making.join()
    other.close()


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RegistryError, match="the registry's store: Not a directory"):
        Store(f"sqlite:///{tmp_path / 'file' / 'folder' / 'registry.db'}")


def test_threads_on_a_store_in_memory_share_one_database() -> None:
    store = Store("sqlite://")
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda n: store.add(f"s{n}", a_candidate(f"c{n}"), 1), range(40)))
    assert sorted(one.schema_id for one in added if one) == list(range(1, 41))
    store.close()


KILLED_IN_THE_MIDDLE = """
import os, signal, sys
from sqlalchemy import event
from registry import database
from registry.store import Candidate, Store
store, count = Store(sys.argv[1]), 0
def die(*_):
    global count
    count += 1
    if count == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(store._engine, "before_cursor_execute", die)
event.listen(store._engine, "commit", die)
store.add("s", Candidate("text", "identity"), 1)
"""


@pytest.mark.parametrize("step", range(1, 11))
def test_a_process_killed_before_any_statement_of_a_registration_leaves_nothing(
    file: Path, opened: Callable[[], Store], step: int
) -> None:
    opened().close()
    run = [sys.executable, "-c", KILLED_IN_THE_MIDDLE, f"sqlite:///{file}", str(step)]
    assert subprocess.run(run, check=False).returncode == -9
    after = opened()
    assert (after.subjects(), after.text(1)) == ([], None)
    added = after.add("s", a_candidate("a"), 1)
    assert added is not None
    assert added.schema_id == 1
    after.close()
