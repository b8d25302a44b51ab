"""The people of a release: who is in it, what they are called there, and how coarsely they are described so that nobody is alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from genlib.notice import Notice
from genlib.publish.anonymity import anonymise
from genlib.publish.coarsen import Area, Released, coarse, released
from genlib.publish.pseudonym import pseudonyms, shuffled
from genlib.register.database import Register
from genlib.register.vault import PseudonymKey

APART = ("apart", "apart_month")
JUDGED = ["kind", "restricted_from", "non_disclosure"]  # what permission asks about a person


@dataclass(frozen=True)
class Request:
    """What is to be published: a purpose, from a register, under a key and a notice, as things are `now`."""

    purpose: str
    register: Register
    key: PseudonymKey
    notice: Notice
    area: Area
    now: dt.datetime


@dataclass(frozen=True)
class People:
    """`numbers`: customer_id -> customer, the number in this release, for those who are in it. `released`: table `customer`. `apart`:
    what no key links to them. `judged`: who they are to `permission`. `left_out` and `k` go to the manifest."""

    numbers: pl.DataFrame
    released: pl.DataFrame
    apart: pl.DataFrame
    judged: pl.DataFrame
    left_out: dict[str, int]
    k: dict[str, int]


def columns_of(notice: Notice, purpose: str, table: str) -> list[Released]:
    """The columns of a table that the notice grants a purpose, as they are called in its release."""
    granted = notice.granted(purpose).get(table, {})
    return [released(table, name, coarsening) for name, coarsenings in granted.items() for coarsening in coarsenings]


def select_people(request: Request) -> People:
    """Read the customers, leave out the restricted, coarsen until k is reached, number and name the rest."""
    columns = columns_of(request.notice, request.purpose, "customer")
    everyone, restricted = _unrestricted(request.register, [*JUDGED, *(name for c in columns for name in c.reads)], request.now)
    described = [column for column in columns if column.coarsening not in {*APART, "pseudonym"}]
    seen = everyone.select("id", *(coarse(column, request.area) for column in described))
    policy, catalogue = request.notice.anonymity, request.notice.columns["customer"]
    quasi = [column.name for column in described if catalogue[column.source].sensitivity == "quasi"]
    safe = anonymise(seen, quasi, ladder=policy.ladder, k=policy.k)
    ids = safe.people["id"]
    named = safe.people.with_columns(
        shuffled(ids, request.key, purpose=request.purpose, what="customer", epoch=policy.epoch),
        pseudonyms(ids, request.key, purpose=request.purpose, epoch=policy.epoch),
    )
    present = everyone.join(named.select("id"), on="id", how="semi", maintain_order="left")
    order = ["customer", *(c.name for c in columns if c.coarsening not in APART)]
    return People(
        numbers=named.select("id", "customer"),
        released=named.select(order).sort("customer"),
        apart=_apart(present, columns, request.area),
        judged=present.select(pl.col("id").alias("customer_id"), *JUDGED),
        left_out={"restricted": restricted, "too_rare": safe.left_out},
        k={"required": policy.k, "reached": safe.reached, "rows_coarsened": safe.coarsened},
    )


def prohibiting(acts: pl.DataFrame, *, scope: str, now: dt.datetime) -> pl.Series:
    """Ids of the customers with a prohibition of this scope in force at `now`."""
    lives = (pl.col("given_at") <= now) & (pl.col("ended_at") > now).fill_null(value=True)
    return acts.filter(pl.col("act") == "prohibition", pl.col("scope") == scope, lives)["customer_id"].unique()


def _unrestricted(register: Register, columns: Sequence[str], now: dt.datetime) -> tuple[pl.DataFrame, int]:
    """Everyone whose data may be used (GDPR 18), and how many others there are."""
    people = pl.concat(register.scan("customer", list(dict.fromkeys(["id", *columns])), ordered_by="id"))
    free = people.filter((pl.col("restricted_from") > now).fill_null(value=True))
    return free, people.height - free.height


def _apart(people: pl.DataFrame, columns: Sequence[Released], area: Area) -> pl.DataFrame:
    """Sorted by what it holds, so that not even the order of its rows tells whose they are."""
    apart = people.select(coarse(c, area) for c in columns if c.coarsening in APART)
    return apart.sort(pl.all())
