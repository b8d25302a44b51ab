"""A whole and its parts, published in different reports: all customers and those of one kind, a
quarter and its months.

What anyone can reckon from several reports nobody published as such: the whole less some of its
parts is the rest of it.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from genlib.disclosure.figures import CROWD, by_place, name_of
from genlib.disclosure.keys import END, HEAD
from genlib.disclosure.ledger import Past
from genlib.disclosure.near import moves
from genlib.disclosure.policy import Policy
from genlib.disclosure.sketch import WIDTH, WORD, Words, people_in, words
from genlib.disclosure.stocks import WINDOW, stocks, windows
from genlib.disclosure.ties import MEMBERS, RESTS, Ties, anything, no_ties
from genlib.period import UNITS

CUT = "^(kind|region|campaign)=(?:!|[^o!]|o[^t])"
"""What a report can be narrowed to, or to all others ("region=!06"); not the small ones that a
table put together ("others+...")."""
APART = "^(kind|region)"
"""Such that nobody is in two parts."""
STEPS = {length: unit for unit, length in UNITS.items() if unit != "year"}
"""What a longer time is made of."""
FIGURE = ("name", "value", "low", "kind", "people", "first", "second", "heads", "adds", "sketch")


def families(own: pl.DataFrame, past: Past, policy: Policy) -> Ties:
    """Each whole with the parts of it that are published now or were before, where one of them is
    published now, and what they leave of it. A rest that tells of too few people has needs; one
    that nobody could work out anything from is left out."""
    pool = _pool(own, past.figures)
    members = _with(_members(pool), windows(pool))
    known = pl.concat([own["name"], past.variables["name"]]).implode()
    return (_tied(members, known, policy) if members.height else no_ties()).and_(
        stocks(pool, policy)
    )


def _tied(members: pl.DataFrame, known: pl.Series, policy: Policy) -> Ties:
    rests = _rests(members, policy).filter(
        (pl.col("up") + pl.col("down") > 0) | (pl.col("people") == 0) | pl.col("name").is_in(known)
    )
    told = members.join(rests, on="tie", how="semi", maintain_order="left").select(MEMBERS.keys())
    return Ties(told, rests.filter(pl.col("people") > 0).select(RESTS.keys()))


def _with(members: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame:
    later = moved.with_columns(pl.col("tie") + (members["tie"].max() or 0) + 1)
    return pl.concat([members, later.select(members.columns)])


def _pool(own: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
    """All figures by their places, the newest of each name: of the past those that could be of a
    family with one of ours."""
    told = own.with_columns(day=pl.lit(None, pl.Date), own=pl.lit(True), apart=pl.col("cell") < 0)
    sides = [told, old.with_columns(own=pl.lit(False), apart=pl.lit(True))]
    columns = (*FIGURE, "measure", "day", "own", "apart", "places")
    placed = [by_place(side.select(columns)) for side in sides]
    ours = placed[0].select(pl.col("group").str.split(HEAD).list.first()).to_series().unique()
    past = placed[1].filter(pl.col("group").str.split(HEAD).list.first().is_in(ours.implode()))
    listed = pl.concat([past, placed[0]]).unique(
        ["name", "group", "measure", "start", "end"], keep="last", maintain_order=True
    )
    return listed.with_columns(stepped=pl.col("stem") != pl.col("group"))


def _members(pool: pl.DataFrame) -> pl.DataFrame:
    """The figures of each `tie` with their `sign`: a whole, and parts of it of one `way` of
    dividing it."""
    slot = ["group", "measure", "start", "end"]
    wholes = (
        pool.sort("own", "day", maintain_order=True)
        .unique(slot, keep="last", maintain_order=True)
        .with_row_index("whole")
    )
    told = {f"whole_{name}": name for name in ("start", "end", "months", "day", "stepped")}
    near = wholes.select("whole", "group", "measure", **told)
    inside = (pl.col("start") >= pl.col("whole_start")) & (pl.col("end") <= pl.col("whole_end"))
    timeless = pl.col("start").is_null() & pl.col("whole_start").is_null()
    moved = (
        ~pl.col("stepped") & ~pl.col("whole_stepped") & (pl.col("months") == pl.col("whole_months"))
    )  # the last years, of another month
    cut = (
        _cuts(pool)
        .join(near, on=["group", "measure"])
        .with_columns(within=(inside | timeless).fill_null(False))
    )
    cut = cut.filter(
        pl.col("within") | (moved & ~pl.col("within").any().over("name", "way", "part"))
    )
    longer = pl.col("months") < pl.col("whole_months")
    step = pl.col("months").replace_strict(STEPS, default=None, return_dtype=pl.String)
    dated = pool.join(near.filter(pl.col("whole_months").is_in((3, 12))), on=["group", "measure"])
    timed = (
        dated.filter(inside, longer)
        .with_columns(way=step, part=pl.col("start").cast(pl.String))
        .drop_nulls("way")
    )
    same = (pl.col("day") == pl.col("whole_day")).fill_null(False)
    parts = pl.concat([cut.select(timed.columns), timed]).with_columns(
        same=same, inside=inside.fill_null(True)
    )
    parts = parts.sort("own", "inside", "months", "same", "day", maintain_order=True)
    parts = parts.unique(["whole", "way", "part"], keep="last", maintain_order=True).sort(
        "whole", "way", "part"
    )
    return _ties(wholes, parts)


def _cuts(pool: pl.DataFrame) -> pl.DataFrame:
    """Each figure that is narrowed, once for each way: `group` is then that of the whole."""
    base, where = (pl.col("group").str.split(HEAD).list.get(place) for place in (0, 1))
    parts = where.str.split(END)
    narrowed = (
        pool.with_columns(base=base, parts=parts, part=parts)
        .explode("part")
        .filter(pl.col("part").str.contains(CUT))
    )
    rest = pl.col("parts").list.set_difference(pl.concat_list("part")).list.sort().list.join(END)
    cut = narrowed.with_columns(
        group=pl.concat_str("base", pl.lit(HEAD), rest), way=pl.col("part").str.extract(CUT)
    )
    others = pl.col("part").str.contains("=!", literal=True)
    parted = pl.col("part").str.replace("=!?", "!")
    left = cut.with_columns(way=parted).filter(
        pl.col("way").is_in(cut.filter(others).select(parted).to_series().implode())
    )
    return pl.concat([cut.filter(~others), left])


def _ties(wholes: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    tied = parts.with_columns(tie=pl.struct("whole", "way").rank("dense").cast(pl.Int64) - 1)
    whole = (
        tied.select("tie", "whole", "way")
        .unique(maintain_order=True)
        .join(wholes, on="whole", maintain_order="left")
    )
    columns = ("tie", "way", "own", "apart", "inside", *FIGURE)
    both = [
        side.select(*columns, sign=pl.lit(sign, pl.Int64))
        for side, sign in ((whole.with_columns(inside=pl.lit(True)), 1), (tied, -1))
    ]
    listed = pl.concat(both).sort("tie", "sign", descending=[False, True], maintain_order=True)
    net = pl.col("sign").sum().over("tie", "name")
    kept = listed.filter(net == pl.col("sign"))  # a part that is the whole itself leaves nothing
    ours, others = (
        pl.col("own").any().over("tie"),
        pl.col("apart").any().over("tie"),
    )  # what one table tells, it says itself
    return kept.filter(
        ours, others, pl.len().over("tie") > 1, (pl.col("sign") == 1).any().over("tie")
    )


def _rests(members: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """What the parts leave of each whole: one row a tie, with its name, the number of its `people`
    and the moves that it needs."""
    whole = pl.col("sign") == 1
    part = pl.col("sign") == -1
    apart = pl.col("way").first().str.contains(APART)
    top = {name: pl.col(name).filter(whole).first() for name in ("first", "second", "low")}
    most = pl.col("first").filter(part).max()
    rests = members.group_by("tie", maintain_order=True).agg(
        **top,
        difference=(pl.col("value") * pl.col("sign")).sum(),
        kind=pl.col("kind").first(),
        heads=pl.col("heads").all(),
        inside=pl.col("inside").all(),
        adds=(pl.col("way").first() != WINDOW)
        & (
            apart
            | (pl.col("kind").first() != "people")
            | (pl.col("adds").all() & pl.col("way").first().is_in(STEPS.values()))
        ),
        known=pl.col("sketch").is_not_null().all(),
        passed=apart
        & (
            most == top["first"]
        ),  # the largest part of the whole is in one of the parts, unless two are as large
    )
    lines = _left(members, rests)
    counted = (
        pl.when("known")
        .then(pl.Series(people_in(lines), dtype=pl.Int64))
        .otherwise(pl.col("difference").abs())
    )
    crowds = pl.Series(
        [
            name_of(line.tobytes()) if many >= CROWD else 0
            for line, many in zip(lines, people_in(lines), strict=True)
        ],
        dtype=pl.UInt64,
    )
    rests = rests.with_columns(people=counted, name=crowds).filter(
        pl.col("known") | (pl.col("heads") & pl.col("adds"))
    )
    small = moves(
        rests.filter(pl.col("people").is_between(1, policy.min_count - 1)).with_columns(
            apart="people"
        ),
        policy,
    )
    asked = (
        pl.concat([small.select("tie", "up", "down"), _dominated(rests, policy)])
        .group_by("tie")
        .agg(pl.col("up", "down").max())
    )
    whole = (
        pl.when(pl.col("people") < policy.min_count)
        .then(pl.col("difference") >= pl.col("people"))
        .otherwise(pl.col("difference") >= 0)
    )
    low = (
        pl.when("adds", "inside", whole).then("low").otherwise(anything())
    )  # else somebody came or left between the reports
    told = rests.join(asked, on="tie", how="left", maintain_order="left").with_columns(
        pl.col("up", "down").fill_null(0), low=low
    )
    return told.with_columns(value="difference")


def _left(members: pl.DataFrame, rests: pl.DataFrame) -> Words:
    """The sketches of what is left, nothing where some are not known."""
    drawn = members.filter(pl.col("sketch").is_not_null().all().over("tie"))
    place = drawn.join(
        rests.select("tie").with_row_index("place"), on="tie", maintain_order="left"
    )["place"].to_numpy()
    lines = np.zeros((rests.height, WIDTH), WORD)
    np.add.at(lines, place, words(drawn["sketch"]) * drawn["sign"].to_numpy().astype(WORD)[:, None])
    return lines


def _dominated(rests: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Rests of money in which one may have nearly all, as far as the largest of whole and parts
    tell: p% of it less what others blur."""
    value = pl.col("difference")
    first = pl.min_horizontal(pl.when("passed").then("second").otherwise("first"), value)
    second = pl.min_horizontal("second", value - first, first)
    owed = (policy.p * first + 99) // 100 - (value - first - second)
    money = rests.filter(
        pl.col("kind") == "money", pl.col("adds"), value > 0, pl.col("people") > 0
    ).with_columns(owed=owed)
    return money.filter(pl.col("owed") > 0).select("tie", up="owed", down="owed")
