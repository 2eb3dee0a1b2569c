"""The merge of one entity: staged records against what the store holds, compared field by field.

Where the store holds nothing of the source, the records go straight in. Otherwise they are staged, each is looked up
once by its key, and only real differences are written. The number of statements does not depend on the number of
records. All of them run on the caller's connection, inside its transaction; the counts come from what the database
says that it wrote.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
from sqlalchemy import Column, Connection, MetaData, Table, Text, text

from canonical_model.declaration import EntitySpec, Kind
from crossdock.store.bulk import copy_rows
from crossdock.store.partitions import fill_partition, has_partition
from crossdock.store.tables import canonical, partition_of
from mappings.compiled import quote_text

_ENVELOPE = ("key", "source_hash", "version", "batch_id", "row_number", "unknown")
"""Columns of a record besides its fields, named as in the canonical table."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What one merge wrote.

    Attributes:
        tied: (key, batch, row) of statements that replaced another one of the same version.
    """

    created: int
    updated: int
    unchanged: int
    stale: int
    tied: Sequence[tuple[str, int, int]] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """The staged records of one entity, in a temporary table that ends with the transaction.

    Attributes:
        entity: Its declaration.
        columns: Physical columns that the mapping states.
        source: Source id.
        stream: Stream name.
        is_versioned: Whether the mapping says which statement is newer; else the file's time does.
        has_partner: Whether every key begins with the partner.
    """

    entity: EntitySpec
    columns: tuple[str, ...]
    source: str
    stream: str
    is_versioned: bool = False
    has_partner: bool = False

    @property
    def name(self) -> str:
        """Name of the temporary table."""
        return f"stage_{self.entity.name}"

    @property
    def target(self) -> Table:
        """The canonical table."""
        return canonical[self.entity.name]

    @property
    def unknown(self) -> str:
        """SQL of what is unknown of `t` once `s` was merged: entries of fields that the mapping does not state stay."""
        fields = ", ".join(f"'{name}'" for name in self.entity.fields if name in self.columns)
        kept = f"(coalesce(t.unknown, '{{}}') - ARRAY[{fields}])"
        return (
            "CASE WHEN t.unknown IS NOT NULL OR s.unknown IS NOT NULL "
            f"THEN nullif({kept} || coalesce(s.unknown, '{{}}'), '{{}}') END"
        )


def are_equal(spec: EntitySpec, pairs: Iterable[tuple[str, str]], one: str, other: str) -> str:
    """SQL that two rows have the same names, field by field; those of one that may be empty are then equal too.

    PostgreSQL joins by `=` alone; by `IS NOT DISTINCT FROM` it compares each row with each.
    """
    compared = ((a, b, "=" if spec.fields[a].is_required else "IS NOT DISTINCT FROM") for a, b in pairs)
    return " AND ".join(f'{one}."{a}" {sign} {other}."{b}"' for a, b, sign in compared)


def partner_of(alias: str) -> str:
    r"""SQL of the partner with whom the key of a row begins; a `|` in its name is written `\|` there."""
    return rf"substring({alias}.key FROM '^(?:[^|\\]|\\.)*')"


def envelope(where: Stage, run_id: int, at: datetime) -> Mapping[str, str]:
    """Columns of new records that are the same in all of them: name -> SQL, for DuckDB as for PostgreSQL."""
    moment = f"CAST('{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00' AS TIMESTAMPTZ)"
    return {
        "source": quote_text(where.source),
        "stream": quote_text(where.stream),
        "created_run": f"CAST({run_id} AS BIGINT)",
        "changed_run": f"CAST({run_id} AS BIGINT)",
        "created_at": moment,
        "changed_at": moment,
    }


def insert_all(
    connection: Connection,
    where: Stage,
    records: Callable[[Mapping[str, str]], pa.RecordBatchReader],
    constants: Mapping[str, str],
) -> Merged:
    """Writes records of a source of which the store holds nothing.

    Args:
        connection: In the run's transaction.
        where: Where they go.
        records: Gives them, with columns that are the same in all of them where it is told some.
        constants: What is the same in all records: column -> SQL, for DuckDB as for PostgreSQL.
    """
    if has_partition(connection, where.target, where.source):  # all that was in it was taken out
        told = {column: value for column, value in constants.items() if column not in _ENVELOPE}
        return Merged(copy_rows(connection, where.target, records(told)), 0, 0, 0)
    return Merged(fill_partition(connection, where.target, where.source, records({}), constants), 0, 0, 0)


def stage(connection: Connection, where: Stage, records: pa.RecordBatchReader) -> int:
    """Fills the stage with `records` (key, source_hash, version, batch, row, unknown, then the stated columns)."""
    table = Table(where.name, MetaData(), *(_staged(where, name) for name in (*_ENVELOPE, *where.columns)))
    connection.execute(text(f"DROP TABLE IF EXISTS {where.name}, {where.name}_decided"))
    columns = ", ".join(f'"{c.name}" {c.type.compile(dialect=connection.dialect)}' for c in table.columns)
    connection.execute(text(f"CREATE TEMP TABLE {where.name} ({columns}) ON COMMIT DROP"))
    count = copy_rows(connection, table, records)
    connection.execute(text(f"ANALYZE {where.name} (key)"))
    return count


def _staged(where: Stage, name: str) -> Column[object]:
    column = where.target.c[name]
    return Column(name, Text(collation="C") if name == "key" else column.type)


def look_up(connection: Connection, where: Stage, streams: Sequence[str]) -> list[str]:
    """Decides what becomes of each staged record, into `<stage>_decided`; gives other streams that state some of them.

    A row whose hash is known is unchanged. An older version is stale; without versions what was landed before the
    stored one, or before that it is gone. Of two statements with one version the one landed later holds. A record that is deleted comes back by its own stream alone; to others it is stale. Each record
    is looked up once, by its key, in the order of keys.

    Args:
        connection: In the run's transaction.
        where: What is looked up.
        streams: Those that the source has today; what another one deleted anyone may bring back.
    """
    name, table = where.entity.name, partition_of(where.target, where.source)
    values = {"source": where.source, "stream": where.stream, "entity": name, "streams": list(streams)}
    staged = ", ".join(f'"{c}"' for c in (*_ENVELOPE, *where.columns))
    # by key whatever the statistics say: the stage is small against the table, or in its order
    connection.execute(text("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"))
    connection.execute(
        text(
            f"""CREATE TEMP TABLE {where.name}_decided ON COMMIT DROP AS
            SELECT {staged}, at, is_own, is_tied AND outcome = 'updated' AS is_tied, outcome, stream,
                CASE WHEN outcome = 'updated' THEN fields END AS fields
            FROM (
                SELECT s.*, t.ctid AS at, t.stream, t.stream = :stream AS is_own,
                    t.deleted_at IS NULL AND coalesce(o.version, own.version) = s.version AS is_tied, CASE
                    WHEN t.key IS NULL THEN 'created'
                    WHEN t.deleted_at IS NULL AND s.source_hash = coalesce(o.source_hash, own.source_hash)
                        THEN 'unchanged'
                    WHEN coalesce(o.version, own.version) > s.version THEN 'stale'
                    WHEN s.version IS NULL AND coalesce(o.version, own.version) IS NULL
                        AND s.batch_id < coalesce(o.batch_id, own.batch_id) THEN 'stale'
                    WHEN t.deleted_at IS NOT NULL AND t.stream <> :stream AND t.stream = ANY(:streams) THEN 'stale'
                    WHEN t.deleted_at IS NOT NULL OR {_difference(where)} THEN 'updated'
                    ELSE 'unchanged' END AS outcome, {_differences(where)} AS fields
                FROM {where.name} s
                LEFT JOIN {table} t ON t.source = :source AND t.key = s.key
                LEFT JOIN crossdock.statement o
                    ON o.entity = :entity AND o.source = :source AND o.key = s.key AND o.stream = :stream
                LEFT JOIN LATERAL (SELECT t.source_hash, t.version, t.batch_id WHERE t.stream = :stream) own ON TRUE
            ) found"""
        ),
        values,
    )
    # what the merge asks for; the changes themselves are dear to look at
    connection.execute(text(f"ANALYZE {where.name}_decided (outcome, is_own)"))
    found = connection.execute(
        text(
            f"SELECT stream FROM {where.name}_decided WHERE NOT is_own "
            f"UNION SELECT o.stream FROM {where.name} s JOIN crossdock.statement o "
            "ON o.entity = :entity AND o.source = :source AND o.key = s.key WHERE o.stream <> :stream"
        ),
        values,
    )
    return sorted(found.scalars())


def merge(connection: Connection, where: Stage, run_id: int, at: datetime) -> Merged:
    """Brings the decided records into the canonical table and records every field that really differs.

    A row that another stream made is owned by it; ours is noted in `crossdock.statement`.
    """
    name, table = where.entity.name, partition_of(where.target, where.source)
    values = {"source": where.source, "stream": where.stream, "run": run_id, "at": at, "entity": name}

    def execute(sql: str) -> int:
        return connection.execute(text(sql), values).rowcount

    execute(
        f"""INSERT INTO crossdock.change (at, run_id, entity, source, key, fields, batch_id, row_number)
        SELECT :at, :run, :entity, :source, key, fields, batch_id, row_number
        FROM {where.name}_decided WHERE outcome = 'updated'"""
    )
    assigned = "".join(f', "{c}" = s."{c}"' for c in where.columns) + "".join(
        f', "{r}_id" = CASE WHEN t."{r}" IS DISTINCT FROM s."{r}" THEN NULL ELSE t."{r}_id" END'
        for r, spec in where.entity.fields.items()
        if spec.kind is Kind.REF and r in where.columns
    )
    updated = execute(
        f"""UPDATE {table} t SET changed_run = :run, changed_at = :at, deleted_at = NULL, deleted_evidence = NULL,
            batch_id = s.batch_id, row_number = s.row_number, unknown = {where.unknown},
            source_hash = CASE WHEN s.is_own THEN s.source_hash ELSE t.source_hash END,
            version = CASE WHEN s.is_own THEN greatest(t.version, s.version) ELSE t.version END{assigned}
        FROM {where.name}_decided s WHERE t.ctid = s.at AND s.outcome = 'updated'"""
    )
    # Same values from another spelling or mapping: only the hash is refreshed. A newer version is noted where the
    # mapping tells versions; by a file's time every row would be written anew each time.
    execute(
        f"""UPDATE {table} t SET source_hash = s.source_hash, version = greatest(t.version, s.version)
        FROM {where.name}_decided s WHERE t.ctid = s.at AND s.outcome = 'unchanged' AND s.is_own
            AND (t.source_hash IS DISTINCT FROM s.source_hash OR ({where.is_versioned} AND s.version > t.version))"""
    )
    execute(
        f"""INSERT INTO crossdock.statement (entity, source, key, stream, source_hash, version, batch_id)
        SELECT :entity, :source, s.key, :stream, s.source_hash, s.version, s.batch_id
        FROM {where.name}_decided s WHERE NOT s.is_own AND s.outcome IN ('updated', 'unchanged')
        ON CONFLICT (entity, source, key, stream) DO UPDATE SET source_hash = excluded.source_hash,
            version = greatest(statement.version, excluded.version), batch_id = excluded.batch_id"""
    )
    listed = "".join(f', "{c}"' for c in where.columns)
    created = execute(
        f"""INSERT INTO {table} (source, key, stream, source_hash, version, batch_id, row_number, unknown,
            created_run, changed_run, created_at, changed_at{listed})
        SELECT :source, s.key, :stream, s.source_hash, s.version, s.batch_id, s.row_number, s.unknown,
            :run, :run, :at, :at{listed}
        FROM {where.name}_decided s WHERE s.outcome = 'created' ORDER BY s.key"""
    )
    counted: dict[str, int] = dict(
        connection.execute(text(f"SELECT outcome, count(*) FROM {where.name}_decided GROUP BY outcome")).all()
    )
    tied = connection.execute(
        text(f"SELECT key, batch_id, row_number FROM {where.name}_decided WHERE is_tied ORDER BY batch_id, row_number")
    )
    connection.execute(text("RESET enable_hashjoin; RESET enable_mergejoin"))
    return Merged(
        created,
        updated,
        int(counted.get("unchanged", 0)),
        int(counted.get("stale", 0)),
        [(key, batch, row) for key, batch, row in tied],
    )


def _difference(where: Stage) -> str:
    """Condition that the stage `s` says something else than the table `t`."""
    values = "".join(f' OR t."{c}" IS DISTINCT FROM s."{c}"' for c in where.columns)
    return f"t.unknown IS DISTINCT FROM {where.unknown}{values}"


def _shown(where: Stage, alias: str, column: str) -> str:
    """A column in a change: numbers as plain text, since JSON readers make floats of them."""
    value = f'{alias}."{column}"'
    return f"trim_scale({value})::text" if "NUMERIC" in str(where.target.c[column].type) else value


def _differences(where: Stage, size: int = 40) -> str:
    """{column: [before, after]} of the columns that differ, and of a deletion that is undone."""
    pairs = [
        _pair("deleted_at", "t.deleted_at IS NOT NULL", "t.deleted_at", "NULL"),
        _pair("unknown", f"t.unknown IS DISTINCT FROM {where.unknown}", "t.unknown", where.unknown),
        *(
            _pair(c, f't."{c}" IS DISTINCT FROM s."{c}"', _shown(where, "t", c), _shown(where, "s", c))
            for c in where.columns
        ),
    ]
    # most columns are the same, so the few are put together as text; a function takes at most 100 arguments
    listed = (f"nullif(concat_ws(', ', {', '.join(pairs[at : at + size])}), '')" for at in range(0, len(pairs), size))
    return f"('{{' || concat_ws(', ', {', '.join(listed)}) || '}}')::jsonb"


def _pair(name: str, condition: str, before: str, after: str) -> str:
    """`"name": [before, after]` as text where the condition holds, else NULL."""
    return f"""CASE WHEN {condition} THEN '"{name}": ' || json_build_array({before}, {after})::text END"""
