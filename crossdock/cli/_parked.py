"""Which files wait as a whole."""

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
