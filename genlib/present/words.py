"""Words and figures in the reader's language: catalogues read at run time, numbers as Finns, Swedes
or the English write them."""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from babel.dates import format_date, get_month_names
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from genlib.disclosure.ladder import split_joined
from genlib.disclosure.table import check_language
from genlib.errors import UsageError
from genlib.period import Period

LOCALES = {"fi": "fi_FI", "sv": "sv_FI", "en": "en_GB"}
DATES = {"fi": "d.M.y", "sv": "d.M.y", "en": "d\u00a0MMM\u00a0y"}
FINLAND = Path(__file__).resolve().parents[2] / "data" / "finland"
NBSP, MINUS, DASH = "\u00a0", "\u2212", "\u2013"
LETTERS = str.maketrans(
    {"å": "{", "ä": "|", "ö": "}", "æ": "|", "ø": "}", "ü": "y", "š": "s", "ž": "z", "é": "e"}
)


class Form(NamedTuple):
    """How figures of a kind are written: what a column's name says of them, by how much they are
    multiplied, usual decimals, whether with a sign, unit."""

    pattern: str
    scale: float
    digits: int
    signed: bool = False
    unit: str = ""


FORMS = {
    "money": Form(r"cents", 0.01, 2, unit="€"),
    "index": Form(r"^nps|_nps$", 100, 0, signed=True),
    "points": Form(r"uplift|_pp$|difference", 100, 1, signed=True, unit="pp"),
    "change": Form(r"^change", 100, 1, signed=True, unit="%"),
    "number": Form(r"^extra$|^stock$", 1, 0),
    "chance": Form(r"^p_|_p$", 1, 2),
    "percent": Form(
        r"share|rate|reachable|churn|^of_|_two$|detractors|driver|opened|clicked|^part",
        100,
        1,
        unit="%",
    ),
    "per inhabitants": Form(r"^per_100_000", 1, 1),
    "decimal": Form(r"", 1, 2),
}
"""The first whose pattern is found; whole numbers are numbers, or money."""


@dataclass(frozen=True)
class Words:
    """The words of one language: fi, sv or en."""

    language: str

    def __post_init__(self) -> None:
        check_language(self.language)

    def translate(self, message: str, **values: Any) -> str:
        """The English `message` in this language, with `{names}` filled in; itself if the catalogue
        does not know it."""
        text = catalogue(self.language).get((None, message), message)
        try:
            return text.format(**values) if values else text
        except (KeyError, IndexError, ValueError):
            raise UsageError(
                f"a message has a name in braces that was not given; given are {', '.join(values)}"
            ) from None

    def missing(self, messages: Iterable[str]) -> list[str]:
        """Those of the English messages that this language cannot say."""
        if self.language == "en":
            return []
        entries = catalogue(self.language)
        return [message for message in messages if (None, message) not in entries]

    def label(self, dimension: str, code: Any) -> str:
        """What a code of a dimension is called; null is the total, dates are months, an unknown
        code speaks for itself."""
        if code is None:
            return self.translate("total")
        if dimension == "period":
            return self.period(code)
        joined = split_joined(str(code))
        if joined:
            return self._together(dimension, joined)
        if isinstance(code, datetime.date):
            return self._span(dimension, code)
        written = str(code).lower() if isinstance(code, bool) else str(code)
        name = self._name(dimension, written)
        return name or re.sub(r"^(\d{1,3})-(\d{0,3})$", rf"\1{DASH}\2", str(code))

    def knows_code(self, dimension: str, code: str) -> bool:
        """Whether there is a word for a code."""
        return bool(self._name(dimension, code))

    def list_codes(self, dimension: str) -> list[str]:
        """The codes of a dimension for which there are words."""
        codes = [code for context, code in catalogue(self.language) if context == dimension]
        return sorted(codes)

    def _name(self, dimension: str, code: str) -> str | None:
        return _places(dimension, self.language).get(code) or self._code(dimension, code)

    def _together(self, dimension: str, codes: list[str]) -> str:
        """Merged groups: two by their names, more as the others."""
        pair = [self.label(dimension, code) for code in codes if self._code(dimension, code)]
        if len(pair) == len(codes) == 2:
            return self.translate("{a} and {b}", a=pair[0], b=pair[1])
        return self.label(dimension, "others")

    def _span(self, dimension: str, start: datetime.date) -> str:
        """`loka 2026`, `loka–joulu 2026` or `2026`, as the dimension is."""
        if dimension == "year":
            return str(start.year)
        if dimension not in {"quarter", "cohort"}:
            return self.month(start, year=True)
        last = start.replace(month=start.month + 2)
        return f"{self.month(start)}{DASH}{self.month(last, year=True)}"

    def labels(self, rows: pl.DataFrame, dimension: str) -> list[str]:
        """What the codes of rows are called: by the table's own words (`question_fi`) if it has
        any, else by the catalogue's."""
        column = f"{dimension}_{self.language}"
        unit = f"{dimension}_unit"
        if unit in rows.columns:
            return [
                self.label(read_as, code)
                for read_as, code in zip(rows[unit], rows[dimension], strict=True)
            ]
        names = rows[column] if column in rows.columns else [None] * rows.height
        return [
            text or self.label(dimension, code)
            for text, code in zip(names, rows[dimension], strict=True)
        ]

    def heading(self, rows: pl.DataFrame, dimension: str) -> str:
        """The head of a dimension of rows: the table's own word if it has one; of time what its
        codes are there, "Year"."""
        column = f"{dimension}_head"
        if column in rows.columns and rows.height:
            return str(rows[column][0])
        unit = f"{dimension}_unit"
        is_larger = unit in rows.columns and rows.height
        return self.column(rows[unit][0] if is_larger else dimension)

    def column(self, name: str) -> str:
        """The head of a column; the ends of all intervals have the same."""
        end = re.sub(r"^.+_(low|high)$", r"\1", name)
        return self._code("column", end) or name.replace("_", " ").capitalize()

    def _code(self, dimension: str, code: str) -> str | None:
        entries = catalogue(self.language)
        return entries.get((dimension, code)) or entries.get(("code", code))

    def number(self, value: float, digits: int = 0, *, signed: bool = False) -> str:
        """`12 345,6`, with a true minus; `signed` puts a plus before what is above zero."""
        text = format_decimal(
            abs(value),
            format="#,##0" + "." * (digits > 0) + "0" * digits,
            locale=LOCALES[self.language],
        )
        sign = "" if not re.search(r"[1-9]", text) else MINUS if value < 0 else "+" * signed
        return sign + text.replace("\u202f", NBSP)

    def figure(self, value: float | None, form: str, digits: int | None = None) -> str:
        """A value in the form of its column, `46,2 %` of .462; `..` if it is hidden. Two decimals
        for parts below 1 % and above 99 %, where one would say nothing or all; whole euros from a
        thousand on, millions from ten million on; of a chance never that it is none."""
        if value is None:
            return ".."
        scaled = FORMS[form].scale * value
        usual = FORMS[form].digits
        if form == "money":
            scaled = value / 100
            if digits is None and abs(scaled) >= 1e7:
                return f"{self.number(scaled / 1e6, 1)}{NBSP}{self.translate('m')}{NBSP}€"
            usual = 0 if abs(scaled) >= 1000 or scaled == round(scaled) else 2
        elif form == "chance" and value < 0.005:
            return f"<{NBSP}{self.number(0.01, 2)}"
        elif form == "percent" and (0 < abs(value) < 0.01 or 0.99 < abs(value) < 1):
            usual = 2
        number = self.number(scaled, usual if digits is None else digits, signed=FORMS[form].signed)
        return number + self._behind(form)

    def _behind(self, form: str) -> str:
        """The unit as it stands behind a figure."""
        unit = self.unit(form)
        return unit if not unit or (unit == "%" and self.language == "en") else NBSP + unit

    def figures(self, values: Iterable[float | None], form: str) -> list[str]:
        """A column of figures with as many decimals each and without the unit, which stands in the
        head."""
        values = list(values)
        sizes = [abs(value) for value in values if value is not None]
        digits = {
            "percent": 2 if 0 < max(sizes, default=0) < 0.02 else 1,
            "money": 0 if max(sizes, default=0) >= 1e5 else 2,
        }.get(form)
        return [re.sub(r"(?<=\d)\D+$", "", self.figure(value, form, digits)) for value in values]

    def interval(self, low: float, high: float, form: str, digits: int | None = None) -> str:
        """`41,0–51,5 %`: the unit once; `−0,9 … 2,6` where a minus would meet the dash."""
        if digits is None and form == "percent":
            digits = 2 if max(abs(low), abs(high)) < 0.02 else 1
        elif digits is None and form == "money" and 1e5 <= max(abs(low), abs(high)) < 1e9:
            digits = 0
        start = re.sub(r"(?<=\d)\D+$", "", self.figure(low, form, digits))
        between = DASH if min(low, high) >= 0 else NBSP + "…" + NBSP
        return f"{start}{between}{self.figure(high, form, digits)}".replace("+", "")

    def unit(self, form: str) -> str:
        """What stands in a table's head for the unit; empty for plain numbers."""
        unit = FORMS[form].unit
        return self.translate(unit) if unit == "pp" else unit

    def tick(self, value: float, form: str, step: float) -> str:
        """A figure on an axis whose marks stand `step` apart."""
        scale = FORMS[form].scale
        unit = self._behind(form) if form in {"money", "percent"} else ""
        if form == "money" and step >= 2.5e7:
            scale = 1e-8
            unit = f"{NBSP}{self.translate('m')}{NBSP}€"
        digits = next(
            d for d in range(9) if abs(round(step * scale, d) - step * scale) < 1e-9 or d == 8
        )
        return self.number(value * scale, digits) + unit * (value != 0 or form == "percent")

    def date(self, day: datetime.date | str) -> str:
        """`3.11.2026`, also of an ISO date or instant."""
        moment = datetime.datetime.fromisoformat(day) if isinstance(day, str) else day
        return str(format_date(moment, DATES[self.language], locale=LOCALES[self.language]))

    def month(self, day: datetime.date, *, year: bool = False, long: bool = False) -> str:
        """`loka`; `lokakuu` if long."""
        locale = LOCALES[self.language]
        names = get_month_names("wide" if long else "abbreviated", "stand-alone", locale)
        name = str(names[day.month]).rstrip(".")
        return f"{name}{NBSP}{day.year}" if year else name

    def period(self, period: Period | str) -> str:
        """`lokakuu 2026`, `heinä–syyskuu 2026`, `2026`."""
        span = Period.parse(str(period))
        first = span.months(span.length)[0].start
        last = span.months(1)[0].start
        if span.length == 12:
            return str(first.year)
        closing = self.month(last, year=True, long=True)
        if span.length == 1:
            return closing
        opening = self.month(first, long=True)
        if self.language == "fi":
            opening = opening.removesuffix("kuu")
        return f"{opening}{DASH}{closing}"


def form_of(column: str, *, whole: bool = False) -> str:
    """The form that a column's name asks for (whole: number, unless it is money)."""
    form_name = next(form for form, how in FORMS.items() if re.search(how.pattern, column))
    return "number" if whole and form_name != "money" else form_name


def sort_key(text: str) -> str:
    """Finnish alphabetical order: å ä ö after z."""
    return text.lower().translate(LETTERS)


@cache
def catalogue(language: str) -> dict[tuple[str | None, str], str]:
    """(context, English) to words: all that a language can say. Codes have a context: their
    dimension, `column`, or `code`."""
    with files("genlib.present").joinpath(f"locale/{language}.po").open("rb") as source:
        entries = read_po(source, locale=LOCALES[language])
    return {
        (entry.context, str(entry.id)): str(entry.string)
        for entry in entries
        if entry.id and entry.string
    }


@cache
def _places(dimension: str, language: str) -> dict[str, str]:
    if dimension not in {"region", "municipality"}:
        return {}
    with (FINLAND / "municipalities_2026.csv").open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    name = f"{dimension}_{'fi' if (dimension, language) == ('municipality', 'en') else language}"
    return {row[dimension]: row[name] for row in rows}
