"""The partitioner against kafka-python's, which follows Java's."""

from __future__ import annotations

import doctest
import warnings

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bus import partitioner
from bus.partitioner import murmur2, partition_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # kafka-python's own, as it is imported
    from kafka.partitioner.default import murmur2 as kafka_murmur2


@given(st.binary(max_size=300))
@example(b"")
@example(b"\xff" * 255)
@example(b"\xfe" * 257)
def test_it_hashes_as_kafka_python_does(key: bytes) -> None:
    assert murmur2(key) == kafka_murmur2(key) & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("key", "java"),
    [(b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536), (b"abc", 479470107)],
)
def test_it_hashes_as_java_does(key: bytes, java: int) -> None:
    assert murmur2(key) == java & 0xFFFFFFFF


@given(st.binary(), st.integers(1, 1000))
def test_a_key_has_one_partition_among_those_there_are(key: bytes, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions


def test_its_examples_are_right() -> None:
    assert doctest.testmod(partitioner).failed == 0
