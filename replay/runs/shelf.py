"""The shelf: plans in the folder of the data, each under its run's id, for their owner's eyes only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
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
    file = data / FOLDER / f"{plan.run}{SUFFIX}"
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
    if os.sep in text or text.endswith(".json"):
        return _in_file(Path(text))
    ids = _ids(data)
    meant = [one for one in ids if one.startswith(text)] if len(text) >= LEAST_DIGITS else []
    if len(meant) > 1:
        named = ", ".join(f"`{one}`" for one in meant)
        raise ConfigError(f"`{text}` begins {len(meant)} runs' ids: {named}", hint="Write more of it.")
    if not meant:
        hint = did_you_mean(text, ids, otherwise=_ANY)
        raise PlanNotFound(f"there is no plan or run `{text[:RUN_DIGITS]}` on the shelf", hint=hint)
    return read(data / FOLDER / f"{meant[0]}{SUFFIX}")


class Shelved(Struct, frozen=True, kw_only=True):
    """All plans, newest first, and a sentence for each file that holds none."""

    plans: Sequence[Plan]
    faults: Sequence[str]


def plans(data: Path) -> Shelved:
    """Return what is on the shelf. One file that somebody changed keeps nobody from seeing the others."""
    found: list[Plan] = []
    faults: list[str] = []
    for one in _ids(data):
        try:
            found.append(read(data / FOLDER / f"{one}{SUFFIX}"))
        except ConfigError as error:
            faults.append(str(error))
    return Shelved(plans=sorted(found, key=lambda plan: (plan.made, plan.run), reverse=True), faults=faults)


def _in_file(file: Path) -> Plan:
    if not file.exists():
        raise PlanNotFound(f"there is no file {file}", hint=_ANY)
    return read(file)


def _ids(data: Path) -> Sequence[str]:
    """Return the ids on the shelf; the draft that a killed process left ends otherwise."""
    return sorted(file.name.removesuffix(SUFFIX) for file in (data / FOLDER).glob(f"*{SUFFIX}"))
