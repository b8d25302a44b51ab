"""Tables in the type of the page: units in the head, figures to the right, totals set apart, `..`
where a cell is hidden."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

import polars as pl

from genlib.arguments import check_kind, refuse_others
from genlib.disclosure.table import ProtectedTable
from genlib.errors import UsageError
from genlib.present.authored import keep_words
from genlib.present.coarser import describe_groups
from genlib.present.forms import read_form
from genlib.present.grid import Grid
from genlib.present.item import NOTHING, SMALL, ZERO, Item, Untold, card
from genlib.present.plot import (
    ORDERED,
    Options,
    Plot,
    captions,
    check,
    check_options,
    chosen,
    drop_wholes,
    ends,
    explain_absence,
    names,
    noted,
    ordered,
    read_order,
)
from genlib.present.words import DASH, Words, sort_key

if not TYPE_CHECKING:  # else mypy would take any name for one of this module
    __getattr__ = refuse_others(__name__)
STAR = "\u00a0*"


@keep_words
def table(
    table: ProtectedTable,
    *,
    by: str,
    columns: Sequence[str] | Mapping[str, str] = (),
    group: str = "",
    across: str = "",
    **options: Unpack[Options],
) -> Item:
    """A row for each code of `by`, under headings of `group`, with its total last; 20 rows, the
    rest can be opened.

    `columns`: columns of the table (default: its measures), or those with English heads; intervals
    stand beside their figure. `across`: a dimension whose codes become the columns, with the first
    of `columns` as figures.
    """
    check_options(options)
    _check_columns(table, by, group, across, columns)
    words = Words(table.language)
    wanted = list(columns) or [measure.name for measure in table.measures]
    levels = [by, *filter(None, (group, across))]
    rows = _read_rows(table, levels, wanted[0], options, has_groups=bool(group))
    untold = _explain_absence(table, rows.filter(pl.col(by).is_not_null()), wanted, options)
    zeros = ""
    if across:
        grid = _crossed(table, rows, by, across, wanted[0])
    else:
        wanted = _find_filled(rows, wanted)
        if group:
            rows, zeros = _part_zero_groups(_grouped(rows, group, words), group, wanted, words)
        heads = {name: columns[name] for name in wanted} if isinstance(columns, Mapping) else wanted
        grid = _listed(table, rows, levels, heads, options)
    limit = options.get("limit", 20)
    count = grid.cells.height - grid.total
    is_cut = count > limit
    cut = words.translate("The first {n} of {all} rows.", n=limit, all=count) if is_cut else ""
    note = _explain_signs(table, rows, grid, wanted)
    texts = captions(words, options, describe_groups(table), note, zeros, cut)
    figures = grid.html(limit if is_cut else None)
    body = card(words, figures, texts, behind=grid.html() if is_cut else "")
    is_blank = options.get("optional", False) and count == 0
    return Item(
        "table",
        (table.name,),
        table.language,
        "" if untold else body,
        is_blank=is_blank,
        untold=untold,
    )


def _check_columns(
    table: ProtectedTable,
    by: str,
    group: str,
    across: str,
    columns: Sequence[str] | Mapping[str, str],
) -> None:
    """UsageError for columns that the table does not have or that are named twice, for rows by what
    is no dimension, and for a column that is one; NotProtected for what is no protected table."""
    are_listed = isinstance(columns, Sequence | Mapping) and not isinstance(columns, str)
    if not are_listed:
        raise UsageError('columns is a list such as ["people"], or English heads by column')
    check(table, by, group, across, *columns)
    if isinstance(columns, Mapping):
        for head in columns.values():
            check_kind("a head of columns", head, "str")
    levels = [by, *filter(None, (group, across))]
    table.check_dimensions(*levels)
    if len({*levels}) < len(levels):
        raise UsageError("by, group and across are another dimension each")
    figures = [one for one in table.frame.columns if one not in {*table.dimensions, "reason"}]
    if not set(columns) <= set(figures):
        raise UsageError(f"columns of table {table.name} are of {', '.join(figures)}")


def _find_filled(rows: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """The columns that have a figure in any row; all of them, if none has."""
    filled = [name for name in columns if rows[name].count()]
    return filled or list(columns)


def _part_zero_groups(
    rows: pl.DataFrame, group: str, columns: Sequence[str], words: Words
) -> tuple[pl.DataFrame, str]:
    """The rows without those groups in which all counts are 0, and a sentence that names these; all
    rows, if there is no other group.

    Example: of 7, 30 and 90 days, nobody contacted in 7, two groups stay: "All figures are 0: in 7
    days."
    """
    is_zero = [pl.col(name).fill_null(0) == 0 for name in columns]
    is_row_zero = pl.all_horizontal(*is_zero, pl.col("reason").is_null())
    marked = rows.with_columns(_zero=is_row_zero.all().over(group))
    others = marked.filter(~pl.col("_zero"))
    if others.is_empty() or others.height == rows.height:
        return rows, ""
    zeros = marked.filter("_zero").unique(group, maintain_order=True)
    listed = ", ".join(names(zeros, group, words))
    listed = listed[:1].lower() + listed[1:]
    return others.drop("_zero"), f"{words.translate(ZERO)}: {listed}."


def _explain_absence(
    table: ProtectedTable, rows: pl.DataFrame, columns: Sequence[str], options: Options
) -> tuple[Untold, ...]:
    """Why no group of a table has a figure, or none but counts of nobody, if that is so.

    Example: 0 contacts and no share of them in each channel is nothing to look at; 0 % of 90 is.
    That the groups are too small is said only if one of these figures is hidden.
    """
    counts = [name for name in columns if rows.schema[name].is_integer()]
    others = [name for name in columns if name not in counts]
    some = [
        *(pl.col(name) != 0 for name in counts),
        *(pl.col(name).is_not_null() for name in others),
    ]
    if rows.select(pl.any_horizontal(some).any()).item():
        return ()
    reason = _name_absence(table, rows, counts, columns)
    return explain_absence(Words(table.language), options, reason)


def _name_absence(
    table: ProtectedTable, rows: pl.DataFrame, counts: Sequence[str], columns: Sequence[str]
) -> str:
    """Why none of these columns has a figure, or only counts of nobody."""
    if rows.is_empty():
        return SMALL if table.coarser else NOTHING
    is_gap = pl.any_horizontal(pl.col(columns).is_null())
    if rows.select((is_gap & pl.col("reason").is_not_null()).any()).item():
        return SMALL
    is_zero = counts and sum(rows.select(counts).null_count().row(0)) == 0
    return ZERO if is_zero else NOTHING


def _read_rows(
    table: ProtectedTable,
    levels: Sequence[str],
    value: str,
    options: Options,
    *,
    has_groups: bool,
) -> pl.DataFrame:
    """The rows in reading order, with their total last unless they stand in groups."""
    by, *others = levels
    is_ordered = "codes" in options
    chosen_rows = chosen(table, options, *levels)
    rows = ordered(chosen_rows, by, None, value, in_order=is_ordered, order=read_order(table, by))
    if has_groups or not options.get("total", True):
        return rows
    return pl.concat([rows, table.rows(*others, **options.get("where", {}))])


def _explain_signs(
    table: ProtectedTable, rows: pl.DataFrame, grid: Grid, columns: Sequence[str]
) -> str:
    """What the signs in a table mean, those that are in it."""
    is_gap = pl.any_horizontal(pl.col(columns).is_null())
    is_hidden = pl.col("reason").is_not_null()
    has_hidden, has_none = rows.select(
        (is_gap & is_hidden).any().alias("hidden"), (is_gap & ~is_hidden).any().alias("none")
    ).row(0)
    has_stars = any(STAR in text for column in grid.cells for text in column)
    return noted(
        Words(table.language),
        {
            ".. hidden to protect small groups": has_hidden,
            "– none, too few, or made of a hidden figure": has_none,
            "* stands on few customers: chance weighs much.": has_stars,
        },
    )


def behind(plot: Plot, dimensions: Sequence[str], columns: Sequence[str]) -> str:
    """The figures of a chart as a table."""
    rows = plot.rows
    words = plot.words
    cells = {d: names(rows, d, words) for d in dimensions} | {
        c: words.figures(rows[c], plot.form) for c in columns
    }
    heads = {d: words.heading(rows, d) for d in dimensions} | {
        c: _head(words, c, plot.form) for c in columns
    }
    return Grid(pl.DataFrame(cells), heads, left=tuple(dimensions[1:])).html()


def _listed(
    table: ProtectedTable,
    rows: pl.DataFrame,
    levels: list[str],
    columns: Sequence[str] | Mapping[str, str],
    options: Options,
) -> Grid:
    words = Words(table.language)
    cells = {level: names(rows, level, words) for level in levels}
    heads = {level: words.heading(rows, level) for level in levels}
    for column in columns:
        if rows.schema[column].is_temporal():
            cells[column], heads[column] = (
                [words.date(day) if day else DASH for day in rows[column]],
                words.column(column),
            )
            continue
        form = read_form(table, column)
        cells[column] = _write_figures(table, rows, column, form)
        heads[column] = _head(
            words,
            column,
            form,
            words.translate(columns[column]) if isinstance(columns, Mapping) else "",
        )
        if options.get("intervals", True) and ends(table, column):
            low, high = ends(table, column)
            spans = [
                words.interval(a, b, form) if None not in {a, b} else ".."
                for a, b in rows.select(low, high).rows()
            ]
            spans = [re.sub(r"(?<=\d)\D+$", "", span) for span in spans]
            cells[low] = [
                DASH if none else span for none, span in zip(_absent(rows, low), spans, strict=True)
            ]
            heads[low] = words.translate("95% interval")
    group = levels[1] if len(levels) > 1 else None
    return Grid(
        pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String)),
        heads,
        group,
        total=rows[levels[0]].null_count() > 0,
    )


def _absent(rows: pl.DataFrame, column: str) -> pl.Series:
    """Where nobody hid a figure: there is none, or on too few people."""
    return rows.select(pl.col(column).is_null() & pl.col("reason").is_null()).to_series()


def _write_figures(table: ProtectedTable, rows: pl.DataFrame, column: str, form: str) -> list[str]:
    """The figures of a column, with a star behind shares, means and scores on few people."""
    words = Words(table.language)
    stars = pl.repeat(False, rows.height, eager=True)
    if "thin" in rows.columns and form not in {"number", "money"}:
        stars = rows.select(pl.col("thin") & pl.col(column).is_not_null()).to_series()
    figures = zip(words.figures(rows[column], form), _absent(rows, column), stars, strict=True)
    return [DASH if absent else figure + STAR * bool(star) for figure, absent, star in figures]


def _grouped(rows: pl.DataFrame, group: str, words: Words) -> pl.DataFrame:
    """Groups in alphabetical order, as Finns have it, if they have none of their own."""
    if group in ORDERED:
        return rows.sort(group, maintain_order=True)
    keys = [sort_key(name) for name in names(rows, group, words)]
    return rows.sort(pl.Series(keys, dtype=pl.String), maintain_order=True)


def _crossed(table: ProtectedTable, rows: pl.DataFrame, by: str, across: str, value: str) -> Grid:
    words = Words(table.language)
    form = read_form(table, value)
    rows = drop_wholes(rows, across, value) if form == "percent" else rows
    named = pl.DataFrame(
        {
            "row": names(rows, by, words),
            "column": names(rows, across, words),
            "text": _write_figures(table, rows, value, form),
        }
    )
    order = rows.select(across, named["column"]).unique().sort(across)["column"].to_list()
    cells = (
        named.pivot("column", index="row", values="text")
        .select("row", *order)
        .fill_null("0" if form == "number" else "")
    )
    return Grid(
        cells,
        {"row": words.heading(rows, by)} | {name: name for name in order},
        total=rows[by].null_count() > 0,
    )


def _head(words: Words, column: str, form: str, head: str = "") -> str:
    name = head or words.column(column)
    unit = words.unit(form)
    return f"{name}, {unit}" if unit and not name.endswith(unit) else name
