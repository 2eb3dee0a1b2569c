"""The SQL connector keeps the contract, by URL and by ODBC, with a watermark and without."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pyodbc
import pytest

from canonical_model.text import JsonValue
from connectors.base import Connector
from connectors.sql import SqlConnector
from connectors.testing import SECRET, ConnectorContract
from tests.conftest import RequireSystem

TABLE: dict[str, JsonValue] = {"table": "po_line", "key": ["po", "line"], "batch_rows": 4}
NO_PASSWORD = {"test_a_wrong_password_is_an_auth_error_and_never_shown": "SQLite has no password"}


def make_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table po_line (po text, line int, qty decimal(12,3), price real, changed text)")
        rows = [
            (f"PO{i // 3}", i % 3, f"{i}.500", i / 3, f"2026-03-0{1 + i % 3} 10:00:00" if i else None)
            for i in range(15)
        ]
        connection.executemany("insert into po_line values (?, ?, ?, ?, ?)", rows)
        connection.commit()


class TestSqlByUrl(ConnectorContract):
    connector = SqlConnector
    stream = "lines"
    key = ("po", "line")
    valid_stream: ClassVar[dict[str, JsonValue]] = TABLE
    waivers = NO_PASSWORD

    @pytest.fixture
    def build(self, tmp_path: Path) -> Callable[[], Connector]:
        make_database(tmp_path / "erp.db")
        secrets = {"url": f"sqlite:///{tmp_path / 'erp.db'}"}
        return lambda: SqlConnector(SqlConnector.config_model(), {self.stream: self.valid_stream}, secrets)

    @pytest.fixture
    def system_state(self, tmp_path: Path) -> Callable[[], object]:
        return (tmp_path / "erp.db").read_bytes

    @pytest.fixture
    def unreachable(self) -> Connector:
        secrets = {"url": f"postgresql+psycopg://u:{SECRET.replace(';', '%3B')}@127.0.0.1:1/x"}
        return SqlConnector(SqlConnector.config_model(), {self.stream: TABLE}, secrets)


class TestSqlByWatermark(TestSqlByUrl):
    valid_stream: ClassVar[dict[str, JsonValue]] = {**TABLE, "watermark": "changed", "overlap_seconds": 0}


@pytest.mark.system
class TestSqlByOdbc(TestSqlByUrl):
    valid_stream: ClassVar[dict[str, JsonValue]] = {**TABLE, "watermark": "changed", "overlap_seconds": 86_400}

    @pytest.fixture
    def build(self, tmp_path: Path, require_system: RequireSystem) -> Callable[[], Connector]:
        require_system("the ODBC driver SQLite3", "SQLite3" in pyodbc.drivers())
        make_database(tmp_path / "erp.db")
        secrets = {"odbc": f"Driver=SQLite3;Database={tmp_path / 'erp.db'}", "password": SECRET}
        return lambda: SqlConnector(SqlConnector.config_model(), {self.stream: self.valid_stream}, secrets)

    @pytest.fixture
    def unreachable(self, require_system: RequireSystem) -> Connector:
        require_system("the ODBC driver PostgreSQL Unicode", "PostgreSQL Unicode" in pyodbc.drivers())
        secrets = {"odbc": "Driver=PostgreSQL Unicode;Server=127.0.0.1;Port=1;UID=u", "password": SECRET}
        return SqlConnector(SqlConnector.config_model(), {self.stream: TABLE}, secrets)
