"""How far the demo is does not depend on copies that somebody replays meanwhile."""

from __future__ import annotations

from pathlib import Path

from bus.cli.session import Session
from bus.settings import load
from connectors.demo.groups import subscriptions
from connectors.demo.look import Look, Looker
from connectors.demo.stores import Stores
from tests.connectors.demo.province import ONE_STOP, catch_up, change, replay


def look(data: Path) -> Look:
    session = Session(load({}, data, data=data))
    try:
        topics = [topic.name for topic in session.catalogue.topics]
        return Looker(session.engine, topics, subscriptions(data), Stores(data)).look()
    finally:
        session.close()


def test_a_demo_is_over_only_when_the_copies_are_passed_over(data: Path) -> None:
    before = look(data)
    replay(data, "replay.events")
    during = look(data)
    catch_up(data)
    after = look(data)
    assert (before.is_over(12), during.is_over(12), after.is_over(12)) == (True, False, True)
    assert (before.published, before.untold) == (after.published, after.untold)


def test_a_fact_that_only_a_copy_might_tell_is_untold(data: Path) -> None:
    replay(data, "")
    change(data, ONE_STOP, "INSERT INTO facts VALUES ('000.00.04.H31-250626-0001', 'DossierPaused', '5', 1)")
    assert look(data).untold == 1
