"""Tables of a file that is looked at and not kept, as a run would land them."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.base import ROW
from connectors.formats import SheetRead
from mappings.landed import LandedRows


def scratch_rows(
    read: SheetRead, folder: Path, *, batch: int, name: str, parts: Mapping[str, str], sha256: str = ""
) -> LandedRows:
    """The rows of one table, written to `folder`.

    Args:
        read: The table.
        folder: A folder that goes away with what is made of the rows.
        batch: Number that tells the table from others of the file.
        name: What the file is called, for places.
        parts: Values of the parts of its path, each of which becomes a column.
        sha256: Digest of the file; empty where nobody asks for it.
    """
    table = read.table
    for part, value in parts.items():
        table = table.append_column(part, pa.array([value] * table.num_rows, pa.string()))
    path = folder / f"{batch}.parquet"
    pq.write_table(table, path)
    return LandedRows(
        batch, path, table.num_rows, name, read.sheet, read.columns, None, tuple(read.suspects), sha256=sha256
    )


def landed_columns(read: SheetRead, parts: Mapping[str, str]) -> tuple[str, ...]:
    """The columns that the landed rows have: those of the table, then the parts of the path."""
    return (*(name for name in read.table.column_names if name != ROW), *parts)
