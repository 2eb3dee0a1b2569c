"""How the values of landed files are written: few are odd, so that it pays to know of columns where none is."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mappings.columns import source_column
from mappings.compiled import Spelling
from mappings.functions import ODD

_FEW_ROWS = 20_000
"""Of so few rows each value is looked at, also where a file keeps no dictionary of a column."""
_MANY_FILES = 64
"""So many files are not looked at: to open them takes longer than it saves."""


def odd_columns(files: Sequence[Path], asked: Sequence[str]) -> list[str]:
    """Those of the columns `asked` for, each as SQL, of which some value in `files` may have to be cleaned.

    Where a file keeps a column as a dictionary, each different value is looked at once; of others nothing is known.
    """
    clean = set(asked if len(files) < _MANY_FILES else ())
    for path in files if clean else ():
        with pq.ParquetFile(path) as file:
            clean &= {source_column(name) for name in _kept_as_dictionary(file)}
        for column, values in _different_values(path, clean):
            if pc.any(pc.match_substring_regex(values, ODD)).as_py():
                clean.discard(column)
    return [sql for sql in asked if sql not in clean]


def usual_spellings(files: Sequence[Path], asked: Iterable[Spelling]) -> frozenset[Spelling]:
    """Those of the spellings in which all values of their columns in `files` are written, but for empty ones.

    A column that a file lacks, or of which it keeps many rows without a dictionary, is not known to be.
    """
    usual = set(asked if len(files) < _MANY_FILES else ())
    for path in files if usual else ():
        with pq.ParquetFile(path) as file:
            names = _texts(file) if file.metadata.num_rows <= _FEW_ROWS else _kept_as_dictionary(file)
        usual &= {one for one in usual if one.column in {source_column(name) for name in names}}
        columns = {one.column for one in usual}
        for column, values in _different_values(path, columns):
            usual -= {one for one in usual if one.column == column and not _are_all(values, one.pattern)}
            columns &= {one.column for one in usual}
    return frozenset(usual)


def _are_all(values: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, f"^(?:{pattern})?$"), min_count=0).as_py())


def _different_values(path: Path, columns: Collection[str]) -> Iterator[tuple[str, pa.Array]]:
    """The column and its different values in each part of the file, for those of `columns` that are still asked for."""
    with pq.ParquetFile(path) as file:
        sql = {name: source_column(name) for name in _texts(file)}
    with pq.ParquetFile(path, read_dictionary=[name for name in sql if sql[name] in columns]) as file:
        for number in range(file.num_row_groups):
            names = [name for name in sql if sql[name] in columns]
            rows = file.read_row_group(number, columns=names) if names else pa.table({})
            for name, column in zip(rows.column_names, rows.columns, strict=True):
                for chunk in column.chunks:
                    yield sql[name], chunk.dictionary


def _texts(file: pq.ParquetFile) -> list[str]:
    """Names of the columns of text."""
    return [one.name for one in file.schema_arrow if pa.types.is_string(one.type)]


def _kept_as_dictionary(file: pq.ParquetFile) -> list[str]:
    """Names of the columns of text that the file keeps as dictionaries throughout."""
    groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
    columns = [group.column(place) for group in groups for place in range(group.num_columns)]
    without = {one.path_in_schema for one in columns if not one.has_dictionary_page}
    return [name for name in _texts(file) if name not in without]
