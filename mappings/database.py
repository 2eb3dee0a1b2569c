"""A DuckDB that can reach nothing but the landed files that it was given, and what its errors mean."""

import errno
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from canonical_model.disk import disk_error
from canonical_model.errors import CrossdockError, MappingError
from canonical_model.language import Text
from canonical_model.text import clip
from mappings.compiled import Atom, quote_text
from mappings.functions import library
from mappings.query import EntityQuery

_LEAST_MB, _LEAST_JSON_MB, _MOST_MB = 128, 384, 1024
"""Memory that DuckDB may have; rows beyond it are put on the disk, but neither the vectors of many joins nor a JSON document."""
_VECTOR_KB = 32
"""2,048 texts."""
_FULL_DISK = (os.strerror(errno.ENOSPC), "max_temp_directory_size")
"""What DuckDB says when it has no room to spill."""


def connect(scratch: Path, threads: int) -> duckdb.DuckDBPyConnection:
    """A new database in memory that spills into `scratch`, a folder of its own, since it may read and write there."""
    return duckdb.connect(
        config={
            "memory_limit": f"{_LEAST_MB}MB",
            "threads": threads,
            "temp_directory": str(scratch),
            # a list of words would be looked up by a join, which takes more memory than it saves time
            "disabled_optimizers": "in_clause",
        }
    )


def warm_up() -> None:
    """Opens a database and shuts it again: the first one of a process takes three times as long as others."""
    with tempfile.TemporaryDirectory(prefix="crossdock-duckdb-") as scratch, connect(Path(scratch), 1) as db:
        lock(db, Path(scratch), (), _LEAST_MB)
        db.execute("SELECT xd_tidy('', TRUE)").fetchall()


def lock(db: duckdb.DuckDBPyConnection, scratch: Path, files: Iterable[Path], memory_mb: int) -> None:
    """Gives the database our functions, and from then on no file but `files` and no other setting."""
    functions = scratch / "functions.duckdb"
    functions.write_bytes(library())
    db.execute(f"ATTACH {quote_text(str(functions))} AS functions (READ_ONLY)")
    db.execute("SET search_path = 'memory,functions'")
    # an allowed path is also a right to write it where it does not exist
    for file in files:
        file.open("rb").close()
    paths = ", ".join(quote_text(str(file)) for file in files)
    db.execute("SET TimeZone = 'UTC'")
    db.execute(f"SET memory_limit = '{memory_mb}MB'")
    db.execute(f"SET allowed_paths = [{paths}]")
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")


def memory_for(queries: Iterable[EntityQuery], *, threads: int, is_json: bool) -> int:
    """What the widest query may take in MB: its vectors in each thread, as much for the rows that pass, and some to begin with."""
    widest = max((query.vectors for query in queries), default=0)
    vectors = widest * _VECTOR_KB * threads // 1024
    return min(max(_LEAST_JSON_MB if is_json else _LEAST_MB, 48 + 2 * vectors), _MOST_MB)


def make_table(db: duckdb.DuckDBPyConnection, name: str, rows: pa.Table, select: str = "*") -> None:
    """Makes a temporary table of what is selected from `rows`."""
    db.register("_rows", rows)
    db.execute(f"CREATE TEMP TABLE {name} AS SELECT {select} FROM _rows")
    db.unregister("_rows")


def make_code_tables(db: duckdb.DuckDBPyConnection, query: EntityQuery) -> None:
    """Makes the tables of the code lists that the expressions of an entity look up."""
    for lookup in query.steps:
        if not isinstance(lookup, Atom) and not lookup.asked:
            listed: Sequence[Sequence[str]] = list(zip(*lookup.rows, strict=True)) or [(), (), ()]
            columns = {
                name: pa.array(v, pa.string()) for name, v in zip(("word", "code", "factor"), listed, strict=True)
            }
            factor = "CAST(factor AS DECIMAL(18,6)) AS factor"
            make_table(db, f"{query.name}{lookup.name}", pa.table(columns), f"word, code, {factor}")


def translate_error(error: duckdb.Error, mapping: str) -> CrossdockError:
    """What DuckDB says about a mapping that it could not run, as an error of ours."""
    if any(said in str(error) for said in _FULL_DISK):
        return disk_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), tempfile.gettempdir()))
    if isinstance(error, duckdb.OutOfMemoryException):
        return MappingError(
            Text("映射需要的内存超过上限。", "The mapping needs more memory than it may have."),
            where=f"mappings/{mapping}.yaml",
            hint=Text("请减少字段或简化表达式。", "Use fewer fields or simpler expressions."),
            code="XD-MAP-008",
        )
    said = clip(str(error).splitlines()[0] if str(error) else type(error).__name__, 300)
    return MappingError(
        Text(f"映射无法运行：{said}", f"The mapping cannot be run: {said}"),
        where=f"mappings/{mapping}.yaml",
        hint=Text("请检查映射里的表达式。", "Check the expressions of the mapping."),
        code="XD-MAP-009",
    )
