"""Who is held back from every contact list, because a row about their will could not be taken.

Three tables say whom we may contact: `permission` (consents, prohibitions, their ends), `customer`
(restriction, departure, death, addresses) and `campaign_contact` (who opted out). What such a row
cannot say clearly is refused, and until it is mended nobody it may speak of is on a list:

- A refused row holds back the customer that it names, whether the register knows them yet or not;
  a refused row of `customer` holds back, too, whoever has its personal identity code, e-mail
  address, telephone or (from letters) postal address. Kept of these are keyed hashes.
- While a refused row names no customer, or may hide other rows, no list is exported at all. The
  same holds from the beginning of a load until its last such table is in: a file that is refused
  whole, or a load that was killed, leaves nobody's new prohibition unheeded.
- Before permissions were loaded once, if only a file of its header, no list is exported either.
- A hold ends when a later load takes the very same row, by its number, for the first time, or
  refuses it for its age alone (what it says is clear, and over); or when a steward releases it,
  with a reason. A row without a number waits for the steward, and so does one that the register has
  already: to find it unchanged may only mean that the file is old.

Example: row 17 of permission.csv, of customer 5, has the unreadable end "1.13.2026". Customer 5 is
held back, whatever other rows say, until row 17 is loaded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.errors import Refused, UsageError
from genlib.register import audit
from genlib.register.database import Register, frame_schema
from genlib.register.digests import IDENTIFIERS, digest_codes, digest_identifiers
from genlib.register.schema import table
from genlib.register.spelling import clean_text, read_number
from genlib.register.vault import IdentityKey

OWNERS = {"customer": "id", "permission": "customer_id", "campaign_contact": "customer_id"}
"""The tables that are watched, and their column that names the customer. Of contacts those that
tell of an opting out."""
HARMLESS = (
    "company_id",
    "given_names",
    "family_name",
    "birth_year",
    "language",
    "joined_on",
    "source",
    "updated_at",
)
"""Columns of `customer` whose change alone holds nobody back; any other column's does."""
LOADING = "not_loaded"
HELD = ["customer_id", "refused_id", "column", "rule"]
HIDES_ROWS = r"[\r\n].*[,;\t]|[,;\t].*[\r\n]"
"""A cell with a line break and a separator may have swallowed the rows below it."""


def begin_load(register: Register, names: Iterable[str], since: dt.datetime) -> None:
    """Hold everybody back until the watched tables are loaded of which a file or folder speaks: all
    whose name begins one of `names`, such as `permission (1).csv`."""
    bare = [name.lstrip(".~$") for name in names]
    watched = [table for table in sorted(OWNERS) if any(one.startswith(table) for one in bare)]
    with register.writing() as connection:
        for name in watched:
            mark_not_loaded(connection, name, since)


def mark_not_loaded(connection: sa.Connection, name: str, since: dt.datetime) -> None:
    """Hold everybody back until a file of the table is in whole."""
    _delete_marks(connection, name)
    mark = {"table": name, "column": "", "rule": LOADING, "since": since}
    connection.execute(table("held_back").insert().values(**mark))


def find_refused(raw: pl.DataFrame, faults: pl.DataFrame, name: str) -> pl.DataFrame:
    """Whom the refused rows of a batch hold back: customer_id, refused_id, column, rule, one row
    for the first fault of each; customer_id is null where nobody can be named.

    raw: the rows as text, with `row`; faults: row, column, rule.
    """
    is_harmless = (col("rule") == "changed") & col("column").is_in(HARMLESS)
    telling = faults.filter(~is_harmless) if name == "customer" else faults
    if name == "campaign_contact":
        telling = telling.join(find_opting_out(raw), on="row", how="semi")
    first = telling.unique("row", keep="first", maintain_order=True)
    cells = pl.exclude("row").str.contains(f"(?s){HIDES_ROWS}")
    named = raw.join(first, on="row", how="semi", maintain_order="left")
    numbers = named.select(
        "row",
        customer_id=read_number(OWNERS[name]),
        refused_id=read_number("id"),
        hides_rows=pl.any_horizontal(cells.fill_null(value=False)),
    )
    refused = first.join(numbers, on="row", maintain_order="left")
    nobody = pl.lit(None, pl.Int64).alias("customer_id")
    hidden = refused.filter("hides_rows").with_columns(nobody)
    return pl.concat([refused, hidden]).select(HELD).unique(maintain_order=True)


def find_opting_out(contacts: pl.DataFrame) -> pl.DataFrame:
    """The rows that tell of an opting out, readable or not; all, if there is no column for it."""
    if "opted_out_at" not in contacts.columns:
        return contacts
    return contacts.filter(clean_text(col("opted_out_at")).fill_null("") != "")


def digest_refused(raw: pl.DataFrame, refused: pl.DataFrame, key: IdentityKey) -> pl.DataFrame:
    """By what else the refused rows of `customer` in a batch are known: the columns `HELD` of their
    hold, identifier and digest."""
    numbered = raw.with_columns(refused_id=read_number("id"))
    rows = numbered.join(refused, on="refused_id", how="semi", nulls_equal=True)
    absent = [name for name in (*IDENTIFIERS, "personal_id") if name not in raw.columns]
    whole = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)
    identified = pl.concat(
        [digest_identifiers(key, whole, "refused_id"), digest_codes(key, whole, "refused_id")]
    )
    named = refused.unique("refused_id", keep="first", maintain_order=True)
    return named.join(identified, on="refused_id", nulls_equal=True)


@dataclass
class Watch:
    """The holds of one table while its file is loaded. `before`: those that were open when it
    began; `mended` and `repeated`: numbers of those whose row was taken, and was refused again."""

    connection: sa.Connection
    table: str
    since: dt.datetime
    before: pl.DataFrame
    mended: set[int] = field(default_factory=set)
    repeated: set[int] = field(default_factory=set)
    people: pl.Series = field(default_factory=partial(pl.Series, dtype=pl.Int64))

    @classmethod
    def of(cls, connection: sa.Connection, name: str, since: dt.datetime) -> Watch | None:
        """The watch of a table; None of one that says nothing about anybody's will."""
        if name not in OWNERS:
            return None
        return cls(connection, name, since, _read_holds(connection, name))

    def note(
        self, taken: pl.Series, refused: pl.DataFrame, identified: pl.DataFrame | None = None
    ) -> None:
        """Enter the refused rows of a batch (`find_refused`) that are not held already, and what
        else they are known by (`digest_refused`); `taken` are the numbers of the rows that the
        batch brought into the register, or that are past their retention."""
        earlier = self.before.select("id", *HELD)
        mended = earlier.filter(col("refused_id").is_in(taken.implode()))
        repeated = earlier.join(refused, on=HELD, how="semi", nulls_equal=True)
        fresh = refused.join(earlier, on=HELD, how="anti", nulls_equal=True)
        self.mended.update(mended["id"])
        self.repeated.update(repeated["id"])
        self.people = self.people.append(refused["customer_id"]).drop_nulls().unique()
        if fresh.height:
            entries = fresh.with_columns(table=pl.lit(self.table), since=pl.lit(self.since))
            self.connection.execute(table("held_back").insert(), entries.to_dicts())
        if identified is not None:
            _enter_identifiers(self.connection, self.table, identified)

    def close(self) -> int:
        """The whole file is in: what it mended is held no longer; returns how many holds ended."""
        ended = self.mended - self.repeated
        _delete_marks(self.connection, self.table)
        _delete(self.connection, ended)
        return len(ended)


def held_people(connection: sa.Connection) -> pl.DataFrame:
    """customer_id and held_since: who is held back, and since when."""
    holds = _read_holds(connection).drop_nulls("customer_id")
    return holds.group_by("customer_id").agg(held_since=col("since").min()).sort("customer_id")


def read_identifiers(connection: sa.Connection) -> pl.DataFrame:
    """identifier and digest: by what else those are known whom refused rows hold back."""
    return _read_identifiers(connection).select("identifier", "digest").unique()


def check_everybody_is_named(connection: sa.Connection) -> None:
    """Refused while a refused row, or a load that did not end, may speak of anybody."""
    unknown = _read_holds(connection).filter(col("customer_id").is_null())
    if unknown.is_empty():
        return
    raise Refused(
        "no contact list is exported while rows about prohibitions or ends may speak of anybody "
        f"({_count_reasons(unknown)}); mend the file and load it again, or: genlib register "
        "release-hold --unknown"
    )


def check_permissions_are_loaded(connection: sa.Connection) -> None:
    """Refused while nobody's prohibitions have ever been loaded: that no row is there must be the
    source's word."""
    permissions = table("permission")
    events = table("audit_event")
    is_of_permissions = events.c.detail.contains('"table": "permission"')
    loads = sa.select(events.c.id).where(
        events.c.action.in_(["load", "refresh"]), is_of_permissions
    )
    for query in (sa.select(permissions.c.id), loads):
        if connection.scalar(query.limit(1)) is not None:
            return
    raise Refused(
        "no contact list is exported before permissions were loaded once; load a folder with a "
        "permission file, of nothing but its header if nobody has consented or prohibited anything"
    )


@dataclass(frozen=True)
class Held:
    """How many people are held back, how many refused rows do so or hold everybody back, and how
    often each reason occurs."""

    people: int
    rows: int
    unknown: int
    reasons: Mapping[str, int]


def count_held(connection: sa.Connection) -> Held:
    """What stands in the way of contact lists."""
    holds = _read_holds(connection)
    reason = pl.concat_str("table", "column", "rule", separator=" ").str.replace("  ", " ")
    counts = holds.group_by(reason.alias("reason")).len().sort("len", "reason", descending=True)
    return Held(
        people=holds["customer_id"].drop_nulls().n_unique(),
        rows=holds.filter(col("rule") != LOADING).height,
        unknown=holds["customer_id"].null_count(),
        reasons=dict(counts.rows()),
    )


def tell_held(name: str, people: int) -> list[str]:
    """What a steward must know of a table whose refused rows hold back so many, a line; no line if
    nobody is."""
    if not people:
        return []
    return [
        f"{name}: held back from every contact list until their refused rows are mended: {people}"
    ]


def release(
    register: Register, key: IdentityKey, customer: int | None, *, reason: str, user: str = ""
) -> int:
    """End the holds of a customer, or (None) those of rows that name nobody, without waiting for
    the row; returns how many. It is audited with its reason; UsageError if there is none to end."""
    if not reason.strip():
        raise UsageError("a hold is released for a reason; say it")
    with audit.told(register, key) as (connection, tell):
        holds = _read_holds(connection)
        wanted = holds.filter(col("customer_id").eq_missing(pl.lit(customer, pl.Int64)))
        if wanted.is_empty():
            raise UsageError("nobody is held back so; see genlib register info")
        _delete(connection, set(wanted["id"]))
        subjects = [] if customer is None else [customer]
        detail = {"reason": reason.strip(), "holds": _count_reasons(wanted)}
        tell(
            audit.Event(
                "register", "release hold", len(subjects), subjects, detail=detail, user=user
            )
        )
    return wanted.height


def move_holds(connection: sa.Connection, moved: pl.DataFrame) -> None:
    """What holds back a customer who was expected holds back the one who he turned out to be; what
    his own row held back ends. moved: before, now (numbers of customers)."""
    if moved.is_empty():
        return
    rows = table("held_back")
    before: sa.BindParameter[int] = sa.bindparam("before")
    is_his_row = sa.and_(rows.c.table == "customer", rows.c.refused_id == before)
    connection.execute(rows.delete().where(is_his_row), moved.select("before").to_dicts())
    change = rows.update().where(rows.c.customer_id == before)
    connection.execute(change.values(customer_id=sa.bindparam("now")), moved.to_dicts())


def _read_holds(connection: sa.Connection, name: str = "") -> pl.DataFrame:
    held_back = table("held_back")
    query = sa.select(held_back).order_by(held_back.c.id)
    if name:
        query = query.where(held_back.c.table == name, held_back.c.rule != LOADING)
    rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, frame_schema("held_back"), orient="row")


def _read_identifiers(connection: sa.Connection) -> pl.DataFrame:
    query = sa.select(table("held_identifier"))
    rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, frame_schema("held_identifier"), orient="row")


def _enter_identifiers(connection: sa.Connection, name: str, identified: pl.DataFrame) -> None:
    """Keep with the holds what they are known by, each once."""
    holds = _read_holds(connection, name).rename({"id": "held_back_id"})
    matches = identified.join(holds, on=HELD, nulls_equal=True)
    entries = matches.select("held_back_id", "identifier", "digest").unique(maintain_order=True)
    fresh = entries.join(_read_identifiers(connection), on=entries.columns, how="anti")
    if fresh.height:
        connection.execute(table("held_identifier").insert(), fresh.to_dicts())


def _count_reasons(holds: pl.DataFrame) -> str:
    counts = holds.group_by("table", "rule").len().sort("table", "rule")
    return ", ".join(f"{name} {rule} {count}" for name, rule, count in counts.rows())


def _delete(connection: sa.Connection, numbers: set[int]) -> None:
    held_back = table("held_back")
    one = held_back.delete().where(held_back.c.id == sa.bindparam("number"))
    if numbers:
        connection.execute(one, [{"number": number} for number in sorted(numbers)])


def _delete_marks(connection: sa.Connection, name: str) -> None:
    held_back = table("held_back")
    marks = held_back.delete().where(held_back.c.table == name, held_back.c.rule == LOADING)
    connection.execute(marks)
