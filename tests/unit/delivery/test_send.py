"""Sending through the simulated WeCom: order, limits, every class of error, and that each alert is accounted for."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, update

from canonical_model.language import Text
from crossdock.delivery.outbox import NewAlert, raise_alerts
from crossdock.delivery.routing import APP, NOBODY, ROBOT, Recipient
from crossdock.delivery.send import GIVE_UP_AFTER
from crossdock.store.database import alone
from crossdock.store.tables import incident
from tests.integration.hub import Hub
from wecom_notify import AppClient, Receipt
from wecom_notify.testing import RunningWeCom

pytestmark = pytest.mark.store

WHY = Text("因为", "because")
SEND = "/cgi-bin/message/send"
ROBOT_SEND = "/cgi-bin/webhook/send"


def tell(hub: Hub, *words: str, to: str = "ZhangSan", channel: str = APP, kind: str = "opened") -> None:
    """Raises one alert with an incident of its own for each of `words`."""
    with hub.engine.begin() as connection:
        for word in words:
            sentence = Text(f"{word}有变", f"{word} changed")
            values = {
                "rule": "r", "subject": word, "status": "open", "severity": "warning", "title": {}, "sentence": {},
                "facts": {"order_number": word}, "opened_at": hub.clock(), "updated_at": hub.clock(),
            }  # fmt: skip
            number = connection.scalar(insert(incident).values(values).returning(incident.c.id))
            one = NewAlert(number, 1, kind, Recipient(channel, to, WHY), Text("订单变更", "Order changed"), sentence)
            raise_alerts(connection, [one], hub.clock())


def inbox(wecom: RunningWeCom, **whose: str) -> list[str]:
    """What stands on the phones: a card's sentence, or a text."""
    shown = []
    for message in wecom.records("inbox", **whose):
        kind: Any = message["msgtype"]
        body: Any = message[kind]
        shown.append(body["sub_title_text"] if kind == "template_card" else body["content"])
    return shown


def account(hub: Hub) -> dict[str, dict[str, int]]:
    """Channel -> where its alerts are, without zeros."""
    names = ("raised", "delivered", "merged", "silenced", "pending", "dead")
    rows = hub.query(f"SELECT channel, {', '.join(names)} FROM crossdock.alert_account")
    for _, raised, *rest in rows:
        assert raised == sum(rest)
    return {row[0]: {n: v for n, v in zip(names, row[1:], strict=True) if v} for row in rows}


def states(hub: Hub) -> list[tuple[Any, ...]]:
    return hub.query("SELECT recipient, status, attempts FROM crossdock.delivery ORDER BY id")


def test_one_alert_for_a_member_is_a_card_with_its_link_and_button(online: Hub, wecom: RunningWeCom) -> None:
    tell(online, "PO-1")
    report = online.deliver()
    assert (report.sent, report.waiting, report.problems) == (1, 0, [])
    (card,) = wecom.records("inbox")
    assert card["chat"] == "ZhangSan"
    body: Any = card["template_card"]
    assert body["sub_title_text"] == "PO-1有变"
    assert [button["text"] for button in body["button_list"]] == ["知道了", "查看详情"]
    assert body["button_list"][0]["key"].startswith("ack:")
    assert body["card_action"]["url"].startswith("http://127.0.0.1:8600/i/")
    assert body["horizontal_content_list"][0]["value"] == "PO-1"
    assert account(online) == {APP: {"raised": 1, "delivered": 1}}
    assert online.deliver().sent == 0
    assert wecom.count("message/send") == 1


def test_several_alerts_of_one_person_stand_in_one_message(online: Hub, wecom: RunningWeCom) -> None:
    tell(online, "PO-1", "PO-2", "PO-3")
    tell(online, "PO-4", to="wangwu")
    report = online.deliver()
    assert (report.sent, report.merged) == (2, 2)
    (message,) = inbox(wecom, user="ZhangSan")
    assert [word in message for word in ("PO-1有变", "PO-2有变", "PO-3有变", "PO-4")] == [True, True, True, False]
    assert inbox(wecom, user="wangwu") == ["PO-4有变"]
    assert account(online) == {APP: {"raised": 4, "delivered": 2, "merged": 2}}


def test_alerts_that_do_not_fit_one_message_make_several_in_order_and_none_is_lost(
    online: Hub, wecom: RunningWeCom
) -> None:
    words = [f"PO-{n:03}{'长' * 100}" for n in range(20)]
    tell(online, *words)
    online.deliver()
    messages = inbox(wecom)
    assert len(messages) > 1
    assert all(len(message.encode()) <= 2048 for message in messages)
    whole = "\n".join(messages)
    assert sorted(words, key=whole.index) == words
    assert account(online)[APP] == {"raised": 20, "delivered": len(messages), "merged": 20 - len(messages)}


def test_a_member_is_written_to_in_their_language(online: Hub, wecom: RunningWeCom) -> None:
    tell(online, "PO-1", to="lisi")
    tell(online, "PO-2", to="zhaoliu")
    online.deliver()
    assert inbox(wecom, user="lisi") == ["PO-1 changed"]
    assert inbox(wecom, user="zhaoliu") == ["PO-2有变"]


def test_an_alert_for_nobody_is_dead_and_counted(online: Hub, wecom: RunningWeCom) -> None:
    tell(online, "PO-1", to="", channel=NOBODY)
    online.deliver()
    assert account(online) == {NOBODY: {"raised": 1, "dead": 1}}
    assert wecom.records("calls") == []


def test_a_group_gets_its_alerts_from_its_robot(online: Hub, wecom: RunningWeCom) -> None:
    tell(online, "PO-1", "PO-2", to="purchasing", channel=ROBOT)
    online.deliver()
    (message,) = inbox(wecom)
    assert "PO-1有变" in message
    assert account(online) == {ROBOT: {"raised": 2, "delivered": 1, "merged": 1}}


# limits


@pytest.fixture
def dead_line() -> Iterator[str]:
    """An address at which every connection is refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def one_by_one(hub: Hub, count: int, wecom: RunningWeCom, dead_line: str, **where: str) -> None:
    """Alerts that are composed apart while WeCom is gone, so that each is a message and all are due at once."""
    hub.join(wecom, url=dead_line)
    for number in range(count):
        tell(hub, f"PO-{number}", **where)
        hub.deliver()
    hub.join(wecom)
    hub.clock.forward(minutes=1)


@pytest.mark.parametrize(
    ("where", "limit"),
    [({"to": "ZhangSan"}, 30), ({"to": "purchasing", "channel": ROBOT}, 20)],
)
def test_the_message_beyond_the_limit_waits_instead_of_being_dropped(
    online: Hub, wecom: RunningWeCom, dead_line: str, where: dict[str, str], limit: int
) -> None:
    one_by_one(online, limit + 2, wecom, dead_line, **where)
    tell(online, "PO-X", to="wangwu")
    report = online.deliver()
    assert (report.sent, report.waiting) == (limit + 1, 2)
    assert inbox(wecom, user="wangwu") == ["PO-X有变"], "somebody else does not wait"
    assert online.deliver().sent == 0
    online.clock.forward(seconds=61)
    assert online.deliver().sent == 2
    assert len(inbox(wecom)) == limit + 3
    assert wecom.records("dropped") == []
    numbers = [message for message in inbox(wecom) if "PO-X" not in message]
    assert [f"PO-{n}" in message for n, message in enumerate(numbers)] == [True] * (limit + 2)


# errors by class


def test_a_token_that_ran_out_is_renewed_once(online: Hub, wecom: RunningWeCom) -> None:
    wecom.order("fail", path=SEND, errcode=40014)
    tell(online, "PO-1")
    assert online.deliver().sent == 1
    assert (wecom.count("gettoken"), wecom.count("message/send")) == (2, 2)
    assert inbox(wecom) == ["PO-1有变"]


def test_a_token_that_is_refused_again_stops_the_app_but_not_the_robots(online: Hub, wecom: RunningWeCom) -> None:
    wecom.order("fail", path=SEND, errcode=40014, times=2)
    tell(online, "PO-1")
    tell(online, "PO-2", to="wangwu")
    tell(online, "PO-3", to="purchasing", channel=ROBOT)
    report = online.deliver()
    assert (report.sent, report.waiting, len(report.problems)) == (1, 2, 1)
    assert wecom.count("message/send") == 2
    assert states(online) == [("ZhangSan", "waiting", 1), ("wangwu", "waiting", 0), ("purchasing", "sent", 1)]
    online.clock.forward(minutes=1)
    online.deliver()
    assert wecom.count("message/send") == 2, "nobody else's message calls before the delay is over"
    online.clock.forward(minutes=5)
    assert online.deliver().sent == 2


def test_a_wrong_secret_is_asked_once_in_five_minutes(online: Hub, wecom: RunningWeCom) -> None:
    """Repeating it gets the machine's address banned."""
    online.connections["wecom_default"] = {**online.connections["wecom_default"], "secret": "wrong-secret"}
    for word, to in (("PO-1", "ZhangSan"), ("PO-2", "wangwu"), ("PO-3", "lisi")):
        tell(online, word, to=to)
    for _ in range(4):
        report = online.deliver()
        online.clock.forward(minutes=1)
    assert wecom.count("gettoken") == 1
    assert report.waiting == 3
    assert "wrong-secret" not in str(online.query("SELECT problem FROM crossdock.delivery"))


def test_a_robot_whose_key_is_refused_does_not_stop_the_other_groups(online: Hub, wecom: RunningWeCom) -> None:
    groups = {
        "broken": {"name": "坏的群", "connection": "wecom_broken"},
        "purchasing": {"name": "采购群", "connection": "wecom_purchasing"},
    }
    online.settings(groups=groups, wecom={"base_url": wecom.url})
    online.connections["wecom_broken"] = {"key": "no-such-robot-key"}
    tell(online, "PO-1", to="broken", channel=ROBOT)
    tell(online, "PO-2", to="purchasing", channel=ROBOT)
    report = online.deliver()
    assert (report.sent, report.waiting) == (1, 1)
    assert account(online) == {ROBOT: {"raised": 2, "delivered": 1, "pending": 1}}


def test_without_the_apps_connection_the_robots_still_speak(online: Hub, wecom: RunningWeCom) -> None:
    del online.connections["wecom_default"]
    tell(online, "PO-1")
    tell(online, "PO-2", to="purchasing", channel=ROBOT)
    report = online.deliver()
    assert report.sent == 1
    assert len(report.problems) == 1
    assert account(online) == {APP: {"raised": 1, "pending": 1}, ROBOT: {"raised": 1, "delivered": 1}}
    online.join(wecom)
    assert online.deliver().sent == 1


def test_an_app_whose_number_is_none_is_a_wrong_connection(online: Hub) -> None:
    online.connections["wecom_default"] = {**online.connections["wecom_default"], "agent_id": "²"}
    tell(online, "PO-1")
    (problem,) = online.deliver().problems
    assert "agent_id" in problem.zh


def test_too_many_calls_wait_a_minute(online: Hub, wecom: RunningWeCom) -> None:
    wecom.order("fail", path=SEND, errcode=45009)
    tell(online, "PO-1")
    assert online.deliver().waiting == 1
    online.clock.forward(seconds=59)
    assert online.deliver().sent == 0
    online.clock.forward(seconds=2)
    assert online.deliver().sent == 1
    assert wecom.count("message/send") == 2


def test_an_alert_for_a_member_who_is_gone_goes_to_the_owner(online: Hub, wecom: RunningWeCom) -> None:
    tell(online, "PO-1", to="nobody-here")  # the simulator answers 81013
    report = online.deliver()
    assert report.dead == 1
    assert account(online) == {APP: {"raised": 1, "dead": 1}, ROBOT: {"raised": 1, "pending": 1}}
    assert online.deliver().sent == 1
    assert account(online)[ROBOT] == {"raised": 1, "delivered": 1}
    assert "PO-1有变" in inbox(wecom)[0]
    reason = online.one("SELECT reason ->> 'zh' FROM crossdock.alert WHERE channel = 'robot'")
    assert reason.startswith("nobody-here 收不到")


def test_a_message_of_which_wecom_says_that_it_did_not_reach_goes_to_the_owner(
    online: Hub, wecom: RunningWeCom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AppClient, "send", lambda _self, _payload: Receipt("m", "", ("zhangsan",)))
    tell(online, "PO-1")
    assert online.deliver().dead == 1
    assert account(online) == {APP: {"raised": 1, "dead": 1}, ROBOT: {"raised": 1, "pending": 1}}


def test_when_the_owner_cannot_be_reached_nothing_goes_round_in_circles(online: Hub, wecom: RunningWeCom) -> None:
    wecom.order("fail", path=ROBOT_SEND, errcode=40058)
    tell(online, "PO-1", to="purchasing", channel=ROBOT)
    assert online.deliver().dead == 1
    assert account(online) == {ROBOT: {"raised": 1, "dead": 1}}
    assert online.deliver().sent == 0


def test_a_payload_that_is_refused_is_dead_and_told_to_the_owner(online: Hub, wecom: RunningWeCom) -> None:
    wecom.order("fail", path=SEND, errcode=44004, errmsg="empty content")
    tell(online, "PO-1")
    assert online.deliver().dead == 1
    assert online.query("SELECT status, errcode FROM crossdock.delivery") == [("dead", 44004)]
    assert account(online) == {APP: {"raised": 1, "dead": 1}, ROBOT: {"raised": 1, "pending": 1}}
    online.clock.forward(hours=1)
    online.deliver()
    assert wecom.count("message/send") == 1, "never again as it is"


def test_an_unknown_outcome_is_sent_again_in_the_same_bytes_and_arrives_once(
    online: Hub, wecom: RunningWeCom, monkeypatch: pytest.MonkeyPatch
) -> None:
    initialise = AppClient.__init__

    def hurried(self: AppClient, *arguments: Any, **named: Any) -> None:
        initialise(self, *arguments, **named, timeout_seconds=0.3)

    wecom.order("drop_response", path=SEND)
    tell(online, "PO-1")
    with monkeypatch.context() as hurry:  # only where no answer comes: a busy machine may take as long for one
        hurry.setattr(AppClient, "__init__", hurried)
        report = online.deliver()
    assert (report.sent, report.waiting) == (0, 1)
    online.clock.forward(seconds=6)
    assert online.deliver().sent == 1
    calls = wecom.records("calls", path=SEND)
    assert len(calls) == 2
    assert len({str(call["sha256"]) for call in calls}) == 1
    assert inbox(wecom) == ["PO-1有变"]
    assert account(online) == {APP: {"raised": 1, "delivered": 1}}


def test_a_busy_wecom_is_tried_again_at_growing_intervals_and_given_up_after_three_days(
    online: Hub, wecom: RunningWeCom
) -> None:
    wecom.order("fail", path=SEND, errcode=-1, times=1000)
    tell(online, "PO-1")
    delays = []
    for _ in range(10):
        online.deliver()
        due = online.one("SELECT next_attempt_at FROM crossdock.delivery")
        delays.append((due - online.clock()).total_seconds())
        online.clock.now = due
    assert delays == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    online.clock.now += GIVE_UP_AFTER
    assert online.deliver().dead == 1
    assert account(online) == {APP: {"raised": 1, "dead": 1}, ROBOT: {"raised": 1, "pending": 1}}


# WeCom is gone


def test_an_hour_without_wecom_loses_nothing_and_keeps_the_order(
    online: Hub, wecom: RunningWeCom, dead_line: str
) -> None:
    online.join(wecom, url=dead_line)
    sent: dict[str, list[str]] = {"ZhangSan": [], "wangwu": []}
    for minute in range(0, 60, 5):
        to = ("ZhangSan", "wangwu")[minute // 5 % 2]
        tell(online, f"PO-{minute:02}", to=to)
        sent[to].append(f"PO-{minute:02}有变")
        report = online.deliver()
        assert (report.sent, report.dead) == (0, 0)
        online.clock.forward(minutes=5)
    assert account(online) == {APP: {"raised": 12, "pending": 12}}
    online.join(wecom)
    for _ in range(30):
        online.deliver()
        online.clock.forward(minutes=1)
    assert {user: inbox(wecom, user=user) for user in sent} == sent
    assert account(online) == {APP: {"raised": 12, "delivered": 12}}
    assert wecom.count("message/send") == 12


def test_a_message_that_waits_holds_back_those_after_it_for_the_same_person_only(
    online: Hub, wecom: RunningWeCom
) -> None:
    wecom.order("fail", path=SEND, errcode=-1)
    tell(online, "PO-1")
    online.deliver()
    tell(online, "PO-2")
    tell(online, "PO-3", to="wangwu")
    online.deliver()
    assert inbox(wecom) == ["PO-3有变"]
    online.clock.forward(seconds=6)
    online.deliver()
    assert inbox(wecom, user="ZhangSan") == ["PO-1有变", "PO-2有变"]


def test_only_one_delivery_runs_at_a_time(online: Hub, wecom: RunningWeCom) -> None:
    tell(online, "PO-1")
    with alone(online.engine, "delivery", wait=True):
        assert online.deliver().sent == 0
    assert online.deliver().sent == 1


def test_what_has_resolved_itself_before_anybody_was_told_is_silenced(online: Hub, wecom: RunningWeCom) -> None:
    tell(online, "PO-1", "PO-2")
    with online.engine.begin() as connection:
        connection.execute(update(incident).where(incident.c.subject == "PO-1").values(status="resolved"))

    assert online.deliver().sent == 1
    assert account(online) == {APP: {"raised": 2, "delivered": 1, "silenced": 1}}
    assert len(wecom.records("inbox")) == 1
