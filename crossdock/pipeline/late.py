"""What comes late: what an older file says of records that a newer one has stated before it, and rows that waited.

A record that a newer file repeats unchanged keeps the version of its first statement, since to write every row anew
with every file would cost more than the file. So where a file comes late, the newer ones are asked once more which keys
they state. Of files the time tells which is newer, of other reads their landing. Where the mapping tells versions
nothing of this is needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from sqlalchemy import BigInteger, Column, ColumnElement, MetaData, Table, select, text

from crossdock.pipeline.choose import MappingChooser, header_of
from crossdock.pipeline.chosen import Chosen, landed_rows
from crossdock.pipeline.land import is_kept
from crossdock.pipeline.lookups import find_stored
from crossdock.pipeline.merge import Stage
from crossdock.pipeline.work import Work
from crossdock.store import tables
from crossdock.store.bulk import copy_records, copy_rows
from crossdock.store.database import AnyRow, among
from mappings.engine import MappingRun
from mappings.plan import Plan

_MOST_ASKED = 500
"""Reads of a database that are asked once more; there may be one every few minutes."""


@dataclass(frozen=True, slots=True)
class Late:
    """What newer files say of the records of a group.

    Attributes:
        counts: How many records of each entity were taken out of its stage.
        newer: The newer files, by their batches; empty where the group is not late.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    newer: Sequence[int] = ()

    def spares(self, stage: Stage, end: int) -> tuple[str, dict[str, list[int]]]:
        """Condition, with its value, that no newer file states a stored record `t`; empty where there is none.

        The name of the value ends in `end`.
        """
        if not self.newer:
            return "", {}
        stated = f"SELECT FROM {_table(stage.entity.name)} n WHERE n.key = t.key AND n.batch_id = ANY(:newer_{end})"
        return f"NOT EXISTS ({stated})", {f"newer_{end}": list(self.newer)}


def take_out_late(work: Work, group: Sequence[Chosen], stages: Mapping[str, Stage]) -> Late:
    """Takes out of the stages what newer files of the stream have stated since.

    A record goes as well that a newer file, complete by itself, does not hold any more.
    """
    is_again = group[0].only is not None
    if is_again and not any(_is_filled(work, stage) for stage in stages.values()):
        return Late()
    newer = _newer(work, group) if stages else []
    if not newer:
        return Late()
    for stage in stages.values():
        columns = 'key text COLLATE "C", version numeric, batch_id bigint'
        table = _table(stage.entity.name)
        work.connection.execute(text(f"CREATE TEMP TABLE IF NOT EXISTS {table} ({columns}) ON COMMIT DROP"))
        work.connection.execute(text(f"CREATE INDEX IF NOT EXISTS {table}_key ON {table} (key)"))
    chooser = MappingChooser(work.home, work.source, work.stream)
    asked: list[tuple[AnyRow, Plan]] = []  # a file that is gone, or that no mapping fits today, says nothing
    for row in newer:
        plan = chooser.choose(header_of(row))
        if not isinstance(plan, Plan) or not is_kept(row.data_url):
            continue
        asked.append((row, plan))
        unasked = {name: stage for name, stage in stages.items() if (row.id, name) not in work.newer_noted}
        if unasked:
            _note_newer(work, Chosen(row, plan), unasked)
        work.newer_noted |= {(row.id, name) for name in unasked}
    for stage in stages.values():
        work.connection.execute(text(f"ANALYZE {_table(stage.entity.name)}"))
    is_whole = work.settings.complete is True and set(work.settings.scope) <= {"partner"}
    # what a database reads is news alone, and silence about the rest means nothing
    silent = [(row, plan) for row, plan in asked if is_whole and row.modified_at and row.parts == group[0].row.parts]
    silent = [(row, plan) for row, plan in silent if _is_all_there(work, row)]
    ids = [row.id for row, _ in asked]
    counts = {}
    for name, stage in stages.items():  # nor does a file of orders say that an item is gone
        of_entity = (row for row, plan in silent if name in {one.entity.name for one in plan.entities})
        gone = max((row.modified_at.timestamp() for row in of_entity), default=0.0)
        counts[name] = _take_out(work, stage, ids, gone)
    return Late(counts, ids)


def _table(entity: str) -> str:
    """Name of the temporary table of what newer files state."""
    return f"newer_{entity}"


def _is_filled(work: Work, stage: Stage) -> bool:
    return bool(work.connection.scalar(text(f"SELECT EXISTS (SELECT FROM {stage.name})")))


def _newer(work: Work, group: Sequence[Chosen]) -> Sequence[AnyRow]:
    """Batches of the stream that have gone in and are newer than one of the group; in a replay those that come before it."""
    if group[0].plan.version is not None:
        return []
    batch = tables.batch
    times = [one.row.modified_at for one in group if one.row.modified_at]
    is_newer = batch.c.modified_at > min(times) if times else batch.c.id > min(one.row.id for one in group)
    is_there = (batch.c.status == "applied") | ((batch.c.status == "landed") & batch.c.lineage.is_not(None))
    wanted = select(batch).where(
        batch.c.source == work.source,
        batch.c.stream == work.stream,
        batch.c.kind == "rows",
        batch.c.rows_read > 0,
        is_newer,
        ~among(batch.c.id, [one.row.id for one in group]),
        is_there,
    )
    if group[0].only is None:
        wanted = wanted.where(is_stated(work, min(one.row.id for one in group)))
    newest_first = wanted.order_by(batch.c.id.desc())
    return work.connection.execute(newest_first if times else newest_first.limit(_MOST_ASKED)).all()


def _is_all_there(work: Work, row: AnyRow) -> bool:
    """Whether no sheet or part of the file of a batch waits, which might hold what the others do not."""
    batch = tables.batch
    others = select(batch.c.id).where(
        batch.c.source == work.source,
        batch.c.stream == work.stream,
        batch.c.landed_run == row.landed_run,
        batch.c.name == row.name,
        batch.c.sha256 == row.sha256,
        batch.c.rows_read > 0,
        ~tables.has_gone_in(),
        batch.c.id != row.id,
    )
    return work.connection.execute(others.limit(1)).first() is None


def is_stated(work: Work, number: int) -> ColumnElement[bool]:
    """Condition that what a batch says was there before batch `number` goes in, which may have waited for long.

    A replay states all batches anew in landing order.
    """
    batch = tables.batch
    before = batch.c.id < number
    return before if work.kind == "replay" else before | tables.has_gone_in()


def _note_newer(work: Work, one: Chosen, stages: Mapping[str, Stage]) -> None:
    """Adds the keys and versions of what a file states, once in a run for each entity.

    A row of it that is held states nothing, but the file is not silent about its record: that has no version here, and
    one of which the key could not be read an empty key, since it may be any.
    """
    landed = [landed_rows(work, one)]
    with MappingRun(one.plan, landed, lookups=lambda *asked: find_stored(work.connection, *asked)) as mapped:
        for entity in one.plan.entities:
            stage = stages.get(entity.entity.name)
            if stage is None:
                continue
            found = mapped.good(entity)
            schema = pa.schema([found.schema.field(name) for name in ("key", "version", "batch")])
            keys = (batch.select(schema.names) for batch in found)
            columns = (stage.target.c[name]._copy() for name in ("key", "version"))
            table = Table(_table(stage.entity.name), MetaData(), *columns, Column("batch_id", BigInteger))
            copy_rows(work.connection, table, pa.RecordBatchReader.from_batches(schema, keys))
            held = ({"key": row.key if row.is_known else "", "batch_id": row.batch} for row in mapped.held(entity))
            copy_records(work.connection, table, held)


def _take_out(work: Work, stage: Stage, newer: Sequence[int], gone: float) -> int:
    """Deletes staged records of which a newer file speaks, or, older than `gone`, is silent."""
    said = f"SELECT FROM {_table(stage.entity.name)} n WHERE n.key = s.key AND n.batch_id = ANY(:newer)"
    is_newer = "(n.version > s.version OR (s.version IS NULL AND n.batch_id > s.batch_id))"
    may_be_any = f"SELECT FROM {_table(stage.entity.name)} n WHERE n.key = '' AND n.batch_id = ANY(:newer)"
    is_gone = f"s.version < {gone:.6f} AND NOT EXISTS ({said}) AND NOT EXISTS ({may_be_any})"
    condition = f"EXISTS ({said} AND {is_newer}) OR ({is_gone})"
    return work.connection.execute(
        text(f"DELETE FROM {stage.name} s WHERE {condition}"), {"newer": list(newer)}
    ).rowcount
