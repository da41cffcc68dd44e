"""Signatures of Standard Webhooks: what is proven, and what is not believed whatever it says."""

from __future__ import annotations

import base64

import pytest
from msgspec.structs import replace

from bus.errors import ConfigError, NotProven
from connectors.config import Secret
from connectors.sdk import Call
from connectors.signing import prove, signature, signed, signing_key
from tests.connectors.hooks import KEY, NOW_S, a_call

NEW_KEY = b"the key that comes after, 32 byte"


def headers(**changes: str) -> Call:
    """Return a good call with some headers changed; `_` stands for the hyphen."""
    call = a_call()
    return replace(call, headers={**call.headers, **{name.replace("_", "-"): text for name, text in changes.items()}})


def test_the_published_example_of_the_standard_is_proven() -> None:
    # https://github.com/standard-webhooks/standard-webhooks: the vector of its reference libraries
    key = signing_key(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "key")
    body = b'{"test": 2432232314}'
    given = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == given


def test_a_good_notice_gives_its_id() -> None:
    assert prove(a_call("n-7"), [KEY]) == "n-7"


@pytest.mark.parametrize("keys", [[KEY, NEW_KEY], [NEW_KEY, KEY]], ids=["new beside old", "old beside new"])
def test_both_keys_are_good_while_one_is_changed_for_the_other(keys: list[bytes]) -> None:
    both = f"{signature(KEY, 'n', NOW_S, b'')} {signature(NEW_KEY, 'n', NOW_S, b'')}"
    call = Call(method="POST", path="", query="", headers=signed(KEY, "n", NOW_S, b""), body=b"", at=NOW_S * 1000)
    assert prove(call, keys) == "n"
    assert prove(replace(call, headers={**call.headers, "webhook-signature": both}), [NEW_KEY]) == "n"


@pytest.mark.parametrize("keys", [[], [NEW_KEY]], ids=["none", "another"])
def test_a_key_that_is_not_ours_proves_nothing(keys: list[bytes]) -> None:
    with pytest.raises(NotProven, match="not one of our keys"):
        prove(a_call(), keys)


@pytest.mark.parametrize("away_s", [-300, 300])
def test_a_notice_within_the_window_is_believed(away_s: int) -> None:
    assert prove(a_call(signed_s=NOW_S + away_s), [KEY])


@pytest.mark.parametrize("away_s", [-301, 301, -(10**9), 10**10])
def test_a_notice_of_another_time_is_not_believed_however_well_it_is_signed(away_s: int) -> None:
    with pytest.raises(NotProven, match="from our clock"):
        prove(a_call(signed_s=NOW_S + away_s), [KEY])


HOSTILE = ("", " ", "\x00", "é" * 40, "٣" * 10, "1e9", "-1", "9" * 400, "0x10", "\ud800", "v1,", ",", "v1", " v1,v1,")


@pytest.mark.parametrize("name", ["webhook_id", "webhook_timestamp", "webhook_signature"])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_header_is_not_believed_and_breaks_nothing(name: str, text: str) -> None:
    with pytest.raises(NotProven):
        prove(headers(**{name: text}), [KEY])


def test_parts_that_are_cut_elsewhere_are_not_believed() -> None:
    call = Call(method="POST", path="", query="", headers=signed(KEY, "n", NOW_S, b"%d.x" % NOW_S), body=b"", at=0)
    other = {**call.headers, "webhook-id": f"n.{NOW_S}", "webhook-timestamp": str(NOW_S)}
    with pytest.raises(NotProven, match="no usable webhook-id"):
        prove(replace(call, headers=other, body=b"x", at=NOW_S * 1000), [KEY])


def test_a_signature_of_another_version_is_not_believed() -> None:
    with pytest.raises(NotProven):
        prove(headers(webhook_signature=a_call().headers["webhook-signature"].replace("v1,", "v1a,")), [KEY])


def test_a_refusal_says_nothing_of_what_was_sent() -> None:
    with pytest.raises(NotProven) as caught:
        prove(headers(webhook_signature="v1,bí-mật"), [KEY])
    assert "mật" not in f"{caught.value} {caught.value.hint}"


SHORT = "whsec_" + base64.b64encode(b"short").decode()


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_%%%", "abc", SHORT, "whsec_é"])
def test_a_key_that_is_none_is_a_sentence_without_it(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        signing_key(Secret(text), "`hook_key`")
    assert "`hook_key`" in str(caught.value)
    assert not text or text not in f"{caught.value}"
