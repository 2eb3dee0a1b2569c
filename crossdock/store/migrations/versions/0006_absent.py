"""Fields of the mapping that a batch had no column for."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Makes the column in which a batch lists them, as entity.field."""
    op.execute("ALTER TABLE crossdock.batch ADD COLUMN absent JSONB NOT NULL DEFAULT '[]'")
