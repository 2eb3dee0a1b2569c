"""From a grid to its table: header, records, what was left out and why."""

from collections.abc import Mapping

import pyarrow as pa

from canonical_model.language import Text
from connectors.base import ROW, RowCounts
from connectors.formats.cells import Kind, kind_of
from connectors.formats.completion import Completion
from connectors.formats.grid import Grid, rows_above, unguarded
from connectors.formats.labels import labels_above, said_below, two_documents, two_parts
from connectors.formats.layout import Layout, plan_layout
from connectors.formats.merged import fill_merged
from connectors.formats.neighbours import heading_within, second_table, torn_row
from connectors.formats.options import FormatOptions
from connectors.formats.sheet import (
    MADE_DATE,
    MAY_BE_MADE,
    SheetRead,
    Suspect,
    damaged_texts,
    empty_table,
    holds_no_dates,
    in_one,
    refused,
)
from connectors.formats.sieve import Sieve

_TABLE_ROWS, _TABLE_CELLS = 3, 3


def read_table(grid: Grid, options: FormatOptions, *, sheet: str = "", is_alone: bool = True) -> SheetRead:
    """The table on a sheet, or why there is none.

    Args:
        grid: The whole sheet.
        options: What the stream says.
        sheet: Its name.
        is_alone: There is no other sheet: one without a table is then a problem, not passed over.
    """
    total = grid.rows.num_rows
    grid.rows = options.crop_columns(grid.rows)
    head = grid.head(options.head_rows)
    layout = plan_layout(head, range(1, len(head) + 1), options, merges=grid.merges)
    if isinstance(layout, Text):
        if not is_alone and options.sheet is None and not _has_table(head):
            return left_out(total, "no_table", sheet)
        return refused(layout, total=total, sheet=sheet)
    sieve = Sieve(layout, options.rows)
    sifted = sieve.sift(grid.rows.slice(layout.last + 1))
    rows = unguarded(sieve.trim_end(sifted))
    rows, filled = fill_merged(rows, grid, layout)
    said = [layout.reason, *grid.notes, *([filled] if filled else [])]
    problem = torn_row(sifted, layout) or second_table(rows, layout) or heading_within(rows, layout)
    settled = problem or layout.settle_twins(rows)
    if isinstance(settled, Text):
        return refused(settled, total=total, sheet=sheet)
    named, places = settled.name(rows)
    above = options.crop_head(head, range(1, len(head) + 1))[: max(layout.index, 0)]
    labels = labels_above(above)
    again = sieve.skipped.get("repeated_header", ())
    both = labels_above([*above, *rows_above(grid.rows, again)])
    completion = Completion(options, both, sheet)
    table = (two_documents(both, min(again)) if again else None) or completion.complete(named)
    if isinstance(table, pa.Table) and again:
        table = two_parts(labels, labels_above(sorted(sieve.feet)), min(again), table.column_names) or table
    if isinstance(table, Text):
        return refused(table, total=total, sheet=sheet)
    said += completion.notes
    return SheetRead(
        table=table,
        counts=RowCounts(
            total=total,
            above=max(layout.index, 0),
            header=len(layout.header),
            skipped=sieve.take_skipped(),
            read=table.num_rows,
        ),
        sheet=sheet,
        columns=places,
        header_row=layout.last + 1,
        header_reason=in_one(said),
        labels=said_below(sieve.below) | labels,
        suspects=_suspects(grid, settled, table, completion.copied),
    )


def left_out(total: int, reason: str, sheet: str) -> SheetRead:
    """A sheet that is passed over, all its rows counted under `reason`."""
    skipped: Mapping[str, tuple[int, ...]] = {reason: tuple(range(1, total + 1))} if total else {}
    return SheetRead(empty_table(), RowCounts(total=total, skipped=skipped), sheet=sheet)


def _suspects(
    grid: Grid, layout: Layout, table: pa.Table, copied: Mapping[tuple[int, str], int]
) -> tuple[Suspect, ...]:
    kept = set(table[ROW].to_pylist()) if grid.suspects else set()
    found = ((row, layout.names[position], code) for row, position, code in grid.suspects if row in kept)
    known = [
        (row, name, MADE_DATE if code == MAY_BE_MADE else code)
        for row, name, code in found
        if code != MAY_BE_MADE or holds_no_dates(name)
    ]
    damaged = {(row, name): code for row, name, code in known}
    known += [(row, name, damaged[origin, name]) for (row, name), origin in copied.items() if (origin, name) in damaged]
    order = {name: place for place, name in enumerate(layout.names)}
    return tuple(sorted({*known, *damaged_texts(table)}, key=lambda one: (one[0], order[one[1]], one[2])))


def _has_table(head: list[list[str]]) -> bool:
    """Whether the rows could be a table, other than a cover, a form or a note.

    A form has a label and its value in each row, so its values are of several kinds.
    """
    rows = [cells for row in head if len(cells := [cell for cell in row if cell.strip()]) >= 2]
    if sum(len(row) >= _TABLE_CELLS for row in rows) >= _TABLE_ROWS:
        return True
    values = {kind_of(row[1]) for row in rows}
    labels = sum(row[0].strip().endswith((":", "：")) for row in rows)
    return len(rows) >= 2 and len(values) == 1 and values != {Kind.TEXT} and 2 * labels < len(rows)
