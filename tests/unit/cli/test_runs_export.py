"""runs, export, db dump and db restore over a store with a story behind it."""

import csv
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import openpyxl
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, text

from tests.integration.hub import Hub, StoreServer, order_row
from tests.unit.cli.conftest import Cli, Deployed

pytestmark = pytest.mark.store
EXACT = "12345678901234.123456"
FORMULA = '=HYPERLINK("http://x")'


@pytest.fixture
def home(hub: Hub, store_server: StoreServer) -> Cli:
    """The command line over a hub with two lines, one of which would be a formula and one too long for Excel."""
    hub.load(
        order_row("PO-1", item="000123", quantity=EXACT, buyer="张三"),
        order_row("PO-2", item=FORMULA, quantity="5.50", buyer="李四\n老李"),
    )
    url = str(hub.engine.url.render_as_string(hide_password=False))
    return Cli({"CROSSDOCK_HOME": str(hub.path), "CROSSDOCK_DATABASE_URL": url})


def test_a_workbook_keeps_codes_digits_and_formulas_as_they_are(home: Cli) -> None:
    result = home("export", "purchase_order_line")

    sheet = openpyxl.load_workbook("purchase_order_line.xlsx").active
    assert sheet is not None
    header, *rows = (list(row) for row in sheet.iter_rows())
    place = {str(cell.value): number for number, cell in enumerate(header)}
    items = [row[place["物料"]] for row in rows]
    quantities = [row[place["订购数量"]].value for row in rows]
    assert result.exit_code == 0
    assert "✓ 采购订单行 2 条，已写入 purchase_order_line.xlsx" in result.stdout
    assert [cell.value for cell in items] == ["000123", FORMULA]
    assert {cell.data_type for cell in items} == {"s"}
    assert items[1].quotePrefix
    assert quantities == [EXACT, 5.5]
    assert rows[0][place["要求交期"]].value == datetime(2026, 12, 1)  # noqa: DTZ001  # a day in a cell


def test_csv_opens_in_excel_and_is_no_formula(home: Cli) -> None:
    result = home(
        "export",
        "采购订单行",
        "-o",
        "行.csv",
        "--columns",
        "source,订单号,item,数量,changed_at",
        "--where",
        "数量<=100",
    )

    raw = Path("行.csv").read_bytes()
    (header, row) = csv.reader(raw.decode("utf-8-sig").splitlines())
    assert result.exit_code == 0
    assert raw.startswith(b"\xef\xbb\xbf")
    assert header == ["数据源", "订单号", "物料", "订购数量", "最近变更"]
    assert row[:4] == ["erp", "PO-2", f"'{FORMULA}", "5.5"]
    assert row[4].endswith("+08:00")


def test_programs_get_technical_names_and_exact_types(home: Cli, hub: Hub) -> None:
    hub.do("UPDATE canonical.purchase_order_line SET item_id = :id WHERE order_number = 'PO-1'", id=UUID(int=7))
    hub.do("UPDATE canonical.purchase_order_line SET deleted_at = now() WHERE order_number = 'PO-2'")

    assert home.json("export", "purchase_order_line", "-o", "a.parquet", "--deleted")["records"] == "2"
    assert home("export", "purchase_order_line", "-o", "a.jsonl").exit_code == 0

    first, second = pq.read_table("a.parquet").to_pylist()
    (line,) = [json.loads(text) for text in Path("a.jsonl").read_text("utf-8").splitlines()]  # noqa: TID251  # no numbers
    assert (first["ordered"], first["item"], first["item_id"]) == (Decimal(EXACT), "000123", str(UUID(int=7)))
    assert first["created_at"].utcoffset().total_seconds() == 0
    assert second["deleted_at"] is not None
    assert (line["ordered"], line["unit_price"], line["item"]) == (EXACT, None, "000123")
    assert "deleted_at" not in line


def test_what_is_unknown_is_exported_in_its_own_words_and_found_by_them(home: Cli, hub: Hub) -> None:
    hub.load(order_row("PO-1", item="000123", quantity="待定"), name="b.csv")

    assert home("export", "purchase_order_line", "-o", "a.jsonl", "--where", "尚未知道~待定").exit_code == 0
    assert home.json("export", "purchase_order_line", "-o", "a.parquet")["records"] == "2"

    (line,) = [json.loads(text) for text in Path("a.jsonl").read_text("utf-8").splitlines()]  # noqa: TID251  # no numbers
    assert (line["order_number"], line["ordered"], line["unknown"]) == ("PO-1", None, '{"ordered": "待定"}')
    assert pq.read_table("a.parquet")["unknown"].to_pylist() == ['{"ordered": "待定"}', None]


CONDITIONS: list[tuple[list[str], list[str]]] = [
        (["订单号=PO-1"], ["PO-1"]),
        (["order_number!=PO-1"], ["PO-2"]),
        (["item~00012"], ["PO-1"]),
        (["item~%"], []),
        (["单价="], ["PO-1", "PO-2"]),
        (["unit_price!="], []),
        (["ordered>5", "ordered < 6"], ["PO-2"]),
        (["requested_on>=2026-12-01"], ["PO-1", "PO-2"]),
        (["changed_at>2100-01-01T00:00"], []),
        (["item==HYPERLINK(\"http://x\")"], ["PO-2"]),
    ]  # fmt: skip


def test_conditions_choose_records(home: Cli) -> None:
    for where, found in CONDITIONS:
        options = [word for one in where for word in ("--where", one)]

        result = home("export", "purchase_order_line", "-o", "x.jsonl", "--force", *options)

        assert result.exit_code == 0, result.output
        written = Path("x.jsonl").read_text("utf-8").splitlines()
        assert [json.loads(text)["order_number"] for text in written] == found, where  # noqa: TID251  # no numbers


WRONG_EXPORTS: list[tuple[list[str], str]] = [
        (["po"], "[XD-CFG-124] 没有实体“po”"),
        (["item", "-o", "x.pdf"], "不会写“.pdf”"),
        (["item", "-o", "nowhere/x.csv"], "[XD-CFG-123] 没有目录 nowhere"),
        (["item", "-o", "taken.csv"], "[XD-CFG-123] 文件已经有了，没有覆盖"),
        (["item", "--headers", "fr"], "--headers 不能是“fr”"),
        (["item", "--columns", "item_numbr"], "[XD-CFG-125] item 没有列“item_numbr”。是不是 item_number"),
        (["item", "--where", "nonsense"], "[XD-CFG-126] 条件“nonsense”看不懂：没有比较符号"),
        (["purchase_order_line", "--where", "ordered>many"], "“many”不是数字"),
        (["purchase_order_line", "--where", "item_id=abc"], "“abc”不是"),
        (["purchase_order_line", "--where", "requested_on>soon"], "“soon”不是日期"),
        (["purchase_order_line", "--where", "ordered~1"], "~ 只能用于文字"),
        (["item", "--source", "sap"], "没有数据源“sap”"),
    ]  # fmt: skip


def test_a_wrong_export_says_so_and_writes_nothing(home: Cli) -> None:
    Path("taken.csv").write_text("mine", encoding="utf-8")
    for arguments, words in WRONG_EXPORTS:
        result = home("export", *arguments)

        assert result.exit_code == 2, result.output
        assert words in result.stderr
    assert [path.name for path in Path().iterdir()] == ["taken.csv"]
    assert Path("taken.csv").read_text("utf-8") == "mine"


def test_an_export_of_nothing_is_a_file_with_its_header(home: Cli) -> None:
    for name in ("a.xlsx", "a.csv", "a.parquet", "a.jsonl"):
        result = home("export", "item", "-o", name)
        assert result.exit_code == 0
        assert "没有符合条件的记录" in result.stdout
    sheet = openpyxl.load_workbook("a.xlsx").active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]][:2] == ["数据源", "主键"]


def test_runs_are_listed_newest_first_without_those_that_found_nothing(deployed: Deployed) -> None:
    document = deployed.cli.json("runs", "list", "erp")
    every = deployed.cli.json("runs", "list", "--all")
    shown = deployed.cli("runs", "list", "erp", "--limit", "2").stdout

    numbers = [int(run["run"]) for run in document["runs"]]
    assert numbers == sorted(numbers, reverse=True)
    assert {run["source"] for run in document["runs"]} == {"erp"}
    assert "idle" in {run["status"] for run in every["runs"]}
    assert "idle" not in {run["status"] for run in document["runs"]}
    for run in every["runs"]:
        terms = ("created", "updated", "unchanged", "stale", "folded", "parked", "rejected")
        assert int(run["read"]) == sum(int(run[term]) for term in terms)
    assert f"crossdock runs show {numbers[0]}" in shown


def test_a_run_shows_files_accounts_issues_changes_and_why_a_file_is_parked(deployed: Deployed) -> None:
    number = deployed.cli.json("runs", "list", "erp", "--limit", "1")["runs"][0]["run"]

    shown = deployed.cli("runs", "show", number).stdout
    document = deployed.cli.json("runs", "show", number)

    for words in (
        f"运行 {number}（同步）：成功",
        "共 15 行 = 表头以上 2 + 表头 1 + 跳过 2 + 读入 10",
        "✗ broken.xlsx",
        "整份搁置：工作簿不完整或已损坏",
        "XD-DAT-001 × 1  XD-NUM-001 × 1",
        "采购订单行 PO-18|10：",
        "订购数量 500→300",
    ):
        assert words in shown
    assert document["issues_by_code"] == {"XD-DAT-001": "1", "XD-NUM-001": "1"}
    assert {one["key"] for one in document["changes"]} == {"PO-18|10"}
    assert document["change_count"] == "1"


def test_a_failed_run_says_why(home: Cli, hub: Hub) -> None:
    hub.do("UPDATE crossdock.run SET status = 'failed', problem = :problem", problem=json.dumps(
        {"code": "XD-CFG-050", "zh": "文件夹不存在。", "en": "There is no folder.", "where": "inbox"}
    ))  # fmt: skip

    shown = home("runs", "show", "1", LANG="C").stdout

    assert "运行 1（同步）：失败" in shown
    assert "[XD-CFG-050] 文件夹不存在。（inbox）" in shown


def test_runs_of_nothing_and_nobody(home: Cli, hub: Hub) -> None:
    hub.do("TRUNCATE crossdock.run")

    assert "还没有运行过" in home("runs", "list").stdout
    assert "[XD-CFG-074] 没有运行 7。" in home("runs", "show", "7").stderr
    assert home("runs", "list", "sap").exit_code == 2


def everything(engine: Engine) -> dict[str, list[str]]:
    from crossdock.store.tables import metadata

    with engine.connect() as connection:
        return {
            table.fullname: sorted(connection.scalars(text(f"SELECT t::text FROM {table.fullname} t")))
            for table in metadata.sorted_tables
        }


def test_a_store_moves_from_the_embedded_server_to_another_and_back(
    deployed: Deployed, store_server: StoreServer
) -> None:
    with store_server.fresh("template1") as first, store_server.fresh("template1") as second:
        there, back = (url_of(engine) for engine in (first, second))
        dumped = deployed.cli("db", "dump", "a.zip")
        moved = deployed.cli("db", "restore", "a.zip", CROSSDOCK_DATABASE_URL=there)
        assert deployed.cli("db", "dump", "b.zip", CROSSDOCK_DATABASE_URL=there).exit_code == 0
        document = deployed.cli.json("db", "restore", "b.zip", CROSSDOCK_DATABASE_URL=back)

        assert (dumped.exit_code, moved.exit_code) == (0, 0), dumped.output + moved.output
        assert everything(first) == everything(second)
        assert len(everything(first)["canonical.purchase_order_line"]) == 10
        assert int(document["tables"]["canonical.purchase_order_line"]) == 10
        for words in ("✓ 已备份到 a.zip", "像密码一样保管", f"落地区的文件不在里面，请另行复制：{deployed.path}"):
            assert words in dumped.stdout
        assert "逐表核对一致" in moved.stdout
        assert deployed.cli("status", CROSSDOCK_DATABASE_URL=back).exit_code == 0


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def test_dump_and_restore_refuse_in_one_sentence(home: Cli, tmp_path: Path) -> None:
    Path("taken.zip").write_text("mine", encoding="utf-8")
    Path("page.zip").write_text("<html>", encoding="utf-8")

    assert "[XD-CFG-123] 文件已经有了" in home("db", "dump", "taken.zip").stderr
    assert "[XD-CFG-123] 没有目录 nowhere" in home("db", "dump", "nowhere/x.zip").stderr
    assert home("db", "dump", "taken.zip", "--force").exit_code == 0
    for file, words in (
        ("page.zip", "[XD-CFG-120] 这不是能用的备份：格式不对"),
        ("nowhere.zip", "[XD-CFG-120] 这不是能用的备份：打不开"),
        ("taken.zip", "[XD-CFG-121] 存储里已有内容"),
    ):
        result = home("db", "restore", file)
        assert result.exit_code == 2
        assert words in result.stderr
