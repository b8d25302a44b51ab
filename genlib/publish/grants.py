"""Whether what the notice grants a release may and can be made: what tells who somebody is stays in
the register, each coarsening fits its column, no two columns get one name, and a table of people
can be told whose its rows are.

Which columns identify is a fact of the schema: a notice that classes `customer.family_name` as an
attribute and grants it is refused, for a notice opens nothing that the schema closes.

Example: `language = { ca = "month" }` is a fault, for a language is no day; so is a grant of
`invoice.amount_cents` without `invoice.customer_id`, for nobody could be left out of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from genlib.errors import NoticeError
from genlib.notice import Notice
from genlib.publish.coarsen import released
from genlib.publish.people import APART
from genlib.register import schema
from genlib.register.database import frame_schema
from genlib.register.schema import NUMBERED_ANEW, OF_THE_REGISTER, RELEASED_AS_THEY_ARE, key_of

OF_ONE_COLUMN = {
    "pseudonym": ("customer", "id"),
    "keyed": ("customer", "company_id"),
    "age_band": ("customer", "birth_year"),
    "region": ("customer", "postal_code"),
    "municipality": ("customer", "postal_code"),
}
"""Coarsenings that make sense of one column of the register only; and such a column is granted in
no other, for only these know of minors and of people whose address is not disclosed."""
READ_ALONG = ("customer", "country")
"""What tells whether a postal code is one of Finland: read for the region and the municipality, and
in no release by itself."""
SECRET_CLASSES = ("direct", "restricted")
KEY_CLASSES = ("key",)
JUDGED = ("campaign_id", "customer_id", "channel", "sent_at")
"""What a contact must have to get its verdict."""
NEEDED = {"survey_invitation": ("survey_id", "customer_id"), "survey_answer": ("invitation_id",)}


def check_grants(notice: Notice, purpose: str) -> None:
    """NoticeError for the first grant of the purpose that cannot be carried out."""
    faults = [*class_faults(notice), *grant_faults(notice, purpose)]
    if faults:
        raise NoticeError(f"notice: {notice.located(faults[0])}")


def class_faults(notice: Notice) -> Iterator[str]:
    """Columns that the notice classes as less than they are, a line each."""
    for name, columns in notice.columns.items():
        for column, entry in columns.items():
            classes = _classes(name, column)
            if classes and entry.sensitivity not in classes:
                yield (
                    f"{name}.{column}: the register's schema makes it {' or '.join(classes)}, and "
                    f"the notice says {entry.sensitivity}"
                )


def _classes(name: str, column: str) -> tuple[str, ...]:
    """The classes that the notice may give a column; none where it is free to choose."""
    facts = schema.table(name).columns[column].info
    if "secret" in facts or "guarded" in facts:
        return SECRET_CLASSES
    if {"index_of", "digest_of", "redacted_from"} & facts.keys():
        return ("derived",)
    return KEY_CLASSES if key_of(name, column) else ()


def grant_faults(notice: Notice, purpose: str) -> Iterator[str]:
    """The grants of a purpose that cannot be carried out, a line each. Tables and columns are those
    of the register (`Notice.check_schema`)."""
    tables = notice.granted(purpose)
    if "pseudonym" not in tables.get("customer", {}).get("id", ()):
        yield f"customer.id: {purpose} needs it as pseudonym"
    if "keyed" not in tables.get("customer", {}).get("company_id", ()):
        yield (
            f"customer.company_id: {purpose} needs it as keyed, for the contact persons of a "
            "company are judged as one"
        )
    for table, columns in tables.items():
        for column, ways in columns.items():
            if not ways or "drop" in ways:
                yield f"{table}.{column}: {purpose} is granted nothing beside drop, or no entry"
            for way in ways:
                if fault := _way_fault(table, column, way):
                    yield f"{table}.{column}: {fault}"
            if _escapes_k(notice, table, column):
                yield (
                    f"{table}.{column}: what describes a customer is granted as class quasi only, "
                    "so that k-anonymity counts it"
                )
        for column in _needed(notice, purpose, table):
            if column not in columns:
                yield f"{table}.{column}: {purpose} needs it for the other columns of the table"
        if "id" not in frame_schema(table) and not any("number" in w for w in columns.values()):
            yield f"{table}: {purpose} needs one of its keys as number, to put its rows in order"
        yield from _name_faults(table, columns)


def _way_fault(name: str, column: str, way: str) -> str:
    """Why a coarsening may not be granted; empty if it may."""
    if name in OF_THE_REGISTER:
        return f"table {name} is the register's own business and is granted to nobody"
    if schema.is_identifier(schema.table(name).columns[column]) and way not in {"redacted", "drop"}:
        return f"the register's schema closes this column, it may not be granted as {way}"
    if not _fits(name, column, way):
        return f"coarsening {way} does not fit this column"
    return ""


def _escapes_k(notice: Notice, name: str, column: str) -> bool:
    """Whether a granted column describes a customer and k-anonymity would not count it; a key under
    the pseudonym key says nothing of what he is like."""
    described = name == "customer" and key_of(name, column) is None
    return described and notice.columns[name][column].sensitivity != "quasi"


def _fits(table: str, column: str, way: str) -> bool:
    if way in OF_ONE_COLUMN:
        return (table, column) == OF_ONE_COLUMN[way]
    if (table, column) in OF_ONE_COLUMN.values() and way != "number":
        return False
    if (table, column) == READ_ALONG:
        return False
    kind = frame_schema(table)[column]
    numbered = key_of(table, column)
    rules: dict[str, Callable[[], bool]] = {
        "keep": lambda: numbered is None,
        "number": lambda: numbered in {*NUMBERED_ANEW, *RELEASED_AS_THEY_ARE},
        "month": kind.is_temporal,
        "date": kind.is_temporal,
        "redacted": lambda: f"{column}_redacted" in frame_schema(table),
        "apart": lambda: table == "customer" and numbered is None and not kind.is_temporal(),
        "apart_month": lambda: table == "customer" and kind.is_temporal(),
    }
    return way in rules and rules[way]()


def _needed(notice: Notice, purpose: str, table: str) -> tuple[str, ...]:
    """The columns without which the rows of a table could not be given to anybody, or judged."""
    if table == "campaign_contact" and "verdict" in notice.release(purpose).derived:
        return JUDGED
    if "customer_id" in frame_schema(table):
        return NEEDED.get(table, ("customer_id",))
    return NEEDED.get(table, ())


def _name_faults(table: str, columns: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """What is told apart lies in a table of its own, where it may have the same name."""
    customer_number = [(False, "customer")] if table == "customer" else []
    granted = [(name, way) for name, ways in columns.items() for way in ways]
    named = [(way in APART, released(table, name, way).name) for name, way in granted]
    for (_, name), count in Counter([*customer_number, *named]).items():
        if count > 1:
            yield f"{table}: {count} columns would be called {name} in the release"
