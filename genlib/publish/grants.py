"""Whether what the notice grants a release can be made: each coarsening fits its column, no two
columns get one name, and a table of people can be told whose its rows are.

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
from genlib.register.database import frame_schema

OF_ONE_COLUMN = {
    "pseudonym": ("customer", "id"),
    "age_band": ("customer", "birth_year"),
    "region": ("customer", "postal_code"),
    "municipality": ("customer", "postal_code"),
}
"""Coarsenings that make sense of one column of the register only."""
JUDGED = ("campaign_id", "customer_id", "channel", "sent_at")
"""What a contact must have to get its verdict."""
NEEDED = {"survey_invitation": ("survey_id", "customer_id"), "survey_answer": ("invitation_id",)}


def check_grants(notice: Notice, purpose: str) -> None:
    """NoticeError for the first grant of the purpose that cannot be carried out."""
    fault = next(grant_faults(notice, purpose), None)
    if fault:
        raise NoticeError(f"notice: {fault}")


def grant_faults(notice: Notice, purpose: str) -> Iterator[str]:
    """The grants of a purpose that cannot be carried out, a line each. Tables and columns are those
    of the register (`Notice.check_schema`)."""
    tables = notice.granted(purpose)
    if "pseudonym" not in tables.get("customer", {}).get("id", ()):
        yield f"customer.id: {purpose} needs it as pseudonym"
    for table, columns in tables.items():
        for column, ways in columns.items():
            for way in ways:
                if not _fits(table, column, way):
                    yield f"{table}.{column}: coarsening {way} does not fit this column"
        for column in _needed(notice, purpose, table):
            if column not in columns:
                yield f"{table}.{column}: {purpose} needs it for the other columns of the table"
        if "id" not in frame_schema(table) and not any("number" in w for w in columns.values()):
            yield f"{table}: {purpose} needs one of its keys as number, to put its rows in order"
        yield from _name_faults(table, columns)


def _fits(table: str, column: str, way: str) -> bool:
    if way in OF_ONE_COLUMN:
        return (table, column) == OF_ONE_COLUMN[way]
    kind = frame_schema(table)[column]
    rules: dict[str, Callable[[], bool]] = {
        "number": lambda: kind.is_integer() and (column == "id" or column.endswith("_id")),
        "month": kind.is_temporal,
        "date": kind.is_temporal,
        "redacted": lambda: f"{column}_redacted" in frame_schema(table),
        "apart": lambda: table == "customer",
        "apart_month": lambda: table == "customer" and kind.is_temporal(),
    }
    return rules[way]() if way in rules else True


def _needed(notice: Notice, purpose: str, table: str) -> tuple[str, ...]:
    """The columns without which the rows of a table could not be given to anybody, or judged."""
    if table == "campaign_contact" and "verdict" in notice.release(purpose).derived:
        return JUDGED
    if "customer_id" in frame_schema(table):
        return NEEDED.get(table, ("customer_id",))
    return NEEDED.get(table, ())


def _name_faults(table: str, columns: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """What is told apart lies in a table of its own, where it may have the same name."""
    own = [(False, "customer")] if table == "customer" else []
    granted = [(name, way) for name, ways in columns.items() for way in ways]
    named = [(way in APART, released(table, name, way).name) for name, way in granted]
    for (_, name), count in Counter([*own, *named]).items():
        if count > 1:
            yield f"{table}: {count} columns would be called {name} in the release"
