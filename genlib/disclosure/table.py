"""`ProtectedTable`: the only thing that charts and tables take, and the only thing that leaves.

Example: of 40, 30 and 3 customers by region, of which two are hidden, one figure is read, the rows
of one level, and why a cell is not told.

>>> from genlib.disclosure.counting import tabulate
>>> from genlib.disclosure.protect import protect
>>> regions = ["01"] * 40 + ["06"] * 30 + ["19"] * 3
>>> rows = pl.DataFrame({"customer": range(73), "region": regions})
>>> cells = tabulate(
...     rows,
...     person="customer",
...     by=[Dimension("region", head={"en": "Where"})],
...     population="customers",
... )
>>> shown = protect(customers=cells)
>>> shown.customers.value("people").value, shown.customers.value("people", region="01").value
(73, 40)
>>> shown.customers.value("people", region="19").reason
'primary'
>>> shown.customers.rows("region").select("region", "people", "region_head").rows()
[('01', 40, 'Where'), ('06', None, 'Where'), ('19', None, 'Where')]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import polars as pl

from genlib.arguments import check_call
from genlib.disclosure.cells import Dimension, Measure, list_columns, show_frame
from genlib.disclosure.codes import list_absent
from genlib.disclosure.pages import ToldPage
from genlib.disclosure.pattern import Pattern
from genlib.errors import NoSuchTable, Refused, UsageError

LANGUAGES = ("fi", "sv", "en")
"""In which a table can be shown."""
SEAL = object()
"""Held by `protect` alone: a table made by hand is refused."""


def check_language(language: str) -> None:
    """UsageError for a language that tables cannot be shown in."""
    if not isinstance(language, str) or language not in LANGUAGES:
        raise UsageError(f"language is one of {', '.join(LANGUAGES)}")


@dataclass(frozen=True)
class Shown:
    """One figure of a protected table, with where it stands. `value` is None if hidden, and
    `reason` then says why. `unit`: of its column, if its table says."""

    value: float | int | None
    column: str
    table: str
    where: tuple[tuple[str, Any], ...]
    reason: str | None = None
    language: str = "en"
    unit: str = ""


@dataclass(frozen=True)
class ProtectedTable:
    """A table after disclosure control.

    `frame`: the dimension columns (null = total), `people` and the other measures (null = hidden;
    all `people` if they are no measure; in a hidden cell too a figure is told that follows from
    others), derived figures, `thin` (some of them stand on fewer people than the policy's flag),
    and `reason` (null = shown; `primary`, `secondary`, `dominance`, `base`, `time`: too few people
    part the cell from a figure that was told elsewhere). `told_on`: the day on which the table was
    told as it is, if it could not be told anew since, by the code of a page, or by "" if that is
    all of it. `coarser`: the dimensions whose groups had to be larger, and how
    (`ladder.describe_steps`). `pages`: what a ledger keeps of it. `units`: of the columns whose
    measures and figures say so (`units.read_units`).
    """

    name: str
    frame: pl.DataFrame
    by: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    hidden: int
    language: str = "en"
    seal: object = field(default=None, repr=False, compare=False)
    told_on: Mapping[str, date] = field(default_factory=dict, repr=False, compare=False)
    coarser: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    pages: tuple[ToldPage, ...] = field(default=(), repr=False, compare=False)
    units: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not SEAL:
            raise Refused(
                "a ProtectedTable is made by genlib.protect only; hand it the Cells of a metric"
            )

    @property
    def dimensions(self) -> list[str]:
        return list_columns(self.by)

    def find_dimension(self, column: str) -> Dimension | None:
        """The dimension that a column belongs to, if it is one."""
        return next((one for one in self.by if column in one.columns), None)

    def _repr_html_(self) -> str:
        """As a table in JupyterLab; a report shows it with genlib.tables."""
        hidden = f", {self.hidden} hidden" if self.hidden else ""
        return show_frame(self.frame, f"{self.name}: protected{hidden}")

    @check_call
    def finest(self, dimension: str) -> str:
        """The finest column of a dimension and its parents of which the table tells anything."""
        self.check_dimensions(dimension)
        columns = next(d.columns for d in self.by if dimension in d.columns)
        columns_told = [name for name in columns if self.frame[name].is_not_null().any()]
        return columns_told[0] if columns_told else dimension

    @check_call
    def rows(self, *dimensions: str, **where: Any) -> pl.DataFrame:
        """The rows at one level: the named dimensions set, all others at their total, narrowed to
        `where`; with the words of the table's language where dimensions bring their own."""
        self.check_dimensions(*dimensions, *where)
        level = self._stands_at({*dimensions, *where})
        rows = self._narrow(self.frame.filter(*level), where)
        return rows.with_columns(*self.name_codes())

    def _stands_at(self, asked: set[str]) -> list[pl.Expr]:
        """Rows in which these columns are set, and what is coarser of the same dimension.

        Example: where a town is asked for its region is set too, and the age is not.
        """
        level = []
        for dimension in self.by:
            for place, column in enumerate(dimension.columns):
                finer = set(dimension.columns[: place + 1])
                level.append(pl.col(column).is_not_null() == bool(asked & finer))
        return level

    def _narrow(self, rows: pl.DataFrame, where: Mapping[str, Any]) -> pl.DataFrame:
        """The rows at these codes; UsageError for codes of another kind than the dimension's, and
        for those that a dimension which names its codes does not have."""
        for column, code in where.items():
            try:
                rows = rows.filter(pl.col(column) == code)
            except (pl.exceptions.PolarsError, TypeError):
                raise self._refuse_kind(column, code) from None
            self._check_code(column, code)
        return rows

    def _refuse_kind(self, column: str, code: Any) -> UsageError:
        """What to say of a code of another kind than the dimension's."""
        kind = self.frame.schema[column]
        line = f"dimension {column} of table {self.name} holds {kind}, not {type(code).__name__}"
        if kind == pl.Date:
            line += ': give a first day, as release.period("2026-10").start is'
        return UsageError(line)

    def _check_code(self, column: str, code: Any) -> None:
        """UsageError for a code that a dimension which names its codes does not have."""
        dimension = next((one for one in self.by if one.name == column), None)
        if dimension is None or code is None:
            return
        names = dict.fromkeys([*dimension.order, *dimension.labels, *dimension.codes])
        if names and list_absent([code], dimension, self.frame[column]):
            raise UsageError(
                f"dimension {column} of table {self.name} has no such code; it has "
                f"{', '.join(map(str, names))}"
            )

    def check_dimensions(self, *columns: str) -> None:
        """UsageError for a dimension that the table does not have."""
        unknown = set(columns) - set(self.dimensions)
        if unknown:
            raise UsageError(
                f"table {self.name} has no dimension {', '.join(sorted(unknown))}; it has "
                f"{', '.join(self.dimensions)}"
            )

    def check_columns(self, *columns: str) -> None:
        """UsageError for a column that the table does not have."""
        missing = [column for column in columns if column not in self.frame.columns]
        if missing:
            raise UsageError(
                f"table {self.name} has no column {', '.join(missing)}; it has "
                f"{', '.join(self.frame.columns)}"
            )

    def name_codes(self) -> Iterator[pl.Expr]:
        """For each dimension with words of its own, what it and its codes are called."""
        for dimension in self.by:
            head = dimension.head.get(self.language)
            if head:
                yield pl.lit(head).alias(f"{dimension.name}_head")
            names = {
                code: words[self.language]
                for code, words in dimension.labels.items()
                if words.get(self.language)
            }
            if names:
                code = pl.col(dimension.name)
                name = code.replace_strict(names, default=None, return_dtype=pl.String)
                yield name.alias(f"{dimension.name}_{self.language}")

    @check_call
    def value(self, column: str, **where: Any) -> Shown:
        """One figure: the cell at `where`, every other dimension at its total."""
        self.check_columns(column)
        rows = self.rows(**where)
        self._check_totals(column, where)
        if rows.height > 1:
            raise UsageError(f"table {self.name} has no single figure {column} there")
        row: dict[str, Any] = {column: None}
        row["reason"] = "coarser" if self._is_coarser(where) else "empty"
        if rows.height:
            row = rows.row(0, named=True)
        is_hidden = row[column] is None
        return Shown(
            value=row[column],
            column=column,
            table=self.name,
            where=tuple(sorted(where.items())),
            reason=row["reason"] if is_hidden else None,
            language=self.language,
            unit=self.units.get(column, ""),
        )

    def _check_totals(self, column: str, where: Mapping[str, Any]) -> None:
        """UsageError unless time is named where there is no figure over all of it. Others without
        a total are empty: a report of one campaign or of all asks alike."""
        for dimension in self.by:
            is_time = self.frame.schema[dimension.name] == pl.Date
            if is_time and not dimension.total and not set(dimension.columns) & set(where):
                raise UsageError(
                    f"table {self.name} has no total over {dimension.name}; name one of it: "
                    f'value("{column}", {dimension.name}=...)'
                )

    def _is_coarser(self, where: Mapping[str, Any]) -> bool:
        """Whether the table was left out, or has larger groups than these."""
        asked = {one.name for one in self.by if set(one.columns) & set(where)}
        return "*" in self.coarser or bool(asked & set(self.coarser))


@dataclass(frozen=True)
class Protected(Mapping[str, ProtectedTable]):
    """The tables of one report, protected together; by attribute or by key. `pattern` is the proof:
    `disclosure.verify` checks it."""

    tables: Mapping[str, ProtectedTable]
    conditions: Mapping[str, Any]
    pattern: Pattern | None = field(default=None, repr=False)
    _manifest: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def manifest(self) -> dict[str, Any]:
        """What others need to audit the report (`disclosure.intervals` takes its `pattern`), ready
        for JSON: the policy, the pattern with what it shows, and where each figure of each table
        stands in it. No witness and no hidden figure."""
        return dict(self._manifest)

    @property
    def pages(self) -> list[ToldPage]:
        """What a ledger keeps of the tables."""
        return [page for table in self.tables.values() for page in table.pages]

    def in_language(self, language: str) -> Protected:
        """The same tables, to be shown in another language: "fi", "sv" or "en"."""
        check_language(language)
        tables = {name: replace(table, language=language) for name, table in self.tables.items()}
        return replace(self, tables=tables)

    def __getitem__(self, name: str) -> ProtectedTable:
        if not isinstance(name, str) or name not in self.tables:
            raise NoSuchTable(f"no protected table of that name; there are {', '.join(self)}")
        return self.tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def __dir__(self) -> list[str]:
        return [*object.__dir__(self), *self.tables]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.tables)

    def _repr_html_(self) -> str:
        """All tables, in JupyterLab."""
        return "".join(table._repr_html_() for table in self.tables.values())

    def __getattr__(self, name: str) -> ProtectedTable:
        if name.startswith("_") or "tables" not in self.__dict__:  # asked by Python and Jupyter
            raise AttributeError(name)
        return self[name]
