"""Charts of protected tables: static pictures that belong to the page, each with its numbers behind
it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import polars as pl

from genlib.arguments import check_kind, refuse_others
from genlib.disclosure.table import ProtectedTable, Shown
from genlib.errors import UsageError
from genlib.present import map as finland
from genlib.present import theme
from genlib.present.authored import keep_words
from genlib.present.chart import Chart
from genlib.present.diverging import MIN_BASE, lay_out_answers
from genlib.present.groups import is_judged, judge_groups
from genlib.present.item import NOTHING, SMALL, Untold
from genlib.present.plot import Options, Plot, choose_color, ends, explain_absence, read, ticks
from genlib.present.theme import color as tone

__all__ = ["Chart", "bars", "columns", "dots", "funnel", "likert", "line", "map"]
if not TYPE_CHECKING:  # else mypy would take any name for one of this module
    __getattr__ = refuse_others(__name__)
SINGLE = ("columns", "bars", "line")
"""Marks that compare figures: of one alone they show nothing."""
FARTHEST = 1e15
"""Figures lie nearer to zero than this."""
STAGES = ("eligible", "targeted", "sent", "delivered", "opened", "clicked", "responded", "bought")


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
    line = _tell_line(plot, reference)
    reference = _read_reference(reference)
    if reference is not None:
        plot = _reach(plot, reference)
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
        remark=line,
    )


def _tell_line(plot: Plot, reference: float | Shown | None) -> str:
    """Where the upright line stands, if a figure of a table says so; one at a number of the
    author's is for the author to explain."""
    if not isinstance(reference, Shown) or reference.value is None:
        return ""
    figure = plot.words.figure(reference.value, plot.form)
    return plot.words.translate("The upright line: {figure}.", figure=figure)


def _read_reference(reference: float | Shown | None) -> float | None:
    """A figure or a number that an axis can reach; None if there is none, or it is hidden."""
    number = reference.value if isinstance(reference, Shown) else reference
    check_kind("reference of dots", number, "float | None")
    if number is None:
        return None
    if not -FARTHEST < number < FARTHEST:
        raise UsageError("reference of dots is a number that a chart can show, as its figures are")
    return float(number)


def _reach(plot: Plot, reference: float) -> Plot:
    """The plot with an axis that takes in the reference, or the line would lie beside it."""
    line = pl.DataFrame({"low": [reference], "high": [reference]})
    reached = pl.concat([plot.frame.select("low", "high"), line])
    return replace(plot, ticks=ticks(reached, plot.words, plot.form))


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
    worse, and in grey where it does not differ. Groups that stand together are no exception: the
    title may name them."""
    rises = plot.options.get("good", "up") == "up"
    better, worse = ("rose", "fell") if rises else ("fell", "rose")
    is_noticed = pl.col("tone") == tone("amber")
    color = (
        pl.when(verdicts == better)
        .then(pl.when(is_noticed).then("tone").otherwise(pl.lit(tone(plot.series[""]))))
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
    if stage == "stage":
        options = {"codes": STAGES, **options}
    plot = read(table, options, stage, value)
    frame = plot.frame
    before = pl.col("value").shift()
    part = pl.when(before >= MIN_BASE).then(pl.col("value") / before)
    texts: list[str] = []
    for figure, of_before in frame.select("text", part).rows():
        share = "" if of_before is None else plot.words.figure(of_before, "percent", 0)
        texts.append(f"{figure} · {share}" if share else figure)
    named = frame.with_columns(pl.Series("text", texts, dtype=pl.String))
    plot = replace(plot, frame=named, places=frame["place"].to_list())
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
    plot = lay_out_answers(read(table, options, question, value, answer))
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


def _chart(table: ProtectedTable, plot: Plot, *, mark: str, **parts: Any) -> Chart:
    is_blank = plot.options.get("optional", False) and not _has_figures(plot)
    return Chart(
        "chart",
        (table.name,),
        table.language,
        plot=plot,
        mark=mark,
        is_blank=is_blank,
        untold=_explain_absence(plot, 2 if mark in SINGLE else 1),
        **parts,
    )


def _explain_absence(plot: Plot, least: int) -> tuple[Untold, ...]:
    """Why a chart has nothing to show but what is together as others, or fewer figures than the
    least that it takes, if that is so."""
    is_named = ~pl.col("code").str.starts_with("others")
    figures = plot.frame.filter(~pl.col("hidden"))
    is_small = bool(plot.hidden or plot.groups or plot.has_gaps)
    has_names = figures.filter(is_named).height > 0
    if figures.height >= least and (has_names or not is_small):
        return ()
    return explain_absence(plot.words, plot.options, SMALL if is_small else NOTHING)


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
    limit = min(plot.options.get("limit", 7), plot.frame.height + 1)
    frame = plot.frame.head(limit)
    rest = plot.frame.slice(limit - 1)
    adds_up = any(one.name == value and one.additive for one in table.measures)
    if adds_up and rest.height > 1 and not rest["hidden"].any():
        name = plot.words.label("code", "others").capitalize()
        total = float(rest["value"].sum())
        figure = plot.words.figure(total, plot.form)
        others = {
            "place": name,
            "code": "others",
            "value": total,
            "text": figure,
            "tip": f"{name}: {figure}",
        }
        columns = [pl.lit(one).alias(column) for column, one in others.items()]
        last = rest.head(1).with_columns(columns)
        frame = pl.concat([frame.head(limit - 1), last])
    return replace(plot, frame=frame, places=frame["place"].to_list())
