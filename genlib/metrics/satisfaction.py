"""Satisfaction: what customers answer, who answers, and what a complaint costs. Each function for a
report gives `Cells`.

Everyone invited stands in one cell: `complete` (gave a score: promoter, passive or detractor),
`unscored` (answered nothing, or something else only) or `undelivered`. So scores and response rates
have one base in every table:

    response_rate = complete / everyone invited        (AAPOR Standard Definitions, RR1)
    of_reached    = complete / (complete + unscored)

Of 100 invited 30 gave a score, 60 did not, and 10 messages bounced: response_rate .30, of_reached
30/90 = .33. Those who answered something without a score are not told apart (RR2 would add them):
they are few, so two rates beside each other would tell of them.

Who is invited to several surveys counts once, with the latest of them, so that a rate does not
depend on how many surveys there were; who is invited to one survey several times, with the
invitation that came furthest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Figure, Measure, Tables
from genlib.disclosure.ladder import join_smallest
from genlib.disclosure.population import Population, narrow_to
from genlib.disclosure.slices import SLICE
from genlib.errors import BadInput, UsageError
from genlib.metrics import intervals, rates, surveys
from genlib.metrics.intervals import Estimate, interval
from genlib.metrics.ladders import by_attribute
from genlib.metrics.lookup import at, attach_columns, least, on_total
from genlib.metrics.names import metric
from genlib.metrics.population import (
    OPTIONAL,
    Form,
    check_covered,
    complete,
    count_lately,
    lately,
    tabulated,
    with_slices,
)
from genlib.metrics.rates import Nps, Rate, Share
from genlib.metrics.rows import Rows, beginning, case, collect, day_number, lazy, rows
from genlib.period import Period

NPS, LIKERT, EFFORT = "nps_0_10", "likert_1_5", "ces_1_7"
GROUPS = {"promoter": range(9, 11), "passive": range(7, 9), "detractor": range(7)}
ATTRIBUTES = ("kind", "age_band", "region", "language")
GROUPED = (*ATTRIBUTES, "channel", "complained")
"""What those invited are told by."""
SPANS = ("wave", "round")
COMPLAINT_DAYS = 90
YOUNG = ("18-24", "25-34")
"""Few of them answer: they are one group."""
AGREEING = {LIKERT: 4, EFFORT: 5}
"""The lowest answer that agrees."""
BY_GROUP = Dimension(
    "group", parents=("outcome",), ladder=({"undelivered": "unscored"},), is_subject=True
)
"""Promoters, passives and detractors, and those who gave no score; then those whom no message
reached among these."""
SCORED = ("complete",)
REACHED = ("complete", "unscored")
NEVER = date(2001, 1, 1)
"""A month of which no table has a row."""
LOOK_BACK = 24
"""Months of surveys that are told side by side."""
FIRM = 100
"""On fewer people no drivers are told."""
MOST_ITEMS = 15
"""Of n statements 2**n regressions are averaged."""


def net_promoter_score(
    scores: Any,
    *,
    weights: Any = None,
    strata: Any = None,
    level: float = 0.95,
) -> Estimate:
    """Share of promoters (9-10) less share of detractors (0-6), from -1 to 1, with the interval
    that the reports print: adjusted Wald (3, T), which holds its level for few answers too.

    Blanks and numbers outside 0-10 are missing; `BadInput` for what is no number, such as the
    labels of a survey tool. With `weights` or `strata` the figures are those of a weighted or
    stratified mean (linearised).
    """
    frame = pl.DataFrame({"score": _numbers(scores)})
    given = {
        name: pl.Series(values)
        for name, values in (("weight", weights), ("stratum", strata))
        if values is not None
    }
    answers = frame.with_columns(**given).filter(pl.col("score").is_between(0, 10))
    if answers.is_empty():
        raise UsageError("a net promoter score needs at least one answer from 0 to 10")
    point = (answers["score"] >= 9).cast(pl.Int8) - (answers["score"] <= 6).cast(pl.Int8)
    if given:
        design = surveys.Design(
            "weight" if "weight" in given else None, "stratum" if "stratum" in given else None
        )
        found = surveys.mean(answers.with_columns(point=point), "point", design, level=level)
        return replace(found, low=max(-1.0, found.low), high=min(1.0, found.high))
    promoters = int((point > 0).sum())
    detractors = int((point < 0).sum())
    n = len(point)
    ends = intervals.nps_interval(promoters, detractors, n, level=level)
    return Estimate(*intervals.nps(promoters, detractors, n), *ends, n)


def _numbers(scores: Any) -> pl.Series:
    """The scores as numbers, null where one is blank."""
    given = pl.Series(scores, strict=False)
    if given.dtype == pl.String:
        given = given.str.strip_chars().replace("", None)
    numbers = given.cast(pl.Float64, strict=False)
    unread = int((numbers.is_null() & given.is_not_null()).sum())
    if unread:
        raise BadInput(
            f"{unread} of {len(given)} scores are no numbers; a net promoter score takes numbers "
            "from 0 to 10, so turn labels into their number first, and leave blank what is missing"
        )
    return numbers


def likert(
    answers: Any,
    *,
    items: list[str] | None = None,
    scale: tuple[Any, ...] = (1, 2, 3, 4, 5),
    level: float = 0.95,
) -> pl.DataFrame:
    """One row an item (a column of `answers`, one row a person): `n`, the share of each answer of
    the scale (lowest first), `mean` and `sd` with the answers counted 1, 2, ..., and `top_two` and
    `bottom_two` with Wilson's intervals. What is not on the scale is missing; texts on a scale of
    numbers ("5 - Agree"), or numbers on one of texts, are a `UsageError`."""
    frame = lazy(answers)
    schema = frame.collect_schema()
    items = items or schema.names()
    _check_scale(schema, items, scale)
    chosen = [
        (nw.col(item) == answer).cast(nw.Int64).sum().alias(f"{answer}\0{item}")
        for item in items
        for answer in scale
    ]
    counts = collect(frame.select(*chosen)).row(0, named=True)
    table = pl.DataFrame(
        {
            "item": items,
            **{str(answer): [counts[f"{answer}\0{item}"] for item in items] for answer in scale},
        }
    )
    names = [str(answer) for answer in scale]
    n = pl.sum_horizontal(names)
    shares = {name: pl.col(name) for name in names}
    parts = {name: count / n for name, count in shares.items()}
    return table.select(
        "item", n=n, **parts, **intervals.likert(list(shares.values()), n, level=level)
    )


def _check_scale(schema: nw.Schema, items: list[str], scale: tuple[Any, ...]) -> None:
    """That answers and scale are both texts or both numbers: else all would be missing."""
    texts = (nw.String, nw.Categorical, nw.Enum)
    is_text = any(isinstance(answer, str) for answer in scale)
    strange = [
        item
        for item in items
        if isinstance(schema[item], texts) != is_text and schema[item] != nw.Unknown
    ]
    if strange:
        held, wanted = ("numbers", "texts") if is_text else ("texts", "numbers")
        raise UsageError(
            f"{', '.join(strange)}: the answers are {held} and the scale has {wanted}; name the "
            "scale as it stands in the data, scale=(lowest, ..., highest)"
        )


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
    surveys = _survey_spans(release, period)
    this, before = (
        _survey_places(surveys, comparison)
        if period.length == 1
        else _period_places(surveys, period, comparison)
    )
    unfinished = surveys.filter(pl.col("open_days").is_not_null())["place"].to_list()
    is_over = period.length == 1 or _last_day(release, period) >= period.end
    is_comparable = is_over and this not in unfinished and before not in unfinished
    return Rounds(this, before if is_comparable else NEVER, this in unfinished)


def _survey_places(surveys: pl.DataFrame, comparison: str) -> tuple[date, date]:
    """The latest survey, and the one before it or that of a year before."""
    places = surveys["place"].unique().sort().to_list()
    this = places[-1] if places else NEVER
    if comparison == "year_ago":
        return this, this.replace(year=this.year - 1)
    return this, places[-2] if len(places) > 1 else NEVER


def _period_places(surveys: pl.DataFrame, period: Period, comparison: str) -> tuple[date, date]:
    """The surveys of the period, and those of the one before it or of a year before."""
    earlier = period.year_ago() if comparison == "year_ago" else period.previous()
    places = dict(surveys.select("round", "place").rows())
    return places.get(period.start, NEVER), places.get(earlier.start, NEVER)


def _survey_spans(release: Tables, period: Period) -> pl.DataFrame:
    """One row a survey and round: its `wave` (the month in which it was opened), its `round` (the
    month, quarter or year of the invitations, as the period is), `place` (its round, or its wave
    where each round is one survey: then both are the same people and bear the same name), and
    `open_days` (for how long it has been open; null: it is closed)."""
    invited = _invitations(release).filter(lately("sent_on", period, LOOK_BACK))
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
    others."""
    pairs = surveys.select("round", "wave").unique()
    opened = collect(lazy(pairs).select(opened=beginning("wave", period.unit)))["opened"]
    is_paired = pairs.height == pairs["round"].n_unique() == pairs["wave"].n_unique()
    return is_paired and pairs["round"].equals(opened)


def _last_day(release: Tables, period: Period) -> date:
    """The day of the release: up to it answers are known. Frames that are no release are known up
    to the period's end."""
    manifest = getattr(release, "manifest", None)
    return manifest.published_on if manifest else period.end


def _span(spans: pl.DataFrame, by: str) -> str:
    """What `wave` is in a table: each survey ("wave"), or its "round" where that is something
    else."""
    is_same = by == "wave" or spans["place"].equals(spans["wave"])
    return "wave" if is_same else "round"


def _placed(invited: Rows, period: Period, span: str) -> Rows:
    """Invitations with `wave` as the table shows it."""
    if span == "wave":
        return invited
    return invited.with_columns(wave=beginning("sent_on", period.unit))


def _open_days(spans: pl.DataFrame, span: str) -> Figure:
    """`open_days` of a survey that is still open."""
    places = spans.select("open_days", wave=span)
    return attach_columns("wave", places.group_by("wave").agg(pl.col("open_days").min()))


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
    spans = _survey_spans(release, period)
    span = _span(spans, by)
    invited = _placed(_invited(release, period, months), period, span)
    word = "wave" if span == "wave" else period.unit
    return _scores_by(
        release,
        _latest(invited, "wave"),
        Dimension("wave", total=False, is_page=True),
        count_lately(f"invited by {word}", period, months, kind=kind),
        Rate("of_reached", "outcome", SCORED, REACHED, finer=("group",)),
        _open_days(spans, span),
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
    months = months or months_of(period)
    asked = _asked(release, period, months)
    return _groups_by(release, asked, by, count_lately("asked", period, months, kind=kind))


@metric(by=GROUPED)
def group_tables(
    release: Tables, period: Period, *, by: Mapping[str, str], kind: str = "all"
) -> dict[str, Cells]:
    """`nps_by` for several dimensions, given by the names of their tables; whom it asks is counted
    once."""
    months = months_of(period)
    asked = lazy(collect(_asked(release, period, months)))
    population = count_lately("asked", period, months, kind=kind)
    return {name: _groups_by(release, asked, column, population) for name, column in by.items()}


def _groups_by(release: Tables, asked: Rows, by: str, population: Population) -> Cells:
    return _scores_by(release, asked, by_attribute(by), population, Balanced(by), among=by)


def _scores_by(
    release: Tables,
    told: Rows,
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
    return tabulated(release, told, levels, population, *figures, person="person")


@metric()
def scores(
    release: Tables, period: Period, *, months: int | None = None, kind: str = "all"
) -> Cells:
    """The people of `nps_by` by score (-1: none given): `share` of those who gave one; take the
    rows where outcome is complete."""
    months = months or months_of(period)
    known = [(score, group, "complete") for group, values in GROUPS.items() for score in values]
    by = (Dimension("score", parents=("group", "outcome"), is_subject=True),)
    asked = _asked(release, period, months)
    population = count_lately("asked", period, months, kind=kind)
    cells = tabulated(
        release,
        asked,
        by,
        population,
        Share(("score", "group")),
        Nps(finer=("score",)),
        person="person",
    )
    return complete(
        cells,
        pl.DataFrame(
            [*known, (-1, "unscored", "unscored")],
            schema=["score", "group", "outcome"],
            orient="row",
        ),
    )


@dataclass(frozen=True)
class Balanced:
    """Net promoter score as if each group of `by` had answered as often as all (post-stratified by
    those asked), on the row of the total: `nps_balanced` with its Wald interval. Null if a group is
    hidden or has under ten answers."""

    by: str

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        counts = {
            end: at(frame, "people", {"group": end}, ("outcome",))
            for end in ("promoter", "detractor")
        }
        counts["n"] = at(frame, "people", {"group": None, "outcome": "complete"})
        groups = frame.with_columns(**counts).filter(
            on_total("group", "outcome"), pl.col(self.by).is_not_null()
        )
        whole = groups.select("people", *counts).drop_nulls().filter(pl.col("n") >= least(frame))
        estimate = self._estimate(whole) if 0 < whole.height == groups.height else (None, 0.0)
        value = estimate[0]
        margin = intervals.z() * estimate[1]
        ends = interval("nps_balanced", 0.0, (-margin, margin))
        here = on_total("group", "outcome", self.by)
        return frame.with_columns(
            pl.when(here).then(pl.lit(value, pl.Float64) + end).alias(name)
            for name, end in ends.items()
        )

    def _estimate(self, groups: pl.DataFrame) -> tuple[float, float]:
        """The weighted score and its standard error."""
        score, se = intervals.nps(pl.col("promoter"), pl.col("detractor"), pl.col("n"))
        weight = pl.col("people") / pl.col("people").sum()
        value, error = groups.select(
            (weight * score).sum().alias("value"), ((weight * se) ** 2).sum().sqrt().alias("error")
        ).row(0)
        return value, error


@metric()
def round_tables(release: Tables, period: Period, *, kind: str = "all") -> dict[str, Cells]:
    """`rounds` (`waves` by round) and `agreed` (`agreement` by round); none where each round is one
    survey, since `waves` and `agreement` are the same tables then."""
    if _span(_survey_spans(release, period), "round") == "wave":
        return {}
    return {
        "rounds": waves(release, period, by="round", kind=kind),
        "agreed": agreement(release, period, by="round", kind=kind),
    }


@metric()
def likert_items(
    release: Tables, period: Period, *, months: int | None = None, kind: str = "all"
) -> Cells:
    """Question by answer (1-5) of each person invited: `share` of those who answered the question,
    `mean`, `sd`, `top_two` and `bottom_two`, and the words of the questions."""
    months = months or months_of(period)
    answered = _items(release, period, months)
    population = count_lately("items", period, months, kind=kind)
    told = answered.with_columns(answer=nw.col("score"))
    by = (Dimension("question", total=False), Dimension("answer"))
    cells = tabulated(
        release,
        told,
        by,
        population,
        Share(("answer",)),
        rates.likert,
        _texts(release),
        person="person",
        form=Form(has_steps=False, apart="question"),
    )
    return complete(cells, pl.DataFrame({"answer": range(1, 6)}))


@metric(by=SPANS)
def agreement(
    release: Tables,
    period: Period,
    *,
    by: str = "wave",
    months: int = LOOK_BACK,
    kind: str = "all",
) -> Cells:
    """Who agrees with each question in each wave (or round, as in `waves`), of those who gave a
    score, whether or not they answered it: 4 or 5 of 5, of the effort 5 to 7 of 7. `agree_rate`
    with Wilson's interval."""
    span = _span(_survey_spans(release, period), by)
    invited = _placed(_invited(release, period, months), period, span)
    latest = _latest(invited, "wave").filter(nw.col("outcome") == "complete")
    asked = latest.select("invitation", "person", "wave", "survey").join(
        _statements(release), on="survey"
    )
    agreed = nw.concat(
        [
            _valid(release, scale).filter(nw.col("score") >= lowest)
            for scale, lowest in AGREEING.items()
        ]
    )
    boxes = agreed.select("invitation", "question", box=nw.lit("agree"))
    told = asked.join(boxes, on=["invitation", "question"], how="left")
    told = told.with_columns(nw.col("box").fill_null("other"))
    levels = (
        Dimension("wave", total=False, is_page=True),
        Dimension("question", total=False),
        Dimension("box", is_subject=True),
    )
    agree = Rate("agree_rate", "box", ("agree",))
    word = "agreement" if span == "wave" else f"agreement by {period.unit}"
    return tabulated(
        release,
        told,
        levels,
        count_lately(word, period, months, kind=kind),
        agree,
        _texts(release),
        person="person",
        form=Form(has_steps=False, apart="wave"),
    )


def _statements(release: Tables) -> Rows:
    """Survey and code of each question that one can agree with."""
    questions = rows(release, "survey_question").filter(nw.col("scale").is_in([*AGREEING]))
    return questions.select("survey", question="code").unique()


@metric()
def drivers(
    release: Tables, period: Period, *, months: int | None = None, kind: str = "all"
) -> Cells:
    """Which items go with the recommendation: each one's part of R-squared (Shapley, LMG) in
    `driver`, of those who answered all of them. Null under 100 such people, where all of them gave
    the same score, and of more than 15 items; nobody is counted then."""
    months = months or months_of(period)
    cut = narrow_to({"kind": kind})
    everybody = lazy(_answers_by_person(release, period, months))
    answers = collect(with_slices(release, everybody, cut, "person"))
    asked = answers.filter(pl.col(SLICE) == kind) if cut else answers
    items = sorted(set(answers.columns) - {"person", "_score", SLICE})
    schema = {"question": pl.String, "driver": pl.Float64}
    parts = list(_drivers(asked, items).items())
    driver = pl.DataFrame(parts, schema=schema, orient="row")
    told = answers.cast(dict.fromkeys(items, pl.Int64)).unpivot(
        items,
        index=["person", *(SLICE for _ in cut)],
        variable_name="question",
        value_name="_answer",
    )
    told = told if parts else told.clear()
    by = (Dimension("question", total=False),)
    population = count_lately("all items", period, months, kind=kind)
    figures = (attach_columns("question", driver), _texts(release))
    return tabulated(release, lazy(told), by, population, *figures, person="person", form=OPTIONAL)


def _answers_by_person(release: Tables, period: Period, months: int) -> pl.DataFrame:
    """One row a person who answered all items and gave a score: `person`, a column an item, and
    `_score`."""
    asked = _asked(release, period, months).filter(nw.col("outcome") == "complete")
    scored = asked.select("person", "score", question=nw.lit("_score"))
    items = _items(release, period, months).select("person", "score", "question")
    listed = collect(nw.concat([items, scored]))
    wide = listed.pivot("question", index="person", values="score").drop_nulls()
    return wide if "_score" in wide.columns else wide.clear()


def _drivers(answers: pl.DataFrame, items: list[str]) -> dict[str, float]:
    """The parts of the items, none where they cannot be told."""
    is_firm = answers.height >= FIRM and 0 < len(items) <= MOST_ITEMS
    return surveys.shapley(answers, "_score", items) if is_firm else {}


@metric()
def topics(
    release: Tables, period: Period, *, months: int | None = None, kind: str = "all"
) -> Cells:
    """Feedback of the period (of a month, of the last twelve), by topic: who gave some on several
    topics is in each of them, so the messages are told and not the people."""
    months = months or months_of(period)
    feedback = rows(release, "feedback").filter(lately("received_on", period, months))
    told = feedback.with_columns(nw.col("topic").fill_null("unknown"), feedback=nw.lit(1))
    sizes = collect(told.group_by("topic").agg(nw.len().alias("n"))).sort("n", "topic")
    by = (Dimension("topic", ladder=join_smallest(sizes["topic"].to_list())),)
    population = count_lately("feedback", period, months, kind=kind)
    share = Share(("topic",), of="feedback")
    measures = (Measure("feedback", "count"),)
    return tabulated(release, told, by, population, share, measures=measures)


def _invited(release: Tables, period: Period, months: int) -> Rows:
    """Invitations to surveys on satisfaction, with the `score` if one was given, the `outcome` and
    the `group` within it. An answer proves that the invitation was delivered."""
    check_covered(release, period)
    invited = _invitations(release).filter(lately("sent_on", period, months))
    scores = _valid(release, NPS).select("invitation", "score")
    answers = rows(release, "survey_answer").filter(~nw.col("score").is_null())
    answered = answers.select("invitation", _answered=nw.lit("answered")).unique()
    joined = invited.join(scores, on="invitation", how="left").join(
        answered, on="invitation", how="left"
    )
    score = nw.col("score")
    has_score = ~score.is_null()
    has_answered = ~(nw.col("responded_on").is_null() & nw.col("_answered").is_null())
    is_reached = has_answered | nw.col("delivered")
    outcome = case({"complete": has_score, "unscored": is_reached}, "undelivered")
    groups = {"detractor": score <= 6, "promoter": score >= 9, "passive": score > 6}
    far = case({3: has_score, 2: has_answered, 1: nw.col("delivered")}, 0)
    reckoned = joined.with_columns(outcome=outcome, far=far)
    grouped = reckoned.with_columns(group=case(groups, nw.col("outcome")))
    return _with_people(release, grouped)


def _asked(release: Tables, period: Period, months: int) -> Rows:
    """One row a person invited: to the latest survey, and of several invitations to it the one that
    came furthest. Whom no message reached is among those without a score: in groups they are few.
    """
    asked = _latest(_invited(release, period, months))
    is_undelivered = nw.col("outcome") == "undelivered"
    reached = asked.with_columns(
        nw.col("score").fill_null(-1),
        *(
            case({"unscored": is_undelivered}, nw.col(name)).alias(name)
            for name in ("outcome", "group")
        ),
    )
    return _with_complaint(release, reached)


def _with_complaint(release: Tables, told: Rows) -> Rows:
    """`complained`: in the days before the answer (or before the invitation of those who did not
    answer); of anonymous people unknown."""
    told = told.with_columns(asked_on=nw.coalesce(nw.col("responded_on"), nw.col("sent_on")))
    complaints = (
        rows(release, "interaction")
        .filter(nw.col("kind") == "complaint")
        .select("customer", "occurred_on")
    )
    gap = day_number("asked_on") - day_number("occurred_on")
    told_before = told.join(complaints, on="customer").filter(gap >= 0, gap <= COMPLAINT_DAYS)
    upset = told_before.select("invitation", _upset=nw.lit("complaint")).unique()
    known = case(
        {"unknown": nw.col("customer").is_null(), "complaint": ~nw.col("_upset").is_null()},
        "no complaint",
    )
    return told.join(upset, on="invitation", how="left").with_columns(complained=known)


def _items(release: Tables, period: Period, months: int) -> Rows:
    """The answers (1-5) of each person invited to each question."""
    people_asked = _latest(_invited(release, period, months)).select("invitation", "person")
    return people_asked.join(_valid(release, LIKERT), on="invitation")


def _valid(release: Tables, scale: str) -> Rows:
    """Answers on a scale, and the code of their question: the first question of each code in a
    survey, and of recommendations the first at all, so that a person stands in one cell."""
    low, high = (int(end) for end in scale.split("_")[1:])
    questions = rows(release, "survey_question").filter(nw.col("scale") == scale)
    within = ("survey",) if scale == NPS else ("survey", "code")
    questions = questions.filter(nw.col("question") == nw.col("question").min().over(*within))
    answers = rows(release, "survey_answer").filter(nw.col("score") >= low, nw.col("score") <= high)
    joined = answers.join(questions.select("question", "code"), on="question")
    return joined.select("invitation", score=nw.col("score").cast(nw.Int64), question="code")


def _surveys(release: Tables) -> Rows:
    """The surveys on satisfaction, with their wave: the month in which each was opened."""
    return (
        rows(release, "survey")
        .filter(nw.col("kind") == "satisfaction")
        .select("survey", "opened_on", wave=beginning("opened_on", "month"))
    )


def _invitations(release: Tables) -> Rows:
    return rows(release, "survey_invitation").join(_surveys(release), on="survey")


def _with_people(release: Tables, answered: Rows) -> Rows:
    """With the attributes of the person; who is asked anonymously is a person of his own of whom
    nothing is known."""
    joined = answered.join(
        rows(release, "customer").select("customer", *ATTRIBUTES), on="customer", how="left"
    )
    person = nw.coalesce(
        nw.col("customer").cast(nw.Int64), -1 - nw.col("invitation").cast(nw.Int64)
    )
    known = joined.with_columns(
        *(nw.col(name).fill_null("unknown") for name in ATTRIBUTES), person=person
    )
    young = case({"18-34": nw.col("age_band").is_in(YOUNG)}, nw.col("age_band"))
    return known.with_columns(age_band=young)


def _latest(invited: Rows, *within: str) -> Rows:
    """One row a person (within each ...): of the latest survey the invitation that came furthest,
    of those alike the latest."""
    survey = day_number("opened_on") * 2**32 + nw.col("survey").cast(nw.Int64)
    surveys = invited.with_columns(_order=survey)
    latest = surveys.filter(nw.col("_order") == nw.col("_order").max().over("person", *within))
    number = nw.col("invitation").cast(nw.Int64)
    invitation = (nw.col("far") * 2**16 + day_number("sent_on")) * 2**32 + number
    ranked = latest.with_columns(_order=invitation)
    return ranked.filter(nw.col("_order") == nw.col("_order").max().over("person", *within))


def _texts(release: Tables) -> Figure:
    """The words of the questions, as they were last asked."""
    texts = {f"question_{language}": pl.col(f"text_{language}") for language in ("fi", "sv", "en")}
    questions = (
        collect(rows(release, "survey_question")).sort("question").unique("code", keep="last")
    )
    return attach_columns("question", questions.select(question="code", **texts))
