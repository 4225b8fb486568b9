"""Format 1.1: shots have a lock, a seed, settings and two-sided context; stale takes can be kept, jobs cleared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ALTER TABLE ... ADD COLUMN, which touches no row: with defaults in the table, old files need no filling.
    for column in (
        sa.Column("locked", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("seed", sa.Integer(), nullable=True),
        sa.Column("settings", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("two_sided", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("shot", column)
    op.add_column("take", sa.Column("kept", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("job", sa.Column("cleared", sa.Boolean(), nullable=False, server_default=sa.false()))
