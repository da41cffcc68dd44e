"""The door for what partners send by themselves: ``notices`` takes one call, ``app`` speaks HTTP, ``server`` listens.

A notice is answered with success only once it is durable; what is answered otherwise was not kept, or was kept as a
dead letter, or comes again.
"""

from connectors.ingress.app import MAX_BODY_BYTES, make_app
from connectors.ingress.notices import Intake
from connectors.ingress.server import Door

__all__ = ["MAX_BODY_BYTES", "Door", "Intake", "make_app"]
