"""What expressions give where kinds meet: numbers in texts, texts of days, first values there are, and what is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from canonical_model.errors import MappingError
from canonical_model.language import Language
from canonical_model.text import parse_json
from mappings.plan import MappingDoesNotFitError, make_plan
from mappings.spec import parse_mapping
from tests.unit.mappings.conftest import Map, Outcome, one_field


def given(run_mapping: Map, field: str, expression: str, **cells: str) -> Outcome:
    """What becomes of one line with the cells, of which one field is stated."""
    return run_mapping(one_field(field, expression), [{"单号": "P1", "行号": "1", **cells}])


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("number(a)", "2.5"),
        ("text(number(a))", "2.5"),
        ("number(a) * 4", "10"),
        ("number(a) * 0", "0"),
        ("0 - number(a) / 5", "-0.5"),
        ("number(a) * 40000000", "100000000"),
        ("number(a) || ' ' || b", "2.5 kg"),
        ("concat(b, number(a))", "kg2.5"),
        ("CASE WHEN b = 'kg' THEN 1 ELSE 2 END", "1"),
        ("left(number(a) * 100, 2)", "25"),
        ("1.50", "1.5"),
        ("integer(c)", "7"),
    ],
)
def test_a_number_in_a_text_is_written_as_people_write_it(run_mapping: Map, expression: str, text: str) -> None:
    (record,) = given(run_mapping, "remark", expression, a="2.50", b="kg", c="7.0").good["purchase_order_line"]
    assert record["remark"] == text


def test_a_number_that_is_part_of_a_key_is_written_so_too(run_mapping: Map) -> None:
    text = (
        "mapping: t/t\nentities:\n  purchase_order_line:\n    fields: {order_number: a, line_number: number(b) * 10}\n"
    )
    records = run_mapping(text, [{"a": "P1", "b": "1"}, {"a": "P1", "b": "2"}]).good["purchase_order_line"]
    assert [(record["key"], record["line_number"]) for record in records] == [("P1|10", "10"), ("P1|20", "20")]


_LOTS = """
mapping: t/lots
entities:
  lot:
    fields: {item: i, lot: l, grade: g, certificate_number: "CASE WHEN x IS NOT NULL THEN 'x' END"}
"""


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ('{"i": "A", "l": {"x": 1}, "g": "a"}', '{"x":1}'),
        ('{"i": "A", "l": "1", "g": [1, 2]}', "[1,2]"),
        ('{"i": "A", "l": "1", "g": {}}', "{}"),
        ('{"i": {"n": "A"}, "l": "1"}', '{"n":"A"}'),
        ('{"i": "A", "l": "1", "g": "{\\"x\\": [1]}"}', ""),
        ('{"i": "A", "l": "[1]", "g": "a{b"}', ""),
        ('{"i": "A", "l": "1", "x": {"y": [1]}}', ""),
    ],
)
def test_a_list_or_an_object_is_no_text(run_mapping: Map, document: str, value: str) -> None:
    outcome = run_mapping(_LOTS, [{"json": document}], is_json=True)
    assert [(issue.code, issue.value) for issue in outcome.issues] == ([("XD-TXT-004", value)] if value else [])
    assert [held.outcome for held in outcome.held] == (["parked"] if value else [])


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ('{"i": "A", "l": "Bolt [M8]", "g": [1]}', ""),
        ('{"i": "A", "l": null, "g": [1]}', "[1]"),
        ('{"i": "A", "l": [2], "g": [1]}', "[2]"),
    ],
)
def test_brackets_of_another_column_make_no_list(run_mapping: Map, document: str, value: str) -> None:
    outcome = run_mapping(_LOTS.replace("grade: g", 'grade: "coalesce(l, g)"'), [{"json": document}], is_json=True)
    told = [(issue.code, issue.value) for issue in outcome.issues if issue.field == "grade"]
    assert set(told) == ({("XD-TXT-004", value)} if value else set())


@pytest.mark.parametrize("expression", ["concat(l, g)", "concat(l, upper(g))", "left(concat(l, g), 12)"])
def test_a_list_behind_a_text_with_brackets_is_told(run_mapping: Map, expression: str) -> None:
    text = _LOTS.replace("grade: g", f'grade: "{expression}"')
    outcome = run_mapping(text, [{"json": '{"i": "A", "l": "Bolt [M8]", "g": ["x"]}'}], is_json=True)
    assert [(issue.code, issue.field) for issue in outcome.issues] == [("XD-TXT-004", "grade")]


def test_a_list_of_texts_is_none_either(run_mapping: Map) -> None:
    text = _LOTS.replace("grade: g", 'grade: tags, supplier_lot: upper(tags."0")').replace(
        "    fields", "    each: lots\n    fields"
    )
    outcome = run_mapping(text, [{"json": '{"lots": [{"i": "A", "l": "1", "tags": ["a", "b"]}]}'}], is_json=True)
    assert [(issue.code, issue.field, issue.value) for issue in outcome.issues] == [
        ("XD-TXT-004", "grade", '["a","b"]')
    ]


def refusal(field: str, expression: str, entity: str = "purchase_order_line", **given: str) -> MappingError:
    """The error of a field's expression over a sheet with the columns 单号, 行号, a, b and c."""
    text = one_field(field, expression, entity) + "".join(f"{key}: {value}\n" for key, value in given.items())
    with pytest.raises(MappingError) as caught:
        make_plan(parse_mapping(text, "t"), header=["单号", "行号", "a", "b", "c"], is_json=False, timezone="UTC")
    assert caught.value.problem_code == "XD-MAP-005"
    assert caught.value.where == "mappings/t/t.yaml:7"
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("field", "expression", "says"),
    [
        ("status", "'opn'", "是不是 open？"),
        ("status", "CASE WHEN a = '1' THEN 'open' ELSE 'okay' END", "line_status 里没有“okay”"),
        ("status", "coalesce(a, 'okay')", "line_status 里没有“okay”"),
        ("status", "code('line_status', 'okay')", "line_status 里没有“okay”"),
        ("ordered", "quantity(a, '大盒子')", "unit 里没有“大盒子”"),
        ("ordered", "quantity(a, coalesce(b, 'EAA'))", "unit 里没有“EAA”"),
        ("unit_price", "money(a, 'RMBB')", "是不是 rmb？"),
        ("requested_on", "'2026-02-30'", "“2026-02-30”。"),
        ("requested_on", "coalesce(date(a), '明天')", "coalesce 的参数类型不同"),
        ("requested_on", "coalesce(date(a), date('明天'))", "“明天”。"),
        ("is_tax_included", "'大概'", "“大概”。"),
        ("price_base", "'百'", "“百”。"),
    ],
)
def test_a_constant_that_cannot_be_right_is_refused_at_once(field: str, expression: str, says: str) -> None:
    assert says in refusal(field, expression).render(Language.ZH)


@pytest.mark.parametrize(
    ("field", "expression", "value"),
    [
        ("status", "'Open'", "open"),
        ("status", "'待定'", None),
        ("requested_on", "'2026年3月5日'", date(2026, 3, 5)),
        ("requested_on", "CASE WHEN a = 'x' THEN NULL ELSE '20260305' END", date(2026, 3, 5)),
        ("is_tax_included", "'含税'", True),
        ("price_base", "'1,000'", Decimal(1000)),
        ("ordered", "quantity(3, '千克')", Decimal(3)),
        ("unit_price", "money(3, '人民币')", Decimal(3)),
    ],
)
def test_a_constant_may_be_written_like_a_cell(run_mapping: Map, field: str, expression: str, value: object) -> None:
    (record,) = given(run_mapping, field, expression, a="1").good["purchase_order_line"]
    assert record[field] == value


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("parent.料号", "直接写列名：料号。"),
        ("coalesce(a, parent.料号)", "直接写列名：料号。"),
        ("substring(a, 0, 2)", "substring() 没有第 0 个"),
        ("split(a, '-', 0)", "split() 没有第 0 个"),
        ("left(a, 1.5)", "不能取 1.5 个字符"),
        ("split(a, '', 1)", "分隔符是空的"),
        ("left(a, b)", "第 2 个参数要是数字。"),
        ("left(a, '1')", "常量不加引号，列写 number(列)。"),
        ("substring(a, 1, b)", "第 3 个参数要是数字。"),
    ],
)
def test_what_no_sheet_or_text_has_is_refused(expression: str, says: str) -> None:
    assert says in refusal("remark", expression).render(Language.ZH)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("left(a, number(b))", "AB"),
        ("right(a, integer(b))", "DE"),
        ("left(a, 0)", None),
        ("substring(a, number(b), 1)", "B"),
        ("split(a, 'C', number(b))", "DE"),
        ("replace(b, 2, 3)", "3"),
    ],
)
def test_a_number_of_the_row_may_count(run_mapping: Map, expression: str, text: str | None) -> None:
    (record,) = given(run_mapping, "remark", expression, a="ABCDE", b="2").good["purchase_order_line"]
    assert record["remark"] == text


@pytest.mark.parametrize("expression", ["date(a) || ' ' || b", "instant(date(a) || ' ' || b)"])
def test_a_day_and_a_time_make_an_instant(run_mapping: Map, expression: str) -> None:
    text = f"mapping: t/t\nentities:\n  shipment:\n    fields: {{shipment_number: no, shipped_at: {expression!r}}}\n"
    rows = [{"no": "S1", "a": "2026/3/5", "b": "14:30"}, {"no": "S2", "a": "25/03/2026", "b": "9:05"},
            {"no": "S3", "a": "04/03/2026", "b": ""}, {"no": "S4", "a": "2026-03-05", "b": "25:00"}]  # fmt: skip
    outcome = run_mapping(text, rows)
    moments = [record["shipped_at"] for record in outcome.good["shipment"]]
    assert moments == [datetime(2026, 3, 5, 6, 30, tzinfo=UTC), datetime(2026, 3, 25, 1, 5, tzinfo=UTC),
                       datetime(2026, 3, 3, 16, tzinfo=UTC)]  # fmt: skip
    assert outcome.codes() == ["XD-DAT-003"]


def test_a_number_may_be_read_from_the_text_of_one(run_mapping: Map) -> None:
    (record,) = given(run_mapping, "price_base", "number(left(number(a) * 10, 2))", a="1.25").good[
        "purchase_order_line"
    ]
    assert record["price_base"] == 12


@pytest.mark.parametrize(
    ("key", "first"),
    [
        ("[number(b), a]", "10|P1"),
        ("[number(b) / 4]", "2.5"),
        ("[integer(b)]", "10"),
        ("[date(c)]", "2026-03-05"),
        ("[instant(c)]", "2026-03-05 02:30:00+00"),
        ("[flag(d)]", "true"),
        ("[\"code('unit', e)\"]", "H87"),
    ],
)
def test_a_key_may_be_made_of_what_is_no_text(run_mapping: Map, key: str, first: str) -> None:
    text = f"mapping: t/t\nentities:\n  lot:\n    key: {key}\n    fields: {{item: a, lot: b}}\n"
    rows = [
        {"a": "P1", "b": "10.0", "c": "2026-03-05 10:30", "d": "是", "e": "个"},
        {"a": "P2", "b": "x", "c": "x", "d": "x", "e": "x"},
    ]
    outcome = run_mapping(text, rows)
    assert [record["key"] for record in outcome.good["lot"]] == [first]
    assert outcome.codes() == ["XD-REQ-001"]


def test_a_quantity_is_no_part_of_a_key() -> None:
    text = 'mapping: t/t\nentities:\n  lot:\n    key: ["quantity(a, b)"]\n    fields: {item: a, lot: b}\n'
    with pytest.raises(MappingError) as caught:
        make_plan(parse_mapping(text, "t"), header=["a", "b"], is_json=False, timezone="UTC")
    assert caught.value.where == "mappings/t/t.yaml:4"
    assert "number(列)" in caught.value.render(Language.ZH)


@pytest.mark.parametrize(
    ("field", "expression"),
    [
        ("ordered", "quantity(coalesce(a, b), 'EA')"),
        ("ordered", "quantity(coalesce(number(a), number(b)), 'EA')"),
        ("ordered", "coalesce(quantity(a, 'EA'), quantity(b, 'EA'))"),
        ("price_base", "coalesce(number(a), number(b))"),
        ("price_base", "number(coalesce(a, b))"),
        ("tracking_number", "coalesce(a, b)"),
        ("item", "coalesce(item(a), item(b))"),
    ],
)
@pytest.mark.parametrize(
    ("first", "second", "value", "unknown"),
    [
        ("5", "7", "5", None),
        ("/", "7", "7", None),
        ("", "7", "7", None),
        ("N/A", "7", "7", None),
        ("待定", "7", None, "待定"),
        ("5", "/", "5", None),
        ("/", "", None, "/"),
        ("", "/", None, "/"),
        ("/", "待定", None, "/ or 待定"),
        ("", "", None, None),
    ],
)
def test_the_first_value_there_is_stands_behind_those_that_are_unknown(
    run_mapping: Map, field: str, expression: str, first: str, second: str, value: str | None, unknown: str | None
) -> None:
    if field == "tracking_number":
        text = f"mapping: t/t\nentities:\n  shipment:\n    fields: {{shipment_number: 单号, {field}: {expression!r}}}\n"
    else:
        text = one_field(field, expression) + "      remark: r\n"
    outcome = run_mapping(text, [{"单号": "P1", "行号": "1", "a": first, "b": second, "r": "x"}])
    ((record,),) = outcome.good.values()
    assert record[field] == (value if value is None or field in ("tracking_number", "item") else Decimal(value))
    said = parse_json(str(record["unknown"] or "{}"))
    assert said in ([{field: word} for word in unknown.split(" or ")] if unknown else [{}])
    assert outcome.issues == []


def test_the_first_quantity_has_its_own_unit_and_the_first_moment_its_own_offset(run_mapping: Map) -> None:
    text = """
mapping: t/t
entities:
  purchase_order_line:
    fields: {order_number: n, line_number: n, ordered: "coalesce(quantity(a, u), quantity(b, v))", unit_price: "money(p, 'CNY')"}
  temperature_reading:
    fields: {device: n, measured_at: "coalesce(instant(s), instant(t))", celsius: "1"}
"""
    rows = [{"n": "1", "a": "4", "u": "斤", "b": "7", "v": "箱", "p": "3", "s": "2026-03-05T10:30:00+09:00", "t": "2026-03-06"},
            {"n": "2", "a": "/", "u": "斤", "b": "7", "v": "箱", "p": "3", "s": "", "t": "2026-03-06"}]  # fmt: skip
    outcome = run_mapping(text, rows)
    lines, readings = outcome.good["purchase_order_line"], outcome.good["temperature_reading"]
    assert [
        (line["ordered"], line["ordered_unit"], line["ordered_source_unit"], line["unit_price"]) for line in lines
    ] == [
        (Decimal(2), "KGM", "斤", Decimal(6)),
        (Decimal(7), "XCT", "箱", Decimal(3)),
    ]
    assert [(one["measured_at"], one["measured_at_offset"]) for one in readings] == [
        (datetime(2026, 3, 5, 1, 30, tzinfo=UTC), 540),
        (datetime(2026, 3, 5, 16, tzinfo=UTC), 480),
    ]
    assert outcome.issues == []


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("coalesce(money(a, 'CNY'), money(b, 'CNY'))", "money(coalesce(列, 列), 币种)"),
        ("coalesce(number(a), b)", "也可以用 CASE"),
    ],
)
def test_values_of_which_none_can_be_the_first_are_refused_with_a_remedy(expression: str, says: str) -> None:
    assert says in refusal("unit_price", expression).render(Language.ZH)


def test_instants_are_compared(run_mapping: Map) -> None:
    late = "CASE WHEN instant(a) > instant(b) THEN 'late' ELSE 'ok' END"
    for second, said in (
        ("2026-03-05 10:00", "late"),
        ("2026-03-05 10:31", "ok"),
        ("2026-03-05T10:29:00+09:00", "late"),
    ):
        outcome = given(run_mapping, "remark", late, a="2026-03-05 10:30", b=second)
        assert outcome.good["purchase_order_line"][0]["remark"] == said


@pytest.mark.parametrize(("function", "says"), [("quantitty", "是不是 quantity？"), ("regexp", "没有函数“regexp”。（")])
def test_an_unknown_function_names_the_one_that_is_near_or_none(function: str, says: str) -> None:
    told = refusal("remark", f"{function}(a)").render(Language.ZH)
    assert says in told
    assert "docs/guide/mapping.md" in told
    assert "substring" not in told


@pytest.mark.parametrize("line", ["match: {package_count: a}", "match: {shipment_number: a}, give: shipped_at"])
def test_a_look_up_by_what_is_no_text_says_what_it_is(line: str) -> None:
    give = "" if "give" in line else ", give: remark"
    text = (
        f"mapping: t/t\nlookups:\n  l: {{entity: shipment, {line}{give}}}\n"
        "entities:\n  shipment:\n    fields: {shipment_number: a, remark: l}\n"
    )
    with pytest.raises(MappingError) as caught:
        parse_mapping(text, "t")
    assert "只能用文本、代码和引用的字段" in caught.value.render(Language.ZH)
    assert caught.value.where == "t:3"


def test_a_version_that_the_header_lacks_is_told_with_the_header() -> None:
    spec = parse_mapping(one_field("remark", "a") + "version: 修改时间\n", "t")
    with pytest.raises(MappingDoesNotFitError) as caught:
        make_plan(spec, header=["单号", "行号", "a"], is_json=False, timezone="UTC")
    told = caught.value.render(Language.ZH)
    assert "修改时间" in told
    assert "表头里有：单号、行号、a。" in told


@pytest.mark.parametrize(
    ("header", "cell", "value", "codes"),
    [
        ("电量", "80%", Decimal(80), []),
        ("电量", "80", Decimal(80), []),
        ("电量(%)", "80%", Decimal(80), []),
        ("电量(%)", "0.8", Decimal("0.8"), []),
        ("电量", "0.8", None, ["XD-UNT-005"]),
    ],
)
def test_percentages_are_read_with_their_sign(
    run_mapping: Map, header: str, cell: str, value: Decimal | None, codes: list[str]
) -> None:
    fields = "{device: a, measured_at: b, celsius: c, battery_percent: 电量}"
    text = f"mapping: t/t\nentities:\n  temperature_reading:\n    fields: {fields}\n"
    outcome = run_mapping(text, [{"a": "D1", "b": "2026-03-05 10:00", "c": "4", header: cell}])
    assert [record["battery_percent"] for record in outcome.good["temperature_reading"]] == ([] if codes else [value])
    assert outcome.codes() == codes


@pytest.mark.parametrize("word", ["免税", "不征税", "不徵稅", "Exempt"])
def test_no_tax_is_no_rate_and_no_zero(run_mapping: Map, word: str) -> None:
    (record,) = given(run_mapping, "tax_rate", "a", a=word).good["purchase_order_line"]
    assert record["tax_rate"] is None
    assert record["unknown"] == f'{{"tax_rate":"{word}"}}'
    assert given(run_mapping, "price_base", "a", a=word).codes() == ["XD-NUM-001"]


def test_a_column_of_units_that_is_not_there_is_named(run_mapping: Map) -> None:
    (issue,) = given(run_mapping, "ordered", "quantity(a, 单位名称)", a="5", 单位="个").issues
    assert issue.code == "XD-UNT-008"
    assert "表头里没有映射要读的“单位名称”" in issue.render(Language.ZH)
    named = one_field("ordered", "quantity(a, unit)") + "columns: {unit: [计量单位]}\n"
    assert run_mapping(named, [{"单号": "P1", "行号": "1", "a": "5"}]).codes() == ["XD-UNT-002"]


@pytest.mark.parametrize(
    ("expression", "text"),
    [("coalesce('x', a)", "x"), ("coalesce(NULL, a)", "A"), ("coalesce(b, a, 'x')", "A"), ("coalesce(b, c, 'x')", "x")],
)
def test_a_constant_may_stand_among_what_may_be_the_first(run_mapping: Map, expression: str, text: str) -> None:
    (record,) = given(run_mapping, "remark", expression, a="A", b="/", c="").good["purchase_order_line"]
    assert record["remark"] == text
