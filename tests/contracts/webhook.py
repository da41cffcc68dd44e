"""What every webhook promises: subclass :class:`WebhookContract` and give it ``open_webhook`` and ``notices``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import cache
from threading import Barrier, Thread
from typing import NamedTuple, final

import pytest
from msgspec.structs import replace

from bus.envelope import Envelope
from bus.errors import ContractError, NotProven, StorageFull, Unreadable
from bus.records import Place, Record
from bus.registry import open_registry
from bus.retry import RetryPolicy
from bus.rules import value_rules
from bus.transport import Commit, Engine
from bus.transports import open_engine
from bus.wire import Wire
from connectors.examination.webhook import OpenWebhook, WebhookExamination
from connectors.ingress.notices import Intake
from connectors.sdk import Call, Said, Verdict, Webhook
from registry.apply import apply_catalogue
from schemas.catalogue import load

__all__ = ["House", "Notices", "OpenWebhook", "WebhookContract"]

_CANARY = "canary-Nguyễn-42"
_AT_ONCE = RetryPolicy(attempts=2, first_wait_s=0.001, max_wait_s=0.001)


class Notices(NamedTuple):
    """The calls of a partner, all as they come at one moment.

    ``good`` makes another notice for each number, proven and accepted; ``forged`` are wrongly or not signed; ``stale``
    are signed too long ago or ahead, where the partner signs a time; ``refused`` are proven, but of another amount, of
    an unknown order, or of what nobody can map, where the partner has such.
    """

    good: Callable[[int], Call]
    forged: Sequence[Call]
    stale: Sequence[Call] = ()
    refused: Sequence[Call] = ()


class WebhookContract:
    """Each test is a promise of the port; nothing here knows who the partner is.

    A subclass gives two fixtures: ``open_webhook`` opens it anew, with whatever ``examine`` compares with, and
    ``notices`` are a :class:`Notices`. A partner that signs only some of what it sends overrides :meth:`tampered`.

        class TestPayments(WebhookContract):
            @pytest.fixture
            def open_webhook(self, tmp_path: Path) -> OpenWebhook:
                return lambda: a_webhook(tmp_path)

            @pytest.fixture
            def notices(self) -> Notices:
                return Notices(good=a_notice, forged=[unsigned(a_notice(1))], refused=[a_notice(1, amount=1)])
    """

    def tampered(self, call: Call) -> Iterator[Call]:
        """Yield ``call`` with one byte changed, in its body or, without one, in its query: at some places each."""
        text = call.body or call.query.encode()
        for place in range(0, len(text), max(len(text) // 16, 1)):
            other = bytes([text[place] ^ 1 if text[place] ^ 1 >= 0x20 else 0x21])
            changed = text[:place] + other + text[place + 1 :]
            yield replace(call, body=changed) if call.body else replace(call, query=changed.decode("latin-1"))

    @pytest.fixture
    def house(self, open_webhook: OpenWebhook) -> Iterator[House]:
        """A log in memory with the catalogue's topics, and the webhook before it."""
        with closing(open_webhook()) as webhook, closing(House(webhook)) as house:
            yield house

    @final
    def test_name_and_topic_are_settled(self, open_webhook: OpenWebhook) -> None:
        WebhookExamination(open_webhook).is_settled()

    @final
    def test_a_good_notice_is_accepted_with_all_its_events(self, house: House, notices: Notices) -> None:
        call = notices.good(1)
        said = house.take(call)
        assert (said, house.ids()) == (house.answer(Verdict.ACCEPTED, call), house.told(call))
        assert house.letters() == []

    @final
    def test_a_notice_that_comes_again_is_known_and_told_once(self, house: House, notices: Notices) -> None:
        call = notices.good(1)
        house.take(call)
        assert house.take(call) == house.answer(Verdict.KNOWN, call)
        assert house.ids() == house.told(call)

    @final
    def test_notices_that_come_at_once_from_many_threads_are_told_once_each(
        self, house: House, notices: Notices
    ) -> None:
        calls = [notices.good(number) for number in (1, 2, 3, 1, 2, 3, 1, 2)]
        saids = at_once([lambda call=call: house.take(call) for call in calls])  # type: ignore[misc]
        assert sorted(house.ids()) == sorted(one for call in calls[:3] for one in house.told(call))
        assert all(said.status == saids[0].status for said in saids)

    @final
    def test_success_is_said_only_when_it_is_durable(self, house: House, notices: Notices) -> None:
        call = notices.good(1)
        house.log.full = True
        said = house.take(call)
        house.log.full = False
        assert (said, house.ids()) == (house.answer(Verdict.BUSY, call), [])
        assert (house.is_success(said, call), house.take(call)) == (False, house.answer(Verdict.ACCEPTED, call))

    @final
    def test_what_is_forged_leaves_nothing_and_is_no_success(self, house: House, notices: Notices) -> None:
        assert notices.forged
        for call in (*notices.forged, *notices.stale):
            with pytest.raises(NotProven):
                house.webhook.read(call)
            assert not house.is_success(house.take(call), notices.good(1))
        assert (house.ids(), house.letters()) == ([], [])

    @final
    def test_a_notice_of_which_one_byte_is_changed_is_not_believed(self, house: House, notices: Notices) -> None:
        for call in self.tampered(notices.good(1)):
            with pytest.raises((NotProven, Unreadable)):
                house.webhook.read(call)

    @final
    def test_a_half_notice_is_not_believed(self, house: House, notices: Notices) -> None:
        call = notices.good(1)
        half = replace(call, body=call.body[: len(call.body) // 2], query=call.query[: len(call.query) // 2])
        for other in (half, replace(call, body=b"", query="")):
            with pytest.raises((NotProven, Unreadable)):
                house.webhook.read(other)

    @final
    def test_whatever_a_stranger_sends_is_refused(self, open_webhook: OpenWebhook, notices: Notices) -> None:
        WebhookExamination(open_webhook).believes_nobody()
        with closing(open_webhook()) as webhook:
            for call in _hostile(notices.good(1)):
                with pytest.raises((NotProven, Unreadable)):
                    webhook.read(call)

    @final
    def test_a_refused_notice_is_buried_once_however_often_it_comes(self, house: House, notices: Notices) -> None:
        for call in notices.refused:
            before = len(house.letters())
            saids = [house.take(call) for _ in range(3)]
            assert (len(house.letters()) - before, len(set(map(repr, saids)))) == (1, 1)
        assert house.ids() == []

    @final
    def test_a_letter_says_where_and_why_but_not_what(self, house: House, notices: Notices) -> None:
        for call in notices.refused:
            house.take(call)
        for letter in house.letters():
            assert letter.text("lt_error_group") == house.webhook.name
            assert letter.text("lt_error_code").startswith("LT-E2")

    @final
    def test_no_answer_tells_what_the_partner_did_not_send(self, house: House, notices: Notices) -> None:
        item = house.webhook.read(notices.good(1))
        for verdict in Verdict:
            for known in (item, None) if verdict is not Verdict.ACCEPTED else (item,):
                said = house.webhook.answer(verdict, known, ContractError(_CANARY, hint=_CANARY))
                assert _CANARY not in f"{said.body.decode()} {said.content_type}"
                assert 200 <= said.status < 600

    @final
    def test_mapping_is_pure_and_reading_is_stable(self, open_webhook: OpenWebhook, notices: Notices) -> None:
        call = notices.good(1)
        with closing(open_webhook()) as one, closing(open_webhook()) as other:
            items = [one.read(call), one.read(call), other.read(call)]
            maps = [webhook.map(item) for webhook in (one, other) for item in items]
        assert all(item == items[0] for item in items)
        assert maps[0]
        assert all(events == maps[0] for events in maps)

    @final
    def test_notices_have_names_and_events_ids_of_their_own(self, house: House, notices: Notices) -> None:
        items = [house.webhook.read(notices.good(number)) for number in (1, 2)]
        assert items[0].native_id != items[1].native_id
        assert all(item.native_id and item.place and item.raw for item in items)
        ids = [event.id for item in items for event in house.webhook.map(item)]
        assert len(set(ids)) == len(ids)

    @final
    def test_closing_may_be_repeated(self, open_webhook: OpenWebhook) -> None:
        webhook = open_webhook()
        webhook.close()
        webhook.close()


class House:
    """A webhook before a log in memory, with the real contracts and rules."""

    def __init__(self, webhook: Webhook) -> None:
        registry, catalogue, self.wire = _contracts()
        self.webhook = webhook
        self._engine = open_engine("sqlite://")
        apply_catalogue(self._engine, registry, catalogue)
        self.log = _Log(self._engine)
        self._intake = Intake(self.log, self.wire, check=value_rules(catalogue), policy=_AT_ONCE)
        self._topics = [topic.name for topic in catalogue.topics]

    def take(self, call: Call) -> Said:
        """Walk a call through the door."""
        return self._intake.take(self.webhook, call)

    def answer(self, verdict: Verdict, call: Call) -> Said:
        """Return what the webhook says to a proven call."""
        error = StorageFull(_CANARY) if verdict is Verdict.BUSY else None
        return self.webhook.answer(verdict, self.webhook.read(call), error)

    def is_success(self, said: Said, good: Call) -> bool:
        """Tell whether a partner would take an answer for what it is told of a good call: by status and words."""
        return said.status < 300 and said.body == self.answer(Verdict.ACCEPTED, good).body

    def told(self, call: Call) -> list[str]:
        """Return the ids of the events that a call tells."""
        return [str(event.id) for event in self.events_of(call)]

    def events_of(self, call: Call) -> Sequence[Envelope]:
        """Return the events that a call tells."""
        return self.webhook.map(self.webhook.read(call))

    def ids(self) -> list[str]:
        """Return the ids of all events in the log."""
        return [record.text("ce_id") for record in self._records("")]

    def letters(self) -> list[Record]:
        """Return all dead letters."""
        return self._records(".dead-letter")

    def close(self) -> None:
        """Close the log."""
        self._engine.close()

    def _records(self, suffix: str) -> list[Record]:
        log = self._engine.log
        spans = [found for topic in self._topics for found in log.ends(topic + suffix).items()]
        return [record for partition, span in spans for record in log.read(partition, span.first, 10_000)]


class _Log:
    """The log, with no room for anything while it is ``full``."""

    def __init__(self, engine: Engine) -> None:
        self._log, self.full = engine.log, False

    def commit(self, commit: Commit) -> Sequence[Place]:
        """Commit, if there is room."""
        if self.full:
            raise StorageFull("no room")
        return self._log.commit(commit)

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)


def at_once(actions: Sequence[Callable[[], Said]]) -> list[Said]:
    """Do all in threads of their own, at the same moment, and return what each gave."""
    barrier, given = Barrier(len(actions)), []

    def do(action: Callable[[], Said]) -> None:
        barrier.wait()
        given.append(action())

    threads = [Thread(target=do, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == len(actions)
    return given


def _hostile(good: Call) -> Iterator[Call]:
    """Yield good headers around other bodies, and good bodies with no headers' worth."""
    for body in (
        b"",
        b"\x00" * 60_000,
        b"\xff\xfe\xfd",
        b"[" * 20_000,
        b'{"a":' * 5_000,
        b"9" * 60_000,
        b"null",
        b"{}",
    ):
        yield replace(good, body=body, query="")
    for query in ("%", "%ff%fe%00", "a&b&c", "=" * 5000, "a=" + "9" * 10_000, "&".join(["a=1"] * 2000)):
        yield replace(good, query=query, body=b"")
    for method in ("GET", "POST"):
        yield replace(good, method=method, headers=dict.fromkeys(good.headers, "\x7fé\t"), body=b"", query="")


@cache
def _contracts():  # type: ignore[no-untyped-def]
    """Return a registry in memory with the catalogue, once for all tests."""
    catalogue, registry = load(), open_registry("sqlite://")
    with closing(open_engine("sqlite://")) as engine:
        apply_catalogue(engine, registry, catalogue)
    return registry, catalogue, Wire(registry, catalogue)
