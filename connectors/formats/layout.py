"""Which row is the header and what the columns are called."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from canonical_model.language import Text
from canonical_model.text import clip
from connectors.base import ROW
from connectors.formats.cells import letters_of
from connectors.formats.header import Header, find_header
from connectors.formats.options import FormatOptions

HEAD_ROWS = 60
"""Rows from the top in which the header is looked for."""


def header_name(text: str) -> str:
    """The header text as a column name: trimmed, line breaks and runs of blanks as one blank."""
    return " ".join(text.split())


def generated_name(position: int) -> str:
    """The name of a column without a header: 列C."""
    return f"列{letters_of(position)}"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which row is the header and what the columns are called.

    Attributes:
        names: One name per column from the left; generated where the header is blank.
        unnamed: Positions of columns whose header is blank: dropped where they hold nothing.
        index: Position of the header among the rows; -1 where there is none.
        reason: Why that row.
    """

    names: tuple[str, ...]
    unnamed: frozenset[int]
    index: int
    reason: Text

    @property
    def last_named(self) -> int:
        """Position of the last column that has a header; -1 when none has."""
        return max((place for place in range(len(self.names)) if place not in self.unnamed), default=-1)

    def resize(self, width: int) -> "Layout":
        """The layout with `width` columns, those added without a header."""
        names = tuple(self.names[place] if place < len(self.names) else generated_name(place) for place in range(width))
        added = set(range(len(self.names), width))
        return replace(self, names=names, unnamed=frozenset((self.unnamed | added) & set(range(width))))

    def name(self, rows: pa.Table) -> tuple[pa.Table, dict[str, str]]:
        """`rows` under their names without the empty unnamed columns, and each column's letters."""
        kept = [
            position
            for position in range(len(self.names))
            if position not in self.unnamed or pc.any(pc.not_equal(rows.column(position), "")).as_py()
        ]
        table = rows.select([*kept, rows.num_columns - 1])
        names = {self.names[position]: letters_of(position) for position in kept}
        return table.rename_columns([*names, ROW]), names


def plan_layout(
    head: Sequence[Sequence[str]],
    row_numbers: Sequence[int],
    options: FormatOptions,
    *,
    merged_rows: frozenset[int] = frozenset(),
) -> Layout | Text:
    """The layout of a grid whose first rows are `head`, or the sentence why there is none.

    Args:
        head: The first rows as texts.
        row_numbers: The number of each of them as a person counts.
        options: What the stream says.
        merged_rows: Positions in `head` that lie in a cell merged over most of the width (titles).
    """
    width = max((len(row) for row in head), default=0)
    if options.header == "none":
        if len(options.names) > width:
            return Text(
                f"设置里给了 {len(options.names)} 个列名，文件只有 {width} 列。请核对 names 与 delimiter。",
                f"The settings name {len(options.names)} columns, but the file has {width}. Check names and delimiter.",
            )
        given = [options.names[i] if i < len(options.names) else "" for i in range(width)]
        return _named(
            given, index=-1, row=0, reason=Text("设置里说没有表头", "the settings say that there is no header")
        )
    if options.header == "auto":
        header = find_header(head, merged_rows=merged_rows)
        if isinstance(header, Text):
            return header
    else:
        found = [i for i, number in enumerate(row_numbers) if number == options.header]
        if not found or not any(cell.strip() for cell in head[found[0]]):
            return Text(
                f"设置里说表头在第 {options.header} 行，那里没有内容。请改正 header 的行号，或删掉它让系统自己找。",
                f"The settings put the header in row {options.header}, but nothing stands there. "
                "Correct the row number in header, or leave it out to have it found.",
            )
        header = Header(found[0], 1.0, Text("设置里指定的行", "the row that the settings name"))
    cells = [header_name(cell) for cell in head[header.index]]
    return _named(
        cells + [""] * (width - len(cells)), index=header.index, row=row_numbers[header.index], reason=header.reason
    )


def _named(given: Sequence[str], *, index: int, row: int, reason: Text) -> Layout | Text:
    unnamed = frozenset(i for i, name in enumerate(given) if not name)
    names = tuple(name or generated_name(i) for i, name in enumerate(given))
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated or ROW in names:
        name = repeated[0] if repeated else ROW
        places = "、".join(f"{letters_of(i)}{row or ''}" for i, other in enumerate(names) if other == name)
        if not repeated:
            return Text(
                f"列名“{ROW}”（{places}）是系统保留的，请改名后再发。",
                f"The column name “{ROW}” ({places}) is reserved. Rename it.",
            )
        places_en = places.replace("、", " and ")
        return Text(
            f"列名“{clip(name)}”出现了不止一次：{places}。请给其中一列改名后再发。",
            f"The column name “{clip(name)}” stands more than once: "
            f"{places_en}. Rename one of them and send the file again.",
        )
    return Layout(names, unnamed, index, reason)
