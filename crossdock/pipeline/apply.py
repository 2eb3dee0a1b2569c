"""Applying: everything landed of a stream, mapped and merged in one transaction with issues, changes and cursor."""

import gc
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from sqlalchemy import Engine, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from canonical_model.clock import Clock, utc_now
from canonical_model.disk import translate_disk_errors
from canonical_model.entities import SPECS
from canonical_model.errors import CrossdockError
from canonical_model.language import Language, Text
from crossdock.home import Home
from crossdock.pipeline.again import files_to_judge_again, give_up_older, rows_to_judge_again, settle
from crossdock.pipeline.choose import MappingChooser, header_of
from crossdock.pipeline.chosen import Chosen, file_of
from crossdock.pipeline.cursor import cursor_behind, move_cursor
from crossdock.pipeline.deletions import delete_absent_keys
from crossdock.pipeline.group import apply_read
from crossdock.pipeline.guard import GuardError, check_guard
from crossdock.pipeline.hashes import hashes_ahead
from crossdock.pipeline.land import acknowledge, turn, whole_files
from crossdock.pipeline.park import Parked, sort_out
from crossdock.pipeline.progress import Tell, tell_nobody
from crossdock.pipeline.report import EntityCounts, FileReport, RunReport
from crossdock.pipeline.runs import ENDED, end_run, fail_run, is_first_load, park_run
from crossdock.pipeline.sources import open_source
from crossdock.pipeline.work import COUNTED, Work
from crossdock.store import tables
from crossdock.store.database import AnyRow, clock_of, lock, translate_errors
from crossdock.store.partitions import refresh_statistics
from mappings.dates import DateOrder
from mappings.inspection import unread_columns
from mappings.plan import Plan

_MANY_ISSUES = 1_000


def apply(home: Home, engine: Engine, run_id: int, *, clock: Clock = utc_now, tell: Tell = tell_nobody) -> RunReport:
    """Maps and merges what waits in the landing zone for the stream of run `run_id`, then tells the source.

    A run that its guard stops is parked: it stores nothing, and its batches wait for a person.

    Raises:
        CrossdockError: Nothing was written and the cursor has not moved; what is landed waits for the next run.
    """
    started = time.monotonic()
    try:
        with translate_errors(), engine.connect() as connection:
            found = select(tables.run.c.source, tables.run.c.stream, tables.run.c.kind)
            source, stream, kind = connection.execute(found.where(tables.run.c.id == run_id)).one()
            clock = clock_of(connection, clock)
        chooser = MappingChooser(home, source, stream)
        with (
            translate_disk_errors(),
            translate_errors(),
            turn(engine, source, stream, tell),
            tempfile.TemporaryDirectory(prefix="crossdock-") as folder,
            _program_kept(),
        ):
            with engine.begin() as connection:
                work = Work(home, connection, run_id, kind, source, stream, clock(), Path(folder), tell=tell)
                report = _run(work, chooser, clock)
            acknowledge(engine, open_source(home, source), source, stream)
            if work.issue_count >= _MANY_ISSUES:
                with suppress(SQLAlchemyError):  # what is committed stays so
                    refresh_statistics(engine, work.at)
    except GuardError as error:
        park_run(engine, run_id, error, clock())
        report = RunReport(run_id, source, stream, "parked", question=_in_words(error))
    except Exception as error:
        fail_run(engine, run_id, error, clock())
        raise
    return replace(report, seconds=time.monotonic() - started)


@contextmanager
def _program_kept() -> Iterator[None]:
    """Keeps collections of garbage from looking at all that the program consists of, which takes 0.2 s."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _run(work: Work, chooser: MappingChooser, clock: Clock) -> RunReport:
    """Applies all that waits, in landing order."""
    lock_stream(work, chooser)
    work.at = clock()  # after the wait, so that times follow the order of commits
    if (status := _ended(work)) is not None:
        return RunReport(work.run_id, work.source, work.stream, status, entities=_stored_counts(work))
    landed = _landed(work)
    if approved := [row.id for row in landed if row.is_approved]:
        landed = [row for row in landed if row.id <= approved[-1]]  # nobody has approved what came since
    waiting = [*([] if approved else files_to_judge_again(work, chooser)), *landed]
    is_baseline = is_first_load(work.connection, work.source, work.stream)
    with hashes_ahead(work, _rows_by_entity(chooser, waiting)):
        chosen, parked = sort_out(work, chooser, waiting)
        apply_in_order(work, chooser, waiting, chosen)
    of_waiting = work.entity_counts()
    again = list(rows_to_judge_again(work, chooser))
    for one in again:
        apply_read(work, [[one]])
    settle(work, again)
    give_up_older(work, [*chosen, *again])
    if not waiting and not again:
        end_run(work.connection, work.run_id, "idle", work.at, is_baseline=False)
        return RunReport(work.run_id, work.source, work.stream, "idle")
    check_guard(work, waiting, [one.row for one in again], of_waiting)
    new = [row for row in landed if row.applied_run is None]  # the others were approved, and the cursor is past them
    close(work, waiting, chosen, parked, cursor=cursor_behind(work.connection, new) if new else None)
    status = "succeeded" if chosen or again or work.counts else "parked" if parked else "idle"
    question = next((one.question for one in parked.values() if one.question), None)
    end_run(work.connection, work.run_id, status, work.at, is_baseline=is_baseline and bool(chosen), question=question)
    report = report_of(work, waiting, chosen, parked, status=status, is_baseline=is_baseline and bool(chosen))
    return replace(report, waited=sum(len(one.only or ()) for one in again))


def _rows_by_entity(chooser: MappingChooser, waiting: Sequence[AnyRow]) -> Mapping[str, int]:
    """Entity -> how many of the rows that wait are for it, as far as headers tell."""
    found = Counter[str]()
    for row in waiting:
        is_read = row.kind == "rows" and row.rows_read and not row.problem
        if is_read and isinstance(plan := chooser.choose(header_of(row)), Plan):
            found.update({one.entity.name: row.rows_read for one in plan.entities})
    return found


def report_of(
    work: Work,
    waiting: Sequence[AnyRow],
    chosen: Sequence[Chosen],
    parked: Mapping[int, Parked],
    *,
    status: str,
    is_baseline: bool,
) -> RunReport:
    """What the run did, for people."""
    taken = {one.row.id: one for one in chosen}
    return RunReport(
        work.run_id,
        work.source,
        work.stream,
        status,
        is_baseline=is_baseline,
        files=tuple(
            _file_report(r, taken.get(r.id), parked.get(r.id), _orders_of(work, r.id))
            for r in waiting
            if r.kind == "rows"
        ),
        entities=work.entity_counts(),
        issues=tuple(work.first_issues),
        issue_count=work.issue_count,
        question=next((_in_words(one.question) for one in parked.values() if one.question), None),
    )


def _in_words(question: CrossdockError) -> Text:
    return Text(question.render(Language.ZH), question.render(Language.EN))


def lock_stream(work: Work, chooser: MappingChooser) -> None:
    """Keeps other landings of the stream and other merges of its entities out until the transaction ends."""
    entities = {entity for spec in chooser.specs for entity in spec.entities}
    entities |= {
        one.entity for spec in chooser.specs for one in spec.lookups.values()
    }  # so that times tell what was seen
    if "code_xref" in entities:
        entities = set(SPECS)  # a confirmed code resolves the references of any entity
    lock(work.connection, [f"landing:{work.source}.{work.stream}", *(f"entity:{name}" for name in entities)])


def apply_in_order(work: Work, chooser: MappingChooser, batches: Sequence[AnyRow], chosen: Sequence[Chosen]) -> None:
    """Merges what was chosen of the batches; a list of keys speaks only for the records that came before it."""
    taken = {one.row.id: one for one in chosen}
    for kind, rows in groupby(batches, key=lambda row: str(row.kind)):
        if kind == "keys":
            work.ahead = {}
            for row in rows:
                delete_absent_keys(work, chooser, row)
            continue
        for groups in _reads(work, [taken[row.id] for row in rows if row.id in taken]):
            apply_read(work, groups)


def _reads(work: Work, chosen: Sequence[Chosen]) -> Iterator[list[list[Chosen]]]:
    """What is merged before anything counts as missing: a file, or all that was read at once, by the plans of its batches.

    Files of one plan are one, but where they are complete statements, whole or of their documents: each then speaks for itself.
    """
    reads: list[list[list[Chosen]]] = []
    for _, of_one in groupby(chosen, key=lambda one: file_of(one.row) if one.row.sha256 else one.row.landed_run):
        groups = [list(group) for _, group in groupby(of_one, key=lambda one: id(one.plan))]
        last = reads[-1] if reads else []
        is_complete = bool(work.settings.complete) or any(one.each for one in groups[0][0].plan.entities)
        is_more = not is_complete and len(last) == len(groups) == 1
        if is_more and last[0][0].plan is groups[0][0].plan:
            last[0].extend(groups[0])
        else:
            reads.append(groups)
    yield from reads


def _ended(work: Work) -> str | None:
    """The status of the run where it has already ended: a second try, since the first died after its commit."""
    status = work.connection.scalar(select(tables.run.c.status).where(tables.run.c.id == work.run_id))
    return str(status) if status in ENDED else None


def _stored_counts(work: Work) -> tuple[EntityCounts, ...]:
    table = tables.run_entity
    mine = select(table.c.entity, *(table.c[name] for name in COUNTED)).where(table.c.run_id == work.run_id)
    rows = {row.entity: EntityCounts(*row) for row in work.connection.execute(mine)}
    return tuple(rows[name] for name in SPECS if name in rows)


def _landed(work: Work) -> Sequence[AnyRow]:
    """What is landed and waits, but for the parts of a file of which another landing has not brought the rest."""
    batch = tables.batch
    columns = (column for column in batch.c if column is not batch.c.cursor)
    mine = select(*columns).where(
        batch.c.source == work.source, batch.c.stream == work.stream, batch.c.status == "landed"
    )
    return whole_files(work.connection.execute(mine.order_by(batch.c.id)).all())[0]


def close(
    work: Work,
    waiting: Sequence[AnyRow],
    chosen: Sequence[Chosen],
    parked: Mapping[int, Parked],
    *,
    cursor: object | None,
) -> None:
    """Stores accounts, what became of the batches, and the cursor where anything new was landed."""
    run, batch = tables.run, tables.batch
    started = work.connection.scalar(select(run.c.started_at).where(run.c.id == work.run_id))
    accounts = [
        {"run_id": work.run_id, "started_at": started, "entity": entity, **dict(zip(COUNTED, counts, strict=True))}
        for entity, counts in work.counts.items()
    ]
    if accounts:
        work.connection.execute(insert(tables.run_entity), accounts)
    plans = {one.row.id: one.plan for one in chosen}
    for row in waiting:
        values: dict[str, object]
        if row.id in parked:
            problem = parked[row.id].problem._asdict() | {"kind": parked[row.id].kind}
            values = {"status": "parked", "applied_run": work.run_id, "problem": problem}
            values["is_approved"] = False  # what was approved was another question
        else:
            plan = plans.get(row.id)
            name = plan.spec.mapping if plan else None
            values = {"status": "applied", "applied_run": work.run_id, "mapping": name, "problem": None}
            values["is_approved"] = False  # for this once
            values["cursor"] = {}  # each tells of all files in the inbox, and nobody goes on from here any more
            values["absent"] = _absent(plan)
            values["unread"] = _unread(plan, row)
            values["date_orders"] = [
                {"column": one.column, "order": one.order, "reason": one.reason} for one in _orders_of(work, row.id)
            ]
        work.connection.execute(update(batch).where(batch.c.id == row.id).values(values))
    if cursor is None:
        return
    taken = {one.row.name for one in chosen}  # a file of which one sheet went in is done; the other is reported
    failed = {
        row.name: " / ".join(parked[row.id].problem)
        for row in waiting
        if row.id in parked and parked[row.id].question is None and row.name not in taken
    }
    move_cursor(work.connection, work.source, work.stream, cursor, failed, work.run_id, work.at)


def _orders_of(work: Work, batch: int) -> tuple[DateOrder, ...]:
    """How the run read the dates of a batch that could be either."""
    return tuple(one for one in work.date_orders if one.batch == batch)


def _absent(plan: Plan | None) -> list[str]:
    """Fields of the mapping for which the header has no column, as entity.field."""
    return [f"{one.entity.name}.{name}" for one in plan.entities for name in one.absent] if plan else []


def _unread(plan: Plan | None, row: AnyRow) -> list[str]:
    """Columns of the header from which nothing is read."""
    return unread_columns(plan, [name for name in row.columns if name not in row.parts]) if plan else []


def _file_report(
    row: AnyRow, chosen: Chosen | None, parked: Parked | None, date_orders: tuple[DateOrder, ...]
) -> FileReport:
    return FileReport(
        name=row.name,
        sheet=row.sheet,
        status="parked" if parked else "applied",
        mapping=chosen.plan.spec.mapping if chosen else "",
        rows_total=row.rows_total,
        rows_above=row.rows_above,
        rows_header=row.rows_header,
        rows_skipped=row.rows_skipped,
        rows_read=row.rows_read,
        problem=parked.problem if parked else None,
        absent=tuple(_absent(chosen.plan if chosen else None)),
        unread=tuple(_unread(chosen.plan if chosen else None, row)),
        date_orders=date_orders,
    )
