"""`Plot`: the rows of one protected table made ready for drawing - words beside the figures, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any, TypedDict

import polars as pl

from genlib.disclosure.table import ProtectedTable, Shown
from genlib.errors import NotProtected, UsageError
from genlib.present import theme
from genlib.present.words import Words, form_of

TIME = ("month", "quarter", "week", "day", "year", "cohort", "date", "joined_month")
ORDERED = ("age_band", "answer", "score", "stage", "group", "alive", "months", "recency", "frequency")
"""Dimensions whose codes have an order of their own; all others are sorted by value."""


class Options(TypedDict, total=False):
    """What every chart takes. `title`, `subtitle` and `note` are English messages or findings; `form` is one of money, percent, points, change,
    index, decimal, number (else the column's name tells); `where` narrows the table; `codes` chooses and orders; `tone` and `colors` name
    colours of the palette, `notice` the one code to notice; `limit` is the most rows drawn."""

    title: str
    subtitle: str
    note: str
    form: str
    where: Mapping[str, Any]
    codes: list[Any]
    tone: str
    notice: Any
    colors: Mapping[Any, str]
    limit: int
    height: int


@dataclass(frozen=True)
class Plot:
    """`frame`: place, series, value, low, high, text, tip, hidden - one row a mark. Figures stay as they are in the table; `ticks` are in words."""

    frame: pl.DataFrame
    places: list[str]
    series: dict[str, str]
    form: str
    words: Words
    ticks: dict[float, str]
    rows: pl.DataFrame
    options: Options

    @property
    def top(self) -> float:
        return max(self.ticks)

    @property
    def bottom(self) -> float:
        return min(self.ticks)

    @property
    def hidden(self) -> list[str]:
        """Places of which something is not shown."""
        return self.frame.filter("hidden")["place"].unique(maintain_order=True).to_list()


def check(table: object) -> None:
    """Raise `NotProtected` for anything that did not come through door 2."""
    if not isinstance(table, ProtectedTable | Shown):
        raise NotProtected("charts take a ProtectedTable; pass the metric's Cells through genlib.protect first")


def read(
    table: ProtectedTable, options: Options, place: str, value: str, *, series: str | None = None, interval: tuple[str, str] | None = None
) -> Plot:
    """The rows of `table` at `place` (and `series`) with figures `value`, in reading order."""
    check(table)
    columns = [c for c in (place, series, value, *(interval or ())) if c]
    if unknown := [c for c in columns if c not in table.frame.columns]:
        raise UsageError(f"table {table.name} has no column {', '.join(unknown)}; it has {', '.join(table.frame.columns)}")
    words, where = Words(table.language), options.get("where", {})
    levels = [c for c in (place, series) if c]
    rows = chosen(table.rows(*levels, **where), place, options)
    form = options.get("form") or form_of(value, whole=rows.schema[value].is_integer())
    rows = ordered(rows, place, series, value)
    low, high = interval or (value, value)
    named = rows.select(
        pl.Series("place", names(table, rows, place, words)),
        pl.col(place).cast(pl.String).alias("code"),
        pl.Series("series", names(table, rows, series, words) if series else [""] * rows.height, dtype=pl.String),
        *(pl.col(c).cast(pl.Float64).alias(name) for name, c in (("value", value), ("low", low), ("high", high))),
        pl.Series("text", [words.figure(v, form) for v in rows[value]], dtype=pl.String),
        pl.col(value).is_null().alias("hidden"),
    )
    frame = named.with_columns(pl.Series("tip", tips(named, words, form, interval is not None), dtype=pl.String))
    coloured = palette(frame["series"].unique(maintain_order=True).to_list(), rows, series, options)
    return Plot(
        frame, frame["place"].unique(maintain_order=True).to_list(), coloured, form, words, ticks(frame, words, form), rows, options
    )


def chosen(rows: pl.DataFrame, place: str, options: Options) -> pl.DataFrame:
    """The rows of the codes asked for, in that order; else all."""
    if "codes" not in options:
        return rows
    codes = pl.DataFrame({place: options["codes"]}, schema={place: rows.schema[place]})
    return codes.join(rows, on=place, how="inner", maintain_order="left")


def ordered(rows: pl.DataFrame, place: str, series: str | None, value: str) -> pl.DataFrame:
    """Time and steps in their own order, from the first figure on; all else by value, the largest first and the unknown last."""
    if place in TIME or rows.schema[place].is_temporal():
        first = rows.filter(pl.col(value).is_not_null() | pl.col("reason").is_not_null())[place].min()
        return rows.filter(pl.col(place) >= first).sort(place, series or place)
    unknown = pl.col(place).cast(pl.String).is_in(["unknown", "others"])
    if place in ORDERED:
        return rows.sort(unknown, place, series or place)
    weight = pl.col(value).sum().over(place)
    inner = pl.col(value).sum().over(series) if series and series not in ORDERED else pl.col(series or place)
    return rows.sort(
        unknown, weight, place, inner, descending=[False, True, False, bool(series and series not in ORDERED)], nulls_last=True
    )


def names(table: ProtectedTable, rows: pl.DataFrame, dimension: str, words: Words) -> list[str]:
    """The words for a dimension's codes: the table's own (`question_fi`), else the catalogue's; months with the year where it begins."""
    own = f"{dimension}_{words.language}"
    if own in rows.columns:
        return [text or words.label(dimension, code) for text, code in zip(rows[own], rows[dimension], strict=True)]
    return [words.label(dimension, code) for code in rows[dimension]]


def tips(frame: pl.DataFrame, words: Words, form: str, interval: bool) -> list[str]:
    """What the native tooltip of each mark says."""
    hidden = words.translate("hidden to protect small groups")
    said = []
    for row in frame.to_dicts():
        around = (
            f" ({words.interval(row['low'], row['high'], form)})" if interval and row["low"] is not None and row["high"] is not None else ""
        )
        said.append(" · ".join(filter(None, [row["place"], row["series"]])) + ": " + (hidden if row["hidden"] else row["text"] + around))
    return said


def palette(labels: list[str], rows: pl.DataFrame, series: str | None, options: Options) -> dict[str, str]:
    """Series in words to colours: those that `colors` names by code, else the palette in turn; one series has the tone asked for."""
    if series is None:
        return dict.fromkeys(labels, options.get("tone", "teal"))
    codes, wanted = rows[series].unique(maintain_order=True).to_list(), options.get("colors", {})
    return {
        label: wanted.get(code, theme.SERIES[turn % len(theme.SERIES)])
        for turn, (label, code) in enumerate(zip(labels, codes, strict=True))
    }


def ticks(frame: pl.DataFrame, words: Words, form: str, *, stacked: bool = False) -> dict[float, str]:
    """Four or five round marks that take in zero and every figure, with their words."""
    tops = frame.group_by("place").agg(pl.col("high").sum())["high"] if stacked else frame["high"]
    highest, lowest = float(tops.max() or 0), min(0.0, float(frame["low"].min() or 0))  # type: ignore[arg-type]
    step = nice((highest - lowest) / 4 or 1)
    step = max(step, 1.0) if form == "number" else step
    return {i * step: words.tick(i * step, form, step) for i in range(floor(lowest / step + 1e-9), ceil(highest / step - 1e-9) + 1)} or {
        0.0: "0",
        step: "",
    }


def nice(rough: float) -> float:
    """The round number (1, 2, 2.5, 5 times a power of ten) at or above `rough`."""
    power = 10.0 ** floor(log10(rough))
    return next(round(n * power, 10) for n in (1, 2, 2.5, 5, 10) if n * power >= rough * (1 - 1e-9))
