"""The ledger's contract on both databases, and what concerns its file alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import create_engine, text

from bus.errors import ConfigError, ConnectorError, DamagedStore, LedgerUnavailable, StorageFull, StoreVersion
from connectors.ledger import Ledger, open_ledger
from connectors.ledger.store import LEDGER
from tests.contracts.ledger import LedgerContract, OpenLedger, a_delivery, a_record, begin, do, entry

POSTGRES = os.environ.get("LIENTHONG_TEST_POSTGRES", "")


class TestInAFile(LedgerContract):
    @pytest.fixture
    def open_ledger(self, tmp_path: Path) -> OpenLedger:
        return lambda: open_ledger(f"sqlite:///{tmp_path / 'connectors.db'}")


if POSTGRES:

    class TestOnPostgresql(LedgerContract):
        @pytest.fixture
        def open_ledger(self) -> Iterator[OpenLedger]:
            yield lambda: open_ledger(POSTGRES)
            emptied = create_engine(POSTGRES)
            with emptied.begin() as connection:
                connection.execute(text("DROP TABLE IF EXISTS deliveries, alembic_version"))
            emptied.dispose()

else:

    @pytest.mark.skip(reason="LIENTHONG_TEST_POSTGRES names no database: the ledger's contract was run on SQLite only")
    def test_the_contract_holds_on_postgresql() -> None:
        """One line for all of it."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "connectors.db"


@pytest.fixture
def ledger(file: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{file}")
    yield opened
    opened.close()


def run_sql(file: Path, *statements: str) -> None:
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def fill(ledger: Ledger) -> None:
    for n in range(2, 1000):
        begin(ledger, a_delivery(n))


def test_a_ledger_in_memory_serves_all_threads_of_its_process() -> None:
    opened = open_ledger("sqlite://")
    thread = Timer(0, do, [opened, a_delivery()])
    thread.start()
    thread.join()
    assert entry(opened).state == "done"
    opened.close()


def test_only_the_owner_may_read_the_file(ledger: Ledger, file: Path) -> None:
    begin(ledger, a_delivery())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert set(modes.values()) == {0o600}


def test_a_ledger_of_a_newer_version_is_refused_and_left_alone(ledger: Ledger, file: Path) -> None:
    run_sql(file, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreVersion, match="the ledger's store has version 9999"):
        open_ledger(f"sqlite:///{file}")


def test_another_store_is_refused(file: Path) -> None:
    run_sql(file, "CREATE TABLE content (name TEXT)", "CREATE TABLE alembic_version (version_num TEXT)")
    with pytest.raises(StoreVersion, match="not a ledger's: it holds `alembic_version`"):
        open_ledger(f"sqlite:///{file}")


def test_a_file_that_is_no_database_is_named_as_damaged(file: Path) -> None:
    file.write_bytes(b"\x07not a database at all" * 400)
    with pytest.raises(DamagedStore, match="the ledger's store"):
        open_ledger(f"sqlite:///{file}")


def test_a_url_that_cannot_be_served_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="the ledger's URL"):
        open_ledger("sqlite")


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConnectorError, match="the ledger's store: Not a directory") as refused:
        open_ledger(f"sqlite:///{tmp_path / 'file' / 'folder' / 'connectors.db'}")
    assert not refused.value.retriable


def test_a_ledger_that_is_up_to_date_is_opened_without_alembic(ledger: Ledger, file: Path) -> None:
    code = "import sys; from connectors.ledger import open_ledger; open_ledger(sys.argv[1]); "
    code += "sys.exit('alembic' in sys.modules)"
    subprocess.run([sys.executable, "-c", code, f"sqlite:///{file}"], check=True)


def test_migrations_build_the_table_that_the_code_knows(ledger: Ledger, file: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from connectors.ledger.tables import metadata

    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_newest_migration_is_the_one_that_the_code_expects() -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(LEDGER.migrations))
    assert scripts.get_current_head() == LEDGER.head
    assert {script.revision for script in scripts.walk_revisions()} == LEDGER.known


def test_a_full_ledger_is_named_as_such_and_goes_on_when_there_is_room(ledger: Ledger, file: Path) -> None:
    begin(ledger, a_delivery(1))
    with ledger._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageFull):
        fill(ledger)
    with ledger._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=100000")
    assert begin(ledger, a_delivery(1000)) is None


def test_a_locked_ledger_is_unavailable_for_now(ledger: Ledger, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ledger._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=10")
    other = create_engine(f"sqlite:///{file}")
    with other.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailable) as busy:
            begin(ledger, a_delivery())
    other.dispose()
    assert busy.value.retriable
    assert begin(ledger, a_delivery()) is None


def test_a_ledger_that_was_taken_away_half_way_tells_no_values(ledger: Ledger, file: Path) -> None:
    run_sql(file, "DROP TABLE deliveries")
    with pytest.raises(LedgerUnavailable) as gone:
        begin(ledger, a_delivery(reference="a-reference"))
    assert "a-reference" not in str(gone.value)
    assert a_record().offset == 1
