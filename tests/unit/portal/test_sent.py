"""What a partner sees of the files sent, and a buyer of issues: a row that was judged again and went in waits no more."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from crossdock.cli._mended import is_mended
from crossdock.delivery.links import UploadLink
from crossdock.portal._sent import SentFile, SentFiles
from crossdock.returned import find_file
from crossdock.store.tables import issue
from tests.integration.hub import LEAN, NOW, Hub, order_row

pytestmark = pytest.mark.store


def sent(hub: Hub) -> SentFile:
    (only,) = SentFiles(hub.engine, UploadLink("erp", "orders", {}, NOW + timedelta(days=9))).newest()
    return only


def standing(hub: Hub) -> int:
    with hub.engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(issue).where(~is_mended())) or 0)


def test_a_row_that_went_in_after_all_waits_no_more(hub: Hub) -> None:
    hub.load(order_row(), order_row("PO-2", unit="坨"), order_row("PO-3", quantity="?"))
    first = sent(hub)
    assert (first.waiting, first.rejected, first.marked) == (1, 1, 2)
    assert standing(hub) == 2
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]}, codes={"unit": {"坨": "EA"}})
    hub.sync()
    assert hub.line("ordered", "PO-2|10") == 500
    later = sent(hub)
    assert (later.waiting, later.rejected, later.marked) == (0, 1, 1)
    assert standing(hub) == 1
    found = find_file(hub.engine, later.number)
    assert found is not None
    assert [one.code for _, _, one in found.issues] == ["XD-NUM-001"], "and the workbook that goes back marks no more"


def test_a_row_that_waits_again_is_told_once(hub: Hub) -> None:
    hub.load(order_row("PO-2", unit="坨"))
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]}, codes={"unit": {"堆": "EA"}})
    hub.sync()
    assert (sent(hub).waiting, sent(hub).marked, standing(hub)) == (1, 1, 1)
