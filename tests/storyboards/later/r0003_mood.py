"""A revision of the future, for the tests: shots get a mood, and a column that is spelled differently."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("shot") as batch:
        batch.add_column(sa.Column("mood", sa.String(), nullable=False, server_default="calm"))
        batch.alter_column("notes", new_column_name="remarks")
