"""From a row to its events: by the text in its activity column, or the same for every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from bus.envelope import Envelope
from bus.errors import Unmappable
from bus.nearest import suggestion
from connectors.file_drop.events import Rule
from connectors.file_drop.values import Value, about
from connectors.sdk import Fetched

Tell = Callable[[Fetched], list[Envelope]]


def of_every_row(rules: Sequence[Rule]) -> Tell:
    """Return the function that tells each event of ``rules`` whose ``when:`` holds."""
    steps = [(rule.holds, rule.tell) for rule in rules]

    def tell(row: Fetched) -> list[Envelope]:
        return [tell_one(row) for holds, tell_one in steps if holds is None or holds(row.value)]

    return tell


def by_activity(activity: Value, known: Mapping[str, Sequence[Rule]], default: Sequence[Rule] | None) -> Tell:
    """Return the function that tells what its activity says; without a ``default`` an unknown one is refused."""
    tellers = {text: of_every_row(rules) for text, rules in known.items()}
    otherwise = None if default is None else of_every_row(default)
    where = about(activity.columns)
    take = activity.fill

    @lru_cache(maxsize=256)
    def hint(text: str) -> str:
        return f"{suggestion(text, known)} Add it under `events:`, as `skip` or an event; or set `default:`."

    def tell(row: Fetched) -> list[Envelope]:
        text = take(row.value)
        teller = tellers.get(text, otherwise) if text is not None else otherwise
        if teller is not None:
            return teller(row)
        if text is None:
            raise Unmappable(f"no activity stands in {where}", hint="Fill that cell, or set `default:`.")
        raise Unmappable(f"the activity in {where} is none of `events:`", hint=hint(text))

    return tell
