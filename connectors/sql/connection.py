"""Two doors to a database, one face: SQLAlchemy by URL, and any ODBC driver."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Protocol

import pyodbc
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.engine.interfaces import Dialect

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from connectors.sql.arrow import Value

Select = sa.Select[*tuple[Value, ...]]
Rows = tuple[list[str], Sequence[Sequence[Value]]]
"""Column names and rows."""

_DIALECTS: dict[str, Callable[..., Dialect]] = {
    "microsoft sql server": mssql.dialect,
    "mysql": mysql.dialect,
    "mariadb": mysql.dialect,
    "oracle": oracle.dialect,
    "postgresql": postgresql.dialect,
    "sqlite": sqlite.dialect,
}


class Session(Protocol):
    """An open connection that only reads."""

    def fetch(self, statement: Select) -> Rows:
        """The whole (limited) result of `statement`."""
        ...


_PLAIN = re.compile(r"[^\[\]{}(),;?*=!@\s][^\[\]{}(),;?*=!@]*(?<!\s)|")
_PAIR = re.compile(r"\s*(?P<key>[^={};]+?)\s*=\s*(?:\{(?P<braced>(?:[^}]|\}\})*)\}|(?P<plain>[^;]*?))\s*(?:;|$)")


def odbc_string(values: Mapping[str, str]) -> str:
    """An ODBC connection string in which no value can break out of its place.

    Args:
        values: Keyword -> value, e.g. {"Driver": "SQLite3", "PWD": "a;b}c"}.

    Raises:
        ConfigError (XD-CFG-032): A keyword holds anything but letters, digits, blanks and _, or a value a null byte.

    Source: https://learn.microsoft.com/sql/odbc/reference/syntax/sqldriverconnect-function (braces, } doubled).
    """
    for key, value in values.items():
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_ ]*", key) or "\x00" in value:
            raise _bad_odbc()
    return "".join(f"{key}={_quoted(value)};" for key, value in values.items())


def odbc_pairs(text: str) -> dict[str, str]:
    """The pairs of an ODBC connection string, values without their braces.

    Raises:
        ConfigError (XD-CFG-032): It is no such string.
    """
    pairs: dict[str, str] = {}
    position = 0
    while position < len(text.rstrip()):
        found = _PAIR.match(text, position)
        if found is None:
            raise _bad_odbc()
        braced = found["braced"]
        pairs[found["key"]] = found["plain"] if braced is None else braced.replace("}}", "}")
        position = found.end()
    return pairs


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else "{" + value.replace("}", "}}") + "}"


def _bad_odbc() -> ConfigError:
    return ConfigError(
        Text("ODBC 连接串写得不对。", "The ODBC connection string is malformed."),
        hint=Text(
            "写成 Driver=...;Server=...，把 user 和 password 分开给出。",
            "Write Driver=...;Server=..., and give user and password separately.",
        ),
        code="XD-CFG-032",
    )


@contextmanager
def open_session(secrets: Mapping[str, str], timeout_seconds: int) -> Iterator[Session]:
    """A session by `url` or `odbc`; `user` and `password`, where given beside it, are put in their places.

    Raises:
        ConfigError (XD-CFG-033): The connection has neither.
    """
    if "url" in secrets:
        url = sa.make_url(secrets["url"])
        url = url.set(username=secrets.get("user", url.username), password=secrets.get("password", url.password))
        network = url.get_backend_name() in {"postgresql", "mysql", "mariadb"}
        options = {"connect_timeout": timeout_seconds} if network else {}
        engine = sa.create_engine(url, hide_parameters=True, poolclass=sa.NullPool, connect_args=options)
        with engine.connect() as connection:
            _keep_json_text(connection)
            yield _UrlSession(connection)
    elif "odbc" in secrets:
        pairs = odbc_pairs(secrets["odbc"])
        pairs |= {key: secrets[name] for key, name in (("UID", "user"), ("PWD", "password")) if name in secrets}
        with closing(pyodbc.connect(odbc_string(pairs), timeout=timeout_seconds, autocommit=True)) as odbc:
            yield _OdbcSession(odbc)
    else:
        raise ConfigError(
            Text("连接里没有 url，也没有 odbc。", "The connection has neither url nor odbc."),
            hint=Text(
                "请在环境变量或 Airflow 连接里给出其中一个。",
                "Give one of them in the environment or the Airflow connection.",
            ),
            code="XD-CFG-033",
        )


def _keep_json_text(connection: sa.Connection) -> None:
    """Has psycopg give JSON as the text it is, where it would make floats of the numbers."""
    if connection.dialect.driver == "psycopg":
        from psycopg import Connection
        from psycopg.types.json import set_json_loads

        driver = connection.connection.driver_connection
        if isinstance(driver, Connection):
            set_json_loads(lambda text: text if isinstance(text, str) else bytes(text).decode(), driver)


class _UrlSession:
    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def fetch(self, statement: Select) -> Rows:
        result = self._connection.execute(statement)
        return list(result.keys()), [tuple(row) for row in result]


class _OdbcSession:
    """ODBC has no SQLAlchemy dialect of its own: the statement is written in that of the system behind it."""

    def __init__(self, connection: pyodbc.Connection) -> None:
        self._connection = connection
        system = str(connection.getinfo(pyodbc.SQL_DBMS_NAME)).lower()
        self._dialect = _DIALECTS.get(system, postgresql.dialect)(paramstyle="qmark")

    def fetch(self, statement: Select) -> Rows:
        compiled = statement.compile(dialect=self._dialect, compile_kwargs={"render_postcompile": True})
        parameters = [compiled.params[name] for name in compiled.positiontup or ()]
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(str(compiled), parameters)
            return [column[0] for column in cursor.description], cursor.fetchall()
