"""How a run is shown: a bar on a terminal, else a line now and then. All of it on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from bus.cli.output import talk
from connectors.demo.words import SENTENCES, Lang

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from connectors.demo.look import Look

_EVERY_S = 2.0


class Screen:
    """Speaks one language."""

    def __init__(self, lang: Lang, dossiers: int, bar: tuple[Progress, TaskID] | None) -> None:
        self._lang, self._dossiers, self._bar = lang, dossiers, bar
        self._told_at = monotonic()

    def say(self, name: str, **facts: object) -> None:
        """Say a sentence."""
        text = SENTENCES[self._lang][name].format(**facts)
        if self._bar is None:
            talk(text)
        else:
            self._bar[0].console.print(text, markup=False, highlight=False)

    def show(self, look: Look) -> None:
        """Show how far the run is."""
        if self._bar is not None:
            progress, task = self._bar
            progress.update(task, completed=look.final, total=self._dossiers, events=f"{look.published:,}")
        elif monotonic() - self._told_at >= _EVERY_S:
            self._told_at = monotonic()
            self.say("going", final=look.final, dossiers=self._dossiers, published=look.published, lag=look.lag)


@contextmanager
def screen(lang: Lang, dossiers: int) -> Iterator[Screen]:
    """Give a screen for the block."""
    if not sys.stderr.isatty():
        yield Screen(lang, dossiers, None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[events]} ✉"),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(SENTENCES[lang]["bar"], total=dossiers, events="0")
        yield Screen(lang, dossiers, (progress, task))
