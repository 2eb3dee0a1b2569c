"""What a question about a table is made of."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from canonical_model.language import Text

_MOST_KINDS = 20
"""Different values in the first rows of a column that tells rows into kinds."""
LOOKED_AT = 1_000
"""Rows of which the first values are looked at."""
_BUFFER = 1 << 16
"""Bytes that are read at a time, so that a column is not read whole for its first values."""
_AT_ONCE = 2
"""Parts of a table that are looked at side by side."""
_BYTES_AT_ONCE = 1 << 20
"""Values of a column that are looked at together."""


@dataclass(frozen=True)
class Table:
    """A table that was read from a file.

    Attributes:
        sheet: Name of its sheet; empty for text.
        sheets: Names of all sheets of its file that are read.
        columns: Its columns, without the parts of the path.
        labels: What stands above it: label -> its values.
        placed: Columns that stand in the sheet -> their letters.
        is_json: Whether it is a list of documents.
        rows: Gives the Parquet files of its rows; a large table was landed in parts.
        file: What its file is called, without the ending; empty where it was read from a database.
    """

    sheet: str
    sheets: Collection[str]
    columns: Sequence[str]
    labels: Mapping[str, Sequence[str]]
    placed: Mapping[str, str]
    is_json: bool
    rows: Callable[[], Sequence[Path]]
    file: str = ""

    @cached_property
    def start(self) -> pa.RecordBatch:
        """The first rows, as texts."""
        with pq.ParquetFile(self.rows()[0], buffer_size=_BUFFER) as file:
            names = [name for name in file.schema_arrow.names if name in self.columns]
            batches = file.iter_batches(LOOKED_AT, columns=names, use_threads=False)
            start = next(batches, pa.RecordBatch.from_pylist([], file.schema_arrow))
        return start.cast(pa.schema([(name, pa.string()) for name in start.schema.names]))

    def column(self, name: str) -> pa.ChunkedArray:
        """All values of a column."""
        return pa.chunked_array(
            [chunk for part in self.rows() for chunk in pq.read_table(part, columns=[name])[name].chunks], pa.string()
        )

    def is_blank(self, column: str) -> bool:
        """Whether a column holds nothing at all; mostly told from its first rows."""
        return not any(map(str.strip, self.start[column].to_pylist())) and not self.first(column, r"\S")

    def tells_kinds(self, column: str) -> bool:
        """Whether the first rows of a column hold few different values, and not numbers alone; blank ones may tell some below."""
        values = pc.unique(pc.utf8_trim_whitespace(self.start[column]))
        filled = [one for one in values.to_pylist() if one]
        return len(values) <= _MOST_KINDS and (not filled or any(any(map(str.isalpha, one)) for one in filled))

    def first(self, column: str, pattern: str, *, but: str = "") -> str:
        """The first value of a column in which the regular expression (RE2) is found, each different one looked at once; empty for none.

        Args:
            column: Its name.
            pattern: What is looked for.
            but: Values that are this as a whole do not count.
        """
        parts = self.rows()
        size = -(-len(parts) // _AT_ONCE)
        halves = [parts[first : first + size] for first in range(0, len(parts), size)] if parts else []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = pool.map(partial(_first_in, column=column, pattern=pattern, but=but), halves)
            return next(filter(None, found), "")

    def where(self, column: str, pattern: str, *, but: str, beside: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Values of a column as `first` looks for them, each with those of the columns `beside` it."""
        for part in self.rows():
            rows = pq.read_table(part, columns=[column, *beside])
            rows = rows.filter(pc.match_substring_regex(rows[column].cast(pa.string()), pattern))
            rows = rows.filter(
                pc.invert(pc.match_substring_regex(rows[column].cast(pa.string()), rf"^\s*(?:{but})\s*$"))
            )
            yield from zip(*([str(cell or "") for cell in one.to_pylist()] for one in rows.columns), strict=True)


def _first_in(parts: Sequence[Path], *, column: str, pattern: str, but: str) -> str:
    for values in _different(parts, column):
        found = values.filter(pc.match_substring_regex(values, pattern))
        if but and len(found):
            found = found.filter(pc.invert(pc.match_substring_regex(found, rf"^\s*(?:{but})\s*$")))
        if len(found):
            return str(found[0].as_py()).strip()
    return ""


def _different(parts: Sequence[Path], column: str) -> Iterator[pa.Array]:
    """Values of a column, in each row group of the files each once where it keeps a dictionary: many at a time, since a pattern is compiled for each look."""
    gathered: list[pa.Array] = []
    for part in parts:
        with pq.ParquetFile(part, read_dictionary=[column]) as file:
            chunks = file.read([column], use_threads=False)[column].chunks
        for chunk in chunks:
            gathered.append(chunk.dictionary if pa.types.is_dictionary(chunk.type) else chunk.cast(pa.string()))
            if sum(one.nbytes for one in gathered) >= _BYTES_AT_ONCE:
                yield pa.concat_arrays(gathered)
                gathered = []
    if gathered:
        yield pa.concat_arrays(gathered)


def any_of(words: Iterable[str]) -> str:
    """The words as a part of a regular expression (RE2), the longest first."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        fact: What was seen and why it matters: whole sentences.
        remedy: What to do where it does matter.
        otherwise: The case in which it does not.
        names: What a stream calls the questions in it, to answer them for good.
    """

    fact: Text
    remedy: Text
    otherwise: Text
    names: tuple[str, ...] = ()

    def for_run(self, run: int) -> Text:
        """The question with the ways on from a run that it stopped."""
        names = ", ".join(self.names)
        return Text(
            f"{self.fact.zh}{self.remedy.zh}；{self.otherwise.zh}：crossdock run approve {run}"
            f"（以后的文件也都这样，就在数据流里写 accepted: [{names}]）；文件有误：crossdock run discard {run}。",
            f"{self.fact.en} {self.remedy.en}; {self.otherwise.en}: crossdock run approve {run} "
            f"(for all later files too, write accepted: [{names}] for the stream); "
            f"if the file is wrong: crossdock run discard {run}.",
        )
