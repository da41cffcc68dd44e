"""What a reader of texts raises: the text is not of the kind that it reads."""

from __future__ import annotations


class Unfit(Exception):
    """Says in words what a text is not, never the text itself; its field's mapping adds the place."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


class WrongFormat(Exception):
    """A format in the mapping itself cannot be used."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.hint = what, hint
