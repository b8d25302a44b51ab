"""Invitations: everyone asked in a survey, with the score if one was given, and the answers.

Example: of 10 invited 8 were reached, 5 answered and 4 gave a score, 10, 9, 8 and 3. So `outcome`
is complete 4, unscored 4, undelivered 2, and `group` promoter 2, passive 1, detractor 1.
"""

from __future__ import annotations

import narwhals as nw
import polars as pl

from genlib.disclosure.cells import Figure, Tables
from genlib.metrics.lookup import attach_columns
from genlib.metrics.population import lately
from genlib.metrics.rows import Rows, beginning, case, collect, day_number, rows
from genlib.period import Period

NPS, LIKERT, EFFORT = "nps_0_10", "likert_1_5", "ces_1_7"
ATTRIBUTES = ("kind", "age_band", "region", "language")
COMPLAINT_DAYS = 90
YOUNG = ("18-24", "25-34")
"""Few of them answer: they are one group."""


def read_invited(release: Tables, period: Period, months: int) -> Rows:
    """Invitations to surveys on satisfaction, with the `score` if one was given, the `outcome` and
    the `group` within it. An answer proves that the invitation was delivered."""
    invited = read_invitations(release).filter(lately("sent_on", period, months))
    scores = read_valid(release, NPS).select("invitation", "score")
    answers = rows(release, "survey_answer").filter(~nw.col("score").is_null())
    answered = answers.select("invitation", _answered=nw.lit("answered")).unique()
    joined = invited.join(scores, on="invitation", how="left")
    joined = joined.join(answered, on="invitation", how="left")
    return _with_people(release, judge_invitations(joined))


def judge_invitations(invited: Rows) -> Rows:
    """The `outcome` of each invitation, the `group` of its score, and how `far` it came: 3 with a
    score, 2 with an answer, 1 with a delivered message.

    >>> from genlib.metrics.rows import lazy
    >>> invited = pl.DataFrame(
    ...     {
    ...         "score": [9, 7, None, None],
    ...         "responded_on": [1, 1, None, None],
    ...         "_answered": ["answered", "answered", None, None],
    ...         "delivered": [True, False, True, False],
    ...     }
    ... )
    >>> judged = collect(judge_invitations(lazy(invited)))
    >>> judged.select("outcome", "group", "far").rows()
    [('complete', 'promoter', 3), ('complete', 'passive', 3),
     ('unscored', 'unscored', 1), ('undelivered', 'undelivered', 0)]
    """
    score = nw.col("score")
    is_delivered = nw.col("delivered")
    has_score = ~score.is_null()
    has_answered = ~(nw.col("responded_on").is_null() & nw.col("_answered").is_null())
    outcomes = {
        "complete": has_score,
        "unscored": has_answered | is_delivered,
    }
    groups = {
        "detractor": score <= 6,
        "promoter": score >= 9,
        "passive": score > 6,
    }
    steps = {
        3: has_score,
        2: has_answered,
        1: is_delivered,
    }
    outcome = case(outcomes, "undelivered")
    return invited.with_columns(
        outcome=outcome,
        group=case(groups, outcome),
        far=case(steps, 0),
    )


def read_asked(release: Tables, period: Period, months: int) -> Rows:
    """One row a person invited: to the latest survey, and of several invitations to it the one that
    came furthest. Whom no message reached is among those without a score: in groups they are few.
    """
    asked = take_latest(read_invited(release, period, months))
    is_undelivered = nw.col("outcome") == "undelivered"
    reached = asked.with_columns(
        nw.col("score").fill_null(-1),
        outcome=case({"unscored": is_undelivered}, nw.col("outcome")),
        group=case({"unscored": is_undelivered}, nw.col("group")),
    )
    return _with_complaint(release, reached)


def _with_complaint(release: Tables, asked: Rows) -> Rows:
    """`complained`: in the days before the answer (or before the invitation of those who did not
    answer); of anonymous people unknown.

    Example: who complained on 1 August and answered on 1 October, 61 days later, had complained;
    who complained on 1 July, 92 days before, had not.
    """
    asked = asked.with_columns(asked_on=nw.coalesce("responded_on", "sent_on"))
    complaints = rows(release, "interaction").filter(nw.col("kind") == "complaint")
    both = asked.join(complaints.select("customer", "occurred_on"), on="customer")
    days = day_number("asked_on") - day_number("occurred_on")
    before = both.filter(days >= 0, days <= COMPLAINT_DAYS)
    upset = before.select("invitation", _upset=nw.lit("complaint")).unique()
    joined = asked.join(upset, on="invitation", how="left")
    groups = {
        "unknown": nw.col("customer").is_null(),
        "complaint": ~nw.col("_upset").is_null(),
    }
    return joined.with_columns(complained=case(groups, "no complaint"))


def read_items(release: Tables, period: Period, months: int) -> Rows:
    """The answers (1-5) of each person invited to each question."""
    people_asked = take_latest(read_invited(release, period, months)).select("invitation", "person")
    return people_asked.join(read_valid(release, LIKERT), on="invitation")


def read_valid(release: Tables, scale: str) -> Rows:
    """Answers on a scale, and the code of their question: the first question of each code in a
    survey, and of recommendations the first at all, so that a person stands in one cell."""
    _, low, high = scale.split("_")
    on_scale = rows(release, "survey_question").filter(nw.col("scale") == scale)
    within = ("survey",) if scale == NPS else ("survey", "code")
    is_first = nw.col("question") == nw.col("question").min().over(*within)
    questions = on_scale.filter(is_first).select("question", "code")
    score = nw.col("score")
    answers = rows(release, "survey_answer").filter(score >= int(low), score <= int(high))
    joined = answers.join(questions, on="question")
    return joined.select("invitation", score=score.cast(nw.Int64), question="code")


def read_invitations(release: Tables) -> Rows:
    """Invitations to the surveys on satisfaction, with their wave: the month in which each was
    opened."""
    surveys = rows(release, "survey").filter(nw.col("kind") == "satisfaction")
    opened = surveys.select("survey", "opened_on", wave=beginning("opened_on", "month"))
    return rows(release, "survey_invitation").join(opened, on="survey")


def _with_people(release: Tables, answered: Rows) -> Rows:
    """With the attributes of the person; who is asked anonymously is a person of his own of whom
    nothing is known."""
    customers = rows(release, "customer").select("customer", *ATTRIBUTES)
    joined = answered.join(customers, on="customer", how="left")
    invitation = nw.col("invitation").cast(nw.Int64)
    person = nw.coalesce(nw.col("customer").cast(nw.Int64), -1 - invitation)
    people = joined.with_columns(nw.col(*ATTRIBUTES).fill_null("unknown"), person=person)
    young = case({"18-34": nw.col("age_band").is_in(YOUNG)}, nw.col("age_band"))
    return people.with_columns(age_band=young)


def take_latest(invited: Rows, *within: str) -> Rows:
    """One row a person (within each ...): of the latest survey the invitation that came furthest,
    of those alike the latest. What counts most stands highest in a number: the day before the
    survey, how far it came before the day and the invitation.

    Example: of two invitations to one survey that with a score, though the other was sent later.
    """
    survey = day_number("opened_on") * 2**32 + nw.col("survey").cast(nw.Int64)
    latest = _take_greatest(invited, survey, within)
    number = nw.col("invitation").cast(nw.Int64)
    far_and_day = nw.col("far") * 2**16 + day_number("sent_on")
    return _take_greatest(latest, far_and_day * 2**32 + number, within)


def _take_greatest(invited: Rows, order: nw.Expr, within: tuple[str, ...]) -> Rows:
    """Of each person (within each ...) the rows with the greatest number."""
    greatest = nw.col("_order").max().over("person", *within)
    return invited.with_columns(_order=order).filter(nw.col("_order") == greatest)


def attach_texts(release: Tables) -> Figure:
    """The words of the questions, as they were last asked."""
    texts = {f"question_{language}": pl.col(f"text_{language}") for language in ("fi", "sv", "en")}
    questions = collect(rows(release, "survey_question")).sort("question")
    latest = questions.unique("code", keep="last")
    return attach_columns("question", latest.select(question="code", **texts))
