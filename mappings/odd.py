"""How the values of landed files are written: few are odd, so that it pays to know of columns where none is."""

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
_AT_ONCE = 2
"""Files that are looked at side by side."""


class Writing:
    """How the columns of landed files are written; each column is looked at once, as SQL it is called.

    Args:
        files: Landed files. Where one keeps a column as a dictionary, each different value is looked at once.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files if len(files) < _MANY_FILES else ()
        self._is_clean: dict[str, bool] = {}

    def odd(self, asked: Sequence[str]) -> list[str]:
        """Those of the columns of which some value may have to be cleaned, or of which a file keeps no dictionary."""
        self._look({column for column in asked if column not in self._is_clean}, ())
        return [column for column in asked if not self._is_clean[column]]

    def usual(self, asked: Iterable[Spelling], *, soon: Iterable[str] = ()) -> frozenset[Spelling]:
        """Those of the spellings in which all values of their columns are written, but for empty ones.

        A column that a file lacks, or of which it keeps many rows without a dictionary, is not known to be. Columns about
        which `odd` will be asked `soon` are looked at with them.
        """
        spellings = frozenset(asked)
        return self._look({one.column for one in spellings} | {*soon}, spellings)

    def _look(self, columns: Collection[str], spellings: Collection[Spelling]) -> frozenset[Spelling]:
        """The spellings that are usual; notes of the columns whether they are clean."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            looks = list(pool.map(lambda path: _look_at(path, columns, spellings), self._files if columns else ()))
        clean = set.intersection(*(one for one, _ in looks)) if looks else set()
        self._is_clean |= {column: column in clean for column in columns}
        return frozenset(set.intersection(*(usual for _, usual in looks)) if looks else ())


def _look_at(path: Path, columns: Collection[str], spellings: Collection[Spelling]) -> tuple[set[str], set[Spelling]]:
    """Those of the columns in which nothing is odd, and of the spellings that are usual, in one file."""
    with pq.ParquetFile(path) as file:
        texts = {source_column(name): name for name in file.schema_arrow.names if source_column(name) in columns}
        texts = {sql: name for sql, name in texts.items() if pa.types.is_string(file.schema_arrow.field(name).type)}
        kept = set(texts) - _without_dictionary(file)
        looked_at = set(texts) if file.metadata.num_rows <= _FEW_ROWS else kept
    clean, usual = set(kept), {one for one in spellings if one.column in looked_at}
    with pq.ParquetFile(path, read_dictionary=[texts[column] for column in looked_at]) as file:
        for number in range(file.num_row_groups):
            left = {column for column in looked_at if column in clean or any(one.column == column for one in usual)}
            group = file.read_row_group(number, [texts[column] for column in left], use_threads=False)
            for column in left:
                of_column = [one for one in usual if one.column == column]
                for chunk in group[texts[column]].chunks:
                    usual -= {one for one in of_column if not _are_all(chunk.dictionary, one.pattern)}
                    if column in clean and pc.any(pc.match_substring_regex(chunk.dictionary, ODD)).as_py():
                        clean.discard(column)
    return clean, usual


def _are_all(values: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, f"^(?:{pattern})?$"), min_count=0).as_py())


def _without_dictionary(file: pq.ParquetFile) -> set[str]:
    """The columns, as SQL, that the file does not keep as dictionaries throughout."""
    groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
    columns = [group.column(place) for group in groups for place in range(group.num_columns)]
    return {source_column(one.path_in_schema) for one in columns if not one.has_dictionary_page}
