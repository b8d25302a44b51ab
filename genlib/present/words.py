"""Words and figures in the reader's language: catalogues read at run time, numbers as Finns, Swedes or the English write them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from math import floor, log10
from pathlib import Path
from typing import Any

from babel.dates import format_date, get_month_names
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from genlib.errors import UsageError
from genlib.period import Period

LOCALES = {"fi": "fi_FI", "sv": "sv_FI", "en": "en_GB"}
FINLAND = Path(__file__).resolve().parents[2] / "data" / "finland"
NBSP, MINUS, DASH = "\u00a0", "\u2212", "\u2013"
LETTERS = str.maketrans({"å": "z1", "ä": "z2", "ö": "z3", "æ": "z2", "ø": "z3", "ü": "y", "š": "s", "ž": "z", "é": "e"})
FORMS = (  # of a column's name: what its figures are
    (r"cents", "money"),
    (r"^nps|_nps$", "index"),
    (r"uplift|_pp$|difference", "points"),
    (r"^change", "change"),
    (r"share|rate|churn|^of_|two$|retention|alive|opened|clicked|^part", "percent"),
    (r"mean|^sd|score|^p_|weight|gini|odds", "decimal"),
)


@dataclass(frozen=True)
class Words:
    """The words of one language: fi, sv or en."""

    language: str

    def __post_init__(self) -> None:
        if self.language not in LOCALES:
            raise UsageError(f"language is one of {', '.join(LOCALES)}")

    # words -------------------------------------------------------------------------------------------------------------------

    def translate(self, message: str, **values: Any) -> str:
        """The English `message` in this language, with `{names}` filled in; itself if the catalogue does not know it."""
        text = _message(self.language, message) or message
        return text.format(**values) if values else text

    def missing(self, messages: Iterable[str]) -> list[str]:
        """Those of the English messages that this language cannot say."""
        return [] if self.language == "en" else [m for m in messages if _message(self.language, m) is None]

    def label(self, dimension: str, code: Any) -> str:
        """What a code of a dimension is called; null is the total, dates are months, an unknown code speaks for itself."""
        if code is None:
            return self.translate("total")
        if isinstance(code, bool):
            return self.translate("yes" if code else "no")
        if isinstance(code, date):
            return self.month(code, year=True)
        known = _places(dimension, self.language).get(str(code)) or self._code(dimension, str(code))
        return known or re.sub(r"(?<=\d)-(?=\d|$)", DASH, str(code))

    def _code(self, dimension: str, code: str) -> str | None:
        return next((found for context in (dimension, "code") if (found := _message(self.language, code, context))), None)

    def column(self, name: str) -> str:
        """The head of a column."""
        return self._code("column", name) or name.replace("_", " ").capitalize()

    # figures -----------------------------------------------------------------------------------------------------------------

    def number(self, value: float, digits: int = 0, *, signed: bool = False) -> str:
        """`12 345,6`, with a true minus; `signed` puts a plus before what is above zero."""
        text = format_decimal(abs(value), format="#,##0" + "." * (digits > 0) + "0" * digits, locale=LOCALES[self.language])
        nothing = not any(figure in text for figure in "123456789")
        sign = "" if nothing else MINUS if value < 0 else "+" * signed
        return sign + text.replace("\u202f", NBSP)

    def percent(self, fraction: float, digits: int | None = None, *, signed: bool = False) -> str:
        """`46,2 %` of .462; two decimals below 1 % and above 99 %, where one would say nothing or all."""
        size = abs(fraction)
        extreme = not signed and (0 < size < 0.01 or 0.99 < size < 1)
        places = digits if digits is not None else 2 if extreme else 1
        return self.number(100 * fraction, places, signed=signed) + ("%" if self.language == "en" else NBSP + "%")

    def points(self, fraction: float, digits: int = 1) -> str:
        """`+2,3 %-yks.`: a difference of shares in percentage points."""
        return self.number(100 * fraction, digits, signed=True) + NBSP + self.translate("pp")

    def money(self, cents: float, digits: int | None = None) -> str:
        """`1 234,50 €` of cents; whole euros from a thousand on, millions from ten million on."""
        euros = cents / 100
        if digits is None and abs(euros) >= 1e7:
            return f"{self.number(euros / 1e6, 1)}{NBSP}{self.translate('m')}{NBSP}€"
        places = digits if digits is not None else 0 if abs(euros) >= 1000 or euros == round(euros) else 2
        text = self.number(euros, places)
        return text + NBSP + "€" if self.language != "en" else re.sub(r"^(\u2212?)", r"\1€", text)

    def figure(self, value: float | None, form: str) -> str:
        """A value in the form of its column; `..` if it is hidden."""
        if value is None:
            return ".."
        write = {
            "number": self.number,
            "percent": self.percent,
            "points": self.points,
            "money": self.money,
            "change": lambda v: self.percent(v, signed=True),
            "index": lambda v: self.number(100 * v, 0, signed=True),
            "decimal": lambda v: self.number(v, 2),
        }
        return write[form](value)

    def bare(self, value: float | None, form: str) -> str:
        """The figure without its unit, for columns that name it in their head."""
        return re.sub(r"(?<=\d)\D+$|€", "", self.figure(value, form))

    def interval(self, low: float, high: float, form: str) -> str:
        """`41,0–51,5 %`: the unit once; `−0,9 … 2,6` where a minus would meet the dash."""
        last = self.figure(high, form)
        between = DASH if min(low, high) >= 0 else f"{NBSP}…{NBSP}"
        return f"{self.bare(low, form)}{between}{last}".replace("+", "")

    def tick(self, value: float, form: str, step: float) -> str:
        """A figure on an axis whose marks stand `step` apart."""
        scale = {"money": 0.01, "number": 1.0, "decimal": 1.0}.get(form, 100.0)
        if form == "money" and step >= 2.5e7:
            scale, unit = 1e-8, f"{NBSP}{self.translate('m')}{NBSP}€"
        else:
            unit = {"money": NBSP + "€", "percent": NBSP * (self.language != "en") + "%"}.get(form, "")
        digits = max(0, -floor(log10(step * scale) + 1e-9))
        return self.number(value * scale, digits) + unit * (value != 0 or form == "percent")

    def unit(self, form: str) -> str:
        """What stands in a table's head for the unit; empty for plain numbers."""
        return {"percent": "%", "change": "%", "money": "€", "points": self.translate("pp")}.get(form, "")

    # time --------------------------------------------------------------------------------------------------------------------

    def date(self, day: date) -> str:
        """`3.11.2026`."""
        form = {"fi": "d.M.y", "sv": "d.M.y", "en": "d MMM y"}[self.language]
        return str(format_date(day, form, locale=LOCALES[self.language])).replace(" ", NBSP)

    def month(self, day: date, *, year: bool = False, long: bool = False) -> str:
        """`loka`; `lokakuu` if long."""
        names = get_month_names("wide" if long else "abbreviated", "stand-alone", LOCALES[self.language])
        return str(names[day.month]).rstrip(".") + (f"{NBSP}{day.year}" if year else "")

    def period(self, period: Period | str) -> str:
        """`lokakuu 2026`, `heinä–syyskuu 2026`, `2026`."""
        span = Period.parse(period) if isinstance(period, str) else period
        first, last = span.months(span.length)[0].start, span.months(1)[0].start
        if span.length == 12:
            return str(first.year)
        if span.length == 1:
            return self.month(first, year=True, long=True)
        opening = self.month(first, long=True).removesuffix("kuu") if self.language == "fi" else self.month(first, long=True)
        return f"{opening}{DASH}{self.month(last, year=True, long=True)}"

    def moment(self, text: str | datetime) -> str:
        """The date of an ISO instant."""
        return self.date((datetime.fromisoformat(text) if isinstance(text, str) else text).date())


def form_of(column: str, *, whole: bool = False) -> str:
    """The form that a column's name asks for: money, percent, points, change, index, decimal or number."""
    found = next((form for pattern, form in FORMS if re.search(pattern, column)), "number" if whole else "decimal")
    return "number" if whole and found not in {"money", "number"} else found


def sort_key(text: str) -> str:
    """Finnish alphabetical order: å ä ö after z."""
    return text.lower().translate(LETTERS)


def catalogue(language: str) -> Mapping[tuple[str | None, str], str]:
    """(context, English) to words: all that a language can say. Codes have a context: their dimension, or `column`."""
    return _catalogue(language)


@cache
def _catalogue(language: str) -> dict[tuple[str | None, str], str]:
    with files("genlib.present").joinpath(f"locale/{language}.po").open("rb") as source:
        known: Catalog = read_po(source, locale=LOCALES[language])
    return {(entry.context, str(entry.id)): str(entry.string) for entry in known if entry.id and entry.string}


def _message(language: str, message: str, context: str | None = None) -> str | None:
    return _catalogue(language).get((context, message))


@cache
def _places(dimension: str, language: str) -> dict[str, str]:
    if dimension not in {"region", "municipality"}:
        return {}
    with (FINLAND / "municipalities_2026.csv").open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    name = f"{dimension}_{'fi' if (dimension, language) == ('municipality', 'en') else language}"
    return {row[dimension]: row[name] for row in rows}
