"""What stands elsewhere in a table: values above cells that say 同上, labels above the table, the value above blank cells.

The last two are taken where the settings say so. Control characters are taken out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from canonical_model.language import Text
from canonical_model.text import clip
from connectors.base import ROW
from connectors.formats.grid import holds_any, holds_match, is_ascii, least_byte
from connectors.formats.labels import label_columns, scaled
from connectors.formats.options import FormatOptions

_WORDS = ("ditto", "-do-")
_DITTO = (
    "同上",
    "同前",
    "上同",
    "〃",
    "〃〃",
    "″",
    "″″",
    '"',
    "do.",  # Do. is a Thursday
    *(f(one) for one in _WORDS for f in (str.lower, str.title, str.upper)),
)
_CONTROL = r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0e-\x1b]"
"""Colours of a terminal and signs that ring its bell; a tab or line end is a blank, and some separate the parts of a code."""
_BLANK = 0x20
_ASCII_DITTO = [one for one in _DITTO if one.isascii()]
_DITTO_BYTES = pa.array(sorted({len(one.encode()) for one in _DITTO}), pa.int32())


@dataclass(slots=True)
class Completion:
    """Completes the records of one table, which may come in several parts.

    Attributes:
        options: What the stream says.
        labels: What stands above the header as label and value.
        sheet: Name of the sheet; empty for text.
        above: The last values of the columns whose blanks are filled.
        ditto: The last values of all columns.
        notes: What was filled in, for people.
        copied: (row, column) -> the row from which its value was taken, of those that said 同上 in this table.
    """

    options: FormatOptions
    labels: Mapping[str, Sequence[str]]
    sheet: str = ""
    above: dict[str, str] = field(default_factory=dict)
    ditto: dict[str, str] = field(default_factory=dict)
    notes: list[Text] = field(default_factory=list)
    copied: dict[tuple[int, str], int] = field(default_factory=dict)

    def complete(self, table: pa.Table) -> pa.Table | Text:
        """The records (under their names, and `_row`) with what is added; the sentence where a column or label is missing."""
        columns = self.options.same_as_above
        missing = next((name for name in columns if name not in table.column_names), None)
        if missing is not None:
            return _missing(missing, table.column_names[:-1])
        table = self._fill_ditto(self._without_control(table)) if table.num_rows else table
        table = self._fill_down(table, columns) if columns and table.num_rows else table
        wanted = self.options.label_names
        labelled = scaled(wanted, self.labels) or label_columns(table, wanted, self.labels)
        return labelled if isinstance(labelled, Text) else self._with_sheet(labelled)

    def _with_sheet(self, table: pa.Table) -> pa.Table | Text:
        name = self.options.sheet_as
        if name is None or name in table.column_names:
            return table
        if not self.sheet:
            return _no_sheet(name)
        column = pa.repeat(pa.scalar(self.sheet, pa.string()), table.num_rows)
        return table.add_column(table.column_names.index(ROW), name, column)

    def _without_control(self, table: pa.Table) -> pa.Table:
        """The records without control characters, which nobody sees."""
        for place, name in enumerate(table.column_names[:-1]):
            if least_byte(table[name]) < _BLANK and holds_match(table[name], _CONTROL):
                table = table.set_column(place, name, pc.replace_substring_regex(table[name], _CONTROL, ""))
                note = Text(
                    f"“{clip(name)}”里看不见的控制字符已去掉", f"control characters in “{clip(name)}” were taken out"
                )
                self.notes += [note] if note not in self.notes else []
        return table

    def _fill_ditto(self, table: pa.Table) -> pa.Table:
        """Cells that say 同上 hold what stands above them; where nothing does, they are left as they are."""
        self.copied = {}
        for place, name in enumerate(table.column_names[:-1]):
            column = table[name]
            if _may_say_so(column) and pc.any(blank := pc.is_in(column, value_set=pa.array(_DITTO))).as_py():
                values = pc.fill_null_forward(pc.if_else(blank, pa.scalar(None, pa.string()), column))
                before = self.ditto.get(name)
                values = pc.coalesce(values, pa.scalar(before, pa.string()), column)
                table = table.set_column(place, name, values)
                self._note(name)
                origins = pc.fill_null_forward(pc.if_else(blank, pa.scalar(None, pa.int64()), table[ROW]))
                rows, taken = table[ROW].filter(blank).to_pylist(), origins.filter(blank).to_pylist()
                self.copied |= {(row, name): origin for row, origin in zip(rows, taken, strict=True) if origin}
            self.ditto[name] = table[name][-1].as_py()
        return table

    def _note(self, column: str) -> None:
        note = Text(
            f"“{column}”里的“同上”已换成上面的值", f"ditto marks in “{column}” were replaced by the value above"
        )
        if note not in self.notes:
            self.notes.append(note)

    def _fill_down(self, table: pa.Table, columns: Sequence[str]) -> pa.Table:
        """Only rows without the first of the columns: the line of another document keeps its own blanks."""
        is_line = _is_blank(table[columns[0]])
        for name in columns:
            blank = pc.and_(is_line, _is_blank(table[name]))
            values = pc.if_else(blank, pa.scalar(None, pa.string()), table[name])
            filled = pc.fill_null(pc.fill_null_forward(values), self.above.get(name, ""))
            table = table.set_column(table.column_names.index(name), name, filled)
            self.above[name] = filled[-1].as_py()
        return table


def _may_say_so(column: pa.ChunkedArray) -> bool:
    """Whether any value may be one of `_DITTO`: a quick look before each value is looked at."""
    if is_ascii(column):
        return holds_any(column, ['"', "d", "D"]) and holds_any(column, _ASCII_DITTO)
    return bool(pc.any(pc.is_in(pc.binary_length(column), value_set=_DITTO_BYTES)).as_py())


def _is_blank(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.equal(pc.utf8_trim_whitespace(column), "")


def _no_sheet(name: str) -> Text:
    return Text(
        f"设置里写了 sheet_as: {name}，可文本文件没有工作表名。请去掉这个设置，或让表里有“{name}”这一列。",
        f"sheet_as: {name} is set, and a text file has no sheets. Take it out of the settings, or have a column “{name}”.",
    )


def _missing(name: str, there: Sequence[str]) -> Text:
    return Text(
        f"设置里的 same_as_above 写了“{name}”，表里没有这一列。表头里有：{'、'.join(there)}。请改正设置，或请对方恢复列名。",
        f"same_as_above in the settings names “{name}”, which is no column of the table. The header has: "
        f"{', '.join(there)}. Correct the settings, or have the column named again.",
    )
