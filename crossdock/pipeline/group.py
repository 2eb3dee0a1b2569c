"""Batches of one header: mapped together, then merged entity by entity, parents first."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain, groupby

import pyarrow as pa
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from canonical_model.errors import MappingError
from canonical_model.issues import Issue
from canonical_model.language import Text
from crossdock.pipeline.chosen import Chosen, file_of, landed_rows
from crossdock.pipeline.deletions import CompleteRead
from crossdock.pipeline.hashes import hashes_of
from crossdock.pipeline.keys import note_keys
from crossdock.pipeline.late import take_out_late
from crossdock.pipeline.lineage import keep_lineage
from crossdock.pipeline.lookups import find_stored
from crossdock.pipeline.merge import (
    Merged,
    Stage,
    envelope,
    insert_all,
    look_up,
    merge,
    stage,
)
from crossdock.pipeline.progress import Phase, told
from crossdock.pipeline.references import CODES, resolve_everywhere, resolve_references
from crossdock.pipeline.reuse import hold_reused_numbers
from crossdock.pipeline.work import Work
from crossdock.store import tables
from crossdock.store.bulk import stored_name
from crossdock.store.database import among
from crossdock.store.partitions import has_partition
from mappings.engine import KnownHashes, MappingRun
from mappings.landed import LandedRows, PlacedIssue
from mappings.plan import EntityPlan
from mappings.spec import find_mapping


def apply_read(work: Work, groups: Sequence[Sequence[Chosen]]) -> None:
    """Merges the groups of one read, each of one plan, and deletes what a complete one no longer holds."""
    read = CompleteRead(work)
    for group in groups:
        _apply_group(work, group, read)
    read.bury_missing()
    if any(entity.entity.name == CODES for group in groups for entity in group[0].plan.entities):
        resolve_everywhere(work)


def _apply_group(work: Work, group: Sequence[Chosen], read: CompleteRead) -> None:
    """Maps the batches of `group`, which all take the same plan, and merges what comes of them.

    Where two of its files may use one number for two documents, half of them go first: what they stored is then
    compared with the other half.
    """
    plan = group[0].plan
    files = [list(of_one) for _, of_one in groupby(group, key=lambda one: file_of(one.row))]
    half = len(files) // 2
    landed = {one.row.id: landed_rows(work, one) for one in group}
    where = _stages(work, group[0])
    note_keys(work, plan)
    digest = keep_lineage(work.connection, plan)
    work.connection.execute(update(tables.batch).where(among(tables.batch.c.id, landed)).values(lineage=digest))
    stored = [one for one in where.values() if _is_stored(work, one)]
    rows = sum(one.rows for one in landed.values())
    work.tell(Phase.MAPPING, rows)
    # the connection is free while the engine hashes what was landed, so the stored hashes come meanwhile
    with (
        ThreadPoolExecutor(1) as beside,
        MappingRun(
            plan,
            list(landed.values()),
            _known(work, beside, stored, rows),
            lookups=lambda *asked: beside.submit(find_stored, work.connection, *asked).result(),
            fresh={name for name, one in where.items() if one not in stored},
        ) as mapped,
    ):
        if len(files) == 1 or not mapped.may_reuse_numbers():
            _merge_group(work, group, read, mapped, where, {one.entity.name: one for one in stored}, landed)
            return
    for some in (files[:half], files[half:]):
        _apply_group(work, [one for of_one in some for one in of_one], read)


def _merge_group(
    work: Work,
    group: Sequence[Chosen],
    read: CompleteRead,
    mapped: MappingRun,
    where: Mapping[str, Stage],
    stages: Mapping[str, Stage],
    landed: Mapping[int, LandedRows],
) -> None:
    """Merges what came of a group, entity by entity; `stages` are those of `where` of which the store holds something."""
    plan = mapped.plan
    for entity in plan.entities:
        if entity.entity.name in stages:
            stage(work.connection, where[entity.entity.name], told(mapped.good(entity), work.tell))
    late = take_out_late(work, group, stages)
    reused = hold_reused_numbers(work, stages, landed, plan.fingerprint)
    work.date_orders += mapped.date_orders
    ties: list[PlacedIssue] = []
    for entity in plan.entities:
        name = entity.entity.name
        count = mapped.read_count(entity)
        merged = _merge(work, entity, where[name]) if name in stages else _insert(work, entity, where[name], mapped)
        if work.kind != "replay":  # a replay states again what it stated before
            ties += _ties(name, merged, landed)
        merged = replace(merged, stale=merged.stale + late.counts.get(name, 0))
        _account(work, entity, mapped, merged, read=count, reused=reused.counts.get(name, 0))
    work.write_issues(chain(mapped.issues(), ties, reused.issues))
    if not any(one.only for one in group):
        read.gather(plan, stages, mapped, [one.row for one in group], reused, late)


def _stages(work: Work, one: Chosen) -> dict[str, Stage]:
    """Entity -> where its records wait, for each entity of the plan."""
    return {
        entity.entity.name: Stage(
            entity.entity,
            entity.stated,
            work.source,
            work.stream,
            is_versioned=one.plan.version is not None,
            has_partner="partner" in one.row.parts,
        )
        for entity in one.plan.entities
    }


def _ties(entity: str, merged: Merged, landed: Mapping[int, LandedRows]) -> list[PlacedIssue]:
    """What is said of statements that replaced another one of the same version."""
    return [
        PlacedIssue(batch, row, Issue("XD-VER-001", entity, "", "", landed[batch].place(row, ""), key))
        for key, batch, row in merged.tied
    ]


def _is_stored(work: Work, where: Stage) -> bool:
    """Whether the store holds any record of the source, so that records have to be looked up."""
    query = text(f"SELECT EXISTS (SELECT FROM canonical.{where.entity.name} WHERE source = :source)")
    return bool(work.connection.scalar(query, {"source": work.source}))


def _known(work: Work, beside: Executor, stored: Sequence[Stage], rows: int) -> KnownHashes:
    """The stored hashes; those that were asked for ahead where the run has written nothing yet."""
    ahead, work.ahead = work.ahead, {}
    names = [one.entity.name for one in stored]
    return {
        **hashes_of(work, work.connection, beside, dict.fromkeys([n for n in names if n not in ahead], rows)),
        **{name: ahead[name] for name in names if name in ahead},
    }


def _insert(work: Work, entity: EntityPlan, where: Stage, mapped: MappingRun) -> Merged:
    """Writes records of an entity of which the store holds nothing, with the identities of what they refer to."""
    merged = _write(work, entity, where, mapped)
    resolve_references(work.connection, where.entity, work.source)
    return merged


def _write(work: Work, entity: EntityPlan, where: Stage, mapped: MappingRun) -> Merged:
    constants = {
        **envelope(where, work.run_id, work.at),
        **{stored_name(column): value for column, value in mapped.constants.items()},
    }

    def insert(records: Callable[[Mapping[str, str]], pa.RecordBatchReader]) -> Merged:
        return insert_all(work.connection, where, lambda fixed: told(records(fixed), work.tell), constants)

    if not mapped.is_streamed(entity):
        return insert(partial(mapped.good, entity))
    if mapped.seems_unique(entity) and not has_partition(work.connection, where.target, work.source):
        # the primary key, which is made anyway, tells where one is stated twice after all
        with suppress(IntegrityError), work.connection.begin_nested():
            return insert(partial(mapped.stream, entity, is_unique=True))
    return insert(partial(mapped.stream, entity))


def _merge(work: Work, entity: EntityPlan, where: Stage) -> Merged:
    """Brings the staged records in."""
    _refuse_double_statements(
        work, entity, look_up(work.connection, where, list(work.home.source(work.source).streams))
    )
    merged = merge(work.connection, where, work.run_id, work.at)
    resolve_references(work.connection, where.entity, work.source, among=where.name)
    return merged


def _account(work: Work, entity: EntityPlan, mapped: MappingRun, merged: Merged, *, read: int, reused: int) -> None:
    """Counts where the records went; `read` comes from the landed files, the rest from what was written."""
    held = work.write_held(mapped.held(entity), mapped.plan.fingerprint)
    work.count(
        entity.entity.name,
        {
            "read": read,
            "created": merged.created,
            "updated": merged.updated,
            "unchanged": merged.unchanged + mapped.skipped_count(entity),
            "stale": merged.stale,
            "folded": mapped.folded_count(entity),
            "parked": held["parked"] + reused,
            "rejected": held["rejected"],
        },
    )


def _refuse_double_statements(work: Work, entity: EntityPlan, others: Sequence[str]) -> None:
    """Two streams may state one record only if they state different fields of it."""
    for other in others:
        stated: set[str] = set()
        if other in work.home.source(work.source).streams:
            for name in work.home.stream(work.source, other).mappings:
                mapping = find_mapping(name, work.home.mappings).entities.get(entity.entity.name)
                stated |= set(mapping.fields) if mapping else set()
        both = sorted((stated & set(entity.fields)) - set(entity.entity.key))
        if both:
            raise MappingError(
                Text(
                    f"数据流 {other} 和 {work.stream} 对同一条 {entity.entity.label.zh} 都写了字段 {', '.join(both)}。",
                    f"The streams {other} and {work.stream} both state {', '.join(both)} of the same {entity.entity.name}.",
                ),
                where=f"sources/{work.source}.yaml",
                hint=Text("每个字段只由一个数据流提供。", "Let one stream state each field."),
                code="XD-MAP-007",
            )
