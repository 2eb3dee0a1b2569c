"""What a person may lay into the inbox: good rows go in, and what is wrong is said in one sentence with its remedy."""

import json
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from xlwt.CompoundDoc import XlsDoc

from canonical_model.errors import ConfigError
from canonical_model.language import Language
from connectors.formats import FormatOptions
from crossdock.pipeline import RunReport
from crossdock.pipeline.guard import approve
from crossdock.pipeline.look import look
from tests.integration.hub import HEADER, LEAN, NOW, Hub, codes, counts, order_row, refused

pytestmark = pytest.mark.store


def problem(report: RunReport) -> str:
    """Why the one parked file is parked, in Chinese."""
    (file,) = (one for one in report.files if one.status == "parked")
    assert file.problem is not None
    assert file.problem.zh
    assert file.problem.en
    return file.problem.zh


def locked_workbook() -> bytes:
    """What Excel makes of a workbook with a password: a compound file whose one stream is the encrypted package."""
    memory = BytesIO()
    XlsDoc().save(memory, b"\0" * 5000)
    content = bytearray(memory.getvalue())
    name = content.index("Workbook".encode("utf-16-le"))
    wanted = "EncryptedPackage".encode("utf-16-le")
    content[name : name + 64] = wanted.ljust(64, b"\0")
    content[name + 64] = len(wanted) + 2
    return bytes(content)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.worksheets[0].append(list(HEADER))
    for number in range(200):
        book.worksheets[0].append(order_row(f"PO-{number}"))
    memory = BytesIO()
    book.save(memory)
    book.close()
    return memory.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("密码.xlsx", locked_workbook(), "密码"),
        ("半截.xlsx", workbook()[:3000], "不完整"),
        ("照片.jpg", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20, "照片.jpg"),
        ("空.csv", b"", "空"),
        ("没有表头.csv", b"1,2,3\n4,5,6\n7,8,9\n", "表头"),
        ("缺列.csv", "采购单号,数量,单位\nPO-9,5,个\n".encode(), "行号"),
        ("别的表.csv", "姓名,工资\n张三,100\n李四,200\n".encode(), "订单号"),
    ],
)
def test_a_file_that_cannot_be_used_is_parked_in_words_and_the_good_file_goes_in(
    hub: Hub, name: str, content: bytes, said: str
) -> None:
    hub.put("好的.csv", [order_row()], at=NOW - timedelta(hours=1))
    hub.put_bytes(name, content)
    report = hub.sync()
    assert report.status == "succeeded"
    assert counts(report) == {"read": 1, "created": 1}
    assert said in problem(report)
    assert hub.files == ["done/好的.csv", f"failed/{name}", f"failed/{name}.reason.txt"]
    reason = (hub.inbox / f"failed/{name}.reason.txt").read_text(encoding="utf-8")
    assert problem(report) in reason
    assert hub.query('SELECT name, status FROM crossdock.batch ORDER BY name COLLATE "C"') == sorted(
        [(name, "parked"), ("好的.csv", "applied")]
    )
    originals = [path for path in hub.home.state.rglob("original/*") if path.read_bytes() == content]
    assert len(originals) == 1, "the original bytes are kept"


def test_files_that_are_all_parked_make_a_parked_run_that_is_no_first_load(hub: Hub) -> None:
    hub.put_bytes("缺列.csv", "采购单号,数量,单位\nPO-9,5,个\n".encode())
    report = hub.sync()
    assert report.status == "parked"
    assert not report.is_baseline
    assert hub.load(order_row()).is_baseline


def test_a_first_file_of_bad_rows_alone_leaves_the_first_load_to_the_next(hub: Hub) -> None:
    hub.load(order_row(number=""))
    assert hub.load(order_row(), name="b.csv").is_baseline
    assert not hub.load(order_row(), name="c.csv").is_baseline


@pytest.mark.parametrize(
    ("changed", "code", "value", "remedy"),
    [
        ({"due": "2026-02-30"}, "XD-DAT-001", "2026-02-30", "2026-03-05"),
        ({"due": "03/04/2026"}, "XD-DAT-002", "03/04/2026", "date_order"),
        ({"unit": "大概"}, "XD-UNT-001", "大概", "codes: unit"),
        ({"unit": ""}, "XD-UNT-002", "500", "个"),
        ({"quantity": "五百左右"}, "XD-NUM-001", "五百左右", "1200"),
        ({"quantity": "-1"}, "XD-NUM-003", "-1", "正负号"),
        ({"line": ""}, "XD-REQ-001", "", "填写"),
        ({"number": "X" * 61}, "XD-TXT-001", "X", "order_number ≤ 60"),
    ],
)
def test_a_bad_value_is_one_issue_with_place_value_and_remedy_and_its_neighbour_goes_in(
    hub: Hub, changed: dict[str, object], code: str, value: str, remedy: str
) -> None:
    hub.put("订单.xlsx", [order_row("PO-9"), order_row(**changed)])
    report = hub.sync()
    assert hub.column("SELECT order_number FROM canonical.purchase_order_line") == ["PO-9"]
    (issue,) = (one for one in report.issues if one.code == code and one.entity == "purchase_order_line")
    assert value in issue.value
    assert "订单.xlsx [Sheet] " in issue.place
    assert issue.place.endswith("3")
    assert remedy in issue.render(Language.ZH)
    stored = hub.query(
        "SELECT code, value, place, row_number FROM crossdock.issue WHERE code = :code AND entity = :entity",
        code=code,
        entity=issue.entity,
    )
    assert stored == [(code, issue.value, issue.place, 3)]
    assert hub.files == ["done/订单.xlsx"]


def test_several_sheets_are_counted_each_and_a_sheet_without_a_table_harms_nobody(hub: Hub) -> None:
    book = openpyxl.Workbook()
    first = book.worksheets[0]
    first.append(["采购订单明细表"])
    first.append(list(HEADER))
    first.append(order_row())
    first.append(["合计", None, None, None, None, None, 500])
    second = book.create_sheet("二厂")
    second.append(list(HEADER))
    second.append(order_row("PO-2"))
    second.append([None])
    second.append(order_row("PO-3"))
    book.create_sheet("说明").append(["请在周五之前回复"])
    book.save(hub.inbox / "a.xlsx")
    book.close()
    report = hub.sync()
    assert [
        (f.sheet, f.status, f.rows_total, f.rows_above, f.rows_header, f.rows_skipped, f.rows_read)
        for f in report.files
    ] == [
        ("Sheet", "applied", 4, 1, 1, 1, 1),
        ("二厂", "applied", 4, 0, 1, 1, 2),
        ("说明", "applied", 1, 0, 0, 1, 0),
    ]
    assert counts(report) == {"read": 3, "created": 3}


def test_sheets_of_one_file_that_contradict_each_other_are_both_rejected_by_name(hub: Hub) -> None:
    book = openpyxl.Workbook()
    first, second = book.worksheets[0], book.create_sheet("补单")
    first.title = "原单"
    for sheet, amount, other in ((first, "500", "5"), (second, "300", "5")):
        sheet.append(list(HEADER))
        sheet.append(order_row("PO-1", quantity=amount))
        sheet.append(order_row("PO-2", quantity=other))
    memory = BytesIO()
    book.save(memory)
    path = hub.put_bytes("a.xlsx", memory.getvalue())
    seen = look(hub.home, "erp", "orders", path, name="a.xlsx", parts={}, options=FormatOptions())
    assert [(one.sheet, one.held, [issue.code for issue in one.issues]) for one in seen] == [
        ("原单", 1, ["XD-KEY-001"]), ("补单", 1, ["XD-KEY-001"]),
    ]  # fmt: skip
    report = hub.sync()
    assert counts(report) == {"read": 4, "created": 1, "folded": 1, "rejected": 2}
    assert [(one.code, one.place, one.detail) for one in report.issues] == [
        ("XD-KEY-001", "a.xlsx [原单] #2", "[补单] #2, 数量"),
        ("XD-KEY-001", "a.xlsx [补单] #2", "[原单] #2, 数量"),
    ]


def test_parts_of_one_long_file_contradict_each_other_as_its_rows_do(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.formats.delimited._BLOCK_BYTES", 512)
    monkeypatch.setattr("connectors.formats.delimited.read_delimited.__kwdefaults__", {"part_bytes": 1})
    rows = [order_row(f"PO-{number}") for number in range(30)]
    report = hub.load(*rows, order_row("PO-1", quantity="7"))
    assert hub.one("SELECT count(*) FROM crossdock.batch") > 1
    assert counts(report) == {"read": 31, "created": 29, "rejected": 2}


def test_a_gbk_file_is_read_as_it_was_meant(hub: Hub) -> None:
    lines = ",".join(HEADER) + "\n" + ",".join(str(value) for value in order_row(item="轴承①")) + "\n"
    hub.put_bytes("订单.csv", lines.encode("gb18030"))
    assert counts(hub.sync()) == {"read": 1, "created": 1}
    assert hub.line("item") == "轴承①"
    assert hub.one("SELECT encoding FROM crossdock.batch").lower().startswith("gb")


def test_json_with_nested_lines_keeps_every_digit(hub: Hub) -> None:
    hub.mapping(
        "own/api",
        {
            "purchase_order": {"fields": {"order_number": "no"}},
            "purchase_order_line": {
                "each": "lines",
                "fields": {
                    "order_number": "parent.no",
                    "line_number": "seq",
                    "item": "item.code",
                    "ordered": "quantity(qty, 'EA')",
                },
            },
        },
    )
    hub.stream("own/api", files="*.json")
    lines = '[{"seq": 1, "item": {"code": "007"}, "qty": 12345678901234.123456}, {"seq": 2, "qty": 1.10}]'
    hub.put_bytes("a.json", f'[{{"no": "PO-1", "lines": {lines}}}, {{"no": "PO-2", "lines": []}}]'.encode())
    report = hub.sync()
    assert counts(report, "purchase_order") == {"read": 2, "created": 2}
    assert counts(report) == {"read": 2, "created": 2}
    assert hub.query("SELECT key, item, ordered::text FROM canonical.purchase_order_line ORDER BY key") == [
        ("PO-1|1", "007", "12345678901234.123456"),
        ("PO-1|2", None, "1.100000"),
    ]
    bad = [{"no": "PO-1", "lines": [{"seq": 1, "qty": "x"}, {"seq": 3, "qty": 4}]}]
    hub.put_bytes("b.json", json.dumps(bad).encode())
    report = hub.sync()
    assert counts(report) == {"read": 2, "created": 1, "rejected": 1}
    assert codes(report) == ["XD-NUM-001"]


def test_a_file_with_null_bytes_parks_and_stops_no_other(hub: Hub) -> None:
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]})
    header = ["订单号", "行号", "下单日期", "数量", "单位"]
    hub.put_bytes(
        "a.csv", "采购订单号,行号,供应商编码,物料编码,物料名称,数量\nPO-9,1,S1,A1,轴承,5\n".encode("utf-16-le")
    )
    hub.put("b.csv", [["PO-1", "10", "2026-11-01", "500", "个"]], header=header)

    report = hub.sync()

    assert [(one.name, one.status) for one in report.files] == [("a.csv", "parked"), ("b.csv", "applied")]
    assert "UTF-16" in problem(report)


@pytest.mark.parametrize("complete", [True, "document"])
def test_lines_whose_document_has_a_name_in_part_empty_are_deleted(hub: Hub, complete: object) -> None:
    named = {"invoice_number": "发票号码"}
    lines = {"invoice": {"fields": named}, "invoice_line": {"fields": named | {"line_number": "行号"}}}
    hub.mapping("own/invoices", lines)
    stream = {"config": {"files": "*.csv", "minimum_age_seconds": 0}, "mapping": "own/invoices", "complete": complete}
    source = {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": {"orders": stream}}
    hub.write("sources/erp.yaml", source)
    there = "SELECT key FROM canonical.invoice_line WHERE deleted_at IS NULL ORDER BY key"

    hub.put("a.csv", [["F-1", "1"], ["F-1", "2"], ["F-2", "1"]], header=["发票号码", "行号"])
    hub.sync()
    assert hub.column(there) == ["F-1||1", "F-1||2", "F-2||1"]
    hub.put("b.csv", [["F-1", "1"]], header=["发票号码", "行号"])
    hub.sync()

    assert hub.column(there) == ["F-1||1"] + (["F-2||1"] if complete == "document" else [])


def test_a_file_without_the_currency_that_another_has_is_no_error_of_the_mapping(hub: Hub) -> None:
    priced = {**LEAN["purchase_order_line"]["fields"], "unit_price": "money(单价)"}
    hub.mapping("own/orders", LEAN | {"purchase_order_line": {"fields": priced}}, columns={"unit": ["单位"]})
    header = ["订单号", "行号", "下单日期", "数量", "单位"]
    hub.put("a.csv", [["PO-1", "10", "2026-11-01", "500", "个", "5"]], header=[*header, "单价"])
    hub.put("b.csv", [["PO-2", "10", "2026-11-01", "500", "个", "5"]], header=[*header, "单价(元)"])

    report = hub.sync()

    assert codes(report) == ["XD-CUR-001"]
    assert hub.column("SELECT key FROM canonical.purchase_order_line") == ["PO-2|10"]


def test_twenty_thousand_rows_go_through_in_one_go(hub: Hub) -> None:
    rows = [order_row(f"PO-{n // 10}", str(n % 10), item=f"{n:06}") for n in range(20_000)]
    report = hub.load(*rows)
    assert counts(report, "purchase_order") == {"read": 20_000, "created": 2_000, "folded": 18_000}
    assert counts(report) == {"read": 20_000, "created": 20_000}
    assert (
        hub.one("SELECT count(*) FROM canonical.purchase_order_line WHERE item = lpad(item::int::text, 6, '0')")
        == 20_000
    )
    rows[12_345][6] = "499"
    rows[12_346][7] = "大概"
    report = hub.load(*rows, name="b.csv")
    assert counts(report) == {"read": 20_000, "updated": 1, "parked": 1, "unchanged": 19_998}
    assert [(key, fields) for _, key, fields in hub.changes] == [("PO-1234|5", {"ordered": ["500", "499"]})]
    assert hub.one("SELECT sum(rows_read)::int FROM crossdock.batch") == 40_000


@pytest.mark.parametrize("looked_at", [65_536, 100])
def test_a_first_load_of_many_rows_tells_bad_and_repeated_ones_and_leaves_the_table_as_it_was(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    monkeypatch.setattr("mappings.engine._FIRST_ROWS", looked_at)  # the repeated ones come last
    shape = (
        "SELECT (SELECT jsonb_agg(indexdef ORDER BY indexdef) FROM pg_indexes WHERE tablename = 'purchase_order_line') "
        "|| (SELECT jsonb_agg(coalesce(column_default, '-') || is_nullable ORDER BY ordinal_position) "
        "FROM information_schema.columns WHERE table_schema = 'canonical' AND table_name = 'purchase_order_line')"
    )
    before = hub.one(shape)
    rows = [order_row(f"PO-{n // 10}", str(n % 10), item=f"{n:06}") for n in range(20_000)]
    rows[500][7] = "大概"  # parked: no such unit
    rows[501][6] = "-1"  # rejected
    rows += [list(rows[700]), list(rows[701])]  # the same again, and one that says something else
    rows[-1][6] = "499"
    report = hub.load(*rows)
    assert counts(report) == {"read": 20_002, "created": 19_997, "folded": 1, "parked": 1, "rejected": 3}
    assert hub.one(shape) == before
    assert hub.query(
        "SELECT DISTINCT source, stream, created_run = changed_run, created_at = changed_at, count(*) OVER () "
        "FROM canonical.purchase_order_line GROUP BY source, stream, created_run, changed_run, created_at, changed_at"
    ) == [("erp", "orders", True, True, 1)]


# which mapping


def lean(*fields: str) -> dict[str, Any]:
    """The lean mapping with these line fields required by name alone."""
    line = LEAN["purchase_order_line"]["fields"]
    kept = {name: text for name, text in line.items() if name in ("order_number", "line_number", *fields)}
    return {"purchase_order": {"fields": {"order_number": "order_number"}}, "purchase_order_line": {"fields": kept}}


@pytest.fixture
def two(hub: Hub) -> Hub:
    """A stream of two mappings, which differ in the header of the number that they require."""
    hub.mapping("own/orders", lean("ordered"), columns={"unit": ["单位"], "order_number": ["单号甲"]})
    hub.mapping("own/other", lean("item"), columns={"order_number": ["单号乙"]})
    hub.stream("own/orders", "own/other")
    return hub


def test_the_header_chooses_the_mapping(two: Hub) -> None:
    two.put("a.csv", [("PO-1", "1", "5", "个")], header=("单号甲", "行号", "数量", "单位"))
    two.put("b.csv", [("PO-2", "1", "007")], header=("单号乙", "行号", "物料编码"))
    report = two.sync()
    assert {file.name: file.mapping for file in report.files} == {"a.csv": "own/orders", "b.csv": "own/other"}
    assert counts(report) == {"read": 2, "created": 2}
    assert two.query("SELECT name, mapping FROM crossdock.batch ORDER BY name") == [
        ("a.csv", "own/orders"),
        ("b.csv", "own/other"),
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (("单号丙", "行号", "数量"), "没有一个映射适合这张表：own/orders, own/other"),
        (("单号甲", "单号乙", "行号"), "有多个映射都适合这张表：own/orders, own/other"),
    ],
)
def test_no_mapping_or_two_park_the_file_and_say_so(two: Hub, header: tuple[str, ...], said: str) -> None:
    two.put("a.csv", [("PO-1", "PO-1", "1")], header=header)
    report = two.sync()
    assert report.status == "parked"
    assert said in problem(report)
    assert two.files == ["failed/a.csv", "failed/a.csv.reason.txt"]
    assert two.one("SELECT count(*) FROM canonical.purchase_order") == 0


def test_a_sheet_that_does_not_fit_parks_alone(two: Hub) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["单号甲", "行号", "数量", "单位"])
    book.worksheets[0].append(["PO-1", "1", 5, "个"])
    second = book.create_sheet("别的")
    second.append(["姓名", "工资"])
    second.append(["张三", 100])
    book.save(two.inbox / "a.xlsx")
    book.close()
    report = two.sync()
    assert [file.status for file in report.files] == ["applied", "parked"]
    assert counts(report) == {"read": 1, "created": 1}


def test_a_damaged_part_parks_the_whole_file(hub: Hub) -> None:
    """So that nothing of a file is half in."""
    hub.put("a.xlsx", [order_row(f"PO-{n}") for n in range(50)])
    path = hub.inbox / "a.xlsx"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    (sheet,) = (name for name in parts if name.endswith("sheet1.xml"))
    parts[sheet] = parts[sheet][: len(parts[sheet]) // 2]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    report = hub.sync()
    assert report.status == "parked"
    assert hub.one("SELECT count(*) FROM canonical.purchase_order_line") == 0


def test_nobody_can_approve_half_of_a_damaged_file(hub: Hub) -> None:
    book = openpyxl.Workbook()
    for row in (HEADER, order_row("PO-1")):
        book.worksheets[0].append(list(row))
    two_tables = book.create_sheet("二")
    for cells in (["甲", "乙", "丙"], [1, 2, 3], [], ["单号", "品名", "数量"], ["A", "x", 5], ["B", "y", 6]):
        two_tables.append(cells)
    book.save(hub.inbox / "a.xlsx")
    book.close()
    report = hub.sync()
    assert report.status == "parked"
    error = refused(lambda: approve(hub.engine, report.run_id))
    assert error.problem_code == "XD-CFG-140"
    assert hub.sync().status == "idle"
    assert hub.one("SELECT count(*) FROM canonical.purchase_order_line") == 0


def test_a_link_in_the_inbox_is_not_followed(hub: Hub, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(",".join(HEADER) + "\n" + ",".join(map(str, order_row())) + "\n", encoding="utf-8")
    (hub.inbox / "a.csv").symlink_to(secret)
    report = hub.sync()
    assert "链接" in problem(report)
    assert secret.exists()
    assert hub.one("SELECT count(*) FROM canonical.purchase_order") == 0


def test_a_part_of_the_key_above_the_table_is_asked_about(hub: Hub) -> None:
    hub.mapping(
        "own/stock",
        {"inventory_balance": {"fields": {"item": "料号", "location": "location", "on_hand": "quantity(数量, '个')"}}},
        columns={"location": ["仓库"]},
    )
    config: dict[str, object] = {"files": "*.csv", "minimum_age_seconds": 0}
    streams = {"stock": {"config": config, "mapping": "own/stock"}}
    source = {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": streams}
    hub.write("sources/erp.yaml", source)
    content = "库存表,,\n仓库：上海仓,,\n料号,数量,托盘\nA1,5,T1\nA2,6,T2\n".encode()
    hub.put_bytes("a.csv", content)
    report = hub.sync("stock")
    assert "表头上方写着“仓库：上海仓”" in problem(report)
    assert f"crossdock run approve {report.run_id}" in problem(report)
    approve(hub.engine, report.run_id)
    report = hub.sync("stock")
    assert [(file.status, file.unread) for file in report.files] == [("applied", ("托盘",))]
    assert hub.one("SELECT unread FROM crossdock.batch WHERE status = 'applied'") == ["托盘"]
    config["labels"] = ["仓库"]
    hub.write("sources/erp.yaml", source)
    hub.put_bytes("b.csv", content + b"A3,7,T3\n")
    assert [file.unread for file in hub.sync("stock").files] == [("托盘",)]
    found = hub.query("SELECT item, location FROM canonical.inventory_balance ORDER BY item, location NULLS FIRST")
    assert found == [("A1", None), ("A1", "上海仓"), ("A2", None), ("A2", "上海仓"), ("A3", "上海仓")]


@pytest.mark.parametrize(
    ("places", "is_asked"),
    [
        ("上海仓||北京仓|", True),
        ("上海仓|||", True),
        ("|上海仓||北京仓", False),
        ("上海仓|上海仓||北京仓", False),
        ("上海仓|北京仓|广州仓|深圳仓", False),
        ("|||", False),
    ],
)
def test_a_warehouse_on_the_first_row_of_each_group_alone_is_asked_about(
    hub: Hub, places: str, *, is_asked: bool
) -> None:
    fields = {"item": "料号", "location": "仓库", "on_hand": "quantity(数量, '个')"}
    hub.mapping("own/stock", {"inventory_balance": {"fields": fields}})
    config: dict[str, object] = {"files": "*.csv", "minimum_age_seconds": 0}
    streams = {"stock": {"config": config, "mapping": "own/stock"}}
    source = {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": streams}
    hub.write("sources/erp.yaml", source)
    lines = [f"{place},A{number},5" for number, place in enumerate(places.split("|"))]
    hub.put_bytes("a.csv", "\n".join(["仓库,料号,数量", *lines, ""]).encode())
    report = hub.sync("stock")
    if not is_asked:
        assert [file.status for file in report.files] == ["applied"]
        return
    assert "“仓库”只在每组的第一行写了（如“上海仓”）" in problem(report)
    assert "same_as_above: [仓库]" in problem(report)
    approve(hub.engine, report.run_id)
    assert [file.status for file in hub.sync("stock").files] == ["applied"]
    config["same_as_above"] = ["仓库"]
    hub.write("sources/erp.yaml", source)
    hub.put_bytes("b.csv", "\n".join(["仓库,料号,数量", *lines, "广州仓,A9,5", ""]).encode())
    assert [file.status for file in hub.sync("stock").files] == ["applied"]
    assert (
        hub.one("SELECT location FROM canonical.inventory_balance WHERE item = 'A1' AND location IS NOT NULL")
        == "上海仓"
    )


@pytest.mark.parametrize(
    ("expression", "codes", "is_asked"),
    [
        ("料号", "4500001.0|4500002.0|", True),
        ("料号", "4500001.0|A-2|4500003.0", False),
        ("料号", "4500001.0|4500002.5", False),
        ("料号", "4500001|4500002", False),
        ("料号", "|", False),
        ("split(料号, '.', 1)", "4500001.0|4500002.0", False),
    ],
)
def test_codes_that_a_program_wrote_as_decimals_are_asked_about(
    hub: Hub, expression: str, codes: str, *, is_asked: bool
) -> None:
    fields = {"order_number": "单号", "line_number": "行号", "item": expression}
    hub.mapping("own/orders", {"purchase_order_line": {"fields": fields}})
    hub.stream("own/orders")
    lines = [f"P1,{number},{code}" for number, code in enumerate(codes.split("|"))]
    hub.put_bytes("a.csv", "\n".join(["单号,行号,料号", *lines, ""]).encode())
    report = hub.sync()
    if is_asked:
        assert "“料号”里的编号都以 .0 结尾（如“4500001.0”）" in problem(report)
        assert "split(料号, '.', 1)" in problem(report)
        approve(hub.engine, report.run_id)
        report = hub.sync()
    assert [file.status for file in report.files] == ["applied"]
    expected = codes.split("|", maxsplit=1)[0].removesuffix(".0" if expression != "料号" else "|") or None
    assert hub.query("SELECT item FROM canonical.purchase_order_line WHERE line_number = '0'") == [(expected,)]


def stock(hub: Hub, **config: object) -> None:
    hub.mapping(
        "own/stock",
        {"inventory_balance": {"fields": {"item": "料号", "location": "location", "on_hand": "quantity(数量, '个')"}}},
        columns={"location": ["库房", "仓库"]},
    )
    settings = {"files": "*.*", "minimum_age_seconds": 0, **config}
    streams = {"stock": {"config": settings, "mapping": "own/stock"}}
    hub.write(
        "sources/erp.yaml", {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": streams}
    )


def put_book(hub: Hub, name: str, header: list[str], **sheets: list[object]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, row in sheets.items():
        sheet = book.create_sheet(title)
        sheet.append(header)
        sheet.append(row)
    book.save(hub.inbox / name)
    book.close()


def test_a_sheet_that_is_called_like_a_warehouse_is_asked_about(hub: Hub) -> None:
    stock(hub)
    put_book(hub, "a.xlsx", ["料号", "数量"], 上海仓=["A1", 5], 广州仓库=["A2", 6])
    report = hub.sync("stock")
    assert report.status == "parked"
    said = report.files[0].problem
    assert said is not None
    assert "工作表名“上海仓”像是仓库" in said.zh
    assert "sheet_as: 仓库" in said.zh
    approve(hub.engine, report.run_id)
    assert {file.status for file in hub.sync("stock").files} == {"applied"}
    stock(hub, sheet_as="仓库")
    put_book(hub, "b.xlsx", ["料号", "数量"], 上海仓=["A3", 5], 广州仓库=["A3", 6])
    assert {file.status for file in hub.sync("stock").files} == {"applied"}
    found = hub.query("SELECT item, location, on_hand FROM canonical.inventory_balance ORDER BY item, location")
    assert found == [("A1", None, 5), ("A2", None, 6), ("A3", "上海仓", 5), ("A3", "广州仓库", 6)]
    hub.put_bytes("c.csv", "料号,数量\nA4,5\n".encode())
    assert "文本文件没有工作表名" in problem(hub.sync("stock"))


@pytest.mark.parametrize("sheet", ["库存表", "仓库", "全仓", "Sheet1", "What", "成品库存"])
def test_other_names_of_sheets_are_no_reason_to_ask(hub: Hub, sheet: str) -> None:
    stock(hub)
    put_book(hub, "a.xlsx", ["料号", "数量"], **{sheet: ["A1", 5]})
    assert [file.status for file in hub.sync("stock").files] == ["applied"]


@pytest.mark.parametrize("title", ["上海仓2026年3月5日库存明细", "恒远公司 原材料仓库 盘点表", "上海倉庫存"])
def test_a_title_that_names_a_warehouse_is_asked_about(hub: Hub, title: str) -> None:
    stock(hub)
    hub.put_bytes("a.csv", f"{title},,\n\n料号,数量\nA1,5\n".encode())
    report = hub.sync("stock")
    assert f"表头上方写着“{title}”，像是说了仓库" in problem(report)
    approve(hub.engine, report.run_id)
    assert [file.status for file in hub.sync("stock").files] == ["applied"]
    hub.put_bytes("b.csv", f"{title},,\n\n料号,数量,仓库\nA2,5,上海仓\n".encode())
    assert [file.status for file in hub.sync("stock").files] == ["applied"]
    fields = {"item": "料号", "location": "'SH'", "on_hand": "quantity(数量, '个')"}
    hub.mapping("own/stock", {"inventory_balance": {"fields": fields}})
    hub.put_bytes("c.csv", f"{title},,\n\n料号,数量\nA3,5\n".encode())
    assert [file.status for file in hub.sync("stock").files] == ["applied"]
    assert hub.query("SELECT location FROM canonical.inventory_balance WHERE item = 'A3'") == [("SH",)]


def test_a_title_of_returns_is_asked_about(hub: Hub) -> None:
    rows = ",".join(HEADER) + "\n" + ",".join(map(str, order_row())) + "\n"
    hub.put_bytes("a.csv", f"采购退货单列表,,\n\n{rows}".encode())
    assert "“采购退货单列表”像是退货" in problem(hub.sync())
    hub.put_bytes("b.csv", f"采购订单列表,,\n\n{rows.replace('PO-1', 'PO-2')}".encode())
    assert "applied" in [file.status for file in hub.sync().files]


@pytest.mark.parametrize("title", ["恒远公司仓库库存表", "2026年3月入仓明细", "仓位清单", "总仓及分仓库存", "库存明细"])
def test_other_titles_are_no_reason_to_ask(hub: Hub, title: str) -> None:
    stock(hub)
    hub.put_bytes("a.csv", f"{title},,\n\n料号,数量\nA1,5\n".encode())
    assert [file.status for file in hub.sync("stock").files] == ["applied"]


@pytest.mark.parametrize(
    ("rows", "columns", "is_asked"),
    [
        ("A1,1,2,3\nA2,,4,4\nA3,5,-,5\n", ["*仓"], True),
        ("A1,1,2,3\nA2,,4,4\nA3,5,-,6\n", ["*仓"], False),
        ("A1,-1,2,1\nA2,,4,4\nA3,5,-,5\n", ["*仓"], True),
        ("A1,-1,2,3\nA2,,4,4\nA3,5,-,5\n", ["*仓"], False),
        ("A1,1,2,3\nA2,,4,4\nA3,5,-,5\n", ["上海仓", "广州仓", "总仓"], False),
        ("A1,1,2,3\nA2,,4,4\nA3,5,无,5\n", ["*仓"], False),
        ("A1,0,0,0\nA2,0,4,4\nA3,5,0,5\nA4,5,0,5\n", ["*仓"], False),
    ],
)
def test_a_column_per_warehouse_that_is_the_sum_of_the_others_is_asked_about(
    hub: Hub, rows: str, columns: list[str], *, is_asked: bool
) -> None:
    stock(hub)
    fields = {"item": "料号", "location": "仓", "on_hand": "quantity(数, '个')"}
    unpivot = {"columns": columns, "name": "仓", "value": "数"}
    hub.mapping("own/stock", {"inventory_balance": {"unpivot": unpivot, "fields": fields}})
    hub.put_bytes("a.csv", f"料号,上海仓,广州仓,总仓\n{rows}".encode())
    report = hub.sync("stock")
    if is_asked:
        assert "“总仓”每一行都等于其他各列之和" in problem(report)
        assert "columns: [上海仓, 广州仓]" in problem(report)
        approve(hub.engine, report.run_id)
        report = hub.sync("stock")
    assert [file.status for file in report.files] == ["applied"]


def test_a_file_of_which_no_quantity_is_read_is_asked_about(hub: Hub) -> None:
    stock(hub)
    put_book(hub, "a.xlsx", ["料号", "仓库", "盘存数"], 表=["A1", "上海仓", 5])
    report = hub.sync("stock")
    assert "没有读到数量" in problem(report)
    assert "没用到的列：盘存数" in problem(report)
    approve(hub.engine, report.run_id)
    assert [file.status for file in hub.sync("stock").files] == ["applied"]
    put_book(hub, "b.xlsx", ["料号", "仓库"], 表=["A2", "上海仓"])
    assert [file.status for file in hub.sync("stock").files] == ["applied"]


def test_amounts_without_a_currency_are_in_that_of_the_stream(hub: Hub) -> None:
    stream: dict[str, object] = {
        "config": {"files": "*.csv", "minimum_age_seconds": 0},
        "mapping": "generic/purchase_order",
    }
    source: dict[str, object] = {"source": "erp", "connector": "folder", "config": {"path": "inbox"}}
    hub.write("sources/erp.yaml", source | {"streams": {"po": stream}})
    rows = "采购订单号,行号,料号,数量,单位,{}\nP1,1,A1,5,个,{}\n".format
    hub.put_bytes("a.csv", rows("单价", "32").encode())
    assert codes(hub.sync("po")) == ["XD-CUR-001"]
    hub.write("sources/erp.yaml", source | {"streams": {"po": stream | {"currency": "CNY"}}})
    hub.put_bytes("b.csv", rows("单价", "32").encode())
    assert hub.sync("po").status == "succeeded"
    assert hub.query("SELECT unit_price, unit_price_currency FROM canonical.purchase_order_line") == [(32, "CNY")]
    hub.put_bytes("c.csv", rows("单价", "US$32").encode())
    hub.sync("po")
    assert hub.column("SELECT unit_price_currency FROM canonical.purchase_order_line") == ["USD"]
    hub.write("sources/erp.yaml", source | {"streams": {"po": stream | {"currency": "人民币"}}})
    with pytest.raises(ConfigError, match="ISO 4217"):
        hub.sync("po")


@pytest.mark.parametrize(
    ("old", "newer"),
    [
        ("交期", "交期(3/8更新)"),
        ("交货日期", "变更后交期"),
        ("数量", "数量（最新）"),
        ("数量", "修改后数量"),
        ("数量", "数量（改）"),
        ("数量", "Rev. 数量"),
        ("交期", "改期"),
        ("交期", "再次延期至"),
        ("含税单价", "新含税单价"),
    ],
)
def test_a_file_with_a_newer_value_in_another_column_is_asked_about(hub: Hub, old: str, newer: str) -> None:
    streams = {"po": {"config": {"files": "*.csv", "minimum_age_seconds": 0}, "mapping": "generic/purchase_order"}}
    hub.write(
        "sources/erp.yaml", {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": streams}
    )
    columns = {"采购订单号": "P1", "行号": "1", "料号": "A1", "数量": "5", "单位": "个", "含税单价": "1", "币种": "CNY"}
    columns |= {old: columns.get(old, "2026-03-05"), "更新日期": "2026-03-01", newer: "7"}
    hub.put_bytes("a.csv", "\n".join(",".join(row) for row in (columns, columns.values())).encode())
    report = hub.sync("po")
    assert f"“{newer}”像是“{old}”改过以后的值" in problem(report)
    approve(hub.engine, report.run_id)
    assert [file.status for file in hub.sync("po").files] == ["applied"]


def test_a_changed_quantity_beside_an_answered_one_may_be_of_the_order_and_is_asked_about(hub: Hub) -> None:
    streams = {"reply": {"config": {"files": "*.csv", "minimum_age_seconds": 0}, "mapping": "generic/order_response"}}
    hub.write(
        "sources/sup.yaml", {"source": "sup", "connector": "folder", "config": {"path": "inbox"}, "streams": streams}
    )
    rows = "订单号,行号,料号,单位,数量,答复数量,答复交期,{}\nP1,1,A1,个,5,4,2026-03-05,3\n"
    hub.put_bytes("a.csv", rows.format("变更后数量").encode())
    assert "“变更后数量”像是“答复数量”改过以后的值" in problem(hub.sync("reply", "sup"))
    hub.put_bytes("a.csv", rows.format("二次回复数量").encode())
    assert [file.status for file in hub.sync("reply", "sup").files] == ["applied"]
    assert hub.query("SELECT confirmed FROM canonical.order_response_line") == [(3,)]


@pytest.mark.parametrize("counted", ["实盘数量", "盘点数", "实盘数量(个)"])
def test_a_list_of_what_was_counted_beside_the_books_is_asked_about(hub: Hub, counted: str) -> None:
    streams = {"stock": {"config": {"files": "*.csv", "minimum_age_seconds": 0}, "mapping": "generic/inventory"}}
    hub.write(
        "sources/wms.yaml", {"source": "wms", "connector": "folder", "config": {"path": "inbox"}, "streams": streams}
    )
    hub.put_bytes("a.csv", f"物料编码,仓库,账面数量,{counted},盘点日期,单位\nA1,上海,5,3,2026-03-05,个\n".encode())
    assert f"“{counted}”像是“账面数量”改过以后的值" in problem(hub.sync("stock", "wms"))
    hub.put_bytes("a.csv", f"物料编码,仓库,{counted},盘点日期,单位\nA1,上海,3,2026-03-05,个\n".encode())
    assert [file.status for file in hub.sync("stock", "wms").files] == ["parked"], (
        "a count alone is not what a list says"
    )


def test_the_day_on_which_a_row_was_changed_is_no_newer_day(hub: Hub) -> None:
    streams = {"po": {"config": {"files": "*.csv", "minimum_age_seconds": 0}, "mapping": "generic/purchase_order"}}
    hub.write(
        "sources/erp.yaml", {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": streams}
    )
    hub.put_bytes(
        "a.csv",
        "采购订单号,行号,料号,数量,单位,日期,更新日期,修改时间\nP1,1,A1,5,个,2026-03-05,2026-03-06,10:00\n".encode(),
    )
    assert [file.status for file in hub.sync("po").files] == ["applied"]


@pytest.mark.parametrize("header", ["千个单价", "元/千只", "USD/KPCS"])
def test_a_file_of_which_no_price_is_read_is_asked_about(hub: Hub, header: str) -> None:
    streams = {"po": {"config": {"files": "*.csv", "minimum_age_seconds": 0}, "mapping": "generic/purchase_order"}}
    hub.write(
        "sources/erp.yaml", {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": streams}
    )
    hub.put_bytes("a.csv", f"采购订单号,行号,料号,数量,单位,币种,{header}\nP1,1,A1,5,个,CNY,32\n".encode())
    report = hub.sync("po")
    assert f"没有读到单价，列名拿不准：{header}" in problem(report)
    approve(hub.engine, report.run_id)
    assert [file.status for file in hub.sync("po").files] == ["applied"]


def test_a_file_that_is_called_void_is_asked_about(hub: Hub) -> None:
    hub.put("PO-作废.csv", [order_row("PO-1")])
    assert "“PO-作废”像是说这张表作废了" in problem(hub.sync())


@pytest.mark.parametrize(
    ("remark", "below", "said"),
    [("已取消", "", "“备注”里写着“已取消”"), ("", "注：以上单价为每千只价格,,,,,,,,", "每千只价格")],
)
def test_what_one_part_of_a_long_file_leaves_open_is_asked_about_all_of_it(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, remark: str, below: str, said: str
) -> None:
    monkeypatch.setattr("connectors.formats.delimited._BLOCK_BYTES", 512)
    monkeypatch.setattr("connectors.formats.delimited.read_delimited.__kwdefaults__", {"part_bytes": 1})
    streams = {"po": {"config": {"files": "*.csv", "minimum_age_seconds": 0}, "mapping": "generic/purchase_order"}}
    hub.write(
        "sources/erp.yaml", {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": streams}
    )
    rows = "".join(f"P{n},1,A1,5,个,CNY,32,2026-03-05,{remark if n == 70 else ''}\n" for n in range(80))
    hub.put_bytes("a.csv", f"采购订单号,行号,料号,数量,单位,币种,单价,交期,备注\n{rows}{below}\n".encode())
    report = hub.sync("po")
    parts = len(report.files)
    assert parts > 1
    assert report.status == "parked"
    assert {said in str(file.problem) for file in report.files} == {True}
    assert hub.one("SELECT count(*) FROM canonical.purchase_order") == 0
    approve(hub.engine, report.run_id)
    assert [file.status for file in hub.sync("po").files] == ["applied"] * parts
    assert hub.one("SELECT count(*) FROM canonical.purchase_order") == 80


def test_a_question_that_a_stream_has_answered_for_good_is_not_asked_again(hub: Hub) -> None:
    config: dict[str, object] = {"files": "*.csv", "minimum_age_seconds": 0}
    stream: dict[str, object] = {"config": config, "mapping": "generic/purchase_order"}
    source = {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": {"po": stream}}
    hub.write("sources/erp.yaml", source)
    rows = "采购订单号,序号,料号,数量,单位,币种,单价,交期,备注\nP1,1,A1,5,个,CNY,32,2026-03-05,作废\nP1,2,A1,5,个,CNY,32,2026-03-05,\n"
    hub.put_bytes("a.csv", f"{rows}P2,3,A1,5,个,CNY,32,2026-03-05,\n".encode())
    asked = problem(hub.sync("po"))
    assert "accepted: [running_numbers, called_off]" in asked
    stream["accepted"] = ["called_off"]
    hub.write("sources/erp.yaml", source)
    hub.put_bytes("b.csv", f"{rows}P2,3,A2,5,个,CNY,32,2026-03-05,\n".encode())
    report = hub.sync("po")
    assert [("备注" in str(file.problem), "序号" in str(file.problem)) for file in report.files][-1] == (False, True)
    stream["accepted"] = ["called_off", "running_numbers"]
    hub.write("sources/erp.yaml", source)
    hub.put_bytes("c.csv", f"{rows}P3,3,A2,5,个,CNY,32,2026-03-05,\n".encode())
    assert {file.status for file in hub.sync("po").files} == {"applied"}
    stream["accepted"] = ["caled_off"]
    hub.write("sources/erp.yaml", source)
    error = refused(lambda: hub.sync("po"))
    assert "streams.po.accepted" in error.render(Language.EN)


@pytest.mark.parametrize(("mapping", "key"), [("purchase_order", "采购订单号"), ("order_response", "订单号")])
def test_a_file_of_which_no_day_is_read_is_asked_about(hub: Hub, mapping: str, key: str) -> None:
    streams = {"po": {"config": {"files": "*.csv", "minimum_age_seconds": 0}, "mapping": f"generic/{mapping}"}}
    hub.write(
        "sources/erp.yaml", {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": streams}
    )
    hub.put_bytes("a.csv", f"{key},行号,料号,单位,数量,确认数量,交期（最迟）\nP1,1,A1,个,5,5,2026-03-05\n".encode())
    report = hub.sync("po")
    assert "没有读到交期，这些列像是交期：交期（最迟）" in problem(report)
    approve(hub.engine, report.run_id)
    assert [file.status for file in hub.sync("po").files] == ["applied"]


@pytest.mark.parametrize(("above", "stays"), [("采购订单明细（币种：美元）", True), ("供应商：恒远", False)])
def test_a_currency_that_stands_above_the_table_alone_is_asked_about(hub: Hub, above: str, stays: bool) -> None:
    stream = {
        "config": {"files": "*.csv", "minimum_age_seconds": 0},
        "mapping": "generic/purchase_order",
        "currency": "CNY",
    }
    source = {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": {"po": stream}}
    hub.write("sources/erp.yaml", source)
    rows = "采购订单号,行号,料号,数量,单位,单价\nP1,1,A1,5,个,2\nP1,2,A2,6,个,3\n"
    hub.put_bytes("a.csv", f"{above},,,,,\n{rows}".encode())
    report = hub.sync("po")
    assert [file.status for file in report.files] == ["parked" if stays else "applied"]
    if stays:
        assert "表头上方写着“币种：美元”" in problem(report)
        stream["config"] = {"files": "*.csv", "minimum_age_seconds": 0, "labels": ["币种"]}
        hub.write("sources/erp.yaml", source)
        hub.put_bytes("b.csv", f"{above},,,,,\n{rows}".encode())
        hub.sync("po")
        assert hub.column("SELECT DISTINCT unit_price_currency FROM canonical.purchase_order_line") == ["USD"]


@pytest.mark.parametrize("is_empty", [True, False])
def test_only_sheets_with_rows_are_beside_each_other(hub: Hub, *, is_empty: bool) -> None:
    book = openpyxl.Workbook()
    for title in ("订单 (2)", "订单"):
        sheet = book.create_sheet(title)
        sheet.append(HEADER)
        if title == "订单 (2)" or not is_empty:
            sheet.append(order_row())
    book.remove(book.worksheets[0])
    memory = BytesIO()
    book.save(memory)
    hub.put_bytes("a.xlsx", memory.getvalue())
    asked = [one.sheet for one in hub.sync().files if one.status == "parked"]
    assert asked == ([] if is_empty else ["订单 (2)"])
