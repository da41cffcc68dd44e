"""The simulated post: what it promises to whoever holds its books against a log."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread

from bus.errors import PartnerUnavailable
from connectors.postal.simulator import Simulator
from connectors.postal.simulator.books import TABLES
from connectors.postal.simulator.ways import Parcel, way
from connectors.simulation import Store
from tests.connectors.postal.world import (
    NOON,
    Log,
    a_number,
    an_order,
    hasten,
    open_sink,
    open_source,
    orders_of,
    until,
)  # fmt: skip
from tests.contracts.sink import delivery_of

ROOT = Path(__file__).resolve().parents[3]
FINAL = {"14", "19", "100", "170"}


def a_parcel(place: int, cod: int = 0) -> Parcel:
    return Parcel("H31-HCC", a_number(place), NOON, cod)


def test_a_way_is_a_function_of_seed_and_order() -> None:
    assert way(1, a_parcel(7)) == way(1, a_parcel(7))
    assert way(1, a_parcel(7)) != way(2, a_parcel(7))


def test_every_way_ends_and_few_end_where_they_began() -> None:
    ways = [[told.row for told in way(1, a_parcel(place))] for place in range(2000)]
    assert {len(rows) for rows in ways} == {4, 5}
    ends = Counter(rows[-1]["StatusCode"] for rows in ways)
    assert (set(ends), 40 < ends["19"] + ends["170"] < 120) == (FINAL, True)


def test_half_of_the_parcels_have_each_list_and_each_writing() -> None:
    rows = [way(1, a_parcel(place))[0].row for place in range(2000)]
    of_each = Counter((row["StatusList"], "T" in row["EventTime"]) for row in rows)
    assert (len(of_each), min(of_each.values()) > 400) == (4, True)


def test_rows_show_up_one_after_the_other() -> None:
    waits = [told.after_s for told in way(1, a_parcel(7))]
    steps = [after - before for before, after in zip([0.0, *waits], waits, strict=False)]
    assert all(0.1 <= step <= 0.3 for step in steps)


def test_while_somebody_orders_no_row_shows_up_behind_one_that_was_seen(tmp_path: Path, simulator: Simulator) -> None:
    with closing(open_sink(tmp_path, simulator.base_url)) as sink:
        busy = Thread(target=lambda: [sink.deliver(delivery_of(sink, an_order(a_number(n)))) for n in range(30)])
        busy.start()
        with closing(open_source(tmp_path, simulator.base_url)) as source:
            seen, cursor = list[str](), None
            while busy.is_alive() or simulator.store.rows("SELECT 1 FROM plans LIMIT 1"):
                batch = source.fetch(cursor)
                seen, cursor = [*seen, *(item.native_id for item in batch.items)], batch.cursor
        busy.join()
    assert seen == [row[0] for row in simulator.store.rows("SELECT id FROM events ORDER BY id")]


def test_an_outage_comes_once_and_ends_by_itself(tmp_path: Path) -> None:
    for begins in (True, False):
        with Simulator(tmp_path / "postal", outage=True) as simulator:
            with closing(open_sink(tmp_path, simulator.base_url)) as sink:
                for place in range(3):
                    sink.deliver(delivery_of(sink, an_order(a_number(place))))
            assert simulator.books.is_out() is begins
            simulator.store.take_note("out_until", str(time.time() - 1))


def test_what_is_planned_goes_on_after_a_restart(tmp_path: Path) -> None:
    with Simulator(tmp_path / "postal") as simulator, closing(open_sink(tmp_path, simulator.base_url)) as sink:
        sink.deliver(delivery_of(sink, an_order()))
    with Simulator(tmp_path / "postal") as simulator:
        hasten(simulator.store)
        with closing(open_source(tmp_path, simulator.base_url)) as source:
            assert len(source.fetch(None).items) >= 4


@contextmanager
def a_post(folder: Path, port: int) -> Iterator[None]:
    """Run a post as a process of its own, which is killed at the end of the block."""
    command = [sys.executable, "-m", "connectors.postal.simulator", "--port", str(port), "--data", str(folder),
               "--seed", "3", "--trouble", "--outage"]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["port"] == port
            yield
        finally:
            process.kill()


def deliver(log: Log, folder: Path, base_url: str) -> None:
    """Deliver until all is delivered, as the serving thread does: an outage only ends a turn."""
    while True:
        try:
            log.deliver(open_sink(folder, base_url, read_timeout_s=0.5))
        except PartnerUnavailable:
            time.sleep(0.1)
        else:
            return


def test_killed_while_orders_come_in_each_is_made_once(tmp_path: Path, log: Log) -> None:
    numbers, folder, port = [a_number(place) for place in range(40)], tmp_path / "postal", a_free_port()
    log.publish(*(an_order(number) for number in numbers))
    work = Thread(target=deliver, args=(log, tmp_path, f"http://127.0.0.1:{port}"))
    work.start()
    with closing(Store(folder, "postal", TABLES)) as books:
        for count in (2, 10, 20, 30):
            with a_post(folder, port):
                until(lambda count=count: len(orders_of(books)) >= count)
        with a_post(folder, port):
            work.join(timeout=30)
        assert sorted(orders_of(books)) == numbers
    assert (log.letters(), {entry.state for entry in log.ledger.entries()}) == ([], {"done"})


def a_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
