"""A whole configured connector: its parts, each with the checks that fit it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from bus.envelope import Envelope
from bus.errors import ContractError
from bus.pages import pages
from bus.producer import Check as Rules
from bus.producer import Encoder
from bus.records import Record
from bus.transport import Engine
from bus.wire import Wire
from connectors.examination.checks import Check, Finding, examine
from connectors.examination.sink import SinkExamination
from connectors.examination.source import SourceExamination
from connectors.examination.webhook import WebhookExamination
from connectors.ledger import Ledger
from connectors.running import kind_of
from connectors.sdk import Bookkeeping, Connector, Part, Sampling, Sink, Source, Webhook

_EVENTS = 20
_TAIL = 500
"""Records at the end of each partition among which events for a sink are looked for."""


class Means(NamedTuple):
    """What an examination works with. ``engine`` is None where there is no log; ``wire`` registers nowhere."""

    wire: Encoder
    rules: Rules
    engine: Engine | None
    reader: Wire
    fetches: int
    ledger: Ledger | None = None


def examined(connector: Connector, config: Path, sample: Path | None, means: Means) -> Iterator[Finding]:
    """Yield what comes of every check of every part. Raises ConfigError for a configuration that is wrong."""
    for place, part in enumerate(_opened(connector, config, sample)):
        with closing(part):
            name = f"{kind_of(part)} {part.name}"
        yield from examine(name, _checks(part, _again(connector, config, sample, place, means.ledger), means))


def _opened(connector: Connector, config: Path, sample: Path | None) -> Sequence[Part]:
    if sample is not None and isinstance(connector, Sampling):
        return [connector.open_sample(config, sample)]
    return connector.open(config)


def _again(
    connector: Connector, config: Path, sample: Path | None, place: int, ledger: Ledger | None
) -> Callable[[], Part]:
    def opened() -> Part:
        parts = _opened(connector, config, sample)
        for other, part in enumerate(parts):
            if other != place:
                part.close()
        part = parts[place]
        if ledger is not None and isinstance(part, Bookkeeping):
            part.keep(ledger)
        return part

    return opened


def _checks(part: Part, opened: Callable[[], Part], means: Means) -> Sequence[Check]:
    if isinstance(part, Source):
        source = SourceExamination(lambda: _as_source(opened()), means.fetches)
        fits = Check("every event fits its contract and its value rules", lambda: source.fits(means.wire, means.rules))
        return [*source.checks(), fits]
    if isinstance(part, Webhook):
        return WebhookExamination(lambda: _as_webhook(opened())).checks()
    return SinkExamination(lambda: _as_sink(opened()), list(_events(part, means))).checks()


def _as_source(part: Part) -> Source:
    assert isinstance(part, Source)  # noqa: S101 - the same place of the same configuration
    return part


def _as_sink(part: Part) -> Sink:
    assert isinstance(part, Sink)  # noqa: S101 - the same place of the same configuration
    return part


def _as_webhook(part: Part) -> Webhook:
    assert isinstance(part, Webhook)  # noqa: S101 - the same place of the same configuration
    return part


def _events(sink: Sink, means: Means) -> Iterator[Envelope]:
    """Yield the newest events that a sink accepts, from the ends of its topics."""
    found = 0
    for record in _tails(sink, means.engine):
        kind = record.text("ce_type")
        if kind not in sink.accepts or record.text("ce_source") in sink.not_from:
            continue
        try:
            yield means.reader.decode(record)
        except ContractError:
            continue  # bad bytes are for the group that reads them, not for this look
        found += 1
        if found == _EVENTS:
            return


def _tails(sink: Sink, engine: Engine | None) -> Iterator[Record]:
    known = set() if engine is None else {spec.name for spec in engine.admin.topics()}
    for topic in sink.topics:
        if engine is None or topic not in known:
            continue
        for partition, span in engine.log.ends(topic).items():
            for page in pages(engine.log, partition, max(span.first, span.end - _TAIL), span.end):
                yield from page.sound()
