"""Reads tables and queries of a database: all rows first, then what changed, in pages that can be taken up again."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

import pyarrow as pa
import sqlalchemy as sa

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from canonical_model.text import JsonValue, clip
from connectors.base import ROW, Batch, ConnectorConfig, Cursor, Origin, RowCounts, StreamSpec, check_stream
from connectors.sql.config import SqlConfig, SqlStream
from connectors.sql.connection import connect
from connectors.sql.values import freeze, step_back, thaw, to_table

_column: Callable[[str], sa.ColumnClause[object]] = sa.column
Select = sa.Select[*tuple[object, ...]]
Page = tuple[list[str], Sequence[Sequence[object]], list[object] | None]
"""Column names, rows, and the key behind which the next page begins; None where there is none."""


class SqlConnector:
    """Tables and queries of a database, by SQLAlchemy URL or ODBC.

    A read pages by key. It first looks up the newest watermark; once it is through, the next read begins an overlap
    before that, so rows with equal watermarks, committed late, or changed while they were paged come again rather than
    never. Rows without a watermark come with every read, and without the setting every read is a full one.

    The cursor is {"of": what it depends on, "since": first watermark to read, null for all}; while a read is under way
    also {"then": the next `since`, "behind": the last key}.

    Args:
        config: Time-outs.
        streams: Stream name -> settings (`SqlStream`).
        secrets: `url` or `odbc`; also `user` and `password`.
    """

    name: ClassVar[str] = "sql"
    config_model: ClassVar[type[ConnectorConfig]] = SqlConfig
    stream_model: ClassVar[type[ConnectorConfig]] = SqlStream

    def __init__(
        self, config: ConnectorConfig, streams: Mapping[str, Mapping[str, JsonValue]], secrets: Mapping[str, str]
    ) -> None:
        self._timeout_seconds = SqlConfig.model_validate(config.model_dump()).timeout_seconds
        self._streams = {stream: check_stream(SqlStream, stream, settings) for stream, settings in streams.items()}
        self._secrets = dict(secrets)

    def streams(self) -> list[StreamSpec]:
        """The streams of the source file."""
        return [
            StreamSpec(name, Text(f"表 {one.table}", f"Table {one.table}") if one.table else Text("查询", "A query"))
            for name, one in self._streams.items()
        ]

    def check(self) -> None:
        """Returns when a row of every stream can be asked for."""
        with connect(self._secrets, self._timeout_seconds) as connection:
            for stream in self._streams.values():
                next(_pages(connection, stream.model_copy(update={"batch_rows": 1}), _select(stream)))

    def read(self, stream: str, since: Cursor) -> Iterator[Batch]:
        """Pages of rows in the order of the key; where there are no rows, no batch."""
        settings = self._streams[stream]
        position = dict(since) if since.get("of") == settings.identity else {"of": settings.identity}
        first, behind = thaw(position.get("since")), position.get("behind")
        with connect(self._secrets, self._timeout_seconds) as connection:
            wanted = _select(settings)
            if first is not None:
                wanted = wanted.where(sa.or_(_watermark(settings) >= first, _watermark(settings).is_(None)))
            _refuse_empty_keys(connection, settings, wanted)
            then = position.get("then") if behind else _next_first(connection, settings)
            reached = list(map(thaw, behind)) if isinstance(behind, list) else None
            for names, rows, last in _pages(connection, settings, wanted, reached):
                cursor: dict[str, JsonValue] = {"of": settings.identity, "since": then}
                if last is not None:
                    cursor |= {"since": position.get("since"), "then": then, "behind": list(map(freeze, last))}
                if rows or behind:
                    yield _batch(settings.table or stream, names, rows, cursor)

    def read_keys(self, stream: str) -> Iterator[pa.Table]:
        """The keys of all rows there are now."""
        settings = self._streams[stream].model_copy(update={"watermark": []})
        with connect(self._secrets, self._timeout_seconds) as connection:
            for names, rows, _ in _pages(connection, settings, _select(settings, *map(_column, settings.key))):
                yield to_table(names, rows)


def _select(stream: SqlStream, *columns: sa.ColumnElement[object]) -> Select:
    """The columns, all without any, of the table or query."""
    source: sa.FromClause
    if stream.query is not None:
        query = re.sub(r"(?<!:):(?=\w)", r"\\:", stream.query.strip().rstrip(";"))  # there are no parameters in it
        source = sa.text(query).columns().subquery("source_rows")
    else:
        schema, _, name = (stream.table or "").rpartition(".")
        source = sa.table(name, schema=schema or None)
    return sa.select(*columns or (sa.literal_column("*"),)).select_from(source)


def _watermark(stream: SqlStream) -> sa.ColumnElement[object]:
    first, *others = map(_column, stream.watermark)
    return sa.func.coalesce(first, *others) if others else first


def _next_first(connection: sa.Connection, stream: SqlStream) -> JsonValue:
    """Where the read after this one begins: the newest watermark there is now, less the overlap."""
    if not stream.watermark:
        return None
    watermark = _watermark(stream)
    newest = _select(stream, watermark).where(watermark.is_not(None)).order_by(watermark.desc()).limit(1)
    found = connection.execute(newest).first()
    return freeze(step_back(found[0], stream)) if found else None


def _pages(
    connection: sa.Connection, stream: SqlStream, wanted: Select, behind: list[object] | None = None
) -> Iterator[Page]:
    """Pages in the order of the key, at least one; one row more is asked for to know whether it is the last."""
    paged = wanted.order_by(*map(_column, stream.key)).limit(stream.batch_rows + 1)
    is_last = False
    while not is_last:
        result = connection.execute(paged.where(_after(stream.key, behind)) if behind else paged)
        columns, found = result.keys(), result.all()
        names = [name.partition("\0")[0] for name in columns]  # SQLite's ODBC driver pads what is not ASCII
        key = _places(names, stream)
        rows, is_last = found[: stream.batch_rows], len(found) <= stream.batch_rows
        reached = [[row[place] for place in key] for row in found[stream.batch_rows - 1 :]]
        if not is_last and reached[0] in (reached[1], behind):
            value = clip(", ".join(map(str, reached[0])), 60)
            raise _unfit(stream, f"key 的值 {value} 不止一行", f"the key {value} names more than one row")
        behind = None if is_last else reached[0]
        yield names, rows, behind


def _after(columns: Sequence[str], values: Sequence[object]) -> sa.ColumnElement[bool]:
    """(a, b) > (x, y), spelled out, since SQL Server and Oracle compare no rows; a >= x lets an index be used."""
    first, value = _column(columns[0]), values[0]
    if len(columns) == 1:
        return first > value
    return sa.and_(first >= value, sa.or_(first > value, _after(columns[1:], values[1:])))


def _refuse_empty_keys(connection: sa.Connection, stream: SqlStream, wanted: Select) -> None:
    empty = sa.or_(*(_column(column).is_(None) for column in stream.key))
    if connection.execute(wanted.where(empty).limit(1)).first():
        raise _unfit(stream, "key 在有的行里为空", "the key is null in some rows")


def _places(names: Sequence[str], stream: SqlStream) -> list[int]:
    """Where the key stands among the columns; their case may differ where the database folds it."""
    folded, shown = [name.casefold() for name in names], ", ".join(names)
    if not {column.casefold() for column in (*stream.key, *stream.watermark)} <= set(folded):
        raise _unfit(stream, f"结果里没有 key 或 watermark：{shown}", f"key or watermark are not among {shown}")
    if len({*names, ROW}) <= len(names):
        raise _unfit(stream, f"列名重复或为 {ROW}：{shown}", f"two columns have one name, or one is {ROW}: {shown}")
    return [folded.index(column.casefold()) for column in stream.key]


def _unfit(stream: SqlStream, zh: str, en: str) -> ConfigError:
    return ConfigError(
        Text(
            f"{', '.join(stream.key)} 不能用来翻页，{zh}。", f"Rows cannot be paged by {', '.join(stream.key)}: {en}."
        ),
        hint=Text(
            "key 要能唯一确定一行、从不为空，否则会漏行；也可以在 query 里改列名、排除这些行。",
            "A key tells one row and is never null, else rows would be missed; a query can rename or leave out.",
        ),
        code="XD-CFG-034",
    )


def _batch(origin: str, names: list[str], rows: Sequence[Sequence[object]], cursor: Cursor) -> Batch:
    numbers = pa.array(range(1, len(rows) + 1), pa.int64())
    return Batch(
        table=to_table(names, rows).append_column(ROW, numbers),
        cursor=cursor,
        origin=Origin(name=origin),
        counts=RowCounts(total=len(rows), read=len(rows)),
    )
