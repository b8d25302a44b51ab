"""Numbers as people write them in words: found in a text, and figures in all the ways in which they
may be said.

Example: "of 1,043 customers 46.2 %" holds 1043 (or 1.043) and 46.2; a share of 0.4623 may be said
as 46, 46.2 or 46.23, and as 0.4623; a count as it is and no otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from decimal import Decimal

from genlib.present.words import FORMS

DECIMALS = range(3)
"""To how many decimals a figure may be rounded."""
MILLION = 1e-6

_GROUPED = r"\d{1,3}(?:[\u00a0\u202f ,.]\d{3})+(?:[.,]\d+)?(?!\d)"
_FRACTION = r"\d+[.,]\d+(?!\d|[.,]\d)"
_NUMBER = re.compile(rf"(?<!\d)(?<!\d[.,])(?:{_GROUPED}|{_FRACTION})|\d+")
_TAIL = re.compile(r"[.,](?!\d{3}(?:\D|$))")
"""What stands before the decimals of a number in groups of three."""


def read_numbers(text: str) -> set[Decimal]:
    """Every number of a text, in every way that it can be read."""
    plain = re.sub(r"(?<=\d)_(?=\d)", "", text)
    return {reading for number in _NUMBER.findall(plain) for reading in _list_readings(number)}


def has_strange_number(text: str, explained: Set[Decimal]) -> bool:
    """Whether a text holds a number that is not explained in any way of reading it."""
    return any(explained.isdisjoint(_list_readings(number)) for number in _NUMBER.findall(text))


def round_figures(figures: Mapping[str, Iterable[float]]) -> set[Decimal]:
    """The figures of each form in all ways in which they may be said."""
    return {
        rounding
        for form, values in figures.items()
        for value in values
        for rounding in _say(form, value)
    }


def _say(form: str, value: float) -> Iterator[Decimal]:
    """A figure as it is, and in the unit in which it is printed, rounded; of money millions too."""
    size = abs(value)
    yield Decimal(str(size))
    if form == "number":
        return
    printed = size * FORMS[form].scale
    yield from (_round(printed, digits) for digits in DECIMALS)
    if form == "money":
        yield _round(printed * MILLION, 1)


def _round(value: float, digits: int) -> Decimal:
    return Decimal(f"{value:.{digits}f}")


def _list_readings(number: str) -> set[Decimal]:
    """A number with its point or comma as a decimal sign and, where three digits follow, as a mark
    of thousands."""
    readings = set()
    if re.fullmatch(rf"\d+|{_FRACTION}", number):
        readings.add(Decimal(number.replace(",", ".")))
    if re.fullmatch(_GROUPED, number):
        whole, *decimals = _TAIL.split(number)
        digits = re.sub(r"\D", "", whole)
        readings.add(Decimal(".".join([digits, *decimals])))
    return readings
