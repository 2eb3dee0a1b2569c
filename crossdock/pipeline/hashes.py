"""The hashes that the store has of a stream's records: what comes again with one of them is not mapped."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import Connection

from canonical_model.ahead import fetch_ahead
from crossdock.pipeline.work import Work
from crossdock.store.bulk import pages, stored_hashes
from crossdock.store.tables import canonical
from mappings.engine import KnownHashes

PAGES_PER_LOOK_UP = 4
"""About what one look-up by key reads: leaf of the index, page of the table, and some of the way there."""

_PARTS = 8
"""Parts of an entity's stored hashes, of some 4 MB each, that may wait until the landed rows are hashed."""


def hashes_of(work: Work, connection: Connection, beside: Executor, rows: Mapping[str, int]) -> KnownHashes:
    """Hashes of the entities of which reading all costs less than looking up each landed row.

    Args:
        work: The run.
        connection: Where they are read; free for nothing else until they are.
        beside: Reads them.
        rows: Entity -> how many rows were landed for it.
    """
    is_alone = len(work.home.source(work.source).streams) == 1
    sizes = {name: pages(connection, canonical[name], work.source) for name in rows}
    parts = {  # all asked for before the first is fetched: `beside` has the connection from then on
        name: stored_hashes(connection, canonical[name], work.source, work.stream, size, is_alone=is_alone)
        for name, size in sizes.items()
        if 0 < size <= rows[name] * PAGES_PER_LOOK_UP
    }
    return {name: fetch_ahead(beside, hashes, _PARTS) for name, hashes in parts.items()}


@contextmanager
def hashes_ahead(work: Work, rows: Mapping[str, int]) -> Iterator[None]:
    """Begins to read the hashes before anything is mapped, through a connection of their own, for as long as the block.

    Call it behind the locks of the entities. What this run writes is not among them, so only its first group may use them.
    The connection has no transaction, which would keep locks of its own while this run waits for others.

    Args:
        work: The run.
        rows: As for `hashes_of`.
    """
    engine = work.connection.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection, ThreadPoolExecutor(1) as beside:
        work.ahead = hashes_of(work, connection, beside, rows)
        try:
            yield
        finally:
            work.ahead = {}
