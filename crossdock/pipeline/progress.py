"""How far a run is, for somebody who waits: told block by block, never row by row."""

from collections.abc import Callable, Iterator
from enum import StrEnum

import pyarrow as pa


class Phase(StrEnum):
    """What a run is doing."""

    WAITING = "waiting"
    LANDING = "landing"
    MAPPING = "mapping"
    MERGING = "merging"


Tell = Callable[[Phase, int], None]
"""Is told the phase, and how many rows have gone through it by now; of mapping, how many it takes at once."""


def tell_nobody(_phase: Phase, _rows: int) -> None:
    """Where nobody waits."""


def told(records: pa.RecordBatchReader, tell: Tell) -> pa.RecordBatchReader:
    """`records` as they are; of each block of them `tell` is told as it goes by."""
    if tell is tell_nobody:
        return records

    def blocks() -> Iterator[pa.RecordBatch]:
        gone = 0
        tell(Phase.MERGING, gone)
        for block in records:
            yield block
            gone += block.num_rows
            tell(Phase.MERGING, gone)

    return pa.RecordBatchReader.from_batches(records.schema, blocks())
