"""Lines state what may differ from one to the next: the warehouse, the customer's order, the parcel, the time of an answer."""

from alembic import op

revision = "0011"
down_revision = "0010"

_COLUMNS = {
    "goods_receipt_line": ("location TEXT", "location_id UUID"),
    "order_response_line": (
        "responded_at TIMESTAMP WITH TIME ZONE",
        "responded_at_offset SMALLINT",
        "responded_at_tz_assumed BOOLEAN",
    ),
    "sales_order_line": ("counterpart_order_number TEXT",),
    "shipment_line": ("tracking_number TEXT",),
}


def upgrade() -> None:
    """Makes the new columns; what is stored stays as it is."""
    for table, columns in _COLUMNS.items():
        op.execute(f"ALTER TABLE canonical.{table} {', '.join(f'ADD COLUMN {column}' for column in columns)}")
