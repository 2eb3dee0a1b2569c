"""The canonical model in full width: more entities, and more fields of those that were there."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the new tables and columns; what is stored stays as it is."""
    tables = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    # without parameters, so that several statements may stand together
    op.get_bind().exec_driver_sql(tables, execution_options={"no_parameters": True})
