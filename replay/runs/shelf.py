"""The shelf: plans in the folder of the data, each under its run's id, for their owner's eyes only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from bus.errors import ConfigError, PlanNotFound
from bus.nearest import did_you_mean
from replay.runs.plan import RUN_DIGITS, Plan, encode, read

FOLDER, SUFFIX = "replays", ".plan.json"
LEAST_DIGITS = 4
_ANY = PlanNotFound.hint


def keep(data: Path, plan: Plan) -> Path:
    """Put a plan on the shelf and return its file: written whole and flushed, or not at all. May be repeated."""
    file = _file(data, plan.run)
    if file.is_file() and file.read_bytes() == encode(plan):
        return file  # also where the disk has no room any more
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(file, plan)
    except OSError as error:
        raise ConfigError(
            f"the plan cannot be written to {file}: {error.strerror}", hint="Check that folder's rights and its room."
        ) from error
    return file


def write(file: Path, plan: Plan) -> None:
    """Write a plan to a file, in place of one that is there: the whole plan, or nothing. Raises OSError."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as growing:
            growing.write(encode(plan))
            growing.flush()
            os.fsync(growing.fileno())
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def find(data: Path, text: str) -> Plan:
    """Return the plan that a person means: a file's path, a run's id, or the first digits of one.

    Raises :class:`~bus.errors.PlanNotFound`, and ConfigError where several are meant or the file holds no plan.
    """
    if is_file(text):
        return _in_file(Path(text))
    return read(_file(data, id_of(text, ids(data))))


def id_of(text: str, known: Iterable[str]) -> str:
    """Return the one of the known ids that a person means by it or its first digits.

    Raises :class:`~bus.errors.PlanNotFound` where it is none, and ConfigError where it may be several, now or one day.
    """
    among = sorted(set(known))
    if len(text) < LEAST_DIGITS:
        raise ConfigError(f"`{text}` is too short for a run's id", hint=f"Write at least {LEAST_DIGITS} of its digits.")
    meant = [one for one in among if one.startswith(text)]
    if len(meant) > 1:
        named = ", ".join(f"`{one}`" for one in meant)
        raise ConfigError(f"`{text}` begins {len(meant)} runs' ids: {named}", hint="Write more of it.")
    if not meant:
        hint = did_you_mean(text, among, otherwise=_ANY)
        raise PlanNotFound(f"there is no plan or run `{text[:RUN_DIGITS]}`", hint=hint)
    return meant[0]


def withdraw(data: Path, plan: Plan) -> None:
    """Take a plan off the shelf; copies of its file stay where they are. May be repeated."""
    file = _file(data, plan.run)
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{file} cannot be deleted: {error.strerror}", hint="Check that folder's rights.") from error


def is_file(text: str) -> bool:
    """Tell whether a person means a file rather than an id."""
    return os.sep in text or text.endswith(".json")


class Shelved(Struct, frozen=True, kw_only=True):
    """All plans, newest first, and a sentence for each file that holds none."""

    plans: Sequence[Plan]
    faults: Sequence[str]


def plans(data: Path) -> Shelved:
    """Return what is on the shelf. One file that somebody changed keeps nobody from seeing the others."""
    found: list[Plan] = []
    faults: list[str] = []
    for one in ids(data):
        try:
            found.append(read(_file(data, one)))
        except ConfigError as error:
            faults.append(str(error))
    return Shelved(plans=sorted(found, key=lambda plan: (plan.made, plan.run), reverse=True), faults=faults)


def ids(data: Path) -> Sequence[str]:
    """Return the ids on the shelf; the draft that a killed process left ends otherwise."""
    return sorted(file.name.removesuffix(SUFFIX) for file in (data / FOLDER).glob(f"*{SUFFIX}"))


def _file(data: Path, run: str) -> Path:
    return data / FOLDER / f"{run}{SUFFIX}"


def _in_file(file: Path) -> Plan:
    if not file.exists():
        raise PlanNotFound(f"there is no file {file}", hint=_ANY)
    return read(file)
