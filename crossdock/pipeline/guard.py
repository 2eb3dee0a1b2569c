"""The guard: a run that would touch too much stores nothing and asks; a person approves or discards what was landed."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, literal, select, text, update

from canonical_model.clock import Clock, utc_now
from canonical_model.entities import SPECS
from canonical_model.errors import ConfigError, TooManyIssuesError
from canonical_model.language import Text
from crossdock.pipeline.cursor import move_cursor
from crossdock.pipeline.report import EntityCounts
from crossdock.pipeline.work import Work
from crossdock.store import tables
from crossdock.store.database import AnyRow, among, lock, translate_errors

SAMPLES = 10
"""Changes that are shown with the question."""


class GuardError(TooManyIssuesError):
    """A run would touch more than its guard allows.

    Attributes:
        sample: Some of what it would have done: entity, key and the fields that change.
        batches: The batches that it had before it.
        again: Batches of which rows were judged again, where the run had nothing else.
    """

    def __init__(
        self,
        what: Text,
        *,
        where: str,
        hint: Text,
        sample: Sequence[dict[str, object]],
        batches: Sequence[int],
        again: Sequence[int],
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.sample, self.batches, self.again = list(sample), list(batches), list(again)


def check_guard(
    work: Work, waiting: Sequence[AnyRow], again: Sequence[AnyRow], of_waiting: Sequence[EntityCounts]
) -> None:
    """Returns where what the run takes up, but for what is approved, keeps within the guard of its stream.

    Args:
        work: The run.
        waiting: The batches that it takes up.
        again: Those of which it judges rows again; that some of these still wait is nothing new.
        of_waiting: What became of `waiting` alone.

    Raises:
        GuardError: It does not; nothing must be stored.
    """
    guard = work.settings.guard
    limits = {"deleted": guard.deleted, "changed": guard.changed, "issues": guard.issues}
    asks_waiting, asks_again = (any(not row.is_approved for row in rows) for rows in (waiting, again))
    if not any(limits.values()) or not (asks_waiting or asks_again):
        return
    first = {counts.entity: counts for counts in of_waiting}
    for counts in work.entity_counts():
        new = first.get(counts.entity, EntityCounts(counts.entity))
        of_again = counts.deleted - new.deleted, counts.updated - new.updated
        deleted, updated = (
            asks_waiting * one + asks_again * other
            for one, other in zip((new.deleted, new.updated), of_again, strict=True)
        )
        stored = _stored_before(work, counts.entity)
        touched = {
            "deleted": (deleted, stored),
            "changed": (updated, stored),
            "issues": (asks_waiting * (new.parked + new.rejected), new.read),
        }
        for what, (count, of) in touched.items():
            limit = limits[what]
            if limit is None or of < max(guard.rows, 1) or count * 100 <= float(limit.rstrip("%")) * of:
                continue
            label, words = SPECS[counts.entity].label, _WORDS[what]
            raise GuardError(
                Text(
                    f"{label.zh}：{of} 条里有 {count} 条要{words.zh}，超过了上限 {limit}，本次什么都没有写入。",
                    f"{label.en}: {count} of {of} would be {words.en}, beyond the limit of {limit}; nothing was written.",
                ),
                where=f"sources/{work.source}.yaml guard.{what}",
                hint=Text(
                    f"确认无误：crossdock run approve {work.run_id}；文件有误：crossdock run discard {work.run_id}。",
                    f"If that is right: crossdock run approve {work.run_id}; "
                    f"if the file is wrong: crossdock run discard {work.run_id}.",
                ),
                sample=_sample(work, counts.entity, deleted=what == "deleted"),
                batches=[row.id for row in waiting],
                again=[] if asks_waiting else [row.id for row in again],
            )


_WORDS = {
    "deleted": Text("删除", "deleted"),
    "changed": Text("更改", "changed"),
    "issues": Text("被搁置或退回", "held"),
}


def _stored_before(work: Work, entity: str) -> int:
    """Records of the stream that the store held alive before this run."""
    query = text(
        f"SELECT count(*) FROM canonical.{entity} WHERE source = :source AND stream = :stream AND created_run <> :run "
        "AND (deleted_at IS NULL OR (deleted_at = :at AND changed_run = :run))"
    )
    values = {"source": work.source, "stream": work.stream, "run": work.run_id, "at": work.at}
    return int(work.connection.scalar(query, values) or 0)


def _sample(work: Work, entity: str, *, deleted: bool) -> list[dict[str, object]]:
    change = tables.change
    wanted = [change.c.run_id == work.run_id, change.c.entity == entity]
    if deleted:
        wanted.append(change.c.fields.has_key("deleted_at"))
    found = work.connection.execute(
        select(change.c.key, change.c.fields).where(*wanted).order_by(change.c.key).limit(SAMPLES)
    )
    return [{"entity": entity, "key": row.key, "fields": row.fields} for row in found]


def approve(engine: Engine, run_id: int) -> tuple[str, str]:
    """Lets through what the parked run `run_id` had before it; gives source and stream, to be synced.

    Raises:
        ConfigError (XD-CFG-140): There is no such run, or nothing of it waits for a person.
    """
    with translate_errors(), engine.begin() as connection:
        run, waiting, again = _waiting(connection, run_id)
        batch = tables.batch
        decision = {"is_approved": True, "status": "landed", "problem": None}
        connection.execute(update(batch).where(among(batch.c.id, [row.id for row in waiting])).values(decision))
        connection.execute(update(batch).where(among(batch.c.id, again)).values(is_approved=True))
    return run.source, run.stream


def discard(engine: Engine, run_id: int, clock: Clock = utc_now) -> tuple[str, str]:
    """Sets aside what the parked run `run_id` had before it; what was landed stays, and is never applied.

    A run that had nothing but waiting rows to judge again gives these up.

    Raises:
        ConfigError (XD-CFG-140): There is no such run, or nothing of it waits for a person.
    """
    with translate_errors(), engine.begin() as connection:
        run, waiting, again = _waiting(connection, run_id)
        batch, held = tables.batch, tables.held_row
        given_up = update(held).where(among(held.c.batch_id, again), held.c.settled_run.is_(None))
        connection.execute(given_up.values(settled_run=run_id))
        connection.execute(
            update(batch).where(among(batch.c.id, [row.id for row in waiting])).values(status="superseded")
        )
        landed = [row for row in waiting if row.status == "landed" and row.applied_run is None]
        if landed:
            failed = {row.name: f"运行 {run_id} 被放弃 / discarded with run {run_id}" for row in landed}
            move_cursor(connection, run.source, run.stream, landed[-1].cursor, failed, run_id, clock())
    return run.source, run.stream


def _waiting(connection: Connection, run_id: int) -> tuple[AnyRow, Sequence[AnyRow], Sequence[int]]:
    """The parked run, its batches about which a person decides, in landing order, and batches of which rows wait."""
    run, batch, held = tables.run, tables.batch, tables.held_row
    found = connection.execute(select(run).where(run.c.id == run_id)).one_or_none()
    waiting: Sequence[AnyRow] = []
    again: Sequence[int] = []
    if found is not None:
        lock(
            connection, [f"landing:{found.source}.{found.stream}"]
        )  # a run that takes them up has ended, or comes later
        stopped = (batch.c.status == "landed") & among(batch.c.id, _asked_about(found, "batches"))
        if found.status == "parked" and "batches" not in (found.problem or {}):  # as older programs parked a run
            stopped = (batch.c.status == "landed") & (batch.c.landed_at <= found.finished_at)
        drifted = (batch.c.status == "parked") & (batch.c.applied_run == run_id) & (batch.c.rows_read > 0)
        drifted &= literal(found.status == "parked") | (batch.c.problem["kind"].astext == "drift")
        drifted &= batch.c.problem["kind"].astext != "damaged"  # which nobody can decide away
        mine = select(batch).where(batch.c.source == found.source, batch.c.stream == found.stream, stopped | drifted)
        waiting = connection.execute(mine.order_by(batch.c.id)).all()
        rows = (
            select(held.c.batch_id)
            .distinct()
            .where(
                among(held.c.batch_id, _asked_about(found, "again")),
                held.c.outcome == "parked",
                held.c.settled_run.is_(None),
            )
        )
        again = connection.scalars(rows).all()
    if found is None or not (waiting or again):
        raise ConfigError(
            Text(f"运行 {run_id} 没有等人决定的内容。", f"Nothing of run {run_id} waits for a decision."),
            hint=Text("查看：crossdock runs list。", "See: crossdock runs list."),
            code="XD-CFG-140",
        )
    return found, waiting, again


def _asked_about(run: AnyRow, what: str) -> list[int]:
    """The batches of which a run that its guard stopped says that it had them before it."""
    return [int(one) for one in (run.problem or {}).get(what, ())] if run.status == "parked" else []
