"""What a source may change of a row that the register has, table by table.

- A customer's columns change; a restriction is never lifted by a file.
- An act of will is never edited: it is added, or ended once, with its instant.
- Of an invoice the payment and the amounts change.
- A contact only moves forward: to its next stage, never back, and no stage moves. A row may tell
  the later stage only, of a contact that is known.
- An answer changes until its survey is closed; one that was given later is not taken at all.
- What happened (interactions, disclosures) stays as it is.

Example: permission 7 ended on 3 October in the register; a file without that end is refused for it
(`taken_back`), for nobody knows which of the two is right.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from polars import col

from genlib.register.contradictions import FAULTS, find_contradictions
from genlib.register.database import Register
from genlib.register.schema import plain_columns

BEFORE = " before"
"""Follows the name of a column as the register has it."""
STAGES = ("sent_at", "delivered_at", "opened_at", "clicked_at", "responded_at", "opted_out_at")


@dataclass(frozen=True)
class ChangeRule:
    """`columns` may change; `filled` may be filled where they are empty, and then stay as they
    are; an empty cell says nothing in those that are `kept`."""

    columns: frozenset[str] = frozenset()
    filled: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()

    @property
    def has_stages(self) -> bool:
        """Whether rows come one stage after another, so that one may say the last stage only."""
        return bool(self.filled & self.kept)


def _all_of(name: str) -> frozenset[str]:
    return frozenset(c.name for c in plain_columns(name) if not c.primary_key)


CONTACT_STAGES = frozenset((*STAGES, "bounced"))
INVITATION_STAGES = frozenset(("delivered", "responded_at"))
REQUEST_STAGES = frozenset(("identity_check", "decision", "ground", "decided_at"))
RULES: Mapping[str, ChangeRule] = {
    "company": ChangeRule(_all_of("company")),
    "customer": ChangeRule(_all_of("customer"), kept=frozenset(("restricted_from",))),
    "permission": ChangeRule(filled=frozenset(("ended_at",))),
    "campaign": ChangeRule(_all_of("campaign")),
    "campaign_contact": ChangeRule(filled=CONTACT_STAGES, kept=CONTACT_STAGES),
    "invoice": ChangeRule(frozenset(("due_on", "paid_on", "amount_cents", "reference"))),
    "survey": ChangeRule(_all_of("survey")),
    "survey_question": ChangeRule(frozenset(("text_fi", "text_sv", "text_en"))),
    "survey_invitation": ChangeRule(filled=INVITATION_STAGES, kept=INVITATION_STAGES),
    "survey_answer": ChangeRule(frozenset(("score", "comment"))),
    "feedback": ChangeRule(frozenset(("topic",))),
    "processor": ChangeRule(_all_of("processor")),
    "subject_request": ChangeRule(filled=REQUEST_STAGES, kept=REQUEST_STAGES),
}
NO_CHANGE = ChangeRule()


def find_rule(name: str) -> ChangeRule:
    """The rule of a table."""
    return RULES.get(name, NO_CHANGE)


def keep_stages(pairs: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows that came, with what the register has where an empty cell says nothing. pairs: the
    rows that came, and the columns of the register's with ` before` behind their names."""
    stages = [column for column in find_rule(name).kept if column in pairs.columns]
    return pairs.with_columns(
        pl.when(_is_filled(col(column), pairs.schema[column]))
        .then(column)
        .otherwise(f"{column}{BEFORE}")
        .alias(column)
        for column in stages
    )


def judge_changes(
    register: Register, name: str, pairs: pl.DataFrame, changes: pl.DataFrame, as_of: dt.datetime
) -> pl.DataFrame:
    """The faults of changes that may not be: row, column, rule. pairs: as `keep_stages` gives them;
    changes: row, column; as_of: of when the source speaks, with the company's day."""
    rule = find_rule(name)
    forbidden = changes.filter(~col("column").is_in([*rule.columns, *rule.filled]))
    faults = [
        forbidden.with_columns(rule=pl.lit("changed")).cast(FAULTS),
        _find_taken_back(pairs, changes, rule),
        find_contradictions(pairs, name),
        _find_before_others(pairs, name),
    ]
    if name == "customer":
        faults.append(_find_older(pairs, changes))
    if name == "survey_answer":
        faults.append(_find_closed(register, pairs, changes, as_of))
    return pl.concat(faults).unique(["row", "column"], keep="first", maintain_order=True)


def count_closed_months(pairs: pl.DataFrame, changes: pl.DataFrame, as_of: dt.datetime) -> int:
    """How many changed amounts are of invoices of an earlier month than the source speaks of; as_of
    with the company's day."""
    changed = changes.filter(column="amount_cents")
    is_earlier = col(f"issued_on{BEFORE}").dt.month_start() < as_of.date().replace(day=1)
    return pairs.join(changed, on="row", how="semi").filter(is_earlier).height


def _is_filled(value: pl.Expr, kind: pl.DataType) -> pl.Expr:
    return value if kind == pl.Boolean else value.is_not_null()


def _find_taken_back(pairs: pl.DataFrame, changes: pl.DataFrame, rule: ChangeRule) -> pl.DataFrame:
    """Stages and ends that are there already and came otherwise."""
    faults = [pl.DataFrame(schema=FAULTS)]
    for column in sorted(rule.filled & set(changes["column"])):
        was_there = _is_filled(col(f"{column}{BEFORE}"), pairs.schema[column])
        moved = pairs.filter(was_there).join(changes.filter(column=column), on="row", how="semi")
        fault = moved.select("row", column=pl.lit(column), rule=pl.lit("taken_back"))
        faults.append(fault.cast(FAULTS))
    return pl.concat(faults)


def _find_before_others(pairs: pl.DataFrame, name: str) -> pl.DataFrame:
    """What came before something that the register has, and cannot have."""
    faults = [pl.DataFrame(schema=FAULTS)]
    for column in plain_columns(name):
        earlier = column.info.get("not_before")
        if earlier:
            wrong = pairs.filter(col(column.name) < col(earlier))
            rule = pl.lit(f"before_{earlier}")
            faults.append(wrong.select("row", column=pl.lit(column.name), rule=rule))
    return pl.concat(faults)


def _find_older(pairs: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Every change of a customer whose row is older than the register's."""
    if "updated_at" not in pairs.columns:
        return pl.DataFrame(schema=FAULTS)
    older = pairs.filter(col("updated_at") < col(f"updated_at{BEFORE}"))
    return changes.join(older, on="row", how="semi").with_columns(rule=pl.lit("older")).cast(FAULTS)


def _find_closed(
    register: Register, pairs: pl.DataFrame, changes: pl.DataFrame, as_of: dt.datetime
) -> pl.DataFrame:
    """Changes of answers to a survey that was closed before the day of which the source speaks."""
    questions = pl.concat(register.scan("survey_question", ["id", "survey_id"]))
    surveys = pl.concat(register.scan("survey", ["id", "closed_on"]))
    closed = surveys.filter(col("closed_on") < as_of.date())
    asked = questions.filter(col("survey_id").is_in(closed["id"].implode()))
    late = pairs.filter(col("question_id").is_in(asked["id"].implode()))
    faults = changes.join(late, on="row", how="semi")
    return faults.with_columns(rule=pl.lit("survey_closed")).cast(FAULTS)
