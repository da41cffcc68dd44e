"""Records as Hypothesis draws them: what a log may hold, and around the lengths at which a target does otherwise."""

from __future__ import annotations

from hypothesis import strategies as st

from bus.records import Record
from tests.contracts.history import a_record


def lengths_of(*around: int) -> st.SearchStrategy[bytes]:
    """Draw bytes whose lengths lie around those at which something changes."""
    return st.sampled_from([size + step for size in around for step in (-1, 0, 1)]).map(bytes) | st.binary()


SIZES = lengths_of(64, 1024, 8192)
RECORDS = st.builds(
    Record,
    topic=st.sampled_from(["dossier.events", "payment.events", "chủ.đề"]) | st.text(),
    partition=st.integers(0, 300) | st.just(2**31 - 1),
    offset=st.integers(0, 2**63 - 1) | st.integers(0, 2**15) | st.sampled_from([2**13, 2**27 - 1, 2**27]),
    timestamp=st.integers(0, 4_000_000_000_000)
    | st.integers(-(2**40), 2**40)
    | st.sampled_from([0, 8191, 8192, 2**62]),
    key=st.none() | SIZES,
    value=st.none() | SIZES,
    headers=st.lists(st.tuples(st.text(), st.none() | SIZES), max_size=6).map(tuple),
)

_HEADERS = [
    *a_record(0).headers, *a_record(1).headers, ("ce_id", b"no uuid"),
    ("ce_id", b"{6F1C9A34-7C3B-5D0E-9A55-0F2F6F1C2F57}"), ("ce_type", b"PaymentConfirmed"),
    ("ce_time", b"2026-11-24T12:00:00.123456+07:00"), ("ce_time", b"0001-01-01T00:00:00+07:00"), ("ce_subject", None),
    ("ce_agency", b""), ("ce_agency", b"\xff"), ("content-type", b"avro/binary"), ("ce_causationid", b"\xff"),
    ("traceparent", b"00-1-2-01"), ("ce_dataschema", b"urn:1"), ("x", b""), ("x", None),
]  # fmt: skip
EVENTS = st.integers(0, 20).flatmap(
    lambda offset: st.builds(
        a_record,
        st.just(offset),
        key=st.sampled_from([a_record(offset).key, b"other", b"\xff", b"", None]),
        headers=st.just(a_record(offset).headers)
        | st.lists(st.sampled_from(_HEADERS), max_size=3).map(lambda more: (*a_record(offset).headers, *more))
        | st.lists(st.sampled_from(_HEADERS), max_size=14).map(tuple),
    )
)
"""Real values under headers that nobody of ours would write, or would write otherwise."""
