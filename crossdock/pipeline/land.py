"""Landing: what a connector reads is kept, original bytes and rows, before anybody interprets it."""

import os
import shutil
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import stamina
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem
from sqlalchemy import Engine, insert, select, update

from canonical_model.clock import Clock, utc_now
from canonical_model.disk import is_disk_fault, translate_disk_errors
from canonical_model.errors import TransientError
from canonical_model.language import Text
from connectors.base import ROW, Acknowledges, Batch, Connector, Cursor, Origin, ReadsKeys, RowCounts
from crossdock.home import Home
from crossdock.pipeline.cursor import cursor_behind
from crossdock.pipeline.progress import Phase, Tell, tell_nobody
from crossdock.pipeline.runs import begin_run, fail_run
from crossdock.pipeline.sources import open_source
from crossdock.store import tables
from crossdock.store.database import AnyRow, alone, among, lock, translate_errors

ATTEMPTS = 3
_ROW_GROUP = 122_880
"""As many as DuckDB puts into one, and more than a part of a text file has."""
_ROW_GROUP_BYTES = 16 << 20
"""A reader may hold a whole group for each of its threads; long rows make small ones."""
_AT_ONCE = 2
"""Batches that are written side by side."""
_LOOKED_AT = 10_000
"""Rows that show whether the values of a column come again."""


_Keep = Callable[[Batch, bool, Future[None] | None], Future[None]]


def land(
    home: Home,
    engine: Engine,
    source: str,
    stream: str,
    *,
    kind: str = "sync",
    clock: Clock = utc_now,
    tell: Tell = tell_nobody,
) -> int:
    """Reads everything new of a stream into the landing zone and gives the number of the run.

    A run of the kind "backfill" tells old news: its incidents raise no alerts. Each batch is durable with the cursor
    behind it, so a landing that is cut off goes on after its last batch. Another landing of the stream waits its turn.

    Raises:
        CrossdockError: The source cannot be read; what was landed before stays.
    """
    home.stream(source, stream)
    run_id = begin_run(engine, source, stream, clock, kind)
    try:
        connector = open_source(home, source)
        with translate_disk_errors(), translate_errors(), turn(engine, source, stream, tell):
            acknowledge(engine, connector, source, stream)
            for attempt in stamina.retry_context(on=TransientError, attempts=ATTEMPTS, wait_initial=0.5, wait_max=5.0):
                with attempt, ThreadPoolExecutor(_AT_ONCE) as writer:
                    keep = partial(_keep, writer, home, engine, run_id, source, stream, clock)
                    start = _position(engine, source, stream)
                    _keep_all(partial(_told, partial(connector.read, stream, start), tell), keep, start)
                    if home.stream(source, stream).complete is True and isinstance(connector, ReadsKeys):
                        start = _position(engine, source, stream)
                        _keep_all(partial(_keys, connector, stream, start), partial(keep, kind="keys"), start)
    except Exception as error:
        fail_run(engine, run_id, error, clock())
        raise
    return run_id


def _told(read: Callable[[], Iterable[Batch]], tell: Tell) -> Iterator[Batch]:
    """What is read; `tell` is told of each batch once it is taken over."""
    landed = 0
    tell(Phase.LANDING, landed)
    for batch in read():
        yield batch
        landed += batch.counts.read
        tell(Phase.LANDING, landed)


def _keep_all(read: Callable[[], Iterable[Batch]], keep: _Keep, start: Cursor) -> None:
    """Keeps what is read from `start` on, in order: some batches are written, and noted, while the next one is read.

    A batch of a file that leaves the cursor where it was is a part of which the rest is still to come.
    """
    kept: deque[Future[None]] = deque()
    before = start
    try:
        for batch in read():
            if len(kept) == _AT_ONCE:
                kept.popleft().result()
            kept.append(keep(batch, bool(batch.origin.sha256) and batch.cursor == before, kept[-1] if kept else None))
            before = batch.cursor
    finally:  # what was read before a source failed is kept
        for one in kept:
            one.result()


def acknowledge(engine: Engine, connector: Connector, source: str, stream: str) -> None:
    """Tells the source what is safely committed, where it has not been told yet."""
    if not isinstance(connector, Acknowledges):
        return
    at = (tables.cursor.c.source == source, tables.cursor.c.stream == stream)
    with translate_errors(), engine.begin() as connection:
        row = connection.execute(select(tables.cursor).where(*at).with_for_update()).one_or_none()
        if row is None or row.is_acknowledged:
            return
        position = dict(connector.acknowledge(stream, row.position, failed=row.failed))
        connection.execute(update(tables.cursor).where(*at).values(is_acknowledged=True, position=position))


def stream_lock(source: str, stream: str) -> str:
    """Name of the lock under which a stream is landed or applied, by one process at a time."""
    return f"stream:{source}.{stream}"


@contextmanager
def turn(engine: Engine, source: str, stream: str, tell: Tell) -> Iterator[None]:
    """A stream for one process alone; `tell` is told where another has it and this one waits."""
    name = stream_lock(source, stream)
    with alone(engine, name, wait=False) as is_free:
        if is_free:
            yield
            return
    tell(Phase.WAITING, 0)
    with alone(engine, name, wait=True):
        yield


def _position(engine: Engine, source: str, stream: str) -> Cursor:
    """Behind the last landed batch, else behind the last committed one, else the beginning.

    Parts whose rest never came, since that landing was cut off, are set aside: the file will be read again whole.
    What a run has had before it and a person has approved since is landed too, but the cursor went on without it.
    """
    batch, cursor = tables.batch, tables.cursor
    mine = (
        batch.c.source == source, batch.c.stream == stream, batch.c.status == "landed", batch.c.kind == "rows",
        batch.c.applied_run.is_(None),
    )  # fmt: skip
    committed = select(cursor.c.position).where(cursor.c.source == source, cursor.c.stream == stream)
    with translate_errors(), engine.begin() as connection:
        found = select(batch.c.id, batch.c.is_part, batch.c.applied_run).where(*mine).order_by(batch.c.id)
        waiting, unfinished = whole_files(connection.execute(found).all())
        connection.execute(
            update(batch).where(among(batch.c.id, [row.id for row in unfinished])).values(status="superseded")
        )
        return cursor_behind(connection, waiting) if waiting else connection.scalar(committed) or {}


def whole_files(landed: Sequence[AnyRow]) -> tuple[Sequence[AnyRow], Sequence[AnyRow]]:
    """The landed batches without, and only, those at the end that are parts of a file whose rest is not there.

    What a run has had before it was whole, also where a person let one of its sheets through alone.
    """
    end = len(landed)
    while end and landed[end - 1].is_part and landed[end - 1].applied_run is None:
        end -= 1
    return landed[:end], landed[end:]


def _keys(connector: ReadsKeys, stream: str, cursor: Cursor) -> Iterator[Batch]:
    """The list of all keys that the source holds now, from which deletions are told; none where it is empty."""
    listed = [keys for keys in connector.read_keys(stream) if keys.num_rows]
    if listed:
        keys = _joined(listed)
        numbered = keys.append_column(ROW, pa.array(range(1, keys.num_rows + 1), pa.int64()))
        counts = RowCounts(keys.num_rows, read=keys.num_rows)
        yield Batch(numbered, cursor, Origin(f"{stream} (keys)"), counts)


def _joined(listed: Sequence[pa.Table]) -> pa.Table:
    """The tables as one; a column of which the types differ is text, as 10 and 10.5 are of a decimal without a scale."""
    schema = listed[0].schema
    for place, name in enumerate(schema.names):
        if len({table.schema.field(place).type for table in listed}) > 1:
            schema = schema.set(place, pa.field(name, pa.string()))
    return pa.concat_tables([table.cast(schema) for table in listed])


def _keep(
    writer: Executor,
    home: Home,
    engine: Engine,
    run_id: int,
    source: str,
    stream: str,
    clock: Clock,
    batch: Batch,
    is_part: bool,  # noqa: FBT001  # bound by partial
    before: Future[None] | None,
    *,
    kind: str = "rows",
) -> Future[None]:
    """Keeps the original and begins to write the rows and then, once the one `before` is noted, to note the batch; gives what is done with that."""
    at, origin = clock(), batch.origin
    folder = f"{source}/{stream}/{at:%Y-%m}"
    original = (
        _keep_original(home, folder, origin.original, origin.sha256, Path(origin.name).suffix)
        if origin.original
        else None
    )
    table, problem = _with_parts(batch)
    data = f"{home.landing}/{folder}/{uuid.uuid4().hex}.parquet"
    row = _told_of(batch) | {
        "landed_at": at,
        "landed_run": run_id,
        "source": source,
        "stream": stream,
        "columns": [name for name in table.column_names if name != ROW],
        "data_url": data,
        "original_url": original,
        "kind": kind,
        "status": "landed",
        "is_part": is_part,
        "problem": problem._asdict() if problem else None,
    }

    def write_and_note() -> None:
        _keep_rows(data, table)
        if before is not None:
            before.result()
        with translate_errors(), engine.begin() as connection:
            lock(connection, [f"landing:{source}.{stream}"])
            connection.execute(insert(tables.batch).values(row))

    return writer.submit(write_and_note)


def _told_of(batch: Batch) -> dict[str, object]:
    """What the connector tells of a batch besides its rows, by columns of `crossdock.batch`."""
    origin, counts = batch.origin, batch.counts
    return {
        "name": origin.name,
        "sheet": origin.sheet,
        "parts": dict(origin.parts),
        "places": dict(origin.columns),
        "is_json": batch.is_json,
        "sha256": origin.sha256,
        "modified_at": origin.modified_at,
        "header_row": origin.header_row,
        "header_reason": origin.header_reason._asdict(),
        "encoding": origin.encoding,
        "labels": {label: list(values) for label, values in origin.labels.items()},
        "rows_total": counts.total,
        "rows_above": counts.above,
        "rows_header": counts.header,
        "rows_skipped": sum(len(rows) for rows in counts.skipped.values()),
        "rows_read": counts.read,
        "skipped": {reason: list(rows) for reason, rows in counts.skipped.items()},
        "suspects": [list(suspect) for suspect in batch.suspects],
        "cursor": dict(batch.cursor),
    }


def _with_parts(batch: Batch) -> tuple[pa.Table, Text | None]:
    """The rows with the parts of the path as columns, and what is wrong with the file."""
    table = batch.table
    both = sorted(set(batch.origin.parts) & set(table.column_names))
    if both and batch.problem is None:
        return table, Text(
            f"表头里的“{both[0]}”和路径里的 {{{both[0]}}} 同名，分不清用哪个。请改表头，或在数据源里给路径的那一段换个名字。",
            f"The column “{both[0]}” has the same name as {{{both[0]}}} in the path, so it is not clear which is meant. "
            "Rename the column, or that part of the path in the source.",
        )
    for name, value in batch.origin.parts.items():
        if name not in both:
            table = table.append_column(name, pa.array([value] * table.num_rows, pa.string()))
    return table, batch.problem


def _keep_rows(url: str, table: pa.Table) -> None:
    """Writes the rows as Parquet; visible only when whole. A column without nulls says so, which saves looking for them."""
    fields = [one.with_nullable(pa.types.is_null(one.type) or table[one.name].null_count > 0) for one in table.schema]
    table = pa.table(table.columns, pa.schema(fields))
    filesystem, path = fsspec.url_to_fs(url)
    filesystem.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH120  # a URL path, not a local one
    with _becoming(filesystem, path, f"{path}.part") as part, filesystem.open(part, "wb") as sink:
        pq.write_table(
            table,
            sink,
            compression="zstd",
            compression_level=1,
            use_dictionary=_repeating(table),
            column_encoding={ROW: "DELTA_BINARY_PACKED"},
            write_statistics=[ROW],
            row_group_size=min(_ROW_GROUP, max(1, table.num_rows * _ROW_GROUP_BYTES // max(1, table.nbytes))),
        )


@contextmanager
def _becoming(filesystem: AbstractFileSystem, path: str, part: str) -> Iterator[str]:
    """A name for a file while it is written; it becomes `path` at the end of the block, or is removed where that fails."""
    try:
        yield part
    except BaseException:
        with suppress(OSError):
            filesystem.rm(part)
        raise
    filesystem.mv(part, path)


def _repeating(table: pa.Table) -> list[str]:
    """Text columns whose values come again and again: each is then kept once, and later read and looked at once."""
    start = table.slice(0, _LOOKED_AT)
    texts = (name for name in table.column_names if pa.types.is_string(table.schema.field(name).type))
    return [name for name in texts if pc.count_distinct(start[name]).as_py() * 2 <= start.num_rows]


def _keep_original(home: Home, folder: str, original: Path, sha256: str, suffix: str) -> str:
    """Keeps the original bytes once for each content."""
    url = f"{home.landing}/{folder}/original/{sha256}{suffix}"
    filesystem, path = fsspec.url_to_fs(url)
    if not filesystem.exists(path):
        filesystem.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH120  # a URL path, not a local one
        with _becoming(filesystem, path, f"{path}.{uuid.uuid4().hex}.part") as part:
            if not (isinstance(filesystem, LocalFileSystem) and _link(original, part)):
                with original.open("rb") as source, filesystem.open(part, "wb") as sink:
                    shutil.copyfileobj(source, sink)
    return url


def _link(original: Path, place: str) -> bool:
    """Gives the connector's own copy a second name, which saves writing it once more; False where that cannot be."""
    if original.is_symlink():
        return False
    try:
        os.link(original, place)
    except OSError as error:  # another file system, or one without links
        if is_disk_fault(error):
            raise
        return False
    return True


def fetch_rows(url: str, folder: Path) -> Path:
    """Local path of landed rows; brought into `folder` where the landing zone is elsewhere."""
    filesystem, path = fsspec.url_to_fs(url)
    if isinstance(filesystem, LocalFileSystem):
        return Path(path)
    local = folder / Path(path).name
    if not local.exists():  # what was asked about the table has brought it already
        filesystem.get_file(path, str(local))
    return local


def is_kept(url: str) -> bool:
    """Whether landed rows are still there."""
    filesystem, path = fsspec.url_to_fs(url)
    return bool(filesystem.exists(path))
