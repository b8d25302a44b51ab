"""Rankings: which group has the most, the highest or the lowest, if one surely has.

Of 400 customers in Uusimaa, 300 in Pirkanmaa and hidden others of at most 200: "the largest group
is Uusimaa". Were the others 450, none would be named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from genlib import judgement
from genlib.disclosure.table import ProtectedTable
from genlib.judgement import Figure
from genlib.present.authored import keep_words
from genlib.present.forms import read_form
from genlib.present.groups import is_judged, judge_groups
from genlib.present.item import Finding
from genlib.present.sentences import BASE, compose_finding, label_first, read_words, sort_rows

LARGEST = "{what}: the largest group is {label} ({share})"
ABOVE = "{what}: above the others {top} ({most})"
BELOW = "{what}: below the others {last} ({least})"
APART = "{what}: above the others {top} ({most}), below them {last} ({least})"
PAIR = "{what}: {top} {most}, {last} {least}"
QUOTED = "{what}: “{label}” ({value})"


@keep_words
def largest(  # noqa: PLR0913 - what is said of the largest, and of what it is a part
    table: ProtectedTable,
    by: str,
    column: str,
    what: str,
    *,
    message: str = LARGEST,
    of_known: bool = False,
    **where: Any,
) -> Finding:
    """Which known code has the most and which part of all, if it surely has: no hidden cell and
    none of those put together could have more, nor are more unknown, and it does not share its
    place. `message` may have {what}, {label} and {share}. `of_known`: which part of those whose
    code is known, however many are unknown.

    Example: of 30, 20 and 20 of unknown age the first are 43% of all, and 60% of those known.
    """
    words = read_words(table)
    every = sort_rows(table, by, column, where)
    rows = every.filter(~pl.col(by).cast(pl.String).is_in(["unknown", "others"]))
    has_name = [words.label(by, code) != words.label(by, "others") for code in rows[by]]
    groups = rows.filter(has_name).drop_nulls(column)
    total = table.value(column, **where).value
    top, second = [*groups[column].head(2), 0, 0][:2]
    if of_known:
        total = _take_off_unknown(every, by, column, total)
    hidden = float(total or 0) - float(groups[column].sum() or 0)
    if not total or total < BASE or groups.height < 2 or top <= max(second, hidden):
        return compose_finding((table,), what)
    return compose_finding(
        (table,),
        message,
        what,
        label=label_first(groups, by, words),
        share=words.figure(top / total, "percent", 0),
    )


def _take_off_unknown(rows: pl.DataFrame, by: str, column: str, total: Any) -> Any:
    """The total of those whose code is known; None if it cannot be told."""
    unknown = rows.filter(pl.col(by).cast(pl.String) == "unknown")[column]
    if total is None or unknown.null_count():
        return None
    return total - unknown.sum()


@keep_words
def highest(
    table: ProtectedTable, by: str, column: str, what: str, *, otherwise: str = "", **where: Any
) -> Finding:
    """Which code has the highest rate of those that lie above all others by more than chance; if
    none does, what is said `otherwise` or `what`."""
    rows = _judged_rows(table, by, column, where)
    above = rows.filter(pl.col("verdict") == "rose")
    if above.is_empty():
        return compose_finding((table,), (rows.height > 1 and otherwise) or what)
    top = _name_rate(table, above[:1], by, column)
    return compose_finding((table,), ABOVE, what, top=top[0], most=top[1])


@keep_words
def leading(  # noqa: PLR0913 - what is said of the first
    table: ProtectedTable,
    by: str,
    column: str,
    what: str,
    *,
    message: str = QUOTED,
    otherwise: str = "",
    **where: Any,
) -> Finding:
    """Which code has the largest figure: "Eniten suositteluun liittyy: ”Sain avun” (31 %)".
    `message` may have {what}, {label} and {value}.

    `otherwise` or `what`, where it may be another: one is hidden, or the intervals of the first two
    do not tell them apart.
    """
    words = read_words(table)
    rows = sort_rows(table, by, column, where)
    if rows.height < 2 or rows[column].null_count() or not _leads(rows, column):
        return compose_finding((table,), otherwise or what)
    value = words.figure(rows[column][0], read_form(table, column))
    return compose_finding(
        (table,),
        message,
        what,
        label=label_first(rows, by, words).rstrip("."),
        value=value,
    )


def _leads(rows: pl.DataFrame, column: str) -> bool:
    """Whether the first figure is above the second by more than chance, if they have intervals."""
    ends = [column, f"{column}_low", f"{column}_high"]
    if not set(ends) <= set(rows.columns):
        return True
    first, second = (Figure(*row) for row in rows.select(ends).head(2).rows())
    return judgement.compare(first, second).verdict == "rose"


@keep_words
def contrast(table: ProtectedTable, by: str, column: str, what: str, **where: Any) -> Finding:
    """Which code lies furthest above and which furthest below all others, of those that do so by
    more than chance; of two groups, both."""
    rows = _judged_rows(table, by, column, where)
    if rows.height < 2:
        return compose_finding((table,), what)
    above = rows.filter(pl.col("verdict") == "rose")
    below = rows.filter(pl.col("verdict") == "fell")
    if above.is_empty() and below.is_empty():
        return compose_finding(
            (table,), "{what}: the differences are not more than chance", what, "flat"
        )
    figures: dict[str, str] = {}
    if above.height:
        figures["top"], figures["most"] = _name_rate(table, above[:1], by, column)
    if below.height:
        figures["last"], figures["least"] = _name_rate(table, below[-1:], by, column)
    if above.height and below.height:
        message = PAIR if rows.height == 2 else APART
    else:
        message = ABOVE if above.height else BELOW
    return compose_finding((table,), message, what, **figures)


def _judged_rows(
    table: ProtectedTable, by: str, column: str, where: dict[str, Any]
) -> pl.DataFrame:
    """The groups that were compared with all others, the highest first, each with its verdict; none
    if the table compares none."""
    rows = sort_rows(table, by, column, where)
    if not is_judged(rows, column):
        return rows.clear().with_columns(verdict=pl.lit("unknown"))
    rows = rows.with_columns(judge_groups(rows, by, column))
    return rows.filter(pl.col("verdict") != "unknown")


def _name_rate(table: ProtectedTable, row: pl.DataFrame, by: str, column: str) -> tuple[str, str]:
    words = read_words(table)
    figure = words.figure(row[column][0], read_form(table, column))
    return label_first(row, by, words), figure


@keep_words
def lost(
    table: ProtectedTable,
    what: str,
    *,
    stage: str = "stage",
    value: str = "reached",
    codes: Sequence[str] = (),
    **where: Any,
) -> Finding:
    """The step of a funnel (of `codes` in their order, if named) at which the greatest part is
    lost."""
    words = read_words(table)
    rows = sort_rows(table, stage, value, where)
    if codes:
        rows = pl.DataFrame({stage: codes}).join(rows, on=stage, how="inner", maintain_order="left")
    before = pl.col(value).shift()
    steps = rows.with_columns(
        pl.col(stage).shift().alias("_from"), _kept=pl.col(value) / before, _base=before
    )
    steps = steps.filter(pl.col("_base") >= BASE).sort("_kept")
    if steps.is_empty() or rows[value].null_count() or steps["_kept"][0] == 1:
        return compose_finding((table,), what)
    start, end = (words.label(stage, steps[column][0]) for column in ("_from", stage))
    share = words.figure(1 - steps["_kept"][0], "percent", 0)
    return compose_finding(
        (table,),
        "{what}: {share} lost between {start} and {end}",
        what,
        share=share,
        start=start,
        end=end,
    )
