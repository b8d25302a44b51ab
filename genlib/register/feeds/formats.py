"""How a source writes dates, instants, amounts and truths, and how its text becomes the register's.

A date "1.10.2026" of a source that writes `d.m.yyyy` becomes 2026-10-01, an amount "1 234,50 €" of
one that writes euros with a comma becomes 123450 cents. What is not written exactly so becomes
`UNREADABLE`, which no rule of the register takes: the row is refused, nothing is guessed. Cells
that are no texts in their file are read by what they are (`typed_cells`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import polars as pl

from genlib.errors import BadInput
from genlib.register.spelling import UNREADABLE
from genlib.settings import TIME_ZONE

PARTS = {
    "yyyy": (r"\d{4}", "%Y"),
    "mm": (r"\d{2}", "%m"),
    "m": (r"\d{1,2}", "%m"),
    "dd": (r"\d{2}", "%d"),
    "d": (r"\d{1,2}", "%d"),
    "HH": (r"\d{2}", "%H"),
    "H": (r"\d{1,2}", "%H"),
    "MM": (r"\d{2}", "%M"),
    "SS": (r"\d{2}", "%S"),
}
PATTERN = re.compile("|".join(sorted(PARTS, key=len, reverse=True)))
SPACES = " \u00a0\u202f\u2009"
MONEY = {"cents": 0, "euros": 2}


@dataclass(frozen=True)
class Written:
    """A pattern of a date or an instant, as people write it: `d.m.yyyy`, `yyyy-mm-dd HH:MM`."""

    pattern: str

    @property
    def regex(self) -> str:
        """What a text of this pattern looks like."""
        return f"^{self._replace_parts(0)}$"

    @property
    def strptime(self) -> str:
        """The pattern in the letters of strptime."""
        return self._replace_parts(1)

    def _replace_parts(self, place: int) -> str:
        pieces = []
        end = 0
        for part in PATTERN.finditer(self.pattern):
            between = self.pattern[end : part.start()]
            pieces.append(re.escape(between) if place == 0 else between.replace("%", "%%"))
            pieces.append(PARTS[part[0]][place])
            end = part.end()
        rest = self.pattern[end:]
        return "".join([*pieces, re.escape(rest) if place == 0 else rest])


@dataclass(frozen=True)
class Format:
    """How the cells of a source are written. `instant` without a zone is of the feed's time zone,
    which is the company's unless the feed says another; "iso" is ISO 8601 with its own zone.
    `money`: what an amount is counted in."""

    date: str = "yyyy-mm-dd"
    instant: str = "iso"
    decimal: str = "."
    money: str = "cents"
    true: tuple[str, ...] = ("true", "1", "yes")
    false: tuple[str, ...] = ("false", "0", "no")
    time_zone: str = TIME_ZONE
    blank: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.decimal not in {".", ","}:
            raise BadInput("decimal is . or ,")
        if self.money not in MONEY:
            raise BadInput(f"money is one of {', '.join(MONEY)}")
        if set(self.true) & set(self.false):
            raise BadInput("a word cannot be true and false at once")
        for name in ("date", "instant"):
            _check_pattern(name, getattr(self, name))
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError):
            raise BadInput("time_zone is a name such as Europe/Helsinki") from None


def _check_pattern(name: str, pattern: str) -> None:
    parts = [part[0] for part in PATTERN.finditer(pattern)]
    days = {part[0] for part in parts if part in {"yyyy", "mm", "m", "dd", "d"}}
    clock = {part for part in parts if part in {"HH", "H", "MM"}}
    if name == "instant" and pattern == "iso":
        return
    if days != {"y", "m", "d"} or (name == "instant" and len(clock) != 2):
        example = "d.m.yyyy" if name == "date" else "iso, or d.m.yyyy HH:MM"
        raise BadInput(f"{name} is a pattern such as {example}")


def read_day(text: pl.Expr, form: Format) -> pl.Expr:
    """ISO dates."""
    written = Written(form.date)
    day = text.str.to_date(written.strptime, strict=False).dt.to_string("%Y-%m-%d")
    return _or_unreadable(text, pl.when(text.str.contains(written.regex)).then(day))


def read_instant(text: pl.Expr, form: Format) -> pl.Expr:
    """ISO instants in UTC. Of an hour that comes twice in autumn, or never in spring, it is not
    known which is meant: it is unreadable."""
    if form.instant == "iso":
        return text
    written = Written(form.instant)
    local = text.str.to_datetime(written.strptime, time_unit="us", strict=False)
    utc = place_in_zone(local, form)
    return _or_unreadable(text, pl.when(text.str.contains(written.regex)).then(utc))


def place_in_zone(local: pl.Expr, form: Format) -> pl.Expr:
    """ISO instants in UTC, of what a clock of the feed's time zone shows; null where it shows that
    twice or never."""
    zoned = local.dt.replace_time_zone(form.time_zone, ambiguous="null", non_existent="null")
    return zoned.dt.convert_time_zone("UTC").dt.to_string("%Y-%m-%dT%H:%M:%SZ")


def read_cents(text: pl.Expr, form: Format) -> pl.Expr:
    """Whole cents."""
    places = MONEY[form.money]
    bare = text.str.strip_chars(f"€{SPACES}").str.replace("^[\u2212\u2013]", "-")
    spaces = f"[{SPACES}]"
    whole = rf"\d{{1,3}}(?:{spaces}\d{{3}})+|\d+"
    fraction = rf"(?:{re.escape(form.decimal)}\d{{{places}}})?" if places else ""
    is_amount = bare.str.contains(rf"^-?(?:{whole}){fraction}$")
    figures = bare.str.replace_all(spaces, "")
    cents = count_cents(figures, decimal=form.decimal, places=places)
    return _or_unreadable(text, pl.when(is_amount).then(cents))


def count_cents(figures: pl.Expr, *, decimal: str, places: int) -> pl.Expr:
    """Whole cents, as text, of figures that have at most so many places after the decimal sign."""
    sign = pl.when(figures.str.starts_with("-")).then(-1).otherwise(1)
    parts = figures.str.strip_prefix("-").str.split(decimal)
    euros = parts.list.get(0).cast(pl.Int64, strict=False)
    fraction = parts.list.get(1, null_on_oob=True).fill_null("0").str.pad_end(places, "0")
    amount: pl.Expr = sign * (euros * 10**places + fraction.cast(pl.Int64, strict=False))
    return amount.cast(pl.String)


def read_truth(text: pl.Expr, form: Format) -> pl.Expr:
    """`true` and `false`."""
    words = dict.fromkeys(form.true, "true") | dict.fromkeys(form.false, "false")
    small = {word.lower(): truth for word, truth in words.items()}
    truth = text.str.to_lowercase().replace_strict(small, default=None, return_dtype=pl.String)
    return _or_unreadable(text, truth)


def read_code(text: pl.Expr, codes: Mapping[str, str]) -> pl.Expr:
    """The register's codes for the source's; a code that the feed does not name is unreadable."""
    code = text.replace_strict(dict(codes), default=None, return_dtype=pl.String)
    return _or_unreadable(text, code)


def _or_unreadable(text: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Null where there is no text, and where it cannot be read a mark that no rule takes."""
    return pl.when(text.is_not_null()).then(value.fill_null(UNREADABLE))
