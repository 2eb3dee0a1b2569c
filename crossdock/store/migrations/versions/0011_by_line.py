"""Lines state what may differ from one to the next: the warehouse, the customer's order, the parcel, closed or not."""

from alembic import op

revision = "0011"
down_revision = "0010"

_COLUMNS = {
    "goods_receipt_line": ("location TEXT", "location_id UUID"),
    "purchase_order_line": ("close_status TEXT", "close_status_source TEXT"),
    "sales_order_line": ("close_status TEXT", "close_status_source TEXT", "counterpart_order_number TEXT"),
    "shipment_line": ("tracking_number TEXT",),
}


def upgrade() -> None:
    """Makes the new columns; what is stored stays as it is."""
    for table, columns in _COLUMNS.items():
        op.execute(f"ALTER TABLE canonical.{table} {', '.join(f'ADD COLUMN {column}' for column in columns)}")
