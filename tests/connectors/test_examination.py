"""Holding connectors against their ports: each way to break a promise is found, and its sentence names it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import uuid4

import pytest
from msgspec.structs import replace

from bus.envelope import Envelope
from bus.errors import CredentialsRefused, LienthongError, PartnerUnavailable
from bus.retry import RetryPolicy
from connectors.examination import Finding, examine, source
from connectors.examination.source import SourceExamination
from connectors.examination.webhook import WebhookExamination
from connectors.sdk import Batch, Call, Fetched, Said, Source, Verdict
from tests.connectors.doubles import TOPIC, ListSource

TEXTS = ["a", "b", "?", "!", "c"]


def broken(make: Callable[[], Source]) -> dict[str, str]:
    """Return the promises that a source breaks, with the details."""
    found = examine("source", SourceExamination(make).checks())
    return {finding.promise: finding.detail for finding in found if finding.outcome != "kept"}


class Forgetful(ListSource):
    """Brings its first text only once, whatever the cursor."""

    def fetch(self, cursor: bytes | None) -> Batch:
        batch = super().fetch(cursor)
        return batch if len(self.fetches) == 1 else replace(batch, items=batch.items[1:])


class Remembering(ListSource):
    """Goes on from where it was itself, not from the cursor."""

    def fetch(self, cursor: bytes | None) -> Batch:
        return super().fetch(str(min(2 * len(self.fetches), len(self.texts))).encode())


class Dicing(ListSource):
    """Draws an id at each mapping."""

    def map(self, item: Fetched) -> Sequence[Envelope]:
        return [replace(event, id=uuid4()) for event in super().map(item)]


class Microseconds(ListSource):
    """Tells times more exactly than a record can hold."""

    def map(self, item: Fetched) -> Sequence[Envelope]:
        return [replace(event, time=event.time + timedelta(microseconds=7)) for event in super().map(item)]


class Placeless(ListSource):
    """Never says where a thing stands."""

    def fetch(self, cursor: bytes | None) -> Batch:
        batch = super().fetch(cursor)
        return replace(batch, items=[replace(item, place="") for item in batch.items])


class Endless(ListSource):
    """Always says that there is more."""

    def fetch(self, cursor: bytes | None) -> Batch:
        return replace(super().fetch(cursor), more=True)


class Crashing(ListSource):
    """Lets a library's error out, with what the partner said in it."""

    def fetch(self, cursor: bytes | None) -> Batch:
        raise KeyError("Nguyễn Thị Hạnh")


def test_a_sound_source_keeps_every_promise() -> None:
    assert broken(lambda: ListSource(TEXTS)) == {}


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (Forgetful, "a fetch with the same cursor gives the same again"),
        (Remembering, "another instance goes on behind any cursor"),
        (Dicing, "mapping is pure and stable"),
        (Microseconds, "events have ids of their own, a key, and a time in whole milliseconds"),
        (Placeless, "every thing has a place"),
    ],
)
def test_a_broken_promise_is_found(kind: type[ListSource], promise: str) -> None:
    assert promise in broken(lambda: kind(TEXTS))


def test_a_source_without_things_is_not_judged() -> None:
    found = list(examine("source", SourceExamination(lambda: ListSource([])).checks()))
    assert {finding.outcome for finding in found} == {"kept", "left_out"}


def test_a_source_that_goes_on_is_walked_only_as_far_as_asked() -> None:
    examination = SourceExamination(lambda: Endless(TEXTS), most=3)
    assert len(examination.walk(Endless(TEXTS))) == 3


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_sound_source_with_more_pages_than_are_walked_breaks_no_promise(most: int) -> None:
    examination = SourceExamination(lambda: ListSource(list("abcdefghij")), most=most)
    assert [one.promise for one in examine("source", examination.checks()) if one.outcome == "broken"] == []


def test_a_strangers_exception_is_told_by_its_class_alone() -> None:
    details = set(broken(lambda: Crashing(TEXTS)).values())
    assert details == {"raises KeyError, which is none of the bus's errors"}


def test_an_error_of_the_bus_is_told_with_its_code_and_hint() -> None:
    away = CredentialsRefused("the partner refuses us", hint="Which password?")
    findings = list(examine("source", SourceExamination(lambda: ListSource(TEXTS, outages=[away])).checks()))
    assert Finding(
        part="source", promise="things come from the very first", outcome="broken",
        detail="LT-E5003 the partner refuses us", hint="Which password?",
    ) in findings  # fmt: skip


def test_an_outage_that_passes_is_waited_for() -> None:
    busy = PartnerUnavailable("the partner answers 429", wait_s=0.01)
    assert broken(lambda: ListSource(TEXTS, outages=[busy])) == {}


def test_an_outage_that_lasts_leaves_it_open_whether_a_promise_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_PATIENCE", RetryPolicy(attempts=1))
    away = [PartnerUnavailable("the partner answers 503")] * 9
    findings = list(examine("source", SourceExamination(lambda: ListSource(TEXTS, outages=away)).checks()))
    assert {finding.outcome for finding in findings} == {"kept", "left_out"}


class Credulous:
    """A webhook that believes everybody."""

    name, topic = "hook", TOPIC

    def read(self, call: Call) -> Fetched:
        return Fetched(raw=call.body, value=None, place="notice", native_id="1")

    def examine(self, item: Fetched) -> None: ...

    def map(self, item: Fetched) -> Sequence[Envelope]:
        return []

    def answer(self, verdict: Verdict, item: Fetched | None, error: LienthongError | None) -> Said:
        return Said(status=200)

    def close(self) -> None: ...


def test_a_webhook_that_believes_strangers_is_found() -> None:
    found = [one.promise for one in examine("hook", WebhookExamination(Credulous).checks()) if one.outcome == "broken"]
    assert found == ["whatever a stranger sends is not proven, or unreadable"]
