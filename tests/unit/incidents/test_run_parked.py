"""A run that stops and asks becomes an incident, and ends it by itself once somebody has decided."""

from collections.abc import Mapping

import pytest

from canonical_model.text import JsonValue
from crossdock.pipeline.guard import approve, discard
from tests.integration.hub import HEADER, LEAN, Hub, order_row
from tests.unit.pipeline.test_complete import says
from wecom_notify.testing import RunningWeCom

pytestmark = pytest.mark.store


def standing(hub: Hub) -> list[tuple[str, str]]:
    return [
        (subject, status)
        for subject, status in hub.query(
            "SELECT subject, status FROM crossdock.incident WHERE rule = 'run_parked' ORDER BY id"
        )
    ]


def told(hub: Hub) -> list[str]:
    return hub.column("SELECT sentence ->> 'zh' FROM crossdock.alert WHERE kind <> 'summary' ORDER BY id")


@pytest.fixture
def begun(online: Hub) -> Hub:
    """A stream with three orders and a guard, the shipped rule in force, and an owner with a phone."""
    (online.path / "rules" / "run_parked.yaml").unlink()
    says(online, complete=True, guard={"deleted": "50%", "rows": 2})
    online.load(order_row("PO-1"), order_row("PO-2"), order_row("PO-3"))
    online.evaluate()
    return online


def cards(wecom: RunningWeCom) -> list[Mapping[str, JsonValue]]:
    return [one for one in wecom.records("inbox") if one["task_id"]]


def with_owner(hub: Hub, wecom: RunningWeCom) -> None:
    """The one who cares for the hub has a phone."""
    hub.settings(wecom={"base_url": wecom.url}, roles={"owner": {"person": "wangwu"}})


def test_a_stopped_run_is_told_to_the_owner_once_and_ends_by_itself_when_approved(
    begun: Hub, wecom: RunningWeCom
) -> None:
    with_owner(begun, wecom)
    asked = begun.load(order_row("PO-3"), name="b.csv")
    assert (begun.evaluate().opened, standing(begun)) == (1, [(f"erp.orders {asked.run_id}", "open")])
    begun.deliver()
    (card,) = cards(wecom)
    assert card["chat"] == "wangwu"
    assert begun.sync().status == "parked", "each later run asks the same again"
    assert (begun.evaluate().alerts, len(standing(begun))) == (0, 1)

    approve(begun.engine, asked.run_id)
    begun.sync()
    assert begun.evaluate().resolved == 1
    assert standing(begun) == [(f"erp.orders {asked.run_id}", "resolved")]
    begun.deliver()
    (card,) = cards(wecom)
    assert card["replace_name"] == "已自行恢复"
    assert told(begun) == [
        "erp.orders 采购订单：3 条里有 2 条要删除，超过了上限 50%，本次什么都没有写入。"
        f"确认无误：crossdock run approve {asked.run_id}；文件有误：crossdock run discard {asked.run_id}。"
    ]


def test_what_was_discarded_asks_no_more(begun: Hub) -> None:
    asked = begun.load(order_row("PO-3"), name="b.csv")
    begun.evaluate()
    discard(begun.engine, asked.run_id, begun.clock)

    assert begun.evaluate().resolved == 1
    assert begun.sync().status == "idle"
    assert begun.evaluate().alerts == 0


def test_what_is_landed_later_is_another_question(begun: Hub) -> None:
    first = begun.load(order_row("PO-3"), name="b.csv")
    begun.evaluate()
    second = begun.load(order_row("PO-2"), name="c.csv")
    found = begun.evaluate()

    assert (found.opened, found.resolved) == (1, 1)
    assert standing(begun) == [(f"erp.orders {first.run_id}", "resolved"), (f"erp.orders {second.run_id}", "open")]


def test_a_first_load_that_asks_is_no_old_news(begun: Hub) -> None:
    says(begun, guard={"issues": "30%", "rows": 2})
    source = (begun.path / "sources" / "erp.yaml").read_text(encoding="utf-8")
    (begun.path / "sources" / "other.yaml").write_text(
        source.replace("source: erp", "source: other").replace("'*.*'", "'other/*'"), encoding="utf-8"
    )
    begun.put("other/a.csv", [order_row("PO-1"), order_row("PO-2", quantity="?"), order_row("PO-3", quantity="?")])
    asked = begun.sync(source="other")
    assert asked.status == "parked"

    assert begun.evaluate().opened == 1
    assert standing(begun) == [(f"other.orders {asked.run_id}", "open")]


def test_a_run_that_asks_before_the_first_evaluation_is_told(online: Hub) -> None:
    (online.path / "rules" / "run_parked.yaml").unlink()
    says(online, guard={"issues": "30%", "rows": 2})
    assert online.load(order_row("PO-1"), order_row("PO-2", quantity="?")).status == "parked"

    found = online.evaluate()
    assert (found.opened, found.baseline, found.alerts) == (1, 0, 1)


def test_a_file_whose_columns_changed_is_told_with_its_name(begun: Hub) -> None:
    says(begun, drift="park")
    begun.put("b.csv", [[*order_row("PO-4"), "x"]], header=(*HEADER, "备注"))
    asked = begun.sync()
    begun.evaluate()

    (sentence,) = told(begun)
    assert sentence.startswith("erp.orders b.csv：列和上次不同：多了 备注。")
    assert f"crossdock run approve {asked.run_id}" in sentence
    approve(begun.engine, asked.run_id)
    begun.sync()
    assert begun.evaluate().resolved == 1


def test_a_changed_key_is_told_once_however_often_a_run_asks(begun: Hub) -> None:
    says(begun)
    entities = {**LEAN, "purchase_order_line": {**LEAN["purchase_order_line"], "key": ["order_number", "item"]}}
    begun.mapping("own/orders", entities, columns={"unit": ["单位"]})
    asked = begun.load(order_row("PO-4"), name="b.csv")
    assert begun.evaluate().opened == 1
    begun.load(order_row("PO-5"), name="c.csv")
    assert begun.evaluate().alerts == 0
    assert standing(begun) == [(f"erp.orders {asked.run_id}", "open")]
    (sentence,) = told(begun)
    assert "crossdock replay erp orders --rekey" in sentence

    begun.mapping("own/orders", LEAN, columns={"unit": ["单位"]})
    begun.sync()
    assert begun.evaluate().resolved == 1
