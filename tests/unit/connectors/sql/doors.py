"""Databases as the tests of the SQL connector reach them: PostgreSQL and SQLite, each by URL and through ODBC."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.testing import SECRET
from tests.conftest import RequireSystem
from tests.integration.hub import StoreServer

DOORS = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("sqlite by odbc", id="sqlite-odbc", marks=pytest.mark.system),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.store),
    pytest.param("postgresql by odbc", id="postgresql-odbc", marks=[pytest.mark.store, pytest.mark.system]),
]
ON_A_SERVER = pytest.mark.parametrize("_door", DOORS[2:], indirect=True)
PSQLODBC, SQLITE3 = "PostgreSQL Unicode", "SQLite3"


@dataclass(frozen=True, slots=True)
class Door:
    """A database of the test's own: a writer beside the connector, and the secrets by which that one comes in."""

    writer: sa.Engine
    secrets: dict[str, str]

    def run(self, *statements: str) -> None:
        """Runs and commits the statements in one transaction."""
        with self.writer.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query gives."""
        with self.writer.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]


def odbc_drivers() -> list[str]:
    """The ODBC drivers of this machine; none without unixODBC."""
    try:
        import pyodbc
    except ImportError:
        return []
    return list(pyodbc.drivers())


@contextmanager
def opened(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Door]:
    """One of `DOORS` over an empty database; the reader in PostgreSQL has `SECRET` as its password."""
    require: RequireSystem = request.getfixturevalue("require_system")
    driver = SQLITE3 if kind.startswith("sqlite") else PSQLODBC
    if "odbc" in kind:
        require(f"the ODBC driver {driver}", driver in odbc_drivers())
    if driver == SQLITE3:
        path = folder / "x.db"
        writer = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
        secrets = {"odbc": f"Driver={SQLITE3};Database={path}"} if "odbc" in kind else {"url": f"sqlite:///{path}"}
        yield Door(writer, secrets)
        return
    server: StoreServer = request.getfixturevalue("store_server")
    with server.fresh("template1") as writer:
        door = Door(writer, postgresql_secrets(writer.url, kind) | {"user": "reader", "password": SECRET})
        door.run(
            "drop role if exists reader",
            f"create role reader login password '{SECRET}'",
            "grant all on schema public to reader",
            "alter default privileges grant select on tables to reader",
        )
        yield door
        door.run("drop owned by reader", "drop role reader")


def postgresql_secrets(url: sa.URL, kind: str) -> dict[str, str]:
    """The address of a database of the embedded server, as a URL or as an ODBC string, without user and password."""
    if "odbc" in kind:
        return {"odbc": f"Driver={{{PSQLODBC}}};Server={url.query['host']};Port={url.port};Database={url.database}"}
    return {"url": url.set(username=None, password=None).render_as_string()}
