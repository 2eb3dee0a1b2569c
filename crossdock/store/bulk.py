"""Many rows into PostgreSQL at once by binary COPY of Arrow batches, and hashes of many rows out of it."""

import os
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, islice
from threading import Lock
from typing import Any

import pgpq
import pyarrow as pa
from pgpq.encoders import StringEncoderBuilder
from pgpq.schema import Jsonb
from sqlalchemy import BigInteger, Column, Connection, DateTime, MetaData, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from canonical_model.ahead import fetch_ahead
from crossdock.store.database import driver_of
from crossdock.store.tables import partition_of

_PAGES = 8_192
"""Pages of a table that one query of hashes reads: 64 MB."""

_SLICE = 1_024
"""Rows that are encoded at a time: a millisecond in which no other thread of ours runs."""

_AHEAD = 4
"""Slices that are encoded before they can be sent."""

_RECORDS = 8_192
"""Plain records that are in memory at a time."""

_TURN = 0.000_5
"""Seconds after which a thread that waits for Python gets it, while rows are copied."""

_ON_THE_WAY = 212_992
"""Bytes that a local socket holds, the most that Linux allows to everyone; the server eats so much in 2 ms."""

_RENAMED = {"batch": "batch_id", "row": "row_number"}
"""Names of the mapping engine -> columns of the store."""


def stored_name(column: str) -> str:
    """Column of the store for one of the mapping engine."""
    return _RENAMED.get(column, column)


def copy_rows(connection: Connection, table: Table, rows: pa.RecordBatchReader, *, partition: str = "") -> int:
    """Copies Arrow rows into the columns of `table` that they name, in binary form.

    Args:
        connection: In a transaction.
        table: The table; a column of the type jsonb takes JSON text.
        rows: The rows; decimals for numeric columns, sixteen bytes for uuid ones, UTC for timestamps.
        partition: Copy into this one, which the transaction has made; the rows are written as already visible.

    Returns:
        The number of rows that PostgreSQL took.
    """
    columns = [stored_name(name) for name in rows.schema.names]
    listed = ", ".join(f'"{name}"' for name in columns)
    encoders = {
        field.name: StringEncoderBuilder.new_with_output(field, Jsonb())
        if isinstance(table.c[column].type, JSONB)
        else pgpq.ArrowToPostgresBinaryEncoder.infer_encoder(field)
        for column, field in zip(columns, rows.schema, strict=True)
    }
    encoder = pgpq.ArrowToPostgresBinaryEncoder.new_with_encoders(rows.schema, encoders)
    driver = driver_of(connection)
    with driver.cursor() as cursor:
        options = "FORMAT binary, FREEZE" if partition else "FORMAT binary"
        with (
            _busy(driver.pgconn.socket),
            ThreadPoolExecutor(1) as ahead,  # the next rows are encoded while these are on their way
            cursor.copy(f"COPY {partition or _name(table)} ({listed}) FROM STDIN ({options})") as copy,
        ):
            copy.write(encoder.write_header())
            for block in fetch_ahead(ahead, map(encoder.write_batch, _in_slices(rows)), _AHEAD):
                copy.write(block)
            copy.write(encoder.finish())
        return int(cursor.rowcount)


def _in_slices(rows: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    return (batch.slice(first, _SLICE) for batch in rows for first in range(0, batch.num_rows, _SLICE))


@contextmanager
def _busy(descriptor: int) -> Iterator[None]:
    """Keeps the server busy while rows are copied: it would wait while we encode, which lets no other thread send.

    Args:
        descriptor: Of the connection's socket.
    """
    with socket.socket(fileno=os.dup(descriptor)) as sending:
        if sending.family == socket.AF_UNIX:
            sending.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ON_THE_WAY)
    with _copying:
        yield


class _QuickTurns:
    """Lets threads of the program take turns quickly for as long as anybody copies."""

    def __init__(self) -> None:
        self._lock, self._users, self._usual = Lock(), 0, 0.0

    def __enter__(self) -> None:
        with self._lock:
            if not self._users:
                self._usual = sys.getswitchinterval()
                sys.setswitchinterval(_TURN)
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                sys.setswitchinterval(self._usual)


_copying = _QuickTurns()


def copy_records(connection: Connection, table: Table, records: Iterable[Mapping[str, object]]) -> int:
    """Copies plain records, all of the same columns, into `table`, some thousand at a time; gives the number of rows."""
    coming = iter(records)
    first = list(islice(coming, _RECORDS))
    if not first:
        return 0
    schema = pa.schema([(name, _arrow_type(table, name)) for name in first[0]])
    parts = chain([first], iter(lambda: list(islice(coming, _RECORDS)), []))
    batches = (pa.RecordBatch.from_pylist(part, schema=schema) for part in parts)
    return copy_rows(connection, table, pa.RecordBatchReader.from_batches(schema, batches))


def fill_temporary(
    connection: Connection,
    name: str,
    columns: Iterable[Column[Any]],
    rows: pa.RecordBatchReader,
    *,
    found_by: str = "",
    is_more: bool = False,
) -> None:
    """Makes a table of this transaction out of rows, in the place of one of that name.

    Args:
        connection: In a transaction.
        name: Its name.
        columns: Its columns, those of `rows`.
        rows: The rows, see `copy_rows`.
        found_by: Columns by which single rows are found, as in SQL; empty where all are read at once.
        is_more: The rows come on top of those that the table has.
    """
    plain = (Column(column.name, column.type) for column in columns)
    table = Table(name, MetaData(), *plain, prefixes=["TEMP"], postgresql_on_commit="DROP")
    if not is_more:
        connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
        table.create(connection, checkfirst=False)
    copy_rows(connection, table, rows)
    make_findable(connection, name, "" if is_more else found_by)


def make_findable(connection: Connection, name: str, found_by: str) -> None:
    """Gives a temporary table an index and statistics, without which the planner looks at all of its rows for each other row."""
    if found_by:
        connection.execute(text(f"CREATE INDEX ON {name} ({found_by})"))
    connection.execute(text(f"ANALYZE {name}"))


def pages(connection: Connection, table: Table, source: str) -> int:
    """Size of what the source states of the entity in pages of 8 kB, as it is now."""
    name = {"name": partition_of(table, source)}
    return int(connection.scalar(text("SELECT pg_relation_size(to_regclass(:name)) / 8192"), name) or 0)


def stored_hashes(
    connection: Connection, table: Table, source: str, stream: str, size: int, *, is_alone: bool = False
) -> Iterator[pa.RecordBatch]:
    """The `source_hash` (arrow.uuid) of every present record that the stream has stated, in parts; a tombstone has none.

    A part is what `_PAGES` of the table's `size` pages hold, a few hundred thousand. Where the stream `is_alone` in its source, those that
    earlier ones stated come too: no record of this one has such a hash, and a row is not read as far as its stream.
    """
    query = "SELECT string_agg(source_hash, NULL) FROM {} t WHERE source_hash IS NOT NULL AND {}"
    of_stream = "" if is_alone else " AND stream = %(stream)s"
    partition = partition_of(table, source)
    of_rows = query.format(partition, f"ctid >= %(first)s::tid AND ctid < %(last)s::tid{of_stream}")
    of_statements = query.format(
        "crossdock.statement",
        "entity = %(entity)s AND source = %(source)s AND stream = %(stream)s AND EXISTS "
        f"(SELECT FROM {partition} o WHERE o.key = t.key AND o.deleted_at IS NULL)",
    )
    values = {"source": source, "stream": stream, "entity": table.name}
    with driver_of(connection).cursor(binary=True) as cursor:
        spans = [{"first": f"({start},0)", "last": f"({start + _PAGES},0)"} for start in range(0, size, _PAGES)]
        for query, span in (*((of_rows, span) for span in spans), (of_statements, {})):
            found = next(iter(cursor.execute(query, values | span).fetchone() or ()), None)
            if found:
                raw = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(found) // 16, [None, pa.py_buffer(found)])
                yield pa.record_batch({"source_hash": pa.ExtensionArray.from_storage(pa.uuid(), raw)})


def _name(table: Table) -> str:
    return f"{table.schema}.{table.name}" if table.schema else table.name


def _arrow_type(table: Table, name: str) -> pa.DataType:
    match table.c[name].type:
        case BigInteger():
            return pa.int64()
        case DateTime():
            return pa.timestamp("us", tz="UTC")
        case _:
            return pa.string()
