"""Many rows into PostgreSQL at once: binary COPY of Arrow batches, and loading a table that is still empty."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pgpq
import pyarrow as pa
from pgpq.encoders import StringEncoderBuilder
from pgpq.schema import Jsonb
from sqlalchemy import BigInteger, Connection, DateTime, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from canonical_model.ahead import fetch_ahead

_PAGES = 8_192
"""Pages of a table that one query of hashes reads: 64 MB."""

_RENAMED = {"batch": "batch_id", "row": "row_number"}
"""Names of the mapping engine -> columns of the store."""


def copy_rows(connection: Connection, table: Table, rows: pa.RecordBatchReader, *, freeze: bool = False) -> int:
    """Copies Arrow rows into the columns of `table` that they name, in binary form.

    Args:
        connection: In a transaction.
        table: The table; a column of the type jsonb takes JSON text.
        rows: The rows; decimals for numeric columns, sixteen bytes for uuid ones, UTC for timestamps.
        freeze: Write rows as already visible; only for a table that this transaction has emptied.

    Returns:
        The number of rows that PostgreSQL took.
    """
    columns = [_RENAMED.get(name, name) for name in rows.schema.names]
    listed = ", ".join(f'"{name}"' for name in columns)
    encoders = {
        field.name: StringEncoderBuilder.new_with_output(field, Jsonb())
        if isinstance(table.c[column].type, JSONB)
        else pgpq.ArrowToPostgresBinaryEncoder.infer_encoder(field)
        for column, field in zip(columns, rows.schema, strict=True)
    }
    encoder = pgpq.ArrowToPostgresBinaryEncoder.new_with_encoders(rows.schema, encoders)
    driver = connection.connection.driver_connection
    with driver.cursor() as cursor:  # type: ignore[union-attr]  # psycopg's connection
        options = "FORMAT binary, FREEZE" if freeze else "FORMAT binary"
        with (
            ThreadPoolExecutor(1) as ahead,  # the next rows are encoded while these are on their way
            cursor.copy(f"COPY {_name(table)} ({listed}) FROM STDIN ({options})") as copy,
        ):
            copy.write(encoder.write_header())
            for block in fetch_ahead(ahead, map(encoder.write_batch, rows)):
                copy.write(block)
            copy.write(encoder.finish())
        return int(cursor.rowcount)


def copy_records(connection: Connection, table: Table, records: Sequence[Mapping[str, object]]) -> int:
    """Copies a few thousand plain records, all of the same columns, into `table`; gives the number of rows."""
    if not records:
        return 0
    schema = pa.schema([(name, _arrow_type(table, name)) for name in records[0]])
    batch = pa.RecordBatch.from_pylist(list(records), schema=schema)
    return copy_rows(connection, table, pa.RecordBatchReader.from_batches(schema, [batch]))


def is_empty(connection: Connection, table: Table) -> bool:
    """Whether the table holds no row at all."""
    return not connection.scalar(text(f"SELECT EXISTS (SELECT FROM {_name(table)})"))


def pages(connection: Connection, table: Table) -> int:
    """Size of the table in pages of 8 kB, as it is now."""
    size = connection.scalar(text("SELECT pg_relation_size(CAST(:name AS regclass)) / 8192"), {"name": _name(table)})
    return int(size or 0)


@contextmanager
def first_load(connection: Connection, table: Table, constants: Mapping[str, str]) -> Iterator[bool]:
    """Makes an empty table ready for very many rows; gives False where it turns out not to be empty.

    Its indexes are built at the end, and since the table's file is new in this transaction, a server with
    `wal_level=minimal` writes the rows once instead of twice. Until the transaction ends nobody else can read the
    table, in which there was nothing to read.

    Source: PostgreSQL manual, "Populating a Database".

    Args:
        connection: In a transaction.
        table: The table.
        constants: Column -> SQL of a value that all the rows have; they need not be copied then.
    """
    connection.execute(text(f"LOCK TABLE {_name(table)} IN ACCESS EXCLUSIVE MODE"))
    if not is_empty(connection, table):
        yield False
        return
    of_table = {"name": _name(table)}
    keys = connection.execute(
        text(
            "SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint "
            "WHERE conrelid = CAST(:name AS regclass) AND contype = 'p'"
        ),
        of_table,
    ).all()
    indexes = connection.execute(
        text(
            "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index "
            "WHERE indrelid = CAST(:name AS regclass) AND NOT indisunique"
        ),
        of_table,
    ).all()
    before = [f"DROP CONSTRAINT {key.name}" for key in keys]
    before += [f'ALTER "{column}" SET DEFAULT {value}' for column, value in constants.items()]
    after = [f'ALTER "{column}" DROP DEFAULT' for column in constants]
    after += [f"ADD CONSTRAINT {key.name} {key.definition}" for key in keys]
    connection.execute(text(f"TRUNCATE {_name(table)}; SET LOCAL maintenance_work_mem = '256MB'"))
    for index in indexes:
        connection.execute(text(f"DROP INDEX {index.name}"))
    connection.exec_driver_sql(f"ALTER TABLE {_name(table)} {', '.join(before)}")
    yield True
    connection.exec_driver_sql(f"ALTER TABLE {_name(table)} {', '.join(after)}")
    for index in indexes:
        connection.exec_driver_sql(index.definition)


def stored_hashes(connection: Connection, table: Table, source: str, stream: str) -> Iterator[pa.RecordBatch]:
    """The `source_hash` (arrow.uuid) of every present record that the stream has stated, in parts.

    A part is what `_PAGES` pages hold, a few hundred thousand.
    """
    query = (
        "SELECT string_agg(source_hash, ''::bytea) FROM {} t WHERE source = %(source)s "
        "AND stream = %(stream)s AND source_hash IS NOT NULL AND {}"
    )
    of_rows = query.format(_name(table), "deleted_at IS NULL AND ctid >= %(first)s::tid AND ctid < %(last)s::tid")
    of_statements = query.format(
        "crossdock.statement",
        f"entity = %(entity)s AND EXISTS (SELECT FROM {_name(table)} o "
        "WHERE o.source = t.source AND o.key = t.key AND o.deleted_at IS NULL)",
    )
    values = {"source": source, "stream": stream, "entity": table.name}
    size = pages(connection, table)
    with connection.connection.driver_connection.cursor(binary=True) as cursor:  # type: ignore[union-attr]
        spans = [{"first": f"({start},0)", "last": f"({start + _PAGES},0)"} for start in range(0, size, _PAGES)]
        for query, span in (*((of_rows, span) for span in spans), (of_statements, {})):
            (found,) = cursor.execute(query, values | span).fetchone()
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
