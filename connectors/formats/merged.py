"""Merged areas among the records: a code that spans several rows belongs to each, a quantity to nobody knows which."""

import re
from collections import defaultdict

import pyarrow as pa

from canonical_model.language import Text
from connectors.base import ROW
from connectors.formats.cells import Kind, kind_of, letters_of
from connectors.formats.grid import Grid
from connectors.formats.layout import Layout
from connectors.formats.sheet import SHARED_NUMBER
from connectors.formats.words import is_measure

_CODE_WORDS = ("号", "编码", "代码", "条码", "序", "项次", "no", "code", "id", "number", "sku", "po", "order", "item")
_AMOUNTS = re.compile(r"[数量额价]|(?i:qty|quantity|amount|price)")
_WITH_UNIT = re.compile(r"\s*[-+]?[¥￥$€£]?\s*[\d０-９][\d０-９,，.．]*\s*(?P<unit>[^\d０-９\s].{0,7}?)\s*")
_SHOWN = 6
_LONG_CODE = 8


def fill_merged(rows: pa.Table, grid: Grid, layout: Layout) -> tuple[pa.Table, Text | None]:
    """The records with the value of each vertically merged area in all its rows, and where that was done.

    A number that is no code by its column's name or its length is left where it stands and flagged in all its rows: it may be the
    sum of them.

    Args:
        rows: The records, without totals and the like.
        grid: The sheet that they come from.
        layout: Its header.
    """
    spans = [span for span in grid.merges if span.bottom > span.top > layout.last and span.left < grid.width]
    places = {number: place for place, number in enumerate(rows[ROW].to_pylist())} if spans else {}
    filled: defaultdict[int, dict[int, str]] = defaultdict(dict)
    said = []
    for span in spans:
        inside = [number for number in range(span.top + 1, span.bottom + 2) if number in places]
        value = grid.rows.column(span.left)[span.top].as_py() if span.top < grid.rows.num_rows else ""
        if not value.strip() or len(inside) < 2:
            continue
        if _is_amount(value, layout.names[span.left]) and not _is_code(value, layout.names[span.left]):
            grid.suspects += [(number, span.left, SHARED_NUMBER) for number in inside]
            continue
        filled[span.left] |= dict.fromkeys((places[number] for number in inside), value)
        said.append(f"{letters_of(span.left)}{span.top + 1}:{letters_of(span.left)}{span.bottom + 1}")
    for position, values in filled.items():
        texts = rows.column(position).to_pylist()
        for place, value in values.items():
            texts[place] = value
        rows = rows.set_column(position, rows.schema.field(position), pa.array(texts, pa.string()))
    return rows, _note(said) if said else None


def _is_amount(value: str, name: str) -> bool:
    """Whether a cell is a number or, in a column named like amounts, one with a unit or currency behind it: 500箱, 1,200 PCS."""
    behind = _WITH_UNIT.fullmatch(value) if _AMOUNTS.search(name) else None
    return kind_of(value) is Kind.NUMBER or (behind is not None and is_measure(behind["unit"]))


def _is_code(number: str, name: str) -> bool:
    """Whether a number is a code: by the name of its column, or since it is longer than quantities are."""
    is_named = any(word in name.lower() for word in _CODE_WORDS)
    return not re.search("[数量额价]", name) and (is_named or (len(number) >= _LONG_CODE and number.isdecimal()))


def _note(areas: list[str]) -> Text:
    shown = ", ".join(areas[:_SHOWN]) + ("…" if len(areas) > _SHOWN else "")
    return Text(
        f"合并单元格的值已填到它的每一行（{shown}）",
        f"values of merged cells were repeated in each of their rows ({shown})",
    )
