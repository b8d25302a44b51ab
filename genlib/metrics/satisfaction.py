"""Satisfaction: what customers answer, who answers, and what a complaint costs. Each function for a report gives `Cells`.

A wave is the month in which a survey opened. Where waves are put together, the latest answer of a person counts.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Cells, Dimension, tabulate
from genlib.errors import UsageError
from genlib.metrics import intervals, surveys
from genlib.metrics.figures import Figures, Likert, Nps, Rate, Share, Text
from genlib.metrics.intervals import Estimate
from genlib.metrics.rows import Rows, Tables, collect, complete, day_number, lately, lazy, month, named, people, rows
from genlib.period import Period

GROUPS = {"promoter": (9, 10), "passive": (7, 8), "detractor": (0, 6)}
SCORES = pl.DataFrame({"score": range(11), "group": [name for s in range(11) for name, (low, high) in GROUPS.items() if low <= s <= high]})
LIKERT = "likert_1_5"


def net_promoter_score(scores: Any, *, weights: Any = None, strata: Any = None, adjusted: bool = False, level: float = 0.95) -> Estimate:
    """Share of promoters (9-10) less share of detractors (0-6), from -1 to 1, with its Wald interval. Blank scores and those outside 0-10 are missing.

    `adjusted`: the interval is the adjusted Wald (3, T), better under some hundred answers. With `weights` (or `strata`) both score and
    interval are those of a weighted (stratified) mean, by linearisation.
    """
    frame = pl.DataFrame({"score": pl.Series(scores, strict=False).cast(pl.Float64, strict=False)})
    given = {name: pl.Series(values) for name, values in (("weight", weights), ("stratum", strata)) if values is not None}
    answers = frame.with_columns(**given).filter(pl.col("score").is_between(0, 10))
    if answers.is_empty():
        raise UsageError("a net promoter score needs at least one answer from 0 to 10")
    point = answers.select((pl.col("score") >= 9).cast(pl.Int8) - (pl.col("score") <= 6).cast(pl.Int8)).to_series()
    if given:
        return surveys.mean(
            answers.with_columns(point=point),
            "point",
            weight="weight" if "weight" in given else None,
            stratum="stratum" if "stratum" in given else None,
            level=level,
        )
    promoters, detractors, n = int((point > 0).sum()), int((point < 0).sum()), len(point)
    ends = (intervals.nps_adjusted if adjusted else intervals.nps_wald)(promoters, detractors, n, level=level)
    return Estimate(*intervals.nps(promoters, detractors, n), *ends, n)


def likert(answers: Any, *, items: list[str] | None = None, scale: tuple[Any, ...] = (1, 2, 3, 4, 5), level: float = 0.95) -> pl.DataFrame:
    """One row an item (a column of `answers`, one row a person): `n`, the share of each answer of the scale (lowest first), `mean` and `sd` of
    the places 1, 2, ... on it, and `top_two` and `bottom_two` with Wilson's intervals. What is not on the scale is missing.
    """
    frame = lazy(answers)
    items = items or frame.collect_schema().names()
    counts = collect(frame.select(*(_chose(item, place, answer) for item in items for place, answer in enumerate(scale, start=1))))
    table = pl.DataFrame(
        {"item": items, **{str(answer): [counts[f"{item}\0{place}"][0] for item in items] for place, answer in enumerate(scale, start=1)}}
    )
    return _likert_figures(table, [str(answer) for answer in scale], level)


def _chose(item: str, place: int, answer: Any) -> nw.Expr:
    return (nw.col(item) == answer).cast(nw.Int64).sum().alias(f"{item}\0{place}")


def _likert_figures(table: pl.DataFrame, names: list[str], level: float) -> pl.DataFrame:
    n = pl.sum_horizontal(names)
    total, squares = (pl.sum_horizontal(pl.col(name) * place**power for place, name in enumerate(names, start=1)) for power in (1, 2))
    boxes = {"top_two": pl.sum_horizontal(names[-2:]), "bottom_two": pl.sum_horizontal(names[:2])}
    ends = {name: intervals.wilson(box, n, level=level) for name, box in boxes.items()}
    return table.select(
        "item",
        n.alias("n"),
        *(pl.col(name) / n for name in names),
        (total / n).alias("mean"),
        (((squares - total**2 / n) / (n - 1)) ** 0.5).alias("sd"),
        *(
            figure.alias(f"{name}{end}")
            for name, box in boxes.items()
            for figure, end in zip((box / n, *ends[name]), ("", "_low", "_high"), strict=True)
        ),
    )


def scores(release: Tables, period: Period, *, months: int = 24, kind: str = "all") -> Cells:
    """Wave by score (0-10) within promoter, passive and detractor: `share` of each score, and `nps` with its interval on the wave."""
    answered = _latest(_scored(release, period, months, kind), "wave")
    by = (Dimension("wave", total=False), Dimension("score", parents=("group",)))
    figures = (Share(("score", "group")), Nps("group", finer=("score",)))
    cells = tabulate(
        answered.to_native(), person="person", by=by, population=named(f"answers by wave {period.end}", kind=kind), figures=figures
    )
    return complete(cells, SCORES)


def nps_by(release: Tables, period: Period, *, by: str = "age_band", months: int = 12, kind: str = "all") -> Cells:
    """Promoters, passives and detractors of the last months by `age_band`, `region`, `language`, `kind` or `channel`, with `nps` and its interval."""
    answered = _latest(_scored(release, period, months, kind))
    figures: Figures = (Share(("group",)), Nps("group"))
    return tabulate(
        answered.to_native(),
        person="person",
        by=(Dimension(by), Dimension("group")),
        population=_answers(period, months, kind),
        figures=figures,
    )


def _answers(period: Period, months: int, kind: str = "all") -> str:
    return named(f"answers {period.months(months)[0].start} {period.end}", kind=kind)


def after_complaint(release: Tables, period: Period, *, months: int = 12, days: int = 90) -> Cells:
    """The latest answers of the last months, by whether the person complained in the `days` before: promoters, passives, detractors and `nps`.
    Anonymous answers cannot be told and are left out."""
    answered = _latest(_scored(release, period, months).filter(~nw.col("customer").is_null()))
    complaints = rows(release, "interaction").filter(nw.col("kind") == "complaint").select("customer", "occurred_on")
    gap = day_number("responded_on") - day_number("occurred_on")
    upset = answered.join(complaints, on="customer").filter(gap >= 0, gap <= days).select("person", complained=nw.lit("complaint")).unique()
    told = answered.join(upset, on="person", how="left").with_columns(nw.col("complained").fill_null("no complaint"))
    by = (Dimension("complained"), Dimension("group"))
    return tabulate(
        told.to_native(), person="person", by=by, population=_answers(period, months) + " named", figures=(Share(("group",)), Nps("group"))
    )


def response(release: Tables, period: Period, *, by: str = "age_band", months: int = 12) -> Cells:
    """What became of invitations to satisfaction surveys by `wave`, or of a person's latest one by `age_band`, `region`, `kind` or `channel`: undelivered,
    silent, partial (answered, but no score 0-10) or complete. `response_rate`: complete and partial among those delivered."""
    invited = _invited(release).filter(lately("sent_on", period, months))
    scored = _valid(release).select("invitation", scored=nw.lit(1)).unique()
    outcome = nw.when(nw.col("scored") == 1).then(nw.lit("complete")).otherwise(nw.lit("partial"))
    outcome = nw.when(nw.col("responded_on").is_null()).then(nw.lit("silent")).otherwise(outcome)
    outcome = nw.when(nw.col("delivered")).then(outcome).otherwise(nw.lit("undelivered"))
    told = invited.join(scored, on="invitation", how="left").with_columns(outcome=outcome, order=day_number("sent_on"))
    told = _latest(_with_people(release, told), *(["wave"] if by == "wave" else []))
    rate = Rate("response_rate", "outcome", ("complete", "partial"), ("complete", "partial", "silent"))
    population = f"invited {'by wave ' if by == 'wave' else ''}{period.months(months)[0].start} {period.end}"
    dimensions = (Dimension(by, total=by != "wave"), Dimension("outcome"))
    return tabulate(told.to_native(), person="person", by=dimensions, population=population, figures=(Share(("outcome",)), rate))


def likert_items(release: Tables, period: Period, *, months: int = 12, kind: str = "all") -> Cells:
    """Question by answer (1-5), the latest of each person: `share`, `mean`, `sd`, `top_two` and `bottom_two`, and the words of the questions."""
    answered = _latest(_scored(release, period, months, kind, scale=LIKERT), "question")
    figures = (Share(("answer",)), Likert(), Text("question", _texts(release)))
    by = (Dimension("question", total=False), Dimension("answer"))
    chosen = answered.with_columns(answer=nw.col("score")).to_native()
    cells = tabulate(chosen, person="person", by=by, population=_answers(period, months, kind), figures=figures)
    return complete(cells, pl.DataFrame({"answer": range(1, 6)}))


def drivers(release: Tables, period: Period, *, months: int = 12) -> Cells:
    """Which items go with the recommendation: each one's part of R-squared (Shapley, LMG) in `driver`, of those who answered all; the sum is on the total.
    Left empty under 100 answers."""
    items = _latest(_scored(release, period, months, scale=LIKERT), "question").select("person", "question", "score")
    scored = _latest(_scored(release, period, months)).select("person", question=nw.lit("_y"), score=nw.col("score"))
    wide = collect(nw.concat([items, scored])).pivot("question", index="person", values="score").drop_nulls()
    names = sorted(set(wide.columns) - {"person", "_y"})
    parts = surveys.shapley(wide, "_y", names) if wide.height >= 100 and names else {}
    long = wide.unpivot(names, index="person", variable_name="question")
    figures = (
        surveys.Given("driver", "question", tuple(parts.items()), sum(parts.values()) if parts else None),
        Text("question", _texts(release)),
    )
    return tabulate(
        long, person="person", by=(Dimension("question", total=False),), population=_answers(period, months) + " all items", figures=figures
    )


def topics(release: Tables, period: Period, *, months: int = 12) -> Cells:
    """People who gave feedback, by month and topic."""
    given = (
        rows(release, "feedback")
        .filter(lately("received_on", period, months))
        .with_columns(month=month("received_on"), topic=nw.col("topic").fill_null("unknown"))
    )
    by = (Dimension("month"), Dimension("topic"))
    from genlib.metrics.customers import OVERLAPPING

    return tabulate(
        given.to_native(),
        person="customer",
        by=by,
        measures=(OVERLAPPING,),
        population=f"feedback {period.months(months)[0].start} {period.end}",
    )


def _scored(release: Tables, period: Period, months: int, kind: str = "all", scale: str = "nps_0_10") -> Rows:
    """Answers of the last months: person, customer, invitation, wave, channel, question (code), score, group, responded_on and the person's attributes."""
    answered = _valid(release, scale).join(_invited(release), on="invitation").filter(lately("responded_on", period, months))
    group = nw.when(nw.col("score") >= 9).then(nw.lit("promoter")).otherwise(nw.lit("passive"))
    group = nw.when(nw.col("score") <= 6).then(nw.lit("detractor")).otherwise(group)
    known = _with_people(release, answered).with_columns(group=group, order=day_number("responded_on"))
    return known if kind == "all" else known.filter(nw.col("kind") == kind)


def _valid(release: Tables, scale: str = "nps_0_10") -> Rows:
    low, high = (int(end) for end in scale.split("_")[1:])
    questions = rows(release, "survey_question").filter(nw.col("scale") == scale)
    if scale == "nps_0_10":  # one a survey, or a person would stand in two cells
        questions = questions.filter(nw.col("question") == nw.col("question").min().over("survey"))
    answers = (
        rows(release, "survey_answer").filter(nw.col("score") >= low, nw.col("score") <= high).select("invitation", "question", "score")
    )
    return answers.join(questions.select("question", "code"), on="question").select(
        "invitation", nw.col("score").cast(nw.Int64), question="code"
    )


def _invited(release: Tables) -> Rows:
    waves = rows(release, "survey").filter(nw.col("kind") == "satisfaction").select("survey", wave=month("opened_on"))
    return rows(release, "survey_invitation").join(waves, on="survey")


def _with_people(release: Tables, answered: Rows) -> Rows:
    """With the attributes of the person; who answers anonymously is a person of his own of whom nothing is known."""
    attributes = ("kind", "age_band", "region", "language")
    joined = answered.join(people(release).select("customer", *attributes), on="customer", how="left")
    person = nw.coalesce(nw.col("customer").cast(nw.Int64), -1 - nw.col("invitation").cast(nw.Int64))
    return joined.with_columns(*(nw.col(name).fill_null("unknown") for name in attributes), person=person)


def _latest(answered: Rows, *within: str) -> Rows:
    """The latest row of each person (within each ...)."""
    ranked = answered.with_columns(_order=nw.col("order") * 2**31 + nw.col("invitation").cast(nw.Int64))
    return ranked.filter(nw.col("_order") == nw.col("_order").max().over("person", *within))


def _texts(release: Tables) -> tuple[tuple[str, str, str, str], ...]:
    questions = collect(rows(release, "survey_question").select("code", "question", "text_fi", "text_sv", "text_en"))
    return tuple(questions.sort("question").unique("code", keep="last").sort("code").select("code", "text_fi", "text_sv", "text_en").rows())
