"""The map of Finland: 19 regions in five depths of colour, or in three tones where a table says
which regions differ from all others; hatched where hidden, with a list of the figures beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import polars as pl

from genlib.present.item import text
from genlib.present.plot import Plot
from genlib.present.svg import HATCH
from genlib.present.theme import SEQUENCE, color
from genlib.present.words import FINLAND, FORMS

WIDTH = 320
JUDGED = {
    "rose": ("above the other regions", "seq4"),
    "steady": ("no difference beyond chance", "hair"),
    "fell": ("below the other regions", "sand"),
}
"""What each verdict is called, and its tone. Without a difference the whole map has the one neutral
tone."""


def color_verdicts(plot: Plot) -> Plot:
    """The plot with the tone of each region's verdict (column `verdict`)."""
    tones = {verdict: color(name) for verdict, (_, name) in JUDGED.items()}
    neutral = color(JUDGED["steady"][1])
    tone = pl.col("verdict").replace_strict(tones, default=neutral, return_dtype=pl.String)
    tones_or_hatch = pl.when("hidden").then(pl.lit(HATCH)).otherwise(tone)
    return replace(plot, frame=plot.frame.with_columns(tone=tones_or_hatch))


def coloured(plot: Plot) -> Plot:
    """The plot with the colour of each region."""
    limits = _limits(plot)
    tones = [color(name) for name in SEQUENCE[len(SEQUENCE) - 1 - len(limits) :]]
    is_above = [pl.col("value") >= limit for limit in limits]
    depth = pl.sum_horizontal(is_above or [pl.lit(0)]).cast(pl.Int64)
    tone = depth.replace_strict(dict(enumerate(tones)), return_dtype=pl.String)
    tone_or_hatch = pl.when("hidden").then(pl.lit(HATCH)).otherwise(tone)
    return replace(plot, frame=plot.frame.with_columns(tone=tone_or_hatch))


def legend(plot: Plot) -> list[tuple[str, str]]:
    """Names and colours of the classes."""
    words = plot.words
    if "verdict" in plot.frame.columns:
        return _legend_of_verdicts(plot)
    limits = _limits(plot)
    if not limits:
        return []
    between = [words.interval(low, high, plot.form) for low, high in pairwise(limits)]
    first, last = (words.figure(limit, plot.form) for limit in (limits[0], limits[-1]))
    names = [
        words.translate("under {limit}", limit=first),
        *between,
        words.translate("{limit} or more", limit=last),
    ]
    return list(zip(names, SEQUENCE[len(SEQUENCE) - len(names) :], strict=True))


def _legend_of_verdicts(plot: Plot) -> list[tuple[str, str]]:
    """Names and tones of the verdicts that the map has, none of a map without a figure."""
    verdicts = plot.frame.filter(~pl.col("hidden"))["verdict"]
    on_map = {"steady" if verdict == "unknown" else verdict for verdict in verdicts}
    return [
        (_capital(plot.words.translate(name)), tone)
        for verdict, (name, tone) in JUDGED.items()
        if verdict in on_map
    ]


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def listed(plot: Plot) -> str:
    """All regions with their figures, the highest first."""
    rows = "".join(
        f"<li><span>{text(place)}</span><b>{text(figure)}</b></li>"
        for place, figure in plot.frame.select("place", "text").rows()
    )
    return f'<ol class="list">{rows}</ol>'


def features(plot: Plot) -> list[dict[str, Any]]:
    """The shapes with the colour and the words of their region, and nothing else; a region without
    a row is left white."""
    words = plot.words
    places = {row["code"]: row for row in plot.frame.select("code", "tone", "tip").to_dicts()}
    ground = color("ground")
    no_figure = words.translate("no figure")
    shapes = []
    for code, shape in _shapes().items():
        blank = {"tone": ground, "tip": f"{words.label('region', code)}: {no_figure}"}
        row = places.get(code, blank)
        properties = {"tone": row["tone"], "tip": row["tip"]}
        shapes.append({"type": "Feature", "geometry": shape, "properties": properties})
    return shapes


@cache
def _shapes() -> dict[str, dict[str, Any]]:
    """Region code to its shape, to a thousandth of a degree."""
    source = (FINLAND / "regions.geojson").read_text(encoding="utf-8")
    features = json.loads(source, parse_float=lambda number: round(float(number), 3))["features"]
    return {feature["properties"]["NATCODE"]: feature["geometry"] for feature in features}


def has_hatch(plot: Plot) -> bool:
    """Whether any region of the map is hidden; the rest put together is none."""
    hidden = plot.frame.filter("hidden")["code"]
    return not _shapes().keys().isdisjoint(hidden)


def blank(plot: Plot) -> set[str]:
    """The regions without a row."""
    return _shapes().keys() - set(plot.frame["code"])


def has_regions(plot: Plot) -> bool:
    """Whether any of the rows is a region, and not all of them together."""
    return not _shapes().keys().isdisjoint(plot.frame["code"])


def _limits(plot: Plot) -> list[float]:
    """Up to four limits between classes of like size, rounded to two figures that count and as they
    are written."""
    values = plot.frame["value"].drop_nulls().sort().to_list()
    form = FORMS[plot.form]
    if len(values) <= 5:
        return []
    fifths = [values[len(values) * fifth // 5] for fifth in range(1, 5)]
    rough = {float(f"{value:.2g}") for value in fifths}
    rounded = {round(limit * form.scale, form.digits) / form.scale for limit in rough}
    return sorted(limit for limit in rounded if values[0] < limit <= values[-1])
