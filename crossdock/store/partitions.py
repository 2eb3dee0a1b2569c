"""Partitions of the tables: one for each source of an entity, one for each month of runs, issues and changes.

What a source states of an entity lies by itself, so a source that is new is loaded into a table of its own, which
nobody reads yet, and joins the others when it is whole; none of what a run reads of a source grows with the others.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pyarrow as pa
from sqlalchemy import Column, Connection, Engine, Table, text

from crossdock.store.bulk import copy_rows, stored_name
from crossdock.store.database import lock
from crossdock.store.tables import PARTITIONED, partition_of

_ROOM = "fillfactor = 95"
"""Some room in each page for a changed row."""


def has_partition(connection: Connection, table: Table, source: str) -> bool:
    """Whether the source has stated anything of the entity."""
    name = {"name": partition_of(table, source)}
    return connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), name) is True


def make_partition(connection: Connection, table: Table, source: str) -> None:
    """Makes the partition of a source, where it is missing; call it in a transaction that holds the entity's lock."""
    if has_partition(connection, table, source):
        return
    whole, name = f"{table.schema}.{table.name}", partition_of(table, source)
    # attached, since one that is created as a partition waits for all who read the entity
    connection.execute(text(f"CREATE TABLE {name} (LIKE {whole} INCLUDING ALL) WITH ({_ROOM})"))
    connection.execute(text(f"ALTER TABLE {whole} ATTACH PARTITION {name} FOR VALUES IN ('{source}')"))


def fill_partition(
    connection: Connection, table: Table, source: str, rows: pa.RecordBatchReader, constants: Mapping[str, str]
) -> int:
    """Makes the partition of a source from its first rows; gives their number.

    The rows are copied into a new table of those columns that they have; it gets all others, its key and its indexes
    when it is full. PostgreSQL keeps what a column that is added has in all rows beside them, not in them, so that
    neither `constants` nor empty columns are written. A check that each row belongs here, made while it is copied,
    spares looking at all of them once more. Since the table is new in this transaction, a server with
    `wal_level=minimal` writes the rows once instead of twice. Readers of the entity do not wait.

    Source: PostgreSQL manual, "Populating a Database"; "ALTER TABLE", notes on ADD COLUMN and ATTACH PARTITION.

    Args:
        connection: In a transaction that holds the entity's lock.
        table: The table of the entity.
        source: Source id, of which there is no partition yet.
        rows: The rows, see `copy_rows`.
        constants: Column -> SQL of a value that all the rows have; what `rows` say of such a column does not count.
    """
    name = partition_of(table, source)
    kept = [column for column in rows.schema.names if stored_name(column) not in constants]
    narrow = pa.RecordBatchReader.from_batches(
        pa.schema([rows.schema.field(column) for column in kept]), (batch.select(kept) for batch in rows)
    )
    # rows of which an indexed column is not in them are indexed anew by their first change, so the source is
    is_its = f"DEFAULT '{source}' CONSTRAINT is_its CHECK (source = '{source}')"
    declared = {column.name: _declared(connection, column) for column in table.columns}
    first = [f"{declared.pop('source')} {is_its}", *(declared.pop(stored_name(column)) for column in kept)]
    added = [
        f"ADD {rest} DEFAULT {constants[one]}" if one in constants else f"ADD {rest}" for one, rest in declared.items()
    ]
    settled = "".join(f", ALTER {column} DROP DEFAULT" for column in {"source", *constants})
    key = ", ".join(one.name for one in table.primary_key)

    def execute(sql: str) -> None:
        connection.exec_driver_sql(sql, execution_options={"no_parameters": True})

    execute("SET LOCAL maintenance_work_mem = '256MB'")
    execute("SET LOCAL backend_flush_after = '2MB'")  # the disk works while rows come, not all at once at the commit
    execute(f"CREATE TABLE {name} ({', '.join(first)}) WITH ({_ROOM})")
    copied = copy_rows(connection, table, narrow, partition=name)
    execute(f"ALTER TABLE {name} {', '.join(added)}")
    execute(f"ALTER TABLE {name} ADD PRIMARY KEY ({key}){settled}")
    for index in table.indexes:
        execute(f"CREATE INDEX ON {name} ({', '.join(one.name for one in index.columns)})")
    execute(f"ALTER TABLE {table.schema}.{table.name} ATTACH PARTITION {name} FOR VALUES IN ('{source}')")
    execute(f"ALTER TABLE {name} DROP CONSTRAINT is_its")
    execute("SET LOCAL default_statistics_target = 1")  # a look at few rows, until the server takes a better one
    execute(f"ANALYZE {name}")
    execute("SET LOCAL default_statistics_target TO DEFAULT")
    return copied


def _declared(connection: Connection, column: Column[Any]) -> str:
    kind = column.type.compile(dialect=connection.dialect)
    return f'"{column.name}" {kind}{"" if column.nullable else " NOT NULL"}'


def ensure_partitions(connection: Connection, now: datetime) -> None:
    """Makes the monthly partitions of this month and the next two, where they are missing.

    Two processes at once would both miss them, so the one that is later looks again behind a lock.
    """
    spans = list(pairwise(_month(now.astimezone(UTC), ahead) for ahead in range(4)))
    wanted = {f"{table.name}_{start:%Y_%m}": (table.name, start, end) for table in PARTITIONED for start, end in spans}
    if not _missing(connection, wanted):
        return
    lock(connection, ["partitions"])
    for name in _missing(connection, wanted):
        table, start, end = wanted[name]
        connection.execute(
            text(
                f"CREATE TABLE crossdock.{name} PARTITION OF crossdock.{table} "
                f"FOR VALUES FROM ('{start:%Y-%m-%d}') TO ('{end:%Y-%m-%d}')"
            )
        )


def refresh_statistics(engine: Engine, now: datetime) -> None:
    """Tells the planner what this month's issues and held rows are, which an embedded server may not live to find out.

    In a transaction of its own, since it keeps others who do the same waiting until that ends.
    """
    with engine.begin() as connection:
        connection.execute(text(f"ANALYZE crossdock.held_row, crossdock.issue_{now.astimezone(UTC):%Y_%m}"))


def _missing(connection: Connection, names: Iterable[str]) -> list[str]:
    there = connection.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'crossdock' AND tablename = ANY(:names)"),
        {"names": list(names)},
    ).all()
    return sorted(set(names) - set(there))


def _month(now: datetime, ahead: int) -> datetime:
    index = now.year * 12 + now.month - 1 + ahead
    return datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)
