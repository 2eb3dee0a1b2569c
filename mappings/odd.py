"""Which values have to be cleaned before they are read: rare ones, so that it pays to know where none can be."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mappings.columns import source_column
from mappings.functions import ODD


def odd_columns(files: Iterable[Path], asked: Sequence[str]) -> list[str]:
    """Those of the columns `asked` for, each as SQL, of which some value in `files` may have to be cleaned.

    Where a file keeps a column as a dictionary, each different value is looked at once; of others nothing is known.
    """
    plain = set(asked)
    for path in files:
        with pq.ParquetFile(path) as file:
            texts = {source_column(one.name): one.name for one in file.schema_arrow if pa.types.is_string(one.type)}
            plain &= {sql for sql, name in texts.items() if _is_kept_as_dictionary(file.metadata, name)}
        looked_at = {texts[sql]: sql for sql in plain}
        with pq.ParquetFile(path, read_dictionary=list(looked_at)) as file:
            for number in range(file.num_row_groups):
                rows = file.read_row_group(number, columns=[name for name, sql in looked_at.items() if sql in plain])
                for name, column in zip(rows.column_names, rows.columns, strict=True):
                    if any(pc.any(pc.match_substring_regex(one.dictionary, ODD)).as_py() for one in column.chunks):
                        plain.discard(looked_at[name])
    return [sql for sql in asked if sql not in plain]


def _is_kept_as_dictionary(metadata: pq.FileMetaData, name: str) -> bool:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    columns = [group.column(place) for group in groups for place in range(group.num_columns)]
    return all(one.has_dictionary_page for one in columns if one.path_in_schema == name)
