"""SQL: tables and queries of a database."""

from connectors.sql.config import SqlConfig, SqlStream
from connectors.sql.connector import SqlConnector

__all__ = ["SqlConfig", "SqlConnector", "SqlStream"]
