"""The cursor of a stream: moved in the transaction of the rows, told to the source afterwards."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from connectors.base import Cursor
from crossdock.store import tables
from crossdock.store.database import AnyRow


def cursor_behind(connection: Connection, landed: Sequence[AnyRow]) -> Cursor:
    """The position behind the last of the landed batches."""
    batch = tables.batch
    return cast(Cursor, connection.scalar(select(batch.c.cursor).where(batch.c.id == landed[-1].id)))


def move_cursor(
    connection: Connection,
    source: str,
    stream: str,
    position: object,
    failed: Mapping[str, str],
    run_id: int,
    at: datetime,
) -> None:
    """Sets the position behind what is decided; `failed` names files that could not be used, with the reason."""
    moved = {"position": position, "run_id": run_id, "moved_at": at, "is_acknowledged": False, "failed": dict(failed)}
    statement = insert(tables.cursor).values(source=source, stream=stream, **moved)
    connection.execute(statement.on_conflict_do_update(index_elements=["source", "stream"], set_=moved))
