"""Headers as bytes: whatever goes in comes out, and no change of a bit passes unseen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bus.transports.sqlite.pack import EVENT, PAIRS, pack, unpack

Headers = tuple[tuple[str, bytes | None], ...]
ALWAYS = ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "content-type")
SOMETIMES = ("ce_dataschema", "ce_correlationid", "ce_causationid", "ce_agency", "traceparent")
optional = st.one_of(st.none(), st.binary(max_size=40))
texts = st.text(st.characters(codec="utf-8"), max_size=20)
any_headers = st.lists(st.tuples(st.one_of(st.sampled_from(ALWAYS + SOMETIMES), texts), optional), max_size=14)


@st.composite
def event_headers(draw: st.DrawFn, key: bytes = b"H56.14") -> Headers:
    """Draw headers that are an event's, or nearly."""
    names = ALWAYS + tuple(name for name in SOMETIMES if draw(st.booleans()))
    usual = {"ce_specversion": b"1.0", "content-type": b"application/avro", "ce_subject": key}
    return tuple((name, draw(st.one_of(st.just(usual.get(name, b"v")), optional))) for name in names)


@given(optional, optional, any_headers.map(tuple))
def test_any_headers_come_back(key: bytes | None, value: bytes | None, headers: Headers) -> None:
    assert unpack(key, value, pack(key, value, headers)) == headers


@given(st.sampled_from([b"H56.14", b"", None]), event_headers())
def test_an_events_headers_come_back_even_if_unusual(key: bytes | None, headers: Headers) -> None:
    assert unpack(key, b"v", pack(key, b"v", headers)) == headers


@given(event_headers(), st.data())
def test_no_flipped_bit_passes(headers: Headers, data: st.DataObject) -> None:
    stored = bytearray(pack(b"H56.14", b"value", headers))
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert unpack(b"H56.14", b"value", bytes(stored)) is None


@given(st.binary(max_size=60))
def test_foreign_bytes_are_refused(stored: bytes) -> None:
    assert unpack(b"k", b"v", stored) is None


def test_an_event_takes_less_room_than_its_pairs() -> None:
    headers = tuple((name, b"v") for name in ALWAYS)
    event = (("ce_specversion", b"1.0"), *headers[1:6], ("content-type", b"application/avro"))
    assert (pack(b"k", b"v", headers)[:1], pack(b"k", b"v", event)[:1]) == (PAIRS, EVENT)
    assert len(pack(b"k", b"v", event)) * 4 < len(pack(b"k", b"v", (*event, ("x", b""))))
