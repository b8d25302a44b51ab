"""The erased never come back: a row of somebody who was erased is refused, and counted.

Whoever is erased leaves tombstones: keyed hashes (HMAC-SHA-256, under the identity key) of the
customer number, the personal identity code, the e-mail address and telephone that no other customer
has, and of the numbers of contacts, by which a mailing tool names people. A row is of an erased
person

- if it has the number of one, or names a contact of one;
- or if the register has no customer of its number and it has the code of one, or the e-mail address
  or telephone of one and no other code.

Whoever becomes a customer again after the erasure (`joined_on` is later) is let in, and from then
on so are the rows of that number. A refused row holds nobody back and there is nothing to mend, so
that a source that still sends somebody makes no refresh fail. The log of disclosures and requests
outlives the person.

Example: customer 17 was erased in June. In July the shop sends customer 17 again, and the mailing
tool customer 99 with the same code: both are refused as `erased`. In August 17 orders anew and
joins on 3 August: that row is taken.

An address or a telephone may be another person's by now. So what points at a row that is refused
for these alone is refused as a row of nobody known, and holds back whom it speaks of.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl
import sqlalchemy as sa
from polars import col

from genlib.register.contradictions import FAULTS
from genlib.register.database import Register
from genlib.register.digests import IDENTIFIERS, digest_codes, digest_identifiers
from genlib.register.schema import OF_THE_REGISTER, table
from genlib.register.spelling import clean_text, read_number
from genlib.register.store import opened
from genlib.register.vault import IdentityKey

RULE = "erased"
REACHING = ("email", "phone")
"""Identifiers that others may share."""
MARK = ["identifier", "digest"]


def part_erased(
    register: Register, key: IdentityKey, name: str, rows: pl.DataFrame, *, time_zone: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows without those of erased people, and the faults of these: of the column that names
    the customer, or of the address or telephone by which alone a customer was met. rows: as text,
    with `row`; `time_zone`: whose days say whether somebody joined after an erasure."""
    owner = "id" if name == "customer" else "customer_id"
    nobody = pl.DataFrame(schema=FAULTS)
    if name in OF_THE_REGISTER or owner not in table(name).columns or owner not in rows.columns:
        return rows, nobody
    day = col("erased_at").dt.convert_time_zone(time_zone).dt.date()
    stones = read_tombstones(register).with_columns(erased_on=day)
    if stones.is_empty():
        return rows, nobody
    numbered = rows.with_columns(number=read_number(owner))
    if name == "customer":
        erased = _find_people(register, key, numbered, stones)
    else:
        erased = _find_owned(register, key, numbered, stones).with_columns(column=pl.lit(owner))
    faults = erased.select("row", "column", rule=pl.lit(RULE)).cast(FAULTS)
    return rows.join(faults, on="row", how="anti", maintain_order="left"), faults


def list_certain(faults: pl.DataFrame) -> pl.DataFrame:
    """The faults of rows that are of erased people for certain."""
    return faults.filter(~col("column").is_in(REACHING))


def read_ids(rows: pl.DataFrame) -> pl.DataFrame:
    """row, id of rows that came as text."""
    if "id" not in rows.columns:
        return pl.DataFrame(schema={"row": pl.Int64, "id": pl.Int64})
    return rows.select("row", id=read_number("id")).drop_nulls()


def tell_erased(name: str, count: int) -> list[str]:
    """What a steward must know of rows of people who were erased, a line; no line if there are
    none."""
    if not count:
        return []
    return [
        f"{name}: erased {count}: so many rows were not taken, since they have the number, code, "
        "address or telephone of people who were erased; there is nothing to mend, unless one of "
        "them (rejected/ tells which) is of somebody else: its personal identity code lets it in"
    ]


def read_tombstones(register: Register) -> pl.DataFrame:
    """request, identifier, digest, erased_at of all."""
    columns = ["request", *MARK, "erased_at"]
    return pl.concat(register.scan("tombstone", columns))


def digest_numbers(key: IdentityKey, numbers: pl.Series) -> pl.Series:
    """The keyed hashes of customer numbers."""
    return key.index(numbers.cast(pl.String), column="tombstone.number")


def make_marks(register: Register, key: IdentityKey, people: Sequence[int]) -> pl.DataFrame:
    """identifier, digest: what these customers are recognised by when they are erased, without
    what a customer who stays has too."""
    rows = register.matching("customer", pl.DataFrame({"id": people}, {"id": pl.Int64}))
    plain = opened(rows, "customer", key)
    numbers = pl.DataFrame({"digest": digest_numbers(key, rows["id"])})
    of_numbers = numbers.select(identifier=pl.lit("number"), digest="digest")
    codes = digest_codes(key, plain, "id").select(MARK)
    reaching = digest_identifiers(key, plain, "id").select(MARK)
    addresses = reaching.filter(col("identifier").is_in(REACHING))
    shared = _find_shared(register, key, rows)
    unshared = addresses.join(shared, on=MARK, how="anti")
    with register.engine.connect() as connection:
        contacts = list_contacts(connection, people)
    of_contacts = digest_contacts(key, contacts).select(MARK)
    return pl.concat([of_numbers, codes, unshared, of_contacts]).unique(maintain_order=True)


def digest_contacts(key: IdentityKey, numbers: pl.Series) -> pl.DataFrame:
    """number, identifier, digest of the numbers of contacts."""
    digests = key.index(numbers.cast(pl.String), column="tombstone.contact")
    rows = pl.DataFrame({"number": numbers, "digest": digests})
    return rows.select("number", identifier=pl.lit("contact"), digest="digest")


def find_contacts(register: Register, key: IdentityKey, named: pl.DataFrame) -> pl.DataFrame:
    """The faults of rows that name, by its number, a contact of an erased person. named: row, text
    (of customer_id)."""
    stones = read_tombstones(register).filter(identifier="contact")
    if stones.is_empty():
        return pl.DataFrame(schema=FAULTS)
    numbered = named.select("row", number=read_number("text")).drop_nulls("number")
    digests = digest_contacts(key, numbered["number"].unique())
    erased = numbered.join(digests.join(stones, on=MARK, how="semi"), on="number", how="semi")
    return erased.select("row", column=pl.lit("customer_id"), rule=pl.lit(RULE)).cast(FAULTS)


def read_marks(register: Register, request: int, erased_at: dt.datetime) -> pl.DataFrame:
    """identifier, digest: the tombstones of an erasure."""
    stones = table("tombstone")
    query = sa.select(stones.c.identifier, stones.c.digest).order_by(stones.c.id)
    of_erasure = query.where(stones.c.request == request, stones.c.erased_at == erased_at)
    with register.engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(of_erasure)]
    return pl.DataFrame(rows, {"identifier": pl.String, "digest": pl.Binary}, orient="row")


def add_tombstones(
    connection: sa.Connection, request: int, marks: pl.DataFrame, erased_at: dt.datetime
) -> None:
    """Put tombstones of a request."""
    rows = marks.with_columns(request=pl.lit(request), erased_at=pl.lit(erased_at))
    connection.execute(table("tombstone").insert(), rows.to_dicts())


def list_contacts(connection: sa.Connection, people: Sequence[int]) -> pl.Series:
    """The numbers of the contacts of these customers."""
    contacts = table("campaign_contact")
    theirs = sa.select(contacts.c.id).where(contacts.c.customer_id.in_(people))
    return pl.Series(list(connection.scalars(theirs)), dtype=pl.Int64)


def _find_shared(register: Register, key: IdentityKey, rows: pl.DataFrame) -> pl.DataFrame:
    """The marks of e-mail and telephone that other customers have too."""
    others = [rows.clear()]
    for identifier in REACHING:
        index = f"{identifier}_index"
        values = rows[index].drop_nulls().to_list()
        customers = table("customer")
        same = sa.select(customers.c.id).where(customers.c[index].in_(values))
        with register.engine.connect() as connection:
            numbers = list(connection.scalars(same))
        asked = pl.DataFrame({"id": numbers}, {"id": pl.Int64}).unique()
        others.append(register.matching("customer", asked))
    staying = pl.concat(others).join(rows, on="id", how="anti").unique("id")
    return digest_identifiers(key, opened(staying, "customer", key), "id").select(MARK)


def _find_people(
    register: Register, key: IdentityKey, rows: pl.DataFrame, stones: pl.DataFrame
) -> pl.DataFrame:
    """The rows of `customer` that are of erased people."""
    absent = [name for name in (*IDENTIFIERS, "personal_id", "joined_on") if name not in rows]
    whole = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)
    numbers = _digest_owners(key, whole)
    there = register.known("customer", whole.select(id="number").drop_nulls().unique())
    strangers = whole.join(there, left_on="number", right_on="id", how="anti")
    codes = digest_codes(key, strangers, "row")
    certain = pl.concat([numbers, codes]).join(stones, on=MARK)
    reaching = digest_identifiers(key, strangers, "row").join(stones, on=MARK)
    with_codes = stones.filter(identifier="personal_id")["request"]
    has_code = col("row").is_in(codes["row"].implode())
    is_other = has_code & col("request").is_in(with_codes.implode())
    columns = ["row", "erased_on", "column"]
    by_number = certain.with_columns(column=pl.lit("id"))
    by_address = reaching.filter(~is_other).with_columns(column="identifier")
    met = pl.concat([by_number.select(columns), by_address.select(columns)])
    by_row = met.group_by("row", maintain_order=True)
    last = by_row.agg(col("erased_on").max(), col("column").first())
    judged = whole.join(last, on="row", maintain_order="left")
    joined = clean_text(col("joined_on")).str.head(10).str.to_date("%Y-%m-%d", strict=False)
    return judged.filter(~_is_later(joined))


def _find_owned(
    register: Register, key: IdentityKey, rows: pl.DataFrame, stones: pl.DataFrame
) -> pl.DataFrame:
    """The rows of another table whose customer was erased, and did not join again."""
    last = stones.group_by(MARK).agg(col("erased_on").max())
    marked = _digest_owners(key, rows).join(last, on=MARK)
    met = marked.join(rows.select("row", "number"), on="row")
    asked = met.select(id="number").unique()
    customers = register.matching("customer", asked).select("id", "joined_on")
    judged = met.join(customers, left_on="number", right_on="id", how="left")
    return judged.filter(~_is_later(col("joined_on")))


def _digest_owners(key: IdentityKey, rows: pl.DataFrame) -> pl.DataFrame:
    """row, identifier, digest of the customer number of each row; each number is digested once."""
    once = rows["number"].drop_nulls().unique()
    digests = pl.DataFrame({"number": once, "digest": digest_numbers(key, once)})
    numbered = rows.select("row", "number").join(digests, on="number")
    return numbered.select("row", identifier=pl.lit("number"), digest="digest")


def _is_later(joined: pl.Expr) -> pl.Expr:
    return (joined > col("erased_on")).fill_null(value=False)
