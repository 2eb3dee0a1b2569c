"""The upload page in a browser without scripts, at the size of a phone and of a desktop."""

import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, FilePayload, sync_playwright

from crossdock.delivery.links import UploadLink, upload_link
from crossdock.portal import create_app
from tests.conftest import RequireSystem
from tests.integration.hub import HEADER, Hub, order_row
from tests.unit.portal.test_browser import CHROMIUM, SIZES
from wecom_notify.testing import serving

pytestmark = [pytest.mark.store, pytest.mark.browser, pytest.mark.system]


@pytest.fixture
def browser(require_system: RequireSystem) -> Iterator[Browser]:
    require_system("Chromium", CHROMIUM.exists())
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


def test_a_partner_looks_sends_and_gets_the_own_workbook_back(hub: Hub, browser: Browser, tmp_path: Path) -> None:
    hub.stream("own/orders", files="{partner}/*.csv")
    rows = (HEADER, order_row("PO-1", "10"), order_row("PO-1", "20", quantity="五百左右"))
    content = "\n".join(",".join(map(str, row)) for row in rows).encode()
    sheet: FilePayload = {"name": "订单 三月.csv", "mimeType": "text/csv", "buffer": content}
    link = UploadLink("erp", "orders", {"partner": "苏州恒达"}, hub.clock().replace(year=2027))
    path = "/u/" + upload_link(hub.home, hub.engine, link).rpartition("/")[2]
    with serving(create_app(hub.home, hub.engine, clock=hub.clock)) as url:
        for width, height in SIZES.values():
            context = browser.new_context(
                viewport={"width": width, "height": height}, locale="zh-CN", java_script_enabled=False
            )
            page = context.new_page()
            complaints: list[str] = []
            page.on("console", lambda message: complaints.append(message.text))  # noqa: B023  # called in this round
            page.on("requestfailed", lambda request: complaints.append(request.url))  # noqa: B023  # as above

            page.goto(url + path)
            for name in ("上传并预览",):
                box = page.get_by_role("button", name=name).bounding_box()
                assert box is not None
                assert box["height"] >= 44
                assert box["y"] + box["height"] <= height  # without scrolling
            page.set_input_files("input[type=file]", sheet)
            page.get_by_role("button", name="上传并预览").click()
            page.get_by_text("共 2 行数据，其中 1 行有问题").wait_for()
            page.get_by_role("button", name="提交").click()
            page.get_by_text("收到，部分行需要修改").wait_for()
            assert page.locator("table, ol").count() > 0
            page.close()

            result = context.new_page()
            result.goto(url + path)
            result.get_by_role("link", name="订单 三月.csv").first.click()
            with result.expect_download() as download:
                result.get_by_role("link", name="下载标好问题的表格").click()
            marked = tmp_path / f"{width}.xlsx"
            download.value.save_as(marked)
            assert download.value.suggested_filename == "订单 三月-已标注.xlsx"
            assert openpyxl.load_workbook(io.BytesIO(marked.read_bytes())).worksheets[0]["J1"].value == "问题"
            assert complaints == []
            context.close()
