"""The marks: each function draws one `Plot` as an Altair chart for a plot width. Imported when something is drawn, for Altair is heavy."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import ceil
from textwrap import wrap
from typing import Any

import altair as alt
import polars as pl

from genlib.present.plot import Plot
from genlib.present.svg import HATCH
from genlib.present.theme import color, vega

Mark = Callable[[Plot, float], Any]
NARROW = 380
"""Under this plot width a bar's name stands above it instead of beside it."""
LETTER = 6.7
"""Mean width of a letter at 13 px."""


def columns(plot: Plot, width: float, *, side_by_side: bool = False) -> Any:
    """Upright columns, stacked or side by side if there are series; single ones are labelled, or the last and the highest if not all fit."""
    beside = [alt.XOffset("series:N", sort=list(plot.series))] if side_by_side else []
    drawn = _shown(plot).mark_bar().encode(_x(plot, width), _y(plot), _color(plot), *beside, order="order:Q", description="tip:N")
    text = _of(_labelled(plot, width)).mark_text(dy=-8, aria=False).encode(_x(plot, width), _y(plot), text="text:N")
    return _chart([_blank_places(plot, width), drawn, text], width, plot.options.get("height", 240))


def line(plot: Plot, width: float) -> Any:
    """Lines over time with their interval as a band; each is named at its end."""
    x, y, tone = _x(plot, width, points=True), _y(plot), _color(plot)
    ends = plot.frame.filter(~pl.col("hidden")).group_by("series", maintain_order=True).last()
    band = _of(plot.frame).mark_area(opacity=0.16, aria=False).encode(x, _y(plot, "low"), alt.Y2("high:Q"), tone)
    path = _of(plot.frame).mark_line(strokeWidth=2.5, aria=False).encode(x, y, tone)
    dots = _shown(plot).mark_circle(size=36, opacity=1).encode(x, y, tone, description="tip:N")
    last = _of(ends).mark_circle(size=90, opacity=1, aria=False).encode(x, y, tone)
    name = _of(_spread(plot, ends)).mark_text(align="left", dx=11, fontWeight=600, aria=False).encode(x, _y(plot, "at"), text="label:N")
    return _chart([_blank_places(plot, width, points=True), band, path, dots, last, name], width, plot.options.get("height", 240))


def bars(plot: Plot, width: float) -> Any:
    """Bars lying down, each with its name and its figure."""
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[plot.bottom, _greatest(plot)], nice=False))
    drawn = _shown(plot).mark_bar(height=18).encode(x, _row(plot, width), alt.Color("tone:N", scale=None), description="tip:N")
    text = _shown(plot).mark_text(align="left", dx=7, aria=False).encode(x, _row(plot, width), text="text:N")
    return _chart([*_furniture(plot, width, 0.0, _greatest(plot)), drawn, text], width, _step(width, 30))


def dots(plot: Plot, width: float, *, reference: float | None = None) -> Any:
    """A value with its interval on each row; grey where the interval takes in the reference, which is a thin upright line."""
    axis = alt.Axis(values=list(plot.ticks), labelExpr=_said(plot.ticks), grid=True, domain=False, labelOverlap=True)
    scale = alt.Scale(domain=[plot.bottom, plot.top], nice=False)
    tone, y = alt.Color("tone:N", scale=None), _row(plot, width)
    span = _shown(plot).mark_rule(strokeWidth=2.5, aria=False).encode(alt.X("low:Q", axis=axis, scale=scale), alt.X2("high:Q"), y, tone)
    point = _shown(plot).mark_circle(size=120, opacity=1).encode(alt.X("value:Q", axis=axis), y, tone, description="tip:N")
    text = _shown(plot).mark_text(align="left", dx=9, aria=False).encode(alt.X("high:Q", axis=axis), y, text="text:N")
    return _chart([_upright(reference), *_furniture(plot, width, plot.bottom, plot.top), span, point, text], width, _step(width, 36))


def likert(plot: Plot, width: float) -> Any:
    """Shares of the answers to each question, spread to both sides of the middle answer."""
    left, right = (plot.frame[c].cast(pl.Float64).fill_null(0) for c in ("low", "high"))
    start, end = min(float(left.min() or 0), -0.05), max(float(right.max() or 0), 0.05)  # type: ignore[arg-type]
    x, y = alt.X("low:Q", axis=None, scale=alt.Scale(domain=[start, end], nice=False)), _row(plot, width)
    drawn = _shown(plot).mark_bar(height=24).encode(x, alt.X2("high:Q"), y, alt.Color("tone:N", scale=None), description="tip:N")
    wide = _of(plot.frame.filter(~pl.col("hidden"), pl.col("high") - pl.col("low") > 0.07)).mark_text(aria=False)
    text = wide.encode(alt.X("middle:Q", axis=None), y, text="text:N", color=alt.Color("ink:N", scale=None))
    layers = [*_furniture(plot, width, start, end), drawn, _upright(0.0), text]
    return _chart(layers, width, _step(width, 38))


def regions(features: list[dict[str, Any]], width: float) -> Any:
    """The map: each region in the colour that it brings along, hatched where hidden."""
    shapes = alt.Chart(alt.Data(values=features)).mark_geoshape(stroke=color("paper"), strokeWidth=0.8)
    fill = shapes.encode(color=alt.Color("properties.tone:N", scale=None), description="properties.tip:N")
    return _chart([fill.project(type="transverseMercator", rotate=[-27, 0, 0])], width, round(width * 1.85))


# parts ---------------------------------------------------------------------------------------------------------------------------


def _of(frame: pl.DataFrame) -> Any:
    return alt.Chart(frame.with_columns(order=pl.int_range(pl.len())))


def _shown(plot: Plot) -> Any:
    return _of(plot.frame.filter(~pl.col("hidden")))


def _chart(layers: list[Any], width: float, height: Any) -> Any:
    chart = alt.layer(*(layer for layer in layers if layer is not None)).properties(width=max(60, round(width)), height=height)
    return chart.properties(padding={"left": 0, "right": 2, "top": 6, "bottom": 0}).configure(**vega())


def _greatest(plot: Plot) -> float:
    return float(plot.frame["value"].max() or 1)  # type: ignore[arg-type]


def _said(words: dict[Any, Any]) -> str:
    """A Vega expression that gives each axis value its words."""
    keyed = {f"{key:g}" if isinstance(key, float) else key: text for key, text in words.items()}
    return f"({json.dumps(keyed, ensure_ascii=False)})[isNumber(datum.value) ? format(datum.value, '.6~g') : datum.value]"


def _color(plot: Plot) -> alt.Color:
    tones = [color(name) for name in plot.series.values()]
    return alt.Color("series:N", scale=alt.Scale(domain=list(plot.series), range=tones), sort=list(plot.series))


def _y(plot: Plot, column: str = "value") -> alt.Y:
    axis = alt.Axis(values=list(plot.ticks), labelExpr=_said(plot.ticks))
    return alt.Y(f"{column}:Q", axis=axis, scale=alt.Scale(domain=[plot.bottom, plot.top], nice=False))


def _x(plot: Plot, width: float, *, points: bool = False) -> alt.X:
    inner = 1.0 if points else 0.3
    axis = alt.Axis(labelExpr=_said(_underneath(plot.places, width)), labelAngle=0, labelLineHeight=16, labelOverlap=False)
    return alt.X("place:N", sort=plot.places, scale=alt.Scale(domain=plot.places, paddingInner=inner, paddingOuter=0.15), axis=axis)


def _underneath(places: list[str], width: float) -> dict[str, Any]:
    """Words under the columns: of months the name, and the year below where it begins; as many as there is room for, the last always."""
    room = width / max(1, len(places))
    parts = [place.split("\u00a0") for place in places]
    if not all(len(p) == 2 and p[1].isdigit() and len(p[1]) == 4 for p in parts):
        return {place: wrap(place, max(5, int(room / LETTER))) for place in places}
    every = ceil(46 / room)
    kept = [i for i in range(len(places)) if (len(places) - 1 - i) % every == 0]
    news = {i for before, i in zip([None, *kept], kept, strict=False) if before is None or parts[before][1] != parts[i][1]}
    return {place: (parts[i] if i in news else parts[i][:1]) if i in kept else "" for i, place in enumerate(places)}


def _row(plot: Plot, width: float) -> alt.Y:
    lines = {place: wrap(place, max(14, int(width * 0.36 / LETTER))) for place in plot.places}
    axis = (
        None if width < NARROW else alt.Axis(labelExpr=_said(lines), labelLimit=0, labelColor=color("ink"), grid=False, labelLineHeight=15)
    )
    return alt.Y("place:N", sort=plot.places, scale=alt.Scale(domain=plot.places), axis=axis)


def _step(width: float, usual: int) -> alt.Step:
    return alt.Step(usual + 18 if width < NARROW else usual)


def _furniture(plot: Plot, width: float, start: float, end: float) -> list[Any]:
    """Behind rows: hatching where a figure is hidden, and in narrow charts the names above."""
    y, layers = _row(plot, width), []
    scale = alt.Scale(domain=[start, end], nice=False)
    if plot.hidden:
        blank = pl.DataFrame({"place": plot.hidden, "start": start, "end": end, "tip": _hidden_tips(plot)})
        layers.append(
            _of(blank).mark_bar(height=18, fill=HATCH).encode(alt.X("start:Q", scale=scale), alt.X2("end:Q"), y, description="tip:N")
        )
    if width < NARROW:
        named = pl.DataFrame({"place": plot.places, "start": [start] * len(plot.places)})
        text = _of(named).mark_text(align="left", dy=-20, aria=False).encode(alt.X("start:Q", scale=scale), y, text="place:N")
        layers.append(text)
    return layers


def _hidden_tips(plot: Plot) -> list[str]:
    return [f"{place}: {plot.words.translate('hidden to protect small groups')}" for place in plot.hidden]


def _blank_places(plot: Plot, width: float, *, points: bool = False) -> Any:
    """Hatching over the whole height of a place of which something is hidden."""
    if not plot.hidden:
        return None
    blank = pl.DataFrame({"place": plot.hidden, "start": plot.bottom, "value": plot.top, "tip": _hidden_tips(plot)})
    size = {"width": 22} if points else {}
    return _of(blank).mark_bar(fill=HATCH, **size).encode(_x(plot, width, points=points), _y(plot), alt.Y2("start:Q"), description="tip:N")


def _labelled(plot: Plot, width: float) -> pl.DataFrame:
    """The columns whose figure is written above them."""
    shown = plot.frame.filter(~pl.col("hidden"))
    if len(plot.series) > 1 or shown.is_empty():
        return shown.clear()
    room = width / len(plot.places) / LETTER
    last_or_highest = (pl.col("place") == plot.places[-1]) | (pl.col("value") == pl.col("value").max())
    return shown if shown["text"].str.len_chars().max() <= room else shown.filter(last_or_highest)  # type: ignore[operator]


def _spread(plot: Plot, ends: pl.DataFrame) -> pl.DataFrame:
    """The names at the ends of lines, moved apart where they would meet."""
    gap = (plot.top - plot.bottom) * 18 / plot.options.get("height", 240)
    placed: list[float] = []
    ends = ends.sort("value")
    for value in ends["value"].to_list():
        placed.append(max(value, placed[-1] + gap) if placed else value)
    label = (pl.col("series") + " " + pl.col("text")).str.strip_chars()
    return ends.with_columns(pl.Series("at", placed, dtype=pl.Float64), label.alias("label"))


def _upright(at: float | None) -> Any:
    if at is None:
        return None
    return _of(pl.DataFrame({"at": [at]})).mark_rule(color=color("ink"), aria=False).encode(alt.X("at:Q"))
