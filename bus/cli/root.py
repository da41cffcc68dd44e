"""The root command; nouns and verbs are found among the entry points, and loaded when they are called."""

from __future__ import annotations

import click


@click.group()
def main() -> None:
    """A province's data interoperability bus."""
