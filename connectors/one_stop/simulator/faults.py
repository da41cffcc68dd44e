"""Bad habits on the wire: which call is answered badly, and how. The store's own habits are in :mod:`.habits`."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from random import Random

SCRIPTED = (
    "400", "401", "403", "404", "429", "500", "502", "503", "504", "redirect", "slow", "drip", "truncated", "cut-json",
    "html", "huge", "busy", "refused", "contradiction", "session-over", "repeated-page", "empty-page", "twice-in-page",
    "shift", "disorder", "no-data", "no-date",
)  # fmt: skip
"""Every way in which a list call can be answered badly. ``429:7`` asks to come back after 7 seconds."""

PASSING = (
    "429:0", "500", "502", "503:0", "truncated", "cut-json", "html", "busy", "contradiction", "session-over",
    "repeated-page", "empty-page", "twice-in-page", "shift",
)  # fmt: skip
"""Those after which the same call goes well: what random faults are drawn from."""


class Faults:
    """What befalls the next call: first what was scripted, then by chance, as a function of (seed, call)."""

    def __init__(self, *, rate: float = 0.0, seed: int = 0) -> None:
        self._rate, self._seed, self._calls = rate, seed, 0
        self._script: deque[str] = deque()

    def script(self, names: Sequence[str]) -> None:
        """Let these befall the next list calls, one each; ``ok`` lets one pass."""
        unknown = [name for name in names if name.partition(":")[0] not in (*SCRIPTED, "ok")]
        if unknown:
            raise ValueError(f"no such fault: {', '.join(unknown)}; known: {', '.join(SCRIPTED)}")
        self._script.extend(names)

    def next(self) -> str:
        """Return the next call's fault; empty for none."""
        self._calls += 1
        if self._script:
            name = self._script.popleft()
            return "" if name == "ok" else name
        random = Random(f"{self._seed}:fault:{self._calls}")  # noqa: S311 - faults must come out the same again
        return random.choice(PASSING) if random.random() < self._rate else ""
