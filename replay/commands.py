"""The commands ``dossier history``, ``event search``, ``index follow``. All else is imported when one of them runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from bus.cli.exits import INTERRUPTED
from bus.cli.output import json_option, show, talk
from bus.cli.session import current_session

if TYPE_CHECKING:
    from replay.asking import Reply

_MOST = 100
_ranged = (
    click.option("--from", "start", metavar="TIME", help="From this day or time on: 2026-11-24 or 2026-11-24T09:15."),
    click.option("--to", "end", metavar="TIME", help="Up to this time; a day alone is included whole."),
    click.option(
        "--by", type=click.Choice(["occurred", "accepted"]), default="occurred", show_default=True,
        help="Which time --from and --to mean: when it happened, or when the bus accepted it.",
    ),
    click.option("--lang", type=click.Choice(["vi", "en"]), help="Language of the sentences."),
)  # fmt: skip


def _range_options(command: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(_ranged):
        command = option(command)
    return command


@click.command("history")
@click.argument("dossier", metavar="CODE")
@_range_options
@click.option("--as-of", metavar="TIME", help="As the bus knew it then: leave out what it accepted later.")
@json_option
def dossier_history(dossier: str, **options: Any) -> int:
    """Tell everything that happened to the dossier CODE, on all topics, and how complete that is.

    \b
    lienthong dossier history H56.14-261124-0001
    lienthong dossier history H56.14-261124-0001 --from 2026-11-01 --as-of 2026-11-20T17:00 --json

    Exit codes: 3 nothing was found; 7 something could not be searched or read.
    """
    from replay.asking import Asked, ask_history

    return _told(ask_history(current_session(), dossier, Asked(**options)))


@click.command("search")
@_range_options
@click.option("--topic", help="Only this topic.")
@click.option("--type", "type", help="Only events of this type, as DossierReceived.")
@click.option("--agency", help="Only what this agency vouches for.")
@click.option("--id", "id", metavar="KIND:VALUE", help="Only what names it, as dossier:H56… (KIND:- reads stdin).")
@click.option(
    "--max", "most", type=click.IntRange(1, 100_000), default=_MOST, show_default=True, help="Show the first."
)
@json_option
def search_events(**options: Any) -> int:
    """Find events by time, topic, type, agency or identifier, and say what was searched.

    \b
    lienthong event search --type PaymentConfirmed --from 2026-11-01 --to 2026-11-30
    lienthong event search --id citizen:- --by accepted --from 2026-11-24

    Exit codes: 3 nothing was found; 7 something could not be searched or read.
    """
    from replay.asking import Asked, ask_search

    return _told(ask_search(current_session(), Asked(**options)))


@click.command("follow")
@json_option
def follow_index() -> int:
    """Keep the index up with the log until stopped, so that no question has to wait for it.

    \b
    lienthong index follow

    `lienthong up` runs it. May be ended at any moment, by kill -9 as well; a question would do the same work itself.
    """
    from bus.signals import asked_to_stop
    from replay.following import follow

    settings = current_session().settings
    with asked_to_stop() as asked:
        talk(f"Following the log in {settings.data}; Ctrl-C ends it.")
        records = follow(settings, asked.stop)
    show({"records": records}, lambda: click.echo(f"{records:,} records were read into the index."))
    return INTERRUPTED if asked.by_person else 0


def _told(reply: Reply) -> int:
    show(reply.data, lambda: click.echo("\n".join(reply.lines)))
    return reply.code
