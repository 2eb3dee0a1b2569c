"""Unknown is neither zero nor blank: NULL with its text beside, in every kind of field but text."""

from datetime import date
from decimal import Decimal

import pytest

from canonical_model.errors import MappingError
from canonical_model.text import parse_json
from mappings.spec import parse_mapping
from tests.unit.mappings.conftest import Map, one_field

WORDS = [
    "待定",
    "未定",
    "不详",
    "未知",
    "暂无",
    "/",
    "-",
    "--",
    "N/A",
    "n/a",
    "Ｎ／Ａ",
    "NA",
    "TBD",
    "tba",
    "#N/A",
    "~",
    " 待定 ",
]


def lines(
    run_mapping: Map, field: str, expression: str, values: list[str | None], unit: str = "箱", head: str = ""
) -> list[dict[str, object]]:
    mapping = head + one_field(field, expression)
    rows = [{"单号": "A", "行号": f"{i:02}", "a": value, "b": unit} for i, value in enumerate(values)]
    outcome = run_mapping(mapping, rows)
    assert outcome.issues == []
    assert outcome.accounts_hold()
    return outcome.good["purchase_order_line"]


@pytest.mark.parametrize(
    ("field", "expression"),
    [
        ("price_base", "a"),
        ("price_base", "number(a) * number(a)"),
        ("price_base", "coalesce(number(a), number(a))"),
        ("price_base", "CASE WHEN b = '箱' THEN number(a) ELSE 1 END"),
        ("ordered", "quantity(a, b)"),
        ("unit_price", "money(a, 'CNY')"),
        ("requested_on", "a"),
        ("is_tax_included", "a"),
        ("status", "a"),
        ("item", "a"),
        ("location", "location(a)"),
    ],
)  # fmt: skip
def test_a_word_for_unknown_is_null_with_its_text(run_mapping: Map, field: str, expression: str) -> None:
    # a status that says 未知 is one of the list: the code unknown
    words = [word for word in WORDS if field != "status" or word != "未知"]
    for record, word in zip(lines(run_mapping, field, expression, list(words)), words, strict=True):
        assert record[field] is None
        assert record["unknown"] == f'{{"{field}":"{word.strip()}"}}'


def test_zero_blank_and_a_branch_not_taken_are_not_unknown(run_mapping: Map) -> None:
    values = lines(run_mapping, "price_base", "a", ["0", "", None, "0.0"])
    assert [(record["price_base"], record["unknown"]) for record in values] == [
        (Decimal(0), None), (None, None), (None, None), (Decimal(0), None),
    ]  # fmt: skip
    (record,) = lines(run_mapping, "price_base", "CASE WHEN b = '箱' THEN 1 ELSE number(a) END", ["待定"])
    assert (record["price_base"], record["unknown"]) == (Decimal(1), None)


def test_a_text_is_a_text_and_no_means_no(run_mapping: Map) -> None:
    (record,) = lines(run_mapping, "remark", "a", ["待定"])
    assert (record["remark"], record["unknown"]) == ("待定", None)
    (record,) = lines(run_mapping, "is_tax_included", "a", ["无"])
    assert (record["is_tax_included"], record["unknown"]) == (False, None)


def test_what_names_a_thing_is_unknown_where_it_says_so(run_mapping: Map) -> None:
    (record,) = lines(run_mapping, "lot", "a", ["/"])
    assert (record["lot"], record["unknown"]) == (None, '{"lot":"/"}')
    (record,) = lines(run_mapping, "lot", "a", ["20260301"])
    assert (record["lot"], record["unknown"]) == ("20260301", None)
    outcome = run_mapping(one_field("remark", "a"), [{"单号": "N/A", "行号": "1", "a": "x"}])
    assert (outcome.codes(), outcome.good["purchase_order_line"]) == (["XD-REQ-002"], [])


@pytest.mark.parametrize("word", ["/", "-", "无", "N/A", "暂无", "没有"])
def test_a_barcode_that_says_that_there_is_none_is_unknown(run_mapping: Map, word: str) -> None:
    text = "mapping: t/t\nentities:\n  item:\n    fields: {item_number: a, gtin: b}\n"
    outcome = run_mapping(text, [{"a": "1", "b": word}])
    assert outcome.codes() == []
    assert outcome.good["item"][0]["gtin"] is None


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("6901028075763", []),
        ("6 901028 075763", []),
        ("６９０１０２８０７５７６３", []),
        ("'6901028075763", []),
        ("6901028075764", ["XD-CHK-001"]),
        ("6901028075763.0", ["XD-CHK-001"]),
        ("69 01028075763 件", ["XD-CHK-001"]),
    ],
)
def test_a_barcode_is_read_as_people_write_it(run_mapping: Map, written: str, codes: list[str]) -> None:
    text = "mapping: t/t\nentities:\n  item:\n    fields: {item_number: a, gtin: b}\n"
    outcome = run_mapping(text, [{"a": "1", "b": written}])
    assert outcome.codes() == codes
    assert [record["gtin"] for record in outcome.good["item"]] == ([] if codes else ["6901028075763"])


def test_a_mapping_adds_words_of_its_own(run_mapping: Map) -> None:
    own = 'unknown: ["Weight Captured Separately", "00000000"]\n'
    (first, second) = lines(run_mapping, "requested_on", "a", ["weight  captured SEPARATELY", "00000000"], head=own)
    assert (first["unknown"], second["unknown"]) == (
        '{"requested_on":"weight  captured SEPARATELY"}', '{"requested_on":"00000000"}',
    )  # fmt: skip
    (record,) = lines(run_mapping, "item", "a", ["00000000"], head=own)
    assert record["item"] is None
    outcome = run_mapping(one_field("requested_on", "a"), [{"单号": "A", "行号": "1", "a": "00000000"}])
    assert outcome.codes() == ["XD-DAT-001"]


@pytest.mark.parametrize("words", ['[""]', '["a\\0"]', "待定"])
def test_a_word_that_cannot_stand_in_a_cell_is_refused(words: str) -> None:
    with pytest.raises(MappingError):
        parse_mapping(f"unknown: {words}\n" + one_field("remark", "a"), "t")


def test_a_required_field_that_is_unknown_is_rejected_in_its_own_words(run_mapping: Map) -> None:
    text = "mapping: t/t\nentities:\n  inventory_balance:\n    fields: {item: a, on_hand: \"quantity(b, '个')\"}\n"
    outcome = run_mapping(text, [{"a": "待定", "b": "1"}, {"a": None, "b": "1"}, {"a": "x", "b": "1"}])
    assert [(one.code, one.field, one.value) for one in outcome.issues] == [
        ("XD-REQ-002", "item", "待定"), ("XD-REQ-001", "item", ""),
    ]  # fmt: skip
    assert len(outcome.good["inventory_balance"]) == 1
    assert outcome.accounts_hold()


def test_what_one_row_of_a_header_knows_the_others_do_not_make_unknown(run_mapping: Map) -> None:
    text = (
        "mapping: t/t\nentities:\n  purchase_order:\n    fields: {order_number: 单号, supplier: a, ordered_on: b}\n"
        "  purchase_order_line:\n    fields: {order_number: 单号, line_number: 行号}\n"
    )
    cells = [("待定", "TBD"), ("S1", "N/A"), (None, None)]
    outcome = run_mapping(text, [{"单号": "A", "行号": str(i), "a": a, "b": b} for i, (a, b) in enumerate(cells)])
    (header,) = outcome.good["purchase_order"]
    assert (header["supplier"], header["ordered_on"], header["unknown"]) == ("S1", None, '{"ordered_on":"N/A"}')
    assert outcome.issues == []


@pytest.mark.parametrize(
    ("newer", "older", "day", "unknown"),
    [
        ("待定", "2026-03-08", None, "待定"),
        ("TBD", "2026-03-08", None, "TBD"),
        ("N/A", "2026-03-08", date(2026, 3, 8), None),
        ("无", "2026-03-08", date(2026, 3, 8), None),
        ("NULL", "2026-03-08", date(2026, 3, 8), None),
        ("/", "2026-03-08", date(2026, 3, 8), None),
        ("", "2026-03-08", date(2026, 3, 8), None),
        ("2026-03-18", "待定", date(2026, 3, 18), None),
        ("/", "待定", None, "/"),
        ("", "/", None, "/"),
    ],
)
def test_a_day_that_is_taken_back_is_not_known(
    run_mapping: Map, newer: str, older: str, day: date | None, unknown: str | None
) -> None:
    (record,) = lines(run_mapping, "requested_on", "coalesce(date(a), date(b))", [newer], unit=older)
    assert record["requested_on"] == day
    assert record["unknown"] == (f'{{"requested_on":"{unknown}"}}' if unknown else None)


@pytest.mark.parametrize("field", ["tracking_number", "counterpart_order_number"])
def test_a_number_that_says_that_there_is_none_is_unknown(run_mapping: Map, field: str) -> None:
    text = one_field(field, "号", "sales_order_line") if field.startswith("counter") else _SHIPMENT.format(field)
    outcome = run_mapping(text, [{"单号": "A", "行号": "1", "号": "/"}, {"单号": "B", "行号": "1", "号": "SF/1"}])
    (records,) = (good for good in outcome.good.values())
    assert [record[field] for record in records] == [None, "SF/1"]
    assert parse_json(str(records[0]["unknown"])) == {field: "/"}


_SHIPMENT = "mapping: t/t\nentities:\n  shipment:\n    fields: {{shipment_number: 单号, {}: 号}}\n"
