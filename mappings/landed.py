"""What goes into a mapping run and what comes out of it beside records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from canonical_model.issues import Issue
from mappings.dates import DateOrder


@dataclass(frozen=True, slots=True)
class LandedRows:
    """One landed batch as the engine needs it.

    Attributes:
        batch: Its number in the store; later landings have higher numbers.
        parquet: Local path of the landed rows.
        rows: Rows in that file.
        file: Name of the source file or table, for places.
        sheet: Sheet name, empty where there is none.
        places: Source column -> letter.
        modified_at: When the source says it was last changed.
        suspects: Damaged cells: (row, column, issue code).
        only: Rows to which the batch is confined; None for all. `rows` counts these.
        sha256: Digest of the file, of which it may be one sheet or part; empty where it is none.
        date_orders: What came of its whole columns, where it is confined to some rows.
    """

    batch: int
    parquet: Path
    rows: int
    file: str
    sheet: str
    places: Mapping[str, str]
    modified_at: datetime | None
    suspects: tuple[tuple[int, str, str], ...] = ()
    only: tuple[int, ...] | None = None
    sha256: str = ""
    date_orders: tuple[DateOrder, ...] = ()

    def place(self, row: int, column: str) -> str:
        """Where a person finds the cell: "采购单.xlsx [Sheet1] C7"."""
        sheet = f" [{self.sheet}]" if self.sheet else ""
        cell = f"{self.places[column]}{row}" if column in self.places else f"#{row}"
        return f"{self.file}{sheet} {cell}"


@dataclass(frozen=True, slots=True)
class PlacedIssue:
    """An issue and the landed row that it belongs to."""

    batch: int
    row: int
    issue: Issue


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row that was not let in.

    Attributes:
        entity: Entity it would have become.
        batch: Batch number.
        row: Row number in the source.
        element: Position in the nested list, 0 where there is none.
        key: Its key, as far as it could be read.
        outcome: "rejected" or "parked".
        is_known: Whether the key could be read, so that one knows which record it is.
    """

    entity: str
    batch: int
    row: int
    element: int
    key: str
    outcome: str
    is_known: bool
