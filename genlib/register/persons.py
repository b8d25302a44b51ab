"""Rows of the register that are, or may be, one person.

Rows with the same personal identity code are one person. What a person forbids, what protects them
and that they are dead holds for every row of theirs. A consent holds for its own row alone, until
the person ends one of its scope in any row. A departure ends the customership of its own row: who
left as a consumer may still be a company's contact.

Rows with the same e-mail address or telephone may be one person; for letters, those with the same
postal address too. So a row meets the hold, the restriction, the non-disclosure and the death of
whatever row or refused row has an identifier of its own. This goes one step, not from row to row.

Example: rows 11 and 12 have one code. In May row 11 prohibits the use of its data for marketing;
row 12 consented to e-mail in January. Neither row gets marketing. Row 13 has no code but the
telephone of row 12; from June row 12 is restricted, and then row 13 gets nothing either.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from polars import col

from genlib.register.database import Register
from genlib.register.digests import IDENTIFIERS, digest_identifiers
from genlib.register.store import opened
from genlib.register.vault import IdentityKey

STATES = ["restricted_from", "deceased_on", "non_disclosure"]
INDEXES = ["personal_id_index", "email_index", "phone_index"]
READ = ["id", *INDEXES, *STATES, *IDENTIFIERS]
NO_LETTERS = ("email", "phone", "personal_id")
"""The identifiers of one person; a postal address is a household's and counts for letters only."""


@dataclass(frozen=True)
class Related:
    """What one look through the customers finds about the people asked for.

    rows: id, other, and the `STATES` of the other, for each row `other` that is the same person,
    the own row too. sharing: numbers of the rows that may share an identifier with one of them.
    protected: the sealed rows of everybody in any of the `STATES` or held back.
    """

    rows: pl.DataFrame
    sharing: pl.Series
    protected: pl.DataFrame


def find_related(
    register: Register, people: pl.DataFrame, held_ids: pl.Series, channel: str
) -> Related:
    """What is related to the sealed `people`, if a message goes by this channel; `held_ids` are the
    numbers of those who are held back."""
    same_code = []
    sharing = []
    protected = []
    for batch in register.scan("customer", READ):
        same_code.append(_join_codes(batch, people))
        sharing.append(_find_sharing(batch, people, channel))
        protected.append(batch.filter(_is_protected(held_ids)))
    themselves = people.select("id", *STATES, other="id")
    pairs = pl.concat([themselves, *same_code], how="diagonal")
    return Related(
        rows=pairs.unique(["id", "other"]),
        sharing=pl.concat(sharing),
        protected=pl.concat(protected),
    )


def _join_codes(batch: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """id, other and the states of the other, for the rows of a batch with the code of a person."""
    codes = people.select("id", "personal_id_index")
    others = batch.select("personal_id_index", *STATES, other="id")
    return others.join(codes, on="personal_id_index").select("id", *STATES, "other")


def _find_sharing(batch: pl.DataFrame, people: pl.DataFrame, channel: str) -> pl.Series:
    """Numbers of the rows with the e-mail address or telephone of a person. A postal address has
    no index, so of letters it is whoever has the postal code of one."""
    columns = ["email_index", "phone_index"]
    if channel == "post":
        columns.append("postal_code")
    shares = pl.any_horizontal(
        col(column).is_in(people[column].drop_nulls().unique().implode()) for column in columns
    )
    return batch.filter(shares)["id"]


def _is_protected(held_ids: pl.Series) -> pl.Expr:
    is_held = col("id").is_in(held_ids.implode())
    dates = [col(name).is_not_null() for name in ("restricted_from", "deceased_on")]
    return pl.any_horizontal(is_held, *dates, col("non_disclosure").fill_null(value=True))


def find_protection(
    people: pl.DataFrame,
    protected: pl.DataFrame,
    refused: pl.DataFrame,
    *,
    key: IdentityKey,
    channel: str,
) -> pl.DataFrame:
    """id, the strictest `STATES` and is_held of whatever has an identifier of one of the
    opened `people`.

    protected: sealed rows of the register with their states and `is_held`; refused: identifier and
    digest of what refused rows of customers hold back.
    """
    plain = opened(protected, "customer", key)
    states = protected.select("id", *STATES, "is_held")
    of_rows = digest_identifiers(key, plain, "id").join(states, on="id").drop("id")
    of_refused = refused.with_columns(is_held=pl.lit(value=True))
    speaking = pl.concat([of_rows, of_refused], how="diagonal")
    codes = people.select("id", identifier=pl.lit("personal_id"), digest="personal_id_index")
    identified = pl.concat([digest_identifiers(key, people, "id"), codes.drop_nulls("digest")])
    if channel != "post":
        identified = identified.filter(col("identifier").is_in(NO_LETTERS))
    met = identified.join(speaking, on=["identifier", "digest"])
    return met.group_by("id").agg(
        col("restricted_from").min(),
        col("deceased_on").min(),
        col("non_disclosure").any(),
        col("is_held").any(),
    )


def apply_states(people: pl.DataFrame, rows: pl.DataFrame, held_ids: pl.Series) -> pl.DataFrame:
    """The people with the strictest state of any of their rows, and `is_held`: whether one of the
    rows is in `held_ids`."""
    strictest = rows.group_by("id").agg(
        col("restricted_from").min(),
        col("deceased_on").min(),
        col("non_disclosure").any(),
        is_held=col("other").is_in(held_ids.implode()).any(),
    )
    return people.drop(STATES).join(strictest, on="id", how="left", maintain_order="left")


def gather_acts(acts: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The acts that hold for each person (customer_id, act, scope, given_at, ended_at): the own
    ones, the prohibitions of all rows of the person, and no consent that the person ended later
    elsewhere."""
    pairs = rows.select("id", "other")
    all_acts = pairs.join(acts, left_on="other", right_on="customer_id")
    is_own = col("id") == col("other")
    is_consent = col("act") == "consent"
    ends = (
        all_acts.filter(is_consent, ~is_own)
        .drop_nulls("ended_at")
        .select("id", "scope", later_end="ended_at")
    )
    standing = all_acts.filter(is_own | ~is_consent).with_row_index("act_number")
    consents = standing.filter(is_consent).join(ends, on=["id", "scope"])
    overtaken = consents.filter(col("later_end") >= col("given_at"))
    first_ends = overtaken.group_by("act_number").agg(col("later_end").min())
    ended = standing.join(first_ends, on="act_number", how="left", maintain_order="left")
    return ended.select(
        customer_id="id",
        act="act",
        scope="scope",
        given_at="given_at",
        ended_at=pl.min_horizontal("ended_at", "later_end"),
    )
