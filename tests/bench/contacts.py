"""the verdict of every past contact as of the second it was sent, against the same in DuckDB and
pandas

The rule itself comes from genlib as a table of all its answers, so that the three sides differ only
in how they find what stood when.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import goals
import numpy as np
import polars as pl

REPEATS = 2
CONTACTS = {"tiny": 20_000, "small": 10_000_000, "large": 20_000_000}
SLOTS = (
    "consent_mobile",
    "consent_email",
    *(f"prohibition_{s}" for s in ("phone", "post", "email", "market_research", "marketing_use")),
)
FLAGS = (
    "consent",
    "withdrawn",
    "channel_prohibited",
    "research_prohibited",
    "marketing_prohibited",
    "all_prohibited",
)
CHANNELS, KINDS = (
    ("call", "auto", "sms", "email", "post"),
    ("DM", "MR", "SAT", "CC", "SCA", "BEN", "SVC"),
)
START, END = 1_600_000_000, 1_790_000_000

STANDING = ", ".join(
    f"coalesce(max(CASE WHEN slot = '{slot}' THEN CASE WHEN ended IS NULL OR ended > t THEN given "
    f"ELSE -1 END END), 0) AS {slot}"
    for slot in SLOTS
)
NEWER = (
    "({scope} > 0 AND NOT (prohibition_{own} >= {scope}) AND NOT (prohibition_marketing_use "
    ">= {scope}))"
)
SMS, EMAIL = (
    NEWER.format(scope="consent_mobile", own="phone"),
    NEWER.format(scope="consent_email", own="email"),
)
OWN = (
    "CASE channel WHEN 'email' THEN prohibition_email WHEN 'post' THEN prohibition_post ELSE "
    "prohibition_phone END"
)
EVERY = " AND ".join(f"{slot} > 0" for slot in SLOTS[2:])
SQL = f"""
CREATE OR REPLACE TABLE judged AS
WITH event AS (SELECT customer_id, given AS t FROM acts
               UNION SELECT customer_id, ended FROM acts WHERE ended IS NOT NULL),
     state AS (SELECT customer_id, t, {STANDING} FROM event JOIN acts USING (customer_id)
               WHERE given <= t GROUP BY ALL),
     stood AS (SELECT contacts.*, people.kind AS who,
               {", ".join(f"coalesce({slot}, 0) AS {slot}" for slot in SLOTS)}
               FROM contacts ASOF LEFT JOIN state
               ON contacts.customer_id = state.customer_id AND sent >= t
               JOIN people ON people.customer_id = contacts.customer_id),
     effective AS (SELECT *,
               coalesce(CASE channel WHEN 'sms' THEN {SMS} WHEN 'email' THEN {EMAIL} END, false)
               AS consent FROM stood),
     flagged AS (SELECT customer_id, channel, kind, sent, who, consent,
               coalesce(CASE channel WHEN 'sms' THEN consent_mobile
               WHEN 'email' THEN consent_email END, 0) = -1 AS withdrawn,
               {OWN} > 0 AND NOT consent AS channel_prohibited,
               prohibition_market_research > 0 AS research_prohibited,
               prohibition_marketing_use > 0 AND NOT consent AS marketing_prohibited,
               {EVERY} AND NOT {SMS} AND NOT {EMAIL} AS all_prohibited FROM effective)
SELECT customer_id, channel, kind, sent, allowed, reason
FROM flagged JOIN rule USING (who, channel, kind, {", ".join(FLAGS)})
"""


def prepare(folder: Path, size: str) -> None:
    from genlib.permission import decide

    rng, contacts = np.random.default_rng(1), CONTACTS[size]
    people, acts = contacts // 20, contacts // 10
    who = np.where(rng.random(people) < 0.1, "company_contact", "consumer")
    pl.DataFrame({"customer_id": np.arange(1, people + 1), "kind": who}).write_parquet(
        folder / "people.parquet"
    )
    given, length = rng.integers(START, END, acts), rng.integers(1, 50_000_000, acts)
    pl.DataFrame(
        {
            "customer_id": rng.integers(1, people + 1, acts),
            "slot": np.array(SLOTS)[rng.integers(0, 7, acts)],
            "given": given,
            "ended": pl.Series(given + length).set(pl.Series(rng.random(acts) < 0.7), None),
        }
    ).write_parquet(folder / "acts.parquet")
    pl.DataFrame(
        {
            "customer_id": rng.integers(1, people + 1, contacts),
            "channel": np.array(CHANNELS)[rng.integers(0, 5, contacts)],
            "kind": np.array(KINDS)[rng.integers(0, 7, contacts)],
            "sent": rng.integers(START, END, contacts),
        }
    ).write_parquet(folder / "contacts.parquet")
    asked = list(product(("P", "N"), CHANNELS, KINDS, *[(False, True)] * len(FLAGS)))
    rule = pl.DataFrame(
        asked, schema=["recipient", "channel", "kind", *FLAGS], orient="row"
    ).with_columns(existing_customer=False)
    named = (
        pl.col("recipient").replace_strict({"P": "consumer", "N": "company_contact"}).alias("who")
    )
    decide(rule).select(named, "channel", "kind", *FLAGS, "allowed", "reason").write_parquet(
        folder / "rule.parquet"
    )


def genlib(folder: Path, size: str) -> Callable[[], dict]:
    from genlib.permission import verdicts

    def instant(name: str) -> pl.Expr:
        return (
            pl.from_epoch(name, "s")
            .cast(pl.Datetime("us"))
            .dt.replace_time_zone("UTC")
            .alias(f"{name}_at")
        )

    split = pl.col("slot").str.splitn("_", 2).struct
    acts = pl.scan_parquet(folder / "acts.parquet").select(
        "customer_id",
        split.field("field_0").alias("act"),
        split.field("field_1").alias("scope"),
        instant("given"),
        instant("ended"),
    )
    contacts = pl.scan_parquet(folder / "contacts.parquet").select(
        "customer_id", "channel", "kind", instant("sent")
    )
    people = pl.scan_parquet(folder / "people.parquet").with_columns(
        non_disclosure=pl.lit(False), restricted_from=pl.lit(None, pl.Datetime("us", "UTC"))
    )
    loaded = [frame.collect() for frame in (contacts, acts, people)]

    def work() -> dict:
        made = verdicts(*loaded)
        return {
            "contacts": made.height,
            "allowed": int(made["allowed"].sum()),
            "reasons": _counts(made["reason"]),
        }

    return work


def duckdb(folder: Path, size: str) -> Callable[[], dict]:
    import duckdb as library

    connection = library.connect()
    for table in ("contacts", "acts", "people", "rule"):
        connection.execute(f"CREATE TABLE {table} AS FROM '{folder}/{table}.parquet'")

    def work() -> dict:
        connection.execute(SQL)
        contacts, allowed = connection.execute(
            "SELECT count(*), count(*) FILTER (allowed) FROM judged"
        ).fetchone()
        reasons = connection.execute(
            "SELECT reason, count(*) FROM judged GROUP BY reason ORDER BY reason"
        ).fetchall()
        return {"contacts": contacts, "allowed": allowed, "reasons": dict(reasons)}

    return work


def pandas(folder: Path, size: str) -> Callable[[], dict]:
    import pandas as pd

    contacts, acts, people, rule = (
        pd.read_parquet(folder / f"{name}.parquet")
        for name in ("contacts", "acts", "people", "rule")
    )

    def work() -> dict:
        made = _flagged(
            pd,
            contacts.merge(people.rename(columns={"kind": "who"}), on="customer_id"),
            _states(pd, acts),
        )
        made = made.merge(rule, on=["who", "channel", "kind", *FLAGS])
        reasons = made["reason"].value_counts().sort_index()
        return {
            "contacts": len(made),
            "allowed": int(made["allowed"].sum()),
            "reasons": {k: int(v) for k, v in reasons.items()},
        }

    return work


def _states(pd, acts):
    begun, ended = (
        acts[["customer_id", "given"]],
        acts.dropna(subset="ended")[["customer_id", "ended"]],
    )
    events = pd.concat(
        [begun.rename(columns={"given": "t"}), ended.rename(columns={"ended": "t"}).astype("int64")]
    ).drop_duplicates()
    known = events.merge(acts, on="customer_id").query("given <= t")
    known["since"] = np.where(
        known["ended"].isna() | (known["ended"] > known["t"]), known["given"], -1
    )
    states = (
        known.pivot_table(index=["customer_id", "t"], columns="slot", values="since", aggfunc="max")
        .fillna(0)
        .astype("int64")
    )
    return states.reset_index().sort_values("t")


def _flagged(pd, contacts, states):
    made = pd.merge_asof(
        contacts.sort_values("sent"), states, left_on="sent", right_on="t", by="customer_id"
    )
    s = made[list(SLOTS)].fillna(0).astype("int64")

    def newer(scope: str, own: str):
        rivals = (s[f"prohibition_{own}"] >= s[scope]) | (
            s["prohibition_marketing_use"] >= s[scope]
        )
        return (s[scope] > 0) & ~rivals

    sms, email = made["channel"] == "sms", made["channel"] == "email"
    by_sms, by_email = newer("consent_mobile", "phone"), newer("consent_email", "email")
    consent = (sms & by_sms) | (email & by_email)
    own = np.select(
        [email, made["channel"] == "post"],
        [s["prohibition_email"], s["prohibition_post"]],
        s["prohibition_phone"],
    )
    return made.assign(
        consent=consent,
        withdrawn=(sms & (s["consent_mobile"] == -1)) | (email & (s["consent_email"] == -1)),
        channel_prohibited=(own > 0) & ~consent,
        research_prohibited=s["prohibition_market_research"] > 0,
        marketing_prohibited=(s["prohibition_marketing_use"] > 0) & ~consent,
        all_prohibited=(s[list(SLOTS[2:])] > 0).all(axis=1) & ~by_sms & ~by_email,
    )


def _counts(reasons: pl.Series) -> dict[str, int]:
    return dict(reasons.value_counts().sort("reason").iter_rows())


SIDES = {"genlib": genlib, "DuckDB SQL": duckdb, "pandas": pandas}
GOALS = {"DuckDB SQL": goals.level(1.2), "pandas": goals.slower(10)}
