"""A landed batch with the mapping that it takes."""

from dataclasses import dataclass

from crossdock.pipeline.land import fetch_rows
from crossdock.pipeline.work import Work
from crossdock.store.database import AnyRow
from mappings.dates import DateOrder
from mappings.landed import LandedRows
from mappings.plan import Plan


@dataclass(frozen=True, slots=True)
class Chosen:
    """A landed batch and the mapping that it takes.

    Attributes:
        row: Its row of `crossdock.batch`.
        plan: The compiled mapping.
        only: Rows that are judged again; None for all, the first time.
    """

    row: AnyRow
    plan: Plan
    only: tuple[int, ...] | None = None


def file_of(row: AnyRow) -> tuple[str, str]:
    """What tells the file of a batch from others."""
    return row.name, row.sha256


def landed_rows(work: Work, one: Chosen) -> LandedRows:
    """The batch as the mapping engine needs it."""
    row = one.row
    return LandedRows(
        batch=row.id,
        parquet=fetch_rows(row.data_url, work.folder),
        rows=row.rows_read if one.only is None else len(one.only),
        file=row.name,
        sheet=row.sheet,
        places=row.places,
        modified_at=row.modified_at,
        suspects=tuple((int(number), str(column), str(code)) for number, column, code in row.suspects),
        only=one.only,
        sha256=row.sha256,
        date_orders=tuple(DateOrder(row.id, **shown) for shown in row.date_orders) if one.only is not None else (),
    )
