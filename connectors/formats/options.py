"""What a stream may say about the form of its files; everything may be left out."""

import codecs
import re
from collections.abc import Sequence
from typing import Annotated, Literal

import pyarrow as pa
from pydantic import Field, StringConstraints, field_validator, model_validator

from canonical_model.validation import WrongValueError
from connectors.base import ConnectorConfig
from connectors.formats.cells import position_of

_AREA = re.compile(r"^([A-Za-z]{0,3})([0-9]{0,7}):([A-Za-z]{0,3})([0-9]{0,7})$")
_MOST_HEADER_ROWS = 5
_LAST = 10_000_000
HEAD_ROWS = 60
"""Rows from the top in which the header is looked for."""


_Name = Annotated[str, StringConstraints(min_length=1)]


class FormatOptions(ConnectorConfig):
    """How the files of a stream are to be read where they do not say so themselves."""

    header: Literal["auto", "none"] | int | Annotated[str, StringConstraints(pattern=r"^[0-9]{1,7}-[0-9]{1,7}$")] = (
        Field(
            default="auto",
            description=(
                "Row of the header: auto finds it, none says that there is none, a number is the row as shown (from 1), "
                "2-3 are two rows that name the columns together."
            ),
        )
    )
    names: list[str] = Field(
        default_factory=list,
        description=(
            "Column names from left to right, only with header none; columns without one are called 列A, 列B, …"
        ),
    )
    sheet: str | int | None = Field(
        default=None,
        description=(
            "The only sheet to read, by name or by position from 1, also a hidden one; "
            "left out: every visible sheet that holds a table."
        ),
    )
    area: Annotated[str, StringConstraints(pattern=_AREA.pattern)] | None = Field(
        default=None,
        description=(
            "The part of the sheet to read, as in Excel: A3:F40, B:F (columns), 3:40 (rows); left out: all of it."
        ),
    )
    same_as_above: list[str] = Field(
        default_factory=list,
        description=(
            "Columns whose blank cells mean the value above, the document's number first: "
            "only rows without that number are filled."
        ),
    )
    labels: list[_Name | Annotated[list[_Name], Field(min_length=1)]] = Field(
        default_factory=list,
        description=(
            "Labels above the header, such as 订单号 of 订单号：PO-18, whose values become columns; "
            "a column of that name in the table wins. "
            "One that goes by several names is a list of them, [订单号, 合同编号], the column's name first."
        ),
    )
    sheet_as: _Name | None = Field(
        default=None,
        description=(
            "Name of a column that holds the name of the sheet, where each sheet is a warehouse; "
            "a column of that name in the table wins."
        ),
    )
    encoding: str | None = Field(
        default=None, description="Text encoding such as big5; left out: byte order mark, then UTF-8, then GB18030."
    )
    delimiter: str | None = Field(
        default=None,
        description="What stands between two values in text files; left out: comma, semicolon, tab, | or several such as ||.",
    )
    records: str | None = Field(
        default=None, description="JSON: where the list of records lies in the document, e.g. d.results."
    )

    @model_validator(mode="after")
    def _names_need_header_none(self) -> "FormatOptions":
        if self.names and self.header != "none":
            raise WrongValueError("只有设了 header: none 才能用 names", "names needs header: none")
        if len(set(self.names)) != len(self.names):
            raise WrongValueError("names 里有重复的列名", "names holds a name twice")
        rows = self.header_rows
        if rows is not None and (rows.start < 1 or not 1 <= len(rows) <= _MOST_HEADER_ROWS):
            raise WrongValueError("header 从 1 开始数，如 3 或 3-4", "header counts from 1, as 3 or 3-4")
        if self.delimiter == "":
            raise WrongValueError("delimiter 为空", "delimiter is empty")
        return self

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, name: str | None) -> str | None:
        try:
            codecs.lookup(name or "utf-8")
        except (LookupError, ValueError) as error:
            raise WrongValueError(f"没有名为“{name}”的编码", f"there is no encoding named “{name}”") from error
        return name

    @property
    def label_names(self) -> list[list[str]]:
        """The names that each of the labels goes by, the column's first."""
        return [[one] if isinstance(one, str) else one for one in self.labels]

    @property
    def header_rows(self) -> range | None:
        """Row numbers of the header where they are given."""
        if self.header in {"auto", "none"}:
            return None
        first, _, last = str(self.header).partition("-")
        return range(int(first), int(last or first) + 1)

    @property
    def head_rows(self) -> int:
        """Rows from the top among which the header is: as many as are looked at, or down to the one given."""
        rows = self.rows
        return max(HEAD_ROWS + (rows.start - 1 if rows else 0), *(self.header_rows or (0,)))

    @property
    def rows(self) -> range | None:
        """Numbers of the rows to read; None for all."""
        return self._bounds[0] if self.area else None

    @property
    def _bounds(self) -> tuple[range, range]:
        """Numbers of the rows and positions of the columns to read."""
        found = _AREA.match(self.area or ":")
        left, top, right, bottom = found.groups() if found else ("", "", "", "")
        rows = range(int(top or 1), int(bottom or _LAST) + 1)
        return rows, range(position_of(left) if left else 0, position_of(right) + 1 if right else _LAST)

    def crop_head(self, head: Sequence[Sequence[str]], row_numbers: Sequence[int]) -> Sequence[Sequence[str]]:
        """The first rows of a sheet with what lies outside the area emptied."""
        if not self.area:
            return head
        rows, columns = self._bounds
        return [
            [cell if number in rows and place in columns else "" for place, cell in enumerate(row)]
            for row, number in zip(head, row_numbers, strict=True)
        ]

    def crop_columns(self, table: pa.Table) -> pa.Table:
        """`table` (columns by position, then `_row`) with those outside the area emptied."""
        columns = self._bounds[1]
        for place in range(table.num_columns - 1) if self.area else ():
            if place not in columns:
                blank = pa.repeat(pa.scalar("", pa.string()), table.num_rows)
                table = table.set_column(place, table.schema.field(place), blank)
        return table
