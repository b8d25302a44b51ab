"""`Plot`: the rows of one protected table made ready for drawing - words beside the figures, in the
order in which they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import cycle
from math import ceil, floor, log10
from typing import Any, TypedDict

import polars as pl

from genlib.arguments import check_kind
from genlib.disclosure.codes import list_absent
from genlib.disclosure.table import ProtectedTable
from genlib.errors import NotProtected, UsageError
from genlib.present import theme
from genlib.present.coarser import describe_groups
from genlib.present.forms import read_form
from genlib.present.item import Finding, Untold
from genlib.present.sentences import keep_hyphens
from genlib.present.words import Words

TIME = ("month", "quarter", "week", "day", "year", "cohort", "wave")
DIRECTIONS = ("", "up", "down")
ONE_DECIMAL = 0.005
"""From this share on one decimal tells something."""
ORDERED = (
    "age_band",
    "answer",
    "score",
    "stage",
    "alive",
    "purchases",
    "tenth",
    "later",
    "days",
    "contacts",
    "dose",
)
"""Dimensions whose codes have an order of their own; all others are sorted by value."""


class Options(TypedDict, total=False):
    """What every chart and table takes. `title`, `subtitle`, `note`: English messages, or findings.
    `where` narrows the table; `codes` chooses and orders the rows. `tone`, `colors` (by code):
    names of the palette; `notice`: the one code to notice; `good`: the direction (up, down) that is
    good news, where groups are compared. `limit`: most rows shown. `total`,
    `intervals`: whether a table has its total and its figures their intervals. `optional`: a row
    leaves it out where it has nothing to show."""

    title: str
    subtitle: str
    note: str
    where: Mapping[str, Any]
    codes: Sequence[Any]
    tone: str
    colors: Mapping[Any, str]
    notice: Any
    good: str
    limit: int
    total: bool
    intervals: bool
    optional: bool


OPTION_KINDS = {name: str(kind.__forward_arg__) for name, kind in Options.__annotations__.items()}
"""What each option is, as it is written above."""


@dataclass(frozen=True)
class Plot:
    """`frame`: place, code, series, value, low, high, text, tip, hidden - one row a mark. `rows`:
    the table's own; `ticks`: the axis."""

    frame: pl.DataFrame
    places: list[str]
    series: dict[str, str]
    form: str
    words: Words
    ticks: dict[float, str]
    rows: pl.DataFrame
    options: Options
    groups: str = ""
    """Which groups are larger than they might be (`coarser`)."""
    has_gaps: bool = False
    """Whether something of the table is hidden."""

    @property
    def hidden(self) -> list[str]:
        """Places of which something is not shown."""
        return self.frame.filter("hidden")["place"].unique(maintain_order=True).to_list()


def check(table: object, *columns: str | None) -> None:
    """Raise `NotProtected` for anything that did not come through door 2, `UsageError` for a column
    that it does not have."""
    if not isinstance(table, ProtectedTable):
        raise NotProtected(
            "charts take a ProtectedTable; pass the metric's Cells through genlib.protect first"
        )
    table.check_columns(*(column for column in columns if column))


def check_options(options: Options) -> None:
    """UsageError for an option that there is not, a tone that the palette does not have, or a
    direction that is none."""
    allowed = Options.__annotations__
    if not options.keys() <= allowed.keys():
        raise UsageError(f"the options of a chart or table are {', '.join(allowed)}")
    for option, value in options.items():
        check_kind(option, value, OPTION_KINDS[option])
    if options.get("limit", 1) < 1:
        raise UsageError("limit is a whole number from 1")
    for name in (options.get("tone", "teal"), *options.get("colors", {}).values()):
        theme.check_tone(name)
    check_direction(options.get("good", ""))


def check_direction(good: str) -> None:
    """UsageError for what is good news in neither direction; "" says nothing of it."""
    if good not in DIRECTIONS:
        raise UsageError("good is up or down: the direction that is good news")


def check_figures(table: ProtectedTable, column: str) -> None:
    """UsageError for a column that holds no figures."""
    schema = table.frame.schema
    is_empty = schema[column] == pl.Null
    if not schema[column].is_numeric() and not is_empty:
        figures = [name for name, kind in schema.items() if kind.is_numeric()]
        raise UsageError(
            f"column {column} of table {table.name} holds no figures; these do: "
            f"{', '.join(figures)}"
        )


def captions(words: Words, options: Options, *notes: str) -> dict[str, str]:
    """Title, subtitle and note in the reader's language, the note with what else must be said. A
    subtitle that only repeats the title is left out; without a title it is the title."""
    written: dict[str, Any] = {key: options.get(key, "") for key in ("title", "subtitle", "note")}
    texts = {
        key: str(one) if isinstance(one, Finding) else words.translate(one)
        for key, one in written.items()
    }
    texts["title"] = texts["title"] or texts["subtitle"]
    if texts["subtitle"] == texts["title"]:
        texts["subtitle"] = ""
    return texts | {"note": " ".join(filter(None, [texts["note"], *notes]))}


def explain_absence(words: Words, options: Options, reason: str) -> tuple[Untold, ...]:
    """That a chart or table is not there: its title, its subtitle, and why."""
    texts = captions(words, options)
    return (Untold(texts["title"], texts["subtitle"], reason),)


def choose_color(table: ProtectedTable, color: str | None) -> str | None:
    """The dimension that colours a chart, if the table is divided by it."""
    is_whole = isinstance(table, ProtectedTable) and table.coarser.get(color or "") == "undivided"
    return None if is_whole else color


def noted(words: Words, notes: Mapping[str, bool]) -> str:
    """Those of the English messages that are meant."""
    return " ".join(words.translate(message) for message, meant in notes.items() if meant)


def read(
    table: ProtectedTable, options: Options, place: str, value: str, series: str | None = None
) -> Plot:
    """The rows of `table` at `place` (and `series`) with figures `value`, in reading order."""
    check(table)
    table.check_columns(place, value, *([] if series is None else [series]))
    check_figures(table, value)
    check_options(options)
    low, high = ends(table, value) or (value, value)
    words = Words(table.language)
    rows = ordered(
        chosen(table, options, place, series),
        place,
        series,
        value,
        in_order="codes" in options,
        order=read_order(table, place),
    )
    form = read_form(table, value)
    least: Any = rows[value].cast(pl.Float64).abs().min()
    has_one_decimal = form == "percent" and least is not None and least >= ONE_DECIMAL
    digits = 1 if has_one_decimal else None
    frame = rows.select(
        pl.Series("place", names(rows, place, words), dtype=pl.String),
        pl.col(place).cast(pl.String).alias("code"),
        pl.Series(
            "series", names(rows, series, words) if series else [""] * rows.height, dtype=pl.String
        ),
        *(
            pl.col(column).cast(pl.Float64).alias(name)
            for name, column in (("value", value), ("low", low), ("high", high))
        ),
        pl.Series("text", [words.figure(v, form, digits) for v in rows[value]], dtype=pl.String),
        pl.col(value).is_null().alias("hidden"),
    )
    frame = frame.with_columns(pl.Series("tip", _tips(frame, words, form), dtype=pl.String))
    return Plot(
        frame,
        frame["place"].unique(maintain_order=True).to_list(),
        _palette(frame, rows, series, options),
        form,
        words,
        ticks(frame, words, form),
        rows,
        options,
        describe_groups(table),
        table.hidden > 0,
    )


def ends(table: ProtectedTable, value: str) -> tuple[str, ...]:
    """The columns of the interval around a value, if there are any."""
    columns = (f"{value}_low", f"{value}_high")
    return columns if set(columns) <= set(table.frame.columns) else ()


def chosen(table: ProtectedTable, options: Options, *levels: str | None) -> pl.DataFrame:
    """The rows at these levels, those of the codes asked for in that order."""
    rows = table.rows(*(level for level in levels if level), **options.get("where", {}))
    if "codes" not in options or not levels[0]:
        return rows
    codes = _read_codes(table, levels[0], options["codes"])
    return codes.join(rows, on=levels[0], how="inner", maintain_order="left")


def _read_codes(table: ProtectedTable, place: str, codes: Sequence[Any]) -> pl.DataFrame:
    """The codes that are asked for, in a column; UsageError for codes of another kind than the
    table's, and for those that neither it nor genlib knows: they would leave a gap without a
    word."""
    kind = table.frame.schema[place]
    try:
        asked = pl.Series(place, list(codes), dtype=kind)
    except (pl.exceptions.PolarsError, TypeError):
        raise UsageError(
            f"codes is a list of what {place} of table {table.name} holds, {kind}"
        ) from None
    _check_known(table, place, asked)
    return pl.DataFrame({place: asked})


def _check_known(table: ProtectedTable, place: str, codes: pl.Series) -> None:
    """UsageError for codes that neither the table, nor its dimension, nor genlib's words have."""
    dimension = table.find_dimension(place)
    if dimension is None or codes.dtype != pl.String:
        return
    words = Words(table.language)
    absent = list_absent(codes, dimension, table.frame[place])
    unknown = [code for code in absent if not words.knows_code(place, code)]
    if unknown:
        raise UsageError(
            f"codes names {len(unknown)} that {place} of table {table.name} does not have; see "
            f'table.rows("{place}"), and name in the order of the Dimension what may be absent'
        )


def read_order(table: ProtectedTable, place: str) -> tuple[Any, ...]:
    """The codes of a dimension in the order that it brings, if it does."""
    dimension = table.find_dimension(place)
    return dimension.order if dimension and dimension.name == place else ()


def ordered(  # noqa: PLR0913 - what an order hangs on
    rows: pl.DataFrame,
    place: str,
    series: str | None,
    value: str,
    *,
    in_order: bool = False,
    order: Sequence[Any] = (),
) -> pl.DataFrame:
    """In the `order` of codes, what is in none behind them; else time and steps in their own order,
    time from the first figure on; all else by value, the largest first and the unknown last."""
    if in_order:
        return rows
    if order:
        places = {code: number for number, code in enumerate(order)}
        number = pl.col(place).replace_strict(places, default=len(order), return_dtype=pl.Int64)
        return rows.sort(number, place, series or place)
    if place in TIME or rows.schema[place].is_temporal():
        is_there = pl.col(value).is_not_null() | pl.col("reason").is_not_null()
        first = rows.filter(is_there)[place].min()
        since = rows.clear() if first is None else rows.filter(pl.col(place) >= first)
        return since.sort(place, series or place)
    unknown = pl.col(place).cast(pl.String).str.contains("^(unknown|others)")
    if place in ORDERED:
        return rows.sort(unknown, place, series or place)
    weight = pl.col(value).sum().over(place)
    return rows.sort(
        unknown, weight, place, series or place, descending=[False, True, False, False]
    )


def drop_wholes(rows: pl.DataFrame, across: str, value: str) -> pl.DataFrame:
    """The rows of a crossed table without a column of wholes: 100 % in each row, such as the share
    of a cohort in its first quarter, tells nothing; all of them, if nothing else is there."""
    is_whole = ((pl.col(value) == 1).all() & (pl.len() > 1)).over(across)
    others = rows.filter(~is_whole)
    return rows if others.is_empty() else others


def names(rows: pl.DataFrame, dimension: str, words: Words) -> list[str]:
    """The words for a dimension's codes as they stand alone: a name has a capital, a month has
    none; no line ends after the hyphen that begins a word."""
    listed: list[str] = []
    for code, label in zip(rows[dimension], words.labels(rows, dimension), strict=True):
        name = keep_hyphens(label)
        listed.append(name if isinstance(code, date) else name[:1].upper() + name[1:])
    return listed


def ticks(
    frame: pl.DataFrame, words: Words, form: str, *, stacked: bool = False, zero: bool = True
) -> dict[float, str]:
    """Three to six round marks that take in every figure (and zero) and leave little over, with
    their words."""
    tops = frame.group_by("place").agg(pl.col("high").sum())["high"] if stacked else frame["high"]
    top: Any = tops.max()
    bottom: Any = frame["low"].min()
    highest = float(top or 0)
    lowest = float(bottom or 0)
    start = min(0.0, lowest) if zero or lowest < highest / 2 else lowest
    rough = 10.0 ** floor(log10((highest - start) or 1))
    steps = [
        m * power
        for power in (rough / 10, rough)
        for m in (1, 2, 2.5, 5)
        if form != "number" or m * power == int(m * power)
    ] or [1.0]
    step = min(steps, key=lambda s: _waste(start, highest, s))
    return {
        i * step: words.tick(i * step, form, step)
        for i in range(floor(start / step + 1e-9), max(1, ceil(highest / step - 1e-9)) + 1)
    }


def _waste(start: float, end: float, step: float) -> float:
    count = ceil(end / step - 1e-9) - floor(start / step + 1e-9)
    return count * step / ((end - start) or 1) + max(0, count - 5) + max(0, 3 - count) * 0.3


def _tips(frame: pl.DataFrame, words: Words, form: str) -> list[str]:
    """What the native tooltip of each mark says."""
    tips = []
    for row in frame.to_dicts():
        around = (
            f" ({words.interval(row['low'], row['high'], form)})"
            if None not in row.values() and row["low"] != row["high"]
            else ""
        )
        figure = (
            words.translate("hidden to protect small groups")
            if row["hidden"]
            else row["text"] + around
        )
        tips.append(" · ".join(filter(None, [row["place"], row["series"]])) + f": {figure}")
    return tips


def _palette(
    frame: pl.DataFrame, rows: pl.DataFrame, series: str | None, options: Options
) -> dict[str, str]:
    """Series in words to colours: those that `colors` names by code, else the palette in turn,
    without what is named and with grey first where something is; one series has the tone asked for.
    """
    if series is None:
        return {"": options.get("tone", "teal")}
    named = (
        frame.select(pl.col("series"), rows[series].alias("_code"))
        .unique(maintain_order=True)
        .rows()
    )
    wanted = options.get("colors", {})
    order = {code: place for place, code in enumerate(wanted)}
    named = sorted(named, key=lambda pair: order.get(pair[1], len(order)))
    others = [tone for tone in theme.SERIES if tone not in wanted.values()]
    if wanted:
        others.sort(key=lambda tone: tone != "mute")
    turn = cycle(others or theme.SERIES)
    return {label: wanted.get(code) or next(turn) for label, code in named}
