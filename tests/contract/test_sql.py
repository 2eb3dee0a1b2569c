"""The SQL connector keeps the contract on PostgreSQL and SQLite, each by URL and through ODBC."""

from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
import sqlalchemy as sa

from canonical_model.text import JsonValue
from connectors.base import Connector
from connectors.sql import SqlConfig, SqlConnector
from connectors.testing import SECRET, ConnectorContract, Row
from tests.integration.hub import StoreServer
from tests.unit.connectors.sql.doors import DOORS, PSQLODBC, Door, opened, postgresql_secrets

LINES: dict[str, JsonValue] = {"table": "po_line", "key": ["po", "line"], "watermark": "changed", "batch_rows": 4}


@pytest.fixture(scope="module")
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A database of the module's own; each test makes its own table."""
    with opened(request.param, tmp_path_factory.mktemp("sql"), request) as door:
        yield door


@pytest.mark.store
@pytest.mark.parametrize("door", DOORS, indirect=True)
class TestSql(ConnectorContract):
    connector = SqlConnector
    stream = "lines"
    key = ("po", "line")
    valid_stream: ClassVar[dict[str, JsonValue]] = LINES

    @pytest.fixture(autouse=True)
    def _table(self, door: Door) -> Iterator[None]:
        door.run(
            "create table po_line (po char(8), line int, qty decimal(12,3), price real, changed timestamp)",
            *(
                f"insert into po_line values ('PO{number // 3}', {number % 3}, {number}.500, {number} / 3.0, "
                + (f"'2026-03-0{1 + number % 3} 10:00:00')" if number else "null)")
                for number in range(15)
            ),
        )
        yield
        door.run("drop table po_line")

    @pytest.fixture
    def build(self, door: Door) -> Callable[[], Connector]:
        return lambda: self._over(door.secrets)

    @pytest.fixture
    def system_state(self, door: Door) -> Callable[[], object]:
        return lambda: (sa.inspect(door.writer).get_table_names(), door.rows("select * from po_line order by po, line"))

    @pytest.fixture
    def late_record(self, door: Door) -> Callable[[], Row]:
        def add() -> Row:
            door.run("insert into po_line values ('A', 1, 1, 1, '2026-03-03 09:51:00')")
            return (self._padded(door, "A"), 1)

        return add

    @pytest.fixture
    def half_written(self, door: Door) -> Iterator[Callable[[], tuple[Row, Callable[[], object]]]]:
        with door.writer.connect() as connection:

            def begin() -> tuple[Row, Callable[[], object]]:
                connection.exec_driver_sql("insert into po_line values ('A', 2, 1, 1, '2026-03-03 09:51:00')")
                return (self._padded(door, "A"), 2), connection.commit

            yield begin

    @pytest.fixture
    def unreachable(self, door: Door) -> Connector:
        if "odbc" in door.secrets:
            return self._over({"odbc": f"Driver={PSQLODBC};Server=127.0.0.1;Port=1;UID=u", "password": SECRET})
        return self._over({"url": "postgresql+psycopg://u@127.0.0.1:1/x", "password": SECRET})

    @pytest.fixture
    def wrong_password(self, door: Door, store_server: StoreServer) -> Connector:
        address = postgresql_secrets(store_server.admin.url, "odbc" if "odbc" in door.secrets else "url")
        return self._over({**address, "user": "crossdock", "password": SECRET})

    def _over(self, secrets: dict[str, str]) -> Connector:
        return SqlConnector(SqlConfig(), {self.stream: self.valid_stream}, secrets)

    def _padded(self, door: Door, text: str) -> str:
        """CHAR(8) as the system gives it back."""
        return text if door.writer.dialect.name == "sqlite" else text.ljust(8)
