"""What the columns of a table look like, for a preview before any mapping is written."""

import re
from collections import Counter
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from canonical_model.language import Text
from canonical_model.text import clip
from connectors.base import ROW
from connectors.formats.cells import Kind, kind_of

_LOOKED_AT = 1_000
_SHOWN = 3
_SERIAL = re.compile(r"[2-7]\d{4}(\.\d+)?")
"""A date as Excel counts it, in days since 1899-12-30."""


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column at a glance.

    Attributes:
        name: Its name.
        kind: What most of its values look like; blank when it holds none.
        filled: Cells with a value, of all rows.
        empty: Cells without.
        examples: The first few different values.
        odd: The first few places whose value looks otherwise: (row number, value).
        note: What to mind with this column; empty in most.
    """

    name: str
    kind: Kind
    filled: int
    empty: int
    examples: tuple[str, ...]
    odd: tuple[tuple[int, str], ...]
    note: Text


def looks_like(table: pa.Table) -> list[ColumnProfile]:
    """The profile of every text column of `table`, guessed from its first thousand values."""
    return [_profile(table, name) for name in table.column_names if name != ROW]


def _profile(table: pa.Table, name: str) -> ColumnProfile:
    filled = pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(table[name]), ""), fill_value=False)
    present = table.select([name, ROW]).filter(filled)
    values: list[str] = present[name].slice(0, _LOOKED_AT).to_pylist()
    rows: list[int] = present[ROW].slice(0, _LOOKED_AT).to_pylist()
    kinds = [kind_of(value) for value in values]
    kind = _kind(values, kinds)
    odd = [
        (row, clip(value, 40)) for row, value, one in zip(rows, values, kinds, strict=True) if _is_odd(value, one, kind)
    ]
    return ColumnProfile(
        name=name,
        kind=kind,
        filled=present.num_rows,
        empty=table.num_rows - present.num_rows,
        examples=tuple(clip(value, 40) for value in list(dict.fromkeys(values))[:_SHOWN]),
        odd=tuple(odd[:_SHOWN]),
        note=_note(values, kind),
    )


def _kind(values: list[str], kinds: list[Kind]) -> Kind:
    """The kind of most values; digits that begin with 0 are codes, and so are columns of codes and numbers mixed."""
    if not kinds:
        return Kind.BLANK
    count = Counter(kinds)
    if count[Kind.TEXT] * 2 > len(kinds):
        return Kind.TEXT
    if _keeps_zeros(values) or (count[Kind.CODE] and count[Kind.CODE] + count[Kind.NUMBER] > len(kinds) // 2):
        return Kind.CODE
    return count.most_common(1)[0][0]


def _keeps_zeros(values: list[str]) -> bool:
    return any(len(value) > 1 and value.startswith("0") and value.isdigit() for value in values)


def _is_odd(value: str, one: Kind, kind: Kind) -> bool:
    if kind is Kind.DATE and _SERIAL.fullmatch(value):
        return False
    if kind in {Kind.TEXT, Kind.BLANK}:
        return False
    return one not in ({Kind.CODE, Kind.NUMBER} if kind is Kind.CODE else {kind})


def _note(values: list[str], kind: Kind) -> Text:
    if kind is Kind.CODE and _keeps_zeros(values):
        return Text("编码以 0 开头，按文字保留", "codes that begin with 0; kept as text")
    long = [value for value in values if value.isdigit() and len(value) > 15]
    if long and all(value.endswith("000") for value in long):
        return Text(
            "超过 15 位的数字末尾全是 0，可能已在 Excel 里丢了位数",
            "numbers of more than 15 digits all end in 000; Excel may have lost their last digits",
        )
    return Text("", "")
