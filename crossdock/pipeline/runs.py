"""The record of a run: begun before anything is read, ended whatever happens."""

from datetime import datetime

from sqlalchemy import Connection, Engine, exists, insert, select, update

from canonical_model.clock import Clock
from canonical_model.errors import CrossdockError
from canonical_model.language import Text
from crossdock.pipeline.guard import GuardError
from crossdock.store.database import translate_errors
from crossdock.store.partitions import ensure_partitions
from crossdock.store.tables import batch, has_gone_in, run, run_entity

ENDED = ("succeeded", "parked", "idle")
"""Statuses of a run whose transaction is committed: a second try of it finds nothing left to do."""


def begin_run(engine: Engine, source: str, stream: str, clock: Clock, kind: str) -> int:
    """Records a run as running and gives its number."""
    with translate_errors(), engine.begin() as connection:
        ensure_partitions(connection, clock())
        statement = insert(run).values(started_at=clock(), source=source, stream=stream, kind=kind, status="running")
        number = connection.scalar(statement.returning(run.c.id))
    return int(number or 0)


def is_first_load(connection: Connection, source: str, stream: str) -> bool:
    """Whether no run of the stream has brought a good record yet; a run past its retention is taken to have."""
    earlier = exists().where(
        run.c.source == source,
        run.c.stream == stream,
        run.c.status == "succeeded",
        run_entity.c.run_id == run.c.id,
        run_entity.c.created + run_entity.c.updated + run_entity.c.unchanged > 0,
    )
    past = exists().where(
        batch.c.source == source,
        batch.c.stream == stream,
        has_gone_in(),
        batch.c.rows_read > 0,
        ~exists().where(run.c.id == batch.c.applied_run),
    )
    return not connection.scalar(select(earlier | past))


def end_run(
    connection: Connection,
    run_id: int,
    status: str,
    at: datetime,
    *,
    is_baseline: bool,
    question: CrossdockError | None = None,
) -> None:
    """Records how a run ended and what it asks, in the transaction of its rows."""
    problem = _problem(question) if question else None
    ended = {"status": status, "finished_at": at, "is_baseline": is_baseline, "problem": problem}
    connection.execute(update(run).where(run.c.id == run_id).values(ended))


def park_run(engine: Engine, run_id: int, error: GuardError, at: datetime) -> None:
    """Records what a run would have done and asks about, in a transaction of its own."""
    problem = _problem(error) | {"sample": error.sample, "batches": error.batches, "again": error.again}
    with translate_errors(), engine.begin() as connection:
        parked = {"status": "parked", "finished_at": at, "problem": problem}
        connection.execute(update(run).where(run.c.id == run_id, run.c.status.not_in(ENDED)).values(parked))


def fail_run(engine: Engine, run_id: int, error: Exception, at: datetime) -> None:
    """Records why a run failed, in a transaction of its own; what has already ended well stays so.

    Of an error that nobody expected only the kind: what it says may hold rows or secrets.
    """
    with translate_errors(), engine.begin() as connection:
        failed = {"status": "failed", "finished_at": at, "problem": _problem(_as_ours(error))}
        connection.execute(update(run).where(run.c.id == run_id, run.c.status.not_in(ENDED)).values(failed))


def _as_ours(error: Exception) -> CrossdockError:
    if isinstance(error, CrossdockError):
        return error
    kind = type(error).__name__
    return CrossdockError(
        Text(f"程序出错了，这不是您的操作造成的（{kind}）。", f"A fault of the program, not of yours ({kind})."),
        hint=Text(
            "可以再次运行，已提交的内容不受影响；详情在那次运行的日志里，请把日志发给维护人员。",
            "Run again if you like, nothing committed is affected. "
            "The log of that run has the details; please send it to the maintainers.",
        ),
        code="XD-RUN-001",
    )


def _problem(error: CrossdockError) -> dict[str, object]:
    said = {"code": error.problem_code, "zh": error.what.zh, "en": error.what.en, "where": error.where}
    return said | {"hint": error.hint._asdict()}
