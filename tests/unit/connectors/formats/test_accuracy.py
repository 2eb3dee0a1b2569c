"""How often the right header, columns and records are found on sheets that were made with known answers."""

import random
from collections import Counter

from connectors.base import ROW
from connectors.formats import FormatOptions, SheetRead
from connectors.formats.grid import grid_of
from connectors.formats.table import read_table
from tests.unit.connectors.formats.sheet_maker import MadeSheet, make_riddle, make_sheet

SHEETS, RIDDLES = 320, 60


def judge(made: MadeSheet, read: SheetRead) -> str:
    """Right, parked or wrong."""
    if read.problem is not None:
        return "parked" if made.header else "right"
    if not made.header:
        return "wrong"
    records = [(row.pop(ROW), list(row.values())) for row in read.table.to_pylist()]
    is_right = read.header_row == made.header and list(read.columns) == made.names and records == made.records
    return "right" if is_right else "wrong"


def test_nearly_every_sheet_is_read_right_and_none_is_read_wrong() -> None:
    draw = random.Random(20260301)  # noqa: S311  # no secret, the same sheets each time
    outcomes: Counter[str] = Counter()
    failures = []
    for number in range(SHEETS + RIDDLES):
        made = make_sheet(draw) if number < SHEETS else make_riddle(draw)
        read = read_table(grid_of(made.rows, made.merges), FormatOptions())
        outcome = judge(made, read)
        outcomes[outcome] += 1
        if outcome != "right":
            failures.append((number, made.kind, outcome, str(read.problem)))
    assert outcomes["wrong"] == 0, failures
    assert outcomes["right"] >= 0.98 * outcomes.total(), failures
