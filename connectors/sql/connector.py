"""Reads tables and queries of a database: all rows first, then what changed, in pages that can be taken up again."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import pyarrow as pa
import sqlalchemy as sa

from canonical_model.clock import Clock, utc_now
from canonical_model.errors import ConfigError
from canonical_model.language import Text
from canonical_model.text import JsonValue, clip
from connectors.base import ROW, Batch, ConnectorConfig, Cursor, Discovered, Origin, RowCounts, StreamSpec, check_stream
from connectors.sql.config import SqlConfig, SqlStream
from connectors.sql.connection import connect, discover
from connectors.sql.values import freeze, latest_today, step_back, thaw, to_table

Select = sa.Select[*tuple[Any, ...]]  # of columns that nobody knows before they come


class SqlConnector:
    """Tables and queries of a database, by SQLAlchemy URL or ODBC (`url` or `odbc` in the secrets).

    A read pages by key. It first looks up the newest watermark; once it is through, the next read begins an overlap
    before that, so rows with equal watermarks, committed late, or changed while they were paged come again rather than
    never. Rows without a watermark come with every read, and without the setting every read is a full one.

    The cursor is {"of": digest of what it depends on, "since": first watermark to read, null for all}; while a read is
    under way also {"then": the next `since`, "behind": the last key}.
    """

    name: ClassVar[str] = "sql"
    config_model: ClassVar[type[ConnectorConfig]] = SqlConfig
    stream_model: ClassVar[type[ConnectorConfig]] = SqlStream

    def __init__(
        self,
        config: ConnectorConfig,
        streams: Mapping[str, Mapping[str, JsonValue]],
        secrets: Mapping[str, str],
        clock: Clock = utc_now,
    ) -> None:
        self._clock = clock
        self._door = dict(secrets), SqlConfig.model_validate(config.model_dump()).timeout_seconds
        self._streams = {stream: check_stream(SqlStream, stream, settings) for stream, settings in streams.items()}

    def streams(self) -> list[StreamSpec]:
        """The streams of the source file."""
        tables = {name: one.table for name, one in self._streams.items()}
        said = {name: Text(f"表 {table}", f"Table {table}") for name, table in tables.items() if table}
        return [StreamSpec(name, said.get(name, Text("查询", "A query"))) for name in tables]

    def check(self) -> None:
        """Returns when a row of every stream can be asked for."""
        with connect(*self._door) as connection:
            for stream in self._streams.values():
                next(_pages(connection, stream.model_copy(update={"batch_rows": 1}), _select(stream)))

    def read(self, stream: str, since: Cursor) -> Iterator[Batch]:
        """Pages of rows in the order of the key; where there are no rows, no batch."""
        settings = self._streams[stream]
        of = settings.model_dump_json(include={"table", "query", "key", "watermark"})
        of = hashlib.sha256(of.encode()).hexdigest()[:16]
        position = since if since.get("of") == of else {}
        first, behind = thaw(position.get("since")), position.get("behind")
        if latest_today(first, self._clock()) is not None:
            first = None  # what changed meanwhile would never be read
        with connect(*self._door) as connection:
            wanted = _select(settings)
            if first is not None:
                wanted = wanted.where(sa.or_(_watermark(settings) >= first, _watermark(settings).is_(None)))
            empty = sa.or_(*(sa.column(column).is_(None) for column in settings.key))
            if connection.execute(wanted.where(empty).limit(1)).first():
                raise _unfit(settings, "key 在有的行里为空", "the key is null in some rows")
            then = position.get("then") if behind else _next_first(connection, settings, self._clock())
            reached = list(map(thaw, behind)) if isinstance(behind, list) else None
            for names, rows, last in _pages(connection, settings, wanted, reached):
                cursor: dict[str, JsonValue] = {"of": of, "since": then}
                if last is not None:
                    cursor |= {"since": position.get("since"), "then": then, "behind": list(map(freeze, last))}
                if rows or behind:
                    numbered = to_table(names, rows).append_column(ROW, pa.array(range(1, len(rows) + 1), pa.int64()))
                    counts = RowCounts(len(rows), read=len(rows))
                    yield Batch(numbered, cursor, Origin(settings.table or stream), counts)

    def read_keys(self, stream: str) -> Iterator[pa.Table]:
        """The keys of all rows there are now."""
        settings = self._streams[stream].model_copy(update={"watermark": []})
        with connect(*self._door) as connection:
            for names, rows, _ in _pages(connection, settings, _select(settings, *map(sa.column, settings.key))):
                yield to_table(names, rows)

    def discover(self) -> Iterator[Discovered]:
        """Tables and views that this account sees."""
        with connect(*self._door) as connection:
            yield from discover(connection)


def _select(stream: SqlStream, *columns: sa.ColumnElement[Any]) -> Select:
    """The columns, all without any, of the table or query."""
    schema, _, name = (stream.table or "").rpartition(".")
    source: sa.FromClause = sa.table(name, schema=schema or None)
    if stream.query is not None:
        query = re.sub(r"(?<!:):(?=\w)", r"\\:", stream.query.strip().rstrip(";"))  # there are no parameters in it
        source = sa.text(query).columns().subquery("source_rows")
    return sa.select(*columns or (sa.literal_column("*"),)).select_from(source)


def _watermark(stream: SqlStream) -> sa.ColumnElement[Any]:
    columns: list[sa.ColumnElement[Any]] = [sa.column(name) for name in stream.watermark]
    return sa.func.coalesce(*columns) if len(columns) > 1 else columns[0]


def _next_first(connection: sa.Connection, stream: SqlStream, now: datetime) -> JsonValue:
    """Where the read after this one begins: the newest watermark there is now, less the overlap.

    One that lies in the future does not count, since nothing that changes today would come after it; its row comes again
    with every read.
    """
    if not stream.watermark:
        return None
    watermark = _watermark(stream)  # some types have an order but no max()
    newest = _select(stream, watermark).where(watermark.is_not(None)).order_by(watermark.desc()).limit(1)
    found = connection.execute(newest).first()
    if found and (latest := latest_today(found[0], now)) is not None:
        found = connection.execute(newest.where(watermark <= latest)).first()
    return freeze(step_back(found[0], stream)) if found else None


def _pages(
    connection: sa.Connection, stream: SqlStream, wanted: Select, behind: Sequence[object] | None = None
) -> Iterator[tuple[list[str], Sequence[Sequence[object]], Sequence[object] | None]]:
    """Pages in the order of the key, at least one: names, rows, and the key behind which the next begins, if any does."""
    size, is_last = stream.batch_rows, False
    paged = wanted.order_by(*map(sa.column, stream.key)).limit(size + 1)  # one more tells whether it is the last
    while not is_last:
        result = connection.execute(paged.where(_after(stream.key, behind)) if behind else paged)
        names = [name.partition("\0")[0] for name in result.keys()]  # noqa: SIM118  # SQLite's ODBC driver pads them
        key, rows = _places(names, stream), result.all()
        reached, is_last = [[row[place] for place in key] for row in rows[size - 1 :]], len(rows) <= size
        if not is_last and (reached[0] in (reached[1], behind) or _are_one(connection, stream, wanted, reached)):
            value = clip(", ".join(map(str, reached[0])), 60)
            raise _unfit(stream, f"key 的值 {value} 不止一行", f"the key {value} names more than one row")
        behind = None if is_last else reached[0]
        yield names, rows[:size], behind


def _are_one(connection: sa.Connection, stream: SqlStream, wanted: Select, keys: Sequence[Sequence[object]]) -> bool:
    """Whether two keys are one to the database, as b and B by a collation without case: the next page would pass over it.

    It is asked only where nothing but texts differ, since no collation makes other values one.
    """
    if not all(one == other or isinstance(one, str) for one, other in zip(*keys, strict=True)):
        return False
    same = wanted.where(*(sa.column(name) == value for name, value in zip(stream.key, keys[0], strict=True)))
    return len(connection.execute(same.limit(2)).all()) > 1


def _after(columns: Sequence[str], values: Sequence[object]) -> sa.ColumnElement[bool]:
    """(a, b) > (x, y), spelled out, since SQL Server and Oracle compare no rows; a >= x lets an index be used."""
    first: sa.ColumnElement[Any] = sa.column(columns[0])
    if len(columns) == 1:
        return first > values[0]
    return sa.and_(first >= values[0], sa.or_(first > values[0], _after(columns[1:], values[1:])))


def _places(names: Sequence[str], stream: SqlStream) -> list[int]:
    """Where the key stands among the columns; their case may differ where the database folds it."""
    folded, shown = [name.casefold() for name in names], ", ".join(names)
    if not {column.casefold() for column in (*stream.key, *stream.watermark)} <= set(folded):
        raise _unfit(stream, f"结果里没有 key 或 watermark：{shown}", f"key or watermark are not among {shown}")
    if len({*names, ROW}) <= len(names):
        raise _unfit(stream, f"列名重复或为 {ROW}：{shown}", f"two columns have one name, or one is {ROW}: {shown}")
    return [folded.index(column.casefold()) for column in stream.key]


def _unfit(stream: SqlStream, zh: str, en: str) -> ConfigError:
    key = ", ".join(stream.key)
    return ConfigError(
        Text(f"{key} 不能用来翻页，{zh}。", f"Rows cannot be paged by {key}: {en}."),
        hint=Text(
            "key 要唯一、从不为空，否则会漏行；query 里可以改列名、排除行。",
            "A key is unique and never null, else rows are missed; a query can rename columns and leave out rows.",
        ),
        code="XD-CFG-034",
    )
