"""A database by SQLAlchemy URL or through an ODBC driver, and what either says when it cannot be read."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import sqlalchemy as sa
from sqlalchemy.connectors.pyodbc import PyODBCConnector
from sqlalchemy.dialects import registry
from sqlalchemy.engine.default import DefaultDialect

from canonical_model.errors import AuthError, ConfigError, CrossdockError, TransientError
from canonical_model.language import Text
from canonical_model.text import clip, parse_json

_TIMEOUTS = dict.fromkeys(("postgresql", "mysql", "mariadb"), "connect_timeout") | {"mssql": "timeout"}
_BEHIND_ODBC = {"microsoft sql server": "mssql+pyodbc", "mysql": "mysql+pyodbc", "mariadb": "mysql+pyodbc"}
_PLAIN = re.compile(r"[^\[\]{}(),;?*=!@\s]*")
_PASSWORD = re.compile(r"(?i)(?:pwd|password)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*)")
# SQLSTATE first, then words, since the drivers of SQLite, MySQL and Oracle give no SQLSTATE
_REFUSED = re.compile(
    r"(?i)^(28|42501)|authentication failed|no password supplied|no pg_hba\.conf entry|access denied|login failed"
    r"|permission (was )?denied|ORA-(01017|28000)"
)
_UNFIT = re.compile(
    r"(?i)^(22|3D|3F|42|IM00[23]|01000)|no such (table|column|function)|syntax error|wrong number of arguments"
    r"|invalid (identifier|object name|column name)|unknown (database|column)|does(n't| not) exist"
    r"|unable to open database file"
)


class OdbcDialect(PyODBCConnector, DefaultDialect):
    """SQL as most systems behind ODBC speak it: names in double quotes, LIMIT."""

    supports_statement_cache = True


registry.register("odbc", __name__, "OdbcDialect")


@contextmanager
def connect(secrets: Mapping[str, str], timeout_seconds: int) -> Iterator[sa.Connection]:
    """A connection in which each statement stands alone, so that a long read holds nothing in the source.

    Args:
        secrets: `odbc` or `url`; `user` and `password` are put in their places.
        timeout_seconds: How long to wait for it.

    Raises:
        CrossdockError: What the database, its driver or SQLAlchemy said, as `translate_errors` puts it.
    """
    try:
        engine = _by_odbc(secrets, timeout_seconds) if "odbc" in secrets else _by_url(secrets, timeout_seconds)
        with engine.connect() as connection:
            yield connection
    except (sa.exc.SQLAlchemyError, OSError, ImportError, UnicodeError) as error:
        translated = translate_errors(error, secrets)
        shows = any(secret in str(error) for secret in _hidden(secrets))
        raise translated from None if shows else error


def _by_url(secrets: Mapping[str, str], timeout_seconds: int) -> sa.Engine:
    if "url" not in secrets:
        raise ConfigError(
            Text("连接里没有 url，也没有 odbc。", "The connection has neither url nor odbc."),
            hint=Text(
                "请在环境变量或 Airflow 连接里给出其中一个。",
                "Give one of them in the environment or the Airflow connection.",
            ),
            code="XD-CFG-033",
        )
    url = sa.make_url(secrets["url"])
    url = url.set(username=secrets.get("user", url.username), password=secrets.get("password", url.password))
    system = url.get_backend_name()
    return sa.create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        poolclass=sa.NullPool,
        hide_parameters=True,
        connect_args={_TIMEOUTS[system]: timeout_seconds} if system in _TIMEOUTS else {},
        **({"json_deserializer": parse_json} if system == "postgresql" else {}),
    )


def _by_odbc(secrets: Mapping[str, str], timeout_seconds: int) -> sa.Engine:
    import pyodbc  # only here: it needs unixODBC, which who comes by URL may not have

    try:
        opened = pyodbc.connect(odbc_string(secrets), timeout=timeout_seconds, autocommit=True)
        system = str(opened.getinfo(pyodbc.SQL_DBMS_NAME)).lower()
    except pyodbc.Error as error:
        raise sa.exc.DBAPIError("", None, error) from error
    dialect = _BEHIND_ODBC.get(system, "odbc")
    return sa.create_engine(f"{dialect}://", creator=lambda: opened, poolclass=sa.NullPool, hide_parameters=True)


def odbc_string(secrets: Mapping[str, str]) -> str:
    """The connection string with user and password, neither of which can break out of its place.

    Source: https://learn.microsoft.com/sql/odbc/reference/syntax/sqldriverconnect-function (braces, } doubled; of a
    keyword that comes twice the first counts). In braces only what must be: psqlodbc takes them for part of a user.
    """
    given = {key: secrets[name] for key, name in (("UID", "user"), ("PWD", "password")) if name in secrets}
    return "".join(f"{key}={_quoted(value)};" for key, value in given.items()) + secrets["odbc"]


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else "{" + value.replace("}", "}}") + "}"


def _hidden(secrets: Mapping[str, str]) -> set[str]:
    """What must not show: addresses as a whole, and every password."""
    hidden = {secrets.get(name, "") for name in ("url", "odbc", "password")}
    with suppress(sa.exc.ArgumentError):
        hidden.add(sa.make_url(secrets.get("url", "")).password or "")
    for written in _PASSWORD.findall(secrets.get("odbc", "")):
        hidden |= {written, written.removeprefix("{").removesuffix("}").replace("}}", "}")}
    return hidden - {""}


def translate_errors(error: BaseException, secrets: Mapping[str, str]) -> CrossdockError:
    """Our error for one of SQLAlchemy or a driver, by who must act, with no secret in it."""
    original = getattr(error, "orig", None) or error
    said = " ".join(str(original).split())
    for secret in sorted(_hidden(secrets), key=len, reverse=True):
        said = said.replace(secret, "***")
    state = getattr(original, "sqlstate", None) or next(iter(original.args), "")
    known, said = f"{state} {said}" if isinstance(state, str) else said, clip(said, 300)
    if _REFUSED.search(known):
        return AuthError(
            Text(f"数据库拒绝了登录或权限：{said}", f"The database refused the login or the permission: {said}"),
            hint=Text("请核对连接的用户名、密码和权限。", "Check the user, password and grants of the connection."),
        )
    if (
        not isinstance(error, sa.exc.DBAPIError | OSError)
        or isinstance(error, sa.exc.DataError)
        or _UNFIT.search(known)
    ):
        return ConfigError(
            Text(f"按这些设置读不了数据库：{said}", f"The database cannot be read with these settings: {said}"),
            hint=Text(
                "请核对 table、query、key、watermark、连接地址和驱动。",
                "Check table, query, key, watermark, the address and its driver.",
            ),
            code="XD-CFG-030",
        )
    return TransientError(
        Text(f"数据库暂时读不了：{said}", f"The database cannot be read at present: {said}"),
        hint=Text("稍后会自动再试。", "It is tried again later."),
    )
