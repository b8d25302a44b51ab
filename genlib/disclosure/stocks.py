"""A stock and its flows: those who are there at a later time are those who were there, and who
came, without who left in between.

A report tells the stock of the step before its first one (`movement=opening`); so do the reports of
other months. And it tells the sum of the last months, which is that of an earlier report with the
months that have come in, without those that have dropped out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from genlib.disclosure.figures import STOCK, by_place
from genlib.disclosure.near import moves
from genlib.disclosure.policy import Policy
from genlib.disclosure.ties import MEMBERS, RESTS, Ties, anything, no_ties
from genlib.period import UNITS, months_between

FLOWS = {"movement=joined": -1, "movement=left": 1}
WINDOW = "window"


def stocks(pool: pl.DataFrame, policy: Policy) -> Ties:
    """The stock that is published now beside the one before it and the one after it that were, with
    the flows between, if all are known."""
    found = [_signed(*parts) for parts in _between(pool)]
    if not found:
        return no_ties()
    members = pl.concat(
        [part.with_columns(tie=pl.lit(place, pl.Int64)) for place, part in enumerate(found)]
    )
    left = members.group_by("tie", maintain_order=True).agg(
        difference=(pl.col("value") * pl.col("sign")).sum(), heads=pl.lit(True)
    )
    wrong = left.with_columns(apart=pl.col("difference").abs()).filter(
        pl.col("apart") > 0
    )  # somebody was erased meanwhile
    rests = moves(wrong, policy).with_columns(
        value="difference", low=anything(), name=pl.lit(0, pl.UInt64)
    )
    kept = left.filter(pl.col("difference").abs() < policy.min_count)
    return Ties(
        members.join(kept, on="tie", how="semi", maintain_order="left").select(MEMBERS.keys()),
        rests.select(RESTS.keys()),
    )


def carried(own: pl.DataFrame, old: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The stocks that a few people, erased since, part from the one that anyone can reckon from
    what was shown: they stay as that one, so that a report does not lose its stock because of them.
    As `gated` tells what is held, `day` being that of the stock before."""
    sides = [
        own.filter(pl.col("cell") >= 0).with_columns(day=pl.lit(None, pl.Date), own=True),
        old.with_columns(variable=None, own=False),
    ]
    columns = ("variable", "cell", "day", "own", "name", "value", "low", "measure", "places")
    pool = by_place(pl.concat([side.select(columns) for side in sides], how="vertical_relaxed"))
    rows = []
    for now, then, flows in _between(
        pool.filter(pl.col("group").str.ends_with(STOCK) | ~pl.col("own"))
    ):
        rest = (
            _signed(now, then, flows).select((pl.col("value") * pl.col("sign")).sum()).item()
            * now["sign"].item()
        )
        told = pl.concat_list(pl.struct("measure", value=pl.col("value") - rest))
        rows.append(
            now.select(
                "cell",
                "variable",
                figures=told,
                day=then["day"],
                difference=pl.lit(rest, pl.Int64),
                heads=True,
            )
        )
    if not rows:
        return pl.DataFrame(schema={"cell": pl.Int64})
    wrong = (
        pl.concat(rows).with_columns(apart=pl.col("difference").abs()).filter(pl.col("apart") > 0)
    )
    return moves(wrong.unique("cell", keep="first", maintain_order=True), policy).drop(
        "difference", "heads", "apart"
    )


def _signed(*parts: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([part.select("name", "value", "low", "sign") for part in parts])


def _between(pool: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]:
    """Each stock of ours with the nearest others before and after it, and the flows between, with
    their signs in the later one."""
    where = pl.col("group").str.extract(f"({'|'.join((STOCK, *FLOWS))})$")
    told = pool.with_columns(movement=where).filter(
        pl.col("movement").is_not_null(), pl.col("measure") == "people"
    )
    told = told.sort("own", "day", maintain_order=True)
    stock = told.filter(movement=STOCK).unique("end", keep="last", maintain_order=True)
    for now in stock.filter("own")["end"]:
        others = stock.filter(~pl.col("own"))["end"]
        for then in (others.filter(others <= now).max(), others.filter(others > now).min()):
            if (
                isinstance(then, date)
                and (flows := _flows(told, min(then, now), max(then, now))) is not None
            ):
                ours, theirs = (stock.filter(end=day) for day in (now, then))
                way = pl.lit(1 if now >= then else -1, pl.Int64)
                yield ours.with_columns(sign=way), theirs.with_columns(sign=-way), flows


def _flows(told: pl.DataFrame, start: date, end: date) -> pl.DataFrame | None:
    """Who came and left in each step between, of the shortest steps that are known all."""
    inside = told.filter(
        pl.col("start") >= start, pl.col("end") <= end, pl.col("movement") != STOCK
    )
    for step in UNITS.values():
        steps = inside.filter(months=step).unique(
            ["movement", "start"], keep="last", maintain_order=True
        )
        if steps.height * step == months_between(start, end) * len(FLOWS):
            signs = pl.col("movement").replace_strict(FLOWS, return_dtype=pl.Int64)
            return steps.select("name", "value", "low", sign=signs)
    return None


def windows(pool: pl.DataFrame) -> pl.DataFrame:
    """The figures of the last months that are told now, each less that of an earlier or later
    report (`sign`), and the months in only one of them; `tie` numbers the groups."""
    spans = pool.filter(~pl.col("stepped"), pl.col("months") > 1)
    far = (pl.col("start") - pl.col("start_old")).abs()
    pairs = (
        spans.filter("own")
        .join(spans.filter(~pl.col("own")), on=["group", "measure", "months"], suffix="_old")
        .filter(far > pl.duration())
    )
    nearest = pairs.sort(far, "day_old", descending=[True, False]).unique(
        ["group", "measure", "start"], keep="last", maintain_order=True
    )
    tied = nearest.with_row_index("tie").with_columns(pl.col("tie").cast(pl.Int64))
    steps = pool.filter("stepped", months=1).sort("own", "day", maintain_order=True)
    steps = steps.unique(["group", "measure", "start"], keep="last", maintain_order=True)
    ends = {"at": "start", "to": "end", "at_old": "start_old", "to_old": "end_old"}
    beside = steps.join(tied.select("tie", "group", "measure", **ends), on=["group", "measure"])
    now, before = (
        pl.col("start").is_between(f"at{old}", f"to{old}", closed="left") for old in ("", "_old")
    )
    flows = beside.with_columns(sign=before.cast(pl.Int64) - now.cast(pl.Int64)).filter(
        pl.col("sign") != 0
    )
    olds = {name: f"{name}_old" for name in spans.columns if f"{name}_old" in tied.columns}
    both = (
        tied.with_columns(sign=pl.lit(1, pl.Int64)),
        tied.select("tie", "group", "measure", "months", **olds, sign=pl.lit(-1, pl.Int64)),
    )
    columns = ["tie", *spans.columns, "sign"]
    return pl.concat([part.select(columns) for part in (*both, flows)]).with_columns(
        way=pl.lit(WINDOW), inside=pl.lit(False)
    )
