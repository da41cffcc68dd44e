"""The registry in this process keeps the port's promises, in memory and on disk, and across processes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.errors import ConfigError
from bus.registry import SchemaRegistry, open_registry
from registry.local import LocalRegistry
from registry.store import Store
from tests.contracts.registry import RegistryContract, a_record

ROUNDS = int(os.environ.get("LIENTHONG_TEST_ROUNDS", "1"))


class TestLocalRegistryInMemory(RegistryContract):
    @pytest.fixture
    def registry(self) -> Iterator[SchemaRegistry]:
        local = LocalRegistry(Store("sqlite://"))
        yield local
        local.close()


class TestLocalRegistryOnDisk(RegistryContract):
    @pytest.fixture
    def registry(self, tmp_path: Path) -> Iterator[SchemaRegistry]:
        local = LocalRegistry(Store(f"sqlite:///{tmp_path / 'registry.db'}"))
        yield local
        local.close()


REGISTERING = """
import sys
from registry.opening import open_local
from tests.contracts.registry import a_record
registry = open_local(sys.argv[1])
for n in range(int(sys.argv[2]), int(sys.argv[3])):
    added = registry.register(f"s{n % 7}", a_record(f"f{n % 7}", optional=tuple(f"o{k}" for k in range(n // 7))))
    print(added.subject, added.version, added.schema_id, flush=True)
"""


def start(url: str, first: int, end: int) -> subprocess.Popen[str]:
    run = [sys.executable, "-c", REGISTERING, url, str(first), str(end)]
    return subprocess.Popen(run, stdout=subprocess.PIPE, text=True)


def test_its_url_scheme_opens_it() -> None:
    assert open_registry("sqlite://").subjects() == []


def test_an_unknown_scheme_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="ldap"):
        open_registry("ldap://registry")


def test_two_processes_that_register_the_same_at_once_get_one_id_each(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    answers = [process.communicate()[0] for process in [start(url, 0, 35), start(url, 0, 35)]]
    registry = LocalRegistry(Store(url))
    ids = [one.schema_id for subject in registry.subjects() for one in registry.versions(subject)]
    registry.close()
    assert answers[0] == answers[1]
    assert sorted(ids) == list(range(1, 36))


@pytest.mark.parametrize("seed", range(3 * ROUNDS))
def test_a_killed_process_leaves_every_answered_registration_and_nothing_half_done(tmp_path: Path, seed: int) -> None:
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    process = start(url, 0, 300)
    assert process.stdout is not None
    answered = [process.stdout.readline() for _ in range(random.Random(seed).randrange(1, 60))]
    process.kill()
    answered += process.communicate()[0].splitlines(keepends=True)
    registry = LocalRegistry(Store(url))
    stored = {(s, one.version, one.schema_id) for s in registry.subjects() for one in registry.versions(s)}
    texts = [registry.schema(schema_id) for _, _, schema_id in stored]
    added = registry.register("after", a_record("after"))
    registry.close()
    whole = (line.split() for line in answered if line.endswith("\n"))
    assert {(name, int(version), int(schema_id)) for name, version, schema_id in whole} <= stored
    assert added.schema_id == len(stored) + 1 == len(set(texts)) + 1


def test_ids_are_the_same_on_two_fresh_installations(tmp_path: Path) -> None:
    answers = [start(f"sqlite:///{tmp_path / name}", 0, 20).communicate()[0] for name in ("one.db", "two.db")]
    assert answers[0] == answers[1]
