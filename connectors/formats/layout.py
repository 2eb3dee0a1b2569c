"""Which rows are the header and what the columns are called."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from canonical_model.language import Text
from canonical_model.text import clip
from connectors.base import ROW
from connectors.formats.cells import letters_of, shape_of
from connectors.formats.grid import Span
from connectors.formats.header import Header, find_header
from connectors.formats.levels import join_levels
from connectors.formats.options import FormatOptions

_RECORDS = 2

Row = tuple[str, ...]


def header_name(text: str) -> str:
    """The header text as a column name: trimmed, line breaks and runs of blanks as one blank."""
    return " ".join(text.split())


def generated_name(position: int) -> str:
    """The name of a column without a header: 列C."""
    return f"列{letters_of(position)}"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which rows are the header and what the columns are called.

    Attributes:
        names: One name per column from the left, all different; generated where the header is blank.
        unnamed: Positions of columns whose header is blank: dropped where they hold nothing.
        index: Position of the first header row among the rows; -1 where there is none.
        last: Position of the last header row; the records begin behind it.
        reason: Why these rows.
        header: The header rows as they stand.
        above: The filled rows above them.
        twins: Positions of columns with the same header, by that header.
        is_settled: Whether it was decided which of these columns is left.
    """

    names: tuple[str, ...]
    unnamed: frozenset[int]
    index: int
    last: int
    reason: Text
    header: tuple[Row, ...] = ()
    above: frozenset[Row] = frozenset()
    twins: dict[str, tuple[int, ...]] = field(default_factory=dict)
    is_settled: bool = False

    @property
    def named(self) -> list[int]:
        """Positions of the columns that have a header."""
        return [place for place in range(len(self.names)) if place not in self.unnamed]

    @property
    def last_named(self) -> int:
        """Position of the last column that has a header; -1 when none has."""
        return max(self.named, default=-1)

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

    @property
    def kept_twins(self) -> dict[str, int]:
        """Of columns with one header the one that carries it, where that was settled."""
        return {name: self.names.index(name) for name in self.twins if self.is_settled}

    def settle_twins(self, rows: pa.Table, *, before: Mapping[str, int] | None = None) -> "Layout | Text":
        """The layout in which of columns with one header the filled one is left; the sentence where several differ.

        Columns of one header do no harm when only one of them holds values, or all hold the same.

        Args:
            rows: The records.
            before: What was settled for earlier parts of the file.
        """
        names, unnamed = list(self.names), set(self.unnamed)
        for name, places in self.twins.items():
            filled = [place for place in places if pc.any(pc.not_equal(rows.column(place), "")).as_py()]
            kept = (before or {}).get(name, (filled or places)[0])
            if any(not rows.column(place).equals(rows.column(kept)) for place in filled):
                return self._repeated(name)
            for place in places:
                names[place] = name if place == kept else generated_name(place)
            unnamed |= set(places) - {kept}
        return replace(self, names=tuple(names), unnamed=frozenset(unnamed), is_settled=True)

    def _repeated(self, name: str) -> Text:
        row = "" if self.index < 0 else str(self.last + 1)
        places = "、".join(f"{letters_of(place)}{row}" for place in self.twins[name])
        places_en = places.replace("、", " and ")
        return Text(
            f"列名“{clip(name)}”出现了不止一次：{places}，内容又不相同。请给其中一列改名后再发。",
            f"The column name “{clip(name)}” stands more than once: "
            f"{places_en}, over different values. Rename one of them and send the file again.",
        )


def plan_layout(
    head: Sequence[Sequence[str]],
    row_numbers: Sequence[int],
    options: FormatOptions,
    *,
    merges: Sequence[Span] = (),
) -> Layout | Text:
    """The layout of a grid whose first rows are `head`, or the sentence why there is none.

    Args:
        head: The first rows as texts.
        row_numbers: The number of each of them as a person counts.
        options: What the stream says.
        merges: The merged areas of the sheet.
    """
    width = max((len(row) for row in head), default=0)
    head = options.crop_head(head, row_numbers)
    if options.header == "none":
        if len(options.names) > width:
            return Text(
                f"设置里给了 {len(options.names)} 个列名，文件只有 {width} 列。请核对 names 与 delimiter。",
                f"The settings name {len(options.names)} columns, but the file has {width}. Check names and delimiter.",
            )
        if problem := _title(head, row_numbers):
            return problem
        given = [options.names[place] if place < len(options.names) else "" for place in range(width)]
        reason = Text("设置里说没有表头", "the settings say that there is no header")
        return _named(given, index=-1, last=-1, head=head, reason=reason)
    header = _given_header(head, row_numbers, options, merges)
    if header is None:
        header = find_header(head, merges=merges, numbers=row_numbers)
    if isinstance(header, Text):
        return header
    cells = [header_name(cell) for cell in header.names]
    return _named(
        cells + [""] * (width - len(cells)), index=header.index, last=header.last, head=head, reason=header.reason
    )


def _title(head: Sequence[Sequence[str]], row_numbers: Sequence[int]) -> Text | None:
    """The sentence that the first row of a table without a header is a title or comment: one cell, unlike all below it."""
    filled = [
        (number, [cell for cell in row if cell.strip()])
        for number, row in zip(row_numbers, head, strict=True)
        if any(cell.strip() for cell in row)
    ]
    (number, first), *below = filled or [(0, [])]
    if len(first) != 1 or len(below) < _RECORDS or any(len(cells) < _RECORDS for _, cells in below):
        return None
    if shape_of(first[0]) in {shape_of(cells[0]) for _, cells in below}:
        return None
    return Text(
        f"设置里说没有表头，但第 {number} 行只有一格“{clip(first[0])}”，像标题或注释，不像记录。"
        f"请在设置里写 area: {number + 1}:，从下一行读起；或请对方去掉这一行。",
        f"The settings say that there is no header, but row {number} is one cell, “{clip(first[0])}”, which looks like a title or "
        f"comment. Set area: {number + 1}: to begin with the next row, or have it left out.",
    )


def _given_header(
    head: Sequence[Sequence[str]], row_numbers: Sequence[int], options: FormatOptions, merges: Sequence[Span]
) -> Header | Text | None:
    """The header that the settings name; None where they leave it to be found."""
    rows = options.header_rows
    if rows is None:
        return None
    found = [place for place, number in enumerate(row_numbers) if number in rows]
    if not found or not any(cell.strip() for place in found for cell in head[place]):
        return Text(
            f"设置里说表头在第 {options.header} 行，那里没有内容。请改正 header 的行号，或删掉它让系统自己找。",
            f"The settings put the header in row {options.header}, but nothing stands there. "
            "Correct the row number in header, or leave it out to have it found.",
        )
    names = tuple(join_levels(head, found[0], found[-1], merges))
    return Header(found[0], found[-1], names, 1.0, Text("设置里指定的行", "the row that the settings name"))


def _named(
    given: Sequence[str], *, index: int, last: int, head: Sequence[Sequence[str]], reason: Text
) -> Layout | Text:
    if ROW in given:
        cell = f"{letters_of(list(given).index(ROW))}{last + 1}"
        return Text(
            f"列名“{ROW}”（{cell}）是系统保留的，请改名后再发。",
            f"The column name “{ROW}” ({cell}) is reserved. Rename it.",
        )
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(given):
        positions[text or generated_name(place)].append(place)
    names = tuple(
        given[place] if given[place] and positions[given[place]][0] == place else generated_name(place)
        for place in range(len(given))
    )
    return Layout(
        names,
        unnamed=frozenset(place for place, name in enumerate(given) if not name),
        index=index,
        last=last,
        reason=reason,
        header=tuple(tuple(header_name(cell) for cell in row) for row in head[max(index, 0) : last + 1]),
        above=frozenset(
            row for row in (tuple(cell.strip() for cell in row) for row in head[: max(index, 0)]) if any(row)
        ),
        twins={name: tuple(places) for name, places in positions.items() if len(places) > 1},
    )
