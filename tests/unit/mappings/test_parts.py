"""Statements over many rows keep within the memory that a mapping has, however many the rows."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mappings.engine import MappingRun
from mappings.landed import LandedRows
from mappings.parts import Parts
from mappings.plan import make_plan
from mappings.spec import parse_mapping
from tests.unit.mappings.conftest import one_field

ROWS = 200_000


def test_what_does_not_fit_is_split_until_it_does() -> None:
    with duckdb.connect() as db:
        db.execute("CREATE TABLE done (n BIGINT)")

        class Small:
            """A database with memory for a statement over some 30 of 200 rows."""

            def execute(self, statement: str) -> None:
                found = db.execute(statement).fetchall()
                if len(found) > 30:
                    raise duckdb.OutOfMemoryException
                db.executemany("INSERT INTO done VALUES (?)", found)

        query: Callable[[str], str] = "SELECT range FROM range(200) WHERE {}".format
        small = cast("duckdb.DuckDBPyConnection", Small())
        Parts(small).execute("range", 200, query)
        assert db.execute("SELECT count(*), count(DISTINCT n) FROM done").fetchall() == [(200, 200)]
        with pytest.raises(duckdb.OutOfMemoryException):
            Parts(small, most=1).execute("range", 200, query)


@pytest.mark.parametrize("twice", [False, True], ids=["changed", "stated twice"])
def test_a_large_change_runs_in_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, twice: bool) -> None:
    monkeypatch.setattr("mappings.engine.memory_for", lambda *_, **__: 48 if twice else 28)
    monkeypatch.setattr("mappings.engine._SORTED_ROWS", 20_000)
    splits: list[int] = []
    execute = Parts._execute

    def counting(self: Parts, column: str, statement: Callable[[str], str], count: int, part: int) -> None:
        splits.append(count)
        execute(self, column, statement, count, part)

    monkeypatch.setattr(Parts, "_execute", counting)
    numbers = [f"PO-{n // 2 if twice else n}" for n in range(ROWS)]
    columns = {"单号": numbers, "行号": ["1"] * ROWS, "a": [str(n) * 5 for n in range(ROWS)]}
    pq.write_table(pa.table({**columns, "_row": pa.array(range(1, ROWS + 1), pa.int64())}), tmp_path / "a.parquet")
    plan = make_plan(parse_mapping(one_field("remark", "a"), "t"), header=list(columns), is_json=False, timezone="UTC")
    landed = LandedRows(1, tmp_path / "a.parquet", ROWS, "a.csv", "", {}, None, sha256="0")
    (entity,) = plan.entities

    def known(share: int) -> pa.RecordBatch:
        """The hashes of one row in `share`."""
        with MappingRun(plan, [landed], {entity.entity.name: []}) as run:
            hashes = run._db.sql(f"SELECT source_hash FROM hashed_{entity.entity.name} WHERE row % {share} = 0")
            return hashes.to_arrow_table().combine_chunks().to_batches()[0]

    with MappingRun(plan, [landed], {entity.entity.name: [known(3)]}) as run:
        stated = run.good(entity).read_all().num_rows
        held = sum(1 for _ in run.held(entity))
        found = sum(1 for _ in run.issues())
        assert stated + held + run.skipped_count(entity) + run.folded_count(entity) == ROWS
    assert max(splits) > 1, "the test has more memory than it needs"
    assert (held, found) == ((ROWS, ROWS) if twice else (0, 0))
