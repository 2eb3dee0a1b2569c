"""Files that come late: what an older file says of records that a newer one has stated before it.

By a file's time, a record that a newer file repeats unchanged keeps the version of its first statement, since to write
every row anew with every file would cost more than the file. So where a file comes late, the newer ones are asked once
more which keys they state. Where the mapping tells versions nothing of this is needed.
"""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from sqlalchemy import MetaData, Table, select, text

from crossdock.pipeline.choose import MappingChooser, header_of
from crossdock.pipeline.chosen import Chosen, landed_rows
from crossdock.pipeline.land import is_kept
from crossdock.pipeline.lookups import look_up as find_stored
from crossdock.pipeline.merge import Stage
from crossdock.pipeline.work import Work
from crossdock.store import tables
from crossdock.store.bulk import copy_rows
from crossdock.store.database import AnyRow, among
from mappings.engine import MappingRun
from mappings.plan import Plan


def take_out_late(work: Work, group: Sequence[Chosen], stages: Mapping[str, Stage]) -> dict[str, int]:
    """Takes out of the stages what newer files of the stream have stated since; gives the number of each entity.

    A row judged again goes as well where a newer file, complete by itself, does not hold its record any more.
    """
    newer = _newer(work, group) if stages else []
    if not newer:
        return {}
    for stage in stages.values():
        name = newer_keys(stage)
        work.connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
        work.connection.execute(
            text(f'CREATE TEMP TABLE {name} (key text COLLATE "C", version numeric) ON COMMIT DROP')
        )
    chooser = MappingChooser(work.home, work.source, work.stream)
    for row in newer:
        plan = chooser.choose(header_of(row))
        if isinstance(plan, Plan) and is_kept(row.data_url):
            _note_keys(work, Chosen(row, plan), stages)
    is_whole = work.settings.complete is True and set(work.settings.scope) <= {"partner"}
    parts = group[0].row.parts
    is_again = group[0].only is not None
    gone = max(
        (row.modified_at.timestamp() for row in newer if is_whole and is_again and row.parts == parts), default=0.0
    )
    return {name: _take_out(work, stage, gone) for name, stage in stages.items()}


def newer_keys(stage: Stage) -> str:
    """Name of the temporary table of keys that newer files state; it is there where `take_out_late` found such files."""
    return f"newer_{stage.entity.name}"


def _newer(work: Work, group: Sequence[Chosen]) -> Sequence[AnyRow]:
    """Files of the stream that went in before, or at all where rows are judged again, and are newer than one of the group."""
    times = [one.row.modified_at for one in group if one.row.modified_at]
    if group[0].plan.version is not None or not times:
        return []
    batch = tables.batch
    has_gone_in = (batch.c.status == "applied") | ((batch.c.status == "landed") & batch.c.lineage.is_not(None))
    wanted = select(batch).where(
        batch.c.source == work.source,
        batch.c.stream == work.stream,
        batch.c.kind == "rows",
        batch.c.rows_read > 0,
        batch.c.modified_at > min(times),
        ~among(batch.c.id, [one.row.id for one in group]),
        has_gone_in,
    )
    if group[0].only is None:
        wanted = wanted.where(batch.c.id < min(one.row.id for one in group))
    return work.connection.execute(wanted.order_by(batch.c.id)).all()


def _note_keys(work: Work, one: Chosen, stages: Mapping[str, Stage]) -> None:
    """Adds the keys and versions of what a file states."""
    landed = [landed_rows(work, one)]
    with MappingRun(one.plan, landed, lookups=lambda *asked: find_stored(work.connection, *asked)) as mapped:
        for entity in one.plan.entities:
            stage = stages.get(entity.entity.name)
            if stage is None:
                continue
            found = mapped.good(entity)
            schema = pa.schema([found.schema.field(name) for name in ("key", "version")])
            keys = (batch.select(schema.names) for batch in found)
            columns = (stage.target.c[name]._copy() for name in schema.names)
            table = Table(newer_keys(stage), MetaData(), *columns)
            copy_rows(work.connection, table, pa.RecordBatchReader.from_batches(schema, keys))


def _take_out(work: Work, stage: Stage, gone: float) -> int:
    """Deletes staged records of which a newer file speaks, or, older than `gone`, is silent."""
    newer = newer_keys(stage)
    work.connection.execute(text(f"ANALYZE {newer}"))
    silent = f" OR (s.version < {gone:.6f} AND NOT EXISTS (SELECT FROM {newer} n WHERE n.key = s.key))"
    spoken = f"EXISTS (SELECT FROM {newer} n WHERE n.key = s.key AND n.version > s.version)"
    return work.connection.execute(text(f"DELETE FROM {stage.name} s WHERE {spoken}{silent}")).rowcount
