"""The incident page over a real store: what it shows, what it refuses, and what its button does."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, insert

from canonical_model.language import Text
from crossdock import delivery
from crossdock.delivery import links
from crossdock.home import Home
from crossdock.portal import _incidents
from crossdock.portal._security import HEADERS
from crossdock.store.tables import incident_event
from tests.unit.portal.conftest import FACTS, NOW, SENTENCE, SETTINGS, AddIncident, OpenPortal, Portal, connect_nothing

pytestmark = pytest.mark.store
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def greyed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A deployment for each time that cards were to be greyed out."""
    asked: list[object] = []

    def update_cards(home: object, engine: object, **_: object) -> None:
        asked.append(home)

    monkeypatch.setattr(delivery, "update_cards", update_cards)
    return asked


def words(html: str) -> str:
    """What a reader sees of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_the_page_says_what_happened_and_to_which_order(portal: Portal, add_incident: AddIncident) -> None:
    answer = portal.get(portal.link(add_incident()))

    assert answer.status_code == 200
    assert '<html lang="zh-CN">' in answer.text
    seen = words(answer.text)
    for said in ("已确认的订单有变更", "未处理", "知道了", "订单 PO-18 的经过", "供应商 V001 苏州恒达", "华东精密"):
        assert said in seen
    assert "<del>500</del>" in answer.text
    assert "<ins>300箱</ins>" in answer.text
    assert "<strong>晚4天</strong>" in answer.text
    assert "订购数量 500 箱 → 300 箱" in seen
    assert "要求交期 2026-12-01（周二） → 2026-12-05（周六）" in seen
    assert "subject" not in seen
    assert "此链接仅供 李伟 本人使用" in seen


def test_the_life_line_says_who_did_what_in_the_deployments_time(portal: Portal, add_incident: AddIncident) -> None:
    number = add_incident(status="acknowledged", acknowledged_at=NOW, acknowledged_by="李伟")
    with portal.engine.begin() as connection:
        event = {"incident_id": number, "at": NOW, "kind": "acknowledged", "actor": "LiWei"}
        connection.execute(insert(incident_event).values(event))

    seen = words(portal.get(portal.link(number)).text)

    assert "已知晓 11月22日 09:30 李伟" in seen
    assert f"发现异常 11月22日 08:30 {SENTENCE.zh} 系统自动" in seen
    assert "李伟 于 11月22日 09:30 已知晓" in seen
    assert "时间按 Asia/Shanghai 时区" in seen
    assert "知道了" not in seen


def test_a_resolved_incident_asks_for_nothing(portal: Portal, add_incident: AddIncident) -> None:
    html = portal.get(portal.link(add_incident(status="resolved", resolved_at=NOW - timedelta(days=330)))).text

    assert "已于 2025年12月27日 09:30 恢复正常，无需处理" in words(html)
    assert "<form" not in html


def test_the_button_acknowledges_once_in_the_persons_name(
    portal: Portal, add_incident: AddIncident, greyed: list[object]
) -> None:
    number = add_incident()
    link = portal.link(number)

    first, second = portal.post(f"{link}/acknowledge"), portal.post(f"{link}/acknowledge")

    assert [first.status_code, second.status_code] == [303, 303]
    assert first.headers["location"] == f"{link}?note=acknowledged"
    assert second.headers["location"] == f"{link}?note=already"
    assert "已记录，谢谢！" in portal.get(link, note="acknowledged").text
    row = portal.row(number)
    assert (row.status, row.acknowledged_by, row.acknowledged_at) == ("acknowledged", "李伟", NOW)
    assert portal.actors(number) == [("opened", ""), ("acknowledged", "李伟")]
    assert len(greyed) == 1


def test_looking_acknowledges_nothing(portal: Portal, add_incident: AddIncident) -> None:
    number = add_incident()
    link = portal.link(number)

    assert portal.get(f"{link}/acknowledge").status_code == 405
    portal.get(link, note="acknowledged")

    assert portal.row(number).status == "open"


def test_a_link_of_a_group_speaks_for_the_group(portal: Portal, add_incident: AddIncident) -> None:
    number = add_incident()
    link = portal.link(number, "east")

    assert "此链接发自群“华东采购群”" in words(portal.get(link).text)
    portal.post(f"{link}/acknowledge")

    assert portal.row(number).acknowledged_by == "华东采购群"


@pytest.mark.parametrize(
    "forge", [lambda t: t[:-2] + "xx", lambda t: "x" + t, lambda _: "x.y.z", lambda _: "测试", lambda _: "%00"]
)
def test_a_forged_link_is_refused_and_does_nothing(portal: Portal, add_incident: AddIncident, forge: Any) -> None:
    number = add_incident()
    link = "/i/" + forge(portal.link(number).removeprefix("/i/"))

    shown, pressed = portal.get(link), portal.post(f"{link}/acknowledge")

    assert [shown.status_code, pressed.status_code] == [403, 403]
    assert "链接无效或已过期" in shown.text
    assert "PO-18" not in shown.text
    assert portal.row(number).status == "open"


def test_an_expired_link_is_refused(portal: Portal, add_incident: AddIncident, monkeypatch: pytest.MonkeyPatch) -> None:
    link = portal.link(add_incident())
    monkeypatch.setattr(links, "MAX_AGE_SECONDS", -1)

    assert portal.get(link).status_code == 403


def test_an_incident_that_is_not_there_is_a_friendly_404(portal: Portal) -> None:
    link = portal.link(987654)

    pressed = portal.post(f"{link}/acknowledge", allow_redirects=True)

    for answer in (portal.get(link), pressed):
        assert answer.status_code == 404
        assert "没有找到这条异常" in answer.text


@pytest.mark.parametrize(
    "path", ["/nothing", "/i/", "/static/../app.py", "/static/base.html", "/docs", "/openapi.json"]
)
def test_other_addresses_are_a_friendly_404(portal: Portal, path: str) -> None:
    answer = portal.get(path)

    assert answer.status_code == 404
    assert "没有这个页面" in answer.text


def test_scripts_in_data_stay_text(portal: Portal, add_incident: AddIncident) -> None:
    evil = Text(f"{SCRIPT}1→2", f"{SCRIPT}1→2")
    facts = {
        "order_number": SCRIPT,
        "item": f'"><img src=x onerror="{SCRIPT}">',
        SCRIPT: SCRIPT,
        "unit": SCRIPT,
        "ordered": SCRIPT,
    }
    number = add_incident(
        title=evil, sentence=evil, facts=facts, status="acknowledged", acknowledged_by=SCRIPT, acknowledged_at=NOW
    )
    add_incident("other", title=evil, sentence=evil, facts=facts)
    link = portal.link(number, SCRIPT)

    for answer in (portal.get(link, note=SCRIPT, lang=SCRIPT), portal.get(link, lang="en"), portal.get(f"/i/{SCRIPT}")):
        assert "<script" not in answer.text
        assert "<img" not in answer.text
    assert "&lt;script&gt;" in portal.get(link).text


def test_other_unresolved_incidents_of_the_order_are_one_tap_away(portal: Portal, add_incident: AddIncident) -> None:
    number = add_incident()
    short = Text("到货少于订单", "Receipt short of the order")
    add_incident("PO-18 4", rule="receipt_short", title=short)
    add_incident("PO-18 5", rule="receipt_short", title=Text("已经好了", "done"), status="resolved", resolved_at=NOW)
    add_incident(
        "PO-19 1",
        rule="receipt_short",
        title=Text("别的订单", "another order"),
        facts=FACTS | {"order_number": "PO-19"},
    )

    html = portal.get(portal.link(number)).text

    others = re.findall(r'<li><a href="([^"]+)">', html)
    assert len(others) == 1
    assert "<h1>到货少于订单</h1>" in portal.get(others[0]).text
    seen = words(html)
    assert "已经好了" in seen  # in the order's life-line
    assert "别的订单" not in seen


def test_an_incident_without_an_order_stands_alone(portal: Portal, add_incident: AddIncident) -> None:
    add_incident("a", facts={})
    html = portal.get(portal.link(add_incident("b", facts={}))).text

    assert "处理经过" in html
    assert "该订单的其他" not in html
    assert "详细信息" not in html


def test_english_by_address_and_by_person(portal: Portal, add_incident: AddIncident) -> None:
    number = add_incident()
    hers, his = portal.link(number, "anna"), portal.link(number, "LiWei")

    for answer in (portal.get(hers), portal.get(his, lang="en")):
        seen = words(answer.text)
        for said in (
            "Confirmed order changed",
            "Open",
            "Got it",
            "Ordered 500 箱 → 300 箱",
            "22 Nov 08:30",
            "4 days later",
        ):
            assert said in seen
        assert not re.search("知道了|未处理|订购数量", seen)
    assert "知道了" in portal.get(hers, lang="zh").text
    action = re.search(r'action="([^"]+)"', portal.get(his, lang="en").text)
    assert action
    assert portal.post(unescape(action[1])).headers["location"].endswith("?note=acknowledged&lang=en")


def test_every_answer_is_locked_down(
    portal: Portal, add_incident: AddIncident, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = portal.link(add_incident())
    answers = [
        portal.get(path)
        for path in ("/", link, "/i/forged", "/nothing", "/healthz", "/wecom/callback", "/static/portal.css")
    ]
    answers.append(portal.post(f"{link}/acknowledge"))
    monkeypatch.setattr(_incidents, "read_life_line", lambda *_: 1 / 0)
    answers.append(portal.get(link))

    assert [answer.status_code for answer in answers] == [200, 200, 403, 404, 200, 403, 200, 303, 500]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS if name != "Cache-Control"} == {
            name: value for name, value in HEADERS.items() if name != "Cache-Control"
        }
    assert answers[1].headers["cache-control"] == "no-store"
    assert "页面出错了" in answers[-1].text


def test_pages_need_nothing_from_elsewhere(portal: Portal, add_incident: AddIncident) -> None:
    for answer in (portal.get("/"), portal.get(portal.link(add_incident())), portal.get("/i/forged")):
        assert not re.search(r'(?:href|src|action)="(?:https?:)?//', answer.text)
        assert not re.search(r"<script|<style| style=| on\w+=", answer.text)
        for address in re.findall(r'<link [^>]*href="([^"]+)"', answer.text):
            assert portal.get(address).status_code == 200
    assert portal.get("/favicon.ico").headers["content-type"].startswith("image/svg+xml")


def test_the_front_page_names_the_company_and_nothing_else(portal: Portal, add_incident: AddIncident) -> None:
    add_incident()
    answer = portal.get("/")

    assert answer.status_code == 200
    assert "华东精密" in answer.text
    assert "PO-18" not in answer.text
    assert "<a " not in answer.text


def test_the_page_works_without_any_callback(home: Home, open_portal: OpenPortal, add_incident: AddIncident) -> None:
    number = add_incident()
    with open_portal(replace(home, connect=connect_nothing)) as portal:
        link = portal.link(number)
        assert portal.get(link).status_code == 200
        assert portal.post(f"{link}/acknowledge").status_code == 303
        assert portal.get("/wecom/callback").status_code == 404
        assert portal.row(number).status == "acknowledged"


def test_the_portal_may_stand_below_a_path(tmp_path: Path, open_portal: OpenPortal, add_incident: AddIncident) -> None:
    (tmp_path / "crossdock.yaml").write_text(SETTINGS + "public_url: https://hub.example/cd\n", encoding="utf-8")
    number = add_incident()
    with open_portal(Home.find(tmp_path)) as portal:
        stripped = portal.link(number)
        for path in (stripped, f"/cd{stripped}"):
            html = portal.get(path).text
            assert f'action="/cd{stripped}/acknowledge"' in html
            assert 'href="/cd/static/portal.css?' in html
        assert portal.get("/cd/static/portal.css").status_code == portal.get("/static/portal.css").status_code == 200
        assert portal.post(f"{stripped}/acknowledge").headers["location"].startswith(f"/cd{stripped}?")


def test_a_store_that_is_gone_is_said_in_words(
    open_portal: OpenPortal, add_incident: AddIncident, portal: Portal
) -> None:
    link = portal.link(add_incident())
    gone = create_engine("postgresql+psycopg://nobody@/nowhere?host=/nonexistent")
    with open_portal(store=gone) as broken:
        health, page, pressed = broken.get("/healthz"), broken.get(link), broken.post(f"{link}/acknowledge")
    gone.dispose()

    assert portal.get("/healthz").json() == {"status": "ok"}
    assert health.json()["status"] == "unavailable"
    for answer in (health, page, pressed):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "60"
    assert "系统暂时不可用" in page.text
    assert "nonexistent" not in page.text + health.text
