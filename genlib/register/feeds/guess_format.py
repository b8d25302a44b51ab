"""How a file writes its dates, instants, amounts and truths, where all its cells say so clearly.

A column whose every filled cell is a date written `d.m.yyyy` says so. What no column says, or two
columns say otherwise, is left to the person who finishes the feed. Only patterns and words of this
module are told, never a cell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from genlib.register.feeds.formats import SPACES, Format, read_day, read_instant
from genlib.register.feeds.typed_cells import read_typed_instant
from genlib.register.spelling import UNREADABLE

DATES = ("d.m.yyyy", "yyyy-mm-dd")
CLOCKS = ("HH:MM", "HH:MM:SS", "H:MM", "H.MM")
INSTANTS = tuple(f"{date} {clock}" for clock in CLOCKS for date in DATES)
TRUTHS = (("kyllä", "ei"), ("ja", "nej"), ("tosi", "epätosi"), ("sant", "falskt"))
"""Words for true and false beside those that every feed knows."""
WHOLE = rf"^-?(?:\d{{1,3}}(?:[{SPACES}]\d{{3}})+|\d+)"
EURO = rf"[{SPACES}]?€?$"
Lines = dict[str, str]


def guess_format(rows: pl.DataFrame, *, is_typed: bool) -> Lines:
    """Setting → its value as TOML writes it, of what the cells say and a feed does not take for
    granted. rows: text; `is_typed`: as in `translate`."""
    columns = [_find_texts(rows[name], is_typed=is_typed) for name in rows.columns]
    filled = [column for column in columns if len(column)]
    return {
        **_guess_pattern(filled, "date", DATES, read_day),
        **_guess_pattern(filled, "instant", INSTANTS, read_instant),
        **_guess_money(filled, is_typed=is_typed),
        **_guess_truths(filled),
    }


def _find_texts(column: pl.Series, *, is_typed: bool) -> pl.Series:
    """The different texts of a column, without the dates that its file holds as dates."""
    text = pl.col("text").str.strip_chars()
    is_date = read_typed_instant(text, Format()).is_not_null() & pl.lit(is_typed)
    texts = column.alias("text").to_frame().filter(text != "", ~is_date)
    return texts.select(text).to_series().unique()


def _guess_pattern(
    columns: list[pl.Series],
    setting: str,
    patterns: tuple[str, ...],
    read: Callable[[pl.Expr, Format], pl.Expr],
) -> Lines:
    """The one pattern by which every column of dates can be read."""
    fitting = [_find_fitting(column, setting, patterns, read) for column in columns]
    dated = [each for each in fitting if each]
    common = [pattern for pattern in patterns if all(pattern in each for each in dated)]
    is_said = dated and common and common[0] != getattr(Format(), setting)
    return {setting: f'"{common[0]}"'} if is_said else {}


def _find_fitting(
    column: pl.Series,
    setting: str,
    patterns: tuple[str, ...],
    read: Callable[[pl.Expr, Format], pl.Expr],
) -> list[str]:
    """The patterns by which every cell of a column can be read."""
    settings: list[dict[str, Any]] = [{setting: pattern} for pattern in patterns]
    forms = dict(zip(patterns, [Format(**one) for one in settings], strict=True))
    return [pattern for pattern, form in forms.items() if _is_read(column, read, form)]


def _is_read(column: pl.Series, read: Callable[[pl.Expr, Format], pl.Expr], form: Format) -> bool:
    cells = pl.select(read(pl.lit(column), form)).to_series()
    return UNREADABLE not in cells


def _guess_money(columns: list[pl.Series], *, is_typed: bool) -> Lines:
    """Euros with a comma or a point, if some column has two places after it and none the other."""
    places = r"\d{1,2}" if is_typed else r"\d{2}"
    signs = [sign for sign in (",", ".") if any(_is_money(one, sign, places) for one in columns)]
    if len(signs) != 1:
        return {}
    decimal = {"decimal": '","'} if signs == [","] else {}
    return decimal | {"money": '"euros"'}


def _is_money(column: pl.Series, sign: str, places: str) -> bool:
    fraction = rf"[{sign}]{places}"
    is_whole = column.str.contains(f"{WHOLE}{EURO}")
    has_cents = column.str.contains(f"{WHOLE}{fraction}{EURO}")
    return bool((is_whole | has_cents).all() and has_cents.any())


def _guess_truths(columns: list[pl.Series]) -> Lines:
    """The words for true and false that one column uses both of, and nothing else."""
    words = [set(column.str.to_lowercase()) for column in columns]
    pairs = [(yes, no) for yes, no in TRUTHS if {yes, no} in words]
    if len(pairs) != 1:
        return {}
    [(yes, no)] = pairs
    return {"true": f'["{yes}"]', "false": f'["{no}"]'}
