"""Satisfaction: what customers answer, who answers, and what a complaint costs. Each function for a
report gives `Cells`.

Everyone asked stands in one cell: those who gave a score are `complete` (promoter, passive or
detractor), all others `silent` - or, by wave, `partial`, `silent` or `undelivered`. So score and
response rate come from one table, and neither tells what the other hides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, Figure, Tables
from genlib.errors import BadInput, UsageError
from genlib.metrics import figures, intervals, surveys
from genlib.metrics.figures import Nps, Rate, Share, at, given, least, on_total
from genlib.metrics.intervals import Estimate, interval
from genlib.metrics.population import (
    OVERLAPPING,
    complete,
    lately,
    named_lately,
    narrow,
    of_people,
    people,
    tabulated,
)
from genlib.metrics.rest import narrowable, others
from genlib.metrics.rows import Rows, beginning, case, collect, day_number, lazy, rows
from genlib.period import Period
from genlib.settings import publication

NPS, LIKERT, EFFORT = "nps_0_10", "likert_1_5", "ces_1_7"
GROUPS = {"promoter": range(9, 11), "passive": range(7, 9), "detractor": range(7)}
ATTRIBUTES = ("kind", "age_band", "region", "language")
COMPLAINT_DAYS = 90
YOUNG = ("18-24", "25-34")
"""Few of them answer: they are one group."""
FEW = {"complained": 30, "other": 60}
"""Of fewer asked hardly five answer alike."""
AGREEING = {LIKERT: 4, EFFORT: 5}
"""The lowest answer that agrees."""


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
    `bottom_two` with Wilson's intervals. What is not on the scale is missing."""
    frame = lazy(answers)
    items = items or frame.collect_schema().names()
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


def wave_months(
    release: Tables, period: Period, *, comparison: str = "previous"
) -> tuple[date, date]:
    """The month of the latest wave up to the end of the period, and of the one before it or
    (`year_ago`) of a year before it. Where no survey was made they are months of which no table has
    a row."""
    made = collect(_surveys(release))["wave"].unique().sort().to_list()
    now = max((wave for wave in made if wave < period.end), default=period.start)
    year_ago = now.replace(year=now.year - 1)
    return now, year_ago if comparison == "year_ago" else max(
        (wave for wave in made if wave < now), default=year_ago
    )


@narrowable
def waves(release: Tables, period: Period, *, months: int = 24, kind: str = "all") -> Cells:
    """Everyone invited in each wave (month in which the survey opened), by group within outcome;
    `nps` and `response_rate` on the wave."""
    reached = case(
        {
            "partial": nw.col("delivered") & ~nw.col("responded_on").is_null(),
            "silent": nw.col("delivered"),
        },
        "undelivered",
    )
    told = _grouped(_latest(_scored(release, period, months, kind), "wave"), reached)
    return _scores_by(
        release,
        told,
        Dimension("wave", total=False),
        named_lately("invited by wave", period, months, kind=kind),
    )


def nps_by(
    release: Tables, period: Period, *, by: str = "age_band", months: int = 12, kind: str = "all"
) -> Cells:
    """Everyone whom an invitation reached in the last months, by `age_band`, `region`, `language`,
    `kind`, `channel` or `complained` (a complaint in the 90 days before), and by group within
    outcome; `nps` and `response_rate` with intervals. A person's latest score counts."""
    return _nps(
        release,
        _asked(release, period, months, kind),
        by,
        named_lately("asked", period, months, kind=kind),
    )


def nps_tables(
    release: Tables, period: Period, *, by: Mapping[str, str], kind: str = "all"
) -> dict[str, Cells]:
    """`nps_by` of twelve months for several dimensions, given by the names of their tables. Groups
    of which fewer than `FEW` were asked are together: others, or all."""
    made = _nps_tables(release, period, by, kind)
    for other in others({"kind": kind}) if publication() else ():
        left = _nps_tables(release, period, by, **other)
        made = {name: replace(cells, rest=(left[name],)) for name, cells in made.items()}
    return made


def _nps_tables(
    release: Tables, period: Period, by: Mapping[str, str], kind: str
) -> dict[str, Cells]:
    asked = collect(_asked(release, period, 12, kind))
    population = named_lately("asked", period, 12, kind=kind)
    return {
        name: _nps(release, lazy(_folded(asked, column)), column, population)
        for name, column in by.items()
    }


def _nps(release: Tables, asked: Rows, by: str, population: str) -> Cells:
    return _scores_by(release, asked, Dimension(by), population, Balanced(by), among=by)


def _scores_by(
    release: Tables,
    told: Rows,
    by: Dimension,
    population: str,
    *more: Figure,
    among: str = "",
) -> Cells:
    """By a dimension and by group within outcome; codes of `among` are compared with all others."""
    rate = Rate(
        "response_rate",
        "outcome",
        ("complete", "partial"),
        ("complete", "partial", "silent"),
        finer=("group",),
        among=among,
    )
    levels = (by, Dimension("group", parents=("outcome",)))
    scored: tuple[Figure, ...] = (Share(("group",)), Nps(among=among), rate, *more)
    return tabulated(release, told, levels, population, *scored, person="person")


def _folded(asked: pl.DataFrame, by: str) -> pl.DataFrame:
    """The smallest groups as one, so that it is not small itself; if none is left beside it, it is
    all."""
    least = FEW.get(by, FEW["other"])
    folded = []
    together = 0
    sizes = asked.group_by(by).len().sort("len", by)
    for code, size in sizes.rows():
        if size >= least and not 0 < together < least:
            break
        folded.append(code)
        together += size
    name = "all" if len(folded) == sizes.height else "others"
    return asked.with_columns(
        pl.when(pl.col(by).is_in(folded)).then(pl.lit(name)).otherwise(by).alias(by)
    )


@narrowable
def scores(release: Tables, period: Period, *, months: int = 12, kind: str = "all") -> Cells:
    """The people of `nps_by` by score (-1: none given): `share` of those who gave one; take the
    rows where outcome is complete."""
    known = [(score, group, "complete") for group, values in GROUPS.items() for score in values]
    by = (Dimension("score", parents=("group", "outcome")),)
    asked = _asked(release, period, months, kind)
    population = named_lately("asked", period, months, kind=kind)
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
            [*known, (-1, "silent", "silent")], schema=["score", "group", "outcome"], orient="row"
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


@narrowable
def likert_items(release: Tables, period: Period, *, months: int = 12, kind: str = "all") -> Cells:
    """Question by answer (1-5), the latest of each person: `share`, `mean`, `sd`, `top_two` and
    `bottom_two`, and the words of the questions."""
    answered = _items(release, period, months, kind)
    population = named_lately("items", period, months, kind=kind)
    told = answered.with_columns(answer=nw.col("score"))
    by = (Dimension("question", total=False), Dimension("answer"))
    cells = tabulated(
        release,
        told,
        by,
        population,
        Share(("answer",)),
        figures.likert,
        _texts(release),
        person="person",
    )
    return complete(cells, pl.DataFrame({"answer": range(1, 6)}))


@narrowable
def agreement(release: Tables, period: Period, *, months: int = 24, kind: str = "all") -> Cells:
    """Who agrees with each question in each wave: 4 or 5 of 5, of the effort 5 to 7 of 7.
    `agree_rate` with Wilson's interval."""
    boxes = {
        scale: case({"agree": nw.col("score") >= lowest}, "other")
        for scale, lowest in AGREEING.items()
    }
    answers = nw.concat(
        [_valid(release, scale).with_columns(box=box) for scale, box in boxes.items()]
    )
    answered = answers.join(_invitations(release), on="invitation").filter(
        lately("sent_on", period, months)
    )
    latest = _latest(
        _with_people(release, answered, kind).with_columns(first=nw.lit(0)), "wave", "question"
    )
    by = (Dimension("wave", total=False), Dimension("question", total=False), Dimension("box"))
    agree = Rate("agree_rate", "box", ("agree",))
    population = named_lately("agreement", period, months, kind=kind)
    return tabulated(release, latest, by, population, agree, _texts(release), person="person")


@narrowable
def drivers(release: Tables, period: Period, *, months: int = 12, kind: str = "all") -> Cells:
    """Which items go with the recommendation: each one's part of R-squared (Shapley, LMG) in
    `driver`, of those who answered all of them. Empty under 100 such people."""
    asked = _asked(release, period, months, kind).filter(nw.col("outcome") == "complete")
    scored = asked.select("person", "score", question=nw.lit("_score"))
    items = _items(release, period, months, kind).select("person", "score", "question")
    wide = (
        collect(nw.concat([items, scored]))
        .pivot("question", index="person", values="score")
        .drop_nulls()
    )
    names = sorted(set(wide.columns) - {"person", "_score"})
    parts = (
        surveys.shapley(wide, "_score", names)
        if wide.height >= 100 and "_score" in wide.columns
        else {}
    )
    told = lazy(wide.unpivot(names, index="person", variable_name="question", value_name="_answer"))
    driver = pl.DataFrame(
        list(parts.items()), schema={"question": pl.String, "driver": pl.Float64}, orient="row"
    )
    by = (Dimension("question", total=False),)
    population = named_lately("all items", period, months, kind=kind)
    return tabulated(
        release, told, by, population, given("question", driver), _texts(release), person="person"
    )


@narrowable
def topics(release: Tables, period: Period, *, months: int = 12, kind: str = "all") -> Cells:
    """People who gave feedback in the last months, by topic."""
    feedback = of_people(release, "feedback", kind=kind).filter(
        lately("received_on", period, months)
    )
    told = feedback.with_columns(nw.col("topic").fill_null("unknown"))
    population = named_lately("feedback", period, months, kind=kind)
    return tabulated(
        release, told, (Dimension("topic"),), population, Share(("topic",)), measures=(OVERLAPPING,)
    )


def _scored(release: Tables, period: Period, months: int, kind: str) -> Rows:
    """Invitations to surveys on satisfaction, with the score if one was given."""
    invited = _invitations(release).filter(lately("sent_on", period, months))
    scored = invited.join(
        _valid(release, NPS).select("invitation", "score"), on="invitation", how="left"
    )
    return _with_people(release, scored, kind).with_columns(
        first=(~nw.col("score").is_null()).cast(nw.Int64)
    )


def _asked(release: Tables, period: Period, months: int, kind: str = "all") -> Rows:
    """One row a person whom an invitation reached: the latest score, or else the latest silence."""
    asked = _latest(_scored(release, period, months, kind).filter(nw.col("delivered")))
    return _with_complaint(release, _grouped(asked, nw.lit("silent"))).with_columns(
        nw.col("score").fill_null(-1)
    )


def _grouped(told: Rows, silence: nw.Expr) -> Rows:
    score = nw.col("score")
    group = case({"detractor": score <= 6, "promoter": score >= 9, "passive": score > 6}, silence)
    return told.with_columns(outcome=case({"complete": ~score.is_null()}, silence), group=group)


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


def _items(release: Tables, period: Period, months: int, kind: str = "all") -> Rows:
    """The latest answer (1-5) of each person to each question."""
    answered = (
        _valid(release, LIKERT)
        .join(_invitations(release), on="invitation")
        .filter(lately("responded_on", period, months))
    )
    return _latest(_with_people(release, answered, kind).with_columns(first=nw.lit(0)), "question")


def _valid(release: Tables, scale: str) -> Rows:
    """Answers on a scale, and the code of their question; of recommendations the first of each
    survey, so that a person stands in one cell."""
    low, high = (int(end) for end in scale.split("_")[1:])
    questions = rows(release, "survey_question").filter(nw.col("scale") == scale)
    if scale == NPS:
        questions = questions.filter(nw.col("question") == nw.col("question").min().over("survey"))
    answers = rows(release, "survey_answer").filter(nw.col("score") >= low, nw.col("score") <= high)
    joined = answers.join(questions.select("question", "code"), on="question")
    return joined.select("invitation", score=nw.col("score").cast(nw.Int64), question="code")


def _surveys(release: Tables) -> Rows:
    """The surveys on satisfaction, with their wave: the month in which each was opened."""
    return (
        rows(release, "survey")
        .filter(nw.col("kind") == "satisfaction")
        .select("survey", wave=beginning("opened_on", "month"))
    )


def _invitations(release: Tables) -> Rows:
    return rows(release, "survey_invitation").join(_surveys(release), on="survey")


def _with_people(release: Tables, answered: Rows, kind: str) -> Rows:
    """With the attributes of the person; who is asked anonymously is a person of his own of whom
    nothing is known."""
    joined = answered.join(
        people(release).select("customer", *ATTRIBUTES), on="customer", how="left"
    )
    person = nw.coalesce(
        nw.col("customer").cast(nw.Int64), -1 - nw.col("invitation").cast(nw.Int64)
    )
    known = joined.with_columns(
        *(nw.col(name).fill_null("unknown") for name in ATTRIBUTES), person=person
    )
    return narrow(
        known.with_columns(
            age_band=case({"18-34": nw.col("age_band").is_in(YOUNG)}, nw.col("age_band"))
        ),
        kind=kind,
    )


def _latest(answered: Rows, *within: str) -> Rows:
    """The latest row of each person (within each ...), those with a score before all others."""
    order = (nw.col("first") * 2**16 + day_number("sent_on")) * 2**32 + nw.col("invitation").cast(
        nw.Int64
    )
    ranked = answered.with_columns(_order=order)
    return ranked.filter(nw.col("_order") == nw.col("_order").max().over("person", *within))


def _texts(release: Tables) -> Figure:
    """The words of the questions, as they were last asked."""
    texts = {f"question_{language}": pl.col(f"text_{language}") for language in ("fi", "sv", "en")}
    questions = (
        collect(rows(release, "survey_question")).sort("question").unique("code", keep="last")
    )
    return given("question", questions.select(question="code", **texts))
