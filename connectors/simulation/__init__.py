"""What all simulated partners share: a real HTTP server, a store of its own with the book of calls, and faults.

A simulator commits to its own SQLite file before it answers, records every call, and honours an idempotency key only
where the real partner does. Dossier *i* and its faults are a function of (seed, *i*); faults that were injected are
remembered in the store, so that none befalls twice whatever is killed and restarted.
"""

from connectors.simulation.server import Server, serve
from connectors.simulation.store import Call, Store

__all__ = ["Call", "Server", "Store", "serve"]
