"""The command ``demo``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import click

from bus.cli.exits import INTERRUPTED
from bus.cli.output import json_option, show, table, talk
from bus.cli.root import load_command
from bus.cli.session import Session, current_session
from bus.errors import VerificationError
from bus.settings import elsewhere

if TYPE_CHECKING:
    from connectors.demo.books import Books
    from connectors.demo.driving import Run
    from connectors.demo.words import Lang


@click.command("demo")
@click.option("--dossiers", type=click.IntRange(1, 1_000_000), default=200, show_default=True, help="How many.")
@click.option("--seed", type=int, default=7, show_default=True, help="Other seeds invent other dossiers.")
@click.option("--lang", type=click.Choice(["vi", "en"]), help="Language of what is told (default: setting, else vi).")
@json_option
def demo(dossiers: int, seed: int, lang: Lang | None) -> int:
    """Run a whole province: partners, connectors and agencies; break things; tell one dossier's story; show the books.

    \b
    lienthong demo
    lienthong --data /tmp/province demo --dossiers 2000 --lang en

    Answers, notices, partners and processes fail on the way; nothing may be lost, out of order or done twice. Without
    --data it takes a fresh folder. Ended at any moment, by kill -9 as well, the same command goes on where it was; a
    larger number extends it. Exit codes: 6 the books do not balance; 9 another seed on the same data; 130 ended early.
    """
    from bus.signals import asked_to_stop
    from bus.sole import sole
    from connectors.demo.home import make_folder, prepare

    session = _fresh_or_asked()
    data, tongue = session.settings.data, _lang(lang, session)
    make_folder(data)
    with sole(data / "up.lock", str(data)):
        home = prepare(data, seed, dossiers)
        with asked_to_stop() as asked:
            from connectors.demo.driving import drive
            from connectors.demo.showing import screen

            with screen(tongue, home.dossiers) as shown:
                shown.say("start", dossiers=home.dossiers, seed=seed, data=data)
                run = drive(session, home, asked.stop, shown.say, shown.show)
        if run.is_asked_to_stop:
            command = f"lienthong --data {data} demo --dossiers {dossiers} --seed {seed}"
            _say(tongue, "early", command=command)
            return INTERRUPTED
        return _tell_all(session, run, tongue)


def _tell_all(session: Session, run: Run, lang: Lang) -> int:
    from connectors.demo.books import Ran, answer, balance
    from connectors.demo.stores import Stores

    stores = Stores(session.settings.data)
    _say(lang, "broken", what=_broken(stores.injected(), lang))
    code = stores.first_dossier()
    if code is not None:
        _tell_story(code, lang)
    books = balance(session, Ran(run.elapsed_s, run.published))
    show(answer(books), lambda: _show_books(books, lang))
    _further(session, code, lang)
    return 0 if books.balanced else VerificationError.exit_code


def _tell_story(code: str, lang: Lang) -> None:
    """Run ``dossier history`` as a person would: the command is found by its name, not imported."""
    from bus.cli.output import wants_json

    if wants_json():
        return
    _say(lang, "story", code=code)
    click.get_current_context().invoke(load_command("dossier.history"), dossier=code, lang=lang)
    click.echo()


def _broken(injected: Mapping[str, int], lang: Lang) -> str:
    """Return in words what partners did wrong on purpose."""
    from connectors.demo.words import FAULTS

    words = FAULTS[lang]
    return ", ".join(f"{times:,} {words.get(fault, fault)}" for fault, times in sorted(injected.items())) or "–"


def _show_books(books: Books, lang: Lang) -> None:
    from connectors.demo.books import answer
    from connectors.demo.words import NUMBERS

    words = NUMBERS[lang]
    _say(lang, "books")
    numbers = {name: value for name, value in answer(books).items() if name != "groups"}
    table((words["book"], words["number"]), [(words[name], f"{value:,}") for name, value in numbers.items()])
    click.echo()
    columns = ("subscribed", "delivered", "dead_lettered")
    rows = [(name, *(f"{getattr(share, one):,}" for one in columns)) for name, share in books.groups.items()]
    table((words["group"], *(words[f"group_{one}"] for one in columns)), rows)
    passed_over = [f"{name} {share.passed_over:,}" for name, share in books.groups.items() if share.passed_over]
    if passed_over:
        _say(lang, "passed_over", groups=", ".join(passed_over))
    _say(lang, "balanced" if books.balanced else "unbalanced")


def _further(session: Session, code: str | None, lang: Lang) -> None:
    data = session.settings.data
    _say(lang, "further")
    for command in (
        f"dossier history {code or ''}".strip(), "event search --type PaymentReconciled --max 3", "deadletter list",
        f"replay plan --target story.jsonl --dossier {code}" if code else "replay plan --target history.jsonl",
        "connector status", "doctor", "up",
    ):  # fmt: skip
        talk(f"  lienthong --data {data} {command}")


def _say(lang: Lang, name: str, **facts: object) -> None:
    from connectors.demo.words import SENTENCES

    talk(SENTENCES[lang][name].format(**facts))


def _lang(asked: Lang | None, session: Session) -> Lang:
    """Vietnamese, unless somebody says otherwise."""
    return "en" if (asked or session.settings.lang) == "en" else "vi"


def _fresh_or_asked() -> Session:
    """Return a session on the folder that was asked for, else on a fresh one; every store is in it, come what may."""
    context = click.get_current_context().find_root()
    settings = current_session().settings
    folder = settings.data
    if context.meta.get("lienthong.data") is None and "LIENTHONG_DATA" not in os.environ:
        folder = folder / f"demo-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    session = Session(elsewhere(settings, folder))
    context.meta["lienthong.session"] = session
    context.call_on_close(session.close)
    return session
