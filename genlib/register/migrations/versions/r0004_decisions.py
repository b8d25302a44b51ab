"""What was decided of a row that its source does not send any more, and when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from genlib.register.migrations.versions import r0001_first

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns, of no row anything was decided; a register without a number may have them
    already."""
    present = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("missing_row")}
    if "decision" in present:
        return
    op.add_column("missing_row", sa.Column("decision", sa.Text, nullable=True))
    op.add_column("missing_row", sa.Column("decided_at", r0001_first.INSTANT, nullable=True))
