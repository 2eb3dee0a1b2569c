"""The life of an incident: opened once, acknowledged, updated, resolved by itself, opened again."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from crossdock.incidents import Evaluation, acknowledge
from crossdock.incidents.callbacks import keep_event, process_events
from crossdock.pipeline import apply as apply_run
from crossdock.pipeline import land
from crossdock.store.partitions import make_partition
from crossdock.store.tables import canonical
from tests.integration.hub import Hub, counts, order_row
from wecom_notify.testing import RunningWeCom

pytestmark = pytest.mark.store


def standing(hub: Hub) -> list[tuple[Any, ...]]:
    return hub.query("SELECT subject, status, occurrence, is_baseline FROM crossdock.incident ORDER BY id")


def history(hub: Hub) -> list[str]:
    return hub.column("SELECT kind FROM crossdock.incident_event ORDER BY id")


def told(hub: Hub) -> list[tuple[Any, ...]]:
    return hub.query(
        "SELECT kind, recipient, sentence ->> 'zh' FROM crossdock.alert WHERE kind <> 'summary' ORDER BY id"
    )


@pytest.fixture
def begun(hub: Hub) -> Hub:
    """A first load is behind it, and one rule is in force."""
    hub.rule("few")
    hub.load(order_row("PO-1"), order_row("PO-2"))
    hub.evaluate()
    return hub


def test_an_incident_goes_its_way_from_open_to_reopened(begun: Hub) -> None:
    begun.load(order_row("PO-1", quantity="300"))
    assert begun.evaluate() == Evaluation(runs=1, opened=1, alerts=1)
    assert standing(begun) == [("PO-1 10", "open", 1, False)]

    number = begun.one("SELECT id FROM crossdock.incident")
    assert acknowledge(begun.engine, number, "张三", clock=begun.clock)
    assert not acknowledge(begun.engine, number, "李四", clock=begun.clock)
    assert begun.query("SELECT status, acknowledged_by FROM crossdock.incident") == [("acknowledged", "张三")]

    begun.load(order_row("PO-1", quantity="200"))
    assert begun.evaluate() == Evaluation(runs=1, updated=1, alerts=1)
    assert begun.query("SELECT status, acknowledged_by FROM crossdock.incident") == [("open", None)]

    begun.load(order_row("PO-1", quantity="500"))
    assert begun.evaluate() == Evaluation(runs=1, resolved=1)
    assert begun.one("SELECT resolved_at IS NOT NULL FROM crossdock.incident")
    assert not acknowledge(begun.engine, number, "张三", clock=begun.clock)

    begun.load(order_row("PO-1", quantity="100"))
    assert begun.evaluate() == Evaluation(runs=1, reopened=1, alerts=1)
    assert standing(begun) == [("PO-1 10", "open", 2, False)]
    assert history(begun) == ["opened", "acknowledged", "updated", "resolved", "reopened"]
    assert told(begun) == [
        ("opened", "ZhangSan", "PO-1 只有 300"),
        ("updated", "ZhangSan", "PO-1 只有 200"),
        ("reopened", "ZhangSan", "PO-1 只有 100"),
    ]


def test_news_of_something_else_leaves_an_incident_alone(begun: Hub) -> None:
    begun.load(order_row("PO-1", quantity="300"))
    begun.evaluate()
    begun.load(order_row("PO-1", quantity="300", due="2027-01-01"), order_row("PO-2", quantity="600"))
    assert begun.evaluate() == Evaluation(runs=1)
    assert history(begun) == ["opened"]


def test_an_evaluation_without_news_asks_nobody(begun: Hub) -> None:
    begun.load(order_row("PO-1", quantity="300"))
    begun.evaluate()
    assert begun.evaluate() == Evaluation()
    begun.load(order_row("PO-1", quantity="300.0"))
    assert begun.evaluate() == Evaluation(runs=1)


def test_a_first_load_gives_one_summary_and_no_card(hub: Hub) -> None:
    hub.rule("few")
    hub.load(order_row("PO-1", quantity="300"), order_row("PO-2", quantity="100"), order_row("PO-3", quantity="?"))
    assert hub.evaluate() == Evaluation(runs=1, baseline=2, alerts=1)
    assert standing(hub) == [("PO-1 10", "open", 1, True), ("PO-2 10", "open", 1, True)]
    ((kind, channel, words),) = hub.query("SELECT kind, channel, sentence ->> 'zh' FROM crossdock.alert")
    assert (kind, channel) == ("summary", "robot")
    assert "采购订单 3 条" in words
    assert "采购订单行 2 条" in words
    assert "有 1 条待处理" in words
    assert "已有异常 2 项" in words
    assert hub.evaluate() == Evaluation()


def test_the_summary_waits_for_the_other_streams_but_not_for_ever(hub: Hub) -> None:
    hub.stream("own/orders", files="o*.csv", more={"config": {"files": "m*.csv"}, "mapping": "own/orders"})
    hub.put("o.csv", [order_row()])
    hub.sync()
    assert hub.evaluate().alerts == 0
    hub.clock.forward(hours=1)
    assert hub.evaluate().alerts == 1
    assert hub.evaluate().alerts == 0


def test_a_later_change_of_a_baseline_incident_is_told(hub: Hub) -> None:
    hub.rule("few")
    hub.load(order_row(quantity="300"))
    hub.evaluate()
    hub.load(order_row(quantity="200"))
    assert hub.evaluate().updated == 1
    assert told(hub) == [("updated", "ZhangSan", "PO-1 只有 200")]


def test_the_first_load_of_one_stream_does_not_hide_the_news_of_another(hub: Hub) -> None:
    hub.rule("few")
    receipt = {"goods_receipt": {"fields": {"receipt_number": "入库单号"}}}
    hub.mapping("own/receipts", receipt)
    hub.rule(
        "received",
        watches=["goods_receipt"],
        query="SELECT receipt_number AS subject, receipt_number AS order_number, 1 AS ordered, 'x' AS buyer_contact FROM facts.goods_receipt",
    )
    receipts = {"config": {"files": "r*.csv", "minimum_age_seconds": 0}, "mapping": "own/receipts"}
    hub.stream("own/orders", files="o*.csv", receipts=receipts)
    hub.put("o1.csv", [order_row()])
    hub.sync()
    hub.evaluate()
    hub.put("o2.csv", [order_row(quantity="300")])
    hub.put("r1.csv", [("GR-1",)], header=("入库单号",))
    hub.sync()
    hub.sync("receipts")
    found = hub.evaluate()
    assert (found.runs, found.opened, found.baseline) == (2, 1, 1)
    assert told(hub) == [("opened", "ZhangSan", "PO-1 只有 300")]


def test_a_new_rule_and_a_changed_rule_begin_as_baseline(begun: Hub) -> None:
    begun.load(order_row("PO-1", quantity="300"))
    begun.evaluate()
    begun.rule("again")
    assert begun.evaluate() == Evaluation(baseline=1)
    changed = (
        "SELECT order_number AS subject, order_number, 1 AS ordered, '' AS buyer_contact FROM facts.purchase_order"
    )
    begun.rule("few", query=changed)
    assert begun.evaluate() == Evaluation(baseline=2, resolved=1)
    assert len(told(begun)) == 1


def test_the_incidents_of_a_rule_that_is_switched_off_are_ended(begun: Hub) -> None:
    begun.load(order_row("PO-1", quantity="300"))
    begun.evaluate()
    begun.rule("few", enabled=False)
    assert begun.evaluate() == Evaluation(resolved=1)
    assert standing(begun)[0][1] == "resolved"


def test_a_backfill_opens_its_incidents_quietly(begun: Hub) -> None:
    begun.put("b.csv", [order_row("PO-1", quantity="300")])
    begun.clock.forward(minutes=1)
    run = land(begun.home, begun.engine, "erp", "orders", kind="backfill", clock=begun.clock)
    assert counts(apply_run(begun.home, begun.engine, run, clock=begun.clock)) == {"read": 1, "updated": 1}
    assert begun.evaluate() == Evaluation(runs=1, baseline=1)
    assert told(begun) == []


def test_two_evaluations_at_once_open_an_incident_once(begun: Hub) -> None:
    begun.load(order_row("PO-1", quantity="300"))
    found: list[Evaluation] = []
    problems: list[BaseException] = []

    def one() -> None:
        try:
            found.append(begun.evaluate())
        except BaseException as error:  # noqa: BLE001  # handed to the test
            problems.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert problems == []
    assert sorted(each.opened for each in found) == [0, 0, 0, 1]
    assert history(begun) == ["opened"]
    assert len(told(begun)) == 1


def test_who_is_told_follows_the_fact_then_the_group_then_the_owner(hub: Hub) -> None:
    hub.rule("few")
    hub.load(order_row("PO-0"))
    hub.evaluate()
    hub.load(
        *(order_row(f"PO-{n}", quantity="1", buyer=buyer) for n, buyer in enumerate(("E017", "lisi", "陌生人", "")))
    )
    hub.evaluate()
    assert hub.query("SELECT channel, recipient FROM crossdock.alert WHERE kind = 'opened' ORDER BY incident_id") == [
        ("app", "ZhangSan"),
        ("app", "lisi"),
        ("robot", "purchasing"),
        ("robot", "purchasing"),
    ]
    assert "陌生人" in hub.one("SELECT string_agg(reason ->> 'zh', '') FROM crossdock.alert")


def test_a_role_that_nobody_stands_for_is_counted_as_dead(hub: Hub) -> None:
    hub.settings(roles={})
    hub.rule("few")
    hub.load(order_row())
    hub.evaluate()
    hub.load(order_row(quantity="1"))
    hub.evaluate()
    assert hub.query("SELECT channel, raised, dead FROM crossdock.alert_account") == [("none", 2, 2)]


def test_a_confirmation_is_overdue_from_the_second_day_by_the_clock_of_the_evaluation(hub: Hub) -> None:
    (hub.path / "rules/confirmation_overdue.yaml").unlink()
    hub.load(order_row("PO-0", ordered_on="2026-11-22"))
    hub.evaluate()
    hub.load(order_row("PO-0", ordered_on="2026-11-22"), order_row("PO-1", ordered_on="2026-11-22"))
    opened = []
    for _ in range(4):
        found = hub.evaluate()
        opened.append((found.opened, found.resolved))
        hub.clock.forward(days=1)
    assert opened == [(0, 0), (0, 0), (2, 0), (0, 0)]
    assert hub.one("SELECT min(opened_at)::date::text FROM crossdock.incident") == "2026-11-24"
    assert "11/22 下单，至今未确认" in hub.one("SELECT sentence ->> 'zh' FROM crossdock.incident LIMIT 1")
    with hub.engine.begin() as connection:
        make_partition(connection, canonical["goods_receipt_line"], "erp")
    hub.do("INSERT INTO canonical.goods_receipt_line (source, key, receipt_number, line_number, order_number, stream, batch_id, "
           "row_number, created_run, changed_run, created_at, changed_at) "
           "VALUES ('erp', 'x', 'GR-1', '1', 'PO-1', 's', 1, 1, 1, 1, now(), now())")  # fmt: skip
    assert hub.evaluate().resolved == 1


def test_a_day_begins_in_the_zone_of_the_deployment(hub: Hub) -> None:
    """In Shanghai it is already tomorrow when it is still evening by UTC."""
    hub.rule(
        "today",
        clock=True,
        query="SELECT today::text AS subject, 'a' AS order_number, 1 AS ordered, '' AS buyer_contact FROM facts.clock",
    )
    hub.clock.forward(hours=15)
    hub.evaluate()
    assert hub.column("SELECT subject FROM crossdock.incident") == ["2026-11-23"]


# buttons


@pytest.fixture
def card(online: Hub, wecom: RunningWeCom) -> str:
    """The task id of a card that lies on ZhangSan's phone."""
    online.rule("few")
    online.load(order_row())
    online.evaluate()
    online.load(order_row(quantity="300"))
    online.evaluate()
    online.deliver()
    (message,) = wecom.records("inbox", user="ZhangSan")
    return str(message["task_id"])


def press(online: Hub, wecom: RunningWeCom, card: str, user: str = "ZhangSan") -> None:
    key = f"ack:{online.one('SELECT id FROM crossdock.incident')}"
    wecom.order("click", task_id=card, user=user, key=key)


def results(online: Hub) -> list[str]:
    return online.column("SELECT result FROM crossdock.callback_event ORDER BY id")


def test_a_pressed_button_acknowledges_and_greys_the_card(online: Hub, wecom: RunningWeCom, card: str) -> None:
    press(online, wecom, card)
    assert keep_event(online.engine, wecom.hub.events[0], clock=online.clock)
    assert process_events(online.home, online.engine, clock=online.clock) == 1
    assert results(online) == ["acknowledged"]
    assert online.query("SELECT status, acknowledged_by FROM crossdock.incident") == [("acknowledged", "张三")]
    (message,) = wecom.records("inbox", user="ZhangSan")
    assert message["replace_name"] == "张三 已知晓"


def test_an_event_that_is_sent_again_does_nothing(online: Hub, wecom: RunningWeCom, card: str) -> None:
    press(online, wecom, card)
    assert keep_event(online.engine, wecom.hub.events[0], clock=online.clock)
    assert not keep_event(online.engine, wecom.hub.events[0], clock=online.clock)
    process_events(online.home, online.engine, clock=online.clock)
    assert not keep_event(online.engine, wecom.hub.events[0], clock=online.clock)
    assert process_events(online.home, online.engine, clock=online.clock) == 0
    assert history(online) == ["opened", "acknowledged"]


def test_a_second_press_is_harmless(online: Hub, wecom: RunningWeCom, card: str) -> None:
    press(online, wecom, card)
    press(online, wecom, card)
    online.clock.forward(seconds=1)
    kept = [keep_event(online.engine, event, clock=online.clock) for event in wecom.hub.events]
    process_events(online.home, online.engine, clock=online.clock)
    assert results(online)[0] == "acknowledged"
    assert all("no longer open" in result for result in results(online)[1:])
    assert kept[0]
    assert history(online) == ["opened", "acknowledged"]


def test_a_press_by_somebody_who_did_not_get_the_card_is_refused(online: Hub, wecom: RunningWeCom, card: str) -> None:
    from dataclasses import replace

    press(online, wecom, card)
    (event,) = wecom.hub.events
    strangers = [
        replace(event, from_user="wangwu"),
        replace(event, event_key="ack:999"),
        replace(event, task_id="xd-another"),
        replace(event, event_key="open"),
        replace(event, event="enter_agent"),
    ]
    for number, one in enumerate(strangers):
        online.do(
            "INSERT INTO crossdock.callback_event (dedupe_key, received_at, event) VALUES (:key, now(), '{}')",
            key=str(number),
        )
        values = {n: getattr(one, n) for n in ("from_user", "event", "event_key", "task_id", "response_code")}
        with online.engine.begin() as connection:
            from crossdock.store.database import dump_json

            connection.execute(
                text("UPDATE crossdock.callback_event SET event = CAST(:event AS jsonb) WHERE dedupe_key = :key"),
                {"event": dump_json(values), "key": str(number)},
            )
    assert process_events(online.home, online.engine, clock=online.clock) == 5
    assert all(result.startswith(("refused", "ignored")) for result in results(online))
    assert online.one("SELECT status FROM crossdock.incident") == "open"


def test_the_name_of_a_member_is_compared_without_capitals(online: Hub, wecom: RunningWeCom, card: str) -> None:
    from dataclasses import replace

    press(online, wecom, card)
    keep_event(online.engine, replace(wecom.hub.events[0], from_user="zhangsan"), clock=online.clock)
    process_events(online.home, online.engine, clock=online.clock)
    assert results(online) == ["acknowledged"]


def test_a_card_whose_incident_recovered_says_so(online: Hub, wecom: RunningWeCom, card: str) -> None:
    assert card
    online.load(order_row(quantity="500"))
    online.evaluate()
    assert online.deliver().updated == 1
    (message,) = wecom.records("inbox", user="ZhangSan")
    assert message["replace_name"] == "已自行恢复"
    assert online.deliver().updated == 0
    online.clock.forward(hours=73)
    assert online.deliver().updated == 0


def test_an_hour_is_the_patience_of_the_summary() -> None:
    from crossdock.incidents.summary import PATIENCE

    assert timedelta(hours=1) == PATIENCE
