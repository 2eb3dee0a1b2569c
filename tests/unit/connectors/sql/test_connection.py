"""What the SQL connector says of settings, connections and errors, and what it never shows."""

import builtins
import inspect
import re
import sys
import traceback
from pathlib import Path

import psycopg.errors
import pytest
import sqlalchemy as sa
import sqlalchemy.exc
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import mssql

from canonical_model.errors import AuthError, ConfigError, CrossdockError, TransientError
from canonical_model.language import Language
from canonical_model.text import JsonValue
from connectors.sql import SqlConfig, SqlConnector, SqlStream
from connectors.sql.connection import connect, connect_args, odbc_string, translate_errors
from connectors.sql.connector import _after, _select
from tests.integration.hub import StoreServer
from tests.unit.connectors.sql.doors import ON_A_SERVER, Door
from tests.unit.connectors.sql.test_cursor import ITEM, connector, put, read

PAIR = re.compile(r"(?P<key>[^=;]+)=(?:\{(?P<braced>(?:[^}]|\}\})*)\}|(?P<plain>[^{;][^;]*|))(?:;|$)")
"""One pair of an ODBC connection string, as Microsoft's page on SQLDriverConnect has it."""


def pairs_of(text: str) -> dict[str, str]:
    """The pairs as a driver manager reads them; of a keyword that comes twice the first."""
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        pair = PAIR.match(text, position)
        assert pair, text[position:]
        value = pair["plain"] if pair["braced"] is None else pair["braced"].replace("}}", "}")
        found.setdefault(pair["key"], value)
        position = pair.end()
    return found


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_no_password_breaks_out_of_an_odbc_string(password: str) -> None:
    text = odbc_string({"odbc": "Driver={My Driver};Server=x;", "user": "reader", "password": password})
    assert pairs_of(text) == {"UID": "reader", "PWD": password, "Driver": "My Driver", "Server": "x"}


def test_values_without_special_signs_stay_bare_since_some_drivers_keep_the_braces() -> None:
    assert odbc_string({"odbc": "DSN=erp", "user": "读者_1", "password": "a;b}c"}) == "UID=读者_1;PWD={a;b}}c};DSN=erp"


class OdbcError(Exception):
    """As pyodbc raises them: SQLSTATE, then a sentence."""


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        (psycopg.errors.InvalidPassword("password hunter2 wrong"), AuthError),
        (psycopg.errors.InsufficientPrivilege("no"), AuthError),
        (psycopg.OperationalError('FATAL:  password authentication failed for user "x"'), AuthError),
        (OdbcError("28000", "Login failed for hunter2"), AuthError),
        (OdbcError("42000", "The SELECT permission was denied on the object"), AuthError),
        (OdbcError(1045, "Access denied for user 'x'"), AuthError),
        (OdbcError("ORA-01017: invalid username/password; logon denied"), AuthError),
        (psycopg.errors.UndefinedTable("no"), ConfigError),
        (psycopg.errors.UndefinedColumn("no"), ConfigError),
        (psycopg.errors.InvalidTextRepresentation("no"), ConfigError),
        (psycopg.OperationalError('FATAL:  database "x" does not exist'), ConfigError),
        (OdbcError("42S02", "no table"), ConfigError),
        (OdbcError("HY000", "no such column: x"), ConfigError),
        (OdbcError("01000", "[unixODBC]Can't open lib 'Nope'"), ConfigError),
        (OdbcError("IM002", "Data source name not found"), ConfigError),
        (OdbcError(1146, "Table 'x' doesn't exist"), ConfigError),
        (OdbcError("ORA-00904: invalid identifier"), ConfigError),
        (psycopg.errors.AdminShutdown("bye"), TransientError),
        (psycopg.errors.SerializationFailure("again"), TransientError),
        (psycopg.OperationalError("connection refused"), TransientError),
        (OdbcError("08001", "unreachable"), TransientError),
        (OdbcError("HYT00", "timeout"), TransientError),
        (OdbcError("database is locked"), TransientError),
    ],
)
def test_errors_of_drivers_are_grouped_by_who_acts_and_hide_the_password(
    original: Exception, expected: type[CrossdockError]
) -> None:
    error = sa.exc.DBAPIError("select 1", {}, original)
    translated = translate_errors(error, {"odbc": "Driver=x;PWD={hunter2}"})
    assert type(translated) is expected
    assert "hunter2" not in str(translated)
    assert translated.what.zh


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (sa.exc.NoSuchModuleError("Can't load plugin"), ConfigError),
        (sa.exc.ArgumentError("hunter2"), ConfigError),
        (ModuleNotFoundError("No module named 'oracledb'"), ConfigError),
        (UnicodeDecodeError("utf-8", b"\xd6", 0, 1, "invalid"), ConfigError),
        (ConnectionResetError("reset"), TransientError),
        (TimeoutError("timed out"), TransientError),
        (OSError(28, "No space left on device"), TransientError),
    ],
)
def test_errors_of_settings_and_of_the_network_are_told_apart(error: Exception, expected: type[CrossdockError]) -> None:
    translated = translate_errors(error, {"url": "postgresql://reader:hunter2@x/y"})
    assert type(translated) is expected
    assert "hunter2" not in str(translated)


def test_sqlalchemy_has_no_error_that_is_not_translated() -> None:
    kinds = [kind for _, kind in inspect.getmembers(sa.exc, inspect.isclass) if issubclass(kind, Exception)]
    stray = {kind.__name__ for kind in kinds if not issubclass(kind, (sa.exc.SQLAlchemyError, Warning))}
    assert len(kinds) > 30
    assert stray == {"EmulatedDBAPIException"}  # of async drivers; comes wrapped like any driver's own


def test_who_comes_by_url_needs_no_unixodbc_and_who_does_not_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = builtins.__import__

    def without_odbc(name: str, *arguments: object) -> object:
        if name == "pyodbc":
            message = "libodbc.so.2: cannot open shared object file"
            raise ImportError(message)
        return real(name, *arguments)  # type: ignore[arg-type]  # as they came

    monkeypatch.delitem(sys.modules, "pyodbc", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_odbc)
    SqlConnector(SqlConfig(), {}, {"url": f"sqlite:///{tmp_path / 'x.db'}"}).check()
    with pytest.raises(ConfigError, match=r"libodbc\.so\.2"):
        SqlConnector(SqlConfig(), {}, {"odbc": "DSN=erp"}).check()


@pytest.mark.parametrize(
    ("secrets", "code"),
    [
        ({}, "XD-CFG-033"),
        ({"user": "x"}, "XD-CFG-033"),
        ({"url": "no url"}, "XD-CFG-030"),
        ({"url": "nosuch://x"}, "XD-CFG-030"),
        ({"url": "sqlite:////no/such/folder/x.db"}, "XD-CFG-030"),
    ],
)
def test_a_connection_that_cannot_be_is_refused_in_a_sentence(secrets: dict[str, str], code: str) -> None:
    with pytest.raises(ConfigError, match=code):
        SqlConnector(SqlConfig(), {"s": ITEM}, secrets).check()


@pytest.mark.parametrize("password", ["pa@Secr3t", "pa@ss:Secr3t", "pa@ss/Secr3t", "pa@ss?Secr3t"])
def test_a_password_with_a_bare_at_is_refused_and_no_part_of_it_shown(password: str) -> None:
    secrets = {"url": f"postgresql+psycopg://reader:{password}@127.0.0.1:1/x"}
    with pytest.raises(ConfigError, match=r"XD-CFG-030.*an @ in its password is not written as %40") as caught:
        SqlConnector(SqlConfig(), {"s": ITEM}, secrets).check()
    shown = "".join(traceback.format_exception(caught.value)) + caught.value.render(Language.ZH)
    assert "Secr3t" not in shown
    assert "pa@" not in shown


def test_a_url_without_a_host_shows_no_password() -> None:
    secrets = {"url": "postgresql://reader:" + "Secr3t"[::-1]}  # as the source of this line does not show it
    with pytest.raises(ConfigError, match="XD-CFG-030") as caught:
        SqlConnector(SqlConfig(), {"s": ITEM}, secrets).check()
    assert "t3rceS" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", ["sqlite:///{}/a@b@c.db", "sqlite:///{}/x.db?timeout=5"])
def test_an_at_that_is_in_no_password_is_left_alone(tmp_path: Path, url: str) -> None:
    SqlConnector(SqlConfig(), {}, {"url": url.format(tmp_path)}).check()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql+psycopg://h/x", {"connect_timeout": 7, "keepalives_idle": 30, "tcp_user_timeout": 90_000}),
        ("postgresql+psycopg2://h/x", {"connect_timeout": 7, "keepalives_idle": 30, "tcp_user_timeout": 90_000}),
        ("mysql+pymysql://h/x", {"connect_timeout": 7, "read_timeout": 900, "write_timeout": 900}),
        ("mysql+mysqldb://h/x", {"connect_timeout": 7, "read_timeout": 900, "write_timeout": 900}),
        ("mariadb+mariadbconnector://h/x", {"connect_timeout": 7, "read_timeout": 900, "write_timeout": 900}),
        ("mysql+mysqlconnector://h/x", {"connect_timeout": 7}),
        ("mssql+pyodbc://h/x", {"timeout": 7}),
        ("mssql+pymssql://h/x", {"login_timeout": 7, "timeout": 900}),
        ("oracle+oracledb://h/x", {"tcp_connect_timeout": 7, "expire_time": 1}),
        ("sqlite:///x", {}),
    ],
)
def test_a_server_that_has_gone_without_a_word_is_noticed_by_every_driver_that_can(
    url: str, told: dict[str, int]
) -> None:
    given = connect_args(sa.make_url(url), 7)
    assert {name: given.get(name) for name in told} == told
    assert told or not given


@pytest.mark.store
def test_postgresql_is_asked_for_signs_of_life(store_server: StoreServer) -> None:
    with connect({"url": store_server.admin.url.render_as_string(hide_password=False)}, 7) as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        assert driver.info.get_parameters().items() >= {"keepalives_idle": "30", "tcp_user_timeout": "90000"}.items()


@pytest.mark.parametrize(
    "settings",
    [{}, {"key": "id"}, {"table": "t"}, {"table": "t", "key": []}, {"table": "t", "query": "select 1", "key": "id"}],
)
def test_settings_that_do_not_say_what_to_read_are_refused(settings: dict[str, JsonValue]) -> None:
    with pytest.raises(ConfigError, match="XD-CFG-021"):
        SqlConnector(SqlConfig(), {"s": settings}, {})


@pytest.mark.parametrize(
    "settings",
    [
        {"table": "nope"},
        {"key": "Nope"},
        {"watermark": "Nope"},
        {"watermark": ["seen", "Nope"]},
        {"table": None, "query": "select id from"},
        {"table": None, "query": "delete from item"},
        {"table": None, "query": "select 1 / 0 as id, 1 as seen"},
        {"table": None, "query": "select 'a' as id, 1 as seen, lower() as e"},
    ],
)
def test_what_the_database_does_not_know_is_a_config_error(door: Door, settings: dict[str, JsonValue]) -> None:
    put(door, ("a", 1, 1))
    with pytest.raises(ConfigError):
        read(connector(door, **settings))
    assert door.rows("select count(*) from item") == [(1,)]


@ON_A_SERVER
def test_two_columns_of_one_name_are_refused(door: Door) -> None:
    put(door, ("a", 1, 1))
    with pytest.raises(ConfigError, match="XD-CFG-034"):
        read(connector(door, table=None, query="select id, value, seen, seen as value from item"))


def test_a_column_with_our_own_name_is_refused(door: Door) -> None:
    put(door, ("a", 1, 1))
    with pytest.raises(ConfigError, match="XD-CFG-034"):
        read(connector(door, table=None, query="select id, seen, value as _row from item"))


def test_a_query_may_hold_colons_percent_signs_and_a_semicolon(door: Door) -> None:
    put(door, ("a", 1, 1))
    query = "select id, seen, value, '10:30 100% a::b ?' as note from item where id like '%a%';"
    (batch,) = read(connector(door, table=None, query=query))
    assert batch.table["note"].to_pylist() == ["10:30 100% a::b ?"]


def test_a_column_may_be_named_in_other_capitals_where_the_database_folds_them(door: Door) -> None:
    put(door, ("a", 1, 1))
    query = "select id as identifier, seen from item"
    (batch,) = read(connector(door, table=None, query=query, key="identifier"))
    assert batch.table["identifier"].to_pylist() == ["a"]


def test_statements_for_sql_server_use_top_and_brackets() -> None:
    """No SQL Server can be had for tests; this is what would be sent to it."""
    stream = SqlStream(table="UFDATA_001_2026.dbo.PO_Podetails", key=["ID", "iRowNo"])
    page = _select(stream).where(_after(stream.key, [5, 2])).order_by(sa.column("ID")).limit(3)
    compiled = page.compile(dialect=mssql.dialect(), compile_kwargs={"render_postcompile": True})  # type: ignore[no-untyped-call]  # of SQLAlchemy
    text = " ".join(str(compiled).split())
    assert text.startswith("SELECT TOP 3 * FROM [UFDATA_001_2026].dbo.[PO_Podetails]")
    assert "[ID] >= " in text
    assert "([ID] > " in text
