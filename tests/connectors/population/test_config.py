"""The configuration is checked whole before anything starts, and no message tells what is secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bus.errors import ConfigError
from connectors.installed import find
from connectors.population.config import load
from connectors.sdk import Exchange
from tests.connectors.population.world import write_config

URL = "https://dancu.example.vn"


def test_it_opens_as_one_exchange_and_contacts_nobody(tmp_path: Path) -> None:
    (exchange,) = find("population").open(write_config(tmp_path, URL))
    assert isinstance(exchange, Exchange)
    assert (exchange.name, exchange.topics) == ("population", ("citizen.events",))
    exchange.close()


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"secret": "in-clear"}, "secret"), ({"api_key": "in-clear"}, "api_key"), ({"unit": None}, "unit"),
        ({"base_url": "http://dancu.example.vn"}, "base_url"), ({"unti": "H31"}, "unti"), ({"unit": "h31"}, "unit"),
        ({"xroad_client": "a\nb"}, "xroad_client"), ({"signed_url": "somewhere"}, "signed_url"),
        ({"ca_file": "none.pem"}, "ca_file"), ({"name": "Dân cư"}, "name"), ({"read_timeout_s": 0}, "read_timeout_s"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named(tmp_path: Path, changes: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(write_config(tmp_path, **{"base_url": URL} | changes))
    assert key in str(refused.value)
    assert "in-clear" not in f"{refused.value} {refused.value.hint}"


def test_settings_do_not_print_their_secrets(tmp_path: Path) -> None:
    assert "bi-mat" not in repr(load(write_config(tmp_path, URL)))
