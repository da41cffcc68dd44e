"""The commands ``replay plan|run|cancel|list|show``. All else is imported when one of them runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bus.cli.output import json_option, printable, show, table, talk
from bus.cli.session import current_session

if TYPE_CHECKING:
    from replay.asking import Reply

_lang = click.option("--lang", type=click.Choice(["vi", "en"]), help="Language of the sentences.")


@click.command("plan")
@click.option(
    "--target",
    required=True,
    metavar="TARGET",
    help="Where to: a file (.avro or .jsonl), a topic (replay.NAME), or a URL whose owner opted in.",
)
@click.option(
    "--topic",
    "topics",
    multiple=True,
    help="Only this topic; may be repeated (default: all but audit.events, replay.*).",
)
@click.option("--type", "types", multiple=True, help="Only events of this type, as DossierReceived; may be repeated.")
@click.option("--key", help="Only records of this key (- reads stdin).")
@click.option("--dossier", metavar="CODE", help="Only what belongs to this dossier.")
@click.option("--id", "id", metavar="KIND:VALUE", help="Only what names it, as citizen:038… (KIND:- reads stdin).")
@click.option("--agency", help="Only what this agency vouches for.")
@click.option("--from", "start", metavar="TIME", help="From this day or time on: 2026-11-24 or 2026-11-24T09:15.")
@click.option("--to", "end", metavar="TIME", help="Up to this time; a day alone is included whole.")
@click.option(
    "--by",
    type=click.Choice(["occurred", "accepted"]),
    default="occurred",
    show_default=True,
    help="Which time --from, --to and --pace mean: when it happened, or when the bus accepted it.",
)
@click.option(
    "--mask",
    type=click.Choice(["all", "personal", "none"]),
    default="all",
    show_default=True,
    help="What to hide: every tagged field; personal data alone; nothing, which needs a reason. No mask is anonymous.",
)
@click.option("--reason", metavar="TEXT", help="Why; it is recorded.")
@click.option("--pace", default="flat", show_default=True, help="How fast: flat, or times the original pace, as 10x.")
@click.option("--max-gap", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Wait no longer than this.")
@click.option("--codec", type=click.Choice(["deflate", "null"]), help="How an Avro file is packed (default: deflate).")
@click.option("--token", metavar="REFERENCE", help="Where the URL's secret is: env:NAME or file:PATH.")
@click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificates that the URL is trusted by, where the system trusts none of its own.",
)
@click.option("--allow-http", is_flag=True, help="Allow a URL without TLS that leaves this machine.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the plan to this file, too.")
@_lang
@json_option
def plan_replay(out: Path | None, lang: str | None, **typed: Any) -> int:
    """Say what a replay would do, and write that down: nothing is replayed without a plan.

    \b
    lienthong replay plan --target history.avro --from 2026-11-01 --to 2026-11-30
    lienthong replay plan --target replay.events --dossier H56.14-261124-0001 --pace 60x --max-gap 5
    lienthong replay plan --target case.jsonl --id citizen:- --mask none --reason "Complaint 12/2026"

    It tells how many records, which classes of data, what is missing, and how long it will take. Exit codes: 3 nothing
    is meant, and no plan was written; 7 there is a plan, and something is missing in it.
    """
    from replay.runs.asking import Typed, ask_plan

    return _told(ask_plan(current_session(), Typed(**typed), out, lang))


@click.command("run")
@click.argument("plan", metavar="PLAN")
@_lang
@json_option
def run_replay(plan: str, lang: str | None) -> int:
    """Run a plan: its id, at least 4 digits of it, or its file. Interrupted or killed, the same command goes on.

    \b
    lienthong replay run 4f1c2a9d0b7e6358
    lienthong replay run 4f1c --json

    Ctrl-C stops behind the records in hand. A plan runs once: of a run that is over, the code says how it has ended.
    Exit codes: 0 done, now or before; 7 done, now or before, and something is missing; 9 it was cancelled before, or
    another process runs it, or the log or the target is not as it was; 130 stopped, or cancelled meanwhile.
    """
    from bus.signals import asked_to_stop
    from replay.runs.asking import ask_run

    session = current_session()
    with asked_to_stop() as asked:
        reply = ask_run(session, plan, asked.stop, lang)
    return _told(reply)


@click.command("cancel")
@click.argument("run", metavar="RUN")
@_lang
@json_option
def cancel_replay(run: str, lang: str | None) -> int:
    """End an unfinished run for good, or withdraw a plan that was never run.

    \b
    lienthong replay cancel 4f1c2a9d0b7e6358

    A process that runs it stops at its next bookmark. What was given stays where it is; a file stays as NAME.partial,
    which can be read: delete it if nobody needs it. A withdrawn plan is taken off the shelf. Exit codes: 9 the run has
    ended otherwise.
    """
    from replay.runs.asking import ask_cancel

    return _told(ask_cancel(current_session(), run, lang))


@click.command("list")
@_lang
@json_option
def list_replays(lang: str | None) -> int:
    """Show plans and runs, newest first, and how far each has come.

    \b
    lienthong replay list
    lienthong replay list --json

    Exit codes: 7 a plan or a record of a run could not be read.
    """
    from replay.runs.asking import ask_list

    found = ask_list(current_session(), lang)
    show(found.data, lambda: table(found.head, found.rows) if found.rows else None)
    for line in found.talk:
        talk(line)
    return found.code


@click.command("show")
@click.argument("run", metavar="RUN")
@_lang
@json_option
def show_replay(run: str, lang: str | None) -> int:
    """Show everything about one plan and its run.

    \b
    lienthong replay show 4f1c2a9d0b7e6358

    Exit codes: 3 there is no such plan or run; 7 a record of the books could not be read.
    """
    from replay.runs.asking import ask_show

    return _told(ask_show(current_session(), run, lang))


def _told(reply: Reply) -> int:
    show(reply.data, lambda: click.echo("\n".join(printable(line) for line in reply.lines)))
    return reply.code
