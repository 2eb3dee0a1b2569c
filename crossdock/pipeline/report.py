"""What a run did, for the command line, Airflow and tests."""

from dataclasses import dataclass, field

from canonical_model.issues import Issue
from canonical_model.language import Text
from mappings.dates import DateOrder


@dataclass(frozen=True, slots=True)
class EntityCounts:
    """Where the records of one entity went: read = the sum of the others but `deleted`."""

    entity: str
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    folded: int = 0
    parked: int = 0
    rejected: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file or sheet.

    Attributes:
        name: File or table.
        sheet: Sheet, empty where there is none.
        status: "applied" or "parked".
        mapping: Mapping that was taken, empty where none was.
        rows_total, rows_above, rows_header, rows_skipped, rows_read: Where its rows went.
        problem: Why it is parked.
        absent: Fields that the mapping would state but for whose columns the header has nothing.
        date_orders: How dates such as 03/04/2026 were read, and why; nothing where there were none.
        unread: Columns from which no field was read.
    """

    name: str
    sheet: str
    status: str
    mapping: str
    rows_total: int
    rows_above: int
    rows_header: int
    rows_skipped: int
    rows_read: int
    problem: Text | None
    absent: tuple[str, ...] = ()
    date_orders: tuple[DateOrder, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run of one stream.

    Attributes:
        status: "succeeded", "parked" (every file waits) or "idle" (there was nothing new).
        is_baseline: Whether this was the first load, which raises no alert.
        question: What a person must decide before anything is stored; None where nothing is asked.
        waited: Rows that had been parked and were judged again.
    """

    run_id: int
    source: str
    stream: str
    status: str
    is_baseline: bool = False
    files: tuple[FileReport, ...] = ()
    entities: tuple[EntityCounts, ...] = ()
    issues: tuple[Issue, ...] = ()
    issue_count: int = 0
    question: Text | None = None
    waited: int = 0
    seconds: float = field(default=0.0, compare=False)
