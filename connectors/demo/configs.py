"""The configurations of the demo's connectors, as an administrator would write them, and the secrets beside them.

Everything is quicker than it would be in life: partners are asked several times a second, and nobody waits long.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.demo.home import Home

AGENCY, CUSTOMER = "H31", "H31-HCC"
SECRETS = {
    "one-stop.password": "mat-khau-thu-nghiem",
    "population.secret": "bi-mat-thu-nghiem",
    "dvcqg.secret": "khoa-bi-mat-thu-nghiem",
    "vnpay.secret": "CHUOIBIMATTHUNGHIEM",
    "postal.password": "mat-khau-buu-chinh",
}
"""Those of the simulators, told in their README.md: nothing real is called so."""

_USER = "truc-lien-thong"
_PATIENCE = {"connect_timeout_s": 1, "read_timeout_s": 1, "settles_after_s": 0.05}
"""A simulator acts before it falls silent, so it may be asked at once what it did."""


def files(home: Home) -> Mapping[str, str]:
    """Return all files of the folder ``connectors``, by name."""
    told = {
        "one-stop": _one_stop(home), "population": _population(home), "payment": _payment(home),
        "postal": _postal(home),
    }  # fmt: skip
    return {**SECRETS, **{f"{name}.yaml": as_yaml(config) for name, config in told.items()}}


def as_yaml(config: Mapping[str, Any]) -> str:
    """Return a configuration as YAML.

    >>> print(as_yaml({"name": "a", "inner": {"list": [1, 2]}}), end="")
    name: "a"
    inner:
      list: [1, 2]
    """
    return "".join(f"{line}\n" for line in _lines(config, ""))


def _lines(config: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}:"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{name}: {json.dumps(value, ensure_ascii=False)}"


def _one_stop(home: Home) -> Mapping[str, Any]:
    return {
        "base_url": home.url("one-stop"), "username": _USER, "password": "file:one-stop.password", "agency": AGENCY,
        "feeds": ["dossiers", "steps", "payments", "lookups", "parcels"], "interval_s": 0.2, "overlap_s": 0,
        "safety_lag_s": 0, "confirmed_elsewhere": ["truc-tuyen"], "deliver": True, **_PATIENCE,
    }  # fmt: skip


def _population(home: Home) -> Mapping[str, Any]:
    patience = {name: value for name, value in _PATIENCE.items() if name != "settles_after_s"}
    return {
        "base_url": home.url("population"), "username": _USER, "secret": "file:population.secret", "unit": AGENCY,
        **patience,
    }  # fmt: skip


def _payment(home: Home) -> Mapping[str, Any]:
    base = home.url("payment")
    return {
        "agency": AGENCY,
        "dvcqg": {"base_url": base, "partner": "LTHONG", "secret": "file:dvcqg.secret"},
        "vnpay": {
            "base_url": base, "terminal": "LTHONG01", "secret": "file:vnpay.secret",
            "return_url": f"{home.url('one-stop')}/thanh-toan",
        },
        "interval_s": 0.5, "silent_after_s": 3, "longest_rest_s": 10, "notice_window_h": 0, **_PATIENCE,
    }  # fmt: skip


def _postal(home: Home) -> Mapping[str, Any]:
    return {
        "base_url": home.url("postal"), "username": _USER, "password": "file:postal.password",
        "customers": {CUSTOMER: "item"}, "interval_s": 0.2, **_PATIENCE,
    }  # fmt: skip
