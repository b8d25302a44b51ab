"""Recommendation: promoters and detractors among those invited, wave by wave and group by group.

Everyone invited stands in one cell: `complete` (gave a score: promoter, passive or detractor),
`unscored` (answered nothing, or something else only) or `undelivered`. So scores and response rates
have one base in every table:

    response_rate = complete / everyone invited        (AAPOR Standard Definitions, RR1)
    of_reached    = complete / (everyone invited - undelivered)

Of 100 invited 30 gave a score, 60 did not, and 10 messages bounced: response_rate .30, of_reached
30/90 = .33; none where the undelivered are told together with others. Those who answered something
without a score are not told apart (RR2 would add them): they are few, so two rates beside each
other would tell of them.

Who is invited to several surveys counts once, with the latest of them, so that a rate does not
depend on how many surveys there were; who is invited to one survey several times, with the
invitation that came furthest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import PEOPLE, Cells, Dimension, Figure, Measure, Tables
from genlib.disclosure.population import Population
from genlib.metrics import intervals
from genlib.metrics.intervals import interval
from genlib.metrics.invitations import ATTRIBUTES, read_asked
from genlib.metrics.ladders import by_attribute
from genlib.metrics.lookup import at, least, on_total
from genlib.metrics.names import metric
from genlib.metrics.population import complete, count_lately, tabulated
from genlib.metrics.rates import Nps, Rate, Share, balanced_nps
from genlib.metrics.rows import Rows, case, collect, lazy
from genlib.metrics.survey_rounds import (
    BY_WAVE,
    LOOK_BACK,
    SPANS,
    read_rounds,
)
from genlib.period import Period

GROUPS = {"promoter": range(9, 11), "passive": range(7, 9), "detractor": range(7)}
GROUPED = (*ATTRIBUTES, "channel", "complained")
"""What those invited are told by."""
BY_GROUP = Dimension(
    "group",
    parents=("outcome",),
    ladder=({"undelivered": "unscored"},),
    is_subject=True,
    sensitive=True,
)
"""Promoters, passives and detractors, and those who gave no score; then those whom no message
reached among these."""
BALANCE = Measure("balance", "balance")
"""Promoters less detractors."""
SCORED = ("complete",)
UNREACHED = ("undelivered",)


@metric(by=SPANS)
def waves(
    release: Tables,
    period: Period,
    *,
    by: str = "wave",
    months: int = LOOK_BACK,
    kind: str = "all",
) -> Cells:
    """Everyone invited in each wave (month in which the survey opened), by group within outcome;
    `nps`, `response_rate`, `of_reached` and `open_days` on the wave. By `round`: in each month,
    quarter or year, as the period is, all its surveys together."""
    invited, word, open_days = read_rounds(release, period, by, months)
    return _scores_by(
        release,
        invited,
        BY_WAVE,
        count_lately(f"invited by {word}", period, months, kind=kind),
        Rate("of_reached", "outcome", SCORED, besides=UNREACHED, finer=("group",)),
        open_days,
    )


def months_of(period: Period) -> int:
    """Of how many months the tables without a time are: of a quarter or a year its own, of a month
    the last twelve, since one survey is too few people for groups."""
    return 12 if period.length == 1 else period.length


@metric(by=GROUPED)
def nps_by(
    release: Tables,
    period: Period,
    *,
    by: str = "age_band",
    months: int | None = None,
    kind: str = "all",
) -> Cells:
    """Everyone invited in the period (of a month, in the last twelve), by `age_band`, `region`,
    `language`, `kind`, `channel` or `complained` (a complaint in the 90 days before), and by group
    within outcome; `nps` and `response_rate` with intervals."""
    asked, population = _ask(release, period, months, kind)
    return _groups_by(release, asked, by, population)


@metric(by=GROUPED)
def group_tables(
    release: Tables, period: Period, *, by: Mapping[str, str], kind: str = "all"
) -> dict[str, Cells]:
    """`nps_by` for several dimensions, given by the names of their tables; whom it asks is counted
    once."""
    asked, population = _ask(release, period, None, kind)
    once = lazy(collect(asked))
    return {name: _groups_by(release, once, column, population) for name, column in by.items()}


def _ask(release: Tables, period: Period, months: int | None, kind: str) -> tuple[Rows, Population]:
    """Everyone invited in the period (of a month, in the last twelve), and whom that is."""
    length = months or months_of(period)
    population = count_lately("asked", period, length, kind=kind)
    return read_asked(release, period, length), population


def _groups_by(release: Tables, asked: Rows, by: str, population: Population) -> Cells:
    return _scores_by(release, asked, by_attribute(by), population, Balanced(by), among=by)


def _scores_by(
    release: Tables,
    asked: Rows,
    by: Dimension,
    population: Population,
    *more: Figure,
    among: str = "",
) -> Cells:
    """By a dimension and by group within outcome; codes of `among` are compared with all others."""
    rate = Rate("response_rate", "outcome", SCORED, finer=("group",), among=among)
    levels = (by, BY_GROUP)
    share = Share(("group",))
    figures: tuple[Figure, ...] = (share, Nps(among=among), rate, *more)
    return tabulated(release, asked, levels, population, *figures, person="person")


@metric()
def standing(
    release: Tables, period: Period, *, months: int | None = None, kind: str = "all"
) -> Cells:
    """The people of `nps_by` by outcome, with the `balance` of those who gave a score: so their
    `nps` is told where there are too few promoters or detractors to tell these."""
    asked, population = _ask(release, period, months, kind)
    sides = {1: nw.col("group") == "promoter", -1: nw.col("group") == "detractor"}
    return tabulated(
        release,
        asked.with_columns(balance=case(sides, 0)),
        (Dimension("outcome", is_subject=True),),
        population,
        Rate("response_rate", "outcome", SCORED),
        balanced_nps,
        measures=(PEOPLE, BALANCE),
        person="person",
    )


@metric()
def scores(
    release: Tables, period: Period, *, months: int | None = None, kind: str = "all"
) -> Cells:
    """The people of `nps_by` by score (-1: none given): `share` of those who gave one; take the
    rows where outcome is complete."""
    places = [(score, group, "complete") for group, values in GROUPS.items() for score in values]
    by = (Dimension("score", parents=("group", "outcome"), is_subject=True, sensitive=True),)
    asked, population = _ask(release, period, months, kind)
    figures = (Share(("score", "group")), Nps(finer=("score",)))
    cells = tabulated(release, asked, by, population, *figures, person="person")
    schema = ["score", "group", "outcome"]
    places.append((-1, "unscored", "unscored"))
    return complete(cells, pl.DataFrame(places, schema=schema, orient="row"))


@dataclass(frozen=True)
class Balanced:
    """Net promoter score as if each group of `by` had answered as often as all (post-stratified by
    those asked), on the row of the total: `nps_balanced` with its Wald interval. Null if a group is
    hidden or has under ten answers."""

    by: str

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        counted = frame.with_columns(
            promoter=at(frame, "people", {"group": "promoter"}, ("outcome",)),
            detractor=at(frame, "people", {"group": "detractor"}, ("outcome",)),
            n=at(frame, "people", {"group": None, "outcome": "complete"}),
        )
        groups = counted.filter(on_total("group", "outcome"), pl.col(self.by).is_not_null())
        columns = groups.select("people", "promoter", "detractor", "n")
        firm = columns.drop_nulls().filter(pl.col("n") >= least(frame))
        is_whole = 0 < firm.height == groups.height
        value, error = self._estimate(firm) if is_whole else (None, 0.0)
        margin = intervals.z() * error
        ends = interval("nps_balanced", 0.0, (-margin, margin))
        here = on_total("group", "outcome", self.by)
        score = pl.when(here).then(pl.lit(value, pl.Float64))
        return frame.with_columns((score + end).alias(name) for name, end in ends.items())

    def _estimate(self, groups: pl.DataFrame) -> tuple[float, float]:
        """The weighted score and its standard error."""
        scores, errors = intervals.nps(groups["promoter"], groups["detractor"], groups["n"])
        weights = groups["people"] / groups["people"].sum()
        variance = ((weights * errors) ** 2).sum()
        return (weights * scores).sum(), sqrt(variance)
