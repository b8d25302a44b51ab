"""Alembic runs this file; the connection comes from `upgrade_register`, whose transaction it is."""

from __future__ import annotations

from alembic import context

from genlib.register.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
