"""Bringing an installation to what the catalogue asks: what is done, in which order, and what stops it whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bus.errors import IncompatibleSchema, InvalidSchema, RegistryUnavailable, TopicDrift
from bus.transport import Engine, TopicSpec
from registry.apply import TopicStep, apply_catalogue, changes, plan
from registry.local import LocalRegistry
from registry.store import Store
from schemas.catalogue import Catalogue
from tests.registry.doubles import StoppingRegistry, a_catalogue, a_small_catalogue, a_topic, an_event, ids_of

RECEIVED, RESOLVED = "dossier.events-vn.lienthong.dossier.Received", "dossier.events-vn.lienthong.dossier.Resolved"
ORDERED = "postal.events-vn.lienthong.postal.Ordered"
IN_ORDER = [(1, RECEIVED, 1), (2, RECEIVED, 2), (3, RESOLVED, 1), (4, ORDERED, 1)]


def one_event(folder: Path, *texts: str, **topic: Any) -> Catalogue:
    """Return a catalogue of one event, its versions oldest first."""
    names = [*(f"dossier/Received.v{number}" for number in range(1, len(texts))), "dossier/Received"]
    topics = {"dossier.events": a_topic("Received", **topic)}
    return a_catalogue(folder, topics, dict(zip(names, texts, strict=True)))


def test_topics_come_first_each_with_its_dead_letters_then_every_version_in_order(
    engine: Engine, local: LocalRegistry, catalogue: Catalogue
) -> None:
    steps = plan(engine.admin, local, catalogue)
    topics = [step.spec.name for step in steps if isinstance(step, TopicStep)]
    schemas = [(step.subject, step.version) for step in steps[len(topics) :] if not isinstance(step, TopicStep)]
    assert topics == [
        "dossier.events", "dossier.events.dead-letter", "postal.events", "postal.events.dead-letter",
    ]  # fmt: skip
    assert schemas == [(RECEIVED, 1), (RECEIVED, 2), (RESOLVED, 1), (ORDERED, 1)]


def test_a_plan_changes_nothing(engine: Engine, local: LocalRegistry, catalogue: Catalogue) -> None:
    assert len(changes(plan(engine.admin, local, catalogue))) == 8
    assert (engine.admin.topics(), local.subjects()) == ([], [])


def test_what_was_done_is_told_with_the_ids_that_were_given(
    engine: Engine, local: LocalRegistry, catalogue: Catalogue
) -> None:
    steps = apply_catalogue(engine, local, catalogue)
    told = [(step.schema_id, step.subject, step.version) for step in steps if not isinstance(step, TopicStep)]
    assert told == list(ids_of(local)) == IN_ORDER


def test_applied_again_everything_is_kept(engine: Engine, local: LocalRegistry, catalogue: Catalogue) -> None:
    first = apply_catalogue(engine, local, catalogue)
    again = apply_catalogue(engine, local, catalogue)
    assert (len(again), changes(again)) == (len(first), [])


@pytest.mark.parametrize("stop", range(4))
def test_stopped_half_way_and_done_again_the_ids_are_those_of_a_fresh_installation(
    engine: Engine, catalogue: Catalogue, stop: int
) -> None:
    store = Store("sqlite://")
    with pytest.raises(RegistryUnavailable):
        apply_catalogue(engine, StoppingRegistry(store, stop), catalogue)
    apply_catalogue(engine, LocalRegistry(store), catalogue)
    assert list(ids_of(LocalRegistry(store))) == IN_ORDER
    store.close()


def test_a_newer_catalogue_adds_its_versions(engine: Engine, local: LocalRegistry, tmp_path: Path) -> None:
    first, second = an_event("Received", "code"), an_event("Received", "code", optional=["note"])
    apply_catalogue(engine, local, one_event(tmp_path / "old", first))
    done = changes(apply_catalogue(engine, local, one_event(tmp_path / "new", first, second)))
    assert [step.action for step in done] == ["register"]
    assert list(ids_of(local)) == [(1, RECEIVED, 1), (2, RECEIVED, 2)]


def test_an_older_catalogue_takes_nothing_away(engine: Engine, local: LocalRegistry, tmp_path: Path) -> None:
    first, second = an_event("Received", "code"), an_event("Received", "code", optional=["note"])
    apply_catalogue(engine, local, one_event(tmp_path / "new", first, second))
    assert not changes(apply_catalogue(engine, local, one_event(tmp_path / "old", first)))
    assert len(local.versions(RECEIVED)) == 2


def test_a_retention_that_changed_is_adjusted(engine: Engine, local: LocalRegistry, tmp_path: Path) -> None:
    text = an_event("Received", "code")
    apply_catalogue(engine, local, one_event(tmp_path / "old", text))
    catalogue = one_event(tmp_path / "new", text, retention_days=7)
    [step] = changes(apply_catalogue(engine, local, catalogue))
    kept = {spec.name: spec.retention_ms for spec in engine.admin.topics()}
    assert (step.action, kept["dossier.events"]) == ("adjust", 7 * 86_400_000)


def test_drift_names_every_topic_and_leaves_all_as_it_was(
    engine: Engine, local: LocalRegistry, catalogue: Catalogue
) -> None:
    standing = [
        TopicSpec(name="dossier.events", partitions=3),
        TopicSpec(name="postal.events", partitions=2, compacted=True),
    ]
    for spec in standing:
        engine.admin.create_topic(spec)
    with pytest.raises(TopicDrift) as refused:
        apply_catalogue(engine, local, catalogue)
    assert refused.value.reasons == (
        "dossier.events has 3 partitions, not 2", "postal.events has the cleanup compact, not delete",
    )  # fmt: skip
    assert (engine.admin.topics(), local.subjects()) == (standing, [])


def test_a_version_that_cannot_read_a_registered_one_changes_nothing(
    engine: Engine, local: LocalRegistry, tmp_path: Path
) -> None:
    local.register(RECEIVED, an_event("Received", "code"))
    catalogue = one_event(tmp_path, an_event("Received", "code", "note"))
    with pytest.raises(IncompatibleSchema, match=RECEIVED) as refused:
        apply_catalogue(engine, local, catalogue)
    assert refused.value.reasons[0].startswith("READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1: version 1: ")
    assert (engine.admin.topics(), len(local.versions(RECEIVED))) == ([], 1)


def test_a_version_that_cannot_read_the_catalogues_own_earlier_one_changes_nothing(
    engine: Engine, local: LocalRegistry, tmp_path: Path
) -> None:
    catalogue = one_event(tmp_path, an_event("Received", "code"), an_event("Received", "code", "note"))
    with pytest.raises(IncompatibleSchema, match=RECEIVED):
        apply_catalogue(engine, local, catalogue)
    assert (engine.admin.topics(), local.subjects()) == ([], [])


def test_a_contract_that_is_no_schema_is_named_by_its_subject(
    engine: Engine, local: LocalRegistry, tmp_path: Path
) -> None:
    with pytest.raises(InvalidSchema, match=rf"{RECEIVED}: /fields/0: a field needs a type"):
        apply_catalogue(engine, local, one_event(tmp_path, an_event("Received", fields=[{"name": "code"}])))
    assert (engine.admin.topics(), local.subjects()) == ([], [])


APPLYING = """
import sys
from pathlib import Path
from bus.registry import open_registry
from bus.transports import open_engine
from registry.apply import apply_catalogue
from tests.registry.doubles import a_small_catalogue
folder = Path(sys.argv[1])
engine = open_engine(f"sqlite:///{folder / 'bus.db'}")
apply_catalogue(engine, open_registry(f"sqlite:///{folder / 'registry.db'}"), a_small_catalogue(folder / sys.argv[2]))
engine.close()
"""


def test_processes_that_apply_at_once_give_the_ids_of_one(tmp_path: Path) -> None:
    runs = [[sys.executable, "-c", APPLYING, str(tmp_path), f"schemas-{n}"] for n in range(3)]
    started = [subprocess.Popen(run) for run in runs]
    assert [process.wait() for process in started] == [0, 0, 0]
    registry = LocalRegistry(Store(f"sqlite:///{tmp_path / 'registry.db'}"))
    found = list(ids_of(registry))
    registry.close()
    assert found == IN_ORDER


def test_two_installations_have_the_same_ids(tmp_path: Path, catalogue: Catalogue, engine: Engine) -> None:
    answers = []
    for other in (catalogue, a_small_catalogue(tmp_path / "again")):
        registry = LocalRegistry(Store("sqlite://"))
        apply_catalogue(engine, registry, other)
        answers.append(list(ids_of(registry)))
        registry.close()
    assert answers == [IN_ORDER, IN_ORDER]
