"""The rows of one person: all customers with the same personal identity code.

Example: rows 11 and 12 have one code: who asks about 11 is answered about both.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import sqlalchemy as sa

from genlib.register.schema import table


def find_rows(connection: sa.Connection, customer: int) -> list[int]:
    """The numbers of all rows of the person, this one among them, in order."""
    customers = table("customer")
    query = sa.select(customers.c.personal_id_index).where(customers.c.id == customer)
    code = connection.scalar(query)
    if code is None:
        return [customer]
    same = sa.select(customers.c.id).where(customers.c.personal_id_index == code)
    return sorted(connection.scalars(same))


def list_recipients(connection: sa.Connection, people: Sequence[int]) -> list[dict[str, object]]:
    """To whom these customers' data was disclosed, the newest first: recipient, country,
    disclosed_at, basis, evidence, purpose, data_categories. They are told of a correction, erasure
    or restriction (GDPR 19)."""
    disclosures = table("disclosure")
    whose = table("disclosure_customer")
    chosen = (
        sa.select(disclosures)
        .join(whose, whose.c.disclosure_id == disclosures.c.id)
        .where(whose.c.customer_id.in_(people))
        .distinct()
        .order_by(disclosures.c.disclosed_at.desc(), disclosures.c.id)
    )
    return [dict(row._mapping) for row in connection.execute(chosen)]


def to_series(people: Sequence[int]) -> pl.Series:
    """The numbers as a column."""
    return pl.Series("id", list(people), dtype=pl.Int64)
