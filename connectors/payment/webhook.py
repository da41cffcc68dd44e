"""The webhook of both gateways: CONFIRM of the payment platform (POST, JSON) and VNPay's IPN (GET, a query)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bus.envelope import Envelope
from bus.errors import ConnectorError, LienthongError, Rejected
from connectors.ledger.entry import REFUSED
from connectors.payment import dvcqg, orders, vnpay
from connectors.payment.config import DVCQG, VNPAY, Settings
from connectors.payment.mapping import By, notice_event
from connectors.payment.notices import AMOUNT, UNKNOWN, Notice, check_age, is_of, mismatch, unproven
from connectors.payment.orders import INIT, TOPIC, Order
from connectors.sdk import Call, Fetched, Said, Verdict

if TYPE_CHECKING:
    from connectors.ledger import Ledger

_PLATFORM_SAYS = {
    Verdict.ACCEPTED: (200, "00", "Thành công"), Verdict.KNOWN: (200, "00", "Đã ghi nhận"),
    Verdict.REFUSED: (200, "99", "Không khớp với yêu cầu thanh toán"),
    Verdict.NOT_PROVEN: (401, "99", "Không xác thực được bản tin"), Verdict.BUSY: (503, "99", "Đề nghị gửi lại"),
}  # fmt: skip
"""By verdict: HTTP status, MaLoi and MoTaLoi. The platform has two codes, so the status tells the rest."""

_VNPAY_SAYS = {
    Verdict.ACCEPTED: (200, "00", "Confirm Success"), Verdict.KNOWN: (200, "02", "Order already confirmed"),
    Verdict.REFUSED: (200, "99", "Unknown error"), Verdict.NOT_PROVEN: (200, "97", "Invalid signature"),
    Verdict.BUSY: (503, "99", "Try again"),
}  # fmt: skip
"""By verdict: HTTP status, RspCode and Message. VNPay reads RspCode of a 200, and comes again after anything else."""

_VNPAY_REASONS = {UNKNOWN: ("01", "Order not found"), AMOUNT: ("04", "Invalid amount")}


class PaymentWebhook:
    """Notices of payments, proven by their signature and compared with what was asked."""

    topic = TOPIC

    def __init__(self, settings: Settings) -> None:
        self._settings, self._config = settings, settings.config
        self.name = settings.config.name
        self._by = By(source=self.name, agency=settings.config.agency)
        self._ledger: Ledger | None = None

    def keep(self, ledger: Ledger) -> None:
        """Take the ledger: it knows what was asked."""
        self._ledger = ledger

    def read(self, call: Call) -> Fetched:
        """Return a notice, proven; as the port says. What was asked is looked up only for one that is."""
        notice = self._proven(call)
        check_age(notice, call.at, self._config.notice_window_h)
        notice = self._asked(notice)
        raw = call.body if notice.gateway == DVCQG else call.query.encode("utf-8", "replace")
        return Fetched(
            raw=raw, value=notice, place=f"notice of {notice.gateway}", native_id=notice.native_id, key=notice.key,
            proof=notice.proof,
        )  # fmt: skip

    def examine(self, item: Fetched) -> None:
        """Compare order, amount, currency and time; as the port says."""
        notice: Notice = item.value
        found = mismatch(notice)
        if found is not None:
            raise Rejected(
                f"a notice of {notice.gateway} {found.message}",
                hint="Compare with the gateway's own list: what was paid there is real money.",
            )

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Return PaymentNoticeReceived; as the port says."""
        return [notice_event(item.value, self._by)]

    def answer(self, verdict: Verdict, item: Fetched | None, error: LienthongError | None) -> Said:
        """Answer in the words of whose notice it is."""
        notice: Notice | None = item.value if item is not None else None
        if is_of(error, VNPAY) or (notice is not None and notice.gateway == VNPAY):
            return _to_vnpay(verdict, notice)
        status, code, text = _PLATFORM_SAYS[verdict]
        return _said(status, self._reply(notice, code, text))

    def close(self) -> None:
        """Nothing is open. May be repeated."""

    def _proven(self, call: Call) -> Notice:
        gateway = VNPAY if call.method == "GET" else DVCQG
        if gateway == VNPAY and self._config.vnpay is not None:
            return vnpay.notice(call.query, self._config.vnpay, self._settings.vnpay_secret.reveal())
        if gateway == DVCQG and self._config.dvcqg is not None:
            return dvcqg.notice(call.body, self._config.dvcqg, self._settings.platform_secret.reveal())
        raise unproven(gateway, f"{gateway} has no settings here")

    def _asked(self, notice: Notice) -> Notice:
        """Return the notice with what was asked, in whichever state that is: a call on its way may have acted."""
        if self._ledger is None:
            raise ConnectorError("the webhook of payments was given no ledger")
        entry = self._ledger.find(self.name, INIT, notice.reference, but=REFUSED)
        if entry is None:
            return replace(notice, key=notice.reference)
        return replace(notice, order=orders.read(entry.asked, Order), key=entry.record_key.decode("utf-8", "replace"))

    def _reply(self, notice: Notice | None, code: str, text: str) -> Mapping[str, str]:
        if self._config.dvcqg is None:
            return {"MaLoi": code, "MoTaLoi": text}
        return dvcqg.reply(notice, code, text, self._config.dvcqg, self._settings.platform_secret.reveal())


def _to_vnpay(verdict: Verdict, notice: Notice | None) -> Said:
    status, code, text = _VNPAY_SAYS[verdict]
    found = mismatch(notice) if notice is not None and verdict is Verdict.REFUSED else None
    if found is not None:
        code, text = _VNPAY_REASONS.get(found.reason, (code, text))
    return _said(status, {"RspCode": code, "Message": text})


def _said(status: int, content: Mapping[str, str]) -> Said:
    return Said(status=status, body=json.dumps(content, ensure_ascii=False).encode())
