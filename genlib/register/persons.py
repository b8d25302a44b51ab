"""Rows of the register that are one person: those with the same personal identity code.

What a person forbids, what protects them and that they are dead holds for every row of theirs. A
consent holds for its own row alone, until the person ends one of its scope in any row. A departure
ends the customership of its own row: who left as a consumer may still be a company's contact.

Example: rows 11 and 12 have one code. In May row 11 prohibits the use of its data for marketing;
row 12 consented to e-mail in January. Neither row gets marketing.
"""

from __future__ import annotations

import polars as pl
from polars import col

from genlib.register.database import Register

STATES = ["restricted_from", "deceased_on", "non_disclosure"]


def find_rows(register: Register, people: pl.DataFrame) -> pl.DataFrame:
    """id, other, and the `STATES` of the other: each of `people` (id, personal_id_index) with
    every row of the register that is the same person, the own row too."""
    codes = people.select("id", "personal_id_index")
    same_code = [
        batch.join(codes, on="personal_id_index", suffix=" asked")
        for batch in register.scan("customer", ["id", "personal_id_index", *STATES])
    ]
    others = pl.concat(same_code).select("id asked", "id", *STATES)
    pairs = others.rename({"id": "other", "id asked": "id"})
    own = people.select("id", *STATES, other="id").select(pairs.columns)
    return pl.concat([own, pairs]).unique(["id", "other"])


def find_sharing(register: Register, people: pl.DataFrame, channel: str) -> pl.Series:
    """Numbers of the rows that may share what the channel reaches with one of `people`: by blind
    index an e-mail address or a telephone; of letters, which have none, whoever has the postal
    code of one of them."""
    column = {"email": "email_index", "post": "postal_code"}.get(channel, "phone_index")
    wanted = people.select(column).drop_nulls().unique()
    return pl.concat(
        batch.join(wanted, on=column, how="semi")["id"]
        for batch in register.scan("customer", ["id", column])
    )


def apply_states(people: pl.DataFrame, rows: pl.DataFrame, held: pl.Series) -> pl.DataFrame:
    """The people with the strictest state of any of their rows, and `is_held`: whether one of the
    rows is in `held`."""
    strictest = rows.group_by("id").agg(
        col("restricted_from").min(),
        col("deceased_on").min(),
        col("non_disclosure").any(),
        is_held=col("other").is_in(held.implode()).any(),
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
    kept = all_acts.filter(is_own | ~is_consent).with_row_index("act_number")
    consents = kept.filter(is_consent).join(ends, on=["id", "scope"])
    overtaken = consents.filter(col("later_end") >= col("given_at"))
    first_ends = overtaken.group_by("act_number").agg(col("later_end").min())
    ended = kept.join(first_ends, on="act_number", how="left", maintain_order="left")
    return ended.select(
        customer_id="id",
        act="act",
        scope="scope",
        given_at="given_at",
        ended_at=pl.min_horizontal("ended_at", "later_end"),
    )
