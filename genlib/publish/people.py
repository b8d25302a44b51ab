"""The people of a release: who is in it, what they are called there, and how coarsely they are
described so that nobody is alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import polars as pl

from genlib.errors import UsageError
from genlib.notice import Notice, ReleaseTerms
from genlib.permission import JUDGED, Switches
from genlib.publish.anonymity import anonymise
from genlib.publish.coarsen import Area, Released, coarse, released
from genlib.publish.pseudonym import number_companies, pseudonyms, shuffled
from genlib.register.acts import read_acts
from genlib.register.bulk import UTC_INSTANT
from genlib.register.database import Register, frame_schema
from genlib.register.vault import PseudonymKey

APART = ("apart", "apart_month")
UNDER_KEY = ("pseudonym", "keyed")
"""Coarsenings of keys that only the pseudonym key can make."""
REACHED = [*JUDGED, "left_on", "birth_year"]
"""What it asks where a contact list is meant: whoever has left, or may be under age, is on none but
for needed notices."""


@dataclass(frozen=True)
class People:
    """`numbers`: customer_id -> customer, the number in this release, for those who are in it.
    `released`: table `customer`. `apart`: what no key links to them. `judged`: who they are to
    `permission`. `left_out` and `k` go to the manifest."""

    numbers: pl.DataFrame
    released: pl.DataFrame
    apart: pl.DataFrame
    judged: pl.DataFrame
    left_out: dict[str, int]
    k: dict[str, int]


@dataclass(frozen=True)
class Source:
    """What a release is made from: a purpose, a register, a key and a notice, as things are `now`;
    read once, when first asked for."""

    purpose: str
    register: Register
    key: PseudonymKey
    notice: Notice
    area: Area
    now: dt.datetime

    @property
    def terms(self) -> ReleaseTerms:
        return self.notice.release(self.purpose)

    @property
    def switches(self) -> Switches:
        return Switches.of(self.notice.permission)

    def columns(self, table: str) -> list[Released]:
        """The columns of a table that the notice grants the purpose, as they are called in its
        release."""
        granted = self.notice.granted(self.purpose).get(table, {})
        kinds = frame_schema(table)
        return [
            released(table, name, coarsening, is_instant=kinds[name] == UTC_INSTANT)
            for name, coarsenings in granted.items()
            for coarsening in coarsenings
        ]

    @cached_property
    def people(self) -> People:
        return _selected(self)

    @cached_property
    def acts(self) -> pl.DataFrame:
        return read_acts(self.register, with_ways="act" in self.terms.derived)

    @cached_property
    def marketable(self) -> pl.DataFrame:
        """As `people.numbers`, without the deceased and those who prohibit the use of their data
        for marketing (N11.10, GDPR 21(2))."""
        unwilling = self.prohibiting("marketing_use").implode()
        return self.people.numbers.filter(
            ~pl.col("id").is_in(unwilling), ~pl.col("id").is_in(self.deceased.implode())
        )

    @cached_property
    def deceased(self) -> pl.Series:
        """Ids of the people in the release who have died by now."""
        today = self.now.astimezone(ZoneInfo(self.area.time_zone)).date()
        return self.people.judged.filter(pl.col("deceased_on") <= today)["customer_id"]

    @cached_property
    def held_back(self) -> pl.Series:
        """Ids of the customers whom a refused row holds back from contact lists."""
        holds = pl.concat(self.register.scan("held_back", ["customer_id"]))
        return holds["customer_id"].drop_nulls().unique()

    def customers(self, table: str) -> pl.DataFrame:
        """As `people.numbers`, of those who may be in a table."""
        return self.marketable if table in self.terms.marketing else self.people.numbers

    @cached_property
    def invitations(self) -> pl.DataFrame:
        """Numbers of the invitations of the people in the release, and of the anonymous ones."""
        ours = self.people.numbers["id"].implode()
        scanned = self.register.scan("survey_invitation", ["id", "customer_id"], ordered_by="id")
        ids = pl.concat(
            f.filter(pl.col("customer_id").is_null() | pl.col("customer_id").is_in(ours))
            for f in scanned
        )["id"]
        return pl.DataFrame([ids, self.shuffled(ids, "invitation")])

    def shuffled(self, ids: pl.Series, what: str) -> pl.Series:
        """The numbers of this release for ids of the register."""
        return shuffled(
            ids,
            self.key,
            purpose=self.purpose,
            what=what,
            epoch=self.key.find_epoch(self.notice.anonymity.epoch),
        )

    def prohibiting(self, scope: str) -> pl.Series:
        """Ids of the customers with a prohibition of this scope in force now."""
        lives = (pl.col("given_at") <= self.now) & (pl.col("ended_at") > self.now).fill_null(
            value=True
        )
        return self.acts.filter(pl.col("act") == "prohibition", pl.col("scope") == scope, lives)[
            "customer_id"
        ].unique()


def _selected(source: Source) -> People:
    """Read the customers, leave out the restricted, coarsen until k is reached, number and name the
    rest."""
    columns = source.columns("customer")
    everyone, restricted = _unrestricted(
        source.register, [*REACHED, *(name for c in columns for name in c.reads)], source.now
    )
    described = [column for column in columns if column.coarsening not in {*APART, *UNDER_KEY}]
    seen = everyone.select("id", *(coarse(column, source.area) for column in described))
    policy = source.notice.anonymity
    catalogue = source.notice.columns["customer"]
    quasi = [column.name for column in described if catalogue[column.source].sensitivity == "quasi"]
    safe = anonymise(seen, quasi, ladder=policy.ladder, k=policy.k)
    ids = safe.people["id"]
    epoch = source.key.find_epoch(policy.epoch)
    employers = everyone.select("id", "company_id")
    companies = safe.people.join(employers, on="id", how="left", maintain_order="left")
    named = safe.people.with_columns(
        source.shuffled(ids, "customer"),
        pseudonyms(ids, source.key, purpose=source.purpose, epoch=epoch),
        number_companies(companies["company_id"], source.key, purpose=source.purpose, epoch=epoch),
    )
    present = everyone.join(named.select("id"), on="id", how="semi", maintain_order="left")
    order = ["customer", *(c.name for c in columns if c.coarsening not in APART)]
    return People(
        numbers=named.select("id", "customer"),
        released=named.select(order).sort("customer"),
        # sorted by what it holds, so that not even the order of its rows tells whose they are
        apart=present.select(
            coarse(column, source.area) for column in columns if column.coarsening in APART
        ).sort(pl.all()),
        judged=present.select(pl.col("id").alias("customer_id"), *REACHED),
        left_out={"restricted": restricted, "too_rare": safe.left_out},
        k={"required": policy.k, "reached": safe.reached, "rows_coarsened": safe.coarsened},
    )


def _unrestricted(
    register: Register, columns: Sequence[str], now: dt.datetime
) -> tuple[pl.DataFrame, int]:
    """Everyone whose data may be used (GDPR 18), and how many others there are. An empty register
    is a wrong address sooner than a wish: the release of yesterday's people stays."""
    people = pl.concat(
        register.scan("customer", list(dict.fromkeys(["id", *columns])), ordered_by="id")
    )
    if people.is_empty():
        raise UsageError(
            f"nobody is in the register at {register.url}, so nothing was published; load it "
            "first: genlib register load FOLDER"
        )
    free = people.filter((pl.col("restricted_from") > now).fill_null(value=True))
    return free, people.height - free.height
