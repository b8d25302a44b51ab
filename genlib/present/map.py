"""The map of Finland: 19 regions in five depths of colour, hatched where hidden, with a list of the figures beside it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import polars as pl

from genlib.disclosure.table import ProtectedTable
from genlib.present import theme
from genlib.present.charts import Chart
from genlib.present.item import text
from genlib.present.plot import Options, Plot, read
from genlib.present.svg import HATCH
from genlib.present.words import DASH, FINLAND, Words

WIDTH = 320


def picture(table: ProtectedTable, region: str, value: str, options: Options) -> Chart:
    """The chart; regions of which the table has no row are shown as zero is not: left in the lightest grey, without a figure."""
    plot = read(table, options, region, value)
    breaks = _breaks(plot.frame["value"].drop_nulls().to_list())
    depth = pl.col("value").cut(breaks, labels=[str(i) for i in range(len(breaks) + 1)], left_closed=True) if breaks else pl.lit("0")
    tones = {str(i): theme.color(name) for i, name in enumerate(_tones(len(breaks)))}
    tone = pl.when("hidden").then(pl.lit(HATCH)).otherwise(depth.cast(pl.String).replace_strict(tones, default=HATCH))
    frame = plot.frame.with_columns(tone.alias("tone"))
    legend = _legend(plot, breaks)

    def draw(_: Plot, width: float) -> Any:
        from genlib.present import marks

        return marks.regions(features(frame, plot.words), width)

    return Chart(table, plot, draw, "Map of Finland", (value,), (region,), legend, fixed=WIDTH, beside=_list(plot))


def features(frame: pl.DataFrame, words: Words) -> list[dict[str, Any]]:
    """The shapes with the colour and the words of their region, and nothing else."""
    known = {row["code"]: row for row in frame.select("code", "tone", "tip").to_dicts()}
    nothing = words.translate("no figure")
    made = []
    for code, shape in shapes().items():
        row = known.get(code, {"tone": theme.color("ground"), "tip": f"{words.label('region', code)}: {nothing}"})
        made.append({"type": "Feature", "geometry": shape, "properties": {"tone": row["tone"], "tip": row["tip"]}})
    return made


@cache
def shapes() -> dict[str, dict[str, Any]]:
    """Region code to its shape, to a thousandth of a degree."""
    text = (FINLAND / "regions.geojson").read_text(encoding="utf-8")
    found = json.loads(text, parse_float=lambda number: round(float(number), 3))["features"]
    return {feature["properties"]["NATCODE"]: feature["geometry"] for feature in found}


def _tones(breaks: int) -> list[str]:
    """From light to dark, the darkest always there."""
    return list(theme.SEQUENCE[4 - breaks :])


def _breaks(values: list[float]) -> list[float]:
    """Up to four limits between classes of like size, rounded to two figures that count."""
    ordered = sorted(values)
    limits = {_short(ordered[len(ordered) * i // 5]) for i in range(1, 5)} if len(ordered) > 5 else set()
    return sorted(limit for limit in limits if ordered[0] < limit <= ordered[-1])


def _short(value: float) -> float:
    return float(f"{value:.2g}")


def _legend(plot: Plot, breaks: list[float]) -> list[tuple[str, str]]:
    said = [plot.words.figure(limit, plot.form) for limit in breaks]
    bare = [plot.words.bare(limit, plot.form) for limit in breaks]
    if not breaks:
        return []
    middle = [f"{low}{DASH}{high}" for low, high in zip(bare, said[1:], strict=False)]
    names = [plot.words.translate("under {limit}", limit=said[0]), *middle, plot.words.translate("{limit} or more", limit=said[-1])]
    return list(zip(names, _tones(len(breaks)), strict=True))


def _list(plot: Plot) -> str:
    rows = "".join(
        f"<li><span>{text(place)}</span><b>{text(figure)}</b></li>" for place, figure in plot.frame.select("place", "text").rows()
    )
    return f'<ol class="list">{rows}</ol>'
