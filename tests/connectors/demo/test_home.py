"""The demo's folder: what it is stays, and nobody else's data are touched."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bus.settings import load
from connectors.demo import configs
from connectors.demo.home import Home, OtherDemo, find_home, prepare
from connectors.demo.services import FIRST_DOSSIER, services
from connectors.installed import find
from connectors.one_stop import simulator as one_stop
from connectors.one_stop.simulator.story import code_of
from connectors.payment import simulator as payment
from connectors.population import simulator as population
from connectors.postal import simulator as postal
from connectors.serving import opened


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return prepare(tmp_path, 7, 25)


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}


def test_what_was_prepared_is_found_and_prepared_again_is_the_same(tmp_path: Path, home: Home) -> None:
    assert find_home(tmp_path) == home == prepare(tmp_path, 7, 25)


def test_a_larger_number_extends_and_a_smaller_one_takes_nothing_away(tmp_path: Path, home: Home) -> None:
    assert (prepare(tmp_path, 7, 40).dossiers, prepare(tmp_path, 7, 3).dossiers) == (40, 40)


def test_another_seed_is_a_conflict_that_names_the_one_that_is_there(tmp_path: Path, home: Home) -> None:
    with pytest.raises(OtherDemo, match="of seed 7, not 8") as refused:
        prepare(tmp_path, 8, 25)
    assert (refused.value.exit_code, "--seed 7" in refused.value.hint) == (9, True)


@pytest.mark.parametrize("name", ["bus.db", "connectors"])
def test_data_that_are_not_the_demos_are_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(OtherDemo):
        prepare(tmp_path, 7, 25)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_mark_that_nobody_can_read_is_a_conflict(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{", "utf-8")
    with pytest.raises(OtherDemo):
        find_home(tmp_path)


def test_files_are_for_their_owner_only(tmp_path: Path, home: Home) -> None:
    assert modes(tmp_path) == {0o600}
    assert (tmp_path / "connectors").stat().st_mode & 0o777 == 0o700


def test_every_configuration_is_one_that_its_connector_takes(tmp_path: Path, home: Home) -> None:
    placed, wrong = opened(sorted((tmp_path / "connectors").glob("*.yaml")))
    for one in placed:
        one.part.close()
    assert (list(wrong), len(placed)) == ([], 8)


def test_secrets_are_the_simulators_own() -> None:
    assert configs.SECRETS == {
        "one-stop.password": one_stop.PASSWORD, "population.secret": population.SECRET,
        "dvcqg.secret": payment.PLATFORM_SECRET, "vnpay.secret": payment.VNPAY_SECRET,
        "postal.password": postal.PASSWORD,
    }  # fmt: skip
    assert (configs.AGENCY, configs.CUSTOMER) == (one_stop.AGENCY, postal.CUSTOMER)


def test_the_dossier_whose_story_is_told_is_the_first() -> None:
    assert code_of(0) == FIRST_DOSSIER


@pytest.fixture
def stranger(home: Home) -> Iterator[socket.socket]:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", home.ports["postal"]))
        taken.listen()
        yield taken


def test_a_port_that_somebody_else_has_taken_is_chosen_anew_and_the_others_stay(
    tmp_path: Path, home: Home, stranger: socket.socket
) -> None:
    again = prepare(tmp_path, 7, 25)
    changed = {name for name, port in again.ports.items() if port != home.ports[name]}
    assert (changed, again.url("postal") in (tmp_path / "connectors" / "postal.yaml").read_text()) == ({"postal"}, True)


def test_a_folder_without_a_demo_needs_no_services(tmp_path: Path) -> None:
    assert list(services(load({}, tmp_path, data=tmp_path))) == []


def test_a_demo_needs_its_partners_and_its_agencies(tmp_path: Path, home: Home) -> None:
    names = [one.name for one in services(load({}, tmp_path, data=tmp_path))]
    assert names == [
        "simulator.one-stop", "simulator.population", "simulator.payment", "simulator.postal", "agency.police",
        "agency.insurance", "agency.audit",
    ]  # fmt: skip


def test_notices_are_sent_to_the_door_that_the_settings_name(tmp_path: Path, home: Home) -> None:
    settings = load({"LIENTHONG_HOOKS_PORT": "8999"}, tmp_path, data=tmp_path)
    (gateway,) = [one for one in services(settings) if one.name == "simulator.payment"]
    assert "http://127.0.0.1:8999/hooks/payment" in gateway.argv


def test_every_partner_is_a_kind_of_connector(home: Home) -> None:
    assert [find(name).name for name in home.ports if name != "hooks"] == [
        name for name in home.ports if name != "hooks"
    ]
