"""Settings of the SQL connector."""

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from canonical_model.validation import WrongValueError
from connectors.base import ConnectorConfig

_one_or_more = BeforeValidator(lambda value: [value] if isinstance(value, str) else value, str | list[str])


class SqlConfig(ConnectorConfig):
    """The address stands in the secrets: `url` for SQLAlchemy or `odbc` for an ODBC driver; `user`, `password` beside."""

    timeout_seconds: int = Field(default=30, ge=1, description="Seconds to wait for a connection.")


class SqlStream(ConnectorConfig):
    """What is read, and how news is told from what is known."""

    table: str | None = Field(default=None, description="Table or view, with its schema where needed: erp.po_line.")
    query: str | None = Field(default=None, description="A SELECT in place of a table; without ORDER BY.")
    key: Annotated[list[str], _one_or_more] = Field(
        min_length=1, description="Columns that together name one row; never null."
    )
    watermark: Annotated[list[str], _one_or_more] = Field(
        default=[],
        description="Column that grows with each change (time or counter), or several of which the first that is not "
        "null counts: [modified, created]. Left out: every read is a full one.",
    )
    overlap_seconds: int = Field(
        default=600, ge=0, description="For a time: the next read begins so many seconds before the newest one."
    )
    overlap_count: int = Field(
        default=1000, ge=0, description="For a counter: the next read begins so many numbers before the greatest one."
    )
    batch_rows: int = Field(default=50_000, ge=1, description="Rows per batch.")

    @model_validator(mode="after")
    def _one_place(self) -> "SqlStream":
        if (self.table is None) is (self.query is None):
            raise WrongValueError("table 与 query 二选一", "give either table or query")
        return self
