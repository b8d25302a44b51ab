"""Tables that are told code by code: they make no sense in coarser groups, so codes are left out.

Example: of the answers to three questions one was given by 3 people; the question is left out, and
the other two are told.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from genlib.disclosure.cells import Cells
from genlib.disclosure.faults import find_near, judge_measures
from genlib.disclosure.policy import Policy


def keep_safe_codes(cells: Cells, policy: Policy, earlier: pl.DataFrame) -> Cells:
    """The cells of the codes none of which is unsafe, nor a near twin of one of another code or of
    an earlier table; and which together leave no few people of an earlier whole.

    Example: of the answers to three questions one was given by 3 people; the question is left out,
    and the other two are told.
    """
    unsafe = [
        cells.occupied.filter(pl.lit(judgements["reason"]).is_not_null())[cells.apart]
        for judgements in judge_measures(cells, policy)
    ]
    safe = _leave_out_codes(cells, pl.concat(unsafe))
    near = find_near(safe, policy, earlier)
    if near.is_empty():
        return safe
    return _leave_out_few(_leave_out_codes(safe, near["part"].drop_nulls()), policy, earlier)


def _leave_out_few(cells: Cells, policy: Policy, earlier: pl.DataFrame) -> Cells:
    """Without the smallest code after which the others leave no few people of an earlier whole; if
    there is none, without the smallest and then another; all of them, if none need go.

    Example: all campaigns together had 12 buyers, and two of three had 5 each, so the third had 2:
    one of the two is left out.
    """
    if find_near(cells, policy, earlier).is_empty():
        return cells
    sizes = cells.frame.group_by(cells.apart).agg(pl.col("people").max())
    codes = sizes.sort("people", cells.apart)[cells.apart]
    without = [_leave_out_codes(cells, codes[[place]]) for place in range(len(codes))]
    helped = (one for one in without if find_near(one, policy, earlier).is_empty())
    return next(helped, None) or _leave_out_few(without[0], policy, earlier)


def _leave_out_codes(cells: Cells, codes: pl.Series) -> Cells:
    if codes.is_empty():
        return cells
    is_left = ~pl.col(cells.apart).cast(pl.String).is_in(codes.cast(pl.String).implode())
    return replace(cells, frame=cells.frame.filter(is_left), left_out="some")
