"""The contract of webhooks, on a small one: what the suite asks of each can be kept."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.connectors.hooks import NOW_S, WithdrawalHook, a_call, with_body
from tests.contracts.webhook import Notices, OpenWebhook, WebhookContract


class TestWithdrawals(WebhookContract):
    @pytest.fixture
    def open_webhook(self) -> OpenWebhook:
        return WithdrawalHook

    @pytest.fixture
    def notices(self) -> Notices:
        return Notices(
            good=lambda number: a_call(f"n-{number}"),
            forged=[replace(a_call(), headers={}), a_call(key=b"another key of some 32 bytes ...")],
            stale=[a_call(signed_s=NOW_S - 301), a_call(signed_s=NOW_S + 301)],
            refused=[a_call("r-1", "X1"), a_call("r-2", reason=""), with_body("r-3", b"\xff[")],
        )
