"""Retention: landed files and history that have had their time, as `retention:` in crossdock.yaml says.

Canonical records, incidents and the accounts of alerts are kept for ever. A replay reaches back as far as landed files
do: records can be made anew only while all files of their stream are kept.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

import fsspec
from sqlalchemy import Connection, Engine, delete, func, select, text, update

from canonical_model.clock import Clock, utc_now
from crossdock.home import Home
from crossdock.pipeline.land import stream_lock
from crossdock.store import tables
from crossdock.store.database import AnyRow, alone, among, translate_errors
from crossdock.store.tables import PARTITIONED


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be.

    Attributes:
        batches: Landed batches whose files go; their accounts stay.
        files: Files.
        partitions: Monthly partitions of runs, issues and changes.
        replay_from: Oldest landing that can still be replayed; None where none is left.
    """

    batches: int
    files: int
    partitions: tuple[str, ...]
    replay_from: str | None


def prune(home: Home, engine: Engine, *, dry_run: bool = False, clock: Clock = utc_now) -> Pruned:
    """Removes what is older than the settings say; what still waits for a person or a mapping is kept."""
    kept = home.settings.retention
    with translate_errors(), engine.begin() as connection:
        rows = _old_batches(connection, kept.landing_days, clock)
        partitions = _old_partitions(connection, kept.history_months, clock)
        urls = _unshared(connection, rows)
        if not dry_run:
            batch = tables.batch
            connection.execute(
                update(batch)
                .where(among(batch.c.id, [row.id for row in rows]))
                .values(status="expired", original_url=None)
            )
            held = tables.held_row  # rows of which nobody can see any more what they were
            connection.execute(delete(held).where(held.c.batch_id == batch.c.id, batch.c.status == "expired"))
            if partitions:  # runs go by this table first: else one that waits for us would hold what we wait for
                connection.execute(text("LOCK TABLE crossdock.run IN ACCESS EXCLUSIVE MODE"))
            for name in partitions:
                connection.execute(text(f"DROP TABLE crossdock.{name}"))
        oldest = connection.scalar(
            select(tables.batch.c.landed_at)
            .where(tables.batch.c.status == "applied", ~among(tables.batch.c.id, [row.id for row in rows]))
            .order_by(tables.batch.c.landed_at)
            .limit(1)
        )
    if not dry_run:
        _remove(engine, rows)  # after the commit: a file without a row does no harm, a row without its file would
    return Pruned(len(rows), len(urls), tuple(partitions), f"{oldest:%Y-%m-%d}" if oldest else None)


def _old_batches(connection: Connection, days: int | None, clock: Clock) -> list[AnyRow]:
    if days is None:
        return []
    batch = tables.batch
    old = (batch.c.landed_at < clock() - timedelta(days=days), batch.c.status.in_(("applied", "superseded")))
    waiting = select(tables.held_row.c.batch_id).where(
        tables.held_row.c.outcome == "parked", tables.held_row.c.settled_run.is_(None)
    )
    wanted = (batch.c.id, batch.c.source, batch.c.stream, batch.c.data_url, batch.c.original_url)
    mine = select(*wanted).where(*old, batch.c.id.not_in(waiting))
    return list(connection.execute(mine).all())


def _remove(engine: Engine, rows: list[AnyRow]) -> None:
    """Deletes the files of the rows, stream by stream, while nobody lands there: the same file may just come again."""
    by_stream: dict[str, list[AnyRow]] = defaultdict(list)
    for row in rows:
        by_stream[stream_lock(row.source, row.stream)].append(row)
    for name, mine in by_stream.items():
        with translate_errors(), alone(engine, name, wait=True):
            with engine.connect() as connection:
                urls = _unshared(connection, mine)
            for url in urls:
                filesystem, path = fsspec.url_to_fs(url)
                if filesystem.exists(path):
                    filesystem.rm(path)


def _unshared(connection: Connection, rows: list[AnyRow]) -> list[str]:
    """Addresses of the rows' files; the original of a file that another batch still needs stays."""
    batch, gone = tables.batch, [row.id for row in rows]
    originals = {row.original_url for row in rows if row.original_url}
    needed = set(
        connection.scalars(
            select(batch.c.original_url).where(among(batch.c.original_url, originals), ~among(batch.c.id, gone))
        )
    )
    return sorted({row.data_url for row in rows} | (originals - needed))


def _old_partitions(connection: Connection, months: int | None, clock: Clock) -> list[str]:
    if months is None:
        return []
    now = clock()
    index = now.year * 12 + now.month - 1 - months
    first_kept = f"{index // 12:04d}_{index % 12 + 1:02d}"
    run, batch = tables.run, tables.batch
    asking = select(batch.c.applied_run).where(batch.c.status == "parked", batch.c.problem["kind"].astext == "drift")
    waits = connection.scalar(select(func.min(run.c.started_at)).where(run.c.id.in_(asking)))
    if waits is not None:  # nobody could decide about a run that is gone
        first_kept = min(first_kept, f"{waits:%Y_%m}")
    found = connection.scalars(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'crossdock' AND p.relname = ANY(:tables) AND right(c.relname, 7) < :first ORDER BY 1"
        ),
        {"tables": [table.name for table in PARTITIONED], "first": first_kept},
    )
    return list(found)
