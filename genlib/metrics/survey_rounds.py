"""Rounds: which surveys a report is of, what they are compared with, and which are still open.

A month tells the latest survey; a quarter with three monthly surveys tells them all together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from genlib.disclosure.cells import Dimension, Figure, Tables
from genlib.metrics.invitations import read_invitations, read_invited, take_latest
from genlib.metrics.lookup import attach_columns
from genlib.metrics.names import metric
from genlib.metrics.population import lately
from genlib.metrics.rows import Rows, beginning, collect, lazy, rows
from genlib.period import Period

SPANS = ("wave", "round")
NEVER = date(2001, 1, 1)
"""A month of which no table has a row."""
BY_WAVE = Dimension("wave", total=False, is_page=True)
LOOK_BACK = 24
"""Months of surveys that are told side by side."""


@dataclass(frozen=True)
class Rounds:
    """What a report is of and what that is compared with, as values of dimension `wave` in
    `waves(by="round")`. `before` is a month without rows where nothing may be compared: a survey of
    either is still open, or the period is not over."""

    this: date
    before: date
    is_open: bool


@metric()
def survey_rounds(release: Tables, period: Period, *, comparison: str = "previous") -> Rounds:
    """The round of a report. A month tells the latest survey up to its end, beside the survey
    before it or (`year_ago`) that of a year before; a quarter or a year tells all its surveys
    together, beside those of the period before it or of a year before."""
    surveys = read_spans(release, period)
    find = _find_surveys if period.length == 1 else _find_periods
    this, before = find(surveys, period, is_year_ago=comparison == "year_ago")
    unfinished = surveys.drop_nulls("open_days")["place"].to_list()
    is_over = period.length == 1 or _last_day(release, period) >= period.end
    is_comparable = is_over and not {this, before} & {*unfinished}
    return Rounds(this, before if is_comparable else NEVER, this in unfinished)


def _find_surveys(
    surveys: pl.DataFrame, _period: Period, *, is_year_ago: bool
) -> tuple[date, date]:
    """The latest survey, and the one before it or that of a year before.

    >>> surveys = pl.DataFrame({"place": [date(2026, 4, 1), date(2026, 10, 1)]})
    >>> this, before = _find_surveys(surveys, Period.parse("2026-10"), is_year_ago=False)
    >>> this.isoformat(), before.isoformat()
    ('2026-10-01', '2026-04-01')
    """
    places = [NEVER, NEVER, *surveys["place"].unique().sort()]
    before, this = places[-2:]
    if is_year_ago:
        before = this.replace(year=this.year - 1)
    return this, before


def _find_periods(surveys: pl.DataFrame, period: Period, *, is_year_ago: bool) -> tuple[date, date]:
    """The surveys of the period, and those of the one before it or of a year before.

    Example: of the third quarter those of the second, or those of the third a year before.
    """
    earlier = period.year_ago() if is_year_ago else period.previous()
    places = dict(surveys.select("round", "place").rows())
    return places.get(period.start, NEVER), places.get(earlier.start, NEVER)


def read_spans(release: Tables, period: Period) -> pl.DataFrame:
    """One row a survey and round: its `wave` (the month in which it was opened), its `round` (the
    month, quarter or year of the invitations, as the period is), `place` (its round, or its wave
    where each round is one survey: then both are the same people and bear the same name), and
    `open_days` (for how long it has been open; null: it is closed)."""
    invited = read_invitations(release).filter(lately("sent_on", period, LOOK_BACK))
    spans = invited.select("survey", "wave", round=beginning("sent_on", period.unit)).unique()
    surveys = collect(rows(release, "survey").select("survey", "opened_on", "closed_on"))
    named = collect(spans).join(surveys, on="survey").sort("round", "wave", "survey")
    is_same = _is_one_survey_a_round(named, period)
    by_survey = period.length == 1 or is_same
    today = _last_day(release, period)
    is_open = pl.col("closed_on").is_null() | (pl.col("closed_on") >= today)
    days = (pl.lit(today) - pl.col("opened_on")).dt.total_days()
    return named.select(
        "survey",
        "wave",
        "round",
        place=pl.col("wave" if by_survey else "round"),
        open_days=pl.when(is_open).then(days),
    )


def _is_one_survey_a_round(surveys: pl.DataFrame, period: Period) -> bool:
    """Whether each round has the invitations of one wave, which was opened in it and has no
    others.

    >>> opened = [date(2026, 1, 1), date(2026, 4, 1)]
    >>> surveys = pl.DataFrame({"round": opened, "wave": opened})
    >>> _is_one_survey_a_round(surveys, Period.parse("2026-Q2"))
    True
    """
    pairs = surveys.select("round", "wave").unique()
    opened = collect(lazy(pairs).select("round", opened=beginning("wave", period.unit)))
    is_paired = pairs.height == pairs["round"].n_unique() == pairs["wave"].n_unique()
    return is_paired and opened["round"].equals(opened["opened"])


def _last_day(release: Tables, period: Period) -> date:
    """The day of the release: up to it answers are known. Frames that are no release are known up
    to the period's end."""
    manifest = getattr(release, "manifest", None)
    return manifest.published_on if manifest else period.end


def choose_span(spans: pl.DataFrame, by: str) -> str:
    """What `wave` is in a table: each survey ("wave"), or its "round" where that is something
    else.

    >>> spans = pl.DataFrame({"place": [date(2026, 7, 1)], "wave": [date(2026, 8, 1)]})
    >>> choose_span(spans, "round"), choose_span(spans, "wave")
    ('round', 'wave')
    """
    is_same = by == "wave" or spans["place"].equals(spans["wave"])
    return "wave" if is_same else "round"


def read_rounds(release: Tables, period: Period, by: str, months: int) -> tuple[Rows, str, Figure]:
    """The latest invitation of each person in each wave or round, as the table shows it in `wave`;
    what one of these is called, wave or month, quarter or year; and the figure of its
    `open_days`."""
    spans = read_spans(release, period)
    span = choose_span(spans, by)
    invited = read_invited(release, period, months)
    word = "wave"
    if span == "round":
        invited = invited.with_columns(wave=beginning("sent_on", period.unit))
        word = period.unit
    return take_latest(invited, "wave"), word, _attach_open_days(spans, span)


def _attach_open_days(spans: pl.DataFrame, span: str) -> Figure:
    """`open_days` of a survey that is still open."""
    places = spans.select("open_days", wave=span)
    return attach_columns("wave", places.group_by("wave").agg(pl.col("open_days").min()))
