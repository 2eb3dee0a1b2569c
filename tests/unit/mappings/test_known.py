"""Landed records are compared with the stored hashes, each with each."""

import uuid
from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa
import pytest

from mappings.known import compare
from mappings.parts import Parts


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def compared(
    db: duckdb.DuckDBPyConnection, landed: Sequence[int | None], known: Sequence[int]
) -> tuple[set[object], list[object], int, list[object]]:
    """Rows that are not known, known hashes that were not landed, the number of pairs, and hashes that were landed twice."""
    db.execute("CREATE TEMP TABLE hashed_x (batch BIGINT, row BIGINT, element BIGINT, source_hash UUID)")
    for row, one in enumerate(landed):
        db.execute("INSERT INTO hashed_x VALUES (1, ?, 0, ?)", [row, None if one is None else uuid.UUID(int=one)])
    stored = pa.array([uuid.UUID(int=one).bytes for one in known], pa.binary(16))
    part = pa.record_batch({"source_hash": pa.ExtensionArray.from_storage(pa.uuid(), stored)})
    compare(Parts(db), "x", len(landed), [part])
    new = {row for (row,) in db.execute("SELECT row FROM compared_x WHERE batch IS NOT NULL").fetchall()}
    gone = "SELECT source_hash FROM compared_x WHERE batch IS NULL AND source_hash IS NOT NULL ORDER BY 1"
    pairs = "SELECT coalesce(sum(count), 0) FROM compared_x WHERE batch IS NULL AND source_hash IS NULL"
    ((count,),) = db.execute(pairs).fetchall()
    return (
        new,
        [one.int for (one,) in db.execute(gone).fetchall()],
        int(count),
        [one.int for (one,) in db.execute("SELECT source_hash FROM doubled_x").fetchall()],
    )


HIGH = 1 << 127
MIDDLE = 1 << 64


@pytest.mark.parametrize(
    ("landed", "known", "expected"),
    [
        ([1, HIGH + 2, 3], [3, 1, HIGH + 2], (set(), [], 3, [])),
        ([], [], (set(), [], 0, [])),
        ([1, 2, 3], [1, 2, 4], ({2}, [4], 2, [])),
        ([1, 2, None], [1, 2, 3], ({2}, [3], 2, [])),
        ([1, 1, 2], [1, 2, 3], (set(), [3], 3, [1])),
        ([1, 4], [2, 3], ({0, 1}, [2, 3], 0, [])),
        ([MIDDLE + 1, 0], [MIDDLE, 1], ({0, 1}, [1, MIDDLE], 0, [])),
    ],
    ids=["the same", "nothing", "one other", "a damaged row", "one twice", "equal sums", "equal halves"],
)
def test_what_is_new_gone_and_known_is_told(
    db: duckdb.DuckDBPyConnection,
    landed: Sequence[int | None],
    known: Sequence[int],
    expected: tuple[set[object], list[object], int, list[object]],
) -> None:
    assert compared(db, landed, known) == expected
