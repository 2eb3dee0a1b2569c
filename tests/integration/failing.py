"""Makes the n-th operation of a run fail: as a database fails when its server is gone, or files when the disk is full.

Nothing of ours is replaced: databases fail in the driver, since the server really ends the connection; files fail in
the interpreter's audit events and at the writing calls of fsspec and pyarrow.
"""

import errno
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis  # noqa: F401  # else pytest's plugin imports it at the end, when the compiler may meet our garbage
import psycopg
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.local import LocalFileOpener
from sqlalchemy import Engine, event, text
from sqlalchemy.engine.default import DefaultDialect

_PATHS = {"open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.scandir", "os.listdir"}
_READS = {"os.remove", "os.rmdir", "os.scandir", "os.listdir"}


class Fault:
    """Strikes at the operation of one number, of those that begin with `among`; `said` lists these until then."""

    def __init__(self, number: int, among: str = "") -> None:
        self._number, self._among, self._lock = number, among, threading.Lock()
        self.said: list[str] = []

    @property
    def has_struck(self) -> bool:
        return len(self.said) >= self._number

    def strikes(self, what: str) -> bool:
        """Counts an operation; whether it is the one that fails."""
        if not what.startswith(self._among):
            return False
        with self._lock:  # files are written in a thread of their own
            self.said.append(what)
            return len(self.said) == self._number


@contextmanager
def lost_connection(engine: Engine, admin: Engine, number: int) -> Iterator[Fault]:
    """Ends the connection at the server just before the n-th connect, statement, COPY or commit."""
    fault = Fault(number)

    def end(connection: psycopg.Connection) -> None:
        with admin.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": connection.info.backend_pid})

    def connect(*_: object) -> None:
        if fault.strikes("connect"):
            raise psycopg.OperationalError("connection to server failed: Connection refused")

    def execute(_connection: object, cursor: psycopg.Cursor, statement: str, *_: object) -> None:
        if fault.strikes(statement):
            end(cursor.connection)

    def commit(connection: Any) -> None:
        if fault.strikes("commit"):
            end(connection.connection.dbapi_connection)

    copy, write = psycopg.Cursor.copy, psycopg.Copy.write

    def begin_copy(self: psycopg.Cursor, statement: Any, *rest: Any, **more: Any) -> Any:
        if fault.strikes(str(statement)):
            end(self.connection)
        return copy(self, statement, *rest, **more)

    def write_copy(self: psycopg.Copy, data: Any) -> None:
        if fault.strikes("write to COPY"):
            end(self.connection)
        write(self, data)

    listeners: dict[str, Callable[..., None]] = {
        "do_connect": connect, "before_cursor_execute": execute, "commit": commit
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "copy", begin_copy)
        patch.setattr(psycopg.Copy, "write", write_copy)
        for name, listener in listeners.items():
            event.listen(engine, name, listener)
        try:
            yield fault
        finally:
            for name, listener in listeners.items():
                event.remove(engine, name, listener)


@contextmanager
def lost_answer(number: int) -> Iterator[Fault]:
    """Lets the n-th commit happen, but its answer never come."""
    fault, commit = Fault(number), DefaultDialect.do_commit

    def do_commit(self: DefaultDialect, dbapi_connection: Any) -> None:
        commit(self, dbapi_connection)  # type: ignore[no-untyped-call]  # SQLAlchemy's own
        if fault.strikes("commit"):
            dbapi_connection.dbapi_connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DefaultDialect, "do_commit", do_commit)
        yield fault


_watching: list[Callable[[str, tuple[Any, ...]], None]] = []


def _hear(happens: str, arguments: tuple[Any, ...]) -> None:
    if _watching and happens in _PATHS:
        _watching[-1](happens, arguments)


sys.addaudithook(_hear)  # for good: an audit hook cannot be taken away


@contextmanager
def failing_disk(folder: Path, number: int, *, among: str = "") -> Iterator[Fault]:
    """Refuses the n-th operation on a file of the deployment or of a working folder: no space left, or not readable."""
    fault, working = Fault(number, among), str(Path(tempfile.gettempdir()) / "crossdock-")

    def refuse(what: str, path: str, *, is_read: bool) -> None:
        if fault.strikes(f"{what} {path}"):
            code = errno.EIO if is_read else errno.ENOSPC
            raise OSError(code, os.strerror(code), path)

    def hear(happens: str, arguments: tuple[Any, ...]) -> None:
        path = str(arguments[0])
        if path.startswith((str(folder), working)):
            is_read = happens in _READS or (happens == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR))
            refuse(happens, path, is_read=is_read)

    def writing(owner: type, name: str) -> None:
        method = getattr(owner, name)

        def write(self: Any, *arguments: Any, **more: Any) -> Any:
            refuse(f"{owner.__name__}.{name}", "", is_read=False)
            return method(self, *arguments, **more)

        patch.setattr(owner, name, write)

    with pytest.MonkeyPatch.context() as patch:
        writing(LocalFileOpener, "write")
        for name in ("write_table", "write_batch"):
            writing(pq.ParquetWriter, name)
        _watching.append(hear)
        try:
            yield fault
        finally:
            _watching.remove(hear)
