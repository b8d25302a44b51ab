"""Rows that contradict themselves: each value can be read, but not all of them can be true.

Example: a contact of the holdout that was sent, or an answer 8 to a question of 1 to 5.

A prepayment (an invoice paid before it was issued) is no contradiction. Neither is an opening
before the delivery, whose clocks are of different systems; but nothing comes before the sending.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from genlib.register.columns import SCALES
from genlib.register.database import Register

FAULTS = pl.Schema({"row": pl.Int64(), "column": pl.String(), "rule": pl.String()})
OUTCOMES = ("delivered_at", "opened_at", "clicked_at", "responded_at", "opted_out_at")
NOT_OF_BOUNCED = ("delivered_at", "opened_at", "clicked_at", "responded_at")


@dataclass(frozen=True)
class Contradiction:
    """The rule that a row breaks `when` this is true, told under a column."""

    column: str
    rule: str
    when: pl.Expr


def _is_there(column: str) -> pl.Expr:
    return pl.col(column).is_not_null()


CONTACT = (
    Contradiction(
        "sent_at", "sent_to_holdout", (pl.col("arm") == "holdout") & _is_there("sent_at")
    ),
    Contradiction("bounced", "without_sent_at", pl.col("bounced") & ~_is_there("sent_at")),
    *(
        Contradiction(column, "without_sent_at", _is_there(column) & ~_is_there("sent_at"))
        for column in OUTCOMES
    ),
    *(
        Contradiction(column, "of_a_bounced_message", _is_there(column) & pl.col("bounced"))
        for column in NOT_OF_BOUNCED
    ),
)
ROW_RULES: Mapping[str, tuple[Contradiction, ...]] = {
    "customer": (
        Contradiction(
            "joined_on", "before_birth_year", pl.col("joined_on").dt.year() < pl.col("birth_year")
        ),
        Contradiction(
            "company_id",
            "company_of_a_consumer",
            (pl.col("kind") == "consumer") & _is_there("company_id"),
        ),
    ),
    "campaign_contact": CONTACT,
    "survey_invitation": (
        Contradiction(
            "responded_at", "not_delivered", _is_there("responded_at") & ~pl.col("delivered")
        ),
    ),
    "subject_request": (
        Contradiction(
            "due_on", "before_received_at", pl.col("due_on") < pl.col("received_at").dt.date()
        ),
    ),
}


def find_contradictions(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The faults of readable rows of a table in themselves: row, column, rule."""
    faults = [
        rows.filter(one.when).select("row", column=pl.lit(one.column), rule=pl.lit(one.rule))
        for one in ROW_RULES.get(name, ())
    ]
    return pl.concat([pl.DataFrame(schema=FAULTS), *faults])


def find_late_answers(register: Register, answers: pl.DataFrame, time_zone: str) -> pl.DataFrame:
    """The faults of new answers that were given after the last day of their survey, which is a day
    of the time zone: row, column, rule. When an answer was given its invitation says; where it does
    not, the answer is taken.

    Example: a survey closed on 31 October takes the answer of 31 October also in December, and
    never that of 5 November.
    """
    invitations = register.matching(
        "survey_invitation", answers.select(id="invitation_id").drop_nulls().unique()
    )
    surveys = pl.concat(register.scan("survey", ["id", "closed_on"]))
    day = pl.col("responded_at").dt.convert_time_zone(time_zone).dt.date()
    late = invitations.join(surveys, left_on="survey_id", right_on="id").filter(
        day > pl.col("closed_on")
    )
    faulty = answers.join(late, left_on="invitation_id", right_on="id", how="semi")
    rule = pl.lit("survey_closed")
    return faulty.select("row", column=pl.lit("invitation_id"), rule=rule).cast(FAULTS)


def find_wrong_answers(register: Register, answers: pl.DataFrame) -> pl.DataFrame:
    """The faults of survey answers against their questions, which the register holds already: a
    score off the scale or on a question of text, and a question of another survey than the
    invitation's."""
    questions = pl.concat(register.scan("survey_question", ["id", "survey_id", "scale"]))
    asked = answers.join(questions, left_on="question_id", right_on="id")
    limits = pl.DataFrame(
        [(scale, *limit) for scale, limit in SCALES.items()],
        schema={"scale": pl.String, "least": pl.Int64, "most": pl.Int64},
        orient="row",
    )
    scored = asked.filter(_is_there("score")).join(limits, on="scale", how="left")
    is_on_scale = pl.col("score").is_between("least", "most")
    off_scale = scored.filter(~is_on_scale).select(
        "row", column=pl.lit("score"), rule=pl.lit("out_of_range")
    )
    of_text = scored.filter(~_is_there("least")).select(
        "row", column=pl.lit("score"), rule=pl.lit("not_of_this_question")
    )
    pairs = asked.select(id="invitation_id", survey_id="survey_id")
    belongs = register.known("survey_invitation", pairs.unique())
    strangers = asked.join(
        belongs, left_on=["invitation_id", "survey_id"], right_on=["id", "survey_id"], how="anti"
    ).select("row", column=pl.lit("question_id"), rule=pl.lit("question_of_another_survey"))
    faults = pl.concat([off_scale, of_text, strangers]).cast(FAULTS)
    return faults.unique(["row", "column"], keep="first", maintain_order=True)
