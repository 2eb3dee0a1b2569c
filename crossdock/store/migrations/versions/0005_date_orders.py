"""How the dates of a batch were read that could be either."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes the column in which a batch says it, for each source column that was asked."""
    op.execute("ALTER TABLE crossdock.batch ADD COLUMN date_orders JSONB NOT NULL DEFAULT '[]'")
