"""A whole store in one file, written from any PostgreSQL and read back into any other.

The file is a zip archive: one COPY text per table, and `manifest.json` with the schema revision, the order of loading,
rows and digests, sequences and partitions. The tables themselves are made by the migrations, so that a file of an
older release is loaded into the tables it knew and then brought up to date.
"""

import hashlib
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Literal

from psycopg import sql
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection, Engine, text

from canonical_model.errors import ConfigError, StoreError
from canonical_model.language import Text
from crossdock.store import views
from crossdock.store.database import driver_of, knows_revision, lock_migrations, translate_errors, upgrade

OnTable = Callable[[str], None]

_MANIFEST = "manifest.json"
_CHUNK = 1 << 20
_OWN = {"crossdock.alembic_version"}  # written by the migrations
_BORN_WITH = {"crossdock.signing_key"}  # filled in a store that nobody has used yet

_TABLES = """
SELECT n.nspname || '.' || c.relname AS name,
       array_agg(a.attname::text ORDER BY a.attnum) AS columns,
       (SELECT coalesce(array_agg(DISTINCT rn.nspname || '.' || r.relname), '{}')
        FROM pg_constraint f JOIN pg_class r ON r.oid = f.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
        WHERE f.contype = 'f' AND f.conrelid = c.oid AND f.confrelid <> c.oid) AS parents
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
WHERE n.nspname IN ('canonical', 'crossdock') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
GROUP BY n.nspname, c.relname, c.oid ORDER BY 1
"""
_PARTITIONS = """
SELECT n.nspname || '.' || p.relname AS parent, c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
JOIN pg_namespace n ON n.oid = p.relnamespace
WHERE n.nspname IN ('canonical', 'crossdock') AND c.relispartition AND c.relkind IN ('r', 'p') ORDER BY 1, 2
"""
_SEQUENCES = """
SELECT schemaname || '.' || sequencename AS name, last_value FROM pg_sequences
WHERE schemaname IN ('canonical', 'crossdock') ORDER BY 1
"""
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_BOUND = re.compile(r"DEFAULT|FOR VALUES (FROM \('[0-9 :+.-]+'\) TO \('[0-9 :+.-]+'\)|IN \('[a-z][a-z0-9_]*'\))")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DumpedTable(_Part):
    """One table of a dump."""

    name: str
    columns: list[str]
    rows: int
    sha256: str


class Partition(_Part):
    """One partition of a table; its rows stand with the table's."""

    parent: str
    name: str
    bound: str


class Manifest(_Part):
    """What a dump holds.

    Attributes:
        landing: Where the landing zone lay, whose files are not in the dump.
        tables: In the order in which they are loaded.
    """

    format: Literal["crossdock store 1"] = "crossdock store 1"
    revision: str
    made_at: datetime
    landing: str
    tables: list[DumpedTable]
    partitions: list[Partition]
    sequences: dict[str, int | None]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)


def dump(engine: Engine, path: Path, *, landing: str, at: datetime, on_table: OnTable) -> Manifest:
    """Writes the store, as it stands at one moment, to `path`; others may write meanwhile.

    Args:
        engine: The store.
        path: The file, for its owner only; visible when it is whole.
        landing: Where the landing zone lies.
        at: The present.
        on_table: Is told each table.

    Raises:
        StoreError (XD-STO-120): The file cannot be written.
        TransientError: The store is gone.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with (
            os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            translate_errors(),
            engine.connect().execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            ) as connection,
        ):
            manifest = _write(archive, connection, landing, at, on_table)
            archive.writestr(_MANIFEST, manifest.model_dump_json(indent=2))
        part.replace(path)
    except OSError as error:
        raise StoreError(
            Text(f"备份写不下来：{error.strerror}。", f"The dump cannot be written: {error.strerror}."),
            where=str(path),
            hint=Text("请检查磁盘空间和目录权限。", "Check the disk space and the permissions of the folder."),
            code="XD-STO-120",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _write(archive: zipfile.ZipFile, connection: Connection, landing: str, at: datetime, on_table: OnTable) -> Manifest:
    found = {row.name: row for row in connection.execute(text(_TABLES)) if row.name not in _OWN}
    order = TopologicalSorter({name: set(row.parents) for name, row in found.items()}).static_order()
    tables = []
    for name in order:
        on_table(name)
        tables.append(_write_table(archive, connection, name, found[name].columns))
    return Manifest(
        revision=str(connection.scalar(text("SELECT version_num FROM crossdock.alembic_version"))),
        made_at=at,
        landing=landing,
        tables=tables,
        partitions=[Partition(**row._mapping) for row in connection.execute(text(_PARTITIONS))],
        sequences={row.name: row.last_value for row in connection.execute(text(_SEQUENCES))},
    )


def _write_table(archive: zipfile.ZipFile, connection: Connection, name: str, columns: list[str]) -> DumpedTable:
    digest = hashlib.sha256()
    # a partitioned table can be read by SELECT only
    statement = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(_columns(columns), _identifier(name))
    with archive.open(f"{name}.copy", "w", force_zip64=True) as member, driver_of(connection).cursor() as cursor:
        with cursor.copy(statement) as copy:
            for block in copy:
                digest.update(block)
                member.write(block)
        rows = cursor.rowcount
    return DumpedTable(name=name, columns=columns, rows=rows, sha256=digest.hexdigest())


def restore(engine: Engine, path: Path, *, landing: str, on_table: OnTable) -> tuple[Manifest, int]:
    """Fills an empty store from a dump, in one transaction: all of it or nothing.

    Args:
        engine: The store, which nobody has used yet.
        path: The dump.
        landing: Where the landing zone lies now; what the dump says of the old place is changed to it.
        on_table: Is told each table.

    Returns:
        What the dump holds, and how many batches point to the new landing zone.

    Raises:
        ConfigError: XD-CFG-120 no dump, or a damaged one; -121 the store is not empty; -122 the dump is of a
            release that this one does not know.
        TransientError, StoreError: The store is gone or refused.
    """
    with _opened(path) as (archive, manifest), translate_errors(), engine.begin() as connection:
        if not knows_revision(manifest.revision):
            raise _unknown_release(path, manifest.revision)
        lock_migrations(connection)
        _refuse_filled(connection)
        connection.execute(text("DROP SCHEMA IF EXISTS facts, canonical, crossdock CASCADE"))
        upgrade(connection, manifest.revision)
        _make_room(connection, path, manifest)
        for table in manifest.tables:
            on_table(table.name)
            _load(archive, connection, path, table)
        _set_sequences(connection, manifest)
        for table in manifest.tables:
            connection.execute(text(f"ALTER TABLE {table.name} ENABLE TRIGGER USER"))
            connection.execute(text(f"ANALYZE {table.name}"))
        upgrade(connection, "head")
        views.refresh(connection)
        return manifest, _move_landing(connection, manifest.landing, landing)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive, Manifest.model_validate_json(archive.read(_MANIFEST))
    except OSError as error:
        raise _no_dump(path, Text(f"打不开：{error.strerror}", f"it cannot be opened: {error.strerror}")) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValidationError) as error:
        with path.open("rb") as file:
            is_zip = file.read(2) == b"PK"
        why = Text("内容不完整或已损坏", "it is cut off or damaged") if is_zip else Text("格式不对", "wrong format")
        raise _no_dump(path, why) from error


def _no_dump(path: Path, why: Text) -> ConfigError:
    return ConfigError(
        Text(
            f"这不是能用的备份：{why.zh}；存储没有改动。",
            f"This is no usable dump: {why.en}; the store was left as it is.",
        ),
        where=str(path),
        hint=Text(
            "请给出 crossdock db dump 写的文件，重新复制一份再试。",
            "Name a file that crossdock db dump wrote; copy it again and retry.",
        ),
        code="XD-CFG-120",
    )


def _unknown_release(path: Path, revision: str) -> ConfigError:
    return ConfigError(
        Text(
            f"备份的版本是 {revision}，本程序不认识，大概来自更新的 Crossdock。",
            f"The dump is at revision {revision}, which this program does not know; a newer Crossdock wrote it.",
        ),
        where=str(path),
        hint=Text("请先升级 Crossdock，再恢复。", "Upgrade Crossdock, then restore."),
        code="XD-CFG-122",
    )


def _refuse_filled(connection: Connection) -> None:
    names = [name for name in connection.scalars(text(f"SELECT name FROM ({_TABLES}) AS t")) if name not in _OWN]
    connection.execute(text(f"LOCK TABLE {', '.join(names)}"))
    filled = [
        name
        for name in names
        if name not in _BORN_WITH and connection.scalar(text(f"SELECT EXISTS (SELECT FROM {name})"))
    ]
    if filled:
        shown = ", ".join(filled[:5])
        raise ConfigError(
            Text(
                f"存储里已有内容（{shown} 等），恢复只能进空库，没有改动任何内容。",
                f"The store holds something already ({shown} …); only an empty one can be restored into. "
                "Nothing was changed.",
            ),
            hint=Text(
                "请换一个新目录（crossdock init）或新建的空数据库再恢复。",
                "Restore into a new folder (crossdock init) or a newly made database.",
            ),
            code="XD-CFG-121",
        )


def _make_room(connection: Connection, path: Path, manifest: Manifest) -> None:
    """Checks that the dump fits the tables there are, empties them, makes the partitions, and silences triggers."""
    there = {row.name: row.columns for row in connection.execute(text(_TABLES)) if row.name not in _OWN}
    sequences = set(connection.scalars(text(f"SELECT name FROM ({_SEQUENCES}) AS s")))
    fits = {table.name: sorted(table.columns) for table in manifest.tables} == {
        name: sorted(columns) for name, columns in there.items()
    }
    is_sound = all(
        one.parent in there and _NAME.fullmatch(one.name) and _BOUND.fullmatch(one.bound) for one in manifest.partitions
    )
    if not fits or not is_sound or not set(manifest.sequences) <= sequences:
        raise _unknown_release(path, manifest.revision)
    connection.execute(text(f"TRUNCATE {', '.join(there)}"))
    for one in manifest.partitions:
        schema = one.parent.partition(".")[0]
        # the bound may hold colons, which SQLAlchemy would take for parameters
        connection.exec_driver_sql(f"CREATE TABLE {schema}.{one.name} PARTITION OF {one.parent} {one.bound}")
    for name in there:
        connection.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))  # their work is in the dump


def _load(archive: zipfile.ZipFile, connection: Connection, path: Path, table: DumpedTable) -> None:
    digest = hashlib.sha256()
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(_identifier(table.name), _columns(table.columns))
    with archive.open(f"{table.name}.copy") as member, driver_of(connection).cursor() as cursor:
        with cursor.copy(statement) as copy:
            while block := member.read(_CHUNK):
                digest.update(block)
                copy.write(block)
        rows = cursor.rowcount
    if (rows, digest.hexdigest()) != (table.rows, table.sha256):
        raise _no_dump(path, Text(f"表 {table.name} 与清单不符", f"the table {table.name} differs from its manifest"))


def _set_sequences(connection: Connection, manifest: Manifest) -> None:
    for name, value in manifest.sequences.items():
        if value is not None:
            connection.execute(text("SELECT setval(CAST(:name AS regclass), :value)"), {"name": name, "value": value})


def _move_landing(connection: Connection, before: str, after: str) -> int:
    """Has the batches point to where the landing zone lies now; gives how many."""
    if before == after:
        return 0
    moved = connection.execute(
        text(
            "UPDATE crossdock.batch SET data_url = :after || substr(data_url, length(:before) + 1), "
            "original_url = CASE WHEN starts_with(original_url, :before || '/') "
            "THEN :after || substr(original_url, length(:before) + 1) ELSE original_url END "
            "WHERE starts_with(data_url, :before || '/')"
        ),
        {"before": before, "after": after},
    )
    return int(moved.rowcount)


def _identifier(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))


def _columns(names: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
