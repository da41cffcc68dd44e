"""What a kill ends: a process whose threads share a ledger, and tell each delivery that it has acknowledged.

Run as ``python -m tests.connectors.clerk LEDGER_URL THREADS``; thread ``n`` delivers numbers ``n``, ``n + THREADS``, …
"""

from __future__ import annotations

import os
import sys
from itertools import count
from threading import Thread

from connectors.ledger import Ledger, open_ledger
from tests.contracts.ledger import a_delivery, do


def deliver(ledger: Ledger, first: int, step: int) -> None:
    """Deliver for ever."""
    for n in count(first, step):
        do(ledger, a_delivery(n))
        os.write(sys.stdout.fileno(), b"done %d\n" % n)  # a line at once, whole among the other threads' lines


if __name__ == "__main__":
    opened, threads = open_ledger(sys.argv[1]), int(sys.argv[2])
    for number in range(threads):
        Thread(target=deliver, args=(opened, number, threads)).start()
