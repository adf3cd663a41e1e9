"""Which process waits for the answer to a question."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("questions", sa.Column("asker", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("questions", "asker")
