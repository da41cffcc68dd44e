"""Numbers as exports write them, read exactly: never through a float."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Context, Decimal, DecimalException, Inexact
from typing import TypeVar

from connectors.file_drop.unfit import Unfit, WrongFormat

_BLANKS = "[ \u00a0\u202f]"
_MAX_CHARACTERS = 64
_EXACT = Context(prec=_MAX_CHARACTERS, traps=[Inexact])
T = TypeVar("T")


def number_reader(decimal: str = ".", thousands: str = "") -> Callable[[str], Decimal]:
    """Return the function that reads a number, exactly. Raises :class:`~.unfit.Unfit` for any other text.

    ``thousands`` may part the digits, but only in threes: ``36,50`` is no number where the comma parts thousands.

    >>> number_reader()("36.50"), number_reader(",", ".")("1.234,50"), number_reader()("1e+05")
    (Decimal('36.50'), Decimal('1234.50'), Decimal('1E+5'))
    """
    _check_signs(decimal, thousands)
    parting = _BLANKS if thousands in (" ", "\u00a0", "\u202f") else re.escape(thousands)
    whole = rf"(?:[0-9]+|[0-9]{{1,3}}(?:{parting}[0-9]{{3}})+)" if thousands else "[0-9]+"
    fits = re.compile(rf"[+-]?{whole}(?:{re.escape(decimal)}[0-9]+)?(?:[eE][+-]?[0-9]{{1,2}})?").fullmatch
    parted = re.compile(parting).sub if thousands else None
    shown = f"1{thousands}234{decimal}50"

    def read(text: str) -> Decimal:
        if len(text) > _MAX_CHARACTERS or not fits(text):
            raise Unfit("is not a number", f"Numbers read like {shown}; `decimal:` and `thousands:` name other signs.")
        if parted is not None:
            text = parted("", text)
        return Decimal(text if decimal == "." else text.replace(decimal, "."))

    return read


def decimal_reader(read: Callable[[str], Decimal], precision: int, scale: int) -> Callable[[str], Decimal]:
    """Return the function that reads a number into a decimal of the contract; nothing is rounded.

    >>> decimal_reader(number_reader(), 18, 2)("35.000")
    Decimal('35.00')
    """
    step = Decimal(1).scaleb(-scale)
    most = Decimal(10) ** (precision - scale)

    def read_decimal(text: str) -> Decimal:
        number = read(text)
        if number.as_tuple().exponent == -scale and -most < number < most:
            return number
        if not -most < number < most:
            raise Unfit(f"has more than {precision - scale} digits before the decimal sign", "Correct that number.")
        try:
            return number.quantize(step, context=_EXACT)
        except DecimalException as error:
            hint = "Nothing is rounded here: let the export write whole cents."
            raise Unfit(f"has more than {scale} digits behind the decimal sign", hint) from error

    return read_decimal


def whole_reader(read: Callable[[str], Decimal], bits: int) -> Callable[[str], int]:
    """Return the function that reads a whole number of so many bits; ``7.0`` is one.

    >>> whole_reader(number_reader(), 32)("7.0")
    7
    """
    most = 1 << (bits - 1)

    def read_whole(text: str) -> int:
        number = read(text)
        if not -most <= number < most or number != int(number):
            raise Unfit(f"is not a whole number of {bits} bits", "Correct that number, or map it to a decimal field.")
        return int(number)

    return read_whole


def _check_signs(decimal: str, thousands: str) -> None:
    for sign in (decimal, thousands):
        if len(sign) > 1 or sign.isalnum() or sign in ("+", "-"):
            raise WrongFormat("a sign in numbers is one character, not a letter or digit", 'Write `decimal: ","`.')
    if not decimal or decimal == thousands:
        raise WrongFormat("the decimal sign is also the one for thousands", "Name both as the export has them.")
