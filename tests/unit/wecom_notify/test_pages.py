import re

import pytest
import requests

from canonical_model.language import Language
from wecom_notify import Button, ButtonCard, app_markdown, app_text, button_card, robot_markdown, robot_text
from wecom_notify.simulator import SimulatorConfig, create_simulator
from wecom_notify.simulator.render import description, markdown, text
from wecom_notify.testing import AGENT, RunningWeCom, serving

CARD = ButtonCard(
    "inc-1",
    "PO-18 交期晚 4 天",
    "苏州精工",
    "采购异常",
    rows=(("数量", "500→300"),),
    url="https://hub.example/i/1",
    buttons=(Button("ack", "我来处理"),),
    quote="原因：返工",
)


def page(wecom: RunningWeCom, path: str) -> str:
    answer = requests.get(wecom.url + path, timeout=30)
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    return answer.text


def test_the_first_page_lists_every_phone_with_its_latest_message(wecom: RunningWeCom) -> None:
    wecom.app().send(button_card("zhangsan", AGENT, CARD))
    html = page(wecom, "/")
    for shown in ("张三", "李四", "华东仓异常群", "PO-18 交期晚 4 天", "还没有消息", "模拟环境", "09:30"):
        assert shown in html
    assert "<em>1</em>" in html
    page(wecom, "/inbox/zhangsan")
    assert "<em>1</em>" not in page(wecom, "/")  # it has been looked at


def test_a_card_can_be_pressed_and_turns_grey(wecom: RunningWeCom) -> None:
    wecom.app().send(button_card("zhangsan", AGENT, CARD))
    html = page(wecom, "/inbox/ZhangSan")
    for shown in ("供应链助手", "采购异常", "苏州精工", "500→300", "原因：返工", 'href="https://hub.example/i/1"'):
        assert shown in html
    form = re.search(r'action="([^"]+)"', html)
    assert form
    answer = requests.post(wecom.url + form[1], data={"task_id": "inc-1", "key": "ack"}, timeout=30)
    assert "已提交" in answer.text
    assert "等待系统处理" in answer.text
    assert wecom.hub.events[0].event_key == "ack"
    code = wecom.hub.events[0].response_code
    from wecom_notify import update_card_button

    wecom.app().update_card(update_card_button(AGENT, code, "张三 已处理"))
    html = page(wecom, "/inbox/ZhangSan")
    assert '<span class="button grey">张三 已处理</span>' in html
    assert "<form" not in html
    late = requests.post(wecom.url + form[1], data={"task_id": "inc-1", "key": "ack"}, timeout=30)
    assert "已经处理过了" in late.text


def test_another_site_cannot_press(wecom: RunningWeCom) -> None:
    answer = requests.post(
        f"{wecom.url}/inbox/ZhangSan/press",
        data={"task_id": "inc-1", "key": "ack"},
        headers={"Sec-Fetch-Site": "cross-site"},
        timeout=5,
    )
    assert answer.status_code == 403


def test_a_group_shows_colours_tables_and_mentions(wecom: RunningWeCom) -> None:
    robot = wecom.robot()
    robot.send(robot_markdown('**日报** <@zhangsan> <font color="warning">5</font>')[0])
    robot.send(robot_markdown("| 订单 | 晚 |\n|---|---|\n| PO-18 | 4 天 |\n- 一\n---", version=2)[0])
    robot.send(robot_text("请确认", mentions=["@all", "lisi"])[0])
    html = page(wecom, "/group/华东仓异常群")
    for shown in (
        "<b>日报</b>",
        "@张三",
        '<span class="warning">5</span>',
        "<td>PO-18</td>",
        "@所有人",
        "@李四",
        "<hr>",
    ):
        assert shown in html


@pytest.mark.parametrize("path", ["/inbox/nobody", "/group/none"])
def test_an_unknown_phone_is_not_found(wecom: RunningWeCom, path: str) -> None:
    assert requests.get(wecom.url + path, timeout=30).status_code == 404


def test_nothing_that_was_sent_becomes_markup(wecom: RunningWeCom) -> None:
    evil = '<script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a>'
    client = wecom.app()
    client.send(app_text("lisi", AGENT, evil)[0])
    client.send(app_markdown("lisi", AGENT, f"{evil} [x](javascript:alert(1)) `{evil}`")[0])
    client.send(button_card("lisi", AGENT, ButtonCard("t", evil, evil, quote=evil, buttons=(Button('"><b>', evil),))))
    html = page(wecom, "/inbox/lisi")
    assert "<script>alert" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html


def test_text_knows_links_and_line_ends_only() -> None:
    html = text('一\n<a href="https://x/?a=1&b=2">看</a> **b**')
    assert html == '一<br><a href="https://x/?a=1&amp;b=2" target="_blank" rel="noopener">看</a> **b**'


def test_markdown_shows_what_wecom_shows() -> None:
    html = markdown("# 一\n> 引\n`码` [链](https://x)\n- 不是列表", str)
    assert '<p class="h1">一</p><blockquote>引</blockquote>' in html
    assert '<code>码</code> <a href="https://x"' in html
    assert "<p>- 不是列表</p>" in html


def test_a_textcard_knows_its_three_looks() -> None:
    assert description('<div class="gray">灰</div><b>') == '<div class="gray">灰</div>&lt;b&gt;'


def test_the_pages_speak_english_on_request() -> None:
    with serving(create_simulator(SimulatorConfig(members={"li": "Li"}, language=Language.EN))) as url:
        html = requests.get(url, timeout=30).text
    assert 'lang="en"' in html
    assert "No messages yet" in html


def test_the_page_has_its_icon_style_and_script_at_home(wecom: RunningWeCom) -> None:
    html = page(wecom, "/")
    sources = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
    assert len(sources) == 3
    for source in [*sources, "/favicon.ico"]:
        assert requests.get(wecom.url + source, timeout=30).status_code == 200
    assert not re.findall(r'(?:src|href)="https?:', html)
