"""The landed rows of several batches as one view, `source`, with what their connector found odd about them."""

from collections.abc import Collection, Sequence

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from mappings.columns import source_column
from mappings.compiled import quote_name, quote_text
from mappings.database import make_table
from mappings.landed import LandedRows


def make_source(db: duckdb.DuckDBPyConnection, batches: Collection[LandedRows], columns: Collection[str]) -> None:
    """Makes the view `source`: batch, row and time of the file of each landed row, its columns as text, and its suspects.

    Args:
        db: Where.
        batches: What was landed.
        columns: SQL of the columns that are read; one that no file has is NULL, since a list of keys does not carry all.
    """
    suspects = [(one.batch, row, f"{code}:{column}") for one in batches for row, column, code in one.suspects]
    numbers, rows, cells = zip(*suspects, strict=True) if suspects else ((), (), ())
    places = {"batch": pa.array(numbers, pa.int64()), "row": pa.array(rows, pa.int64())}
    make_table(db, "suspects", pa.table(places | {"cell": pa.array(cells, pa.string())}))
    selects = [_rows_of(db, alike) for alike in _alike(batches)]
    if columns:
        selects.append(f"SELECT {', '.join(f'CAST(NULL AS VARCHAR) AS {sql}' for sql in sorted(columns))} WHERE FALSE")
    union = " UNION ALL BY NAME ".join(selects)
    db.execute(
        "CREATE TEMP VIEW source AS SELECT s.*, d.cells AS _suspects FROM "
        f"({union}) s LEFT JOIN (SELECT batch, row, list(cell) AS cells FROM suspects GROUP BY ALL) d "
        "ON s._batch = d.batch AND s._row = d.row"
        if suspects
        else f"CREATE TEMP VIEW source AS SELECT *, CAST(NULL AS VARCHAR[]) AS _suspects FROM ({union})"
    )


def time_of(batch: LandedRows) -> str:
    """SQL of the time of a file, which is the version of what it states where the mapping names none."""
    return f"{batch.modified_at.timestamp():.6f}" if batch.modified_at else "NULL"


def _alike(batches: Collection[LandedRows]) -> list[list[LandedRows]]:
    """The batches, those whose files have the same columns together: DuckDB reads these as one."""
    alike: dict[object, list[LandedRows]] = {}
    for batch in batches:
        schema = pq.read_schema(batch.parquet)
        is_apart = batch.only is not None or len({name.lower() for name in schema.names}) < len(schema)
        alike.setdefault(batch.batch if is_apart else tuple((one.name, one.type) for one in schema), []).append(batch)
    return list(alike.values())


def _rows_of(db: duckdb.DuckDBPyConnection, batches: Sequence[LandedRows]) -> str:
    """Query of the landed rows of batches with the same columns."""
    first = batches[0]
    files = ", ".join(quote_text(str(batch.parquet)) for batch in batches)
    parquet = f"read_parquet([{files}], hive_partitioning = false)"
    described = db.execute(f"DESCRIBE SELECT * FROM {parquet}").fetchall()
    # DuckDB renames columns that differ in capitals only; their order stays
    texts = "".join(
        f", CAST({quote_name(row[0])} AS VARCHAR) AS {source_column(name)}"
        for name, row in zip(pq.read_schema(first.parquet).names, described, strict=True)
        if name != "_row"
    )
    numbers = _by_file([str(batch.batch) for batch in batches], "BIGINT")
    times = _by_file([time_of(one) for one in batches], "DECIMAL(24,6)")
    only = ""
    if first.only is not None:
        make_table(db, f"only_{first.batch}", pa.table({"row": pa.array(first.only, pa.int64())}))
        only = f" WHERE _row IN (FROM only_{first.batch})"
    return f"SELECT {numbers} AS _batch, CAST(_row AS BIGINT) AS _row, {times} AS _modified{texts} FROM {parquet}{only}"


def _by_file(values: Sequence[str], kind: str) -> str:
    """SQL of that of the values which belongs to the file of a row."""
    if len(set(values)) == 1:
        return f"CAST({values[0]} AS {kind})"
    return f"CAST([{', '.join(values)}] AS {kind}[])[CAST(file_index AS BIGINT) + 1]"
