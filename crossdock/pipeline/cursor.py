"""The cursor of a stream: moved in the transaction of the rows, told to the source afterwards."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from crossdock.store import tables


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
