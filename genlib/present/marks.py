"""The marks: each function draws a plot as a specification of Vega-Lite."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from genlib.present import map as finland
from genlib.present.labels import (
    LETTER,
    LINE,
    MANY,
    fold_name,
    lay_underneath,
    raise_lines,
    write_lines,
)
from genlib.present.layers import ORDER, TIP, TONE, Spec, draw, end, name, quantity
from genlib.present.plot import Plot
from genlib.present.svg import HATCH
from genlib.present.theme import PHONE, color, vega

WIDEST, THIN, ASIDE = 84, 32, 0.36
"""The widest column, the least room for one, the part of a picture for names beside it."""
THICK, BROAD, ABOVE = 18, 24, 11
"""Heights of a bar and of one with figures in it; how far above it the middle of its name lies."""
BESIDE, SHORT = 400, 0.22
"""From this room on names stand beside their bars, and in less if all take no more of it."""
APART = 6
"""Between two names of several lines."""


@dataclass(frozen=True)
class Frame:
    """A plot with the width of its plot area, the room that it has with all its labels, and the
    height of its plot area if it is upright."""

    plot: Plot
    width: float
    room: float
    height: int

    @property
    def narrow(self) -> bool:
        """Names stand above their bars instead of beside them."""
        longest = max(map(len, self.plot.places), default=0)
        if longest * LETTER <= SHORT * self.room:
            return False
        is_low = len(self.plot.places) <= MANY
        return self.room <= PHONE or (self.room < BESIDE and is_low)

    @property
    def span(self) -> list[float]:
        return [min(self.plot.ticks), max(self.plot.ticks)]

    @property
    def shown(self) -> pl.DataFrame:
        return self.plot.frame.filter(~pl.col("hidden"))

    def color(self) -> Spec:
        series = self.plot.series
        tones = [color(tone) for tone in series.values()]
        return name("series", scale={"domain": list(series), "range": tones})

    def y(self, column: str = "value", *, axis: bool = True) -> Spec:
        ticks = self.plot.ticks
        marked = {"values": list(ticks), "labelExpr": _figures(ticks)} if axis else None
        return quantity(column, axis=marked, scale={"domain": self.span, "nice": False})

    def x(self, *, points: bool = False) -> Spec:
        places = self.plot.places
        room = self.width / max(1, len(places))
        inner = 1.0 if points else max(0.3, 1 - WIDEST / room)
        lines, tilt = lay_underneath(places, self.width)
        look: dict[str, Any] = {
            "labelLimit": 0,
            "labelLineHeight": LINE if tilt else 16,
            "labelOverlap": False,
            "labelAngle": tilt,
        }
        if tilt:
            look["labelOffset"] = raise_lines(lines, tilt)
        axis = {"labelExpr": write_lines(lines), **look}
        is_thin = self.width < THIN * len(places)
        outer = 0.15 if points else inner / 2
        if is_thin and not points:
            outer = 0.45  # a figure is wider than its column
        scale = {"domain": places, "paddingInner": inner, "paddingOuter": outer}
        return name("place", sort=places, scale=scale, axis=axis)

    @property
    def names(self) -> dict[str, list[str]]:
        """The lines of the name of each row."""
        room = self.room * (1 if self.narrow else ASIDE)
        return {place: fold_name(place, room) for place in self.plot.places}

    def row(self) -> Spec:
        places = self.plot.places
        lines = self.names
        axis = {
            "labelExpr": write_lines(lines),
            "labelOffset": raise_lines(lines),
            "labelLimit": 0,
            "labelColor": color("ink"),
            "grid": False,
            "labelLineHeight": LINE,
            "labelPadding": 10,
        }
        shown = None if self.narrow else axis
        return name("place", sort=places, scale={"domain": places}, axis=shown)

    def behind(
        self, low: float, high: float, axis: Spec | None = None, *, bar: int = THICK
    ) -> list[Spec]:
        """Behind rows: hatching where a figure is hidden; where it is narrow the names, above bars
        of this height."""
        x = quantity("start", scale={"domain": [low, high], "nice": False}, axis=axis)
        ends = {"x": x, "x2": end("end"), "y": self.row(), "description": TIP}
        hidden = self._hidden(start=low, end=high)
        hatched = draw(hidden, "bar", ends, height=THICK, fill=HATCH)
        layers = [hatched] if self.plot.hidden else []
        return [*layers, *self._name_rows(x, low, bar)] if self.narrow else layers

    def _name_rows(self, x: Spec, start: float, bar: int) -> list[Spec]:
        """The names above their rows, from the `start` of the axis on."""
        above = -(bar / 2 + ABOVE)
        names = self.names
        rows = {"place": list(names), "name": ["\n".join(lines) for lines in names.values()]}
        named = pl.DataFrame(rows).with_columns(start=pl.lit(start))
        channels = {"x": x, "y": self.row(), "text": name("name")}
        look: dict[str, Any] = {"align": "left", "aria": False, **break_lines(above, 1)}
        return [draw(named, "text", channels, **look, **rim) for rim in haloed()]

    def blanks(self, *, points: bool = False) -> list[Spec]:
        """Hatching over the whole height of each place of which something is hidden."""
        if not self.plot.hidden:
            return []
        low, high = self.span
        x, y = self.x(points=points), self.y()
        channels = {"x": x, "y": y, "y2": end("start"), "description": TIP}
        width = {"width": 22} if points else {}
        return [draw(self._hidden(start=low, value=high), "bar", channels, fill=HATCH, **width)]

    def _hidden(self, **ends: float) -> pl.DataFrame:
        message = self.plot.words.translate("hidden to protect small groups")
        frame = pl.DataFrame({"place": self.plot.hidden}, schema={"place": pl.String})
        columns = [pl.lit(place).alias(column) for column, place in ends.items()]
        return frame.with_columns(*columns, tip=pl.col("place") + f": {message}")

    def chart(self, *layers: Spec, height: Any = None) -> Spec:
        corner = 0 if height else 2  # of a tilted name, which Vega does not count
        return {
            "layer": list(layers),
            "width": max(60, round(self.width)),
            "height": height or self.height,
            "padding": {"left": corner, "right": 2, "top": 6, "bottom": 0},
            "config": vega(),
        }

    def steps(self, height: int) -> Spec:
        """The height of a row, with the lines of its longest name."""
        most = max((len(lines) for lines in self.names.values()), default=1)
        if self.narrow:
            return {"step": height + 18 + LINE * (most - 1)}
        return {"step": max(height, LINE * most + APART)}


def columns(frame: Frame, *, side_by_side: bool = False) -> Spec:
    """Upright columns, stacked or side by side; single ones have their figure above them, or the
    last and the highest if room is short."""
    labels, every = _labelled(frame)
    place = {"x": frame.x(), "y": frame.y(axis=not every)}
    seen = {**place, "color": frame.color(), "order": ORDER, "description": TIP}
    if side_by_side:
        seen["xOffset"] = name("series", sort=list(frame.plot.series))
    marks = draw(frame.shown, "bar", seen)
    written = {**place, "text": name("text")}
    rim, text = (draw(labels, "text", written, dy=-9, aria=False, **look) for look in haloed())
    return frame.chart(
        *frame.blanks(), rim, marks, text
    )  # a rim in front would bite into the column


def line(frame: Frame) -> Spec:
    """Lines over time with their interval as a band; each is named at its end."""
    plot = frame.plot
    x = frame.x(points=True)
    y = frame.y()
    tone = frame.color()
    last = plot.frame.filter(~pl.col("hidden")).group_by("series", maintain_order=True).last()
    over = {"x": x, "y": frame.y("low"), "y2": end("high"), "color": tone}
    band = draw(plot.frame, "area", over, opacity=0.16, aria=False)
    place = {"x": x, "y": y, "color": tone}
    path = draw(plot.frame, "line", place, strokeWidth=2.5, aria=False)
    points = draw(frame.shown, "circle", {**place, "description": TIP}, size=36, opacity=1)
    ends = draw(last, "circle", place, size=90, opacity=1, aria=False)
    look: dict[str, Any] = {"align": "left", "dx": 11, "fontWeight": 600, "aria": False}
    written = {"x": x, "y": frame.y("at"), "text": name("name")}
    names = draw(_spread(frame, last), "text", written, **look, **break_lines(0, 0.5))
    return frame.chart(*frame.blanks(points=True), band, path, points, ends, names)


def bars(frame: Frame) -> Spec:
    """Bars lying down, each with its name and its figure."""
    greatest = float(frame.plot.frame["value"].max() or 1)  # type: ignore[arg-type]
    x = quantity("value", axis=None, scale={"domain": [0, greatest], "nice": False})
    place = {"x": x, "y": frame.row()}
    marks = draw(frame.shown, "bar", {**place, "color": TONE, "description": TIP}, height=THICK)
    written = {**place, "text": name("text")}
    text = draw(frame.shown, "text", written, align="left", dx=7, aria=False)
    return frame.chart(*frame.behind(0.0, greatest), marks, text, height=frame.steps(30))


def dots(frame: Frame, *, reference: float | None = None) -> Spec:
    """A value with its interval on each row, and the reference as a thin upright line."""
    axis = {
        "values": list(frame.plot.ticks),
        "labelExpr": _figures(frame.plot.ticks),
        "grid": True,
        "domain": False,
        "labelOverlap": True,
    }
    scale = {"domain": frame.span, "nice": False}
    low, value, high = (
        quantity(column, axis=axis, scale=scale) for column in ("low", "value", "high")
    )
    row = frame.row()
    between = {"x": low, "x2": end("high"), "y": row, "color": TONE}
    span = draw(frame.shown, "rule", between, strokeWidth=2.5, aria=False)
    place = {"x": value, "y": row, "color": TONE, "description": TIP}
    point = draw(frame.shown, "circle", place, size=120, opacity=1)
    written = {"x": high, "y": row, "text": name("text")}
    text = [
        draw(frame.shown, "text", written, align="left", dx=9, aria=False, **look)
        for look in haloed()
    ]
    upright = [] if reference is None else [_upright(reference, axis)]
    first, last = frame.span
    return frame.chart(
        *upright, *frame.behind(first, last, axis), span, point, *text, height=frame.steps(32)
    )


def likert(frame: Frame) -> Spec:
    """Shares of the answers to each question, to both sides of the middle answer."""
    low = pl.col("low").min().fill_null(-0.5)
    high = pl.col("high").max().fill_null(0.5)
    shares = frame.plot.frame.select(low, high).row(0)
    x = quantity("low", axis=None, scale={"domain": list(shares), "nice": False})
    row = frame.row()
    between = {"x": x, "x2": end("high"), "y": row, "color": TONE, "description": TIP}
    marks = draw(frame.shown, "bar", between, height=BROAD)
    least = 0.13 if frame.narrow else 0.05
    middle = (pl.col("low") + pl.col("high")) / 2
    wide = frame.shown.filter(pl.col("share") > least).with_columns(middle=middle)
    ink = name("ink", scale=None)
    written = {"x": quantity("middle", axis=None), "y": row, "text": name("text"), "color": ink}
    text = draw(wide, "text", written, aria=False)
    return frame.chart(
        _upright(0.0), *frame.behind(*shares, bar=BROAD), marks, text, height=frame.steps(38)
    )


def regions(frame: Frame) -> Spec:
    """The map, in a projection that leaves Finland its shape."""
    areas = {
        "data": {"values": finland.features(frame.plot)},
        "mark": {"type": "geoshape", "stroke": color("mute"), "strokeWidth": 0.6},
        "encoding": {
            "color": name("properties.tone", scale=None),
            "description": name("properties.tip"),
        },
        "projection": {"type": "transverseMercator", "rotate": [-27, 0, 0]},
    }
    return frame.chart(areas, height=round(frame.width * 1.85))


def haloed() -> list[dict[str, Any]]:
    """Text that lines run behind: first its rim in the colour of the paper, then itself."""
    return [{"stroke": color("paper"), "strokeWidth": 7.0, "strokeJoin": "round"}, {}]


def break_lines(dy: float, part: float) -> dict[str, Any]:
    """Text of several lines: `part` of what it has more than one stands above `dy`."""
    more = "(length(split(datum.name, '\\n')) - 1)"
    return {
        "lineBreak": "\n",
        "lineHeight": LINE,
        "dy": {"expr": f"{dy} - {LINE * part} * {more}"},
    }


def _figures(words: dict[float, str]) -> str:
    """A Vega expression that gives the figures of an axis their words."""
    texts = {str(round(key * 1e6)): text for key, text in words.items()}
    return f"({json.dumps(texts, ensure_ascii=False)})[round(datum.value * 1e6)]"


def _labelled(frame: Frame) -> tuple[pl.DataFrame, bool]:
    """The columns whose figure is written above them, and whether these are all."""
    visible = frame.plot.frame.filter(~pl.col("hidden"))
    if len(frame.plot.series) > 1 or visible.is_empty():
        return visible.clear(), False
    room = frame.width / len(frame.plot.places) / LETTER
    if visible["text"].str.len_chars().max() <= 0.85 * room:  # type: ignore[operator]
        return visible, True
    is_last = pl.col("place") == frame.plot.places[-1]
    is_highest = pl.col("value") == pl.col("value").max()
    return visible.filter(is_last | is_highest), False


def _spread(frame: Frame, last: pl.DataFrame) -> pl.DataFrame:
    """The names at the ends of lines, moved apart where they would meet."""
    start, end = frame.span
    pixel = (end - start) / frame.height
    last = last.sort("value")
    names: list[str] = []
    placed: list[float] = []
    lowest = start - pixel * 9
    for value, series, text in last.select("value", "series", "text").rows():
        lines = fold_name(f"{series} {text}".strip(), frame.room * ASIDE)
        half = pixel * (3 + LINE * len(lines)) / 2
        middle = max(value, lowest + half)
        lowest = middle + half
        names.append("\n".join(lines))
        placed.append(middle)
    return last.with_columns(
        pl.Series("at", placed, dtype=pl.Float64), pl.Series("name", names, dtype=pl.String)
    )


def _upright(at: float, axis: Spec | None = None) -> Spec:
    place = {"x": quantity("at", axis=axis)}
    return draw(pl.DataFrame({"at": [at]}), "rule", place, color=color("ink"), aria=False)
