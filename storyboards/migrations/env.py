"""Runs the revisions on the connection that `storyboards.upgrade` hands over; never opens a file by itself."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from storyboards.tables import Base

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
context.run_migrations()  # the caller began the transaction, and ends it
