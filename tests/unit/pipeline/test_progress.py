"""How far a run is, told block by block."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pyarrow as pa
import pytest

from crossdock.pipeline import sync
from crossdock.pipeline.land import stream_lock
from crossdock.pipeline.progress import Phase, tell_nobody, told
from crossdock.store.database import alone
from tests.integration.hub import Hub, order_row


def reader(*sizes: int) -> pa.RecordBatchReader:
    blocks = [pa.RecordBatch.from_pydict({"a": list(range(size))}) for size in sizes]
    return pa.RecordBatchReader.from_batches(blocks[0].schema, blocks)


def test_records_go_by_as_they_are_and_are_told_block_by_block() -> None:
    said: list[tuple[Phase, int]] = []

    table = told(reader(3, 4, 1), lambda phase, rows: said.append((phase, rows))).read_all()

    assert table.equals(reader(3, 4, 1).read_all())
    assert said == [(Phase.MERGING, rows) for rows in (0, 3, 7, 8)]


def test_where_nobody_waits_records_take_no_detour() -> None:
    records = reader(3)

    assert told(records, tell_nobody) is records


@pytest.mark.store
def test_a_run_tells_its_phases_in_order_and_the_rows_that_went_through(hub: Hub) -> None:
    said: list[tuple[str, int]] = []

    def run() -> list[tuple[str, int]]:
        said.clear()
        sync(
            hub.home, hub.engine, "erp", "orders", clock=hub.clock, tell=lambda phase, n: said.append((phase.value, n))
        )
        return said

    hub.put("a.csv", [order_row("PO-1"), order_row("PO-2")])
    hub.put("b.csv", [order_row("PO-3")])
    landed = [("landing", 0), ("landing", 2), ("landing", 3), ("mapping", 3)]
    assert run() == [*landed, *[("merging", 0), ("merging", 3)] * 2]  # headers and lines

    hub.put("a.csv", [order_row("PO-1"), order_row("PO-2", quantity="7")])
    hub.put("b.csv", [order_row("PO-3", quantity="8")])
    assert run() == [*landed, ("merging", 0), ("merging", 0), ("merging", 2)]  # what is stored needs no merging
    assert run() == [("landing", 0)]


@pytest.mark.store
def test_a_run_that_waits_for_another_of_its_stream_says_so(hub: Hub) -> None:
    hub.put("a.csv", [order_row()])
    said: list[Phase] = []
    waits = Event()

    def tell(phase: Phase, _rows: int) -> None:
        said.append(phase)
        waits.set()

    with ThreadPoolExecutor(1) as beside:
        with alone(hub.engine, stream_lock("erp", "orders"), wait=True):
            other = beside.submit(sync, hub.home, hub.engine, "erp", "orders", clock=hub.clock, tell=tell)
            assert waits.wait(timeout=30)
            assert said == [Phase.WAITING]
        assert other.result(timeout=60).status == "succeeded"
    assert said[:2] == [Phase.WAITING, Phase.LANDING]
