"""What of a batch no field was read from: labels above the table, and columns."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Makes the columns in which a batch holds its labels and lists its unread columns."""
    op.execute("ALTER TABLE crossdock.batch ADD COLUMN labels JSONB NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE crossdock.batch ADD COLUMN unread JSONB NOT NULL DEFAULT '[]'")
