"""Tables in the type of the page: units in the head, figures to the right, totals set apart, `..` where a cell is hidden."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Unpack

import polars as pl

from genlib.disclosure.table import ProtectedTable
from genlib.errors import UsageError
from genlib.present.findings import said
from genlib.present.item import Item, card, text
from genlib.present.plot import Options, check, chosen, names, ordered
from genlib.present.words import Words, form_of

TOTAL = "border-top:1px solid var(--ink);font-weight:600"


@dataclass(frozen=True)
class Grid:
    """A table in words: `cells` are texts, `heads` their columns' names, `stub` the column that names the rows, `total` the last row."""

    cells: pl.DataFrame
    heads: dict[str, str]
    stub: str
    group: str | None = None
    total: bool = False
    left: list[str] = field(default_factory=list)

    def html(self, rows: int | None = None) -> str:
        """By great_tables, without its style sheet and its ids."""
        from great_tables import GT, loc, style

        cells = self.cells if rows is None else self.cells.head(rows)
        values = [c for c in cells.columns if c not in {self.stub, self.group}]
        made = GT(cells, rowname_col=self.stub, groupname_col=self.group, id="t").tab_stubhead(self.heads[self.stub])
        made = made.cols_label({c: self.heads[c] for c in values}).cols_align("right", [c for c in values if c not in self.left] or None)
        if self.total and rows is None:
            last = [cells.height - 1]
            made = made.tab_style(style.css(TOTAL), [loc.body(rows=last), loc.stub(rows=last)])
        bare = re.sub(
            r'(?s)<style>.*?</style>| (id|headers|data-quarto[\w-]*|rowspan|colspan)="1?[^"\d]*"| style="padding[^"]*"',
            "",
            made.as_raw_html(),
        )
        return re.sub(r' (?:id|headers)="[^"]*"', "", bare).replace("<div", '<div class="scroll"', 1)


def table(
    table: ProtectedTable,
    *,
    by: str,
    columns: Sequence[str] | Mapping[str, str] = (),
    group: str | None = None,
    across: str | None = None,
    total: bool = True,
    **options: Unpack[Options],
) -> Item:
    """A table with a row for each code of `by`, under headings of `group`.

    `columns` are columns of the table (default: its measures), or those with English heads. `across`: a dimension whose codes become the
    columns, with the first of `columns` as figures. Intervals stand beside their figure. 20 rows; the rest can be opened.
    """
    check(table)
    words = Words(table.language)
    wanted = list(columns) or [measure.name for measure in table.measures]
    if missing := [c for c in (by, group, across, *wanted) if c and c not in table.frame.columns]:
        raise UsageError(f"table {table.name} has no column {', '.join(missing)}; it has {', '.join(table.frame.columns)}")
    heads = {c: words.translate(h) for c, h in columns.items()} if isinstance(columns, Mapping) else {}
    levels = [level for level in (by, group, across) if level]
    rows = _rows(table, levels, wanted[0], options, total=total and not group)
    grid = _crossed(table, rows, by, across, wanted[0], words) if across else _listed(table, rows, by, group, wanted, heads, options, words)
    hidden = rows.select(pl.any_horizontal(pl.col(wanted).is_null())).to_series().any()
    return Item("table", (table.name,), table.language, lambda width: _html(grid, words, options, hidden, table))


def behind(table: ProtectedTable, rows: pl.DataFrame, dimensions: Sequence[str], columns: Sequence[str], form: str, words: Words) -> str:
    """The figures of a chart as a table."""
    stub, *others = dimensions
    cells = {d: names(table, rows, d, words) for d in dimensions} | {c: [words.bare(v, form) for v in rows[c]] for c in columns}
    heads = {d: words.column(d) for d in dimensions} | {c: _head(words, c, form) for c in columns}
    return Grid(pl.DataFrame(cells), heads, stub, left=others).html()


def _rows(table: ProtectedTable, levels: list[str], value: str, options: Options, *, total: bool) -> pl.DataFrame:
    where = options.get("where", {})
    rows = ordered(chosen(table.rows(*levels, **where), levels[0], options), levels[0], None, value)
    return pl.concat([rows, table.rows(*levels[1:], **where)]) if total else rows


def _listed(
    table: ProtectedTable,
    rows: pl.DataFrame,
    by: str,
    group: str | None,
    columns: list[str],
    heads: dict[str, str],
    options: Options,
    words: Words,
) -> Grid:
    forms = {c: form_of(c, whole=rows.schema[c].is_integer()) for c in columns}
    cells: dict[str, list[str]] = {by: names(table, rows, by, words)} | ({group: names(table, rows, group, words)} if group else {})
    shown = {by: words.column(by)}
    for column in columns:
        cells[column] = [words.bare(value, forms[column]) for value in rows[column]]
        shown[column] = _head(words, column, forms[column], heads.get(column))
        if {f"{column}_low", f"{column}_high"} <= set(rows.columns):
            cells[f"{column}_low"] = [
                _interval(words, *ends, forms[column]) for ends in rows.select(f"{column}_low", f"{column}_high").rows()
            ]
            shown[f"{column}_low"] = words.translate("95% interval")
    return Grid(pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String)), shown, by, group, total=rows[by].null_count() > 0)


def _crossed(table: ProtectedTable, rows: pl.DataFrame, by: str, across: str, value: str, words: Words) -> Grid:
    form = form_of(value, whole=rows.schema[value].is_integer())
    named = rows.with_columns(
        pl.Series("_row", names(table, rows, by, words)),
        pl.Series("_column", names(table, rows, across, words)),
        pl.Series("_text", [words.bare(v, form) for v in rows[value]], dtype=pl.String),
    )
    codes = named.select(across, "_column").unique().sort(across)["_column"].to_list()
    cells = named.pivot("_column", index="_row", values="_text").select("_row", *codes).fill_null("0" if form == "number" else "..")
    return Grid(cells, {"_row": words.column(by)} | {code: code for code in codes}, "_row", total=rows[by].null_count() > 0)


def _interval(words: Words, low: float | None, high: float | None, form: str) -> str:
    return "" if low is None or high is None else re.sub(r"(?<=\d)\D+$", "", words.interval(low, high, form))


def _head(words: Words, column: str, form: str, head: str | None = None) -> str:
    name, unit = head or words.column(column), words.unit(form)
    return f"{name}, {unit}" if unit and not name.endswith(unit) else name


def _html(grid: Grid, words: Words, options: Options, hidden: Any, table: ProtectedTable) -> str:
    limit = options.get("limit", 20)
    long = grid.cells.height > limit + grid.total
    notes = [said(words, options.get("note", "")), words.translate(".. hidden to protect small groups") if hidden else ""]
    title, subtitle = (said(words, options.get(key, "")) for key in ("title", "subtitle"))
    rest = grid.html() if long else ""
    head = text(words.translate("First {n} of {all} rows", n=limit, all=grid.cells.height - grid.total)) if long else ""
    figure = grid.html(limit if long else None) + (f'<p class="note">{head}</p>' if long else "")
    return card(words, figure, title=title, subtitle=subtitle, note=" ".join(filter(None, notes)), behind=rest)
