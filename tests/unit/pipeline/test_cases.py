"""The runner of cases: what it runs, what it calls a difference, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from canonical_model.errors import ConfigError, MappingError
from canonical_model.text import parse_json
from crossdock.pipeline.cases import Case, Difference, add_case, find_cases, run_case, write_expected

MAPPING = """
mapping: own/stock
columns:
  item: [料]
entities:
  inventory_balance:
    fields:
      item: item
      location: location
      on_hand: quantity(on_hand, unit)
"""
SHEET = "料,仓库,现存量,unit\nA,W1,12,个\nB,W1,很多,个\n"
Deploy = Callable[..., Path]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of mappings with one mapping and a sheet beside it."""
    folder = tmp_path / "mappings"
    (folder / "own").mkdir(parents=True)
    (folder / "own" / "stock.yaml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "sheet.csv").write_text(SHEET, encoding="utf-8")
    return folder


@pytest.fixture
def case(own: Path) -> Case:
    """A case that holds."""
    return add_case(own, "own/stock", "many", own.parent / "sheet.csv").case


def test_a_case_made_of_a_file_holds_and_says_what_came(case: Case, own: Path) -> None:
    outcome = run_case(case)

    assert outcome.holds
    assert find_cases(own, ["own/stock"]) == [case]
    assert json.loads(outcome.records)["on_hand"] == "12.000000"  # noqa: TID251  # it holds texts
    assert "input.csv C3：“现存量”的值“很多”不是数字" in (case.folder / "issues.json").read_text(encoding="utf-8")


def test_a_changed_value_and_an_issue_that_is_not_expected_are_named_with_both_sides(case: Case) -> None:
    path = case.folder / "expected.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"12.000000"', '"13.000000"'), encoding="utf-8")
    (case.folder / "issues.json").write_text("[]\n", encoding="utf-8")

    changed, surplus = run_case(case).differences

    assert changed == Difference("record", "inventory_balance A|W1||||", "on_hand", "13.000000", "12.000000")
    assert (surplus.what, surplus.expected) == ("issue", None)
    assert surplus.got
    assert surplus.got.startswith("input.csv C3：")


def test_a_value_with_a_line_end_of_its_own_does_not_cut_its_record(own: Path) -> None:
    (own.parent / "breaks.csv").write_text("料,仓库,现存量,unit\nA\u2028B\x85C\x0bD,W1,12,个\n", encoding="utf-8")

    case = add_case(own, "own/stock", "breaks", own.parent / "breaks.csv").case

    assert "\u2028" in run_case(case).records
    assert run_case(case).holds


def test_a_record_expected_twice_is_missing_once(case: Case) -> None:
    path = case.folder / "expected.jsonl"
    path.write_text(path.read_text(encoding="utf-8") * 2, encoding="utf-8")

    (missing,) = run_case(case).differences

    assert (missing.place, missing.got) == ("inventory_balance A|W1|||| (2)", None)


def test_a_record_that_is_not_expected_and_one_that_does_not_come_differ(case: Case) -> None:
    path = case.folder / "expected.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"key": "A|', '"key": "Z|'), encoding="utf-8")

    sides = {one.place: (one.expected is None, one.got is None) for one in run_case(case).differences}

    assert sides == {"inventory_balance Z|W1||||": (False, True), "inventory_balance A|W1||||": (True, False)}


def test_writing_what_came_makes_the_case_hold_and_changes_nothing_the_second_time(case: Case) -> None:
    (case.folder / "expected.jsonl").unlink()
    outcome = run_case(case)

    assert not outcome.holds
    assert write_expected(outcome)
    assert run_case(case).holds
    assert not write_expected(run_case(case))


def test_a_case_whose_expected_files_are_not_there_does_not_hold_even_where_nothing_is_expected(own: Path) -> None:
    folder = own / "own" / "stock.cases" / "nothing"
    folder.mkdir(parents=True)
    (folder / "input.csv").write_text("料,仓库,现存量,unit\n,W1,1,个\n", encoding="utf-8")
    bare = Case("own/stock", "nothing", folder, own)

    assert [one.place for one in run_case(bare).differences if one.what == "file"] == ["expected.jsonl", "issues.json"]
    assert write_expected(run_case(bare))
    assert run_case(bare).holds
    assert (folder / "expected.jsonl").read_text(encoding="utf-8") == ""


def test_what_the_stream_says_is_taken_from_beside_the_input(own: Path) -> None:
    folder = own / "own" / "stock.cases" / "headless"
    folder.mkdir(parents=True)
    (folder / "input.txt").write_text("A\tW1\t12\t个\n", encoding="utf-8")
    (folder / "stream.yaml").write_text(
        'config: {header: none, names: [料, 仓库, 现存量, unit], delimiter: "\\t"}\nparts: {partner: huaxin}\n',
        encoding="utf-8",
    )

    outcome = run_case(Case("own/stock", "headless", folder, own))

    assert '"key": "huaxin|A|W1||||"' in outcome.records
    assert {one.mapping for one in find_cases(own, ["own/stock"])} == {"own/stock"}


def test_a_case_states_the_currency_and_the_order_of_dates_of_its_stream(own: Path) -> None:
    (own / "own" / "orders.yaml").write_text(
        "mapping: own/orders\nentities:\n  purchase_order_line:\n    fields:\n"
        "      {order_number: 单号, line_number: 行, item: 料, ordered: \"quantity(数, '个')\", "
        'unit_price: "money(价, 币)", requested_on: date(交期)}\n',
        encoding="utf-8",
    )
    folder = own / "own" / "orders.cases" / "stated"
    folder.mkdir(parents=True)
    (folder / "input.csv").write_text("单号,行,料,数,价,币,交期\nPO-1,1,A,3,1.5,,05/03/2026\n", encoding="utf-8")
    (folder / "stream.yaml").write_text("date_order: dmy\ncurrency: CNY\n", encoding="utf-8")

    outcome = run_case(Case("own/orders", "stated", folder, own))

    assert '"requested_on": "2026-03-05"' in outcome.records
    assert '"unit_price_currency": "CNY"' in outcome.records
    assert parse_json(outcome.issues) == []


def test_what_the_mapping_looks_up_is_found_in_the_case(own: Path) -> None:
    (own / "own" / "scan.yaml").write_text(
        "mapping: own/scan\nlookups:\n  ours: {entity: item, match: {gtin: 条码}, give: item_number}\nentities:\n"
        "  inventory_balance:\n    fields: {item: ours, on_hand: \"quantity(数, '个')\"}\n",
        encoding="utf-8",
    )
    folder = own / "own" / "scan.cases" / "known"
    folder.mkdir(parents=True)
    (folder / "input.csv").write_text("条码,数\n6901234567892,3\n4006381333931,4\n", encoding="utf-8")
    (folder / "stream.yaml").write_text(
        'store: {item: [{gtin: "6901234567892", item_number: A-1}]}\n', encoding="utf-8"
    )

    outcome = run_case(Case("own/scan", "known", folder, own))

    assert '"item": "A-1"' in outcome.records
    assert "XD-LKP-001" in outcome.issues
    assert len(outcome.records.splitlines()) == 1


def test_own_cases_may_test_a_shipped_mapping(own: Path) -> None:
    (own.parent / "stock.csv").write_text("物料编码,仓库,现存量,单位\nA,W1,1,个\n", encoding="utf-8")

    outcome = add_case(own, "generic/inventory", "ours", own.parent / "stock.csv")

    assert outcome.case.folder == own / "generic" / "inventory.cases" / "ours"
    assert "ours" in {case.name for case in find_cases(own, ["generic/inventory"])}
    assert {case.own for case in find_cases(own, ["generic/inventory"])} == {own, None}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("expected.jsonl", "{broken", "不是合法的 JSON"),
        ("stream.yaml", "timezone: Mars/Olympus", "timezone"),
        ("stream.yaml", "colour: red", "colour"),
        ("input.xlsx", "", "应有一个 input.*，实际有 2 个"),
        ("input.csv", "", "文件是空的"),
        ("input.csv", "a,b\n1,2\n", "缺少必需的列"),
    ],
)
def test_a_case_that_cannot_be_run_says_why(case: Case, name: str, text: str, says: str) -> None:
    (case.folder / name).write_text(text, encoding="utf-8")

    outcome = run_case(case)

    assert not outcome.holds
    assert outcome.problem is not None
    assert says in f"{outcome.problem.what.zh} {outcome.problem.hint.zh}"


@pytest.mark.parametrize("name", ["", "..", "a/b"])
def test_a_name_that_is_no_folder_s_is_refused(own: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="XD-CFG-111"):
        add_case(own, "own/stock", name, own.parent / "sheet.csv")
    assert not (own / "own" / "stock.cases").exists()


def test_a_case_is_never_overwritten_and_a_file_that_does_not_fit_leaves_none_behind(case: Case, own: Path) -> None:
    with pytest.raises(ConfigError, match="XD-CFG-111"):
        add_case(own, "own/stock", "many", own.parent / "sheet.csv")
    assert run_case(case).holds

    (own.parent / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(MappingError, match="XD-MAP-006"):
        add_case(own, "own/stock", "other", own.parent / "other.csv")
    assert not (own / "own" / "stock.cases" / "other").exists()


def test_an_unknown_mapping_is_answered_with_the_nearest(own: Path) -> None:
    with pytest.raises(MappingError, match="own/stock"):
        find_cases(own, ["own/stok"])
