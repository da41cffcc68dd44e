from __future__ import annotations

import doctest

import pytest

from bus.codec import compile_codec, compiled, runtime
from bus.errors import ConfigError
from tests.bus.codec.samples import schema_of

SCHEMA = schema_of(f="int")


def test_without_a_word_the_code_is_generated(monkeypatch) -> None:
    monkeypatch.delenv("LIENTHONG_CODEC", raising=False)
    assert compile_codec(SCHEMA) is compile_codec(SCHEMA, generated=True)


def test_the_environment_chooses_the_fallback(monkeypatch) -> None:
    monkeypatch.setenv("LIENTHONG_CODEC", "fallback")
    assert compile_codec(SCHEMA) is compile_codec(SCHEMA, generated=False)


def test_the_caller_has_the_last_word(monkeypatch) -> None:
    monkeypatch.setenv("LIENTHONG_CODEC", "fallback")
    assert compile_codec(SCHEMA, generated=True) is not compile_codec(SCHEMA)


def test_an_unknown_codec_is_a_mistake_in_the_settings(monkeypatch) -> None:
    monkeypatch.setenv("LIENTHONG_CODEC", "fast")
    with pytest.raises(ConfigError, match="LIENTHONG_CODEC"):
        compile_codec(SCHEMA)


def test_a_codec_names_its_record_and_shows_its_code() -> None:
    codec = compile_codec(SCHEMA, generated=True)
    assert (codec.full_name, "def encode" in codec.source, "def decode" in codec.source) == (
        "vn.test.Sample",
        True,
        True,
    )


@pytest.mark.parametrize("module", [compiled, runtime], ids=lambda module: module.__name__)
def test_the_examples_in_docstrings_run(module) -> None:
    assert doctest.testmod(module).failed == 0
