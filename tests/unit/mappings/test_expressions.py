"""What expressions give where kinds meet: numbers in texts, texts of days, first values there are, and what is refused."""

import pytest

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


def test_a_list_of_texts_is_none_either(run_mapping: Map) -> None:
    text = _LOTS.replace("grade: g", 'grade: tags, supplier_lot: upper(tags."0")').replace(
        "    fields", "    each: lots\n    fields"
    )
    outcome = run_mapping(text, [{"json": '{"lots": [{"i": "A", "l": "1", "tags": ["a", "b"]}]}'}], is_json=True)
    assert [(issue.code, issue.field, issue.value) for issue in outcome.issues] == [
        ("XD-TXT-004", "grade", '["a","b"]')
    ]
