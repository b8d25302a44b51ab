"""Who is left over: those of a group that are in no part that is told. They are a group too, and
too few of them are as unsafe as too few in a cell.

Example: of 10 customers 8 answered. The 2 who did not are 10 - 8, which nobody shows and anybody
can work out.
"""

from __future__ import annotations

import polars as pl

from genlib.disclosure.draft import Draft, free_few


def list_groups(draft: Draft) -> pl.DataFrame:
    """Group disclosure: those of a shown group who are not in a sensitive part of it, where they
    are fewer than the threshold. All of them: which are unsafe must not show in the structure.

    Example: of 20 in a village 18 are refused; the other 2 must be free to be 5, so `up` is 3.
    """
    is_people = (pl.col("kind") == "people") & ~pl.col("virtual_parent")
    pairs = draft.links.filter("sensitive", is_people).select("whole", "part")
    has_group = draft.look_up("value", "whole") >= draft.least
    has_part = draft.look_up("value", "part") > 0
    missing = draft.least - pl.col("value")
    is_unsafe = has_group & has_part & (missing > 0)
    return draft.measure_rests(pairs).with_columns(
        cell=draft.look_up("cell", "part"),
        up=pl.when(is_unsafe).then(missing).otherwise(0),
        down=0,
    )


def list_complements(draft: Draft) -> pl.DataFrame:
    """Those of a base who are not in the part that a share is made of (`Measure.of`).

    Example: 8 answered of 10 asked; the other 2 must be free to be 5 or 1.
    """
    parts = draft.figures.drop_nulls("of").select("_label", "of", "_cell", part="same")
    bases = draft.figures.select("_label", of="measure", whole="same")
    pairs = parts.join(bases, on=["_label", "of"]).rename({"_cell": "cell"})
    return free_few(draft.measure_rests(pairs), draft.least)
