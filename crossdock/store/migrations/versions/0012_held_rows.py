"""Held rows are found by their batch."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Adds the index."""
    op.create_index("ix_held_row_batch_id", "held_row", ["batch_id"], schema="crossdock")
