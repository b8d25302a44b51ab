"""Charts of protected tables: static pictures that belong to the page, each with its numbers behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Unpack

import polars as pl

from genlib.disclosure.table import ProtectedTable
from genlib.present import svg, tables, theme
from genlib.present.findings import said
from genlib.present.item import Item, card, keys
from genlib.present.plot import Options, Plot, check, read, ticks

__all__ = ["Chart", "bars", "columns", "dots", "funnel", "likert", "line", "map"]
TWO_WIDTHS = 420
"""From this width on a chart is drawn twice: as asked, and for a telephone."""


@dataclass(frozen=True)
class Chart:
    """One chart of one protected table. Shows itself in a notebook; `to_dict()` is its Vega-Lite specification."""

    table: ProtectedTable
    plot: Plot
    mark: Callable[[Plot, float], Any]
    kind: str
    columns: tuple[str, ...]
    dimensions: tuple[str, ...]
    legend: Sequence[tuple[str, str]] = ()
    fixed: int | None = None
    beside: str = ""

    @property
    def item(self) -> Item:
        return Item("chart", (self.table.name,), self.table.language, self._body)

    def to_dict(self, width: float = theme.HALF) -> dict[str, Any]:
        """The specification at a plot width: nothing but the rows that are drawn."""
        spec: dict[str, Any] = self.mark(self.plot, width).to_dict()
        return spec

    def html(self, width: int = theme.FULL) -> str:
        return self.item.html(width)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self.item._repr_mimebundle_()

    def _body(self, width: int) -> str:
        words, options = self.plot.words, self.plot.options
        title, subtitle, note = (said(words, options.get(key, "")) for key in ("title", "subtitle", "note"))  # type: ignore[arg-type]
        notes = [note, words.translate("Hatched: hidden to protect small groups.") if self.plot.hidden else ""]
        behind = tables.behind(self.table, self.plot.rows, self.dimensions, self.columns, self.plot.form, words)
        figure = keys(self.legend) + self._pictures(width, f"{words.translate(self.kind)}: {title or subtitle}")
        return card(words, figure, title=title, subtitle=subtitle, note=" ".join(filter(None, notes)), behind=behind)

    def _pictures(self, width: int, name: str) -> str:
        if self.fixed:
            return f'<div class="pair">{self._picture(self.fixed, name, "chart map")}{self.beside}</div>'
        if width < TWO_WIDTHS:
            return self._picture(width, name, "chart")
        return self._picture(width, name, "chart wide") + self._picture(theme.PHONE, name, "chart narrow")

    def _picture(self, width: int, name: str, classes: str) -> str:
        key = hashlib.sha256(f"{self.table.name} {self.kind} {name} {width}".encode()).hexdigest()[:8]
        return f'<div class="{classes}">{svg.finished(svg.fitted(self.to_dict, width), name=name, key=key)}</div>'


def columns(
    table: ProtectedTable, *, x: str, y: str, color: str | None = None, side_by_side: bool = False, **options: Unpack[Options]
) -> Chart:
    """Upright columns of `y` over `x` (months or groups), stacked or side by side by `color`."""
    plot = read(table, options, x, y, series=color)
    if color and not side_by_side:
        plot = replace(plot, ticks=ticks(plot.frame, plot.words, plot.form, stacked=True))
    legend = list(plot.series.items()) if color else []
    return Chart(table, plot, _late("columns", side_by_side=side_by_side), "Column chart", (y,), _dimensions(x, color), legend)


def bars(table: ProtectedTable, *, x: str, y: str, **options: Unpack[Options]) -> Chart:
    """Bars of `x` for each `y`, the longest first; beyond `limit` (7) the others are one bar if they may be added, else left to the table."""
    plot = _toned(_limited(table, read(table, options, y, x), x))
    return Chart(table, plot, _late("bars"), "Bar chart", (x,), (y,))


def line(
    table: ProtectedTable,
    *,
    x: str,
    y: str,
    color: str | None = None,
    low: str | None = None,
    high: str | None = None,
    **options: Unpack[Options],
) -> Chart:
    """Lines of `y` over time, one for each `color`, with the interval from `low` to `high` as a band."""
    plot = read(table, options, x, y, series=color, interval=(low, high) if low and high else None)
    return Chart(table, plot, _late("line"), "Line chart", tuple(filter(None, (y, low, high))), _dimensions(x, color))


def dots(
    table: ProtectedTable,
    *,
    x: str,
    y: str,
    low: str | None = None,
    high: str | None = None,
    reference: float | None = None,
    **options: Unpack[Options],
) -> Chart:
    """`x` with its interval (`<x>_low`, `<x>_high` unless named) for each `y`; grey where the interval takes in `reference`."""
    ends = (low or f"{x}_low", high or f"{x}_high")
    plot = read(table, options, y, x, interval=ends)
    around = pl.lit(False) if reference is None else (pl.col("low") <= reference) & (pl.col("high") >= reference)
    below = pl.lit(False) if reference is None else pl.col("high") < reference
    tone = pl.when(around).then(pl.lit(theme.color("mute"))).when(below).then(pl.lit(theme.color("brick")))
    frame = plot.frame.with_columns(tone.otherwise(pl.lit(theme.color(options.get("tone", "teal")))).alias("tone"))
    return Chart(table, replace(plot, frame=frame), _late("dots", reference=reference), "Dot chart", (x, *ends), (y,))


def funnel(table: ProtectedTable, *, stage: str = "stage", value: str = "reached", **options: Unpack[Options]) -> Chart:
    """How many came as far as each stage, and which part of the stage before that is (on ten people at least)."""
    plot = read(table, options, stage, value)
    frame = plot.frame.sort("value", descending=True, nulls_last=True)
    before = pl.col("value").shift()
    frame = frame.with_columns(pl.when(before >= 10).then(pl.col("value") / before).alias("part"))
    texts = [t + (f" · {plot.words.percent(p)}" if p is not None else "") for t, p in frame.select("text", "part").rows()]
    plot = replace(plot, frame=frame.with_columns(pl.Series("text", texts, dtype=pl.String)), places=frame["place"].to_list())
    return Chart(table, _toned(plot), _late("bars"), "Funnel", (value,), (stage,))


def likert(table: ProtectedTable, *, question: str, answer: str = "answer", value: str = "people", **options: Unpack[Options]) -> Chart:
    """The shares of the answers to each question, to both sides of the middle answer; the question with most approval first."""
    plot = read(table, options, question, value, series=answer)
    whole = pl.col("value").sum().over("place")
    safe = ~pl.col("hidden").any().over("place") & (whole >= 10)
    frame = plot.frame.with_columns(pl.when(safe).then(pl.col("value") / whole).alias("share"), hidden=~safe)
    frame = _diverging(frame, list(plot.series), plot)
    tones = theme.LIKERT.get(len(plot.series), theme.LIKERT[5])
    places = (
        frame.group_by("place", maintain_order=True)
        .agg(pl.col("high").max())
        .sort("high", descending=True, nulls_last=True)["place"]
        .to_list()
    )
    legend = list(zip(plot.series, tones, strict=False))
    return Chart(table, replace(plot, frame=frame, places=places), _late("likert"), "Answer chart", (value,), (question, answer), legend)


def map(table: ProtectedTable, *, region: str = "region", value: str = "people", **options: Unpack[Options]) -> Chart:  # noqa: A001 - the field's word
    """The regions of Finland in five depths of colour, with the names and figures beside them."""
    from genlib.present.map import picture

    check(table)
    return picture(table, region, value, options)


def _late(name: str, **settings: Any) -> Callable[[Plot, float], Any]:
    def draw(plot: Plot, width: float) -> Any:
        from genlib.present import marks

        return partial(getattr(marks, name), **settings)(plot, width)

    return draw


def _dimensions(*names: str | None) -> tuple[str, ...]:
    return tuple(name for name in names if name)


def _toned(plot: Plot) -> Plot:
    tone = plot.options.get("tone", "teal")
    others = pl.col("place") == plot.words.label("code", "others")
    noticed = pl.col("code") == str(plot.options.get("notice"))
    named = (
        pl.when(others)
        .then(pl.lit(theme.color("mute")))
        .when(noticed)
        .then(pl.lit(theme.color("amber")))
        .otherwise(pl.lit(theme.color(tone)))
    )
    return replace(plot, frame=plot.frame.with_columns(named.alias("tone")))


def _limited(table: ProtectedTable, plot: Plot, value: str) -> Plot:
    limit = plot.options.get("limit", 7)
    if plot.frame.height <= limit:
        return plot
    rest = plot.frame.slice(limit - 1)
    adds = any(m.name == value and m.additive for m in table.measures) and not rest["hidden"].any()
    name, total = plot.words.label("code", "others"), float(rest["value"].sum())
    words = plot.words.figure(total, plot.form)
    others = {"place": name, "code": "others", "value": total, "low": total, "high": total, "text": words, "tip": f"{name}: {words}"}
    frame = plot.frame.head(limit - 1 if adds else limit)
    if adds:
        frame = pl.concat([frame, rest.head(1).with_columns(**{key: pl.lit(v) for key, v in others.items()})])
    return replace(plot, frame=frame, places=frame["place"].to_list())


def _diverging(frame: pl.DataFrame, levels: list[str], plot: Plot) -> pl.DataFrame:
    tones = dict(zip(levels, theme.LIKERT.get(len(levels), theme.LIKERT[5]), strict=False))
    ends = pl.col("share").cum_sum().over("place")
    middle = len(levels) // 2
    weight = pl.col("series").replace_strict(
        {level: float(i < middle) + 0.5 * (i == middle and len(levels) % 2) for i, level in enumerate(levels)}
    )
    offset = (pl.col("share") * weight).sum().over("place")
    placed = frame.with_columns((ends - pl.col("share") - offset).alias("low"), (ends - offset).alias("high"))
    placed = placed.with_columns(((pl.col("low") + pl.col("high")) / 2).alias("middle"))
    light = {level: theme.color("paper" if tones[level] in {"brick", "teal"} else "night") for level in levels}
    text = pl.Series("text", [plot.words.percent(s, 0) if s is not None else ".." for s in placed["share"]], dtype=pl.String)
    tips = [f"{p} · {s}: {t}" for p, s, t in zip(placed["place"], placed["series"], text, strict=True)]
    colours = {level: theme.color(tones[level]) for level in levels}
    return placed.with_columns(
        text,
        pl.Series("tip", tips),
        pl.col("series").replace_strict(colours).alias("tone"),
        pl.col("series").replace_strict(light).alias("ink"),
    )
