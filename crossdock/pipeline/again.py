"""What waits is judged again by itself: whole files once a mapping fits, rows once what they waited for is there."""

from collections.abc import Iterator, Sequence

from sqlalchemy import func, select, update

from canonical_model.entities import SPECS
from crossdock.pipeline.choose import MappingChooser, header_of
from crossdock.pipeline.group import Chosen
from crossdock.pipeline.work import Work
from crossdock.store import tables
from crossdock.store.database import AnyRow
from mappings.plan import Plan


def files_that_fit_now(work: Work, chooser: MappingChooser) -> list[AnyRow]:
    """Batches that parked since no mapping fitted, and for which one does today."""
    batch = tables.batch
    parked = select(batch).where(
        batch.c.source == work.source,
        batch.c.stream == work.stream,
        batch.c.status == "parked",
        batch.c.rows_read > 0,
        batch.c.problem["kind"].astext == "mapping",
    )
    found = work.connection.execute(parked.order_by(batch.c.id)).all()
    return [row for row in found if isinstance(chooser.choose(header_of(row)), Plan)]


def rows_to_judge_again(work: Work, chooser: MappingChooser) -> Iterator[Chosen]:
    """Parked rows of the stream, batch by batch, for which something has changed since they were judged.

    That is: the mapping or a code table, the crosswalk of codes, or the header of which they are lines.
    """
    held, batch = tables.held_row, tables.batch
    waiting = select(held.c.batch_id, held.c.row_number, held.c.entity, held.c.fingerprint, held.c.at).where(
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
    headers = {name for name, counts in work.counts.items() if counts[1] + counts[2]}
    kept = (batch.c.id.in_({row.batch_id for row in rows}), batch.c.status == "applied")
    for one in work.connection.execute(select(batch).where(*kept).order_by(batch.c.id)).all():
        plan = chooser.choose(header_of(one))
        if not isinstance(plan, Plan):
            continue
        again = {
            row.row_number
            for row in rows
            if row.batch_id == one.id
            and (
                row.fingerprint != plan.fingerprint
                or (codes_changed is not None and row.at < codes_changed)
                or SPECS[row.entity].parent in headers
            )
        }
        if again:
            yield Chosen(one, plan, only=tuple(sorted(again)))


def settle(work: Work, taken: Sequence[Chosen]) -> None:
    """Notes that this run has taken up the parked rows; those that still wait are held anew by it."""
    held = tables.held_row
    for one in taken:
        mine = [held.c.batch_id == one.row.id, held.c.run_id != work.run_id, held.c.settled_run.is_(None)]
        if one.only is not None:
            mine.append(held.c.row_number.in_(one.only))
        work.connection.execute(update(held).where(*mine).values(settled_run=work.run_id))
