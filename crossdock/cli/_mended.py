"""What still waits to be mended: files parked whole, and issues whose record has not come in since."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement


def still_parked() -> "ColumnElement[bool]":
    """Batches parked whole whose file has not come in under its name since."""
    from sqlalchemy import and_, exists

    from crossdock.store.tables import batch

    later = batch.alias("later")
    mended = exists().where(
        later.c.source == batch.c.source,
        later.c.stream == batch.c.stream,
        later.c.name == batch.c.name,
        later.c.status == "applied",
        later.c.id > batch.c.id,
    )
    return and_(batch.c.status == "parked", ~mended)


def is_mended() -> "ColumnElement[bool]":
    """Issues of a row that was held, and was judged again since or whose record a later file has brought."""
    from sqlalchemy import and_, exists, or_

    from crossdock.store.tables import canonical, held_row, issue, was_judged_again

    return or_(
        was_judged_again(),
        *(
            exists().where(
                issue.c.entity == entity,
                held_row.c.run_id == issue.c.run_id,
                held_row.c.entity == entity,
                held_row.c.batch_id == issue.c.batch_id,
                held_row.c.row_number == issue.c.row_number,
                and_(
                    table.c.source == held_row.c.source,
                    table.c.key == held_row.c.key,
                    table.c.batch_id > held_row.c.batch_id,
                ),
            )
            for entity, table in canonical.items()
        ),
    )
