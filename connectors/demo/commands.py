"""The command ``demo``."""

from __future__ import annotations

import os
import time
from datetime import datetime
from typing import TYPE_CHECKING

import click

from bus.cli.exits import INTERRUPTED
from bus.cli.output import json_option, show, table, talk, wants_json
from bus.cli.root import load_command
from bus.cli.session import Session, current_session
from bus.errors import VerificationError
from bus.settings import elsewhere

if TYPE_CHECKING:
    from connectors.demo.books import Books


@click.command("demo")
@click.option("--dossiers", type=click.IntRange(1, 1_000_000), default=2000, show_default=True, help="How many.")
@click.option("--seed", type=int, default=7, show_default=True, help="Other seeds invent other dossiers.")
@click.option("--lang", type=click.Choice(["vi", "en"]), help="Language of the story.")
@json_option
def demo(dossiers: int, seed: int, lang: str | None) -> int:
    """Take a generated case log through the whole walk, tell one dossier's story, and show the books.

    \b
    lienthong demo
    lienthong --data /tmp/province demo --dossiers 20000 --lang en

    Without --data it takes a fresh folder. On the same data it goes on where it was, and a larger number extends it;
    another seed there is exit code 9. Exit code 6 if the books do not balance.
    """
    from connectors.demo import walk
    from connectors.signals import asked_to_stop

    session, folder = _fresh_or_asked(), "case-log"
    data = session.settings.data
    began = time.monotonic()
    talk(f"1. A one-stop office exports the case log of {dossiers:,} invented dossiers to {data / folder}")
    walk.write_case_log(data / folder, seed, dossiers)
    talk("2. The file drop maps its rows to events; contracts and rules are checked; the log keeps them")
    with asked_to_stop() as asked:
        moved = walk.move(session, data / folder, asked.stop)
    if asked.stop.is_set():
        talk(f"Ended early. Go on with: lienthong --data {data} demo --dossiers {dossiers} --seed {seed}")
        return INTERRUPTED
    talk(f"   {moved.rows:,} rows: {moved.published:,} events published, {moved.deduplicated:,} known already, "
         f"{moved.dead_lettered:,} buried, in {time.monotonic() - began:.1f} s")  # fmt: skip
    code = walk.telling_dossier(seed, dossiers)
    if not wants_json():
        talk(f"3. The story of one dossier: lienthong dossier history {code}\n")
        _tell(code, lang)
    books = walk.balanced(session, data / folder, seed)
    answer = {"data": str(data), "seed": seed, "run": moved.counts(), "story": code, "books": books.answer()}
    show(answer, lambda: _show_books(books))
    _further(session, code)
    return 0 if books.balanced else VerificationError.exit_code


def _fresh_or_asked() -> Session:
    """Return the session on the folder that was asked for; else on a fresh one, whatever the settings name."""
    context = click.get_current_context().find_root()
    session = current_session()
    if context.meta.get("lienthong.data") is not None or "LIENTHONG_DATA" in os.environ:
        return session
    folder = session.settings.data / f"demo-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    fresh = Session(elsewhere(session.settings, folder))
    context.meta["lienthong.session"] = fresh
    context.call_on_close(fresh.close)
    return fresh


def _tell(code: str, lang: str | None) -> None:
    """Run ``dossier history`` as a person would: the command is found by its name, not imported."""
    history = load_command("dossier.history")
    context = click.get_current_context()
    context.invoke(history, dossier=code, lang=lang)
    click.echo()


def _show_books(books: Books) -> None:
    talk("4. The books: the case log's files on one side, the log on the other, counted apart\n")
    rows = [
        ("dossiers in the case log", books.dossiers),
        ("rows", books.rows),
        ("  of them bad on purpose", books.bad_rows),
        ("events in the log", books.events),
        ("  missing", books.missing),
        ("  unexpected", books.unexpected),
        ("  told twice", books.repeated),
        ("dossiers out of order", books.disordered),
        ("dead letters", books.dead_letters),
        *((f"  {name}", count) for name, count in books.by_type.items()),
    ]
    table(("", "count"), [(name, f"{count:,}") for name, count in rows])
    click.echo("The books balance." if books.balanced else "The books DO NOT balance.")


def _further(session: Session, code: str) -> None:
    data = session.settings.data
    talk("\nLook further:")
    for command in (
        f"dossier history {code}", "event search --type PaymentConfirmed --max 3", "deadletter list", "topic list",
        "doctor",
    ):  # fmt: skip
        talk(f"  lienthong --data {data} {command}")
