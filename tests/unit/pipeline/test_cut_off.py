"""A landing that was cut off in the middle of a file."""

from collections.abc import Iterator

import pytest
from openpyxl import Workbook

from connectors.base import Batch, Cursor
from connectors.folder import FolderConnector
from crossdock.pipeline import apply, land
from tests.integration.hub import HEADER, Hub, counts, order_row

pytestmark = pytest.mark.store


class CutOffError(Exception):
    """Stands for a kill."""


def two_sheets(hub: Hub) -> None:
    book = Workbook()
    first = book.worksheets[0]
    second = book.create_sheet("第二页")
    for sheet, number in ((first, "PO-1"), (second, "PO-2")):
        sheet.append(list(HEADER))
        sheet.append(order_row(number))
    book.save(hub.inbox / "两页.xlsx")
    book.close()


def cut_off(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A landing that dies behind the first sheet of the workbook."""
    read = FolderConnector.read

    def cut(self: FolderConnector, stream: str, since: Cursor) -> Iterator[Batch]:
        for batch in read(self, stream, since):
            yield batch
            raise CutOffError

    with monkeypatch.context() as patched:
        patched.setattr(FolderConnector, "read", cut)
        with pytest.raises(CutOffError):
            land(hub.home, hub.engine, "erp", "orders")


def test_a_file_landed_in_part_is_read_again_whole_and_counted_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    two_sheets(hub)
    cut_off(hub, monkeypatch)

    report = hub.sync()

    orders = next(counts for counts in report.entities if counts.entity == "purchase_order")
    assert (orders.read, orders.created, orders.unchanged) == (2, 2, 0)
    assert [file.sheet for file in report.files] == ["Sheet", "第二页"]


def numbers(hub: Hub) -> list[str]:
    return hub.column("SELECT order_number FROM canonical.purchase_order ORDER BY key")


def test_half_a_file_waits_for_the_rest_whoever_applies(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    run = land(hub.home, hub.engine, "erp", "orders")
    two_sheets(hub)
    cut_off(hub, monkeypatch)
    assert apply(hub.home, hub.engine, run).status == "idle"
    assert numbers(hub) == []
    assert counts(hub.sync(), "purchase_order") == {"read": 2, "created": 2}


def test_half_a_file_is_told_whatever_has_become_of_those_before_it(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.put("a.csv", [order_row("PO-9")])
    run = land(hub.home, hub.engine, "erp", "orders")
    two_sheets(hub)
    cut_off(hub, monkeypatch)
    assert apply(hub.home, hub.engine, run).status == "succeeded"
    assert numbers(hub) == ["PO-9"]
    report = hub.sync()
    assert [file.sheet for file in report.files] == ["Sheet", "第二页"]
    assert counts(report, "purchase_order") == {"read": 2, "created": 2}
