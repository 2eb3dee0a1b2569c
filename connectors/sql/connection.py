"""A database by SQLAlchemy URL or through an ODBC driver, what it holds, and what it says when it cannot be read."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.connectors.pyodbc import PyODBCConnector
from sqlalchemy.dialects import registry
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.engine.reflection import ObjectKind

from canonical_model.errors import AuthError, ConfigError, CrossdockError, TransientError
from canonical_model.language import Text
from canonical_model.text import JsonValue, clip, has_bare_at, parse_json, passwords_in
from connectors.base import Discovered

# Keep in step with those of the store: a server that vanishes without a word is noticed within a minute and a half.
_LIFE_SIGNS = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 90_000}
_SILENT_SECONDS = 900
"""Of drivers that ask for no sign of life: a server that says nothing for so long is gone, and not slow."""
_BEHIND_ODBC = {"microsoft sql server": "mssql+pyodbc", "mysql": "mysql+pyodbc", "mariadb": "mysql+pyodbc"}
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
_SYSTEM = re.compile(r"(?i)information_schema|pg_.*|sys|mysql|performance_schema|db_.*|guest")
_CHANGED = re.compile(r"(?i)modif|updat|chang|last|rowver|修改|更新|变更|时间戳")
_ORDERED = re.compile(r"(?i)date|time|int|num|char|text")
_NUMBERED = re.compile(r"(.*_)?(id|no|code|guid|uuid)|.*(ID|Id|编号|单号|内码|主键)")


class OdbcDialect(PyODBCConnector, DefaultDialect):
    """SQL as most systems behind ODBC speak it: names in double quotes, LIMIT."""

    supports_statement_cache = True


registry.register("odbc", __name__, "OdbcDialect")


@contextmanager
def connect(secrets: Mapping[str, str], timeout_seconds: int) -> Iterator[sa.Connection]:
    """A connection in which each statement stands alone, so that a long read holds nothing in the source.

    Raises:
        CrossdockError: What the database, its driver or SQLAlchemy said, as `translate_errors` puts it.
    """
    try:
        with _engine(secrets, timeout_seconds).connect() as connection:
            yield connection
    except (sa.exc.SQLAlchemyError, OSError, ImportError, UnicodeError) as error:
        shows = any(secret in str(error) for secret in _hidden(secrets))
        raise translate_errors(error, secrets) from None if shows else error


def _engine(secrets: Mapping[str, str], timeout_seconds: int) -> sa.Engine:
    if "odbc" in secrets:
        import pyodbc  # only here: it needs unixODBC, which who comes by URL may not have

        try:
            opened = pyodbc.connect(odbc_string(secrets), timeout=timeout_seconds, autocommit=True)
            dialect = _BEHIND_ODBC.get(str(opened.getinfo(pyodbc.SQL_DBMS_NAME)).lower(), "odbc")
        except pyodbc.Error as error:
            raise sa.exc.DBAPIError("", None, error) from error
        return sa.create_engine(f"{dialect}://", creator=lambda: opened, poolclass=sa.NullPool, hide_parameters=True)
    if "url" not in secrets:
        raise ConfigError(
            Text("连接里没有 url，也没有 odbc。", "The connection has neither url nor odbc."),
            hint=Text(
                "请在环境变量或 Airflow 连接里给出一个。", "Give one in the environment or the Airflow connection."
            ),
            code="XD-CFG-033",
        )
    url = _url(secrets["url"])
    return sa.create_engine(
        url.set(username=secrets.get("user", url.username), password=secrets.get("password", url.password)),
        isolation_level="AUTOCOMMIT",
        poolclass=sa.NullPool,
        hide_parameters=True,
        connect_args=connect_args(url, timeout_seconds),
        **({"json_deserializer": parse_json} if url.get_backend_name() == "postgresql" else {}),
    )


def connect_args(url: sa.URL, timeout_seconds: int) -> dict[str, int]:
    """What a driver is told of waiting, in its own words: for a connection, and for a server that has fallen silent."""
    silent = {"read_timeout": _SILENT_SECONDS, "write_timeout": _SILENT_SECONDS}
    match url.get_driver_name():
        case "psycopg" | "psycopg2" | "psycopg2cffi":  # libpq
            return {"connect_timeout": timeout_seconds, **_LIFE_SIGNS}
        case "pymysql" | "mysqldb" | "mariadbconnector":
            return {"connect_timeout": timeout_seconds, **silent}
        case "mysqlconnector":  # knows the others from 9.2 on
            return {"connect_timeout": timeout_seconds}
        case "pymssql":
            return {"login_timeout": timeout_seconds, "timeout": _SILENT_SECONDS}
        case "pyodbc":
            return {"timeout": timeout_seconds}
        case "oracledb":
            return {"tcp_connect_timeout": timeout_seconds, "expire_time": 1}
        case _:
            return {}


def _url(address: str) -> sa.URL:
    try:
        url = sa.make_url(address)
    except (sa.exc.ArgumentError, ValueError):  # the latter for a port that is no number, in words that show it
        url = None
    if url is None or (url.password is not None and has_bare_at(address)):
        raise ConfigError(
            Text(
                "连接的 url 不是数据库地址，或密码里的 @ 没有写成 %40。",
                "The url of the connection is not a database URL, or an @ in its password is not written as %40.",
            ),
            hint=Text(
                "写法：postgresql+psycopg://主机:5432/库名，用户和密码另写在 user 和 password 里，不用改写任何符号；"
                "写在 url 里时 : 写成 %3A，/ 写成 %2F，% 写成 %25。",
                "Write postgresql+psycopg://host:5432/name and beside it user and password, in which no sign needs care; "
                "inside the url write %3A for :, %2F for /, %25 for %.",
            ),
            code="XD-CFG-030",
        )
    return url


def odbc_string(secrets: Mapping[str, str]) -> str:
    """The connection string with user and password, neither of which can break out of its place.

    Source: https://learn.microsoft.com/sql/odbc/reference/syntax/sqldriverconnect-function (braces, } doubled; of a
    keyword that comes twice the first counts). In braces only what must be: psqlodbc takes them for part of a user.
    """
    given = [(key, secrets[name]) for key, name in (("UID", "user"), ("PWD", "password")) if name in secrets]
    plain = re.compile(r"[^\[\]{}(),;?*=!@\s]*").fullmatch
    quoted = [(key, value if plain(value) else "{" + value.replace("}", "}}") + "}") for key, value in given]
    return "".join(f"{key}={value};" for key, value in quoted) + secrets["odbc"]


def _hidden(secrets: Mapping[str, str]) -> list[str]:
    """What must not show, the longest first: addresses as a whole, and every password."""
    given = {secrets[name] for name in ("url", "odbc", "password") if secrets.get(name)}
    return sorted(given.union(*map(passwords_in, given)), key=len, reverse=True)


def translate_errors(error: BaseException, secrets: Mapping[str, str]) -> CrossdockError:
    """Our error for one of SQLAlchemy or a driver, by who must act, with no secret in it."""
    original = getattr(error, "orig", None) or error
    said = " ".join(str(original).split())
    for secret in _hidden(secrets):
        said = said.replace(secret, "***")
    state = getattr(original, "sqlstate", None) or next(iter(original.args), "")
    known, said = f"{state} {said}" if isinstance(state, str) else said, clip(said, 300)
    if _REFUSED.search(known):
        return AuthError(
            Text(f"数据库拒绝了登录或权限：{said}", f"The database refused the login or the permission: {said}"),
            hint=Text("请核对连接的用户名、密码和权限。", "Check the user, password and grants of the connection."),
        )
    is_ours = not isinstance(error, sa.exc.DBAPIError | OSError) or isinstance(error, sa.exc.DataError)
    if is_ours or _UNFIT.search(known):
        return ConfigError(
            Text(f"按这些设置读不了数据库：{said}", f"The database cannot be read with these settings: {said}"),
            hint=Text("请核对表或查询、各列、地址和驱动。", "Check table or query, columns, address and driver."),
            code="XD-CFG-030",
        )
    return TransientError(
        Text(f"数据库暂时读不了：{said}", f"The database cannot be read at present: {said}"),
        hint=Text("稍后会自动再试。", "It is tried again later."),
    )


def discover(connection: sa.Connection) -> Iterator[Discovered]:
    """Tables and views outside the system's own schemas, with their declared or likely key and likely watermark.

    Raises:
        ConfigError (XD-CFG-127): This kind of database cannot be looked into.
    """
    try:
        inspector = sa.inspect(connection)
        own = inspector.default_schema_name
        for schema in sorted(inspector.get_schema_names(), key=lambda name: (name != own, name)):
            if _SYSTEM.fullmatch(schema):
                continue
            primary, unique = inspector.get_multi_pk_constraint(schema), inspector.get_multi_unique_constraints(schema)
            for place, columns in sorted(inspector.get_multi_columns(schema, kind=ObjectKind.ANY).items()):
                name = place[1] if schema == own else f"{schema}.{place[1]}"
                types = {str(column["name"]): str(column["type"]) for column in columns}
                keys = [primary[place]["constrained_columns"]] if place in primary else []  # views have none
                found = next(filter(None, keys + [one["column_names"] for one in unique.get(place, [])]), None)
                key: list[JsonValue] = list(found or list(filter(_NUMBERED.fullmatch, types))[:1])
                marked = [one for one, kind in types.items() if _CHANGED.search(one) and _ORDERED.search(kind)]
                settings: dict[str, JsonValue] = {"table": name, "key": key}
                if marked:
                    settings["watermark"] = marked[0]
                zh, en = ("表", "table") if place in primary else ("视图", "view")
                guessed = ("，key 是猜的", ", the key is a guess") if key and not found else ("", "")
                yield Discovered(name, tuple(types), settings, Text(zh + guessed[0], en + guessed[1]))
    except NotImplementedError as error:
        raise ConfigError(
            Text("这种数据库列不出有哪些表。", "This kind of database does not tell its tables."),
            hint=Text("请用数据库客户端看，再写 table 和 key。", "Look with its own client, then write table and key."),
            code="XD-CFG-127",
        ) from error
