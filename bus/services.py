"""What a supervisor keeps alive: programs by name, found among the entry points ``lienthong.services``.

An entry point is a function from the settings to the services that this installation needs; none is a good answer.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points

from msgspec import Struct

from bus.errors import ConfigError
from bus.settings import PREFIX, Settings

GROUP = "lienthong.services"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")


class Service(Struct, frozen=True, kw_only=True):
    """A program that is to run for ever. ``environ`` is added to the supervisor's own environment.

    It ends in good order at SIGTERM, and may be killed at any moment. ``name`` also names its log file.
    """

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or not self.argv:
            raise ConfigError(f"`{self.name}` is no service", hint="It needs a name as `one-stop`, and a program.")


def command(settings: Settings, name: str, *words: str) -> Service:
    """Return a command of ``lienthong`` as a service, which works with just these settings."""
    # -P: a folder `bus` where the supervisor was started is not ours.
    argv = (sys.executable, "-P", "-m", "bus.cli", "--data", str(settings.data), *words)
    names = [one for one in Settings.__struct_fields__ if one != "origin"]
    return Service(name=name, argv=argv, environ={PREFIX + one.upper(): str(getattr(settings, one)) for one in names})


def installed(settings: Settings) -> Sequence[Service]:
    """Return all services that the installed rooms want, by the rooms' names. Raises ConfigError."""
    found: list[Service] = []
    for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        try:
            services = point.load()
        except ImportError as error:
            why = f"the services of `{point.name}` cannot be loaded: {error}"
            raise ConfigError(why, hint="Install its package again.") from error
        found.extend(services(settings))
    check_names(found)
    return found


def check_names(services: Sequence[Service]) -> None:
    """Raise ConfigError where two services have one name."""
    twice = [name for name, count in Counter(one.name for one in services).items() if count > 1]
    if twice:
        raise ConfigError(f"two services are called `{twice[0]}`", hint="Each needs a name of its own.")
