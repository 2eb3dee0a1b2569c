"""Merged areas among the records: a code that spans several rows belongs to each, a quantity to nobody knows which."""

import pyarrow as pa

from canonical_model.language import Text
from connectors.base import ROW
from connectors.formats.cells import Kind, kind_of, letters_of
from connectors.formats.grid import Grid
from connectors.formats.layout import Layout
from connectors.formats.sheet import SHARED_NUMBER

_CODE_WORDS = ("号", "编码", "代码", "条码", "序", "项次", "no", "code", "id", "number", "sku", "po", "order", "item")
_SHOWN = 6


def fill_merged(grid: Grid, layout: Layout) -> Text | None:
    """Repeats the value of each vertically merged area below the header in all its rows; says where, None for nowhere.

    A number whose column is not named like a code is left where it stands and flagged in all its rows: it may be the
    sum of them.
    """
    spans = [span for span in grid.merges if span.bottom > span.top > layout.last and span.left < grid.width]
    filled: dict[int, list[tuple[int, int, str]]] = {}
    for span in spans:
        bottom = min(span.bottom, grid.rows.num_rows - 1)
        value = grid.rows.column(span.left)[span.top].as_py() if span.top <= bottom else ""
        if not value.strip() or bottom == span.top:
            continue
        if kind_of(value) is Kind.NUMBER and not _names_code(layout.names[span.left]):
            grid.suspects += [
                (number, span.left, SHARED_NUMBER)
                for number in grid.rows[ROW].slice(span.top, bottom - span.top + 1).to_pylist()
            ]
        else:
            filled.setdefault(span.left, []).append((span.top, bottom, value))
    for position, runs in filled.items():
        texts = grid.rows.column(position).to_pylist()
        for top, bottom, value in runs:
            texts[top : bottom + 1] = [value] * (bottom - top + 1)
        field = grid.rows.schema.field(position)
        grid.rows = grid.rows.set_column(position, field, pa.array(texts, pa.string()))
    return _said(filled) if filled else None


def _names_code(name: str) -> bool:
    return any(word in name.lower() for word in _CODE_WORDS) and "数" not in name


def _said(filled: dict[int, list[tuple[int, int, str]]]) -> Text:
    runs = [
        f"{letters_of(column)}{top + 1}:{letters_of(column)}{bottom + 1}"
        for column, each in sorted(filled.items())
        for top, bottom, _ in each
    ]
    shown = ", ".join(runs[:_SHOWN]) + ("…" if len(runs) > _SHOWN else "")
    return Text(
        f"合并单元格的值已填到它的每一行（{shown}）",
        f"values of merged cells were repeated in each of their rows ({shown})",
    )
