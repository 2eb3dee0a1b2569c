"""Tombstones have no hash: none of their raw values is known any more, and a re-sync need not look who is deleted."""

from alembic import op
from sqlalchemy import text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Takes the hash from every deleted record."""
    tables = op.get_bind().scalars(
        text(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'canonical' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"
        )
    )
    for table in tables.all():
        op.execute(f"UPDATE {table} SET source_hash = NULL WHERE deleted_at IS NOT NULL AND source_hash IS NOT NULL")
