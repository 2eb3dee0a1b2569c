"""A wrong mapping file is told by its line and the nearest right word, in both languages; nothing of pydantic is shown."""

import pytest

from canonical_model.errors import MappingError
from canonical_model.language import Language
from mappings.plan import make_plan
from mappings.spec import parse_mapping

GOOD = """mapping: t/t
columns:
  a: [甲, 乙]
date_order: dmy
entities:
  inventory_balance:
    unpivot: {columns: ["*仓"], name: 仓, value: 数}
    fields:
      item: a
      location: 仓
      remark: 1
"""


def refusal(text: str) -> MappingError:
    with pytest.raises(MappingError) as caught:
        parse_mapping(text, "mappings/t/t.yaml")
    for language in Language:
        said = caught.value.render(language)
        assert "Input should" not in said
        assert "type=" not in said
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("columns:\n", "colums:\n", 2, "columns"),
        ("date_order", "date_oder", 4, "date_order"),
        ("entities:", "entites:", 5, "entities"),
        ("    fields:", "    feilds:", 8, "fields"),
        ("value: 数", "vlaue: 数", 7, "value"),
        ("inventory_balance", "inventory_balanse", 6, "inventory_balance"),
        ("      location", "      locaton", 10, "location"),
        ("date_order: dmy", "date_order: ddmm", 4, "dmy、mdy 或 ymd"),
        ("[甲, 乙]", "甲", 3, "应该是列表"),
        ("[甲, 乙]", "[甲, 2026-03-05]", 3, "'2026-03-05'"),
        ("item: a", "item: 2026-03-05", 9, "\"'2026-03-05'\""),
        ("item: a", "item: [a]", 9, "这里是一个列表"),
        ("item: a", "item:", 9, "这里是空的"),
        ("item: a", "item: {a: b}", 9, "花括号要放进引号"),
        ("mapping: t/t", "mapping: 5", 1, "加引号"),
        ("mapping: t/t\n", "", 1, "缺少“mapping”"),
        (", name: 仓", "", 7, "缺少“name”"),
        ("      remark: 1\n", "      item: b\n", 11, "第 9 行和第 11 行"),
        ("      item: a", "\titem: a", 9, "制表符"),
        ("item: a", 'item: "a" || b', 9, "单引号"),
        ("item: a", "item: 'a", 9, "单引号"),
    ],
)
def test_an_error_names_the_line_and_the_remedy(old: str, new: str, line: int, says: str) -> None:
    assert GOOD.count(old) == 1
    error = refusal(GOOD.replace(old, new))
    assert says in error.render(Language.ZH)
    if new:
        found = int(error.where.rpartition(":")[2])
        assert found == line or "'a" in new  # an open quote is noticed where the file ends


@pytest.mark.parametrize("text", ["", "- a", "mapping", "mapping: t/t\nentities:\n", "mapping: t/t\nentities: {}\n"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    assert refusal(text).problem_code == "XD-MAP-001"


def test_the_file_that_was_broken_is_right_as_it_stands() -> None:
    # remark is no field of inventory_balance, which is told only after all keys are right
    assert "remark" in refusal(GOOD).render(Language.EN)
    parse_mapping(GOOD.replace("      remark: 1\n", ""), "t")


def test_a_wrong_expression_and_code_name_their_line() -> None:
    text = GOOD.replace("      remark: 1\n", "")
    for old, new, line in (("item: a", "item: uper(a)", 9), ("location: 仓", "location: a +", 10)):
        with pytest.raises(MappingError) as caught:
            make_plan(parse_mapping(text.replace(old, new), "t"), header=["甲", "东仓"], is_json=False, timezone="UTC")
        assert caught.value.where == f"mappings/t/t.yaml:{line}"


def test_a_wrong_version_is_called_so() -> None:
    text = GOOD.replace("      remark: 1\n", "")
    for expression, words in (("a +", "The expression of version does not parse"), ("'TRUE'", "version needs instant")):
        spec = parse_mapping(f"{text}version: {expression}\n", "t")
        with pytest.raises(MappingError) as caught:
            make_plan(spec, header=["甲", "东仓"], is_json=False, timezone="UTC")
        assert words in caught.value.what.en


def test_true_is_an_expression() -> None:
    text = "mapping: t/t\nentities:\n  purchase_order_line:\n    fields: {order_number: a, line_number: b, is_tax_included: true}\n"
    assert parse_mapping(text, "t").entities["purchase_order_line"].fields["is_tax_included"] == "TRUE"


def test_words_that_older_yaml_takes_for_yes_and_no_are_columns() -> None:
    text = GOOD.replace("item: a", "item: No").replace("[甲, 乙]", "[No, Off, Y]").replace("remark: 1", "lot: true")
    spec = parse_mapping(text, "mappings/t/t.yaml")
    assert spec.columns["a"] == ["No", "Off", "Y"]
    fields = spec.entities["inventory_balance"].fields
    assert (fields["item"], fields["lot"]) == ("No", "TRUE")
