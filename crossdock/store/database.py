"""Opening the store: a server by URL or the embedded one, migrated to the newest revision."""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import ARRAY, ColumnElement, Connection, Engine, Row, any_, create_engine, literal, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from canonical_model.clock import Clock, utc_now
from canonical_model.errors import AuthError, ConfigError, CrossdockError, StoreError, TransientError
from canonical_model.language import Text
from canonical_model.text import has_bare_at, parse_json
from crossdock.home import Home
from crossdock.store import views
from crossdock.store.embedded import EmbeddedServer

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
# A server that vanishes without a word (power, network) is noticed within a minute and a half; libpq's own: two hours.
_LIFE_SIGNS = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 90_000}

SESSION = "-c timezone=UTC -c datestyle=ISO"
"""What every connection sets, whatever the database's own defaults are: times and dates are compared and dumped as text."""

Report = Callable[[Text], None]
AnyRow = Row[*tuple[Any, ...]]


def dump_json(value: object) -> str:
    """`value` as JSON with decimals and instants as text, in the characters that they have but NUL, which jsonb refuses."""
    return _NUL.sub(r"\1", json.dumps(value, ensure_ascii=False, default=str))


@contextmanager
def open_store(home: Home, report: Report | None = None) -> Iterator[Engine]:
    """The store of the deployment, ready to use.

    It is the server of CROSSDOCK_DATABASE_URL, or, where that is not set, an embedded one below `.crossdock`.

    Raises:
        ConfigError, AuthError, TransientError, StoreError: It cannot be opened; says why.
    """
    given = os.environ.get("CROSSDOCK_DATABASE_URL")
    if given:
        with translate_errors():
            yield from _connected(_server_url(given))
        return
    with EmbeddedServer.start(home.state, report=report) as server:
        server.create_database("crossdock")
        yield from _connected(server.url("crossdock"))


def _server_url(given: str) -> URL:
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):  # the latter for a port that is no number, in words that show it
        url = None
    if url is None or (url.password is not None and has_bare_at(given)):
        raise ConfigError(
            Text(
                "CROSSDOCK_DATABASE_URL 不是数据库地址，或密码里的 @ 没有写成 %40。",
                "CROSSDOCK_DATABASE_URL is not a database URL, or an @ in its password is not written as %40.",
            ),
            hint=Text(
                "写法：postgresql://用户:密码@主机:5432/crossdock；密码里的 : 写成 %3A，/ 写成 %2F，% 写成 %25。",
                "Write postgresql://user:password@host:5432/crossdock, "
                "and in the password %3A for :, %2F for /, %25 for %.",
            ),
            code="XD-CFG-036",
        )
    if url.get_backend_name() != "postgresql":
        raise ConfigError(
            Text(
                f"存储只用 PostgreSQL，不是 {url.get_backend_name()}。",
                f"The store is PostgreSQL, not {url.get_backend_name()}.",
            ),
            code="XD-CFG-036",
        )
    return url.set(drivername="postgresql+psycopg")


def _connected(url: URL) -> Iterator[Engine]:
    engine = create_engine(
        url,
        json_serializer=dump_json,
        json_deserializer=parse_json,
        connect_args={"options": SESSION, "connect_timeout": 10, **_LIFE_SIGNS},
        pool_pre_ping=True,
    )
    try:
        migrate(engine)
        yield engine
    finally:
        engine.dispose()


def migrate(engine: Engine) -> None:
    """Brings the store to the newest revision; two processes at once do it one after the other."""
    with translate_errors(), engine.begin() as connection:
        lock_migrations(connection)
        upgrade(connection, "head")
        views.refresh(connection)


def lock_migrations(connection: Connection) -> None:
    """Waits until nobody else changes the tables, and keeps others from it until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('crossdock.migrate'))"))


def upgrade(connection: Connection, revision: str) -> None:
    """Runs the migrations up to `revision`; call it under `lock_migrations`."""
    config = _migrations()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def knows_revision(revision: str) -> bool:
    """Whether our migrations lead to `revision`."""
    return revision in {one.revision for one in ScriptDirectory.from_config(_migrations()).walk_revisions()}


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(str(files("crossdock.store"))) / "migrations"))
    return config


def among(column: ColumnElement[Any], values: Iterable[object]) -> ColumnElement[bool]:
    """Condition that the column is one of the values, however many: they go as one array, where `IN` takes 65,535 at most."""
    return column == any_(literal(list(values), ARRAY(column.type)))


def driver_of(connection: Connection) -> psycopg.Connection:
    """Psycopg's own connection, which can COPY."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101  # the store's only driver
    return driver


def lock(connection: Connection, names: Sequence[str]) -> None:
    """Takes transaction locks on `names`, always in the same order."""
    for name in sorted(set(names)):
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def _of_driver(error: BaseException) -> BaseException | None:
    """Psycopg's own error; COPY runs on its connection, without SQLAlchemy around it."""
    return error.orig if isinstance(error, DBAPIError) else error


def _first_line(error: BaseException | None) -> str:
    return next(iter(str(error or "").strip().splitlines()), "")


def clock_of(connection: Connection, clock: Clock) -> Clock:
    """The clock, or where it is that of this machine, one that goes by the server's: what several machines note is compared."""
    if clock is not utc_now:
        return clock
    ahead = utc_now() - connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return lambda: utc_now() - ahead


@contextmanager
def alone(engine: Engine, name: str, *, wait: bool) -> Iterator[bool]:
    """Keeps every other process out of `name` for the length of the block; the server lets go when we die.

    Args:
        engine: The store.
        name: What only one may do at a time.
        wait: Wait for the other one; else give False at once.
    """
    key = {"name": name}
    with engine.connect() as connection:
        call = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
        is_alone = connection.scalar(text(f"SELECT {call}(hashtextextended(:name, 0))"), key) is not False
        connection.commit()
        try:
            yield is_alone
        finally:
            if is_alone:
                with suppress(OperationalError):  # a connection that is cut has let go, and what was done is done
                    connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), key)
                    connection.commit()


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turns what SQLAlchemy and psycopg raise into our errors.

    Raises:
        AuthError: The server refused user or password.
        TransientError: It is unreachable or went away.
        StoreError: It refused a statement; the transaction is rolled back.
    """
    try:
        yield
    except CrossdockError:
        raise
    except (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError) as error:
        orig = _of_driver(error)
        state = getattr(orig, "sqlstate", None) or ""
        said = _first_line(orig)
        if state.startswith("28") or "password authentication failed" in said:
            raise AuthError(
                Text("存储拒绝了用户名或密码。", "The store refused the user or password."),
                hint=Text("请检查 CROSSDOCK_DATABASE_URL。", "Check CROSSDOCK_DATABASE_URL."),
            ) from error
        if state.startswith("53"):
            advice = orig.diag.message_hint if isinstance(orig, psycopg.Error) else None
            raise StoreError(
                Text(
                    f"存储的磁盘、连接或内存用完了：{said}",
                    f"The store is out of disk, connections or memory: {said}",
                ),
                where=advice or "",
                hint=Text(
                    "请在数据库那台机器上腾出空间，或调大连接数、内存或锁的数目，再次运行即可，会接着上次的位置。",
                    "Free space or allow more connections, memory or locks on the database's machine, then run again; it goes on "
                    "where it was.",
                ),
                code="XD-STO-003",
            ) from error
        if state.startswith("54"):  # the server's limits, such as the length of a value in an index
            raise _refused(said) from error
        raise TransientError(
            Text(
                "连接不上存储（PostgreSQL），本次没有写入任何内容。",
                "The store (PostgreSQL) is gone; nothing of this run was written.",
            ),
            where=said[:200],
            hint=Text("恢复后再次运行即可，会接着上次的位置。", "Run again when it is back; it goes on where it was."),
            code="XD-TMP-002",
        ) from error
    except (DBAPIError, psycopg.Error) as error:
        raise _refused(_first_line(_of_driver(error))) from error


def _refused(said: str) -> StoreError:
    return StoreError(Text(f"存储拒绝了写入，已全部回滚：{said}", f"The store refused; all was rolled back: {said}"))
