"""The one error tree.

Every class says in its attributes what a caller may do: ``retriable`` (the same call may succeed later),
``hint`` (what a person does next), ``code`` (stable, for support and tests) and ``exit_code`` (of the CLI).
Messages hold keys and places, never personal data. A library's exception stops at its adapter.
"""

from __future__ import annotations

from collections.abc import Sequence

_MOST_RULES = 20
"""A message names no more broken rules than this."""


class LienthongError(Exception):
    """The root: whatever the bus raises on purpose is one of these."""

    code = "LT-E0001"
    retriable = False
    hint = ""
    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


# -- before anything starts -----------------------------------------------------------------------------


class ConfigError(LienthongError):
    """A setting, a mapping file or a command's argument is wrong; nothing was started."""

    code = "LT-E1001"
    exit_code = 2


class AlreadyUp(LienthongError):
    """Another process supervises this folder's services: they run once."""

    code = "LT-E1003"
    hint = "End that one with Ctrl-C or SIGTERM, or name another folder with `--data`."
    exit_code = 9


# -- contracts: bad data, which is buried and never retried ---------------------------------------------


class ContractError(LienthongError):
    """The data breaks its contract. The record goes to the dead letters; those around it go on."""

    code = "LT-E2001"
    exit_code = 5


class InvalidEnvelope(ContractError):
    """A record's headers are not those of an event, or an envelope lacks what an event must have."""

    code = "LT-E2002"
    hint = "See «The event» in README.md for the headers that every record carries."


class Misfit(ContractError):
    """A value does not fit its schema. ``path`` names the field (``documents[2].pages``), never the value."""

    code = "LT-E2101"

    def __init__(self, path: str, expected: str, *, hint: str | None = None) -> None:
        super().__init__(f"{path or 'the value'} is not {expected}", hint=hint)
        self.path, self.expected = path, expected

    def within(self, prefix: str) -> Misfit:
        """Return the same refusal as seen from around: ``prefix`` is put before the path."""
        joined = f"{prefix}.{self.path}".strip(".") if prefix and self.path else prefix or self.path
        return Misfit(joined, self.expected, hint=self.hint or None)


class DecodeError(ContractError):
    """Bytes that are not one value of the schema, whole and with nothing after it."""

    code = "LT-E2102"
    hint = "Compare the record's schema id with the writer's: `lienthong event get TOPIC/PARTITION/OFFSET`."


class Unreadable(ContractError):
    """A partner's row, line or answer is no whole thing of its format: bytes, quotes, cells, JSON, or size."""

    code = "LT-E2401"


class Unmappable(ContractError):
    """A readable thing that its mapping has no answer for: an unknown activity or code, an empty required cell."""

    code = "LT-E2402"


class RuleBroken(ContractError):
    """A value breaks the rule of its code system, of its field or of its event: ``path`` and ``rule`` name which.

    ``also`` has the paths and rules that the same event breaks besides.
    """

    code = "LT-E2403"

    def __init__(
        self, path: str, rule: str, message: str, *, hint: str | None = None, also: Sequence[tuple[str, str]] = ()
    ) -> None:
        more = "".join(f"; {other} breaks {its_rule}" for other, its_rule in also[:_MOST_RULES])
        left = f"; {len(also) - _MOST_RULES} more in this event" if len(also) > _MOST_RULES else ""
        super().__init__(f"{path} {message} (rule {rule}){more}{left}", hint=hint)
        self.path, self.rule = path, rule


class Rejected(ContractError):
    """The partner understood the call and will not do it for what this event says; repeating it would not help."""

    code = "LT-E2404"
    hint = "Have the record corrected at its source, or the partner's data; then redrive or discard the letter."


class LeftAmbiguous(ContractError):
    """A call may or may not have acted, and the partner cannot tell: a person has to find out.

    Redriving its letter makes the call again; discarding it says that it had acted, or is not wanted any more.
    """

    code = "LT-E2405"
    hint = "Ask the partner by another way, then `lienthong deadletter redrive` (it had not) or `discard` (it had)."


class InvalidSchema(ContractError):
    """Not an Avro schema, or one that the bus refuses because values could be lost or confused."""

    code = "LT-E2201"


class IncompatibleSchema(ContractError):
    """Readers in use could not read what this schema writes. ``reasons`` has a line for each place."""

    code = "LT-E2103"

    def __init__(self, message: str, reasons: Sequence[str] = (), *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reasons = tuple(reasons)


class SubjectNotFound(ContractError):
    """The registry has no such subject, version or id."""

    code = "LT-E2301"
    hint = "`lienthong schema list` shows what is registered; `lienthong topic apply` registers the catalogue."
    exit_code = 3


class NotApplied(SubjectNotFound):
    """This program's own contract is not registered, so nothing can be read or written by it.

    No data is at fault, so nothing is buried for it: consumers and sources stop.
    """

    code = "LT-E2302"
    hint = (
        "`lienthong topic apply` registers the catalogue, or says why this contract cannot follow the one that stands."
    )


# -- the log --------------------------------------------------------------------------------------------


class TransportError(LienthongError):
    """The log cannot do what was asked."""

    code = "LT-E3001"


class TopicNotFound(TransportError):
    """No such topic on this engine."""

    code = "LT-E3002"
    hint = "`lienthong topic apply` creates the catalogue's topics; `lienthong topic list` shows those there."
    exit_code = 3


class OffsetOutOfRange(TransportError):
    """The asked offset was never written, or retention has removed it."""

    code = "LT-E3003"
    hint = "`lienthong topic show TOPIC` tells the readable range."
    exit_code = 3

    def __init__(self, place: str, asked: int, first: int, end: int) -> None:
        super().__init__(f"{place} holds offsets {first} to {end - 1}, not {asked}")
        self.place, self.asked, self.first, self.end = place, asked, first, end


class RecordTooLarge(TransportError):
    """A record is over the limit of its engine; nothing was written."""

    code = "LT-E3004"
    hint = "Files never travel on a topic: send the id, media type, size and SHA-256 instead."
    exit_code = 5


class Fenced(TransportError):
    """Another owner has taken this claim since; nothing was written. Drop positions and join again."""

    code = "LT-E3005"
    exit_code = 9


class Duplicate(TransportError):
    """An id of ``seen`` was remembered already; nothing was written. ``ids`` are those."""

    code = "LT-E3006"
    exit_code = 9

    def __init__(self, message: str, ids: Sequence[bytes] = ()) -> None:
        super().__init__(message)
        self.ids = tuple(ids)


class Claimed(TransportError):
    """A living owner holds this cursor; two of one connector never run at once."""

    code = "LT-E3007"
    hint = "End the other process, or wait for it: its claim is free as soon as it ends."
    exit_code = 9


class StorageFull(TransportError):
    """No room to write; nothing was written, and readers go on."""

    code = "LT-E3008"
    retriable = True
    hint = "Free some space on that disk; sources go on by themselves."
    exit_code = 8


class OutcomeUnknown(TransportError):
    """A commit may or may not have been written. Compare the ends of the log before sending again."""

    code = "LT-E3009"
    exit_code = 8


class TransportUnavailable(TransportError):
    """The engine cannot be reached or is busy; the same call may succeed later."""

    code = "LT-E3010"
    retriable = True
    exit_code = 8


class CannotRedrive(TransportError):
    """This dead letter cannot go back to its topic as it is."""

    code = "LT-E3012"
    hint = (
        "Correct the source's item or its mapping, run that source again, then `lienthong deadletter settle PLACE"
        " --reason TEXT`. A source that is polled brings an item again only when it changes."
    )
    exit_code = 9


class StoreVersion(TransportError):
    """A store was written by another version of the software, or is not ours at all."""

    code = "LT-E3011"
    exit_code = 2


class TopicDrift(TransportError):
    """A topic stands otherwise than the catalogue asks, in what never changes. ``reasons`` has a line for each."""

    code = "LT-E3013"
    hint = "Correct `topics.toml`, or make a topic of another name and move its readers and writers there."
    exit_code = 9

    def __init__(self, message: str, reasons: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.reasons = tuple(reasons)


# -- the registry ---------------------------------------------------------------------------------------


class RegistryError(LienthongError):
    """The registry cannot do what was asked."""

    code = "LT-E4001"


class RegistryUnavailable(RegistryError):
    """The registry does not answer; the same call may succeed later."""

    code = "LT-E4002"
    retriable = True
    exit_code = 8


# -- connectors -----------------------------------------------------------------------------------------


class ConnectorError(LienthongError):
    """A connector or its partner's answer is at fault; the connector stops with this sentence."""

    code = "LT-E5001"


class PartnerUnavailable(ConnectorError):
    """The partner does not answer now. ``wait_s`` is its Retry-After, where it gave one.

    ``may_have_acted`` if the request may have reached it whole: then a call that does something must not be repeated
    before the partner was asked.
    """

    code = "LT-E5002"
    retriable = True
    exit_code = 8

    def __init__(
        self, message: str, *, wait_s: float | None = None, may_have_acted: bool = False, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.wait_s, self.may_have_acted = wait_s, may_have_acted


class CredentialsRefused(ConnectorError):
    """The partner refuses who we say we are. The connector stops; no record is buried for it."""

    code = "LT-E5003"
    hint = "Correct the connector's credentials, then run it again: it goes on from its cursor."
    exit_code = 4


class CursorLost(ConnectorError):
    """The partner no longer knows our bookmark."""

    code = "LT-E5004"
    exit_code = 9


class RequestRefused(ConnectorError):
    """The partner refuses what was asked, with an HTTP ``status`` of 4xx that no credentials explain.

    A source stops with it; a sink that knows the status to speak of this one event raises :class:`Rejected` instead.
    """

    code = "LT-E5005"
    hint = "Check the address, the endpoints and what this user may ask for."

    def __init__(self, message: str, status: int, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class NotProven(ConnectorError):
    """A notice does not prove that the partner sent it now: a wrong signature, or one that is too old.

    Nothing of it is kept, since anybody may have sent it.
    """

    code = "LT-E5006"
    hint = "Compare the shared secret and both clocks with the partner's."
    exit_code = 4


class LedgerUnavailable(ConnectorError):
    """The delivery ledger does not answer or is busy; the same call may succeed later."""

    code = "LT-E5007"
    retriable = True
    hint = "Nothing is delivered meanwhile: a call is entered before it is made. Check the setting `ledger`."
    exit_code = 8


# -- replays --------------------------------------------------------------------------------------------


class TargetRefused(LienthongError):
    """Whoever a replay goes to has not said that it wants replays, or may not be written to by one."""

    code = "LT-E7001"
    exit_code = 4


class PlanOutdated(LienthongError):
    """The log is no longer what the plan was made from: nothing more is replayed of it."""

    code = "LT-E7002"
    hint = "Make the plan anew: `lienthong replay plan`."
    exit_code = 9


class TargetDiffers(LienthongError):
    """What stands at the target is not what this run has left there."""

    code = "LT-E7003"
    exit_code = 9


class PlanNotFound(LienthongError):
    """There is no such plan, and so no such run."""

    code = "LT-E7004"
    hint = "`lienthong replay list` shows plans and runs."
    exit_code = 3


# -- proofs: never retried, always loud -----------------------------------------------------------------


class VerificationError(LienthongError):
    """What is stored is not what was written."""

    code = "LT-E6001"
    exit_code = 6


class CorruptRecord(VerificationError):
    """A stored record no longer has the checksum that it was written with."""

    code = "LT-E6002"
    hint = "Keep the file as it is; `lienthong doctor` tells more."


class MissingRecords(VerificationError):
    """Acknowledged commits are gone: a lost write-ahead log, or an older copy put in place of the log."""

    code = "LT-E6003"
    hint = "Restore the newest copy, or accept the loss on your word: `lienthong doctor --accept-loss`."


class DamagedStore(VerificationError):
    """The log's file is damaged."""

    code = "LT-E6004"
    hint = "Keep the file as it is; `lienthong doctor` tells more."
