"""The page in a browser, at the size of a phone and of a desktop."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import insert

from canonical_model.language import Text
from crossdock.store.tables import incident_event
from tests.conftest import RequireSystem
from tests.unit.portal.conftest import FACTS, NOW, AddIncident, Portal

pytestmark = [pytest.mark.store, pytest.mark.browser, pytest.mark.system]
CHROMIUM = Path("/usr/bin/chromium")
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}


@pytest.fixture
def browser(require_system: RequireSystem) -> Iterator[Browser]:
    require_system("Chromium", CHROMIUM.exists())
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go; CROSSDOCK_PICTURES names a folder to keep them."""
    return Path(os.environ.get("CROSSDOCK_PICTURES", tmp_path))


@pytest.mark.parametrize("size", SIZES)
def test_an_incident_is_read_and_acknowledged(
    portal: Portal, add_incident: AddIncident, browser: Browser, pictures: Path, size: str
) -> None:
    number = add_incident(occurrence=2)
    add_incident(
        "PO-18 4",
        rule="receipt_short",
        title=Text("到货少于订单", "Receipt short of the order"),
        sentence=Text("PO-18 行4 订 500箱，实收 450，少 50", "PO-18 line 4: ordered 500, received 450, 50 short"),
        facts=FACTS | {"line_number": "4", "received": "450"},
        status="acknowledged",
        acknowledged_by="李伟",
        acknowledged_at=NOW,
    )
    with portal.engine.begin() as connection:
        event = {"incident_id": number, "at": NOW - timedelta(minutes=20), "kind": "updated"}
        said = Text("PO-18 行3 交期 12/1→12/5，晚4天", "PO-18 line 3 due 12/1→12/5, 4 days later")
        connection.execute(insert(incident_event).values(event | {"sentence": said._asdict()}))
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))

    page.goto(portal.url + portal.link(number))
    page.screenshot(path=pictures / f"{size}-open.png", full_page=True)
    button = page.get_by_role("button", name="知道了")
    box = button.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= height  # without scrolling
    assert box["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    button.click()
    page.wait_for_url("**?note=acknowledged")
    page.screenshot(path=pictures / f"{size}-acknowledged.png", full_page=True)
    page.get_by_role("link", name="English").click()
    page.screenshot(path=pictures / f"{size}-english.png", full_page=True)
    assert page.get_by_role("heading", name="Confirmed order changed").is_visible()
    page.goto(portal.url + "/i/forged")
    page.screenshot(path=pictures / f"{size}-forged.png")
    page.goto(portal.url)
    page.screenshot(path=pictures / f"{size}-home.png")

    assert portal.row(number).acknowledged_by == "李伟"
    assert [text for text in complaints if "403" not in text] == []
