"""Charts of protected tables: static pictures that belong to the page, each with its numbers behind
it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Unpack

import polars as pl

from genlib.disclosure.table import ProtectedTable, Shown
from genlib.present import map as finland
from genlib.present import svg, tables, theme
from genlib.present.authored import keep_words
from genlib.present.groups import is_judged, judge_groups
from genlib.present.item import Item, Untold, card, keys
from genlib.present.plot import (
    Options,
    Plot,
    captions,
    choose_color,
    ends,
    explain_absence,
    noted,
    read,
    ticks,
)
from genlib.present.theme import color as tone

__all__ = ["Chart", "bars", "columns", "dots", "funnel", "likert", "line", "map"]
STAGES = ("eligible", "targeted", "sent", "delivered", "opened", "clicked", "responded", "bought")
TWO_WIDTHS, MANY, MIN_BASE = 340, 14, 10
"""From this width on a chart is drawn twice, as asked and for a telephone; with more places than
this only as asked on paper; on fewer people no percentage."""


@dataclass(frozen=True, repr=False, kw_only=True)
class Chart(Item):
    """One chart of one protected table, drawn by a `mark` (present.marks) with its `settings`;
    `name` says what it is. `shown` are dimensions and columns of the table behind it, `legend`
    names and colours; `fixed` is a width, `beside` HTML that stands there."""

    plot: Plot
    mark: str
    name: str
    shown: tuple[Sequence[str], Sequence[str]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    legend: Sequence[tuple[str, str]] = ()
    fixed: int | None = None
    beside: str = ""

    def to_dict(
        self, width: float = theme.HALF, room: float | None = None, *, validate: bool = True
    ) -> dict[str, Any]:
        """The Vega-Lite specification at a plot width, with room for its labels: nothing but the
        rows that are drawn. Checking it against Altair's schema takes longer than drawing."""
        from altair.utils.schemapi import debug_mode

        from genlib.present import marks

        with debug_mode(validate):
            drawn = getattr(marks, self.mark)(
                marks.Frame(self.plot, width, room or width), **self.settings
            )
            spec: dict[str, Any] = drawn.to_dict(validate=validate)
        return spec

    def html(self, width: int = theme.FULL) -> str:
        plot = self.plot
        words = self.plot.words
        if self.untold:
            return ""
        cut = self._cut()
        notes = noted(
            words,
            {
                "Hatched: hidden to protect small groups; its size says nothing.": bool(
                    plot.hidden
                ),
                "White: no figure.": self.mark == "regions"
                and bool(finland.blank(plot))
                and not plot.options.get("note"),
            },
        )
        said = captions(words, plot.options, plot.groups, cut, notes)
        name = f"{words.translate(self.name)}: {said['title'] or said['subtitle']}"
        return card(
            words,
            keys(self.legend) + self._pictures(width, name),
            said,
            tables.behind(plot, *self.shown),
        )

    def _cut(self) -> str:
        """That the picture ends before its figures do; what is put together as others is in it."""
        drawn = len(self.plot.places)
        all_ = self.plot.rows[self.shown[0][0]].n_unique()
        if drawn == all_ or self.mark != "bars" or self.plot.frame["code"][-1] == "others":
            return ""
        return self.plot.words.translate(
            "The chart has the first {n} of {all}, the table has them all.", n=drawn, all=all_
        )

    def _pictures(self, width: int, name: str) -> str:
        if self.fixed:
            beside = self.beside if width > theme.HALF else ""
            picture = self._picture(self.fixed, name, "chart map")
            return f'<div class="pair">{picture}{beside}</div>'
        if width < TWO_WIDTHS:
            return self._picture(width, name, "chart")
        tall = " tall" * (len(self.plot.places) > MANY)
        return self._picture(width, name, f"chart wide{tall}") + self._picture(
            theme.PHONE, name, f"chart narrow{tall}"
        )

    def _picture(self, room: int, name: str, classes: str) -> str:
        key = hashlib.sha256(f"{self.tables} {name} {room}".encode()).hexdigest()[:8]
        drawn = svg.fitted(self.to_dict(0.85 * room, room, validate=False), room)
        return f'<div class="{classes}">{svg.finished(drawn, name=name, key=key)}</div>'


@keep_words
def columns(
    table: ProtectedTable,
    *,
    x: str,
    y: str,
    color: str | None = None,
    side_by_side: bool = False,
    **options: Unpack[Options],
) -> Chart:
    """Upright columns of `y` over `x` (months or groups), stacked or side by side by `color`; plain
    ones where the table is not divided by it."""
    color = choose_color(table, color)
    plot = read(table, options, x, y, color)
    plot = replace(
        plot,
        ticks=ticks(plot.frame, plot.words, plot.form, stacked=bool(color) and not side_by_side),
    )
    legend, places = (list(plot.series.items()), (x, color)) if color else ([], (x,))
    settings = {"side_by_side": side_by_side}
    return _chart(
        table,
        plot,
        name="Column chart",
        mark="columns",
        settings=settings,
        shown=(places, (y,)),
        legend=legend,
    )


@keep_words
def bars(table: ProtectedTable, *, x: str, y: str, **options: Unpack[Options]) -> Chart:
    """Bars of `x` for each `y`, the longest first; beyond `limit` (7) the others are one bar if
    they add up, else left to the table."""
    return _bars(table, x, y, options)


def _bars(table: ProtectedTable, x: str, y: str, options: Options) -> Chart:
    plot = _toned(_limited(table, read(table, options, y, x), x))
    return _chart(table, plot, name="Bar chart", mark="bars", shown=((y,), (x,)))


@keep_words
def line(
    table: ProtectedTable, *, x: str, y: str, color: str | None = None, **options: Unpack[Options]
) -> Chart:
    """Lines of `y` over time, one for each `color`, named at their ends, with the interval as a
    band. The axis need not begin at zero."""
    color = choose_color(table, color)
    plot = read(table, options, x, y, color)
    plot = replace(plot, ticks=ticks(plot.frame, plot.words, plot.form, zero=False))
    return _chart(
        table,
        plot,
        name="Line chart",
        mark="line",
        shown=((x, color) if color else (x,), (y, *ends(table, y))),
    )


@keep_words
def dots(
    table: ProtectedTable,
    *,
    x: str,
    y: str,
    reference: float | Shown | None = None,
    p: str = "",
    **options: Unpack[Options],
) -> Chart:
    """`x` with its interval for each `y`. Where the table compares the groups, grey are those that
    do not differ from all others by more than chance, brick those below (present.groups); else grey
    where the interval takes in `reference` (or, if the column `p` has p-values adjusted for many
    comparisons, where that is 5% or more), brick where it lies below."""
    plot = _toned(read(table, options, y, x))
    table.check_columns(*([p] if p else []))
    texts = pl.Series("text", plot.words.figures(plot.rows[x], plot.form), dtype=pl.String)
    plot = replace(plot, frame=plot.frame.with_columns(texts))
    reference = reference.value if isinstance(reference, Shown) else reference
    if is_judged(plot.rows, x):
        plot = _colored_by_verdict(plot, judge_groups(plot.rows, y, x))
    elif reference is not None:
        plot = _colored_by_verdict(plot, _judge_reference(plot, reference, p))
    return _chart(
        table,
        plot,
        name="Dot chart",
        mark="dots",
        settings={"reference": reference},
        shown=((y,), (x, *ends(table, x))),
    )


def _judge_reference(plot: Plot, reference: float, p: str) -> pl.Series:
    """For each row a verdict: above or below the reference, or not surely either."""
    is_steady = (pl.col("low") <= reference) & (pl.col("high") >= reference)
    if p:
        is_steady = is_steady | plot.rows[p].fill_null(1).ge(0.05)
    is_below = pl.col("high") < reference
    verdict = (
        pl.when(is_steady)
        .then(pl.lit("steady"))
        .when(is_below)
        .then(pl.lit("fell"))
        .otherwise(pl.lit("rose"))
    )
    return plot.frame.select(verdict.alias("verdict")).to_series()


def _colored_by_verdict(plot: Plot, verdicts: pl.Series) -> Plot:
    """The plot in its own colour where a figure differs for the better, in brick where for the
    worse, and in grey where it does not differ."""
    rises = plot.options.get("good", "up") == "up"
    better, worse = ("rose", "fell") if rises else ("fell", "rose")
    color = (
        pl.when(verdicts == better)
        .then("tone")
        .when(verdicts == worse)
        .then(pl.lit(tone("brick")))
        .otherwise(pl.lit(tone("mute")))
    )
    return replace(plot, frame=plot.frame.with_columns(tone=color))


@keep_words
def funnel(
    table: ProtectedTable,
    *,
    stage: str = "stage",
    value: str = "reached",
    **options: Unpack[Options],
) -> Chart:
    """How many came as far as each stage (`codes` in order), and which part of the stage before
    that is (on ten people at least)."""
    plot = read(table, {"codes": STAGES, **options}, stage, value)
    frame = plot.frame
    part = pl.when(pl.col("value").shift() >= MIN_BASE).then(
        pl.col("value") / pl.col("value").shift()
    )
    said = [
        t + (f" · {plot.words.figure(p, 'percent', 0)}" if p is not None else "")
        for t, p in frame.select("text", part).rows()
    ]
    plot = replace(
        plot,
        frame=frame.with_columns(pl.Series("text", said, dtype=pl.String)),
        places=frame["place"].to_list(),
    )
    return _chart(table, _toned(plot), name="Funnel", mark="bars", shown=((stage,), (value,)))


@keep_words
def likert(
    table: ProtectedTable,
    *,
    question: str,
    answer: str = "answer",
    value: str = "people",
    **options: Unpack[Options],
) -> Chart:
    """The shares of the answers to each question, to both sides of the middle answer; the question
    with most approval first."""
    plot = _diverging(read(table, options, question, value, answer))
    tones = theme.LIKERT.get(len(plot.series), theme.LIKERT[5])
    legend = list(zip(plot.series, tones, strict=False))
    return _chart(
        table,
        plot,
        name="Chart of answers",
        mark="likert",
        shown=((question, answer), (value,)),
        legend=legend,
    )


@keep_words
def map(
    table: ProtectedTable,
    *,
    region: str = "region",
    value: str = "people",
    **options: Unpack[Options],
) -> Chart:
    """The regions of Finland, alone in their row with the list of figures beside them: in five
    depths of colour or, where the table compares them, in three tones - above all others by more
    than chance, below them, and no difference (present.groups). Of municipalities there is no map,
    so they are bars."""
    if region != "region":
        return _bars(table, value, region, options)
    plot = read(table, options, region, value)
    judged = is_judged(plot.rows, value)
    if judged:
        verdicts = judge_groups(plot.rows, region, value)
        plot = replace(plot, frame=plot.frame.with_columns(verdicts))
    is_nowhere = pl.col("hidden") & (pl.col("code") == "unknown")
    plot = replace(plot, frame=plot.frame.filter(~is_nowhere))
    plot = finland.color_verdicts(plot) if judged else finland.coloured(plot)
    beside = {
        "legend": finland.legend(plot),
        "fixed": finland.WIDTH,
        "beside": finland.listed(plot),
    }
    if options.get("optional", False) and not finland.has_regions(plot):
        plot = replace(plot, frame=plot.frame.clear())
    return _chart(
        table, plot, name="Map of Finland", mark="regions", shown=((region,), (value,)), **beside
    )


def _chart(table: ProtectedTable, plot: Plot, **parts: Any) -> Chart:
    is_blank = plot.options.get("optional", False) and not _has_figures(plot)
    return Chart(
        "chart",
        (table.name,),
        table.language,
        plot=plot,
        is_blank=is_blank,
        untold=_explain_absence(plot),
        **parts,
    )


def _explain_absence(plot: Plot) -> tuple[Untold, ...]:
    """Why a chart has nothing to show but what is together as others, if that is so."""
    is_named = ~pl.col("code").str.starts_with("others")
    told = plot.frame.filter(~pl.col("hidden"))
    is_small = bool(plot.hidden or plot.groups or plot.has_gaps)
    if told.filter(is_named).height or (told.height and not is_small):
        return ()
    return explain_absence(plot.words, plot.options, is_small=is_small)


def _has_figures(plot: Plot) -> bool:
    """Whether there is anything but zeros, shown or hidden."""
    something = pl.col("hidden") | (pl.col("value") != 0)
    return plot.frame.filter(something).height > 0


def _toned(plot: Plot) -> Plot:
    others = pl.col("code").str.starts_with("others")
    noticed = pl.col("code") == str(plot.options.get("notice"))
    named = (
        pl.when(others)
        .then(pl.lit(tone("mute")))
        .when(noticed)
        .then(pl.lit(tone("amber")))
        .otherwise(pl.lit(tone(plot.series[""])))
    )
    return replace(plot, frame=plot.frame.with_columns(tone=named))


def _limited(table: ProtectedTable, plot: Plot, value: str) -> Plot:
    limit = plot.options.get("limit", 7)
    frame = plot.frame.head(limit)
    rest = plot.frame.slice(limit - 1)
    if (
        rest.height > 1
        and any(m.name == value and m.additive for m in table.measures)
        and not rest["hidden"].any()
    ):
        name = plot.words.label("code", "others").capitalize()
        total = float(rest["value"].sum())
        said = plot.words.figure(total, plot.form)
        others = {
            "place": name,
            "code": "others",
            "value": total,
            "text": said,
            "tip": f"{name}: {said}",
        }
        frame = pl.concat(
            [
                frame.head(limit - 1),
                rest.head(1).with_columns(pl.lit(v).alias(c) for c, v in others.items()),
            ]
        )
    return replace(plot, frame=frame, places=frame["place"].to_list())


def _diverging(plot: Plot) -> Plot:
    """Each answer from `low` to `high`, zero being the middle of the middle answer."""
    levels = list(plot.series)
    tones = dict(zip(levels, theme.LIKERT.get(len(levels), theme.LIKERT[5]), strict=False))
    whole = pl.col("value").sum().over("place")
    half = (len(levels) - 1) / 2
    safe = ~pl.col("hidden").any().over("place") & (whole >= MIN_BASE)
    left = {
        level: 1.0 if place < half else 0.5 if place == half else 0.0
        for place, level in enumerate(levels)
    }
    inks = {
        level: tone("paper" if name in {"brick", "teal"} else "night")
        for level, name in tones.items()
    }
    share = pl.when(safe).then(pl.col("value") / whole)
    frame = plot.frame.with_columns(
        hidden=~safe,
        share=share,
        tone=pl.col("series").replace_strict({level: tone(t) for level, t in tones.items()}),
    )
    frame = frame.with_columns(
        ink=pl.col("series").replace_strict(inks), end=pl.col("share").cum_sum().over("place")
    )
    offset = (pl.col("share") * pl.col("series").replace_strict(left)).sum().over("place")
    frame = frame.with_columns(
        low=pl.col("end") - pl.col("share") - offset, high=pl.col("end") - offset
    ).drop("end")
    said = pl.Series(
        "text", [plot.words.figure(s, "percent", 0) for s in frame["share"]], dtype=pl.String
    )
    tips = [
        f"{place} · {level}: {text}"
        for place, level, text in zip(frame["place"], frame["series"], said, strict=True)
    ]
    agreeing = [level for level, part in left.items() if part == 0]
    approval = pl.col("share").filter(pl.col("series").is_in(agreeing)).sum()
    known = pl.when(pl.col("share").null_count() == 0).then(approval)
    best = frame.group_by("place", maintain_order=True).agg(known.alias("approval"))
    best = best.sort("approval", descending=True, nulls_last=True, maintain_order=True)
    return replace(
        plot, frame=frame.with_columns(said, pl.Series("tip", tips)), places=best["place"].to_list()
    )
