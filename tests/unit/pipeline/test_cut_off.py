"""A landing that was cut off in the middle of a file."""

from collections.abc import Iterator

import pytest
from openpyxl import Workbook

from connectors.base import Batch, Cursor
from connectors.folder import FolderConnector
from crossdock.pipeline import land
from tests.integration.hub import HEADER, Hub, order_row

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


def test_a_file_landed_in_part_is_read_again_whole_and_counted_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    two_sheets(hub)
    read = FolderConnector.read

    def cut(self: FolderConnector, stream: str, since: Cursor) -> Iterator[Batch]:
        for batch in read(self, stream, since):
            yield batch
            raise CutOffError

    monkeypatch.setattr(FolderConnector, "read", cut)
    with pytest.raises(CutOffError):
        land(hub.home, hub.engine, "erp", "orders")
    monkeypatch.setattr(FolderConnector, "read", read)

    report = hub.sync()

    orders = next(counts for counts in report.entities if counts.entity == "purchase_order")
    assert (orders.read, orders.created, orders.unchanged) == (2, 2, 0)
    assert [file.sheet for file in report.files] == ["Sheet", "第二页"]
