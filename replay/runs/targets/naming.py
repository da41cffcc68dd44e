"""From what a person typed behind ``--target`` to where a replay goes. Pure, but for the folder that paths begin in."""

from __future__ import annotations

from pathlib import Path

from bus.addresses import check_address
from bus.deadletters import SUFFIX
from bus.errors import ConfigError
from bus.replays import PREFIX, is_replay_topic, may_be_named
from replay.runs.plan import Codec, Kind, TargetSpec

_TOPIC = "topic:"
_FILES: dict[str, Kind] = {".avro": "avro", ".jsonl": "jsonl"}
_FORMS = (
    f"Write a file as `history.avro` or `history.jsonl`, a topic as `{PREFIX}NAME`,"
    " or an address as `https://HOST/PATH`."
)


def target_of(
    text: str, *, codec: Codec | None = None, token: str | None = None, ca_file: Path | None = None,
    allow_http: bool = False,
) -> TargetSpec:  # fmt: skip
    """Return the target that ``text`` names: a file by its ending, a topic, or a URL; a path becomes absolute.

    ``codec`` None is the target's own. Raises ConfigError where it is none of them, and for options that belong to
    another kind: what a person asked for is never left out in silence.
    """
    kind, where = _kind_and_place(text.strip())
    if kind == "http":
        check_address("--target", where, allow_http=allow_http, allowing="`--allow-http`")
    if codec is not None and kind != "avro":
        raise _misplaced("--codec", "a file that ends in `.avro`")
    if kind != "http":
        of_urls = {"--token": token is not None, "--ca-file": ca_file is not None, "--allow-http": allow_http}
        for option in (name for name, is_given in of_urls.items() if is_given):
            raise _misplaced(option, "a URL")
    if token is not None and not token.startswith(("env:", "file:")):
        raise ConfigError(
            "--token holds the secret itself, which would then stand in the list of processes",
            hint="Say where it is: `env:NAME` or `file:PATH`.",
        )
    return TargetSpec(
        kind=kind, where=where, codec=codec or "deflate", token=token,
        ca_file=None if ca_file is None else str(ca_file.absolute()), allow_http=allow_http,
    )  # fmt: skip


def _kind_and_place(text: str) -> tuple[Kind, str]:
    if text.casefold().startswith(("http://", "https://")):
        return "http", text
    if text.startswith(_TOPIC):
        return "topic", _topic(text.removeprefix(_TOPIC))
    ending = Path(text).suffix
    if ending in _FILES:
        return _FILES[ending], str(Path(text).expanduser().absolute())
    if is_replay_topic(text):
        return "topic", _topic(text)
    raise ConfigError("--target names neither a file, nor a topic, nor a URL that a replay could go to", hint=_FORMS)


def _topic(name: str) -> str:
    if not is_replay_topic(name):
        raise ConfigError(
            f"a replay goes to no topic but `{PREFIX}…`: `{name}` holds what happens now, or happened",
            hint=f"`--target {PREFIX}NAME`; `lienthong topic apply --replay {PREFIX}NAME` makes one.",
        )
    if not may_be_named(name):
        raise ConfigError(
            f"`{name}` is no name of a replay's topic",
            hint=f"Use lower case, digits, dots and hyphens, and no `{SUFFIX}` at the end.",
        )
    return name


def _misplaced(option: str, kind: str) -> ConfigError:
    return ConfigError(f"{option} belongs to another target, {kind}", hint=f"Leave {option} out.")
