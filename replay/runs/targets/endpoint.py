"""A replay to an HTTP endpoint that says that it wants replays: batches of CloudEvents in JSON.

The handshake has its model in the abuse protection of CloudEvents' «HTTP 1.1 Web Hooks for Event Delivery», section 4:
nobody who did not ask for replays gets any. A record is there once because the receiver remembers one number for each
run, the sequence that it expects next. «An HTTP target» in ``replay/README.md`` tells what a receiver has to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

from msgspec import Struct

from bus import retry
from bus.addresses import check_address
from bus.errors import (
    ConfigError,
    ConnectorError,
    CredentialsRefused,
    PartnerUnavailable,
    RequestRefused,
    TargetDiffers,
    TargetRefused,
)
from bus.http import Http, Limits, Reply
from bus.records import Record
from bus.retry import PATIENT, STEADY, RetryPolicy, Sleep
from bus.wire import Wire
from replay.runs.target import Room, RunFacts, Settled
from replay.runs.targets.cloudevents import CONTENT_TYPE, cloud_event

RUN, SEQUENCE, WHOLE = "Lienthong-Replay-Run", "Lienthong-Replay-Sequence", "Lienthong-Replay-Whole"
"""Headers that we send: which run, the first and the last number of a batch, and how many records the whole has."""

ACCEPTS, NEXT = "Lienthong-Accepts-Replays", "Lienthong-Replay-Next"
"""Headers that a receiver answers with: that it wants replays, and the sequence that it expects next."""

ROOM = Room(100, 1024 * 1024)

_OPT_IN = f"It opts in by answering OPTIONS with 204 and `{ACCEPTS}: yes`: see «An HTTP target» in replay/README.md."
_ANEW = "Make a new plan, for a run of its own."
_DIFFERS = (
    "Its book is not as this run left it. Put it back and run the plan again: it goes on from here. "
    "Or make a new plan, for a run of its own."
)
_TOKEN = "Correct the token that the plan refers to, then run the plan again: it goes on from here."  # noqa: S105
_NO_TOKEN = "The plan refers to no token: make a new one with `--token env:NAME` or `file:PATH`."  # noqa: S105
_AGAIN = "Correct what the receiver refuses, then run the plan again: it goes on from here."
_THERE = "Have it put right there, then run the plan again. Another address wants a plan of its own."
_LARGE = "A receiver should take bodies of 8 MiB. Then run the plan again: it goes on from here."


class Manner(Struct, frozen=True, kw_only=True):
    """How patiently a receiver is asked, and given to; what waits; whose certificates are trusted (None: the usual)."""

    asking: RetryPolicy = STEADY
    giving: RetryPolicy = PATIENT
    limits: Limits = Limits(read_timeout_s=60.0, max_answer_bytes=64 * 1024)
    sleep: Sleep = time.sleep
    ca_file: Path | None = None


class Endpoint:
    """One receiver. A mark is the sequence of the record that comes next, in decimal digits.

    ``token`` is the secret itself; no error holds it. Raises :class:`~bus.errors.ConfigError` for an address that is
    none, and for plain http that leaves this machine unless ``allow_http``.
    """

    def __init__(
        self, url: str, wire: Wire, *, token: str | None = None, allow_http: bool = False, manner: Manner | None = None
    ) -> None:
        parts = check_address("the target's URL", url, allow_http=allow_http, allowing="`--allow-http`")
        self._wire, self._manner = wire, manner or Manner()
        self._path = parts.path or "/"
        base, manner = f"{parts.scheme}://{parts.netloc}", self._manner
        self._http = Http(base, manner.limits, ca_file=manner.ca_file, headers=_authorization(token))
        self._token_hint = _NO_TOKEN if token is None else _TOKEN
        self._facts: RunFacts | None = None
        self._sequence = self._expected = 0
        self._batch: list[bytes] = []

    @property
    def room(self) -> Room:
        """A batch."""
        return ROOM

    def begin(self, facts: RunFacts, mark: bytes | None) -> None:
        """Ask whether replays are wanted, and where the receiver stands; see :class:`~replay.runs.target.Target`."""
        self._facts = facts
        self._sequence = self._expected = _sequence_of(mark, facts)
        reply = self._asked(f"run {facts.run}: asking whether replays are wanted")
        stands = _next_of(reply)
        if stands is None:
            return
        if not self._sequence <= stands <= facts.records:
            raise TargetDiffers(
                f"run {facts.run}: the receiver expects sequence {stands}, and was given {self._sequence} of "
                f"{facts.records} records",
                hint=_DIFFERS,
            )
        self._expected = stands

    def take(self, records: Sequence[Record]) -> None:
        """Collect what the receiver does not have yet."""
        facts = self._begun()
        for record in records:
            if self._sequence >= self._expected:
                event = cloud_event(record, self._sequence, (facts.run, facts.began), self._wire.codec)
                self._batch.append(event)
            self._sequence += 1

    def settle(self) -> Settled:
        """Send what was collected, as one batch. Raises what the answer means; then nothing of it counts as given."""
        if self._batch:
            run, first, last = self._begun().run, self._sequence - len(self._batch), self._sequence - 1
            headers = {SEQUENCE: f"{first}-{last}", "Idempotency-Key": f"{run}/{first}-{last}"}
            what = f"run {run}, sequence {first} to {last}"
            stands = _next_of(self._given(b"[" + b",".join(self._batch) + b"]", headers, what))
            if stands not in (None, self._sequence):
                raise TargetDiffers(f"{what}: the receiver then expects {stands}", hint=_DIFFERS)
            self._batch.clear()
            self._expected = self._sequence
        return Settled(mark=str(self._sequence).encode())

    def finish(self) -> None:
        """Tell the receiver that it has the whole, with an empty batch."""
        run = self._begun().run
        headers = {WHOLE: str(self._sequence), "Idempotency-Key": f"{run}/whole"}
        self._given(b"[]", headers, f"run {run}: telling that it is whole")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _begun(self) -> RunFacts:
        if self._facts is None:
            raise RuntimeError("a target takes nothing before it has begun")
        return self._facts

    def _asked(self, what: str) -> Reply:
        try:
            reply = self._called(self._manner.asking, lambda: self._http.options(self._path, what, headers=self._run()))
        except RequestRefused as error:
            why = f"{what}: the target answers {error.status}, so it has not said that it wants any"
            raise TargetRefused(why, hint=_OPT_IN) from None
        if not _accepts(reply):
            raise TargetRefused(f"{what}: the target has not said that it wants any", hint=_OPT_IN)
        return reply

    def _given(self, body: bytes, headers: Mapping[str, str], what: str) -> Reply:
        named = {**self._run(), "Content-Type": CONTENT_TYPE, **headers}

        def give() -> Reply:
            reply = self._http.send(self._path, what, body, headers=named)
            if not _accepts(reply):  # a gateway's page may come with 200, too
                raise PartnerUnavailable(
                    f"{what}: the answer lacks `{ACCEPTS}: yes`, so it is not the receiver's", may_have_acted=True
                )
            return reply

        try:
            return self._called(self._manner.giving, give)
        except RequestRefused as error:
            raise _refusal(error, what) from None

    def _called(self, policy: RetryPolicy, call: Callable[[], Reply]) -> Reply:
        with _hinted(self._token_hint):
            return retry.call(call, policy, sleep=self._manner.sleep)

    def _run(self) -> dict[str, str]:
        return {RUN: self._begun().run}


def _authorization(token: str | None) -> dict[str, str]:
    if token is None:
        return {}
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError("the target's token cannot be sent", hint="A token has no spaces, and ASCII characters only.")
    return {"Authorization": f"Bearer {token}"}


def _sequence_of(mark: bytes | None, facts: RunFacts) -> int:
    """Return what a mark says. Raises :class:`~bus.errors.TargetDiffers` for one that is not of this run."""
    if mark is None:
        return 0
    if not mark.isdigit() or int(mark) > facts.records:
        raise TargetDiffers(f"run {facts.run}: its bookmark is none of an HTTP target", hint=_ANEW)
    return int(mark)


def _accepts(reply: Reply) -> bool:
    return reply.headers.get(ACCEPTS.lower(), "").strip().lower() == "yes"


def _next_of(reply: Reply) -> int | None:
    """Return what the receiver expects next; None where it does not tell. What is no number is none that fits."""
    told = reply.headers.get(NEXT.lower(), "").strip()
    if not told:
        return None
    return int(told) if told.isascii() and told.isdigit() and len(told) <= 18 else -1


def _refusal(error: RequestRefused, what: str) -> ConnectorError | TargetRefused | TargetDiffers:
    """Return what a refused batch means: 410 ends all replays, 409 says that records are missing before it."""
    if error.status == HTTPStatus.GONE:
        return TargetRefused(f"{what}: the target wants no replays any more (410)", hint=_OPT_IN)
    if error.status == HTTPStatus.CONFLICT:
        return TargetDiffers(f"{what}: the receiver does not expect these (409)", hint=_DIFFERS)
    hint = _LARGE if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else _AGAIN
    return RequestRefused(f"{what}: the target answers {error.status}", error.status, hint=hint)


@contextmanager
def _hinted(token_hint: str) -> Iterator[None]:
    """Say what to do about a replay, where an error speaks to who configures a connector."""
    try:
        yield
    except CredentialsRefused as error:
        error.hint = token_hint
        raise
    except (PartnerUnavailable, RequestRefused):
        raise
    except ConnectorError as error:
        error.hint = _THERE
        raise
