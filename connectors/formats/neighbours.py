"""Whether a table holds more than records: a second table under or beside it, or a heading; then nobody can say what is meant."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from canonical_model.language import Text
from connectors.base import ROW
from connectors.formats.cells import Kind, kind_of, letters_of
from connectors.formats.grid import holds_any, matches, texts_of
from connectors.formats.header import resembles_header
from connectors.formats.layout import Layout, header_name
from connectors.formats.words import is_header_word

_LOOKED_BELOW = 12
_LOOKED_AT = 200
"""Rows of the table that show what its columns hold."""
_FIGURE_COLUMNS = 2
_TABLE_CELLS = 3
_LABEL_COLUMNS = 2
"""A heading stands in one of the first columns, the first of which may hold running numbers."""
_MANY = 0.2
_SEPARATORS = (",", ";", "\t", "|", "，", "；")
_DIGIT = r"[0-9０-９]"
_HAN = re.compile(r"[\u3400-\u9fff]")
_WORDS = re.compile(r"[^\W\d_]{2}")
_UNSAID = re.compile(r"待.{0,3}|未.{0,2}|[暂暫].{0,2}|[无無]|不[详詳]|另行?.{0,3}")
"""What stands in the place of a code that is not known yet."""
_HEADING = r"^\s*(?:[^\d:：]{1,12}[:：]\s*\S|[（(]?[一二三四五六七八九十]{1,3}[)）、.．])"


def second_table(rows: pa.Table, layout: Layout) -> Text | None:
    """The sentence that a second table stands there; None where there is one alone.

    Args:
        rows: The records below the header, without blank rows and totals.
        layout: The header.
    """
    if layout.index < 0 or not rows.num_rows:
        return None
    below = _below(rows, layout)
    return _stacked(below) if below else _beside(rows, layout)


def torn_row(rows: pa.Table, layout: Layout) -> Text | None:
    """The sentence that a row holds a whole record in one cell (M-3,7,个), whatever became of its separators; None where none does.

    Args:
        rows: The rows below the header; nothing must be cut off below them yet.
        layout: The header.
    """
    if layout.index < 0 or len(layout.named) < _TABLE_CELLS:
        return None
    places = _first_places(_with_one_cell(rows, layout))
    coded = _coded_columns(rows.filter(pc.invert(_with_one_cell(rows, layout)))) if places else {}
    for place in places:
        text = next(cell for cell in texts_of(rows.slice(place, 1))[0] if cell.strip()).strip()
        split = ([piece.strip() for piece in text.split(sign)] for sign in _SEPARATORS)
        is_torn = any(_is_record(pieces, coded, len(layout.names)) for pieces in split)
        if is_torn or _is_record(text.split(), coded, len(layout.names), is_alike=True):
            number, shown = rows[ROW][place].as_py(), text[:40]
            return Text(
                f"第 {number} 行整行都在一格里（{shown}），像是这一行的分隔符丢了，或整行加了引号。请改成和别的行一样再发。",
                f"Row {number} has all of itself in one cell ({shown}): its separators were lost, or it stands in quotes as a "
                "whole. Write it as the other rows and send it again.",
            )
    return None


def _coded_columns(records: pa.Table) -> dict[int, Kind]:
    """Columns of which most values are codes, numbers or dates, with what most of them are."""
    columns = [column.slice(0, _LOOKED_AT).to_pylist() for column in records.columns[:-1]]
    kinds = [Counter(kind_of(text) for text in column if text.strip()) for column in columns]
    return {
        place: max(found, key=found.__getitem__)
        for place, found in enumerate(kinds)
        if 2 * found[Kind.TEXT] < found.total()
    }


def _is_record(pieces: list[str], coded: Mapping[int, Kind], width: int, *, is_alike: bool = False) -> bool:
    """Whether a text falls into as many pieces as the table has columns, without words where its records have none.

    Of a text with blanks, as any sentence has them, `is_alike` asks for more: the very kinds of two columns or more.
    """
    if len(pieces) != width or len(coded) < 1 + is_alike:
        return False
    kinds = {column: kind_of(pieces[column]) for column in coded}
    return kinds == coded if is_alike else Kind.TEXT not in kinds.values()


def heading_within(rows: pa.Table, layout: Layout) -> Text | None:
    """The sentence that a row says something of the rows below it (仓库：上海仓, 一、原材料, A区); None where none does."""
    if layout.index < 0 or len(layout.named) < _TABLE_CELLS:
        return None
    if (labelled := _labelled(rows, layout)) is not None:
        number, shown = rows[ROW][labelled].as_py(), "".join(texts_of(rows.slice(labelled, 1))[0]).strip()[:40]
        return Text(
            f"第 {number} 行（{shown}）像是下面各行的标题，不敢丢掉，也不敢当成一行数据。请给每行加一列写明这一项，并删掉这样的行。",
            f"Row {number} ({shown}) reads like a heading of the rows below it. Say it in a column of each row, and leave "
            "such rows out.",
        )
    if (worded := _worded(rows, layout)) is not None:
        number, shown = rows[ROW][worded].as_py(), " | ".join(filter(None, texts_of(rows.slice(worded, 1))[0]))[:40]
        return Text(
            f"第 {number} 行（{shown}）开头几格是文字，后面都空着，别的行这几列不是这样，像是下面各行的标题，不敢丢掉，也不敢当成一行数据。"
            "请给每行加一列写明这一项，并删掉这样的行。",
            f"Row {number} ({shown}) begins with words where the other rows have codes or numbers, and has nothing behind them: it "
            "reads like a heading of the rows below it. Say it in a column of each row, and leave such rows out.",
        )
    alone = _with_one_cell(rows, layout)
    places = pc.indices_nonzero(alone).to_pylist()
    if not places:
        return None
    others = rows.filter(pc.invert(alone))
    is_record = {column: not _is_no_record(column, others, layout) for column in layout.named[:_LABEL_COLUMNS]}
    for place in places:
        column, text = next((at, cell) for at, cell in enumerate(texts_of(rows.slice(place, 1))[0]) if cell.strip())
        if not _WORDS.search(text) or kind_of(text) is not Kind.TEXT:
            continue
        may_head = place < rows.num_rows - 1 and len(places) <= others.num_rows
        if re.match(_HEADING, text) or (may_head and not is_record[column]):
            number, shown = rows[ROW][place].as_py(), text.strip()[:40]
            return Text(
                f"第 {number} 行只有一格（{shown}），像是下面各行的标题，不敢丢掉，也不敢当成一行数据。"
                "请给每行加一列写明这一项，并删掉这样的行。",
                f"Row {number} has one cell alone ({shown}), which reads like a heading of the rows below it. "
                "Say it in a column of each row, and leave such rows out.",
            )
    return None


def _worded(rows: pa.Table, layout: Layout) -> int | None:
    """Place of the first row that fills two or three of the first columns alone, with words where the others have codes: 类别 | 标准件."""
    if len(layout.named) <= _TABLE_CELLS:
        return None
    first, second, third = layout.named[:_TABLE_CELLS]
    found: pa.ChunkedArray | None = None
    for position in reversed(range(rows.num_columns - 1)):
        if position not in {first, second, third}:
            blank = pc.equal(rows.column(position), "")
            found = blank if found is None else pc.and_(found, blank)
            if not pc.any(found).as_py():
                return None
    places = pc.indices_nonzero(found).to_pylist() if found is not None else []
    if 2 * len(places) > rows.num_rows:
        return None
    codes = rows.column(first).filter(pc.invert(found)).slice(0, _LOOKED_AT).to_pylist() if places else []
    if not codes or not all(any(map(str.isdigit, code)) for code in codes if code.strip()):
        return None
    for place in (one for one in places[:_LOOKED_AT] if one < rows.num_rows - 1):
        cells = texts_of(rows.slice(place, 1))[0]
        said = [cells[first].strip(), cells[second].strip()]
        if _UNSAID.fullmatch(said[0]):
            continue
        if all(map(_HAN.search, said)) and not any(map(str.isdigit, "".join(said))):
            return int(place)
    return None


def _labelled(rows: pa.Table, layout: Layout) -> int | None:
    """Place of the first row that holds a label with a colon and its value alone: 仓库： | 上海仓."""
    first, second = layout.named[:_LABEL_COLUMNS]
    labels = rows.column(first)
    if not holds_any(labels, [":", "："]):
        return None
    for place in pc.indices_nonzero(pc.match_substring_regex(labels, r"^\s*[^\d:：]{1,12}[:：]\s*$")).to_pylist():
        filled = {column for column, cell in enumerate(texts_of(rows.slice(place, 1))[0]) if cell.strip()}
        if filled == {first, second}:
            return int(place)
    return None


def _with_one_cell(rows: pa.Table, layout: Layout) -> pa.ChunkedArray:
    """Which rows fill one cell alone, in one of the first columns."""
    first, second = layout.named[:_LABEL_COLUMNS]
    found: pa.ChunkedArray | None = None
    for position in range(rows.num_columns - 1):
        if position not in (first, second):
            blank = pc.equal(rows.column(position), "")
            found = blank if found is None else pc.and_(found, blank)
            if not pc.any(found).as_py():
                return found
    alone = pc.xor(pc.equal(rows.column(first), ""), pc.equal(rows.column(second), ""))
    return alone if found is None else pc.and_(found, alone)


def _is_no_record(column: int, others: pa.Table, layout: Layout) -> bool:
    """Whether words alone in `column` differ from all records: these have figures there, or always fill another column."""
    values = [text for text in others.column(column).slice(0, _LOOKED_AT).to_pylist() if text.strip()]
    if 2 * sum(kind_of(text) is Kind.TEXT for text in values) < len(values):
        return True
    return any(
        pc.all(pc.not_equal(pc.utf8_trim_whitespace(others.column(one)), "")).as_py()
        for one in layout.named
        if one != column
    )


def _below(rows: pa.Table, layout: Layout) -> tuple[int, list[str]] | None:
    """Row number and texts of another header among the records.

    It has words where the columns hold figures, or stands below a gap: only such rows are looked at.
    """
    mask: pa.ChunkedArray | None = None
    for column in islice(_figure_columns(rows, layout), _FIGURE_COLUMNS):
        values = rows.column(column)
        words = pc.and_(
            pc.not_equal(values, ""), pc.invert(pc.and_(pc.greater_equal(values, "0"), pc.less(values, ":")))
        )
        if pc.any(words).as_py():  # values that do not begin with a digit
            words = pc.and_(words, pc.invert(matches(values, _DIGIT)))
        mask = words if mask is None else pc.or_(mask, words)
    first = range(min(rows.num_rows, _LOOKED_AT)) if mask is None else _first_places(mask)
    places = sorted({*first, *_first_places(_is_below_gap(rows))})
    for place in places:
        row, *under = texts_of(rows.slice(place, _LOOKED_BELOW))
        if place and under and _is_other_header(row, under, layout):
            return rows[ROW][place].as_py(), row
    return None


def _is_below_gap(rows: pa.Table) -> pa.Array:
    """Which rows stand below blank rows or totals."""
    numbers = rows[ROW].combine_chunks()
    return pc.greater(pc.pairwise_diff(numbers), 1)


def _first_places(mask: pa.Array | pa.ChunkedArray) -> list[int]:
    found: list[int] = pc.indices_nonzero(mask).to_pylist()
    return found[:_LOOKED_AT]


def _is_other_header(row: list[str], under: list[list[str]], layout: Layout) -> bool:
    texts = [header_name(cell) for cell in row if cell.strip()]
    if (
        len(texts) < 2
        or len(set(texts)) < len(texts)
        or any(kind_of(text) in {Kind.NUMBER, Kind.DATE} for text in texts)
    ):
        return False
    again, usual = sum(text in layout.names for text in texts), sum(map(is_header_word, texts))
    is_likely = 2 * again >= len(texts) or (2 * usual >= len(texts) and _differs_in_kind(row, under))
    is_wide = 2 * len(texts) >= len(layout.named) or _has_own_columns(row, under)
    return is_likely and is_wide and resembles_header(row, under)


def _has_own_columns(row: list[str], under: list[list[str]]) -> bool:
    """Whether `row` and all rows under it fill the same few columns, as the table that it heads does."""
    columns = _columns(row)
    return len(columns) >= _TABLE_CELLS and len(under) > 1 and all(_columns(one) == columns for one in under)


def _columns(row: list[str]) -> list[int]:
    return [column for column, cell in enumerate(row) if cell.strip()]


def _differs_in_kind(row: list[str], under: list[list[str]]) -> bool:
    """Whether under the words of `row` there are figures or codes."""
    return any(
        kind_of(row[column]) is Kind.TEXT
        and any(kind_of(one[column]) is not Kind.TEXT for one in under if one[column].strip())
        for column in _columns(row)
    )


def _figure_columns(rows: pa.Table, layout: Layout) -> Iterator[int]:
    """Named columns of which most values are numbers or dates."""
    sample = rows.slice(0, _LOOKED_AT)
    for column in layout.named:
        kinds = [kind_of(text) for text in sample.column(column).to_pylist() if text.strip()]
        if sum(kind in {Kind.NUMBER, Kind.DATE} for kind in kinds) * 2 > len(kinds):
            yield column


def _beside(rows: pa.Table, layout: Layout) -> Text | None:
    groups = _groups(rows, layout)
    if len(groups) < 2:
        return None
    first, second = groups[0], groups[1]
    unnamed = [column for column in second if column in layout.unnamed]
    names = [{_bare(layout, column) for column in group} for group in (first, second)]
    if 2 * len(unnamed) > len(second) or names[0] & names[1] or _are_apart(rows, first, second):
        left, right = (f"{letters_of(group[0])}:{letters_of(group[-1])}" for group in (first, second))
        return Text(
            f"{left} 列和 {right} 列像是并排的两张表，不敢混着读。请分到两张工作表，或在设置里写 area: {left} 只读其中一张。",
            f"Columns {left} and {right} look like two tables side by side. "
            f"Put them on two sheets, or set area: {left} to read one of them.",
        )
    return None


def _groups(rows: pa.Table, layout: Layout) -> list[list[int]]:
    """Runs of two columns or more between columns that are wholly empty."""
    groups: list[list[int]] = [[]]
    for column in range(len(layout.names)):
        is_used = column not in layout.unnamed or pc.any(pc.not_equal(rows.column(column), "")).as_py()
        if is_used:
            groups[-1].append(column)
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if len(group) > 1]


def _bare(layout: Layout, column: int) -> str:
    """The header as it stands, also where the column got another name since that was taken."""
    return next((name for name, places in layout.twins.items() if column in places), layout.names[column])


def _are_apart(rows: pa.Table, first: list[int], second: list[int]) -> bool:
    """Whether many rows are filled on one side only."""
    left, right = (_is_filled(rows, group) for group in (first, second))
    alone = pc.sum(pc.xor(left, right)).as_py() or 0
    return bool(alone >= 2 and alone >= _MANY * rows.num_rows)


def _is_filled(rows: pa.Table, columns: list[int]) -> pa.ChunkedArray:
    filled = pc.not_equal(rows.column(columns[0]), "")
    for column in columns[1:]:
        filled = pc.or_(filled, pc.not_equal(rows.column(column), ""))
    return filled


def _stacked(below: tuple[int, list[str]]) -> Text:
    number, row = below
    shown = re.sub(r"\s+", " ", " | ".join(cell for cell in row if cell.strip()))[:40]
    return Text(
        f"第 {number} 行（{shown}）像是另一张表的表头，一张工作表上放了两张表，不敢混着读。"
        f"请分到两张工作表，或在设置里写明只读哪一块，如 area: 1:{number - 1} 或 area: {number}:。",
        f"Row {number} ({shown}) looks like the header of another table on the same sheet. "
        f"Put them on two sheets, or name the part to read: area: 1:{number - 1}, or area: {number}: .",
    )
