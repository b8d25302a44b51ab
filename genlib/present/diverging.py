"""Answers to both sides of the middle one: where each begins and ends in the picture.

Of 10 answers 1 to 5, two each, the middle ones lie from -.10 to .10, the highest from .30 to
.50."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from genlib.present import theme
from genlib.present.plot import Plot
from genlib.present.theme import color as tone

MIN_BASE = 10
"""On fewer people no percentage."""


def lay_out_answers(plot: Plot) -> Plot:
    """Each answer from `low` to `high`, zero being the middle of the middle answer."""
    levels = list(plot.series)
    left = _list_parts_left(levels)
    frame = _place_answers(_share_answers(plot), left)
    shares = [plot.words.figure(share, "percent", 0) for share in frame["share"]]
    tips = [
        f"{place} · {level}: {text}"
        for place, level, text in zip(frame["place"], frame["series"], shares, strict=True)
    ]
    answers = frame.with_columns(
        pl.Series("text", shares, dtype=pl.String),
        pl.Series("tip", tips),
    )
    agreeing = [level for level, part in left.items() if part == 0]
    return replace(plot, frame=answers, places=_order_by_approval(frame, agreeing))


def _list_parts_left(levels: list[str]) -> dict[str, float]:
    """Which part of each answer lies left of zero: all of the low ones, half of the middle one."""
    middle = (len(levels) - 1) / 2
    parts: dict[str, float] = {}
    for place, level in enumerate(levels):
        if place == middle:
            parts[level] = 0.5
        else:
            parts[level] = 1.0 if place < middle else 0.0
    return parts


def _share_answers(plot: Plot) -> pl.DataFrame:
    """The rows with the `share` of each answer, its `tone` and its `ink`; no share where an answer
    is hidden or the people are few."""
    levels = list(plot.series)
    names = dict(zip(levels, theme.LIKERT.get(len(levels), theme.LIKERT[5]), strict=False))
    tones = {level: tone(name) for level, name in names.items()}
    dark = {"brick", "teal"}
    inks = {level: tone("paper" if name in dark else "night") for level, name in names.items()}
    whole = pl.col("value").sum().over("place")
    is_safe = ~pl.col("hidden").any().over("place") & (whole >= MIN_BASE)
    return plot.frame.with_columns(
        hidden=~is_safe,
        share=pl.when(is_safe).then(pl.col("value") / whole),
        tone=pl.col("series").replace_strict(tones),
        ink=pl.col("series").replace_strict(inks),
    )


def _place_answers(shares: pl.DataFrame, left: dict[str, float]) -> pl.DataFrame:
    """The rows with the ends `low` and `high` of each answer."""
    share = pl.col("share")
    end = share.cum_sum().over("place")
    offset = (share * pl.col("series").replace_strict(left)).sum().over("place")
    return shares.with_columns(low=end - share - offset, high=end - offset)


def _order_by_approval(shares: pl.DataFrame, agreeing: list[str]) -> list[str]:
    """The questions, that with most approval first and those without shares last."""
    approval = pl.col("share").filter(pl.col("series").is_in(agreeing)).sum()
    if_whole = pl.when(pl.col("share").null_count() == 0).then(approval)
    questions = shares.group_by("place", maintain_order=True).agg(approval=if_whole)
    ordered = questions.sort("approval", descending=True, nulls_last=True, maintain_order=True)
    return ordered["place"].to_list()
