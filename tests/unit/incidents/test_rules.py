"""Rules: what their queries may do, what their mistakes say, and that none gets out of its role."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from canonical_model.errors import ConfigError, TransientError
from canonical_model.language import Language, Text
from crossdock.incidents import load_rules
from crossdock.incidents import rules as rules_module
from crossdock.incidents.rules import Rule, RuleFile, ask
from crossdock.incidents.sentences import SentenceTemplate, show_day, show_quantity
from tests.integration.hub import NOW, Hub, StoreServer, order_row, refused

FACTS = "'a' AS order_number, 1 AS ordered, '' AS buyer_contact"
SUBJECT = f"SELECT 'x' AS subject, {FACTS}"


@pytest.mark.store
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELEC 1", "SQL"),
        ("SELECT (1 AS subject", "SQL"),
        ("", "SELECT"),
        ("SELECT 1 AS subject; SELECT 2 AS subject", "SELECT"),
        ("DELETE FROM facts.party", "SELECT"),
        ("INSERT INTO facts.party DEFAULT VALUES", "SELECT"),
        ("DROP SCHEMA facts CASCADE", "SELECT"),
        ("RESET ROLE", "SELECT"),
        ("SET ROLE postgres", "SELECT"),
        ("SELECT 'x' AS subject; RESET ROLE", "SELECT"),
        ("COPY facts.party TO '/tmp/x'", "SELECT"),
        ("WITH gone AS (DELETE FROM facts.party RETURNING key) SELECT key AS subject FROM gone", "读取"),
        ("WITH gone AS (UPDATE facts.party SET name = '' RETURNING key) SELECT key AS subject FROM gone", "读取"),
        (
            "WITH made AS (INSERT INTO facts.party (key) VALUES ('a') RETURNING key) SELECT key AS subject FROM made",
            "读取",
        ),
        ("SELECT key AS subject INTO mine FROM facts.party", "读取"),
        ("SELECT key AS subject FROM facts.party FOR UPDATE", "读取"),
        ("SELECT id::text AS subject FROM crossdock.run", "crossdock.run"),
        ("SELECT key AS subject FROM crossdock.signing_key", "signing_key"),
        ("SELECT key AS subject FROM canonical.party", "canonical.party"),
        ("SELECT rolname AS subject FROM pg_roles", "pg_roles"),
        ("SELECT table_name AS subject FROM information_schema.tables", "information_schema"),
        ("SELECT key AS subject FROM party", "party"),
        ("SELECT key AS subject FROM facts.nosuch", "facts.nosuch"),
        ("SELECT (SELECT max(id) FROM crossdock.run)::text AS subject", "crossdock.run"),
        ("SELECT 'x' AS subject WHERE EXISTS (SELECT FROM crossdock.run)", "crossdock.run"),
        ("SELECT 'x' AS subject UNION SELECT key FROM canonical.party", "canonical.party"),
        ("SELECT set_config('role', 'postgres', true) AS subject", "set_config"),
        ("SELECT pg_catalog.set_config('role', 'postgres', true) AS subject", "set_config"),
        ("SELECT \"set_config\"('role', 'postgres', true) AS subject", "set_config"),
        ("SELECT current_setting('data_directory') AS subject", "current_setting"),
        ("SELECT n::text AS subject FROM generate_series(1, 1000000000) AS n", "GENERATE_SERIES"),
        ("SELECT pg_sleep(60)::text AS subject", "pg_sleep"),
        ("SELECT pg_read_file('/etc/passwd') AS subject", "pg_read_file"),
        ("SELECT pg_advisory_lock(1)::text AS subject", "pg_advisory_lock"),
        ("SELECT lo_import('/etc/passwd')::text AS subject", "lo_import"),
        ("SELECT query_to_xml('SELECT 1', true, true, '')::text AS subject", "query_to_xml"),
        ("SELECT * FROM dblink('x', 'y') AS t(subject text)", "DBLINK"),
    ],
)
def test_a_query_that_is_no_plain_reading_of_our_views_is_refused_before_it_runs(
    hub: Hub, query: str, said: str
) -> None:
    hub.rule("mine", query=query)
    error = refused(hub.evaluate)
    assert isinstance(error, ConfigError)
    assert error.problem_code == "XD-CFG-060"
    assert error.where == "rules/mine.yaml"
    assert said in error.render(Language.ZH)
    assert hub.one("SELECT count(*) FROM crossdock.rule_state") == 0


@pytest.mark.store
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT nosuch AS subject FROM facts.party", "nosuch"),
        ("SELECT nosuch(1) AS subject", "nosuch"),
        ("SELECT (1 / 0)::text AS subject", "zero"),
        ("SELECT nextval('crossdock.run_id')::text AS subject", "permission denied"),
        ("SELECT order_number AS one FROM facts.purchase_order", "subject"),
    ],
)
def test_a_query_that_fails_is_said_and_nothing_is_written(hub: Hub, query: str, said: str) -> None:
    hub.rule("few")
    hub.rule("mine", query=query)
    hub.load(order_row(quantity="300"))
    error = refused(hub.evaluate)
    assert (error.problem_code, error.where) == ("XD-CFG-062", "rules/mine.yaml")
    assert said in error.what.zh
    for table in ("incident", "incident_event", "alert", "rule_state"):
        assert hub.one(f"SELECT count(*) FROM crossdock.{table}") == 0
    assert hub.column("SELECT is_evaluated FROM crossdock.run") == [False]
    hub.rule("mine", enabled=False)
    assert hub.evaluate().baseline == 1


@pytest.mark.store
def test_a_query_that_takes_too_long_is_ended_and_said(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_module, "TIMEOUT_SECONDS", 1)
    hub.rule(
        "mine",
        query="WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT max(i)::text AS subject FROM n",
    )
    error = refused(hub.evaluate)
    assert error.problem_code == "XD-CFG-062"
    assert "timeout" in error.what.zh
    with hub.engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "0"


@pytest.mark.store
def test_a_store_that_goes_away_is_no_mistake_of_the_rule(
    hub: Hub, store_server: StoreServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.rule("few")
    hub.load(order_row())

    def cutting(*_: object) -> list[object]:
        with store_server.admin.connect() as connection:
            connection.exec_driver_sql(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{hub.engine.url.database}'"
            )
        return []

    monkeypatch.setattr(rules_module, "TIMEOUT_SECONDS", _Cutting(cutting))
    assert isinstance(refused(hub.evaluate), TransientError)


class _Cutting:
    """A number of seconds that ends the session in the moment in which it is written into the statement."""

    def __init__(self, cut: object) -> None:
        self._cut = cut

    def __format__(self, _: str) -> str:
        self._cut()  # type: ignore[operator]  # a function
        return "30"


@pytest.mark.store
def test_the_database_refuses_what_the_reading_of_the_query_would_miss(hub: Hub) -> None:
    """The role, not the parser, is the wall."""
    for query in (
        "SELECT key AS subject FROM canonical.party",
        "SELECT key AS subject FROM crossdock.signing_key",
        "DELETE FROM canonical.party RETURNING key AS subject",
        "CREATE TABLE public.mine (subject text)",
        "UPDATE crossdock.incident SET status = 'resolved' RETURNING subject",
    ):
        with hub.engine.begin() as connection:
            error = refused(lambda q=query, c=connection: ask(c, unchecked(q), NOW, "Asia/Shanghai"))  # type: ignore[misc]  # bound now
            assert error.problem_code == "XD-CFG-062"
            assert "denied" in error.what.en
            assert connection.exec_driver_sql("SELECT current_user").scalar() != "crossdock_rules", (
                "the role ends with the query"
            )


def unchecked(query: str) -> Rule:
    """A rule whose query nobody has read."""
    words = {"zh": "x", "en": "x"}
    spec = RuleFile.model_validate(
        {"rule": "mine", "title": words, "watches": ["party"], "notify": ["buyer"], "query": query, "sentence": words}
    )
    return Rule(spec, SentenceTemplate(Text("x", "x"), "mine"), "")


@pytest.mark.store
@pytest.mark.parametrize(
    "query",
    [
        f"SELECT order_number AS subject, {FACTS} FROM facts.purchase_order WHERE purchase_order.order_number LIKE 'PO%'",
        f"WITH mine AS (SELECT * FROM facts.purchase_order) SELECT m.order_number AS subject, {FACTS} FROM mine m",
        f"SELECT o.order_number AS subject, {FACTS} FROM facts.purchase_order o CROSS JOIN facts.clock WHERE o.ordered_on < today",
        f"SELECT order_number AS subject, {FACTS} FROM facts.purchase_order UNION ALL SELECT 'y', 'a', 1, '' WHERE FALSE",
        f"SELECT order_number AS subject, {FACTS} FROM facts.purchase_order WHERE 7 % 2 = 1 AND 'a:b' = 'a:b' -- 100 %",
    ],
)
def test_a_query_that_reads_our_views_finds_what_it_says(hub: Hub, query: str) -> None:
    hub.rule("mine", query=query)
    hub.load(order_row())
    hub.evaluate()
    assert hub.column("SELECT subject FROM crossdock.incident") == ["PO-1"]


@pytest.mark.store
@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"rule": "other"}, "XD-CFG-060", "文件名"),
        ({"severity": "loud"}, "XD-CFG-005", "severity"),
        ({"colour": "red"}, "XD-CFG-005", "colour"),
        ({"notify": []}, "XD-CFG-005", "notify"),
        ({"watches": []}, "XD-CFG-005", "watches"),
        ({"sentence": {"zh": "{{ x", "en": "x"}}, "XD-CFG-061", "句子"),
        ({"sentence": {"zh": "{{ nosuch }}", "en": "x"}}, "XD-CFG-061", "nosuch"),
        ({"sentence": {"zh": "{{ ''.__class__.__mro__ }}", "en": "x"}}, "XD-CFG-061", "__class__"),
    ],
)
def test_a_rule_that_is_written_wrong_names_its_file_and_what_is_wrong(
    hub: Hub, changed: dict[str, object], code: str, said: str
) -> None:
    hub.rule("mine", **changed)
    hub.load(order_row(quantity="300"))
    error = refused(hub.evaluate)
    assert (error.problem_code, error.where) == (code, "rules/mine.yaml")
    assert said in error.what.zh
    assert hub.one("SELECT count(*) FROM crossdock.incident") == 0


@pytest.mark.store
def test_the_shipped_rules_are_in_force_and_run(hub: Hub) -> None:
    for path in (hub.path / "rules").glob("*.yaml"):
        path.unlink()
    assert [rule.name for rule in load_rules(hub.home)] == [
        "confirmation_overdue",
        "order_changed_after_confirmation",
        "receipt_short",
        "response_differs",
        "run_parked",
    ]
    hub.evaluate()
    assert hub.one("SELECT count(*) FROM crossdock.rule_state") == 5


@pytest.mark.store
@pytest.mark.parametrize(
    ("column", "state", "found"),
    [
        ("行状态", "正常", 1),
        ("行状态", "", 1),
        ("行状态", "已关闭", 0),
        ("行状态", "已取消", 0),
        ("关闭状态", "未关闭", 1),
        ("关闭状态", "已关闭", 0),
        ("是否关闭", "是", 0),
        ("关闭状态", "手工关闭", 0),
    ],
)
def test_a_line_that_is_closed_is_not_short(hub: Hub, column: str, state: str, found: int) -> None:
    (hub.path / "rules" / "receipt_short.yaml").unlink()
    hub.stream("generic/purchase_order")
    hub.put_bytes("a.csv", f"采购订单号,行号,料号,单位,数量,已收数量,{column}\nP1,1,A1,个,100,60,{state}\n".encode())
    hub.sync()
    hub.evaluate()
    assert hub.one("SELECT count(*) FROM crossdock.incident WHERE rule = 'receipt_short'") == found


@pytest.mark.store
@pytest.mark.parametrize(
    ("column", "usual", "state", "found"),
    [
        ("行状态", "正常", "正常", 1),
        ("行状态", "正常", "已取消", 0),
        ("关闭状态", "未关闭", "未关闭", 1),
        ("关闭状态", "未关闭", "已关闭", 0),
    ],
)
@pytest.mark.parametrize("rule", ["confirmation_overdue", "response_differs", "order_changed_after_confirmation"])
def test_a_line_that_is_cancelled_waits_for_no_answer_and_differs_from_none(
    hub: Hub, rule: str, column: str, usual: str, state: str, found: int
) -> None:
    (hub.path / "rules" / f"{rule}.yaml").unlink()
    replies = {"config": {"files": "r*.csv", "minimum_age_seconds": 0}, "mapping": "generic/order_response"}
    hub.stream("generic/purchase_order", files="o*.csv", replies=replies)
    ordered = f"采购订单号,行号,订单日期,料号,单位,数量,交期,{column}\nP1,1,2026-11-01,A1,个,{{}},2026-12-01,{{}}\n"
    hub.put_bytes("o1.csv", ordered.format(100, usual if rule.startswith("order_changed") else state).encode())
    hub.sync("orders")
    if rule != "confirmation_overdue":
        hub.put_bytes("r1.csv", "订单号,行号,确认数量,单位,确认交期\nP1,1,90,个,2026-12-01\n".encode())
        hub.sync("replies")
    if rule.startswith("order_changed"):
        hub.clock.forward(seconds=60)
        hub.put_bytes("o2.csv", ordered.format(80, state).encode())
        hub.sync("orders")
    hub.evaluate()
    assert hub.one(f"SELECT count(*) FROM crossdock.incident WHERE rule = '{rule}'") == found


@pytest.mark.store
@pytest.mark.parametrize(
    ("states", "found"),
    [
        (("已关闭", "未关闭"), 1),
        (("已关闭", "已关闭"), 0),
        (("手工关闭", "已关闭"), 0),
        (("", ""), 1),
        (("", "已关闭"), 1),
        (("反关闭", "已关闭"), 1),
    ],
)
def test_an_order_waits_for_its_answer_as_long_as_a_line_is_open(hub: Hub, states: Sequence[str], found: int) -> None:
    (hub.path / "rules" / "confirmation_overdue.yaml").unlink()
    hub.stream("generic/purchase_order")
    lines = "".join(f"P1,{line},2026-11-01,A{line},个,5,2026-12-01,{state}\n" for line, state in enumerate(states, 1))
    hub.put_bytes("a.csv", f"采购订单号,行号,订单日期,料号,单位,数量,交期,关闭状态\n{lines}".encode())
    hub.sync()
    hub.evaluate()
    assert hub.one("SELECT count(*) FROM crossdock.incident WHERE rule = 'confirmation_overdue'") == found
    if "未关闭" in states:  # only the line that changed comes again: the other one is still open
        hub.put_bytes(
            "b.csv", f"采购订单号,行号,订单日期,料号,单位,数量,交期,关闭状态\n{lines.splitlines()[0]}\n".encode()
        )
        hub.sync()
        hub.evaluate()
        assert hub.one("SELECT count(*) FROM crossdock.incident WHERE status <> 'resolved'") == found


def test_quantities_and_days_are_shown_as_people_write_them() -> None:
    assert [show_quantity(n) for n in (Decimal("300.000000"), Decimal("0.50"), Decimal("1E+3"), 7, None)] == [
        "300",
        "0.5",
        "1000",
        "7",
        "—",
    ]
    assert show_day(date(2026, 3, 5)) == "3/5"
    assert show_day(None) == "—"


@pytest.mark.parametrize(
    ("before", "after", "zh", "en"),
    [
        (date(2026, 3, 1), date(2026, 3, 5), "晚4天", "4 days later"),
        (date(2026, 3, 5), date(2026, 3, 4), "早1天", "1 day earlier"),
        (date(2026, 2, 28), date(2026, 3, 1), "晚1天", "1 day later"),
        (date(2026, 3, 1), date(2026, 3, 1), "未变", "same"),
        (None, date(2026, 3, 1), "未变", "same"),
    ],
)
def test_a_shift_of_days_is_said_in_words(before: date | None, after: date, zh: str, en: str) -> None:
    template = SentenceTemplate(Text("{{ a | shift(b) }}", "{{ a | shift(b) }}"), "rules/x.yaml")
    assert template.render({"a": before, "b": after}) == Text(zh, en)
