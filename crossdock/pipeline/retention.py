"""Retention: landed files and history that have had their time, as `retention:` in crossdock.yaml says.

Canonical records, incidents and the accounts of alerts are kept for ever. A replay reaches back as far as landed files
do: records can be made anew only while all files of their stream are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import fsspec
from sqlalchemy import Connection, Engine, Select, delete, func, select, text, update

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
        rows = connection.execute(_old_batches(kept.landing_days, clock)).all() if kept.landing_days else []
        partitions = _old_partitions(connection, kept.history_months, clock)
        files = len(_unshared(connection, rows))
        if partitions and not dry_run:
            # runs go by this table first: else one that waits for us would hold what we wait for
            connection.execute(text("LOCK TABLE crossdock.run IN ACCESS EXCLUSIVE MODE"))
            for name in partitions:
                connection.execute(text(f"DROP TABLE crossdock.{name}"))
        oldest = connection.scalar(
            select(tables.batch.c.landed_at)
            .where(tables.batch.c.status == "applied", ~among(tables.batch.c.id, [row.id for row in rows]))
            .order_by(tables.batch.c.landed_at)
            .limit(1)
        )
    if kept.landing_days and not dry_run:
        streams = dict.fromkeys((row.source, row.stream) for row in rows)
        done = [_expire(engine, *one, _old_batches(kept.landing_days, clock)) for one in streams]
        rows, files = [row for expired, _ in done for row in expired], sum(removed for _, removed in done)
    return Pruned(len(rows), files, tuple(partitions), f"{oldest:%Y-%m-%d}" if oldest else None)


def _old_batches(days: int, clock: Clock) -> Select[*tuple[Any, ...]]:
    """Batches that went in or were set aside, whose files have had their time."""
    batch = tables.batch
    old = (
        batch.c.landed_at < clock() - timedelta(days=days),
        (batch.c.status == "applied")
        | ((batch.c.status == "superseded") & (batch.c.data_url != ""))
        | ((batch.c.status == "parked") & (batch.c.problem["kind"].astext == "damaged")),  # which nothing can mend
    )
    waiting = select(tables.held_row.c.batch_id).where(
        tables.held_row.c.outcome == "parked", tables.held_row.c.settled_run.is_(None)
    )
    wanted = (batch.c.id, batch.c.source, batch.c.stream, batch.c.data_url, batch.c.original_url)
    return select(*wanted).where(*old, batch.c.id.not_in(waiting))


def _expire(engine: Engine, source: str, stream: str, old: Select[*tuple[Any, ...]]) -> tuple[Sequence[AnyRow], int]:
    """Takes leave of the old batches of a stream, while nobody lands, applies or replays it; gives them and the number of files.

    What was set aside never went in, and stays what it is.
    """
    batch, held = tables.batch, tables.held_row
    with translate_errors(), alone(engine, stream_lock(source, stream), wait=True):
        with engine.begin() as connection:
            rows = connection.execute(old.where(batch.c.source == source, batch.c.stream == stream)).all()
            urls = _unshared(connection, rows)
            mine = update(batch).where(among(batch.c.id, [row.id for row in rows]))
            connection.execute(mine.where(batch.c.status == "applied").values(status="expired", original_url=None))
            set_aside = {"status": "superseded", "data_url": "", "original_url": None}
            connection.execute(mine.where(batch.c.status.in_(("superseded", "parked"))).values(set_aside))
            # rows of which nobody can see any more what they were
            connection.execute(delete(held).where(among(held.c.batch_id, [row.id for row in rows])))
        for url in urls:  # after the commit: a file without a row does no harm, a row without its file would
            filesystem, path = fsspec.url_to_fs(url)
            if filesystem.exists(path):
                filesystem.rm(path)
    return rows, len(urls)


def _unshared(connection: Connection, rows: Sequence[AnyRow]) -> list[str]:
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
    asking = select(batch.c.applied_run).where(batch.c.status == "parked", batch.c.problem["kind"].astext != "damaged")
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
