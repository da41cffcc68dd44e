"""Holding a connector against its ports' promises, without moving an event and without acting at its partner.

``lienthong connector test`` runs these checks on a configured connector; the contract suites under
``tests/contracts/`` run the same ones on every connector of the house. A check is a function that says nothing where
its promise is kept, and raises :class:`Broken` with a sentence where not.
"""

from connectors.examination.checks import Broken, Check, Finding, examine

__all__ = ["Broken", "Check", "Finding", "examine"]
