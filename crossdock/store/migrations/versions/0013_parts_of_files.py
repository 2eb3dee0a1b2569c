"""Batches that are not the last of their file, so that a file of which the rest never came is told."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Adds the column; a landed batch of a file that left the cursor where it was is a part."""
    op.add_column(
        "batch", sa.Column("is_part", sa.Boolean, nullable=False, server_default=sa.text("false")), schema="crossdock"
    )
    op.execute(
        """UPDATE crossdock.batch b SET is_part = TRUE FROM (
            SELECT w.id, w.cursor = coalesce(lag(w.cursor) OVER (PARTITION BY w.source, w.stream ORDER BY w.id), c.position, '{}')
                AS is_same
            FROM crossdock.batch w LEFT JOIN crossdock.cursor c ON c.source = w.source AND c.stream = w.stream
            WHERE w.status = 'landed' AND w.kind = 'rows' AND w.applied_run IS NULL
        ) s WHERE b.id = s.id AND s.is_same AND b.sha256 <> ''"""
    )
