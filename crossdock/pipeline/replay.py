"""Replay: landed batches with today's mapping, into the store, or only to see what would become of it.

A replay judges every landed batch of a stream again, in landing order. It goes by the versions that the records have,
so what a later file said stays. `--rekey` and `--dry-run` start from nothing: the stream's records are taken out and
made anew from what was landed, which also shows what was landed and what was not; a dry run is rolled back at the end.
"""

import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Engine, delete, select, text

from canonical_model.clock import Clock, utc_now
from canonical_model.disk import translate_disk_errors
from canonical_model.entities import SPECS
from canonical_model.errors import ConfigError, MappingError
from canonical_model.language import Text
from crossdock.home import Home
from crossdock.pipeline.again import give_up_older, settle
from crossdock.pipeline.apply import apply_in_order, close, lock_stream, report_of
from crossdock.pipeline.choose import MappingChooser
from crossdock.pipeline.land import stream_lock
from crossdock.pipeline.park import sort_out
from crossdock.pipeline.report import RunReport
from crossdock.pipeline.runs import begin_run, end_run, fail_run
from crossdock.pipeline.work import Work
from crossdock.store import tables
from crossdock.store.database import AnyRow, alone, clock_of, translate_errors
from mappings.compiled import quote_text
from mappings.spec import find_mapping

SAMPLES = 20
"""Differences that a dry run shows of each entity."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a replay makes of one entity.

    Attributes:
        entity: Entity.
        added, removed, changed, same: Records that it has more, no longer, otherwise, and just as before.
        sample: (key, {field: [before, after]}) of some that differ; None for all fields of one that came or went.
    """

    entity: str
    added: int
    removed: int
    changed: int
    same: int
    sample: Sequence[tuple[str, object]] = ()


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """The run, and, where it started from nothing, how its records differ from those before.

    Attributes:
        run: The run.
        differences: Of each entity.
        is_kept: False where all was rolled back.
        bereft: Other stream -> records of whose fields nothing is left, until it is replayed as well or states them anew.
    """

    run: RunReport
    differences: Sequence[Difference] = ()
    is_kept: bool = True
    bereft: Mapping[str, int] = field(default_factory=dict)


class _RolledBackError(Exception):
    """Ends a dry run."""


def replay(
    home: Home,
    engine: Engine,
    source: str,
    stream: str,
    *,
    rekey: bool = False,
    dry_run: bool = False,
    clock: Clock = utc_now,
) -> ReplayReport:
    """Judges all landed batches of a stream again.

    Args:
        home: The deployment.
        engine: The store.
        source: Source id.
        stream: Stream name.
        rekey: Make the stream's records anew, under the keys that the mapping makes now.
        dry_run: Write nothing; tell how records made anew would differ.
        clock: The present.

    Raises:
        ConfigError (XD-CFG-142): Nothing was landed, or some of it is no longer kept and records cannot be made anew.
        MappingError (XD-MAP-010): The mapping makes other keys, and `rekey` was not said.
        MappingError: Records are to be made anew, and no mapping fits one of the files.
        CrossdockError: Nothing was written.
    """
    chooser = MappingChooser(home, source, stream)
    run_id = begin_run(engine, source, stream, clock, "replay")
    report: ReplayReport | None = None
    try:
        with (
            translate_disk_errors(),
            translate_errors(),
            alone(engine, stream_lock(source, stream), wait=True),
            tempfile.TemporaryDirectory(prefix="crossdock-") as folder,
        ):
            try:
                with engine.begin() as connection:
                    at = clock_of(connection, clock)()
                    work = Work(home, connection, run_id, "replay", source, stream, at, Path(folder))
                    report = _replay(work, chooser, is_anew=rekey or dry_run)
                    if dry_run:
                        raise _RolledBackError
            except _RolledBackError:
                with engine.begin() as connection:
                    end_run(connection, run_id, "idle", clock(), is_baseline=False)
    except Exception as error:
        fail_run(engine, run_id, error, clock())
        raise
    assert report is not None  # noqa: S101  # set before the only exception that is caught
    return replace(report, is_kept=not dry_run)


def _replay(work: Work, chooser: MappingChooser, *, is_anew: bool) -> ReplayReport:
    lock_stream(work, chooser)
    batches = _batches(work, is_anew=is_anew)
    entities = [name for name in SPECS if any(name in spec.entities for spec in chooser.specs)]
    if is_anew:
        _take_out(work, entities)
    chosen, parked = sort_out(work, chooser, batches)
    for waits in parked.values():
        if waits.question:  # what has gone in must not wait again
            raise waits.question
    for number, waits in parked.items() if is_anew else ():  # its records would be gone
        name = next(row.name for row in batches if row.id == number)
        raise MappingError(waits.problem, where=f"{work.source}.{work.stream} {name}")
    apply_in_order(work, chooser, _without_old_lists(batches), chosen)
    bereft: Counter[str] = Counter()
    for name in entities if is_anew else ():
        _give_back(work, name)
        bereft.update(_forget(work, name))
    settle(work, chosen)
    give_up_older(work, chosen)
    # what no mapping fits today stays as it went in
    close(work, [row for row in batches if row.kind == "rows" and row.id not in parked], chosen, parked, cursor=None)
    end_run(work.connection, work.run_id, "succeeded", work.at, is_baseline=True)
    differences = [_compare(work, name) for name in entities] if is_anew else []
    report = report_of(work, batches, chosen, parked, status="succeeded", is_baseline=True)
    return ReplayReport(report, differences, bereft=bereft)


def _without_old_lists(batches: Sequence[AnyRow]) -> Sequence[AnyRow]:
    """The batches without lists of keys but the last: what came and went between them was written when it did."""
    last = max((row.id for row in batches if row.kind == "keys"), default=0)
    return [row for row in batches if row.kind != "keys" or row.id == last]


def _batches(work: Work, *, is_anew: bool) -> Sequence[AnyRow]:
    """The landed batches that have gone in, in landing order."""
    batch = tables.batch
    mine = select(batch).where(batch.c.source == work.source, batch.c.stream == work.stream, tables.has_gone_in())
    found = work.connection.execute(mine.order_by(batch.c.id)).all()
    kept = [row for row in found if row.status == "applied"]
    if kept and (len(kept) == len(found) or not is_anew):
        return kept
    what = (
        Text("还没有落地过任何内容。", "Nothing has been landed yet.")
        if not found
        else Text(
            f"{len(found) - len(kept)} 份落地文件已过保留期被删除，不能从头重做。",
            f"{len(found) - len(kept)} landed files were deleted after their time, so records cannot be made anew.",
        )
    )
    raise ConfigError(
        what,
        where=f"{work.source}.{work.stream}",
        hint=Text("保留期见 crossdock.yaml 的 retention。", "See retention in crossdock.yaml."),
        code="XD-CFG-142",
    )


def _take_out(work: Work, entities: Sequence[str]) -> None:
    """Removes the stream's records and keeps a copy of them to compare with."""
    values = {"source": work.source, "stream": work.stream}
    for name in entities:
        mine = f"FROM canonical.{name} WHERE source = :source AND stream = :stream"
        work.connection.execute(text(f"CREATE TEMP TABLE before_{name} ON COMMIT DROP AS SELECT * {mine}"), values)
        work.connection.execute(text(f"DELETE {mine}"), values)
    for table in (tables.statement, tables.stated_key):
        work.connection.execute(delete(table).where(table.c.source == work.source, table.c.stream == work.stream))


def _give_back(work: Work, name: str) -> None:
    """Puts back what other streams of the source have stated of records that this stream has made anew."""
    spec, source = SPECS[name], work.home.source(work.source)
    others = {
        stream: {field for mapping in one.mappings for field in _stated(work, mapping, name)}
        for stream, one in source.streams.items()
        if stream != work.stream
    }
    for stream, fields in others.items():
        theirs = [field for field in spec.fields if field in fields and field not in spec.key]
        columns = [column.name for field in theirs for column in spec.fields[field].columns]
        if not columns:
            continue
        assigned = ", ".join(f'"{column}" = b."{column}"' for column in columns)
        named = ", ".join(quote_text(field) for field in theirs)
        said = f"(SELECT jsonb_object_agg(k, v) FROM jsonb_each(b.unknown) AS u(k, v) WHERE k IN ({named}))"
        work.connection.execute(
            text(
                f"""UPDATE canonical.{name} t SET {assigned}, unknown = CASE WHEN b.unknown ?| ARRAY[{named}]
                    THEN coalesce(t.unknown, '{{}}') || {said} ELSE t.unknown END
                FROM before_{name} b JOIN crossdock.statement o ON o.entity = :entity AND o.source = b.source
                    AND o.key = b.key AND o.stream = :other
                WHERE t.source = b.source AND t.key = b.key AND t.stream = :stream"""
            ),
            {"entity": name, "other": stream, "stream": work.stream},
        )


def _forget(work: Work, name: str) -> dict[str, int]:
    """Forgets what other streams have stated of records that are gone or have other keys now, so that they can state it anew.

    Returns:
        Stream -> number of such records.
    """
    gone = work.connection.execute(
        text(
            f"""DELETE FROM crossdock.statement o USING before_{name} b
            WHERE o.entity = :entity AND o.source = :source AND o.key = b.key AND o.stream <> :stream
                AND NOT EXISTS (SELECT FROM canonical.{name} t WHERE t.source = :source AND t.key = b.key)
            RETURNING o.stream"""
        ),
        {"entity": name, "source": work.source, "stream": work.stream},
    )
    return Counter(gone.scalars())


def _stated(work: Work, mapping: str, entity: str) -> Collection[str]:
    """Fields of the entity that a mapping states."""
    found = find_mapping(mapping, work.home.mappings).entities.get(entity)
    return found.fields if found else ()


def _compare(work: Work, name: str) -> Difference:
    """How the records of one entity differ from those that were taken out."""
    connection, values = work.connection, {"source": work.source, "stream": work.stream}
    columns = [column.name for column in SPECS[name].columns if column.is_mapped]
    differs = " OR ".join(f'b."{c}" IS DISTINCT FROM a."{c}"' for c in columns)
    connection.execute(
        text(
            f"""CREATE TEMP TABLE compared_{name} ON COMMIT DROP AS
            SELECT coalesce(a.key, b.key) AS key,
                CASE WHEN b.key IS NULL THEN 'added' WHEN a.key IS NULL THEN 'removed'
                    WHEN {differs} THEN 'changed' ELSE 'same' END AS outcome
            FROM (SELECT * FROM before_{name} WHERE deleted_at IS NULL) b
            FULL JOIN (
                SELECT * FROM canonical.{name} WHERE source = :source AND stream = :stream AND deleted_at IS NULL
            ) a USING (key)"""
        ),
        values,
    )
    counted: dict[str, int] = dict(
        connection.execute(text(f"SELECT outcome, count(*) FROM compared_{name} GROUP BY outcome")).all()
    )
    pairs = " || ".join(  # one object each, since a function takes at most 100 arguments
        f"""CASE WHEN b."{c}" IS DISTINCT FROM a."{c}"
            THEN jsonb_build_object('{c}', jsonb_build_array(b."{c}"::text, a."{c}"::text)) ELSE '{{}}' END"""
        for c in columns
    )
    found = connection.execute(
        text(
            f"""SELECT c.key, CASE WHEN c.outcome = 'changed' THEN {pairs} END
            FROM compared_{name} c LEFT JOIN before_{name} b USING (key) LEFT JOIN canonical.{name} a
                ON a.source = :source AND a.key = c.key AND a.deleted_at IS NULL
            WHERE c.outcome <> 'same' ORDER BY c.key LIMIT {SAMPLES}"""
        ),
        values,
    )
    added, removed, changed, same = (counted.get(outcome, 0) for outcome in ("added", "removed", "changed", "same"))
    return Difference(name, added, removed, changed, same, sample=[(key, fields) for key, fields in found.all()])
