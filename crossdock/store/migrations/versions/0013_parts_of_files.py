"""Batches that are not the last of their file, so that a file of which the rest never came is told."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Adds the column; what is landed already counts as whole."""
    op.add_column(
        "batch", sa.Column("is_part", sa.Boolean, nullable=False, server_default=sa.text("false")), schema="crossdock"
    )
