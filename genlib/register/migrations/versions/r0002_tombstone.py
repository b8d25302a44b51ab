"""Tombstones: by what an erased person is recognised if a source sends them again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
IDENTIFIERS = ("number", "personal_id", "email", "phone", "contact")


def upgrade() -> None:
    """Make the table; a register without a number may have it already."""
    if sa.inspect(op.get_bind()).has_table("tombstone"):
        return
    codes = sa.Enum(*IDENTIFIERS, name="identifier", native_enum=False, length=24)
    codes.create_constraint = False
    listed = ", ".join(f"'{code}'" for code in IDENTIFIERS)
    op.create_table(
        "tombstone",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("request", sa.BigInteger(), nullable=False),
        sa.Column("identifier", codes, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("erased_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="tombstone_pkey"),
        sa.CheckConstraint(f"identifier IN ({listed})", name="tombstone_identifier_check"),
    )
    op.create_index("tombstone_digest_idx", "tombstone", ["digest"])
