"""Ending a run when asked: :mod:`bus.signals`, under the name that connectors know."""

from bus.signals import Asked, asked_to_stop

__all__ = ["Asked", "asked_to_stop"]
