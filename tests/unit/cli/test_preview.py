"""`crossdock preview`: ugly files in an empty folder, with no store, source or mapping."""

from pathlib import Path

import openpyxl
import pytest

from tests.unit.cli.conftest import Cli, order_row, orders_sheet, write_workbook


@pytest.fixture
def ugly(tmp_path: Path) -> Path:
    """Title rows, 制表人, 合计, 审核, a text among numbers, a date that is none, 18 digits, a sheet of notes."""
    path = tmp_path / "采购订单.xlsx"
    rows = [order_row(number) for number in range(10, 20)]
    rows[2], rows[3] = order_row(12, due="月底"), order_row(13, quantity="五百左右")
    write_workbook(path, orders_sheet(rows))
    book = openpyxl.load_workbook(path)
    book["明细"]["L3"], book["明细"]["L5"] = "追溯号", 123456789012345678
    book.create_sheet("说明")["A1"] = "填写说明"
    book.save(path)
    return path


def test_it_finds_the_header_says_why_and_accounts_for_every_row(cli: Cli, ugly: Path) -> None:
    result = cli("preview", ugly)

    assert result.exit_code == 0
    for words in (
        "工作表“明细”",
        "表头在第 3 行：上面 2 行是标题或说明",
        "编码以 0 开头，按文字保留",
        "不像数字：G7“五百左右”",
        "不像日期：K6“月底”",
        "采购订单.xlsx [明细] L5：“追溯号”是超过15位的数字",
        "适合的映射：generic/purchase_order",
        "没用到的列：追溯号",
        "共 15 行 = 表头以上 2 + 表头 1 + 跳过 2 + 读入 10",
        "合计行（第 14 行）；表尾的落款或备注（第 15 行）",
    ):
        assert words in result.stdout
    assert result.stderr == ""


def test_its_document_holds_columns_with_letters_odd_values_suspects_and_rows(cli: Cli, ugly: Path) -> None:
    table = cli.json("preview", ugly, "--rows", "2")["tables"][0]

    columns = {one["name"]: one for one in table["columns"]}
    assert table["rows"] == {"total": "15", "above": "2", "header": "1", "skipped": "2", "read": "10"}
    assert (table["header_row"], table["sheet"]) == ("3", "明细")
    assert (columns["物料编码"]["letters"], columns["物料编码"]["looks_like"]) == ("F", "code")
    assert columns["数量"]["odd"] == [{"cell": "G7", "value": "五百左右"}]
    assert [issue["code"] for issue in table["issues"]] == ["XD-CEL-001"]
    assert [row["采购单号"] for row in table["first_rows"]] == ["PO-10", "PO-11"]
    assert table["mappings"][0]["mapping"] == "generic/purchase_order"


def test_english_where_the_machine_speaks_it(cli: Cli, ugly: Path) -> None:
    result = cli("preview", ugly, LANG="en_US.UTF-8")

    assert "The header is in row 3" in result.stdout
    assert "15 rows = 2 above + 1 header + 2 skipped + 10 read" in result.stdout


def test_a_gbk_csv_with_a_shifted_row(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "库存.csv"
    path.write_bytes("物料编码,库存,单位\n000123,12,个\n000124,1,200,个\n".encode("gbk"))

    result = cli("preview", path)

    assert result.exit_code == 0
    assert "编码 gb18030" in result.stdout
    assert "这一行的值比表头多" in result.stdout


def test_json_records_show_their_fields_with_the_digits_received(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text('{"FBillNo": "PO1", "price": 1.10, "lines": [{"a": 1}]}\n', encoding="utf-8")

    table = cli.json("preview", path)["tables"][0]

    assert table["first_rows"] == [{"FBillNo": "PO1", "price": "1.10", "lines": '[{"a": "1"}]', "_row": "1"}]


def test_a_sheet_that_lacks_one_required_column_is_told_the_nearest_mapping(cli: Cli, tmp_path: Path) -> None:
    rows = [row[1:] for row in (order_row(number) for number in range(10, 15))]
    header = ["行号", "订单日期", "供应商编码", "采购员", "物料编码", "数量", "单位", "单价", "币种", "交期"]
    write_workbook(tmp_path / "x.xlsx", [header, *rows])

    result = cli("preview", tmp_path / "x.xlsx")

    assert "最接近的映射是 generic/purchase_order：缺少必需的列" in result.stdout
    assert "适合的映射" not in result.stdout


def test_a_large_text_file_is_one_table_with_one_account(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    path.write_text("code,qty\n" + "".join(f"P{number:08},{number}{'0' * 200}\n" for number in range(60_000)))

    tables = cli.json("preview", path)["tables"]

    assert [table["rows"]["read"] for table in tables] == ["60000"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("空.xlsx", b"", "文件是空的（0 字节）"),
        ("半截.xlsx", b"PK\x03\x04" + b"\x00" * 500, "工作簿不完整或已损坏"),
        ("网页.xls", b"<html><p>1</p></html>", "网页里没有表格"),
        ("照片.jpg", b"\xff\xd8\xff", "不认识后缀“.jpg”"),
    ],
)
def test_a_file_that_cannot_be_read_ends_with_3_and_its_remedy(
    cli: Cli, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)

    result = cli("preview", tmp_path / name)

    assert result.exit_code == 3
    assert words in result.stdout


def test_a_password_is_named(cli: Cli, samples: Path) -> None:
    result = cli("preview", samples / "excel" / "calamine" / "pass_protected.xlsx")

    assert result.exit_code == 3
    assert "打开密码" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.xlsx"], "[XD-CFG-080] 没有这个文件"),
        (["."], "[XD-CFG-080] 这是一个文件夹"),
        (["x.csv", "--header", "top"], "[XD-CFG-078] --header 不对"),
        (["x.csv", "--header", "²"], "[XD-CFG-078] --header 不对"),
        ([], "[XD-CFG-078] 缺少 文件"),
        (["x.csv", "--rows", "-1"], "[XD-CFG-078] --rows 的值不对"),
    ],
)
def test_a_wrong_call_ends_with_2_and_one_sentence(cli: Cli, arguments: list[str], words: str) -> None:
    Path("x.csv").write_text("a,b\n1,2\n")

    result = cli("preview", *arguments)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_file_itself_stays_untouched(cli: Cli, ugly: Path) -> None:
    before = (ugly.read_bytes(), ugly.stat().st_mtime_ns)

    cli("preview", ugly)

    assert (ugly.read_bytes(), ugly.stat().st_mtime_ns) == before
    assert list(Path().iterdir()) == []


def test_control_characters_of_a_file_do_not_reach_the_terminal(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("code,na\x1b[31mme\nP1,red\u202e\nP2,b\n", encoding="utf-8")

    shown = cli("preview", path).stdout

    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "na␛[31mme" in shown


def test_a_deployment_s_own_mapping_is_found(cli: Cli, ugly: Path, fresh: Path) -> None:
    (fresh / "crossdock.yaml").write_text("language: zh\n", encoding="utf-8")
    (fresh / "mappings" / "own").mkdir(parents=True)
    (fresh / "mappings" / "own" / "orders.yaml").write_text(
        "mapping: own/orders\nentities:\n  purchase_order:\n    fields: {order_number: 采购单号, remark: 追溯号}\n"
        "  purchase_order_line:\n    fields: {order_number: 采购单号, line_number: 行号, item: 物料编码,"
        " ordered: 'quantity(数量, 单位)', unit_price: 'money(单价, 币种)', requested_on: 交期, description: 供应商编码,"
        " remark: 采购员, specification: 订单日期}\n",
        encoding="utf-8",
    )

    found = cli.json("preview", ugly, "--home", fresh)["tables"][0]["mappings"]

    assert found[0]["mapping"] == "own/orders", found
