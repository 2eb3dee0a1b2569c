"""Applying: everything landed of a stream, mapped and merged in one transaction with issues, changes and cursor."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Connection, Engine, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from canonical_model.clock import Clock, utc_now
from canonical_model.entities import SPECS
from canonical_model.errors import CrossdockError, MappingError
from canonical_model.issues import Issue
from canonical_model.language import Text
from crossdock.home import Home
from crossdock.pipeline.choose import Header, MappingChooser
from crossdock.pipeline.land import acknowledge, fetch_rows, stream_lock
from crossdock.pipeline.lookups import look_up
from crossdock.pipeline.merge import (
    Merged,
    Stage,
    contradicted,
    copy_rows,
    foreign_streams,
    merge,
    resolve_references,
    stage,
)
from crossdock.pipeline.report import EntityCounts, FileReport, RunReport
from crossdock.pipeline.reuse import hold_reused_numbers
from crossdock.pipeline.runs import ENDED, end_run, fail_run, is_first_load
from crossdock.pipeline.sources import open_source
from crossdock.store import tables
from crossdock.store.database import AnyRow, alone, lock, translate_errors
from mappings.engine import HeldRow, LandedRows, MappingRun, PlacedIssue
from mappings.plan import EntityPlan, Plan
from mappings.spec import find_mapping

SHOWN_ISSUES = 20
_COUNTED = ("entity", "read", "created", "updated", "unchanged", "stale", "folded", "parked", "rejected")


def apply(home: Home, engine: Engine, run_id: int, *, clock: Clock = utc_now) -> RunReport:
    """Maps and merges what waits in the landing zone for the stream of run `run_id`, then tells the source.

    Raises:
        CrossdockError: Nothing was written and the cursor has not moved; what is landed waits for the next run.
    """
    started = time.monotonic()
    try:
        with translate_errors(), engine.connect() as connection:
            found = select(tables.run.c.source, tables.run.c.stream).where(tables.run.c.id == run_id)
            source, stream = connection.execute(found).one()
        chooser = MappingChooser(home, source, stream)
        with (
            translate_errors(),
            alone(engine, stream_lock(source, stream), wait=True),
            tempfile.TemporaryDirectory(prefix="crossdock-") as folder,
        ):
            with engine.begin() as connection:
                work = _Application(home, connection, run_id, source, stream, clock, Path(folder))
                report = work.run(chooser)
            acknowledge(engine, open_source(home, source), source, stream)
    except CrossdockError as error:
        fail_run(engine, run_id, error, clock())
        raise
    return replace(report, seconds=time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class _Chosen:
    row: AnyRow
    plan: Plan


class _Application:
    """One transaction over the waiting batches of one stream."""

    def __init__(
        self, home: Home, connection: Connection, run_id: int, source: str, stream: str, clock: Clock, folder: Path
    ) -> None:
        self._home, self._connection, self._folder = home, connection, folder
        self._run_id, self._source, self._stream = run_id, source, stream
        self._clock, self._at = clock, clock()
        self._counts: dict[str, list[int]] = {}
        self._issues: list[PlacedIssue] = []

    def run(self, chooser: MappingChooser) -> RunReport:
        """Applies all that waits, in landing order."""
        entities = {entity for spec in chooser.specs for entity in spec.entities}
        if "code_xref" in entities:
            entities = set(SPECS)  # a confirmed code resolves the references of any entity
        lock(self._connection, [f"landing:{self._source}.{self._stream}", *(f"entity:{name}" for name in entities)])
        self._at = self._clock()  # after the wait, so that times follow the order of commits
        if (status := self._ended()) is not None:
            return RunReport(self._run_id, self._source, self._stream, status, entities=self._stored_counts())
        waiting = self._waiting()
        if not waiting:
            end_run(self._connection, self._run_id, "idle", self._at, is_baseline=False)
            return RunReport(self._run_id, self._source, self._stream, "idle")
        is_baseline = is_first_load(self._connection, self._source, self._stream)
        parked: dict[int, Text] = {}
        chosen: list[_Chosen] = []
        damaged = {_file(row): Text(row.problem["zh"], row.problem["en"]) for row in waiting if row.problem}
        for row in waiting:
            if _file(row) in damaged:  # one bad part parks the whole file, so that nothing of it is half in
                parked[row.id] = damaged[_file(row)]
                continue
            if not row.rows_read:  # a sheet without a table, or with a header alone
                continue
            plan = chooser.choose(_header(row))
            if isinstance(plan, Plan):
                chosen.append(_Chosen(row, plan))
            else:
                parked[row.id] = plan
        for _, group in groupby(chosen, key=lambda one: id(one.plan)):
            self._apply_group(list(group))
        self._write_issues()
        self._close(waiting, chosen, parked)
        status = "succeeded" if chosen else "parked" if parked else "idle"
        end_run(self._connection, self._run_id, status, self._at, is_baseline=is_baseline and bool(chosen))
        return RunReport(
            self._run_id,
            self._source,
            self._stream,
            status,
            is_baseline=is_baseline and bool(chosen),
            files=tuple(
                _file_report(row, {one.row.id: one for one in chosen}.get(row.id), parked.get(row.id))
                for row in waiting
            ),
            entities=tuple(
                EntityCounts(name, *counts) for name, counts in sorted(self._counts.items(), key=_model_order)
            ),
            issues=tuple(placed.issue for placed in self._issues[:SHOWN_ISSUES]),
            issue_count=len(self._issues),
        )

    def _ended(self) -> str | None:
        """The status of the run where it has already ended: a second try, since the first died after its commit."""
        status = self._connection.scalar(select(tables.run.c.status).where(tables.run.c.id == self._run_id))
        return str(status) if status in ENDED else None

    def _stored_counts(self) -> tuple[EntityCounts, ...]:
        table = tables.run_entity
        mine = select(*(table.c[name] for name in _COUNTED)).where(table.c.run_id == self._run_id)
        rows = {row.entity: EntityCounts(*row) for row in self._connection.execute(mine)}
        return tuple(rows[name] for name in SPECS if name in rows)

    def _waiting(self) -> Sequence[AnyRow]:
        batch = tables.batch
        waiting = select(batch).where(
            batch.c.source == self._source, batch.c.stream == self._stream, batch.c.status == "landed"
        )
        return self._connection.execute(waiting.order_by(batch.c.id)).all()

    def _apply_group(self, group: Sequence[_Chosen]) -> None:
        plan = group[0].plan
        landed = {one.row.id: _landed_rows(one.row, self._folder) for one in group}
        with MappingRun(plan, list(landed.values()), lookups=partial(look_up, self._connection)) as mapped:
            stages = {}
            for entity in plan.entities:
                where = Stage(
                    entity.entity,
                    entity.stated,
                    self._source,
                    self._stream,
                    is_versioned=plan.version is not None,
                    has_partner="partner" in group[0].row.parts,
                )
                stage(self._connection, where, mapped.good(entity))
                self._refuse_double_statements(entity, where)
                stages[entity.entity.name] = where
            reused = hold_reused_numbers(self._connection, stages, self._run_id, self._at)
            self._issues += mapped.issues()
            for entity in plan.entities:
                name = entity.entity.name
                if plan.version:
                    self._issues += self._contradictions(stages[name], {one.row.id: one.row for one in group})
                merged = merge(self._connection, stages[name], self._run_id, self._at)
                for key, batch, row in merged.tied:
                    issue = Issue("XD-VER-001", name, "", "", landed[batch].place(row, ""), key)
                    self._issues.append(PlacedIssue(batch, row, issue))
                resolve_references(self._connection, entity.entity, self._source, run_id=self._run_id)
                held = self._write_held(mapped.held(entity))
                parked = held["parked"] + reused.counts.get(name, 0)
                self._count(
                    name, mapped.read_count(entity), merged, mapped.folded_count(entity), parked, held["rejected"]
                )
            self._issues += reused.issues
            if "code_xref" in stages:
                self._resolve_everywhere(stages["code_xref"])

    def _resolve_everywhere(self, codes: Stage) -> None:
        """Newly confirmed codes resolve what has long been stored."""
        systems = self._connection.execute(text(f"SELECT DISTINCT system FROM {codes.name}")).scalars().all()
        for spec in SPECS.values():
            for system in systems:
                resolve_references(self._connection, spec, system)

    def _contradictions(self, where: Stage, batches: dict[int, AnyRow]) -> list[PlacedIssue]:
        """An issue for each record of which two different statements say that they are of the same time."""
        return [
            PlacedIssue(
                row.batch_id,
                row.row_number,
                Issue(
                    "XD-VER-001", where.entity.name, "", "", f"{batches[row.batch_id].name} #{row.row_number}", row.key
                ),
            )
            for row in contradicted(self._connection, where)
        ]

    def _refuse_double_statements(self, entity: EntityPlan, where: Stage) -> None:
        """Two streams may state one record only if they state different fields of it."""
        for other in foreign_streams(self._connection, where):
            stated: set[str] = set()
            if other in self._home.source(self._source).streams:
                for name in self._home.stream(self._source, other).mappings:
                    mapping = find_mapping(name, self._home.mappings).entities.get(entity.entity.name)
                    stated |= set(mapping.fields) if mapping else set()
            both = sorted((stated & set(entity.fields)) - set(entity.entity.key))
            if both:
                raise MappingError(
                    Text(
                        f"数据流 {other} 和 {self._stream} 对同一条 {entity.entity.label.zh} 都写了字段 {', '.join(both)}。",
                        f"The streams {other} and {self._stream} both state {', '.join(both)} of the same {entity.entity.name}.",
                    ),
                    where=f"sources/{self._source}.yaml",
                    hint=Text("每个字段只由一个数据流提供。", "Let one stream state each field."),
                    code="XD-MAP-007",
                )

    def _count(self, name: str, read: int, merged: Merged, folded: int, parked: int, rejected: int) -> None:
        counts = (read, merged.created, merged.updated, merged.unchanged, merged.stale, folded, parked, rejected)
        before = self._counts.setdefault(name, [0] * len(counts))
        self._counts[name] = [a + b for a, b in zip(before, counts, strict=True)]

    def _write_held(self, held: Iterator[HeldRow]) -> dict[str, int]:
        rows = [
            {"at": self._at, "run_id": self._run_id, "source": self._source, "stream": self._stream, "entity": row.entity,
             "key": row.key, "batch_id": row.batch, "row_number": row.row, "element": row.element, "outcome": row.outcome}
            for row in held
        ]  # fmt: skip
        if not rows:
            return {"parked": 0, "rejected": 0}
        schema = pa.schema([(name, _arrow_type(name)) for name in rows[0]])
        reader = pa.Table.from_pylist(rows, schema=schema)
        total = copy_rows(
            self._connection,
            "crossdock.held_row",
            list(rows[0]),
            pa.RecordBatchReader.from_batches(schema, reader.to_batches()),
        )
        parked = sum(row["outcome"] == "parked" for row in rows)
        return {"parked": parked, "rejected": total - parked}

    def _write_issues(self) -> None:
        if not self._issues:
            return
        rows = [
            {"at": self._at, "run_id": self._run_id, "source": self._source, "stream": self._stream, "code": one.issue.code,
             "entity": one.issue.entity, "field": one.issue.field, "column_name": one.issue.column, "place": one.issue.place,
             "value": one.issue.value.replace("\x00", ""), "detail": one.issue.detail, "batch_id": one.batch, "row_number": one.row}
            for one in self._issues
        ]  # fmt: skip
        schema = pa.schema([(name, _arrow_type(name)) for name in rows[0]])
        table = pa.Table.from_pylist(rows, schema=schema)
        copy_rows(
            self._connection,
            "crossdock.issue",
            list(rows[0]),
            pa.RecordBatchReader.from_batches(schema, table.to_batches()),
        )

    def _close(self, waiting: Sequence[AnyRow], chosen: Sequence[_Chosen], parked: dict[int, Text]) -> None:
        """Accounts, batches and cursor."""
        run, batch, cursor = tables.run, tables.batch, tables.cursor
        started = self._connection.scalar(select(run.c.started_at).where(run.c.id == self._run_id))
        names = ("read", "created", "updated", "unchanged", "stale", "folded", "parked", "rejected")
        if self._counts:
            self._connection.execute(
                insert(tables.run_entity),
                [
                    {
                        "run_id": self._run_id,
                        "started_at": started,
                        "entity": entity,
                        **dict(zip(names, counts, strict=True)),
                    }
                    for entity, counts in self._counts.items()
                ],
            )
        mappings = {one.row.id: one.plan.spec.mapping for one in chosen}
        for row in waiting:
            if row.id not in parked:
                done = {"status": "applied", "applied_run": self._run_id, "mapping": mappings.get(row.id)}
                self._connection.execute(update(batch).where(batch.c.id == row.id).values(done))
        for number, problem in parked.items():
            held = {"status": "parked", "applied_run": self._run_id, "problem": problem._asdict()}
            self._connection.execute(update(batch).where(batch.c.id == number).values(held))
        taken = {one.row.name for one in chosen}  # a file of which one sheet went in is done; the other is reported
        failed = {row.name: " / ".join(parked[row.id]) for row in waiting if row.id in parked and row.name not in taken}
        moved = {
            "position": waiting[-1].cursor, "run_id": self._run_id, "moved_at": self._at, "is_acknowledged": False, "failed": failed
        }  # fmt: skip
        statement = upsert(cursor).values(source=self._source, stream=self._stream, **moved)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["source", "stream"], set_=moved))


def _arrow_type(name: str) -> pa.DataType:
    if name == "at":
        return pa.timestamp("us", tz="UTC")
    return pa.int64() if name in ("run_id", "batch_id", "row_number", "element") else pa.string()


def _model_order(counted: tuple[str, object]) -> int:
    return list(SPECS).index(counted[0])


def _file(row: AnyRow) -> tuple[str, str]:
    return row.name, row.sha256


def _header(row: AnyRow) -> Header:
    return Header(tuple(row.columns), tuple(row.parts), row.is_json)


def _landed_rows(row: AnyRow, folder: Path) -> LandedRows:
    return LandedRows(
        batch=row.id,
        parquet=fetch_rows(row.data_url, folder),
        rows=row.rows_read,
        file=row.name,
        sheet=row.sheet,
        places=row.places,
        modified_at=row.modified_at,
        suspects=tuple((int(number), str(column), str(code)) for number, column, code in row.suspects),
    )


def _file_report(row: AnyRow, chosen: _Chosen | None, problem: Text | None) -> FileReport:
    return FileReport(
        name=row.name,
        sheet=row.sheet,
        status="parked" if problem else "applied",
        mapping=chosen.plan.spec.mapping if chosen else "",
        rows_total=row.rows_total,
        rows_above=row.rows_above,
        rows_header=row.rows_header,
        rows_skipped=row.rows_skipped,
        rows_read=row.rows_read,
        problem=problem,
        absent=tuple(f"{e.entity.name}.{name}" for e in chosen.plan.entities for name in e.absent) if chosen else (),
    )
