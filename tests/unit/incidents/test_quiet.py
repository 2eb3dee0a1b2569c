"""When nobody is told: first loads beside news, reworded rules, and what was over before it was told."""

import pytest

from canonical_model.errors import ConfigError
from crossdock.incidents import Evaluation, acknowledge
from tests.integration.hub import Hub, order_row

pytestmark = pytest.mark.store

QUERY = """
    SELECT l.source || ' ' || l.key AS subject, ARRAY[l.source] AS sources, l.order_number, l.ordered, o.buyer_contact
    FROM facts.purchase_order_line l JOIN facts.purchase_order o USING (source, order_number) WHERE l.ordered < 400"""


def begin(hub: Hub) -> None:
    hub.rule("few", query=QUERY)
    hub.load(order_row("PO-1"))
    hub.evaluate()


def test_a_first_load_evaluated_together_with_news_tells_the_news_alone(hub: Hub) -> None:
    begin(hub)
    hub.stream("own/orders", source="second", files="second/*.csv")
    hub.stream("own/orders", files="*.csv")
    hub.put("second/a.csv", [order_row("PO-8", quantity="100"), order_row("PO-9", quantity="100")])
    hub.sync(source="second")
    hub.load(order_row("PO-1", quantity="300"))

    found = hub.evaluate()

    assert (found.opened, found.baseline) == (1, 2)
    assert hub.column("SELECT sentence ->> 'zh' FROM crossdock.alert WHERE kind <> 'summary'") == ["PO-1 只有 300"]


def test_rewording_a_rule_alerts_nobody_and_keeps_who_has_seen_it(hub: Hub) -> None:
    begin(hub)
    hub.load(order_row("PO-1", quantity="300"))
    hub.evaluate()
    assert acknowledge(hub.engine, hub.one("SELECT id FROM crossdock.incident"), "张三", clock=hub.clock)

    hub.rule("few", query=QUERY, sentence={"zh": "{{ order_number }} 太少", "en": "{{ order_number }}: too few"})

    assert hub.evaluate() == Evaluation()
    stored = hub.query("SELECT status, acknowledged_by, sentence ->> 'zh' FROM crossdock.incident")
    assert stored == [("acknowledged", "张三", "PO-1 太少")]


def test_two_findings_of_one_subject_are_refused_instead_of_one_being_lost(hub: Hub) -> None:
    begin(hub)
    hub.rule("few", query=QUERY.replace("l.source || ' ' || l.key AS subject", "'same' AS subject"))
    hub.load(order_row("PO-1", quantity="300"), order_row("PO-2", quantity="300"))

    with pytest.raises(ConfigError, match="more than once"):
        hub.evaluate()


def test_a_role_that_names_nobody_is_refused_in_words(hub: Hub) -> None:
    hub.settings(roles={"buyer": {"person": "nobody"}})

    with pytest.raises(ConfigError, match=r"“nobody” in roles\.buyer is not defined"):
        _ = hub.home.settings
