"""Invitations: everyone asked in a survey, with the score if one was given, and the answers."""

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
    score = nw.col("score")
    has_score = ~score.is_null()
    has_answered = ~(nw.col("responded_on").is_null() & nw.col("_answered").is_null())
    is_reached = has_answered | nw.col("delivered")
    outcome = case({"complete": has_score, "unscored": is_reached}, "undelivered")
    groups = {"detractor": score <= 6, "promoter": score >= 9, "passive": score > 6}
    far = case({3: has_score, 2: has_answered, 1: nw.col("delivered")}, 0)
    grouped = joined.with_columns(outcome=outcome, group=case(groups, outcome), far=far)
    return _with_people(release, grouped)


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
    answer); of anonymous people unknown."""
    asked = asked.with_columns(asked_on=nw.coalesce("responded_on", "sent_on"))
    complaints = rows(release, "interaction").filter(nw.col("kind") == "complaint")
    both = asked.join(complaints.select("customer", "occurred_on"), on="customer")
    days = day_number("asked_on") - day_number("occurred_on")
    before = both.filter(days >= 0, days <= COMPLAINT_DAYS)
    upset = before.select("invitation", _upset=nw.lit("complaint")).unique()
    joined = asked.join(upset, on="invitation", how="left")
    groups = {"unknown": nw.col("customer").is_null(), "complaint": ~nw.col("_upset").is_null()}
    return joined.with_columns(complained=case(groups, "no complaint"))


def read_items(release: Tables, period: Period, months: int) -> Rows:
    """The answers (1-5) of each person invited to each question."""
    people_asked = take_latest(read_invited(release, period, months)).select("invitation", "person")
    return people_asked.join(read_valid(release, LIKERT), on="invitation")


def read_valid(release: Tables, scale: str) -> Rows:
    """Answers on a scale, and the code of their question: the first question of each code in a
    survey, and of recommendations the first at all, so that a person stands in one cell."""
    low, high = (int(end) for end in scale.split("_")[1:])
    questions = rows(release, "survey_question").filter(nw.col("scale") == scale)
    within = ("survey",) if scale == NPS else ("survey", "code")
    questions = questions.filter(nw.col("question") == nw.col("question").min().over(*within))
    answers = rows(release, "survey_answer").filter(nw.col("score") >= low, nw.col("score") <= high)
    joined = answers.join(questions.select("question", "code"), on="question")
    return joined.select("invitation", score=nw.col("score").cast(nw.Int64), question="code")


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
    of those alike the latest."""
    survey = day_number("opened_on") * 2**32 + nw.col("survey").cast(nw.Int64)
    latest = _take_greatest(invited, survey, within)
    number = nw.col("invitation").cast(nw.Int64)
    invitation = (nw.col("far") * 2**16 + day_number("sent_on")) * 2**32 + number
    return _take_greatest(latest, invitation, within)


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
