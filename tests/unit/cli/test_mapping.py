"""`crossdock mapping`: cases run and made, columns suggested, fields traced to their columns."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Cli, Deployed

STOCK = """
mapping: own/stock
entities:
  inventory_balance:
    fields:
      item: 料
      location: 仓库
      on_hand: quantity(现存量, 单位)
"""
SHEET = "料,仓库,现存量,单位\nA,W1,12,个\nB,W1,很多,个\n"


@pytest.fixture
def home(fresh: Path) -> Path:
    """A deployment with one mapping of its own and a sheet."""
    (fresh / "crossdock.yaml").write_text("language: zh\n", encoding="utf-8")
    (fresh / "mappings" / "own").mkdir(parents=True)
    (fresh / "mappings" / "own" / "stock.yaml").write_text(STOCK, encoding="utf-8")
    (fresh / "stock.csv").write_text(SHEET, encoding="utf-8")
    return fresh


@pytest.fixture
def case(cli: Cli, home: Path) -> Path:
    """A case of that mapping, made by the command."""
    added = cli(
        *["mapping", "case", "add"], home / "stock.csv", "--mapping", "own/stock", "--name", "many", "--home", home
    )
    assert added.exit_code == 0, added.output
    assert "记录 1 条，问题 1 个" in added.stdout
    assert "请核对" in added.stdout
    return home / "mappings" / "own" / "stock.cases" / "many"


# test


def test_cases_that_hold_are_counted_and_end_with_0(cli: Cli, home: Path, case: Path) -> None:
    result = cli("mapping", "test", "own/stock", "--home", home)

    assert result.exit_code == 0
    assert "✓ own/stock/many" in result.stdout
    assert "样例 1 个：通过 1，不同 0" in result.stdout


def test_a_case_that_differs_ends_with_4_and_shows_both_sides(cli: Cli, home: Path, case: Path) -> None:
    expected = case / "expected.jsonl"
    expected.write_text(expected.read_text(encoding="utf-8").replace('"12.000000"', '"21.000000"'), encoding="utf-8")
    (case / "issues.json").write_text("[]\n", encoding="utf-8")

    result = cli("mapping", "test", "own/stock", "--home", home)
    document = cli.json("mapping", "test", "own/stock", "--home", home, exit_code=4)

    assert result.exit_code == 4
    for words in (
        "✗ own/stock/many",
        "记录 inventory_balance A|W1|||| 的 on_hand",
        "应为 21.000000",
        "实为 12.000000",
        "问题 XD-NUM-001 inventory_balance input.csv C3：多出",
        "+ input.csv C3：“现存量”的值“很多”不是数字",
    ):
        assert words in result.stdout
    assert (document["passed"], document["failed"]) == ("0", "1")
    assert document["cases"][0]["differences"][0] == {
        "what": "record",
        "place": "inventory_balance A|W1||||",
        "field": "on_hand",
        "expected": "21.000000",
        "got": "12.000000",
    }


def test_regen_writes_what_came_and_then_the_case_holds(cli: Cli, home: Path, case: Path) -> None:
    (case / "expected.jsonl").unlink()

    written = cli("mapping", "test", "own/stock", "--regen", "--home", home, CI="")

    assert written.exit_code == 0
    assert "✎ own/stock/many：已写下新的期望值" in written.stdout
    assert cli("mapping", "test", "own/stock", "--home", home).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "ci", "words"),
    [
        (["test", "own/stock", "--regen"], "true", "[XD-CFG-110] 持续集成里不能用 --regen"),
        (["test", "--regen"], "", "[XD-CFG-110] --regen 要指明映射"),
        (["test", "own/stok"], "", "[XD-MAP-003] 找不到映射“own/stok”，是不是 own/stock"),
        (["test", "own/stock"], "", "[XD-CFG-114] own/stock 旁边没有样例"),
        (["case", "add", "nowhere.csv", "--mapping", "own/stock", "--name", "x"], "", "[XD-CFG-080] 没有这个文件"),
    ],
)
def test_a_wrong_call_ends_with_2_and_one_sentence(
    cli: Cli, home: Path, arguments: list[str], ci: str, words: str
) -> None:
    result = cli("mapping", *arguments, "--home", home, CI=ci)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_broken_mapping_is_a_failed_case_in_words(cli: Cli, home: Path, case: Path) -> None:
    path = home / "mappings" / "own" / "stock.yaml"
    path.write_text(STOCK.replace("料", "没有的列"), encoding="utf-8")

    result = cli("mapping", "test", "own/stock", "--home", home)

    assert result.exit_code == 4
    assert "[XD-MAP-006] 缺少必需的列" in result.stdout


def test_outside_a_deployment_the_shipped_cases_can_be_run(cli: Cli) -> None:
    document = cli.json("mapping", "test", "generic/inventory")

    assert {one["origin"] for one in document["cases"]} == {"shipped"}


# lineage


def test_lineage_shows_expression_and_columns_and_what_a_file_lacks(cli: Cli, home: Path) -> None:
    (home / "short.csv").write_text("料,现存量,单位\nA,1,个\n", encoding="utf-8")

    shown = cli("mapping", "lineage", "own/stock", "--file", home / "short.csv", "--home", home)
    document = cli.json("mapping", "lineage", "own/stock", "--home", home)

    assert shown.exit_code == 0
    assert "quantity(现存量, 单位)" in shown.stdout
    assert "现存量、单位" in shown.stdout
    assert "表里没有对应的列，不写：inventory_balance.location" in shown.stdout
    assert document["fields"][1] == {
        "entity": "inventory_balance",
        "field": "location",
        "expression": "仓库",
        "columns": ["仓库"],
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["own/stok"], "[XD-MAP-003] 找不到映射“own/stok”"),
        (["own/stock", "--source", "erp"], "[XD-CFG-078] 请给 --file，或 --run，或同时给 --source 和 --stream"),
        (["own/stock", "--file", "nowhere.csv"], "[XD-CFG-080] 没有这个文件"),
        (["own/stock", "--file", "empty.csv"], "[XD-CFG-112] 文件是空的"),
        (["own/stock", "--file", "other.csv"], "[XD-MAP-006] 缺少必需的列"),
        (["own/stock", "--source", "erp", "--stream", "x"], "[XD-CFG-003] 没有数据源“erp”"),
    ],
)
def test_lineage_says_what_is_missing(cli: Cli, home: Path, arguments: list[str], words: str) -> None:
    Path("empty.csv").write_text("")
    Path("other.csv").write_text("a,b\n1,2\n")

    result = cli("mapping", "lineage", *arguments, "--home", home)

    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.store
def test_lineage_by_the_header_that_was_landed_last(cli: Cli, deployed: Deployed) -> None:
    document = deployed.cli.json(
        "mapping", "lineage", "generic/purchase_order", "--source", "erp", "--stream", "purchase_orders"
    )

    fields = {one["field"]: one["columns"] for one in document["fields"] if one["entity"] == "purchase_order_line"}
    assert fields["requested_on"] == ["交期"]
    assert fields["ordered"] == ["数量", "单位"]


@pytest.mark.store
def test_lineage_of_a_run_is_what_the_mapping_was_then(deployed: Deployed) -> None:
    runs = deployed.cli.json("runs", "list", "--limit", "1000")["runs"]
    name, of_stream = "generic/purchase_order", [run["run"] for run in runs if run["stream"] == "purchase_orders"]
    tried = ((str(run), deployed.cli("mapping", "lineage", name, "--run", str(run))) for run in of_stream)
    number = next(run for run, shown in tried if shown.exit_code == 0)
    document = deployed.cli.json("mapping", "lineage", name, "--run", number)
    fields = {one["field"]: one for one in document["fields"] if one["entity"] == "purchase_order_line"}
    assert fields["requested_on"]["columns"] == ["交期"]
    for arguments, words in (
        (
            ["generic/inventory", "--run", number],
            f"[XD-CFG-116] 运行 {number} 没有按映射 generic/inventory 存过内容，或",
        ),
        ([name, "--run", "999"], "[XD-CFG-074] 没有运行 999"),
        ([name, "--run", number, "--file", "a.csv"], "[XD-CFG-078] 请给 --file，或 --run"),
    ):
        refused = deployed.cli("mapping", "lineage", *arguments)
        assert refused.exit_code == 2
        assert words in refused.stderr


# suggest

ORDERS = (
    "采购订单编号,行项目号,物料号,订货数量,采购计量单位,要求到货日,图号,供应商简称\n"
    "PO1,10,A-1,5,个,2026-03-01,T-1,恒远\nPO1,20,A-2,7,箱,2026-03-02,T-2,恒远\n"
)


def test_a_suggestion_is_shown_with_reasons_and_written_as_a_mapping_that_works(cli: Cli, home: Path) -> None:
    (home / "orders.csv").write_text(ORDERS, encoding="utf-8")
    output = home / "mappings" / "hengyuan" / "orders.yaml"

    made = cli("mapping", "suggest", home / "orders.csv", "--entity", "purchase_order", "-o", output, "--home", home)
    traced = cli.json("mapping", "lineage", "hengyuan/orders", "--file", home / "orders.csv", "--home", home)

    assert made.exit_code == 0
    for words in ("意思同“采购订单号”", "8 列：认定 6，待定 2", f"已写成 {output}"):
        assert words in made.stdout
    text = output.read_text(encoding="utf-8")
    assert "mapping: hengyuan/orders" in text
    assert "# ? 图号 → " in text
    assert {one["field"]: one["columns"] for one in traced["fields"]}["ordered"] == ["订货数量", "采购计量单位"]


def test_without_an_output_the_mapping_is_printed_and_a_document_holds_it(cli: Cli) -> None:
    Path("orders.csv").write_text(ORDERS, encoding="utf-8")

    shown = cli("mapping", "suggest", "orders.csv", "--entity", "purchase_order_line")
    document = cli.json("mapping", "suggest", "orders.csv", "--entity", "purchase_order")

    assert "mapping: own/purchase_order" in shown.stdout
    assert document["yaml"] in shown.stdout
    assert document["missing"] == []
    column = next(one for one in document["columns"] if one["column"] == "物料号")
    assert (column["field"], column["confidence"]) == ("item", "0.94")
    assert column["reason"]["en"].startswith("means the same as")


def test_what_is_required_and_not_there_ends_with_3(cli: Cli) -> None:
    Path("orders.csv").write_text("采购订单编号,订货数量,单位\nPO1,5,个\nPO2,6,个\n", encoding="utf-8")

    result = cli("mapping", "suggest", "orders.csv", "--entity", "purchase_order")

    assert result.exit_code == 3
    assert "还缺必填字段：purchase_order_line.line_number" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["x.csv", "--entity", "purchase_oder"], "[XD-CFG-113] 没有实体“purchase_oder”，是不是 purchase_order"),
        (["x.csv", "--entity", "item", "-o", "there.yaml"], "[XD-CFG-113] 这个文件已经有了"),
        (["nowhere.csv", "--entity", "item"], "[XD-CFG-080] 没有这个文件"),
        (["empty.csv", "--entity", "item"], "[XD-CFG-112] 文件是空的"),
        (["x.csv"], "[XD-CFG-078] 缺少 --entity"),
    ],
)
def test_a_suggestion_that_cannot_be_made_is_one_sentence(cli: Cli, arguments: list[str], words: str) -> None:
    Path("x.csv").write_text("料号,名称\nA,b\n", encoding="utf-8")
    Path("empty.csv").write_text("")
    Path("there.yaml").write_text("x")

    result = cli("mapping", "suggest", *arguments)

    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert Path("there.yaml").read_text() == "x"


@pytest.mark.store
def test_lineage_of_a_stream_that_never_received_anything_says_so(deployed: Deployed) -> None:
    (deployed.path / "sources" / "quiet.yaml").write_text(
        "source: quiet\nconnector: folder\nconfig: {path: inbox/quiet}\nstreams:\n  a:\n"
        "    config: {files: '*'}\n    mapping: generic/inventory\n",
        encoding="utf-8",
    )
    try:
        result = deployed.cli("mapping", "lineage", "generic/inventory", "--source", "quiet", "--stream", "a")
    finally:
        (deployed.path / "sources" / "quiet.yaml").unlink()

    assert result.exit_code == 2
    assert "[XD-CFG-115] quiet.a 还没有收到过内容" in result.stderr
