"""What nobody published and anyone can reckon: a whole as the sum of its parts, a part as the whole less the others.

Parts and whole may come from different reports of different days, so that what is reckoned is nobody's cell exactly; a new cell must not be
a few people away from it.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from genlib.disclosure.keys import END, HEAD
from genlib.disclosure.sketch import words

CUT = "^(kind|region)="
"""What a report can be narrowed to, such that the parts are of different people and together are the whole."""
MEMBER = ("family", "day", "figures", "sketch")


def implied(old: pl.DataFrame) -> pl.DataFrame:
    """Such cells of those published: `day`, `stems` (none), `people`, `figures` and `sketch`, each of the last that was told of every part
    and whole: the sum of two parts or more, the whole less its parts, and the whole less all but one."""
    told = old.filter(pl.col("sketch").is_not_null()).select("day", "figures", "sketch", stem="stems").explode("stem")
    told = told.sort("day", maintain_order=True).unique("stem", keep="last", maintain_order=True)
    parts = _parts(told)
    wholes = parts.select("family", stem="whole").unique(maintain_order=True).join(told, on="stem").select(*MEMBER)
    rest = _combined([(wholes, 1), (parts.join(wholes, on="family", how="semi").select(*MEMBER), -1)])
    several = parts.filter(pl.len().over("family") > 1).select(*MEMBER)
    numbered = several.with_columns(one=pl.int_range(pl.len(), dtype=pl.UInt32))
    left = numbered.select("family", "one").join(rest, on="family").select(*MEMBER, "one")
    there = numbered.join(left, on="one", how="semi").select(*MEMBER, "one")
    but_one = _combined([(side.select("day", "figures", "sketch", family="one"), 1) for side in (left, there)])
    made = pl.concat([_combined([(several, 1)]), rest, but_one]).filter(pl.col("people") > 0)
    return made.select("day", "people", "figures", "sketch", stems=pl.lit([], pl.List(pl.String)))


def _parts(told: pl.DataFrame) -> pl.DataFrame:
    """The cells that are parts, `family` numbering those of one whole, whose stem is `whole`."""
    named = told.with_columns(pl.col("stem").str.split(HEAD).list.to_struct(fields=["population", "where"])).unnest("stem")
    split = named.with_columns(pl.col("where").str.split(END)).with_columns(part="where").explode("part")
    cut = split.filter(pl.col("part").str.contains(CUT))
    rest = pl.col("where").list.set_difference(pl.concat_list("part")).list.sort().list.join(END)
    whole = pl.concat_str("population", pl.lit(HEAD), rest)
    return cut.with_columns(whole=whole).with_columns(family=pl.struct("whole", pl.col("part").str.extract(CUT)).rank("dense"))


def _combined(sides: list[tuple[pl.DataFrame, int]]) -> pl.DataFrame:
    """One cell a family: its members added up with their signs, of the people who are in an odd number of them."""
    members = pl.concat([side.with_columns(sign=pl.lit(sign)) for side, sign in sides]).sort("family")
    first = members.with_row_index().unique("family", keep="first", maintain_order=True)["index"].to_numpy()
    crossed = np.bitwise_xor.reduceat(words(members["sketch"]), first) if len(first) else np.zeros((0, 1), np.uint64)
    each = members.group_by("family", maintain_order=True).agg(pl.len().alias("members"), pl.col("day").max())
    each = each.with_columns(sketch=pl.Series([line.tobytes() for line in crossed], dtype=pl.Binary))
    figures = (
        members.explode("figures")
        .unnest("figures")
        .group_by("family", "measure")
        .agg((pl.col("value") * pl.col("sign")).sum(), known=pl.len())
    )
    figures = figures.join(each, on="family").filter(pl.col("known") == pl.col("members")).sort("family", "measure")
    people = pl.col("value").filter(pl.col("measure") == "people").first()
    told = figures.group_by("family", maintain_order=True).agg(people.alias("people"), figures=pl.struct("measure", "value"))
    return told.join(each, on="family").select(*MEMBER, "people")
