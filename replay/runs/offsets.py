"""Offsets that a plan has picked: half-open runs, small in memory and in the plan's file, since there may be many."""

from __future__ import annotations

import sys
import zlib
from array import array
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise
from typing import overload

from bus.errors import ConfigError

_EDGE_BYTES = 8


class Runs(Sequence[tuple[int, int]]):
    """Rising runs of offsets, each from its first to the one behind its last.

    >>> list(Runs.of([1, 2, 3, 7]))
    [(1, 4), (7, 8)]
    """

    __slots__ = ("_edges",)

    def __init__(self, edges: array[int]) -> None:
        self._edges = edges

    @classmethod
    def of(cls, offsets: Iterable[int]) -> Runs:
        """Return rising offsets as runs."""
        edges = array("q")
        for offset in offsets:
            if edges and edges[-1] == offset:
                edges[-1] += 1
            else:
                edges.extend((offset, offset + 1))
        return cls(edges)

    def __len__(self) -> int:
        return len(self._edges) // 2

    @overload
    def __getitem__(self, place: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, place: slice) -> Runs: ...
    def __getitem__(self, place: int | slice) -> tuple[int, int] | Runs:
        if isinstance(place, slice):
            return Runs(array("q", [edge for run in range(len(self))[place] for edge in self[run]]))
        at = range(len(self))[place] * 2
        return self._edges[at], self._edges[at + 1]

    def packed(self) -> str:
        """Return the runs as text: the steps from edge to edge, deflated, in base64."""
        steps = array("q", (edge - before for before, edge in pairwise(chain((0,), self._edges))))
        return b64encode(zlib.compress(_little(steps).tobytes())).decode()

    @classmethod
    def unpacked(cls, text: str, records: int) -> Runs:
        """Return what :meth:`packed` has packed, of so many records at most. Raises ConfigError for anything else."""
        try:
            packer = zlib.decompressobj()
            data = packer.decompress(b64decode(text, validate=True), 2 * records * _EDGE_BYTES + 1)
            steps = array("q", data)
        except (NotBase64, zlib.error, ValueError) as error:
            raise ConfigError("the offsets of a plan cannot be read", hint="Make the plan anew.") from error
        return cls(array("q", accumulate(_little(steps))))


def _little(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
