"""Why a contact was allowed or not, as far as a release may tell: the act of will that decided it,
and what would have made it allowed.

An act is told by its kind, its scope and its days. The way it came is told only if the acts of at
least k people came that way: whoever writes "to the driver, on the doorstep" is alone with it.

Example, with k = 5: the prohibitions of 40 people came by `web` and one by `fax`; the one is told
as `other`.
"""

from __future__ import annotations

import polars as pl
from polars import col

from genlib.permission import Judge, find_acts
from genlib.register.acts import WAY

WHY = ("act", "act_scope", "act_given_on", "act_ended_on", "act_via", "remedy", "open_channel")
OTHER = "other"


def hide_rare_ways(acts: pl.DataFrame, *, k: int) -> pl.DataFrame:
    """The acts, with `other` for a way by which fewer than k people's came."""
    people = col("customer_id").n_unique().over(WAY)
    is_common = (people >= k) | col(WAY).is_null()
    return acts.with_columns(pl.when(is_common).then(WAY).otherwise(pl.lit(OTHER)).alias(WAY))


def explain_verdicts(contacts: pl.DataFrame, acts: pl.DataFrame, judge: Judge) -> pl.DataFrame:
    """The columns `WHY` of judged contacts (customer_id, channel, kind, sent_at, reason), days in
    the company's time zone."""
    decided = find_acts(contacts, acts, switches=judge.switches, time_zone=judge.time_zone)
    days = decided.with_columns(
        act_given_on=_day("act_given", judge.time_zone),
        act_ended_on=_day("act_ended", judge.time_zone),
    )
    remedies = judge.find_remedies(contacts)
    return pl.concat([days, remedies], how="horizontal").select(WHY)


def _day(second: str, time_zone: str) -> pl.Expr:
    instant = pl.from_epoch(col(second), time_unit="s").dt.replace_time_zone("UTC")
    return instant.dt.convert_time_zone(time_zone).dt.date()
