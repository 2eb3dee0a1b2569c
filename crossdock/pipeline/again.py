"""What waits is judged again by itself: whole files once a mapping fits, rows once what they waited for is there."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select, text, update

from crossdock.pipeline.choose import MappingChooser, header_of
from crossdock.pipeline.chosen import Chosen
from crossdock.pipeline.drift import columns_to_read
from crossdock.pipeline.keys import changed_key
from crossdock.pipeline.land import is_kept
from crossdock.pipeline.work import Work
from crossdock.store import tables
from crossdock.store.database import AnyRow, among
from mappings.plan import Plan

_PART = r"(?:[^|\\]|\\.)*"
"""A part of a key, as `xd_key` writes it."""


def files_to_judge_again(work: Work, chooser: MappingChooser) -> list[AnyRow]:
    """Batches that parked since no mapping fitted and for which one does today, and those that wait for a new key."""
    batch = tables.batch
    parked = select(batch).where(
        batch.c.source == work.source,
        batch.c.stream == work.stream,
        batch.c.status == "parked",
        batch.c.rows_read > 0,
        batch.c.problem["kind"].astext.in_(("mapping", "key")),
    )
    found = work.connection.execute(parked.order_by(batch.c.id)).all()
    return [row for row in found if row.problem["kind"] == "key" or isinstance(chooser.choose(header_of(row)), Plan)]


def rows_to_judge_again(work: Work, chooser: MappingChooser) -> Iterator[Chosen]:
    """Parked rows of the stream, batch by batch, for which something has changed since they were judged.

    That is: the mapping or a code table, the crosswalk of codes, what the mapping looks up, or the header of which they
    are lines. What was landed and is no longer there stays as it is.
    """
    held, batch = tables.held_row, tables.batch
    waiting = select(
        held.c.batch_id, held.c.row_number, held.c.entity, held.c.key, held.c.fingerprint, held.c.at
    ).where(
        held.c.source == work.source,
        held.c.stream == work.stream,
        held.c.outcome == "parked",
        held.c.settled_run.is_(None),
        held.c.run_id != work.run_id,
    )
    rows = work.connection.execute(waiting.order_by(held.c.batch_id, held.c.row_number)).all()
    if not rows:
        return
    xref = tables.canonical["code_xref"]
    codes_changed = work.connection.scalar(select(func.max(xref.c.changed_at)))
    by_batch: dict[int, list[AnyRow]] = defaultdict(list)
    for row in rows:
        by_batch[row.batch_id].append(row)
    kept = (among(batch.c.id, by_batch), batch.c.status == "applied")
    for one in work.connection.execute(select(batch).where(*kept).order_by(batch.c.id)).all():
        plan = _plan_of(work, chooser, one)
        mine = by_batch[one.id]
        if plan is None or changed_key(work, plan) or not is_kept(one.data_url):
            continue
        headers = _headers_of(work, plan, one, mine)
        changed = max(filter(None, (codes_changed, _looked_up_changed(work, plan))), default=None)
        again = {
            row.row_number
            for row in mine
            if row.fingerprint != plan.fingerprint
            or (changed is not None and row.at < changed)
            or (row.entity, row.key) in headers
        }
        if again:
            yield Chosen(one, plan, only=tuple(sorted(again)))


def _plan_of(work: Work, chooser: MappingChooser, row: AnyRow) -> Plan | None:
    """The plan of a batch that has gone in, for the columns that the stream's policy lets be read; None where none fits."""
    plan = chooser.choose(header_of(row))
    columns = columns_to_read(work, row, plan.spec.mapping) if isinstance(plan, Plan) else None
    confined = chooser.choose(replace(header_of(row), columns=columns)) if isinstance(columns, tuple) else None
    return confined if isinstance(confined, Plan) else None


def _looked_up_changed(work: Work, plan: Plan) -> datetime | None:
    """When a run last changed an entity in which the mapping looks; None where it looks in none, or nothing is there."""
    entities = {one.entity for one in plan.spec.lookups.values()}
    counts, run = tables.run_entity, tables.run
    has_changed = counts.c.created + counts.c.updated + counts.c.deleted > 0
    last = select(func.max(run.c.finished_at)).where(
        run.c.id == counts.c.run_id, has_changed, among(counts.c.entity, entities)
    )
    return work.connection.scalar(last) if entities else None


def _headers_of(work: Work, plan: Plan, batch: AnyRow, rows: Sequence[AnyRow]) -> set[tuple[str, str]]:
    """(entity, key) of those of the rows that are lines of a document which this run has made or changed."""
    found: set[tuple[str, str]] = set()
    for entity in plan.entities:
        name, parent = entity.entity.name, entity.entity.parent
        counts = work.counts.get(parent or "", [])
        if parent is None or not counts or not counts[1] + counts[2]:
            continue
        depth = len(entity.entity.parent_key) + ("partner" in batch.parts)
        lines = {row.key: _first_parts(row.key, depth) for row in rows if row.entity == name}
        if entity.own_key or any(one.own_key for one in plan.entities if one.entity.name == parent):
            found |= {(name, key) for key in lines}  # such keys do not tell the document
            continue
        header = tables.canonical[parent]
        changed = select(header.c.key).where(
            header.c.source == work.source,
            header.c.changed_run == work.run_id,
            among(header.c.key, set(lines.values())),
        )
        there = set(work.connection.scalars(changed))
        found |= {(name, key) for key, document in lines.items() if document in there}
    return found


def _first_parts(key: str, count: int) -> str:
    found = re.match(rf"{_PART}(?:\|{_PART}){{0,{count - 1}}}", key, re.DOTALL)
    return found[0] if found else key


def give_up_older(work: Work, taken: Sequence[Chosen]) -> None:
    """Ends the waiting of rows of which this run has read the record from a newer file: it is stored, or waits from there.

    Where the mapping tells versions, the file that came later need not be the newer one, and both wait.
    """
    timed = [one for one in taken if one.plan.version is None]
    held_again = "(SELECT entity, key, batch_id FROM crossdock.held_row WHERE run_id = :run AND outcome = 'parked')"
    stored = (
        f"(SELECT '{name}' AS entity, key, batch_id FROM canonical.{name} "
        "WHERE source = :source AND stream = :stream AND changed_run = :run)"
        for name in sorted({one.entity.name for chosen in timed for one in chosen.plan.entities})
    )
    values = {
        "run": work.run_id,
        "source": work.source,
        "stream": work.stream,
        "fingerprints": list({one.plan.fingerprint for one in timed}),
        "batches": [one.row.id for one in timed],
    }
    waiting = "h.source = :source AND h.stream = :stream AND h.outcome = 'parked' AND h.settled_run IS NULL"
    if not work.connection.scalar(text(f"SELECT EXISTS (SELECT FROM crossdock.held_row h WHERE {waiting})"), values):
        return
    for read in (held_again, *stored):
        work.connection.execute(
            text(
                f"""UPDATE crossdock.held_row h SET settled_run = :run
                FROM {read} n JOIN crossdock.batch newer ON newer.id = n.batch_id, crossdock.batch older
                WHERE {waiting} AND h.key <> '' AND h.entity = n.entity AND h.key = n.key AND h.batch_id < n.batch_id
                    AND h.fingerprint = ANY(:fingerprints) AND n.batch_id = ANY(:batches)
                    AND older.id = h.batch_id AND coalesce(older.modified_at <= newer.modified_at, TRUE)
                    AND older.landed_run <> newer.landed_run"""  # sheets of one file add to each other
            ),
            values,
        )


def settle(work: Work, taken: Sequence[Chosen]) -> None:
    """Notes that this run has taken up the parked rows; those that still wait are held anew by it."""
    held = tables.held_row
    for one in taken:
        mine = [held.c.batch_id == one.row.id, held.c.run_id != work.run_id, held.c.settled_run.is_(None)]
        if one.only is not None:
            mine.append(among(held.c.row_number, one.only))
        work.connection.execute(update(held).where(*mine).values(settled_run=work.run_id))
    batch = tables.batch
    approved = update(batch).where(among(batch.c.id, [one.row.id for one in taken]), batch.c.is_approved)
    work.connection.execute(approved.values(is_approved=False))  # for this once
