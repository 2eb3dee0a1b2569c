"""Settings of the SQL connector."""

from pydantic import Field, model_validator

from connectors.base import ConnectorConfig


class SqlConfig(ConnectorConfig):
    """The address stands in the secrets: `url` for SQLAlchemy, or `odbc_…` for an ODBC driver."""

    timeout_seconds: int = Field(default=30, ge=1, description="Seconds to wait for a connection.")


class SqlStream(ConnectorConfig):
    """What is read, and how new rows are told from known ones."""

    table: str | None = Field(default=None, description="Table or view, with its schema where needed: erp.po_line.")
    query: str | None = Field(default=None, description="A SELECT in place of a table; without ORDER BY.")
    key: list[str] = Field(min_length=1, description="Columns that together name one row; never null.")
    watermark: str | None = Field(
        default=None,
        description="Column that grows with each change (change time or counter); left out: every read is a full one.",
    )
    overlap_seconds: int = Field(
        default=600, ge=0, description="For a time watermark: so many seconds before the last one are read again."
    )
    overlap_count: int = Field(
        default=1000, ge=0, description="For a counter watermark: so many numbers before the last one are read again."
    )
    batch_rows: int = Field(default=50_000, ge=1, description="Rows per batch.")

    @model_validator(mode="after")
    def _one_place(self) -> "SqlStream":
        if (self.table is None) is (self.query is None):
            message = "give either table or query / table 与 query 二选一"
            raise ValueError(message)
        return self
