"""The delivery ledger: what each connector asked its partner to do, and what became of it.

A row stands here before its call is made and tells after a crash whether there may have been one. Rows hold codes and
what the connector chose to keep of question and answer, never personal data. The runtime writes; parts only read.
"""

from connectors.ledger.entry import AMBIGUOUS, DONE, REFUSED, SENDING, Entry
from connectors.ledger.store import Ledger, open_ledger

__all__ = ["AMBIGUOUS", "DONE", "REFUSED", "SENDING", "Entry", "Ledger", "open_ledger"]
