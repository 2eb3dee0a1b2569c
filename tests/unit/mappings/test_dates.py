"""03/04/2026 is read as its whole column shows, else as the setting says, else it is an issue."""

from datetime import date

import pytest

from mappings.plan import make_plan
from mappings.spec import parse_mapping
from tests.unit.mappings.conftest import Landed, Map, Outcome, one_field

APRIL, MARCH = date(2026, 4, 3), date(2026, 3, 4)


def column(run_mapping: Map, *values: str, setting: str = "") -> tuple[Outcome, list[object]]:
    head = f"date_order: {setting}\n" if setting else ""
    rows = [{"单号": "A", "行号": str(i), "a": value} for i, value in enumerate(values)]
    outcome = run_mapping(head + one_field("requested_on", "a"), rows)
    assert outcome.accounts_hold()
    return outcome, [record["requested_on"] for record in outcome.good["purchase_order_line"]]


@pytest.mark.parametrize(
    ("others", "setting", "expected"),
    [
        (["25/12/2026"], "", APRIL),
        (["12/25/2026"], "", MARCH),
        (["25.12.2026 10:30"], "mdy", APRIL),  # what the column shows beats the setting
        (["2026-05-01", "", "待定", "x"], "", None),
        (["2026-05-01"], "dmy", APRIL),
        (["2026-05-01"], "mdy", MARCH),
        (["2026-05-01"], "ymd", None),
        (["25/12/2026", "12/25/2026"], "", None),
        (["25/12/2026", "12/25/2026"], "dmy", APRIL),
        (["31/31/2026", "13/13/2026"], "", None),
        (["25-12/2026"], "", None),
    ],
)  # fmt: skip
def test_the_column_decides_then_the_setting_then_nobody(
    run_mapping: Map, others: list[str], setting: str, expected: date | None
) -> None:
    outcome, days = column(run_mapping, "03/04/2026", *others, setting=setting)
    assert ("XD-DAT-002" in outcome.codes()) == (expected is None)
    assert expected is None or days[0] == expected


def test_each_file_is_asked_by_itself_and_says_what_came_of_it(run_mapping: Map) -> None:
    files = [
        Landed([{"单号": "A", "行号": f"{i}{j}", "a": value} for j, value in enumerate(values)])
        for i, values in enumerate((["03/04/2026", "25/12/2026"], ["03/04/2026", "12/25/2026"], ["03/04/2026"], ["2026-01-01"]))
    ]  # fmt: skip
    outcome = run_mapping(one_field("requested_on", "a"), files)
    days = {record["key"]: record["requested_on"] for record in outcome.good["purchase_order_line"]}
    assert (days["A|00"], days["A|10"]) == (APRIL, MARCH)
    assert [(one.batch, one.column, one.order, one.reason) for one in outcome.date_orders] == [
        (1, "a", "dmy", "column"), (2, "a", "mdy", "column"), (3, "a", "", "unclear"),
    ]  # fmt: skip


def test_computed_texts_nested_elements_and_times_are_asked_too(run_mapping: Map) -> None:
    _, (day, _) = column(run_mapping, "03/04/2026", "25/12/2026")
    rows = [{"单号": "A", "行号": str(i), "a": f"交期 {text}"} for i, text in enumerate(("03/04/2026", "25/12/2026"))]
    found = run_mapping(one_field("requested_on", "date(replace(a, '交期', ''))"), rows).good["purchase_order_line"]
    assert found[0]["requested_on"] == day == APRIL
    text = (
        "mapping: t/t\nentities:\n  purchase_order:\n    fields: {order_number: n}\n"
        "  purchase_order_line:\n    each: lines\n    fields: {order_number: parent.n, line_number: k, requested_on: d}\n"
    )
    document = '{"n": "A", "lines": [{"k": "1", "d": "03/04/2026"}, {"k": "2", "d": "25/12/2026"}]}'
    assert run_mapping(text, [{"json": document}], is_json=True).good["purchase_order_line"][0]["requested_on"] == APRIL
    text = "mapping: t/t\nentities:\n  order_response:\n    fields: {order_number: a, responded_at: b}\n"
    moments = [{"a": str(i), "b": text} for i, text in enumerate(("03/04/2026 10:30", "25/12/2026 8:00"))]
    assert str(run_mapping(text, moments).good["order_response"][0]["responded_at"])[:16] == "2026-04-03 02:30"


def test_a_row_is_mapped_anew_where_its_column_is_read_in_another_order(run_mapping: Map) -> None:
    plan = make_plan(parse_mapping(one_field("requested_on", "a"), "t"), header=["单号", "行号", "a"], is_json=False, timezone="UTC")  # fmt: skip
    (entity,) = plan.entities
    assert [sql.startswith("xd_order_") for sql in entity.hashed] == [False, False, False, True]
    given = make_plan(plan.spec, header=["单号", "行号", "a"], is_json=False, timezone="UTC", date_order="dmy")
    assert (given.date_order, plan.date_order) == ("dmy", "")
    assert given.fingerprint != plan.fingerprint


def test_what_a_date_lacks_is_said(run_mapping: Map) -> None:
    outcome, _ = column(run_mapping, "3月5日", "26/3/1", "2026-3", "下周一")
    assert outcome.codes() == ["XD-DAT-004", "XD-DAT-004", "XD-DAT-005", "XD-DAT-001"]
    _, days = column(run_mapping, "26/3/1", setting="ymd")
    assert days == [date(2026, 3, 1)]


@pytest.mark.parametrize(
    "text", ["1900-01-01", "1900/1/1", "1970-01-01 00:00:00", "1970-01-01 08:00:00", "0001-01-01", "19000101"]
)
def test_the_beginning_of_time_is_no_date(run_mapping: Map, text: str) -> None:
    for field, expression in (("requested_on", "date(交期)"), ("requested_on", "交期")):
        outcome = run_mapping(one_field(field, expression), [{"单号": "A", "行号": "1", "交期": text}])
        (record,) = outcome.good["purchase_order_line"]
        assert (record[field], outcome.codes()) == (None, [])
        assert record["unknown"] == f'{{"requested_on":"{text}"}}'
    later = run_mapping(one_field("requested_on", "交期"), [{"单号": "A", "行号": "1", "交期": "1970-01-02"}])
    assert str(later.good["purchase_order_line"][0]["requested_on"]) == "1970-01-02"


@pytest.mark.parametrize("text", ["1970-01-01 08:00:00", "1900-01-01", "1970-01-01T00:00"])
def test_the_beginning_of_time_is_no_moment_either(run_mapping: Map, text: str) -> None:
    mapping = "mapping: t/t\nentities:\n  goods_receipt:\n    fields: {receipt_number: 单号, received_at: 入库时间}\n"
    outcome = run_mapping(mapping, [{"单号": "A", "入库时间": text}])
    (record,) = outcome.good["goods_receipt"]
    assert (record["received_at"], outcome.codes()) == (None, [])


def test_one_part_of_a_large_file_tells_how_the_others_are_read(run_mapping: Map) -> None:
    text = one_field("requested_on", "date(交期)") + "      ordered: quantity(数量, 'EA')\n"
    shows = [{"单号": "A", "行号": "1", "交期": "25/03/2026", "数量": "12,50"}]
    follows = [{"单号": "B", "行号": "1", "交期": "03/04/2026", "数量": "1.250"}]
    for name, day, code in (("big.csv", date(2026, 4, 3), "XD-NUM-005"), ("", None, "XD-DAT-002")):
        outcome = run_mapping(text, [Landed(shows, part_of=name), Landed(follows, part_of=name)])
        assert code in outcome.codes()
        orders = {(one.batch, one.column): one.order for one in outcome.date_orders}
        assert orders.get((2, "交期")) == ("dmy" if day else "")
        assert orders.get((2, "数量")) == ("," if day else None)
