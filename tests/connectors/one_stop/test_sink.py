"""The sink over the simulator: the common contract, and what only this partner does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bus.envelope import Envelope
from bus.errors import ConnectorError, PartnerUnavailable, Rejected
from connectors.one_stop import connector
from connectors.one_stop.simulator import Plan, ProcessSimulator
from connectors.one_stop.simulator.story import code_of
from connectors.sdk import Operation, Sink
from tests.connectors.one_stop import test_delivering as told
from tests.connectors.one_stop.agencies import an_event, code
from tests.connectors.one_stop.world import eventually, sink_of, write_config
from tests.contracts.sink import Partner, SinkContract, delivery_of

CODE = code_of(0)
SERVICES = {"progress": "CapNhatTienDoHoSoMC", "opened": "CapNhatThanhToan", "paid": "CapNhatThanhToan",
            "result": "DongBoHoSoMC"}  # fmt: skip
STATES = {"opened": "/Chờ thanh toán", "paid": "/Đã thanh toán"}
PERSONAL = ("Lê Văn Mẫu", "Thẻ bảo hiểm y tế", "khoa=canary")


def about(event: Envelope, dossier: str = CODE) -> Envelope:
    """Return the same event about a dossier that the simulator has."""
    payload = {name: value for name, value in event.payload.items() if name != "dossierCode"}
    if event.type == "PaymentOpened":
        payload["payUrl"] = "ftp://127.0.0.1/?khoa=canary"  # which nobody can follow
    return an_event(event.type, event.source, dossier, event.time, **payload)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[ProcessSimulator]:
    """Run a simulator with some dossiers."""
    with ProcessSimulator(tmp_path / "simulator", Plan(dossiers=3, seed=3)) as one:
        eventually(lambda: one.store.filed() == 3)
        yield one


@pytest.fixture
def sink(tmp_path: Path, simulator: ProcessSimulator) -> Iterator[Sink]:
    """Open the sink."""
    with closing(open_sink(tmp_path, simulator.base_url)) as one:
        yield one


def open_sink(folder: Path, base_url: str, password: str = "") -> Sink:
    """Open the sink over a partner, with another password if one is given."""
    config = write_config(folder, base_url, deliver=True, read_timeout_s=1, settles_after_s=0)
    if password:
        (folder / "password").write_text(password, "utf-8")
    return sink_of(connector.open(config))


class TestOneStopSink(SinkContract):
    """A one-stop system that decides by what it is told."""

    @pytest.fixture
    def partner(self, tmp_path: Path, simulator: ProcessSimulator) -> Partner:
        """Return the simulator with events of every kind."""

        def effects(operation: Operation) -> int:
            reference = operation.reference + STATES.get(operation.name, "")
            query = "SELECT count(*) FROM calls WHERE service = ? AND reference = ? AND acted"
            return int(simulator.store.rows(query, SERVICES[operation.name], reference)[0][0])

        return Partner(
            base_url=simulator.base_url,
            open_sink=lambda base_url: open_sink(tmp_path, base_url),
            open_stranger=lambda base_url: open_sink(tmp_path, base_url, password="canary"),
            events=[about(event) for event in told.ALL],
            bad_events=[told.STEP, told.OPENED, told.RESULT, an_event("ResultIssued", "insurance", CODE)],
            effects=effects,
            personal=PERSONAL,
        )


def test_a_session_that_ended_is_renewed_and_the_step_is_done_once(simulator: ProcessSimulator, sink: Sink) -> None:
    sink.deliver(delivery_of(sink, about(told.ANSWERED)))
    simulator.store.end_sessions()
    sink.deliver(delivery_of(sink, about(told.STEP)))
    assert simulator.store.rows("SELECT count(*) FROM calls WHERE acted") == [(2,)]


@pytest.mark.parametrize(
    ("fault", "kind", "may_have_acted"),
    [
        ("busy", PartnerUnavailable, False), ("503:7", PartnerUnavailable, False), ("500", PartnerUnavailable, True),
        ("contradiction", PartnerUnavailable, True), ("html", PartnerUnavailable, True),
        ("cut-json", PartnerUnavailable, True), ("truncated", PartnerUnavailable, True),
        ("refused", ConnectorError, None), ("404", ConnectorError, None),
    ],
)  # fmt: skip
def test_a_bad_answer_says_whether_the_partner_may_have_acted(
    simulator: ProcessSimulator, sink: Sink, fault: str, kind: type[ConnectorError], may_have_acted: bool | None
) -> None:
    simulator.script(fault)
    with pytest.raises(kind) as caught:
        sink.deliver(delivery_of(sink, about(told.STEP)))
    assert getattr(caught.value, "may_have_acted", None) is may_have_acted


def test_a_step_that_is_sent_twice_is_two_steps_there(simulator: ProcessSimulator, sink: Sink) -> None:
    """That is why it is not repeatable."""
    delivery = delivery_of(sink, about(told.STEP))
    sink.deliver(delivery)
    sink.deliver(delivery)
    assert simulator.store.rows("SELECT count(*) FROM sent WHERE reference = ?", str(delivery.event.id)) == [(2,)]


def test_a_step_of_another_event_is_not_taken_for_this_one(sink: Sink) -> None:
    sink.deliver(delivery_of(sink, about(told.STEP)))
    same_words = an_event("DossierStepDone", "health", CODE, told.STEP.time, step=told.STEP.payload["step"])
    assert sink.settle(delivery_of(sink, same_words)) is None


def test_a_dossier_that_the_partner_does_not_have_is_refused_also_when_it_is_asked_about(sink: Sink) -> None:
    with pytest.raises(Rejected):
        sink.settle(delivery_of(sink, told.STEP))


def test_the_partners_own_facts_do_not_come_back_to_it(sink: Sink) -> None:
    assert sink.not_from == {sink.name} == {"one-stop"}


def test_a_payments_second_state_is_a_second_operation(simulator: ProcessSimulator, sink: Sink) -> None:
    for event in (told.OPENED, told.PAID):
        sink.deliver(delivery_of(sink, about(event)))
        sink.deliver(delivery_of(sink, about(event)))
    found = simulator.store.rows(
        "SELECT reference, sum(acted) FROM calls WHERE service = 'CapNhatThanhToan' GROUP BY 1"
    )
    assert sorted(found) == [("R1/Chờ thanh toán", 1), ("R1/Đã thanh toán", 1)]


def test_nothing_is_delivered_unless_the_configuration_says_so(tmp_path: Path) -> None:
    parts = connector.open(write_config(tmp_path, "https://192.0.2.1/api"))
    assert [isinstance(part, Sink) for part in parts] == [False]
    for part in parts:
        part.close()


def test_a_look_that_fits_lets_the_dossier_go_on(simulator: ProcessSimulator, sink: Sink) -> None:
    outcome = code("VN-LOOKUP-OUTCOME", "match")
    asked = an_event("CitizenLookupAnswered", "population", CODE, outcome=outcome, requestNumber=f"XT-{CODE}")
    sink.deliver(delivery_of(sink, asked))
    types = {fact.type for fact in simulator.store.facts() if fact.dossier == CODE}
    assert {"DossierReceived", "PaymentRequested"} <= types
