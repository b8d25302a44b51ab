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
    scored = invited.join(scores, on="invitation", how="left")
    joined = scored.join(answered, on="invitation", how="left")
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
    asked = asked.with_columns(asked_on=nw.coalesce(nw.col("responded_on"), nw.col("sent_on")))
    complaints = (
        rows(release, "interaction")
        .filter(nw.col("kind") == "complaint")
        .select("customer", "occurred_on")
    )
    gap = day_number("asked_on") - day_number("occurred_on")
    complaints_before = asked.join(complaints, on="customer").filter(
        gap >= 0, gap <= COMPLAINT_DAYS
    )
    upset = complaints_before.select("invitation", _upset=nw.lit("complaint")).unique()
    groups = {"unknown": nw.col("customer").is_null(), "complaint": ~nw.col("_upset").is_null()}
    complained = case(groups, "no complaint")
    return asked.join(upset, on="invitation", how="left").with_columns(complained=complained)


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
    return rows(release, "survey_invitation").join(_read_surveys(release), on="survey")


def _read_surveys(release: Tables) -> Rows:
    """The surveys on satisfaction, with their wave: the month in which each was opened."""
    return (
        rows(release, "survey")
        .filter(nw.col("kind") == "satisfaction")
        .select("survey", "opened_on", wave=beginning("opened_on", "month"))
    )


def _with_people(release: Tables, answered: Rows) -> Rows:
    """With the attributes of the person; who is asked anonymously is a person of his own of whom
    nothing is known."""
    customers = rows(release, "customer").select("customer", *ATTRIBUTES)
    joined = answered.join(customers, on="customer", how="left")
    customer = nw.col("customer").cast(nw.Int64)
    invitation = nw.col("invitation").cast(nw.Int64)
    attributes = [nw.col(name).fill_null("unknown") for name in ATTRIBUTES]
    person = nw.coalesce(customer, -1 - invitation)
    described = joined.with_columns(*attributes, person=person)
    young = case({"18-34": nw.col("age_band").is_in(YOUNG)}, nw.col("age_band"))
    return described.with_columns(age_band=young)


def take_latest(invited: Rows, *within: str) -> Rows:
    """One row a person (within each ...): of the latest survey the invitation that came furthest,
    of those alike the latest."""
    survey = day_number("opened_on") * 2**32 + nw.col("survey").cast(nw.Int64)
    surveys = invited.with_columns(_order=survey)
    latest = surveys.filter(nw.col("_order") == nw.col("_order").max().over("person", *within))
    number = nw.col("invitation").cast(nw.Int64)
    invitation = (nw.col("far") * 2**16 + day_number("sent_on")) * 2**32 + number
    ranked = latest.with_columns(_order=invitation)
    return ranked.filter(nw.col("_order") == nw.col("_order").max().over("person", *within))


def attach_texts(release: Tables) -> Figure:
    """The words of the questions, as they were last asked."""
    texts = {f"question_{language}": pl.col(f"text_{language}") for language in ("fi", "sv", "en")}
    questions = collect(rows(release, "survey_question")).sort("question")
    latest = questions.unique("code", keep="last")
    return attach_columns("question", latest.select(question="code", **texts))
