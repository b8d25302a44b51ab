"""The rule: what the notice refuses, what the law answers, and the code of the one that decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import polars as pl
from polars import col

from genlib.errors import UsageError
from genlib.permission.reasons import REASONS
from genlib.permission.switches import Switches

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
RECIPIENTS = ("P", "N", "W", "O")
CHANNELS = ("call", "auto", "sms", "email", "post")
KINDS = ("DM", "MR", "SAT", "CC", "SCA", "BEN", "SVC")
FLAGS = (
    "consent",
    "withdrawn",
    "channel_prohibited",
    "research_prohibited",
    "marketing_prohibited",
    "all_prohibited",
    "existing_customer",
)
PROTECTED = ("erased", "deceased", "held_back", "minor", "restricted", "non_disclosure", "left")

_Rules = Sequence[tuple[pl.Expr, str]]
_NEEDED = col("kind") == "SVC"
_COURTESY = col("kind") == "CC"
_SURVEY = col("kind").is_in(["MR", "SAT"])
_PROMOTION = col("kind").is_in(["DM", "SCA", "BEN"])
_ELECTRONIC = col("channel").is_in(["auto", "sms", "email"])
_WRITTEN = col("channel").is_in(["sms", "email"])
_PERSON = col("recipient").is_in(["P", "N"])
_DUTIES = col("recipient") == "W"
_COMPANY = col("recipient") == "O"
_ALL = col("all_prohibited")
_RESEARCH, _MARKETING, _CHANNEL = (
    col(f"{what}_prohibited") | _ALL for what in ("research", "marketing", "channel")
)
_CONSENT = col("consent")
_WITHDRAWN = col("withdrawn")


def decide(frame: Frame, *, switches: Switches | None = None) -> Frame:
    """The frame with `allowed` (Boolean) and `reason` (a code of `REASONS`): allowed only if the
    notice and the law both allow.

    Columns: recipient P N W O, channel, kind, and the booleans consent, withdrawn,
    channel_prohibited, research_prohibited, marketing_prohibited, all_prohibited,
    existing_customer; erased, deceased, held_back, minor, restricted, non_disclosure and left are
    heeded where they are there. The refusal of the notice is named first; else the law's answer.
    Unknown codes and empty flags are refused as `incomplete`. The hour of the day is no part of
    the rule: neither notice nor law sets one, and a planner of calls must mind it.
    """
    names = frame.lazy().collect_schema().names()
    missing = [name for name in ("recipient", "channel", "kind", *FLAGS) if name not in names]
    if missing:
        raise UsageError(f"permission.decide needs the columns {', '.join(missing)}")
    absent = [pl.lit(False).alias(name) for name in PROTECTED if name not in names]
    reason = pl.coalesce(
        _chosen([_incomplete()]), _chosen(_refusals(switches or Switches())), _chosen(_law())
    )
    allowing = [code for code, words in REASONS.items() if words.allows]
    answered = (
        frame.with_columns(absent)
        .with_columns(reason=reason)
        .with_columns(allowed=col("reason").is_in(allowing))
    )
    return answered.select(pl.col(names).exclude("allowed", "reason"), "allowed", "reason")


def _chosen(rules: _Rules) -> pl.Expr:
    """The code of the first rule that holds, else null."""
    return pl.coalesce(pl.when(holds).then(pl.lit(code)) for holds, code in rules)


def _incomplete() -> tuple[pl.Expr, str]:
    code_lists = {"recipient": RECIPIENTS, "channel": CHANNELS, "kind": KINDS}
    strange = [col(name).is_null() | ~col(name).is_in(codes) for name, codes in code_lists.items()]
    return pl.any_horizontal(
        *strange, *(col(flag).is_null() for flag in (*FLAGS, *PROTECTED))
    ), "incomplete"


def _refusals(switches: Switches) -> _Rules:
    """Clause 11 of the notice with its open questions; protected people first, needed notices
    never."""
    marketing = col("kind") == "DM"
    unasked = marketing & _PERSON & _ELECTRONIC & ~_CONSENT
    customer = col("existing_customer") & _WRITTEN & ~_WITHDRAWN
    return [
        (col("erased"), "erased"),
        (col("deceased"), "deceased"),
        (col("held_back"), "held_back"),
        (col("minor") & ~_NEEDED, "minor"),
        (col("restricted") & ~_NEEDED, "restricted"),
        (col("non_disclosure") & ~_NEEDED, "non_disclosure"),
        (col("left") & ~_NEEDED, "left"),
        (_ALL & ~_NEEDED & switches.q8, "all_prohibitions"),
        ((col("kind") == "MR") & _RESEARCH, "research_prohibition"),
        ((col("kind") == "SAT") & _RESEARCH & switches.q3, "satisfaction_prohibition"),
        (_SURVEY & _CHANNEL & (not switches.q6), "channel_prohibition"),
        (marketing & _MARKETING, "marketing_prohibition"),
        (marketing & _CHANNEL, "channel_prohibition"),
        (
            marketing & _PERSON & _CONSENT & (col("channel") == "auto") & (switches.q1 == "sms"),
            "automated_call",
        ),
        (unasked & _WITHDRAWN, "consent_withdrawn"),
        (unasked & customer & (not switches.q4), "existing_customer_off"),
        (unasked & ~customer, "consent_missing"),
        (marketing & _DUTIES & _ELECTRONIC & ~_CONSENT & (not switches.q5), "duties_rule_open"),
    ]


def _law() -> _Rules:
    """917/2014 sections 200 and 202 and the GDPR; benefit messages and service advertising are
    direct marketing here."""
    protected = col("restricted") | col("non_disclosure")
    return [
        (_NEEDED & protected, "safe_route"),
        (_NEEDED, "needed_notice"),
        (_COURTESY, "customer_communication"),
        (_SURVEY & _RESEARCH, "research_objection"),
        (_SURVEY & _CHANNEL, "survey_other_channel"),
        (_SURVEY, "survey"),
        (_MARKETING, "marketing_prohibition"),
        (_CHANNEL, "channel_prohibition"),
        (_COMPANY, "company"),
        (_DUTIES & _WITHDRAWN & _ELECTRONIC & ~_CONSENT, "consent_withdrawn"),
        (_DUTIES, "work_duties"),
        (~_ELECTRONIC, "opt_out_channel"),
        (_CONSENT, "consent"),
        (_WITHDRAWN, "consent_withdrawn"),
        (col("existing_customer") & _WRITTEN & (col("recipient") == "P"), "existing_customer"),
        (pl.lit(True), "consent_missing"),
    ]
