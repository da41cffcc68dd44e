"""What a webhook promises to strangers: whatever they send, nothing is believed and nothing breaks.

No well-signed call can be made up here, so that good ones are taken is for the connector's own contract test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from bus.errors import NotProven, Unreadable
from connectors.examination.checks import Broken, Check
from connectors.sdk import Call, Verdict, Webhook

OpenWebhook = Callable[[], Webhook]

_BODIES = (
    b"", b"{}", b"[]", b"null", b"\x00\xff\xfe", b'{"a":', b"<html></html>", b"a=b&c=d", b"[" * 5000, b"9" * 60_000,
    "{\"tên\": \"Nguyễn\"}".encode("utf-16"),
)  # fmt: skip
_QUERIES = ("", "a=b", "a=1&a=2", "%ff%fe", "=&=", "x=" + "9" * 5000)
_HEADERS: tuple[dict[str, str], ...] = (
    {}, {"content-type": "application/json"}, {"content-type": "application/x-www-form-urlencoded"},
    {"webhook-id": "1", "webhook-timestamp": "9" * 400, "webhook-signature": "v1,é"},
)  # fmt: skip


class WebhookExamination:
    """Looks at one webhook."""

    def __init__(self, open_webhook: OpenWebhook) -> None:
        self._open = open_webhook

    def checks(self) -> Sequence[Check]:
        """Return the promises that can be seen."""
        return [
            Check("name and topic are settled", self.is_settled),
            Check("whatever a stranger sends is not proven, or unreadable", self.believes_nobody),
            Check("every verdict has an answer", self.answers),
        ]

    def is_settled(self) -> None:
        """Compare two instances."""
        with closing(self._open()) as one, closing(self._open()) as other:
            if (one.name, one.topic) != (other.name, other.topic) or not one.name or not one.topic:
                raise Broken("name or topic is empty, or two instances differ in them")

    def believes_nobody(self) -> None:
        """Send it what no partner would."""
        with closing(self._open()) as webhook:
            for call in _hostile_calls():
                try:
                    webhook.read(call)
                except (NotProven, Unreadable):
                    continue
                raise Broken(f"a {call.method} with {len(call.body)} bytes and no signature was believed")

    def answers(self) -> None:
        """Ask for each answer to a notice that could not be read."""
        with closing(self._open()) as webhook:
            for verdict in (Verdict.REFUSED, Verdict.NOT_PROVEN, Verdict.BUSY):
                said = webhook.answer(verdict, None, NotProven("examined"))
                if not 200 <= said.status < 600:
                    raise Broken(f"{verdict.value}: the answer's status {said.status} is none")


def _hostile_calls() -> Iterator[Call]:
    for body in _BODIES:
        for headers in _HEADERS:
            yield Call(method="POST", path="", query="", headers=headers, body=body, at=0)
    for query in _QUERIES:
        for headers in _HEADERS:
            yield Call(method="GET", path="", query=query, headers=headers, body=b"", at=0)
