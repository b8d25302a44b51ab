"""The marks: each function draws a plot as an Altair chart. Imported only when something is drawn,
for Altair is heavy."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import polars as pl

from genlib.lean import spare_grammar
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
from genlib.present.plot import Plot
from genlib.present.svg import HATCH
from genlib.present.theme import PHONE, color, vega

with spare_grammar():
    import altair as alt

WIDEST, THIN, ASIDE = 84, 32, 0.36
"""The widest column, the least room for one, the part of a picture for names beside it."""
THICK, BROAD, ABOVE = 18, 24, 11
"""Heights of a bar and of one with figures in it; how far above it the middle of its name lies."""
BESIDE = 400
"""From this room on names stand beside their bars."""


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
        is_low = len(self.plot.places) <= MANY
        return self.room <= PHONE or (self.room < BESIDE and is_low)

    @property
    def span(self) -> tuple[float, float]:
        return min(self.plot.ticks), max(self.plot.ticks)

    @property
    def shown(self) -> Any:
        return of(self.plot.frame.filter(~pl.col("hidden")))

    def color(self) -> alt.Color:
        series = self.plot.series
        return alt.Color(
            "series:N",
            scale=alt.Scale(domain=list(series), range=[color(name) for name in series.values()]),
        )

    def y(self, column: str = "value", *, axis: bool = True) -> alt.Y:
        marked = (
            alt.Axis(values=list(self.plot.ticks), labelExpr=_figures(self.plot.ticks))
            if axis
            else None
        )
        return alt.Y(f"{column}:Q", axis=marked, scale=alt.Scale(domain=self.span, nice=False))

    def x(self, *, points: bool = False) -> alt.X:
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
        axis = alt.Axis(labelExpr=write_lines(lines), **look)
        is_thin = self.width < THIN * len(places)
        outer = 0.15 if points else inner / 2
        if is_thin and not points:
            outer = 0.45  # a figure is wider than its column
        scale = alt.Scale(domain=places, paddingInner=inner, paddingOuter=outer)
        return alt.X("place:N", sort=places, scale=scale, axis=axis)

    @property
    def names(self) -> dict[str, list[str]]:
        """The lines of the name of each row."""
        room = self.room * (1 if self.narrow else ASIDE)
        return {place: fold_name(place, room) for place in self.plot.places}

    def row(self) -> alt.Y:
        places = self.plot.places
        lines = self.names
        look: dict[str, Any] = {
            "labelLimit": 0,
            "labelColor": color("ink"),
            "grid": False,
            "labelLineHeight": LINE,
            "labelPadding": 10,
        }
        axis = alt.Axis(labelExpr=write_lines(lines), labelOffset=raise_lines(lines), **look)
        return alt.Y(
            "place:N",
            sort=places,
            scale=alt.Scale(domain=places),
            axis=None if self.narrow else axis,
        )

    def behind(self, start: float, end: float, axis: Any = None, *, bar: int = THICK) -> list[Any]:
        """Behind rows: hatching where a figure is hidden; where it is narrow the names, above bars
        of this height."""
        x = alt.X("start:Q", scale=alt.Scale(domain=[start, end], nice=False), axis=axis)
        hidden = self._hidden(start=start, end=end).mark_bar(height=THICK, fill=HATCH)
        layers = (
            [hidden.encode(x, alt.X2("end:Q"), self.row(), alt.Description("tip:N"))]
            if self.plot.hidden
            else []
        )
        return [*layers, *self._name_rows(x, start, bar)] if self.narrow else layers

    def _name_rows(self, x: alt.X, start: float, bar: int) -> list[Any]:
        """The names above their rows, from the `start` of the axis on."""
        above = -(bar / 2 + ABOVE)
        names = self.names
        rows = {"place": list(names), "name": ["\n".join(lines) for lines in names.values()]}
        named = of(pl.DataFrame(rows).with_columns(start=pl.lit(start)))
        return [
            named.mark_text(align="left", aria=False, **break_lines(above, 1), **look).encode(
                x, self.row(), alt.Text("name:N")
            )
            for look in haloed()
        ]

    def blanks(self, *, points: bool = False) -> list[Any]:
        """Hatching over the whole height of each place of which something is hidden."""
        start, end = self.span
        hidden = self._hidden(start=start, value=end).mark_bar(
            fill=HATCH, **({"width": 22} if points else {})
        )
        return (
            [
                hidden.encode(
                    self.x(points=points), self.y(), alt.Y2("start:Q"), alt.Description("tip:N")
                )
            ]
            if self.plot.hidden
            else []
        )

    def _hidden(self, **ends: float) -> Any:
        message = self.plot.words.translate("hidden to protect small groups")
        frame = pl.DataFrame({"place": self.plot.hidden}, schema={"place": pl.String})
        return of(
            frame.with_columns(
                tip=pl.col("place") + f": {message}",
                **{name: pl.lit(end) for name, end in ends.items()},
            )
        )

    def chart(self, *layers: Any, height: Any = None) -> Any:
        corner = 0 if height else 2  # of a tilted name, which Vega does not count
        # all at once: each method of a chart copies all of it
        padding = {"left": corner, "right": 2, "top": 6, "bottom": 0}
        return alt.layer(
            *layers,
            width=max(60, round(self.width)),
            height=height or self.height,
            padding=padding,
            config=vega(),
        )

    def steps(self, height: int) -> alt.Step:
        """The height of a row, with the lines of the longest name where names stand above."""
        most = max((len(lines) for lines in self.names.values()), default=1)
        return alt.Step(height + (18 + LINE * (most - 1)) * self.narrow)


def columns(frame: Frame, *, side_by_side: bool = False) -> Any:
    """Upright columns, stacked or side by side; single ones have their figure above them, or the
    last and the highest if room is short."""
    beside = [alt.XOffset("series:N", sort=list(frame.plot.series))] if side_by_side else []
    labels, every = _labelled(frame)
    y = frame.y(axis=not every)
    marks = frame.shown.mark_bar().encode(
        frame.x(), y, frame.color(), *beside, alt.Order("order:Q"), alt.Description("tip:N")
    )
    rim, text = (
        of(labels).mark_text(dy=-9, aria=False, **look).encode(frame.x(), y, alt.Text("text:N"))
        for look in haloed()
    )
    return frame.chart(
        *frame.blanks(), rim, marks, text
    )  # a rim in front would bite into the column


def line(frame: Frame) -> Any:
    """Lines over time with their interval as a band; each is named at its end."""
    plot = frame.plot
    x = frame.x(points=True)
    y = frame.y()
    tone = frame.color()
    last = plot.frame.filter(~pl.col("hidden")).group_by("series", maintain_order=True).last()
    band = (
        of(plot.frame)
        .mark_area(opacity=0.16, aria=False)
        .encode(x, frame.y("low"), alt.Y2("high:Q"), tone)
    )
    path = of(plot.frame).mark_line(strokeWidth=2.5, aria=False).encode(x, y, tone)
    points = frame.shown.mark_circle(size=36, opacity=1).encode(
        x, y, tone, alt.Description("tip:N")
    )
    end = of(last).mark_circle(size=90, opacity=1, aria=False).encode(x, y, tone)
    name = (
        of(_spread(frame, last))
        .mark_text(align="left", dx=11, fontWeight=600, aria=False, **break_lines(0, 0.5))
        .encode(x, frame.y("at"), alt.Text("name:N"))
    )
    return frame.chart(*frame.blanks(points=True), band, path, points, end, name)


def bars(frame: Frame) -> Any:
    """Bars lying down, each with its name and its figure."""
    greatest = float(frame.plot.frame["value"].max() or 1)  # type: ignore[arg-type]
    x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, greatest], nice=False))
    marks = frame.shown.mark_bar(height=THICK).encode(
        x, frame.row(), alt.Color("tone:N", scale=None), alt.Description("tip:N")
    )
    text = frame.shown.mark_text(align="left", dx=7, aria=False).encode(
        x, frame.row(), alt.Text("text:N")
    )
    return frame.chart(*frame.behind(0.0, greatest), marks, text, height=frame.steps(30))


def dots(frame: Frame, *, reference: float | None = None) -> Any:
    """A value with its interval on each row, and the reference as a thin upright line."""
    axis = alt.Axis(
        values=list(frame.plot.ticks),
        labelExpr=_figures(frame.plot.ticks),
        grid=True,
        domain=False,
        labelOverlap=True,
    )
    low, value, high = (
        alt.X(f"{c}:Q", axis=axis, scale=alt.Scale(domain=frame.span, nice=False))
        for c in ("low", "value", "high")
    )
    tone = alt.Color("tone:N", scale=None)
    row = frame.row()
    span = frame.shown.mark_rule(strokeWidth=2.5, aria=False).encode(
        low, alt.X2("high:Q"), row, tone
    )
    point = frame.shown.mark_circle(size=120, opacity=1).encode(
        value, row, tone, alt.Description("tip:N")
    )
    text = [
        frame.shown.mark_text(align="left", dx=9, aria=False, **look).encode(
            high, row, alt.Text("text:N")
        )
        for look in haloed()
    ]
    upright = [] if reference is None else [_upright(reference, axis)]
    return frame.chart(
        *upright, *frame.behind(*frame.span, axis), span, point, *text, height=frame.steps(36)
    )


def likert(frame: Frame) -> Any:
    """Shares of the answers to each question, to both sides of the middle answer."""
    low = pl.col("low").min().fill_null(-0.5)
    high = pl.col("high").max().fill_null(0.5)
    shares = frame.plot.frame.select(low, high).row(0)
    x = alt.X("low:Q", axis=None, scale=alt.Scale(domain=list(shares), nice=False))
    tone = alt.Color("tone:N", scale=None)
    tip = alt.Description("tip:N")
    marks = frame.shown.mark_bar(height=BROAD).encode(x, alt.X2("high:Q"), frame.row(), tone, tip)
    least = 0.13 if frame.narrow else 0.05
    wide = frame.plot.frame.filter(~pl.col("hidden"), pl.col("share") > least)
    middle = (pl.col("low") + pl.col("high")) / 2
    named = of(wide.with_columns(middle=middle)).mark_text(aria=False)
    text = named.encode(
        alt.X("middle:Q", axis=None),
        frame.row(),
        alt.Text("text:N"),
        alt.Color("ink:N", scale=None),
    )
    return frame.chart(
        _upright(0.0), *frame.behind(*shares, bar=BROAD), marks, text, height=frame.steps(38)
    )


def regions(frame: Frame) -> Any:
    """The map, in a projection that leaves Finland its shape."""
    data = alt.Data(values=finland.features(frame.plot))  # type: ignore[no-untyped-call]
    shapes = alt.Chart(data).mark_geoshape(stroke=color("mute"), strokeWidth=0.6)
    areas = shapes.encode(
        alt.Color("properties.tone:N", scale=None), alt.Description("properties.tip:N")
    )
    return frame.chart(
        areas.project(type="transverseMercator", rotate=[-27, 0, 0]),
        height=round(frame.width * 1.85),
    )


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


def of(frame: pl.DataFrame) -> Any:
    """An Altair chart of these rows, in this order."""
    return alt.Chart(frame.with_columns(order=pl.int_range(pl.len())))


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


def _upright(at: float, axis: Any = None) -> Any:
    return (
        of(pl.DataFrame({"at": [at]}))
        .mark_rule(color=color("ink"), aria=False)
        .encode(alt.X("at:Q", axis=axis))
    )
