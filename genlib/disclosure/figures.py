"""The figures of a report as the ledger knows them: by whom, of what time, and under which name
they are the same elsewhere."""

from __future__ import annotations

import hashlib
import re
from datetime import date

import polars as pl

from genlib.disclosure.cells import PEOPLE
from genlib.disclosure.keys import ASIDE, END, HEAD
from genlib.disclosure.model import Model
from genlib.period import UNITS

DATE = re.compile(r"\d{4}-(Q\d|\d{2}(-\d{2})?)")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
STEP = re.compile(rf"({'|'.join(UNITS)})=(\d{{4}})-(\d{{2}})-\d{{2}}")
STOCK = "movement=opening"
"""Of a stock there is no sum over time."""
CROWD = 5
"""The same people, if they are so many, are the same group wherever they stand; fewer may be so by
chance, which nobody knows."""
PLACE = pl.Struct({"stem": pl.String, "group": pl.String, "start": pl.Date, "end": pl.Date})
"""Where a figure stands: `stem` is the same every month; `group` is the same for every step of
time, from `start` to `end`."""


def figures_of(model: Model) -> pl.DataFrame:
    """One row a figure of the report in the making.

    `variable`, `cell` (-1: not shown), measure, kind, value, `low`, people (who have a part in it),
    `first` and `second` (the largest parts), `sketch` (null: of people who are not known), `heads`
    (each of its people counts one), whether it `adds` up over time, its `places` (see `PLACE`) and
    its `name`: the same for the same parts of the same people, wherever they are published.
    """
    placed = model.keys.select(
        "_label", pl.Series("places", [place(key) for key in model.keys["_key"]], PLACE)
    )
    stem, group = (pl.col("places").struct.field(part) for part in ("stem", "group"))
    proper = (stem != group) | ~stem.str.ends_with(STOCK)
    stands = (
        placed.filter(proper | ~proper.any().over("_label"))
        .group_by("_label")
        .agg(pl.col("places").unique().sort())
    )
    told = model.figures.rename({"_cell": "cell", "contributors": "people"}).join(
        stands, on="_label"
    )
    told = told.join(_sketched(model), on=["_label", "measure"], how="left")
    heads = (pl.col("kind") == "people") | (
        (pl.col("kind") == "count") & (pl.col("value") == pl.col("people"))
    )
    stepped = (
        cells
        for cells in model.tables.items()
        if PEOPLE in cells[1].measures and UNITS.keys() & {*cells[1].dimensions}
    )
    dated = pl.concat(
        [model.keys["_label"].clear(), *(model.frames[name]["_label"] for name, _ in stepped)]
    )
    adds = (pl.col("kind") != "people") | pl.col("_label").is_in(dated.implode())
    low = pl.Series(model.system.low).gather(told["variable"])
    return _named(told.with_columns(low=low, heads=heads, adds=adds)).sort("variable")


def _sketched(model: Model) -> pl.DataFrame:
    found = [
        pl.DataFrame(
            schema={
                "_label": model.keys.schema["_label"],
                "measure": pl.String,
                "sketch": pl.Binary,
            }
        )
    ]
    for name, cells in model.tables.items():
        if cells.members is not None:
            on = [column for column in cells.dimensions if column in cells.members.columns]
            there = (
                model.frames[name]
                .select(*on, "_label", _=0)
                .join(cells.members.with_columns(_=0), on=[*on, "_"], nulls_equal=True)
            )
            listed = there.unpivot(
                pl.selectors.binary(), index="_label", variable_name="measure", value_name="sketch"
            )
            found.append(listed.drop_nulls("sketch"))
    return pl.concat(found).unique(["_label", "measure"], keep="first", maintain_order=True)


def _named(told: pl.DataFrame) -> pl.DataFrame:
    stems = pl.element().struct.field("stem")
    stem = (
        pl.col("places").list.eval(stems.sort_by(stems.str.len_bytes())).list.last()
    )  # the finest: a part that is all of a whole is both
    rows = told.select("sketch", "people", stem, "measure", "value").rows()
    return told.with_columns(name=pl.Series([_name(*row) for row in rows], dtype=pl.UInt64))


def _name(sketch: bytes | None, people: int, stem: str, measure: str, value: int) -> int:
    own = b"" if sketch and people >= CROWD else f"{stem}\0{measure}\0{value}".encode()
    return name_of((sketch or b"") + own)


def name_of(content: bytes) -> int:
    """The name of what only this content has."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


def by_place(figures: pl.DataFrame) -> pl.DataFrame:
    """A row for each place of each figure, and how many `months` its span is long."""
    start = pl.col("start").dt
    end = pl.col("end").dt
    return (
        figures.explode("places")
        .unnest("places")
        .with_columns(months=(end.year() - start.year()) * 12 + end.month() - start.month())
    )


def place(key: str) -> dict[str, str | date | None]:
    """A key without the dates of its population; what that was narrowed to stands with the
    dimensions, as in a report that was not."""
    population, _, where = key.partition(HEAD)
    words = [word for word in population.split() if not word.startswith(ASIDE)]
    parts = {*where.split(END), *(word for word in words if "=" in word)} - {""}
    base = " ".join(word for word in words if "=" not in word and not DATE.fullmatch(word)) + HEAD
    steps = [part for part in parts if STEP.fullmatch(part)]
    start, end = _span(steps, [word for word in words if DAY.fullmatch(word)])
    groups = (base + END.join(sorted(some)) for some in (parts, parts - {*steps}))
    return dict(zip(("stem", "group", "start", "end"), (*groups, start, end), strict=True))


def _span(steps: list[str], days: list[str]) -> tuple[date | None, date | None]:
    if len(steps) == 1 and (step := STEP.fullmatch(steps[0])):
        unit, year, month = step.groups()
        months = int(year) * 12 + int(month) - 1 + UNITS[unit]
        return date(int(year), int(month), 1), date(months // 12, months % 12 + 1, 1)
    return (
        (date.fromisoformat(days[0]), date.fromisoformat(days[1]))
        if not steps and len(days) == 2
        else (None, None)
    )
