import json
from collections.abc import Mapping

import pytest
import requests

from wecom_notify import (
    Button,
    ButtonCard,
    NoticeCard,
    RetryClass,
    WeComError,
    app_markdown,
    app_text,
    button_card,
    notice_card,
    robot_markdown,
    robot_notice,
    robot_text,
    update_card,
    update_card_button,
)
from wecom_notify.testing import AGENT, ROBOT_KEY, RunningWeCom

CARD = ButtonCard(
    "inc-1",
    "PO-18 交期晚 4 天",
    rows=(("数量", "500→300"), ("交期", "3/1→3/5")),
    url="https://hub.example/i/1",
    buttons=(Button("ack", "我来处理"), Button("later", "稍后提醒", 2)),
)
NOTICE = NoticeCard("已恢复", "https://hub.example/i/1")
ROBOT = ROBOT_KEY.get_secret_value()


def send_raw(wecom: RunningWeCom, body: bytes) -> int:
    """The errcode that message/send answers to `body`."""
    token = wecom.app()._tokens.get().get_secret_value()
    answer = requests.post(f"{wecom.url}/cgi-bin/message/send", params={"access_token": token}, data=body, timeout=30)
    assert answer.status_code == 200
    return int(answer.json()["errcode"])


def encode(**message: object) -> bytes:
    whole = {"touser": "lisi", "agentid": AGENT, "msgtype": "text", "text": {"content": "x"}} | message
    return json.dumps(whole, ensure_ascii=False).encode()


def card(**changed: object) -> bytes:
    body = {
        "card_type": "button_interaction",
        "task_id": "t1",
        "main_title": {"title": "x"},
        "button_list": [{"text": "x", "key": "k"}],
    }
    return encode(msgtype="template_card", template_card=body | changed)


def notice(**changed: object) -> bytes:
    body = {"card_type": "text_notice", "main_title": {"title": "x"}, "card_action": {"type": 1, "url": "https://x"}}
    return encode(msgtype="template_card", template_card=body | changed)


@pytest.mark.parametrize(
    ("errcode", "body"),
    [
        (0, encode()),
        (
            40033,
            json.dumps({"touser": "lisi", "agentid": AGENT, "msgtype": "text", "text": {"content": "中"}}).encode(),
        ),
        (0, encode(text={"content": "C:\\u1234"})),  # a backslash and a u, not an escape
        (40058, b"{not json"),
        (40058, b"[]"),
        (40008, encode(msgtype="sms")),
        (41011, encode(agentid=None)),
        (40056, encode(agentid=str(AGENT))),
        (301002, encode(agentid=AGENT + 1)),
        (82001, encode(touser="")),
        (81013, encode(touser="nobody|noone")),
        (40032, encode(touser="|".join(["lisi"] * 1001))),
        (44004, encode(text={"content": ""})),
        (0, encode(msgtype="markdown", markdown={"content": "a" * 2048})),
        (40058, encode(msgtype="markdown", markdown={"content": "字" * 683})),
        (0, encode(msgtype="textcard", textcard={"title": "t", "description": "d", "url": "https://x"})),
        (41016, encode(msgtype="textcard", textcard={"description": "d", "url": "https://x"})),
        (45034, encode(msgtype="textcard", textcard={"title": "t", "description": "d", "url": "x.com"})),
        (0, card()),
        (42014, card(task_id="")),
        (42014, card(task_id="含中文")),
        (42014, card(task_id="x" * 129)),
        (42031, card(card_type="other")),
        (42033, card(main_title={})),
        (40058, card(button_list=[])),
        (42038, card(button_list=[{"key": "k"}])),
        (42039, card(button_list=[{"text": "x"}])),
        (42039, card(button_list=[{"text": "x", "key": "k"}] * 2)),
        (42035, card(horizontal_content_list=[{"keyname": "x", "value": "y"}] * 7)),
        (42027, card(horizontal_content_list=[{"value": "y"}])),
        (42028, card(horizontal_content_list=[{"keyname": "x", "type": 1}])),
        (42050, card(horizontal_content_list=[{"keyname": "x", "type": 3}])),
        (0, notice()),
        (0, notice(main_title={}, sub_title_text="x")),
        (42045, notice(card_action={})),
        (42028, notice(card_action={"type": 1})),
        (42030, notice(card_action={"type": 2})),
        (42042, notice(jump_list=[{"title": "x"}] * 4)),
        (42036, notice(vertical_content_list=[{"title": "x"}] * 5)),
        (42044, notice(card_type="news_notice")),
    ],
)
def test_a_payload_gets_its_documented_answer(wecom: RunningWeCom, errcode: int, body: bytes) -> None:
    assert send_raw(wecom, body) == errcode
    assert len(wecom.records("inbox")) == (errcode == 0)


def test_what_the_builders_make_passes_every_check(wecom: RunningWeCom) -> None:
    long = "长" * 5000
    full = ButtonCard("t-1", long, long, long, ((long, long),) * 9, long, "https://x/1", (Button("k", long),) * 1, long)
    page = NoticeCard(
        long, "https://x/1", long, long, ((long, long),) * 9, long, long, (long, long), ((long, "https://x"),) * 9
    )
    app, robot = wecom.app(), wecom.robot()
    for payload in [
        *app_text("lisi", AGENT, long, occurrence="a1"),
        *app_markdown("lisi", AGENT, long, occurrence="a2"),
    ]:
        app.send(payload)
    assert app.send(button_card("lisi", AGENT, full)).response_code
    assert not app.send(notice_card("lisi", AGENT, page)).response_code
    for payload in [*robot_text(long), *robot_markdown(long), *robot_markdown(long, version=2), robot_notice(page)]:
        robot.send(payload)
    texts = [m["text"] for m in wecom.records("inbox", user="lisi") if m["msgtype"] == "text"]
    shown = "".join(str(text["content"]) for text in texts if isinstance(text, dict))
    assert shown.count("长") == len(long)
    assert shown.endswith("\n〔a1 8/8〕")


def test_a_text_that_is_too_long_is_cut_without_a_word(wecom: RunningWeCom) -> None:
    assert send_raw(wecom, encode(text={"content": "字" * 1000})) == 0
    (message,) = wecom.records("inbox", user="lisi")
    assert message["text"] == {"content": "字" * 682}


def test_a_call_without_a_token_or_with_a_strange_one_is_refused(wecom: RunningWeCom) -> None:
    for token, errcode in (("", 41001), ("strange", 40014)):
        url = f"{wecom.url}/cgi-bin/message/send?access_token={token}"
        answer = requests.post(url, data=encode(), timeout=30).json()
        assert answer["errcode"] == errcode
        assert f"devtool/query?e={errcode}" in answer["errmsg"]
    missing = requests.get(f"{wecom.url}/cgi-bin/gettoken", timeout=30)
    assert (missing.status_code, missing.json()["errcode"]) == (200, 41004)


def test_everybody_is_reached_at_once(wecom: RunningWeCom) -> None:
    wecom.app().send(app_text("@all", AGENT, "盘点通知")[0])
    assert {message["chat"] for message in wecom.records("inbox")} == {"ZhangSan", "lisi", "wangwu", "zhaoliu"}


def test_the_31st_message_of_a_minute_is_dropped_in_silence(wecom: RunningWeCom) -> None:
    client = wecom.app()
    for number in range(31):
        client.send(app_text("lisi|wangwu" if number else "lisi", AGENT, f"第 {number} 条")[0])
    assert len(wecom.records("inbox", user="lisi")) == 30
    assert len(wecom.records("inbox", user="wangwu")) == 30
    (dropped,) = wecom.records("dropped")
    assert (dropped["chat"], dropped["text"]) == ("lisi", {"content": "第 30 条"})
    wecom.clock.forward(seconds=60)
    client.send(app_text("lisi", AGENT, "下一分钟")[0])
    assert len(wecom.records("inbox", user="lisi")) == 31


def test_the_1001st_message_of_an_hour_is_dropped() -> None:
    from datetime import UTC, datetime, timedelta

    from wecom_notify.simulator.limits import MEMBER_LIMITS, RateLimiter

    limiter, start = RateLimiter(MEMBER_LIMITS), datetime(2026, 11, 22, tzinfo=UTC)
    passed = [limiter.allows("lisi", start + timedelta(seconds=2.5 * number)) for number in range(1001)]
    assert passed == [True] * 1000 + [False]
    assert limiter.allows("lisi", start + timedelta(hours=1))
    assert limiter.allows("wangwu", start)


def test_the_same_body_within_four_hours_arrives_once(wecom: RunningWeCom) -> None:
    client, (payload,) = wecom.app(), app_text("lisi", AGENT, "同一条")
    for _ in range(3):
        client.send(payload)
    wecom.clock.forward(hours=4)
    client.send(payload)
    assert len(wecom.records("inbox", user="lisi")) == 2
    client.send(app_text("lisi", AGENT, "另一条")[0])
    assert len(wecom.records("inbox", user="lisi")) == 3


def test_the_same_words_on_another_occasion_arrive(wecom: RunningWeCom) -> None:
    client = wecom.app()
    for occurrence in ("inc-1", "inc-2"):
        client.send(app_text("lisi", AGENT, "PO-18 晚 4 天", occurrence=occurrence)[0])
        client.send(notice_card("lisi", AGENT, NoticeCard("PO-18 晚 4 天", "https://x", task_id=occurrence)))
    assert len(wecom.records("inbox", user="lisi")) == 4


def test_a_task_id_is_used_once(wecom: RunningWeCom) -> None:
    client = wecom.app()
    client.send(button_card("lisi", AGENT, CARD))
    with pytest.raises(WeComError) as caught:
        client.send(button_card("wangwu", AGENT, CARD))
    assert (caught.value.errcode, caught.value.retry_class) == (42014, RetryClass.PAYLOAD)


def test_the_21st_message_of_a_robot_is_refused_for_a_minute(wecom: RunningWeCom) -> None:
    robot = wecom.robot()
    for number in range(20):
        robot.send(robot_text(f"第 {number} 条")[0])
    for seconds in (0, 59):
        wecom.clock.forward(seconds=seconds)
        with pytest.raises(WeComError) as caught:
            robot.send(robot_text("第 21 条")[0])
        assert (caught.value.errcode, caught.value.retry_class, caught.value.wait_seconds) == (
            45009,
            RetryClass.WAIT,
            60,
        )
    wecom.clock.forward(seconds=1)
    robot.send(robot_text("第 21 条")[0])
    assert len(wecom.records("inbox", robot=ROBOT)) == 21


@pytest.mark.parametrize(
    ("errcode", "body"),
    [
        (0, {"msgtype": "markdown", "markdown": {"content": "a" * 4096}}),
        (40058, {"msgtype": "markdown", "markdown": {"content": "字" * 1366}}),
        (40058, {"msgtype": "markdown_v2", "markdown_v2": {"content": "a" * 4097}}),
        (40058, {"msgtype": "text", "text": {"content": "a" * 2049}}),
        (44004, {"msgtype": "text", "text": {}}),
        (40008, {"msgtype": "voice"}),
        (42031, {"msgtype": "template_card", "template_card": {"card_type": "button_interaction"}}),
    ],
)
def test_a_robots_payload_gets_its_documented_answer(
    wecom: RunningWeCom, errcode: int, body: Mapping[str, object]
) -> None:
    answer = requests.post(f"{wecom.url}/cgi-bin/webhook/send", params={"key": ROBOT}, json=body, timeout=30).json()
    assert answer["errcode"] == errcode


def test_a_click_reaches_the_hub_and_its_code_updates_the_card_once(wecom: RunningWeCom) -> None:
    client = wecom.app()
    client.send(button_card("zhangsan|lisi", AGENT, CARD))
    result = wecom.order("click", task_id="inc-1", user="ZHANGSAN", key="ack")
    assert (result["is_accepted"], result["attempts"]) == (True, ["200"])
    (event,) = wecom.hub.events
    assert (event.from_user, event.event, event.event_key) == ("ZhangSan", "template_card_event", "ack")
    assert (event.task_id, event.agent_id, event.create_time) == ("inc-1", AGENT, wecom.clock.now)
    payload = update_card_button(AGENT, event.response_code, "张三 已处理")
    client.update_card(payload)
    assert [message["replace_name"] for message in wecom.records("inbox")] == ["张三 已处理"] * 2
    with pytest.raises(WeComError) as caught:
        client.update_card(payload)
    assert caught.value.retry_class is RetryClass.PAYLOAD


def test_the_code_of_the_sending_works_for_72_hours(wecom: RunningWeCom) -> None:
    client = wecom.app()
    first = client.send(button_card("lisi", AGENT, CARD))
    second = client.send(button_card("lisi", AGENT, ButtonCard("inc-2", "x", buttons=(Button("k", "x"),))))
    wecom.clock.forward(hours=71.9)
    client.update_card(update_card(AGENT, first.response_code, NOTICE))
    shown = wecom.records("inbox", user="lisi")[0]["template_card"]
    assert isinstance(shown, dict)
    assert (shown["card_type"], shown["main_title"]) == ("text_notice", {"title": "已恢复"})
    wecom.clock.forward(hours=0.1)
    with pytest.raises(WeComError):
        client.update_card(update_card(AGENT, second.response_code, NOTICE))


def test_an_update_can_spare_some_phones(wecom: RunningWeCom) -> None:
    client = wecom.app()
    receipt = client.send(button_card("lisi|wangwu", AGENT, CARD))
    client.update_card(update_card_button(AGENT, receipt.response_code, "已处理", at_all=False, users=["LISI"]))
    assert [message["replace_name"] for message in wecom.records("inbox")] == ["已处理", ""]


def test_a_grey_button_and_a_missing_one_cannot_be_pressed(wecom: RunningWeCom) -> None:
    client = wecom.app()
    receipt = client.send(button_card("lisi", AGENT, CARD))
    for task_id, user, key in (("inc-1", "lisi", "other"), ("inc-1", "wangwu", "ack"), ("inc-9", "lisi", "ack")):
        with pytest.raises(requests.HTTPError, match="409"):
            wecom.order("click", task_id=task_id, user=user, key=key)
    client.update_card(update_card_button(AGENT, receipt.response_code, "已处理"))
    with pytest.raises(requests.HTTPError, match="409"):
        wecom.order("click", task_id="inc-1", user="lisi", key="ack")
    assert not wecom.hub.events


def test_a_callback_that_fails_comes_again_and_can_be_told(wecom: RunningWeCom) -> None:
    wecom.app().send(button_card("lisi", AGENT, CARD))
    wecom.hub.statuses = [500, 302]
    assert wecom.order("click", task_id="inc-1", user="lisi", key="ack")["attempts"] == ["500", "302", "200"]
    assert len(wecom.hub.events) == 3
    assert len({event.dedupe_key for event in wecom.hub.events}) == 1
    wecom.hub.statuses = [500] * 9
    assert wecom.order("click", task_id="inc-1", user="lisi", key="ack")["is_accepted"] is False
    assert len(wecom.hub.events) == 7
    assert len(wecom.records("callbacks")) == 2


def test_the_address_check_of_the_console_is_played(wecom: RunningWeCom) -> None:
    assert wecom.order("verify_url")["errcode"] == 0


def test_a_slow_answer_is_still_an_answer(wecom: RunningWeCom) -> None:
    wecom.order("delay", path="/cgi-bin/message/send", seconds=0.05)
    assert wecom.app().send(app_text("lisi", AGENT, "x")[0]).msgid


def test_an_order_with_an_unknown_word_is_refused(wecom: RunningWeCom) -> None:
    with pytest.raises(requests.HTTPError, match="422"):
        wecom.order("fail", path="/x", errcode=1, forever=True)
