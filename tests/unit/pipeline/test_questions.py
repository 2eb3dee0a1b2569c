"""What is asked about a table before it goes in, and what is not."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canonical_model.text import clip
from connectors.formats.cells import letters_of
from connectors.formats.labels import labels_above, said_below
from crossdock.home import QuestionName
from crossdock.pipeline import questions
from crossdock.pipeline.questions import Table, question_about
from mappings.plan import make_plan
from mappings.spec import MappingFile, find_mapping


@pytest.fixture
def ask(tmp_path: Path) -> "Ask":
    return Ask(tmp_path / "rows.parquet")


class Ask:
    """Asks about a table under a shipped mapping: the fact in Chinese, empty where nothing is asked; `asked` is all of it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(
        self,
        mapping: str,
        header: str,
        *rows: str,
        labels: Mapping[str, Sequence[str]] | None = None,
        sheets: Sequence[str] = ("Sheet1",),
        gap: int = 0,
    ) -> str:
        """Header and rows are divided by `|`; `gap` empty columns stand before the last one."""
        names = header.split("|")
        cells = list(zip(*(row.split("|") for row in rows), strict=True))
        columns = {name: pa.array(values) for name, values in zip(names, cells, strict=True)}
        pq.write_table(pa.table({"_row": range(2, len(rows) + 2), **columns}), self._path)
        places = {name: letters_of(at + (gap if at == len(names) - 1 else 0)) for at, name in enumerate(names)}
        plan = make_plan(
            find_mapping(f"generic/{mapping}", None), header=names, is_json=False, timezone="UTC", currency="CNY"
        )
        table = Table(sheets[0], sheets, names, labels or {}, places, False, lambda: [self._path])
        self.asked = question_about(table, plan)
        return self.asked.fact.zh if self.asked else ""


PO = "订单号|行号|料号|单位|数量|交期"
LINES = ("P1|1|A1|个|5|2026-03-05", "P1|2|A2|个|6|2026-03-05", "P2|1|A3|个|7|2026-03-06", "P2|2|A4|个|8|2026-03-06")


def beside(*values: str) -> list[str]:
    return [f"{line}|{value}" for line, value in zip(LINES, values, strict=True)]


@pytest.mark.parametrize(
    ("lines", "is_asked"),
    [
        (["1", "2", "3", "4"], True),
        (["5", "6", "7", "8"], True),
        (["1", "2", "1", "2"], False),
        (["10", "20", "10", "20"], False),
        (["1", "2", "4", "5"], False),
        (["1", "2", "x", "4"], False),
    ],
)
def test_line_numbers_that_run_on_over_documents_are_asked_about(ask: Ask, lines: list[str], is_asked: bool) -> None:
    rows = [
        "|".join([order, line, item, "个", "5"])
        for order, line, item in zip(["P1", "P1", "P2", "P2"], lines, "ABCD", strict=True)
    ]
    asked = ask("purchase_order", "订单号|序号|料号|单位|数量", *rows)
    assert ("连着往下数（P2 从" in asked) == is_asked == bool(asked)


def test_ids_that_a_database_gives_may_run_on(ask: Ask) -> None:
    rows = [f"P{i // 2}|{i}|A{i}|个|5" for i in range(1, 7)]
    assert ask("purchase_order", "订单号|项次|料号|单位|数量", *rows)
    assert not ask("purchase_order", "订单号|Line Item|料号|单位|数量", *rows)


def test_a_blank_behind_its_number_makes_no_other_document(ask: Ask) -> None:
    rows = [
        f"{number}|{line}|A{line}|个|5" for number, line in zip(["PO-1", "PO-1 ", "\ufeffPO-1"], "123", strict=True)
    ]
    assert not ask("purchase_order", "订单号|序号|料号|单位|数量", *rows)


@pytest.mark.parametrize(
    ("remark", "is_asked"),
    [
        ("数量由80改为100", False),
        ("qty changed from 80 to 100", False),
        ("改为80", True),
        ("单价由9改为100", True),
        ("改为1/100", True),
        ("交期改为2026-03-05", False),
        ("交期由3/1改为3/5", False),
        ("交期改为3月6日", True),
        ("交期改为2027-03-05", True),
        ("void-free foam packing", False),
        ("VOID - do not ship", True),
    ],
)
def test_a_change_that_the_quantity_says_already_is_not_asked_about(ask: Ask, remark: str, is_asked: bool) -> None:
    assert bool(ask("purchase_order", f"{PO}|备注", f"P1|1|A1|个|100|2026-03-05|{remark}")) == is_asked


@pytest.mark.parametrize(("price", "is_asked"), [("100", False), ("9", True)])
def test_a_change_that_the_price_says_already_is_not_asked_about(ask: Ask, price: str, *, is_asked: bool) -> None:
    row = f"P1|1|A1|个|100|2026-03-05|{price}|CNY|单价由9改为100"
    assert bool(ask("purchase_order", f"{PO}|单价|币种|备注", row)) == is_asked


@pytest.mark.parametrize(
    ("books", "counted"), [("账面", "实盘"), ("System Qty", "Counted_Qty"), ("On Hand", "physical count")]
)
def test_what_was_counted_beside_the_books_is_asked_about(tmp_path: Path, books: str, counted: str) -> None:
    path = tmp_path / "rows.parquet"
    cells = {"料号": ["A1", "A2"], books: ["5", "6"], counted: ["4", "6"]}
    pq.write_table(pa.table({"_row": [2, 3], **cells}), path)
    table = Table("", [], list(cells), {}, dict(zip(cells, "ABC", strict=True)), False, lambda: [path])
    fields = {"item": "料号", "on_hand": f"quantity(\"{books}\", '个')"}
    spec = MappingFile.model_validate({"mapping": "t/t", "entities": {"inventory_balance": {"fields": fields}}})
    asked = question_about(table, make_plan(spec, header=list(cells), is_json=False, timezone="UTC"))
    assert asked is not None
    assert f"“{counted}”像是实际的数" in asked.fact.zh


@pytest.mark.parametrize(
    ("column", "said", "is_asked"),
    [
        ("业务类型", "采购退库", True),
        ("业务类型", "其他出库", True),
        ("出入库", "出库", True),
        ("Type", "Return to vendor", True),
        ("借/贷标识", "H", True),
        ("借/贷标识", "S", False),
        ("业务类型", "采购入库", False),
        ("出入库", "入库", False),
    ],
)
def test_what_went_out_is_no_receipt(ask: Ask, column: str, said: str, *, is_asked: bool) -> None:
    asked = ask("goods_receipt", f"收货单号|行号|料号|单位|数量|收货日期|{column}", f"R1|1|A1|个|100|2026-03-05|{said}")
    assert (f"“{column}”里写着“{said}”" in asked) == is_asked == bool(asked)


@pytest.mark.parametrize(
    ("file", "is_asked"), [("PO-作废", True), ("退货单2026-10", True), ("采购预测（草稿）", True), ("PO-18", False)]
)
def test_a_file_may_say_by_its_name_that_its_lines_do_not_hold(tmp_path: Path, file: str, *, is_asked: bool) -> None:
    asked = asked_of(tmp_path, file=file)
    assert (file in asked) == is_asked == bool(asked)


def asked_of(tmp_path: Path, *, file: str = "", more: Mapping[str, Sequence[str]] | None = None) -> str:
    """The fact in Chinese that is asked about two order lines under a mapping with constants, with further columns."""
    path = tmp_path / "rows.parquet"
    cells = {
        "单号": ["P1", "P1"],
        "行号": ["1", "2"],
        "料号": ["A1", "A2"],
        "数量": ["5", "6"],
        "单价": ["2.5", "3"],
        **(more or {}),
    }
    pq.write_table(pa.table({"_row": [2, 3], **cells}), path)
    table = Table("", [], list(cells), {}, dict(zip(cells, "ABCDEF", strict=False)), False, lambda: [path], file)
    fields = {"order_number": "单号", "line_number": "行号", "item": "料号"}
    fields |= {"ordered": "quantity(数量, '个')", "unit_price": "money(单价, 'CNY')"}
    spec = MappingFile.model_validate({"mapping": "t/t", "entities": {"purchase_order_line": {"fields": fields}}})
    asked = question_about(table, make_plan(spec, header=list(cells), is_json=False, timezone="UTC"))
    return asked.fact.zh if asked else ""


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("单位", ["个", "箱"], "“单位”里写着“箱”，映射却自己给“数量”写了别的单位"),
        ("单位", ["个", "千个"], "“单位”里写着“千个”"),
        ("单位", ["个", "PCS"], ""),
        ("币种", ["CNY", "USD"], "“币种”里写着“USD”，金额却按 CNY 收"),
        ("币种", ["CNY", "人民币"], ""),
        ("价格单位", ["1", "1000"], "“价格单位”里写着“1000”，映射把单价当成一个的价收"),
        ("计价方式", ["每千个", "每千个"], "“计价方式”里写着“每千个”"),
        ("价格单位", ["1", "1"], ""),
    ],
)
def test_a_column_that_says_other_than_the_mapping_writes_is_asked_about(
    tmp_path: Path, column: str, values: list[str], said: str
) -> None:
    asked = asked_of(tmp_path, more={column: values})
    assert said in asked
    assert bool(said) == bool(asked)


def test_the_lines_of_one_document_may_run_on(ask: Ask) -> None:
    assert not ask("purchase_order", "订单号|序号|料号|单位|数量", *(f"P1|{i}|A{i}|个|5" for i in range(1, 6)))


@pytest.mark.parametrize(
    ("column", "values", "is_asked"),
    [
        ("处理状态", ["正常", "已取消", "正常", ""], True),
        ("处理状态", ["正常", "未完成", "正常", ""], False),
        ("行状态", ["正常", "已取消", "正常", ""], False),  # the mapping reads it
        ("是否作废", ["否", "是", "否", "否"], True),
        ("是否作废", ["否", "", "否", "否"], False),
        ("关闭标志", ["", "", "√", ""], True),
        ("付款状态", ["是", "是", "", ""], False),
        ("备注", ["", "作废", "", ""], True),
        ("备注", ["", "此单取消，不用做", "", ""], True),
        ("备注", ["", "数量改为5000个", "", ""], True),
        ("备注", ["改5000", "", "", ""], True),
        ("备注", ["11/25 客户邮件数量改为80", "", "", ""], True),
        ("变更记录", ["数量由100改80", "", "", ""], True),
        ("备注", ["100改80", "", "", ""], True),
        ("备注", ["减到80个", "", "", ""], True),
        ("备注", ["只要80个", "", "", ""], True),
        ("备注", ["推迟一周", "", "", ""], True),
        ("备注", ["改A9料", "", "", ""], True),
        ("备注", ["暂缓生产", "", "", ""], True),
        ("备注", ["同意取消", "", "", ""], True),
        ("del_flag", ["0", "1", "0", "0"], True),
        ("is_deleted", ["FALSE", "TRUE", "FALSE", "FALSE"], True),
        ("有效标志", ["1", "0", "1", "1"], True),
        ("delivery_terms", ["1", "0", "1", "1"], False),
        ("备注", ["推迟3天交货", "", "", ""], True),
        *(
            ("备注", [said, "", "", ""], True)
            for said in ("此行删", "客户已退单", "先别做", "数量变更：700→600", "减200", "追加100")
        ),
        *(
            ("备注", [said, "", "", ""], True)
            for said in (
                "实际只要500",
                "已由PO-9代替",
                "并入第1行",
                "cxl",
                "superseded by PO-7",
                "打错了，应为70",
                "数量写错",
            )
        ),
        ("备注", ["减震垫", "追加订单", "并入主机发货", "应急用"], False),
        ("备注", ["改AB-12", "", "", ""], True),
        ("备注", ["100改80千克", "", "", ""], True),
        ("备注", ["提前3天通知送货", "延期3天以内可接受", "提前2周备料", "只需3天"], False),
        ("备注", ["1改2规格", "改V2", "1改2版", ""], False),
        ("Peso del artículo", ["1", "1", "1", "1"], False),
        ("Del. complete", ["X", "", "X", ""], False),
        ("Del. Ind", ["X", "", "", ""], True),
        ("Reverse charge", ["Y", "Y", "N", "Y"], False),
        ("Reversed", ["Y", "", "", ""], True),
        ("备注", ["图纸由A改B版", "只要纸箱包装", "提前通知", "降到室温"], False),
        ("备注", ["单价为每千个"] * 4, True),
        ("备注", ["取消订金另议", "包装改为纸箱", "不要混装", "加急"], False),
    ],
)
def test_a_line_that_is_called_off_beside_its_columns_is_asked_about(
    ask: Ask, column: str, values: list[str], is_asked: bool
) -> None:
    asked = ask("purchase_order", f"{PO}|{column}", *beside(*values))
    assert (f"“{column}”里写着" in asked) == is_asked == bool(asked)


@pytest.mark.parametrize(
    ("kind", "is_asked"), [("采购退货单", True), ("红字", True), ("采购入库", False), ("退货入库", False)]
)
def test_goods_that_go_back_are_no_receipt(ask: Ask, kind: str, is_asked: bool) -> None:
    asked = ask("goods_receipt", "入库单号|行号|单据类型|料号|单位|实收数量", f"R1|1|{kind}|A1|个|5")
    assert bool(asked) == is_asked


@pytest.mark.parametrize(
    ("mapping", "column", "value", "is_asked"),
    [
        ("goods_receipt", "备注", "红冲", True),
        ("goods_receipt", "摘要", "冲减", True),
        ("goods_receipt", "冲销标志", "X", True),
        ("goods_receipt", "是否冲销", "否", False),
        ("goods_receipt", "Reversed", "X", True),
        ("goods_receipt", "判定", "退货", True),
        ("goods_receipt", "判定", "合格", False),
        ("goods_receipt", "检验状态", "不合格退货", True),
        ("goods_receipt", "单据状态", "暂存", True),
        ("goods_receipt", "备注", "退供应商", True),
        ("goods_receipt", "收发类别", "采购退货", True),
        ("goods_receipt", "移动类型", "122", True),
        ("goods_receipt", "移动类型", "101", False),
        ("goods_receipt", "备注", "冲压件", False),
        ("goods_receipt", "备注", "退货地址已变更", False),
        ("delivery_note", "备注", "退货", True),
        ("delivery_note", "备注", "未送", True),
        ("delivery_note", "备注", "实送300", True),
        ("delivery_note", "备注", "少送5个", True),
        ("delivery_note", "备注", "欠 20", True),
        ("delivery_note", "备注", "少量包装破损", False),
        ("goods_receipt", "备注", "换货", True),
        ("delivery_note", "备注", "实送数量以签收为准", False),
        ("goods_receipt", "类型", "退", True),
        ("goods_receipt", "单据类型", "退货", False),
        ("goods_receipt", "单据类型", "销售退货入库", False),
    ],
)
def test_a_line_that_went_back_or_was_not_sent_is_asked_about(
    ask: Ask, mapping: str, column: str, value: str, is_asked: bool
) -> None:
    header = f"单据编号|行号|料号|单位|数量|{column}"
    assert bool(ask(mapping, header, "R1|1|A1|个|5|", f"R1|2|A2|个|5|{value}")) == is_asked


@pytest.mark.parametrize(
    ("mapping", "sheet", "title", "said"),
    [
        ("delivery_note", "退货明细", "", "退货明细"),
        ("goods_receipt", "Sheet1", "采购退货单列表", "采购退货单列表"),
        ("goods_receipt", "红字入库单", "", "红字入库单"),
        ("sales_order", "Sales Returns", "", "Sales Returns"),
        ("delivery_note", "送货明细", "", ""),
        ("delivery_note", "Sheet1", "货物售出概不退货", ""),
        ("delivery_note", "Sheet1", "Please return this form by Friday", ""),
        ("inventory", "退货", "", ""),
    ],
)
def test_a_table_of_returns_is_asked_about(ask: Ask, mapping: str, sheet: str, title: str, said: str) -> None:
    header = "单据编号|行号|料号|单位|数量|仓库"
    asked = ask(mapping, header, "R1|1|A1|个|5|WH1", labels={title: [""]} if title else {}, sheets=(sheet,))
    assert bool(asked) == bool(said)
    assert f"“{said}”像是退货" in asked or not said


def test_a_movement_type_that_is_mapped_is_not_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    cells = {
        "入库单号": ["R1", "R1"],
        "行号": ["1", "2"],
        "料号": ["A1", "A2"],
        "数量": ["5", "5"],
        "移动类型": ["101", "122"],
    }
    pq.write_table(pa.table({"_row": [2, 3], **cells}), path)
    table = Table("", [], list(cells), {}, dict(zip(cells, "ABCDE", strict=True)), False, lambda: [path])
    fields = {"receipt_number": "入库单号", "line_number": "行号", "item": "料号", "received": "quantity(数量, '个')"}
    for more, is_asked in ({}, True), ({"lot": "移动类型"}, False):
        entities = {"goods_receipt_line": {"fields": fields | more}}
        spec = MappingFile.model_validate({"mapping": "t/t", "entities": entities})
        plan = make_plan(spec, header=list(cells), is_json=False, timezone="UTC")
        assert (question_about(table, plan) is not None) == is_asked


def test_what_was_accepted_is_not_what_was_received(ask: Ask) -> None:
    assert "没有读到数量" in ask("goods_receipt", "入库单号|行号|料号|单位|合格数量|到库数", "R1|1|A1|个|5|6")
    assert not ask("goods_receipt", "入库单号|行号|料号|单位|实收数量|合格数量|到库数", "R1|1|A1|个|6|5|6")


def test_two_days_are_not_added(ask: Ask) -> None:
    ask("purchase_order", f"{PO}|第二批交期", *beside("2026-04-01", "", "", ""))
    assert ask.asked is not None
    assert "number(" not in ask.asked.remedy.zh
    ask("purchase_order", f"{PO}|追加数量", *beside("9", "", "", ""))
    assert 'number("数量") + number("追加数量")' in ask.asked.remedy.zh
    ask("purchase_order", f"{PO}|取消数量", *beside("9", "", "", ""))
    assert 'number("数量") - number("取消数量")' in ask.asked.remedy.zh


@pytest.mark.parametrize(
    ("mapping", "columns", "values", "asked"),
    [
        ("purchase_order", "更新交期", "2026-04-01", "“更新交期”像是“交期”改过以后的值"),
        ("purchase_order", "客户变更交期", "2026-04-01", "“客户变更交期”像是“交期”改过以后的值"),
        ("purchase_order", "延期至", "2026-04-01", "“延期至”像是“交期”改过以后的值"),
        ("purchase_order", "最终数量", "9", "“最终数量”像是“数量”改过以后的值"),
        ("purchase_order", "实际订购数量", "9", "“实际订购数量”像是“数量”改过以后的值"),
        ("purchase_order", "更新交期", "", ""),
        ("purchase_order", "更新日期", "2026-04-01", ""),
        ("purchase_order", "修改人", "王", ""),
        ("purchase_order", "实际到货日期", "2026-04-01", ""),
        ("purchase_order", "追加数量", "9", "“追加数量”像是“数量”之外的另一部分"),
        ("purchase_order", "取消数量", "9", "“取消数量”像是“数量”之外的另一部分"),
        ("purchase_order", "取消数量", "0", ""),
        ("purchase_order", "数量2", "9", "“数量2”像是“数量”之外的另一部分"),
        ("purchase_order", "第二批交期", "2026-04-01", "“第二批交期”像是“交期”之外的另一部分"),
    ],
)
def test_what_a_column_became_and_what_is_added_to_it_is_asked_about(
    ask: Ask, mapping: str, columns: str, values: str, asked: str
) -> None:
    said = ask(mapping, f"{PO}|{columns}", *beside(values, "", "", ""))
    assert said.startswith(asked)
    assert bool(said) == bool(asked)


@pytest.mark.parametrize(
    ("columns", "values", "is_asked"),
    [
        ("到货日期|到货数量", "2026-03-05|5", True),
        ("到货日期|入库数量", "2026-03-05|5", True),
        ("到货时间|入库单号", "2026-03-05|R1", True),
        ("到货日期|入库数量", "|5", False),
        ("到货日期|已入库数量", "2026-03-05|5", False),
        ("要求到货日期|入库数量", "2026-03-05|5", False),
        ("交期|到货日期|入库数量", "2026-03-05|2026-03-05|5", False),
        ("到货日期|采购员", "2026-03-05|王", False),
    ],
)
def test_the_day_of_an_arrival_is_not_the_day_that_is_wanted(
    ask: Ask, columns: str, values: str, is_asked: bool
) -> None:
    asked = ask("purchase_order", f"订单号|行号|料号|单位|数量|{columns}", f"P1|1|A1|个|5|{values}")
    assert ("像是货到了的那一天" in asked) == is_asked == bool(asked)


def test_all_columns_that_read_like_a_day_are_named(ask: Ask) -> None:
    header = "订单号|行号|料号|单位|确认数量|需求日期|我厂回复交期"
    assert "需求日期、我厂回复交期" in ask("order_response", header, "P1|1|A1|个|5|2026-03-05|2026-03-09")


@pytest.mark.parametrize(
    ("above", "is_asked"),
    [
        ("Warehouse: Sydney", True),
        ("仓库：上海仓", True),
        ("Lagerort: Berlin", True),
        ("倉庫：東京", True),
        ("Entrepôt : Lyon", True),
        ("Almacén: Madrid", True),
        ("창고: 부산", True),
        ("车间主任：王芳", False),
        ("Site manager: Li", False),
        ("Shop: ", False),
        ("上海仓2026年3月库存明细", True),
        ("二车间库存日报", True),
        ("西药房药品库存表", True),
        ("生产车间主任签字", False),
        ("Warehouse manager: Li", False),
        ("仓库主管：王芳", False),
        ("日期：2026-03-05", False),
    ],
)
def test_a_place_above_stock_that_no_column_says_is_asked_about(tmp_path: Path, above: str, is_asked: bool) -> None:
    path = tmp_path / "rows.parquet"
    cells = {"料号": ["A1"], "数量": ["5"], "库区": ["W1"]}
    pq.write_table(pa.table({"_row": [2], **cells}), path)
    table = Table(
        "", [], list(cells), labels_above([[above]]), dict(zip(cells, "ABC", strict=True)), False, lambda: [path]
    )
    stock = {"item": "料号", "on_hand": "quantity(数量, '个')"}
    said = [
        ({}, is_asked),
        ({"location": "place"}, is_asked),
        ({"location": "'SH'"}, False),
        ({"location": "库区"}, False),
    ]
    for place, asks in said:
        entities = {"inventory_balance": {"fields": stock | place}}
        spec = MappingFile.model_validate({"mapping": "t/t", "columns": {"place": ["仓名"]}, "entities": entities})
        plan = make_plan(spec, header=list(cells), is_json=False, timezone="UTC")
        assert (question_about(table, plan) is not None) == asks


@pytest.mark.parametrize(
    "label",
    [
        *("科室", "药房", "车间", "项目部", "工厂", "店铺", "网点", "分公司", "工地", "病区", "柜组", "藥房", "車間", "工廠", "使用科室"),
        *("Site", "Branch", "Store", "Plant", "DC", "Depot", "Facility", "Shop", "Plant code"),
    ],
)  # fmt: skip
def test_a_place_above_stock_goes_by_many_names(ask: Ask, label: str) -> None:
    labels = {label: ["Leeds"]}
    assert f"“{label}：Leeds”" in ask("inventory", "料号|单位|库存数量", "A1|个|5", labels=labels)
    assert not ask("inventory", "料号|仓库|单位|库存数量", "A1|W1|个|5", labels=labels)


@pytest.mark.parametrize(
    ("sheet", "is_asked"),
    [
        *((sheet, True) for sheet in ("上海仓", "一车间", "二車間库存", "骨科病区", "西湖门店", "WH01", "Leeds Depot", "Store 12", "DC2")),
        *((sheet, False) for sheet in ("车间", "各车间", "全部门店", "库存", "All Store", "In Store", "Stock", "Datastore")),
    ],
)  # fmt: skip
def test_a_sheet_of_stock_that_is_called_like_a_place_is_asked_about(ask: Ask, sheet: str, is_asked: bool) -> None:
    asked = ask("inventory", "料号|单位|库存数量", "A1|个|5", sheets=[sheet])
    assert (f"工作表名“{sheet}”像是仓库" in asked) == is_asked == bool(asked)
    assert not ask("inventory", "料号|仓库|单位|库存数量", "A1|W1|个|5", sheets=[sheet])


MOVED = {
    "goods_receipt": "入库单号|行号|料号|单位",
    "delivery_note": "送货单号|行号|料号|单位",
    "purchase_order": "订单号|行号|料号|单位",
    "sales_order": "订单号|行号|料号|单位",
    "inventory": "批号|库位|料号|单位",
}


@pytest.mark.parametrize(
    ("mapping", "read", "others"),
    [
        ("goods_receipt", "数量", "本次收货 签收数量 本次收料 点收 实到 入库 已入库 已入库数量 已入库(个) Received"),
        ("delivery_note", "数量", "送货 实送 出货数 实送数 本次交货 实发 发货 已送数量 Delivered"),
        ("purchase_order", "数量", "本次订购 订购 本次採購"),
        ("sales_order", "Qty", "本次订购 订购 Ordered"),
        ("inventory", "库存数", "实际盘点 盘点 实盘 Counted"),
        ("inventory", "账面数量", "实际盘点 实点"),
    ],
)
def test_what_moved_in_fact_beside_a_plain_quantity_is_asked_about(
    ask: Ask, mapping: str, read: str, others: str
) -> None:
    for other in others.split():
        header, start = f"{MOVED[mapping]}|{read}|{other}", "R1|{}|A{}|个|"
        rows = [start.format(line, line) for line in (1, 2)]
        assert f"“{other}”像是实际的数" in ask(mapping, header, rows[0] + "5|4", rows[1] + "6|6"), other
        assert f"“{other}”像是实际的数" in ask(mapping, header, rows[0] + "5|5", rows[1] + "6|"), other
        assert not ask(mapping, header, rows[0] + "5|5.0", rows[1] + "1,200|1200"), other
        assert not ask(mapping, header, rows[0] + "5|", rows[1] + "6|-"), "to be filled in by hand"


@pytest.mark.parametrize(
    ("mapping", "columns", "values"),
    [
        ("goods_receipt", "数量|到货", "5|2026-03-05"),
        ("goods_receipt", "数量|签收", "5|王芳"),
        ("goods_receipt", "数量|签收", "5|20260305"),
        ("goods_receipt", "数量|累计入库数量", "5|40"),
        ("goods_receipt", "数量|订单数量", "5|40"),
        ("goods_receipt", "实收数量|本次收货", "5|4"),
        ("delivery_note", "数量|未送数量", "5|4"),
        ("delivery_note", "数量|件数", "5|1"),
        ("delivery_note", "本次发货数量|已发数量", "5|40"),
        ("delivery_note", "数量|签收数量", "5|4"),
        ("purchase_order", "数量|采购", "5|李雷"),
        ("purchase_order", "数量|已收数量", "5|3"),
        ("inventory", "库存数|盘点", "5|2026-03-05"),
        ("inventory", "实存数量|实盘", "5|4"),
    ],
)
def test_another_quantity_is_not_what_moved_in_fact(ask: Ask, mapping: str, columns: str, values: str) -> None:
    assert "像是实际的数" not in ask(mapping, f"{MOVED[mapping]}|{columns}", f"R1|1|A1|个|{values}")


def test_the_price_after_a_discount_is_asked_about(ask: Ask) -> None:
    asked = ask("purchase_order", f"{PO}|单价|折后单价", *beside("10|8", "10|8", "10|8", "10|8"))
    assert "“折后单价”像是“单价”改过以后的值" in asked


@pytest.mark.parametrize(
    ("labels", "is_asked"),
    [
        ({"单价单位": ["元/千个"]}, True),
        ({"注": ["单价为千只价"]}, True),
        ({"以下单价均为每千只价格": [""]}, True),
        ({"价格单位": ["美元"]}, True),
        ({"价格单位": ["元"]}, False),
        ({"注": ["单价含运费"]}, False),
    ],
)
def test_a_price_of_many_or_in_foreign_money_said_above_the_table_is_asked_about(
    ask: Ask, labels: Mapping[str, Sequence[str]], is_asked: bool
) -> None:
    rows = beside("350", "350", "350", "350")
    assert bool(ask("purchase_order", f"{PO}|单价", *rows, labels=labels)) == is_asked
    assert not ask("purchase_order", PO, *LINES, labels=labels), "no price is read"
    assert not ask("inventory", "仓库|料号|单位|库存数量", "A|A1|个|5", labels={"注": ["单价为千只价"]})


@pytest.mark.parametrize(
    ("sheets", "is_asked"),
    [(["3月", "2月"], True), (["2026-03-31", "2026-02-28"], True), (["3.31", "2.28"], True), (["本月", "上月"], True),
     (["3月"], False), (["3月", "说明"], False), (["原料", "成品"], False)],
)  # fmt: skip
def test_stock_of_several_periods_is_asked_about(ask: Ask, sheets: list[str], is_asked: bool) -> None:
    asked = ask("inventory", "仓库|料号|单位|库存数量", "原料|A1|个|5", sheets=sheets)
    assert ("像是两个时候的库存" in asked) == is_asked
    assert "像是两个时候" not in ask("purchase_order", PO, *LINES, sheets=sheets)


@pytest.mark.parametrize(
    ("values", "gap", "is_asked"),
    [(["恒远", "精工", "", ""], 1, True), (["恒远", "精工", "", ""], 0, False), (["恒远", "", "精工", ""], 1, False),
     (["恒远", "恒远", "", ""], 1, False), (["恒远", "精工", "台达", "大华"], 1, False)],
)  # fmt: skip
def test_a_list_beside_the_table_is_asked_about(ask: Ask, values: list[str], gap: int, is_asked: bool) -> None:
    asked = ask("purchase_order", f"{PO}|供应商", *beside(*values), gap=gap)
    assert ("像是放在旁边的一份名单" in asked) == is_asked == bool(asked)
    assert not ask("purchase_order", f"{PO}|图例", *beside(*values), gap=gap)


def test_a_blank_quantity_beside_another_is_asked_about(ask: Ask) -> None:
    rows = [f"P1|{i}|A{i}|个||{i}" for i in range(1, 4)]
    header = "订单号|行号|料号|单位|数量|本次下单数量合并"
    assert not ask("purchase_order", header, *rows[:2], "P1|3|A3|个|7|3")
    assert "“数量”整列都空着" in ask("purchase_order", header.replace("合并", "数"), *rows)


@pytest.mark.parametrize(
    ("numbers", "is_asked"),
    [(["P1", "", "", "P2", "", ""], True), (["P1", "P2", "P3", "", "P5", "P6"], False), (["P1", "", "", "P1", "", ""], False)],
)  # fmt: skip
def test_an_order_number_on_the_first_of_its_lines_alone_is_asked_about(
    ask: Ask, numbers: list[str], is_asked: bool
) -> None:
    rows = [f"{number}|{line}|A{line}|个|5" for number, line in zip(numbers, [1, 2, 3, 1, 2, 3], strict=True)]
    assert ("只在每组的第一行写了" in ask("purchase_order", "订单号|行号|料号|单位|数量", *rows)) == is_asked


@pytest.mark.parametrize("kind", [pa.string(), pa.int64(), pa.decimal128(22, 2)])
def test_columns_of_a_database_have_no_letters_and_types_of_their_own(tmp_path: Path, kind: pa.DataType) -> None:
    numbers = {"上海仓": [1, 4, 0], "广州仓": [2, 0, 5], "总仓": [3, 4, 5]}
    columns = {
        name: pa.array(values).cast(kind)
        for name, values in (numbers | {"最新数量": [7, 8, 9], "数量": [1, 2, 3]}).items()
    }
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"_row": [1, 2, 3], "料号": ["A", "B", "C"], **columns}), path)
    names = ["料号", *columns]
    table = Table("", [], names, {}, {}, False, lambda: [path])
    stock = {"item": "料号", "location": "name", "on_hand": "quantity(value, '个')"}
    unpivot = {"columns": ["*仓"], "name": "name", "value": "value"}
    for entity, said in (
        ({"inventory_balance": {"fields": stock, "unpivot": unpivot}}, "“总仓”每一行都等于其他各列之和"),
        (
            {"inventory_balance": {"fields": stock | {"location": "料号", "on_hand": "quantity(数量, '个')"}}},
            "“最新数量”像是“数量”改过以后的值",
        ),
    ):
        spec = MappingFile.model_validate({"mapping": "t/t", "entities": entity})
        asked = question_about(table, make_plan(spec, header=names, is_json=False, timezone="UTC"))
        assert asked is not None
        assert said in asked.fact.zh


@pytest.mark.parametrize(
    ("columns", "asked"),
    [
        (["上海仓", "广州仓", "各仓合计"], "“各仓合计”看名字是合计"),
        (["WH-A", "WH-B", "WH-Total"], "“WH-Total”看名字是合计"),
        (["上海仓", "广州仓", "总仓"], ""),
    ],
)
def test_a_total_among_columns_that_become_rows_is_asked_about(tmp_path: Path, columns: list[str], asked: str) -> None:
    path = tmp_path / "rows.parquet"
    cells = {name: ["1", "7", "4"] for name in columns}
    pq.write_table(pa.table({"_row": [1, 2, 3], "料号": ["A", "B", "C"], **cells}), path)
    names = ["料号", *columns]
    table = Table("", [], names, {}, dict(zip(names, "ABCD", strict=True)), False, lambda: [path])
    stock = {"item": "料号", "location": "name", "on_hand": "quantity(value, '个')"}
    for listed in (["*仓*", "WH*"], columns):
        unpivot = {"columns": listed, "name": "name", "value": "value"}
        entities = {"inventory_balance": {"fields": stock, "unpivot": unpivot}}
        spec = MappingFile.model_validate({"mapping": "t/t", "entities": entities})
        question = question_about(table, make_plan(spec, header=names, is_json=False, timezone="UTC"))
        assert (question is not None) == bool(asked and listed is not columns)
        assert question is None or question.fact.zh.startswith(asked)


@pytest.mark.parametrize(
    ("places", "asked"),
    [
        ({"中心库": ["60", "50"], "东库": ["25", "5"], "西库": ["15", "3"], "全库": ["100", "58"]}, True),
        ({"中心库": ["60", "50"], "东库": ["25", "5"], "西库": ["15", "3"], "全库": ["100", "57"]}, False),
        ({"中心库": ["60", "50"], "东库": ["25", "5"], "全库": ["85", "55"]}, False),
    ],
)
def test_two_sums_of_three_columns_are_no_chance(tmp_path: Path, places: dict[str, list[str]], *, asked: bool) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"_row": [1, 2], "料号": ["A", "B"], **places}), path)
    names = ["料号", *places]
    table = Table("", [], names, {}, dict(zip(names, "ABCDE", strict=False)), False, lambda: [path])
    fields = {"item": "料号", "location": "name", "on_hand": "quantity(value, '个')"}
    turned = {"fields": fields, "unpivot": {"columns": ["*库"], "name": "name", "value": "value"}}
    spec = MappingFile.model_validate({"mapping": "t/t", "entities": {"inventory_balance": turned}})
    question = question_about(table, make_plan(spec, header=names, is_json=False, timezone="UTC"))
    assert (question is not None) is asked


def test_all_that_is_asked_is_told_at_once_since_it_is_approved_at_once(ask: Ask) -> None:
    rows = ["P1|1|A1|个|5|作废", "P1|2|A2|个|6|", "P2|3|A3|个|7|"]
    asked = ask("purchase_order", "订单号|序号|料号|单位|数量|备注", *rows)
    assert asked.startswith("（1）“序号”在几张单之间连着往下数")
    assert "（2）“备注”里写着“作废”" in asked
    assert ask.asked is not None
    told = ask.asked.for_run(7)
    assert "改法：（1）请对方加上单里的行号" in told.zh
    assert "都不用改（确实是行号，已经按它改好了）：crossdock run approve 7" in told.zh
    assert "What to write: (1) Have the line number" in told.en


@pytest.mark.parametrize(
    ("number", "is_asked"),
    [
        ("PO-1001、PO-1002", True),
        ("PO-1001,1002", True),
        ("PO-1001/PO-1002", True),
        ("PO-1001 / PO-1002", True),
        ("PO-1001\nPO-1002", True),
        ("PO-1/PO-2", True),
        ("PO-1/PO-2/PO-3", True),
        ("PO-1 PO-2", True),
        ("PO-1001/1002", True),
        ("PO26030001/02", True),
        ("4500012345 4500012346", True),
        ("4500012345/4500012346", True),
        ("PO/12", False),
        ("12345/6", False),
        ("123456/123457", False),
        ("4500012345/00010", False),
        ("4500012345 /", False),
        ("PO26030001/10", False),
        ("PO26030001/1", False),
        ("PO-2026/2028", False),
        ("SO 1001", False),
        ("SO 2026 0001", False),
        ("A1/B2", False),
        ("2026/0305", False),
        ("PO/2026/0305", False),
        ("PO-1/A", False),
        ("ABCD/EFGH", False),
        ("PO-1001", False),
    ],
)
def test_several_numbers_in_one_cell_are_asked_about(ask: Ask, number: str, is_asked: bool) -> None:
    asked = ask(
        "delivery_note", "送货单号|序号|订单号|料号|单位|数量", f"D1|1|{number}|A1|个|5", "D1|2|PO-1003|A2|个|6"
    )
    assert ("“订单号”的一格里像是有几个号" in asked) == is_asked == bool(asked)


@pytest.mark.parametrize(
    ("rows", "is_asked"),
    [
        (["1.01|金属材料||", "1.01.001|钢板|2mm|张", "1.01.002|角钢|40|根"], True),
        (["1.01|金属材料||", "1.01.001|钢板|2mm|", "1.01.002|角钢|40|"], False),
        (["A1|钢板|2mm|张", "A10|角钢|40|根"], False),
        (["M3|螺丝||", "M3-10|螺丝|40|个", "N1|螺母|40|个"], False),
        (["A1|钢板|2mm|", "B10|角钢|40|根"], False),
    ],
)
def test_the_name_of_a_group_is_no_item(ask: Ask, rows: list[str], is_asked: bool) -> None:
    asked = ask("item", "物料编码|物料名称|规格型号|单位", *rows)
    assert ("“1.01”没有单位" in asked) == is_asked == bool(asked)


@pytest.mark.parametrize(("column", "is_asked"), [("往来单位类型", True), ("备注", False)])
def test_a_customer_is_no_supplier(ask: Ask, column: str, is_asked: bool) -> None:
    asked = ask("supplier", f"单位编号|单位全名|{column}", "V1|甲厂|供应商", "V2|乙店|客户")
    assert ("里有“客户”" in asked) == is_asked == bool(asked)
    assert not ask("supplier", "单位编号|单位全名|往来单位类型", "V1|甲厂|供应商", "V2|乙店|供应商")


@pytest.mark.parametrize(
    ("day", "is_asked"),
    [
        ("2062-03-05", True),
        ("1926-03-05", True),
        ("1900-01-01", False),
        ("1970-01-01", False),
        ("1901/3/5", True),
        ("2026-03-05", False),
        ("2099-12-31", False),
        ("2050-12-31", False),
        ("1899-12-30", False),
        ("9999-12-31", False),
        ("20620", False),
    ],
)
def test_a_day_decades_away_is_asked_about(ask: Ask, day: str, is_asked: bool) -> None:
    asked = ask("purchase_order", PO, f"P1|1|A1|个|5|{day}")
    assert (f"“交期”里有“{day}”" in asked) == is_asked == bool(asked)


@pytest.mark.parametrize(
    ("sheets", "is_asked"),
    [
        (["Open SO (old)", "Open SO"], True),
        (["订单(旧)", "订单"], True),
        (["订单 (2)", "订单"], True),
        (["订单 (2)", "发票"], False),
        (["订单(旧)"], False),
        (["PO_old", "PO"], True),
        (["订单（2）", "订单"], True),
        (["订单 (2025)", "订单"], False),
        (["历史订单", "本月订单"], False),
        (["利旧件", "新件"], False),
        (["订单", "订单(旧)"], False),
        (["V1", "V2"], True),
        (["Rev A", "Rev B"], True),
        (["初版", "终版"], True),
        (["改前", "改后"], True),
        (["原单", "更改单"], True),
        (["订单", "订单-新"], True),
        (["订单更新", "订单"], True),
        (["第一版", "第二版"], True),
        (["V1", "发票"], False),
        (["Nov 1", "Nov 2"], False),
        (["PV1", "PV2"], False),
        (["TV A", "TV B"], False),
        (["高新", "高"], False),
        (["华东", "华南"], False),
        (["3月", "4月"], False),
    ],
)
def test_a_sheet_that_is_called_old_or_a_copy_is_asked_about(ask: Ask, sheets: list[str], is_asked: bool) -> None:
    asked = ask("purchase_order", PO, *LINES, sheets=sheets)
    assert (f"工作表“{sheets[0]}”像是" in asked) == is_asked == bool(asked)


TITLES = {
    "delivery_note": {
        "像是说这张表作废了": ["待发货订单明细", "未发货明细", "未出库清单", "PRO FORMA", "ANNULÉ", "キャンセル分"],
        "像是退货": ["Return to vendor", "Returns to supplier", "Retouren", "返品明細"],
        "": ["已发货明细", "待收货明细", "发货明细", "送货单", "Packing List", "No return to vendor without RMA"],
    },
    "goods_receipt": {
        "像是说这张表作废了": ["待入库明细", "未到货清单"],
        "像是退货": ["Return to Vendor"],
        "": ["待发货明细", "入库明细", "未入库说明"],
    },
    "purchase_order": {
        "像是说这张表作废了": [
            *("PURCHASE FORECAST - not an order", "Purchase forecast (12 weeks)", "Entwurf - nicht verbindlich", "Quotation"),
            *("Quotation No. Q-2026-11", "Angebot Nr. 12", "PRO FORMA INVOICE", "Superseded by rev. 3", "Stornierung"),
            *("ANNULÉ", "見積書", "御見積書", "キャンセル分", "キャンセル済み", "취소", "报价单", "CANCELLATION", "Cancelled orders"),
        ],
        "": [
            *("未交货明细", "待入库明细", "Purchase Order", "Quotation reference: see below for the terms of each", "Bestellung"),
            *("Cancellation policy", "See forecast for capacity", "報價有效期三十天", "Storno nur schriftlich", "取消費用"),
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("mapping", "title", "said"),
    [
        (mapping, title, said)
        for mapping, all_said in TITLES.items()
        for said, titles in all_said.items()
        for title in titles
    ],
)
def test_a_title_that_says_that_nothing_moved_is_asked_about(ask: Ask, mapping: str, title: str, said: str) -> None:
    row = "R1|1|A1|个|5"
    asked = ask(mapping, f"{MOVED[mapping]}|数量", row, labels={title: [""]})
    assert said in asked
    assert bool(asked) == bool(said)
    assert not ask("inventory", "仓库|批号|料号|单位|库存数量", f"W{row}", labels={title: [""]})


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ("Stornierung", "像是说这张表作废了"),
        ("Return to vendor", "像是退货"),
        ("Quotation", ""),
        ("未发货", "像是说这张表作废了"),
        ("发货", ""),
    ],
)
def test_the_name_of_a_sheet_that_says_so_is_asked_about(ask: Ask, sheet: str, said: str) -> None:
    asked = ask("delivery_note", f"{MOVED['delivery_note']}|数量", "R1|1|A1|个|5", sheets=[sheet])
    assert said in asked
    assert bool(asked) == bool(said)


@pytest.mark.parametrize(
    ("label", "value", "said"),
    [
        ("注", "以上单价为每千只含税价。", "把单价当成一个的价收"),
        ("备注", "价格单位：元/千只", "把单价当成一个的价收"),
        ("以上价格为每吨含税价", "", "把单价当成一个的价收"),
        ("以上价格为每个含税价", "", ""),
        ("价格含税，每吨运费另计", "", ""),
        ("Note", "Prices are per 1,000 pieces.", "把单价当成一个的价收"),
        ("Prices are per thousand", "", "把单价当成一个的价收"),
        ("Preise in EUR pro 100 Stück", "", "把单价当成一个的价收"),
        ("Prix en EUR par 1 000 pièces", "", "把单价当成一个的价收"),
        ("Preiseinheit", "100", "把单价当成一个的价收"),
        ("Price unit", "1", ""),
        ("Prices are per piece, 1,000 in a box", "", ""),
        ("Prices valid for 100 days", "", ""),
        ("単価は1,000個あたり", "", "把单价当成一个的价收"),
        ("Währung", "EUR", "写着“Währung：EUR”，表里没有币种列"),
        ("通貨", "USD", "写着“通貨：USD”，表里没有币种列"),
        ("Prix en EUR HT", "", "写着“Prix en EUR HT”，表里没有币种列"),
        ("Unit prices in EUR", "", "写着“Unit prices in EUR”，表里没有币种列"),
        ("以上单价均为美元", "", "写着“以上单价均为美元”，表里没有币种列"),
        ("单价按美元汇率折算成人民币", "", ""),
        ("Prices valid in Europe", "", ""),
        ("Devise", "", ""),
        ("Line 2 of PO-1 is cancelled.", "", "映射不看它，表里的行会照原样收进来"),
        ("Note", "item A2 has been cancelled", "映射不看它，表里的行会照原样收进来"),
        ("Lines 2 and 3 have been deleted", "", "映射不看它，表里的行会照原样收进来"),
        ("Position 2 wurde storniert.", "", "映射不看它，表里的行会照原样收进来"),
        ("La ligne 2 est annulée", "", "映射不看它，表里的行会照原样收进来"),
        ("注", "2行目はキャンセル", "映射不看它，表里的行会照原样收进来"),
        ("备注", "B 的数量改为 80 个", "映射不看它，表里的行会照原样收进来"),
        ("备注：B 的数量改为 80 个", "", "映射不看它，表里的行会照原样收进来"),
        ("Währung: EUR", "", "写着“Währung: EUR”，表里没有币种列"),
        ("备注", "数量由50改为80", "映射不看它，表里的行会照原样收进来"),
        ("Note", "If item A2 has been cancelled, tell us", ""),
        ("Note", "Line items are cancelled after 30 days", ""),
        ("Note", "Line 2 is urgent", ""),
        ("注", "数量变更须书面确认", ""),
        ("备注", "B 的数量为 80 个", ""),
    ],
)
def test_a_note_of_prices_currency_or_a_line_is_asked_about(ask: Ask, label: str, value: str, said: str) -> None:
    asked = ask("purchase_order", "订单号|行号|料号|单位|数量|单价", "P1|1|A1|个|5|4200", labels={label: [value]})
    assert said in asked
    assert bool(asked) == bool(said)


def test_a_price_of_the_unit_of_its_rows_is_not_asked_about(ask: Ask) -> None:
    header = "订单号|行号|料号|单位|数量|单价"
    assert not ask("purchase_order", header, "P1|1|A1|吨|5|4200", labels={"以上价格为每吨含税价": [""]})


@pytest.mark.parametrize(
    "title",
    ["采购订单（RMB）", "银行账户（USD）：622", "采购订单（2026）", "采购订单（美国客户）"],
)
def test_a_title_that_names_no_foreign_currency_is_not_asked_about(ask: Ask, title: str) -> None:
    labels = labels_above([[title]]) | said_below([title])
    assert not ask("purchase_order", "订单号|行号|料号|单位|数量|单价", "P1|1|A1|个|5|4200", labels=labels)


@pytest.mark.parametrize("said", ["Währung: EUR", "通貨：USD", "采购订单（USD）"])
def test_a_currency_that_a_column_says_is_not_asked_about_again(ask: Ask, said: str) -> None:
    header = "订单号|行号|料号|单位|数量|单价|币种"
    assert not ask("purchase_order", header, "P1|1|A1|个|5|4200|USD", labels=labels_above([[said]]))


UNITS = {
    "quantity(净重, 'kg')": {
        True: [
            *("单位：吨", "重量单位：吨", "收货明细 单位:吨", "以下重量单位均为吨", "地磅收货记录（单位：吨）", "重量單位：噸", "净重以吨计", "单位：斤"),
            *("Unit: t", "Weights in MT", "All weights are in tons", "单位：吨、元"),
        ],
        False: [
            *("单位：公斤", "单位：千克/元", "单位：kgs", "单价单位：吨", "供货单位：T", "重量以磅单为准", "单位：mm", "单位：万元", "净重：30吨"),
            *("Business unit: T", "体积单位：升", "单位：上海恒远公司"),
        ],
    },
    "quantity(净重, '吨')": {True: ["单位：公斤"], False: ["单位：吨", "Unit: MT"]},
    "quantity(净重, 'PCS')": {True: ["单位：箱", "单位：吨"], False: ["单位：个", "Unit: EA", "重量单位：吨", "单位：mm"]},
    "quantity(number(净重) * 1000, 'kg')": {False: ["单位：吨"]},
    "quantity(净重, 计量)": {False: ["单位：吨"]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("written", "note", "is_asked"),
    [
        (written, note, is_asked)
        for written, all_said in UNITS.items()
        for is_asked, notes in all_said.items()
        for note in notes
    ],
)
def test_a_unit_said_in_words_that_is_not_the_mappings_is_asked_about(
    tmp_path: Path, written: str, note: str, is_asked: bool
) -> None:
    for labels in labels_above([[note]]), said_below([f"注：{note}"]):
        asked = asked_under(tmp_path, {"received": written}, labels)
        assert ("映射却自己给“净重”写了别的单位" in asked) == is_asked


@pytest.mark.parametrize(
    ("note", "amount", "is_asked"),
    [
        ("注：金额单位为万元", "money(金额, 'CNY')", True),
        ("金额单位：千元", "money(金额, 'CNY')", True),
        ("Amounts in CNY thousands", "money(金额, 'CNY')", True),
        ("金额单位为元", "money(金额, 'CNY')", False),
        ("金额超过10万元须审批", "money(金额, 'CNY')", False),
        ("注：金额单位为万元", "money(number(金额) * 10000, 'CNY')", False),
    ],
)
def test_a_power_of_ten_said_below_amounts_is_asked_about(
    tmp_path: Path, note: str, amount: str, is_asked: bool
) -> None:
    asked = asked_under(tmp_path, {"net_amount": amount}, said_below([note]))
    assert ("映射把“金额”照数字收" in asked) == is_asked == bool(asked)


def asked_under(tmp_path: Path, fields: Mapping[str, str], labels: Mapping[str, Sequence[str]]) -> str:
    """The fact in Chinese that is asked about receipts, or orders where an amount is mapped."""
    path = tmp_path / "rows.parquet"
    cells = {"单号": ["R1"], "行号": ["1"], "料号": ["A1"], "净重": ["30.2"], "计量": ["吨"], "金额": ["35.5"]}
    pq.write_table(pa.table({"_row": [3], **cells}), path)
    table = Table("", [], list(cells), labels, dict(zip(cells, "ABCDEF", strict=True)), False, lambda: [path])
    entity, number = (
        ("purchase_order_line", "order_number") if "net_amount" in fields else ("goods_receipt_line", "receipt_number")
    )
    entities = {entity: {"fields": {number: "单号", "line_number": "行号", "item": "料号", **fields}}}
    spec = MappingFile.model_validate({"mapping": "t/t", "entities": entities})
    plan = make_plan(spec, header=list(cells), is_json=False, timezone="UTC")
    asked = question_about(table, plan)
    return asked.fact.zh if asked else ""


@pytest.mark.parametrize(
    ("mapping", "sheet", "title", "is_asked"),
    [
        ("purchase_order", "Sheet1", "本单已作废，以PO-2为准", True),
        ("purchase_order", "Sheet1", "2026年4-6月采购预测（仅供备料参考，非正式订单）", True),
        ("purchase_order", "Sheet1", "PO Forecast 2026", True),
        ("purchase_order", "PO-1(作废)", "采购订单", True),
        ("purchase_order", "Sheet1", "如有涂改本单作废", False),
        ("purchase_order", "Sheet1", "若该单已作废请忽略", False),
        ("purchase_order", "Sheet1", "已取消订单除外", False),
        ("purchase_order", "Sheet1", "本表不含销售预测", False),
        ("purchase_order", "Sheet1", "Void if altered", False),
        ("purchase_order", "未取消", "采购订单", False),
        ("purchase_order", "Sheet1", "采购订单", False),
        ("item", "Sheet1", "本单已作废", False),
    ],
)
def test_a_table_that_does_not_hold_is_asked_about(
    ask: Ask, mapping: str, sheet: str, title: str, is_asked: bool
) -> None:
    labels = labels_above([[title]])
    header, rows = (PO, LINES) if mapping == "purchase_order" else ("物料编码|物料名称|单位", ("A1|板|张",))
    asked = ask(mapping, header, *rows, labels=labels, sheets=[sheet])
    assert ("像是说这张表作废了" in asked) == is_asked == bool(asked)


@pytest.mark.parametrize(
    ("mapping", "column", "value", "is_asked"),
    [
        ("purchase_order", "是否有效", "否", True),
        ("purchase_order", "是否有效", "是", False),
        ("purchase_order", "取消日期", "2026-03-02", True),
        ("purchase_order", "取消日期", "", False),
        ("purchase_order", "Deletion Indicator", "X", True),
        ("purchase_order", "Deletion Indicator", "", False),
        ("purchase_order", "备注", "千个价", True),
        ("purchase_order", "备注", "客户砍单", True),
        ("purchase_order", "备注", "推迟到4/10", True),
        ("purchase_order", "备注", "与PO-8重复，请忽略", True),
        ("purchase_order", "备注", "hold", True),
        ("purchase_order", "备注", "household", False),
        ("purchase_order", "处理状态", "业务关闭", True),
        ("purchase_order", "行关闭人", "王芳", True),
        ("purchase_order", "行关闭人", "", False),
        ("purchase_order", "关闭日期", "1900-01-01", False),
        ("purchase_order", "取消日期", "NULL", False),
        ("purchase_order", "关闭日期", "2099-12-31", False),
        ("purchase_order", "取消数量合计", "1", False),
        ("purchase_order", "备注", "改B版", False),
        ("purchase_order", "备注", "提前到9点送", False),
        ("purchase_order", "备注", "颜色差异请忽略", False),
        ("goods_receipt", "行状态", "已结案", False),
        ("goods_receipt", "备注", "冲M3孔", False),
        ("inventory", "备注", "无盘亏", False),
        ("purchase_order", "结案码", "Y", True),
        ("purchase_order", "Action", "Delete", True),
        ("purchase_order", "Action", "Add", False),
        ("delivery_note", "备注", "未送，下周补", True),
        ("delivery_note", "备注", "未发现破损", False),
        ("delivery_note", "备注", "拒收", True),
        ("goods_receipt", "备注", "误入，已冲销", True),
        ("goods_receipt", "备注", "冲压件", False),
        ("inventory", "质量等级", "报废", True),
        ("inventory", "质量等级", "A品", False),
        ("purchase_order", "备注", "42元/千个", True),
        ("sales_order", "单据类型", "退货订单", True),
        ("sales_order", "单据类型", "标准订单", False),
        ("goods_receipt", "备注", "已冲销", True),
        ("item", "Active", "False", True),
        ("item", "Active", "True", False),
        ("inventory", "是否良品", "否", True),
        ("inventory", "备注", "盘亏，实际0", True),
        ("inventory", "备注", "近效期", False),
    ],
)
def test_a_row_that_a_column_says_does_not_hold_is_asked_about(
    ask: Ask, mapping: str, column: str, value: str, is_asked: bool
) -> None:
    header, row = {
        "item": ("物料编码|物料名称|单位", "A1|板|张"),
        "inventory": ("物料编码|仓库|单位|库存数量", "A1|上海仓|个|5"),
        "goods_receipt": ("入库单号|行号|料号|单位|实收数量", "R1|1|A1|个|5"),
        "delivery_note": ("送货单号|行号|料号|单位|数量", "D1|1|A1|个|5"),
    }.get(mapping, (PO, LINES[0]))
    asked = ask(mapping, f"{header}|{column}", f"{row}|{value}")
    assert (f"“{column}”里写着“{value}”" in asked) == is_asked == bool(asked)


DID_NOT_HAPPEN = {
    "delivery_note": [
        *("发货状态=待发货", "发货状态=未发货", "出库状态=未出库", "是否发货=未发货", "是否发货=否", "签收状态=拒收退回"),
        *("业务类型=销售退货", "审批状态=驳回", "Line Status=Not shipped - backorder", "Remarks=Line cancelled"),
        *("Remarks=Returned", "備註=退貨"),
    ],
    "goods_receipt": [
        *("入库状态=待入库", "红蓝标志=红", "红蓝标志=红字", "单据名称=采购退料单", "单据类型=采购退料单", "Movement=Return"),
        *("Status=Not yet received", "变更说明=数量由50改为80"),
    ],
    "purchase_order": [
        *("审批状态=驳回", "流程状态=已驳回", "审批状态=审核不通过", "执行情况=客户已取消", "行执行状态=客户取消", "是否暂停=是"),
        *("Status=storniert", "Statut=Annulé", "Estado=Cancelado", "ステータス=キャンセル", "행 상태=취소", "Stato=annullato"),
        *("Löschkennzeichen=L", "Loeschkennzeichen=X", "Del. Ind.=X", "Bemerkung=storniert", "備考=キャンセル", "비고=취소"),
        *("Line remark=CANCELLED - do not ship", "Remarks=on hold / cancelled by customer", "Remarks=PO was cancelled."),
        *("Bemerkung=Position wurde storniert", "变更说明=数量由50改为80", "Remarks=qty reduced from 10 to 8"),
    ],
    "sales_order": [
        *("退款状态=退款成功", "售后状态=已退货退款", "Status=Refunded", "Remarks=qty changed to 8", "业务类型=销售退货"),
    ],
}  # fmt: skip
HAPPENED = {
    "delivery_note": [
        *("发货状态=已发货", "签收状态=未签收", "签收状态=待签收", "是否发货=是", "是否签收=否", "业务类型=销售出库", "付款状态=未付款"),
        *("Line Status=Shipped", "Remarks=Return empty pallets", "Remarks=cancelled order PO-1 is replaced", "Remarks=void fill"),
    ],
    "goods_receipt": [
        *("入库状态=已入库", "红蓝标志=蓝", "备注=红", "单据名称=采购入库单", "单据名称=生产退料单", "Movement=Receipt", "发货状态=待发货"),
        *("业务类型=销售退货", "备注=单价由5元谈起"),
    ],
    "purchase_order": [
        *("发货状态=未发货", "入库状态=待入库", "审批状态=通过", "是否暂停=否", "暂停天数=1", "Status=offen", "Estado=Abierto"),
        *("Löschkennzeichen=", "Del. Ind.=", "Delivery Ind.=X", "Bemerkung=Stornogebühr 5%", "備考=キャンセル不可", "비고=취소 불가"),
        *("Remarks=Hold point 3 applies", "Remarks=qty per box 8", "Line remark=cancellation fee applies", "Estado=Jalisco"),
    ],
    "sales_order": [*("退款状态=无退款", "Status=Shipped", "售后状态=无售后")],
    "inventory": ["入库状态=待入库"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("mapping", "said", "is_asked"),
    [(mapping, said, True) for mapping, all_said in DID_NOT_HAPPEN.items() for said in all_said]
    + [(mapping, said, False) for mapping, all_said in HAPPENED.items() for said in all_said],
)
def test_a_row_that_did_not_happen_is_asked_about(ask: Ask, mapping: str, said: str, is_asked: bool) -> None:
    column, value = said.split("=")
    row = f"R1|1|A1|个|5|{value}"
    asked = ask(mapping, f"{MOVED[mapping]}|{'库存数量' if mapping == 'inventory' else '数量'}|{column}", row)
    assert (f"“{column}”里写着“{clip(value, 20)}”" in asked) == is_asked == bool(asked)


@pytest.mark.parametrize(
    ("remark", "confirmed", "is_asked"),
    [("停产", "0", False), ("停产", "", True), ("停产", "5", True), ("缺料", "0", False)],
)
def test_an_answer_that_confirms_nothing_may_say_why(ask: Ask, remark: str, confirmed: str, is_asked: bool) -> None:
    header = "采购单号|项次|料号|单位|回复数量|回复交期|备注"
    rows = ("PO1|10|A|个|100|2026-03-12|", f"PO1|20|A|个|{confirmed}|2026-03-12|{remark}")
    assert bool(ask("order_response", header, *rows)) == is_asked


UNUSABLE = [
    *("库存类型=不良品", "库存属性=不良品", "品质状态=待检", "良品/不良=不良", "Stock Type=Blocked", "质量=次品", "质检状态=待检", "是否冻结=是"),
    *("批次状态=不合格", "Quality=Damaged", "Condition=Damaged", "等级=次品", "备注=不良品", "品相=残次", "库存类别=报废", "状态=冻结"),
    *("質量=殘次", "库存类型=质检", "库存类型=在途", "冻结标志=1", "Blocked=X", "备注=其中2个破损", "备注=待检，勿发", "Remarks=damaged"),
    *("库存状态名称=不良品", "Stock Category=Quality Inspection", "检验结果=不合格", "库存类型=退货", "On Hold=Y", "效期=已过期"),
    *("库存性质=代管物资", "所有权=客供料"),
]  # fmt: skip
USABLE = [
    *("库存类型=良品", "冻结=1", "是否质检=是", "是否冻结=否", "是否冻结=", "备注=无不良", "备注=不良率0.1%", "检验方式=检验", "品名=次品", "仓库名称=不良品"),
    *("存货分类=废品", "Quality=Good", "Condition=New", "不良数=3", "状态=正常", "备注=靠近待检区", "规格=NG", "库区=待检区", "Blocked=0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "is_asked"), [*((said, True) for said in UNUSABLE), *((said, False) for said in USABLE)]
)
def test_stock_that_cannot_be_used_is_asked_about(ask: Ask, said: str, is_asked: bool) -> None:
    column, value = said.split("=")
    asked = ask("inventory", f"料号|仓库编码|单位|库存数量|{column}", "A1|W1|个|5|", f"A2|W1|个|5|{value}")
    assert (f"“{column}”里写着“{clip(value, 20)}”，像是有些库存不能用" in asked) == is_asked == bool(asked)
    header, row = f"料号|仓库编码|单位|库存数量|stock_status|{column}", f"A2|W1|个|5|可用|{value}"
    assert "像是有些库存不能用" not in ask("inventory", header, row)


def test_a_column_of_many_different_texts_tells_no_state(ask: Ask) -> None:
    rows = [f"A{n}|W1|个|5|{'次品' if n == 24 else f'说法{n}'}" for n in range(25)]
    assert not ask("inventory", "料号|仓库编码|单位|库存数量|用途", *rows)
    assert ask("inventory", "料号|仓库编码|单位|库存数量|用途", *rows[-5:])


@pytest.mark.parametrize("said", ["PO-1，共3页", "PO-1（第2版）", "PO-1 Rev B", "PO-1001/PO-1002", "PO-1001 & PO-1002"])
def test_more_than_the_number_behind_its_label_is_asked_about(tmp_path: Path, said: str) -> None:
    path = tmp_path / "rows.parquet"
    names = ["订单号", "行号", "料号", "单位", "数量"]
    values = zip(names, [said, "1", "A1", "个", "5"], strict=True)
    pq.write_table(pa.table({"_row": [3]} | {name: [value] for name, value in values}), path)
    plan = make_plan(
        find_mapping("generic/purchase_order", None), header=names, is_json=False, timezone="UTC", currency="CNY"
    )

    def asked(number: str) -> bool:
        places = dict.fromkeys(names[1:], "A")
        return (
            question_about(Table("S", ["S"], names, {"订单号": (number,)}, places, False, lambda: [path]), plan)
            is not None
        )

    assert asked(said)
    assert not asked("PO-1")


@pytest.mark.parametrize(
    ("header", "blank", "other"),
    [
        ("订单号|行号|料号|单位|数量|未税单价|含税单价", "未税单价", "含税单价"),
        ("订单号|行号|物料编码|料号|单位|数量", "物料编码", "料号"),
        ("订单号|行号|料号|单位|数量|要求交期|交期", "要求交期", "交期"),
    ],
)
def test_a_blank_column_beside_a_filled_one_of_the_same_name_is_asked_about(
    ask: Ask, header: str, blank: str, other: str
) -> None:
    filled = {"交期": "2026-03-05", "要求交期": "2026-03-05", "单位": "个"}
    whole = "|".join(filled.get(name, "7") for name in header.split("|"))
    lacking = "|".join("" if name == blank else filled.get(name, "7") for name in header.split("|"))
    assert f"“{blank}”整列都空着，“{other}”里有内容" in ask("purchase_order", header, lacking)
    assert not ask("purchase_order", header, whole, lacking.replace("7", "8", 1))


@pytest.mark.parametrize(
    ("above", "below", "said"),
    [
        ("采购订单（单价：元/吨）", "", "单价：元/吨"),
        ("单价：元/个", "", ""),
        ("", "备注：以上单价均为千个价。", "以上单价均为千个价"),
        ("", "说明：第2行取消。", "第2行取消"),
        ("", "说明：请按时交货。", ""),
        ("", "第5条 变更与取消：须双方书面确认", ""),
        ("", "第1项：不要混装", ""),
        ("", "第2行数量改为60", "第2行数量改为60"),
        ("", "M-2 暂停，等通知", "M-2 暂停"),
        ("", "备注：M-2 取消，不再采购", "M-2 取消"),
        ("", "注：M-1已并入PO-9", "M-1已并入"),
        ("", "标红的行取消", "标红的行取消"),
        ("", "Items in red are cancelled", "in red"),
        ("", "以上交期均顺延5天", "顺延5天"),
        ("", "备注：以上数量单位均为千个", "单位均为千个"),
        ("", "单位：万个", "单位：万个"),
        ("", "单位：个", ""),
        ("", "数量单位为个，金额单位为元", ""),
        ("", "请核对数量及单位是否一致", ""),
        ("", "All quantities are in kg", ""),
        ("", "Note: all quantities in thousands (KPCS)", "Note: all quantities in thous"),
        ("", "单位：万 元", "把“单价”照数字收"),
        ("", "本单替代PO-1，PO-1作废", ""),
        ("", "订单数量小于MOQ100取消", ""),
        ("", "以上单价含税，延期3天", ""),
        ("", "供应商不得交付非订单物料", ""),
        ("", "This order is void unless acknowledged within 5 days.", ""),
        ("", "7天内未确认，本单取消。", ""),
        ("", "逾期未回签本单取消", ""),
        ("", "备注：请根据需求预测备料", ""),
        ("", "Please plan capacity according to the attached forecast", ""),
        ("", "此单取消", "此单取消"),
        ("", "本单已作废", "本单已作废"),
        ("", "This order is void", "This order is void"),
        ("（作废）", "", "（作废）"),
        ("", "本单取消须提前30天通知", ""),
        ("", "红色为急件", ""),
        ("", "以上交期统一改为2026-3-20", "统一改为2026-3-20"),
        ("", "所有单价调整为5元", "所有单价调整为5元"),
        ("", "数量为预估，以实际下单为准", "数量为预估"),
        ("以正式订单为准", "", "以正式订单为准"),
        ("", "M-2已改为M-5", "M-2已改为M-5"),
        ("", "注：单价为每千个的价格", "每千个的价格"),
        ("", "单价：元/千个", "元/千个"),
        ("", "单价含税，最小包装为1000pcs", ""),
        ("", "2. 价格含税，每100个一箱", ""),
        ("备注：价格以人民币计", "", ""),
        ("单位：元/个", "", ""),
        ("Prices valid in Europe", "", ""),
        ("单价按美元汇率7.1折算成人民币", "", ""),
        ("All prices in USD", "", "币种：USD"),
        ("采购订单（USD）", "", "采购订单（USD）"),
        ("采购订单（美金）", "", "采购订单（美金）"),
        ("Purchase Order - EUR", "", "Purchase Order - EUR"),
        ("", "以上价格为未税美金价", "以上价格为未税美金价"),
        ("以上价格为未税美金价", "", "币种：美金"),
        ("", "以上均为美金价", "以上均为美金价"),
        ("", "备注：以美元结算", "备注：以美元结算"),
        ("单价：美元", "", "单价：美元"),
    ],
)
def test_what_stands_above_or_below_the_table_is_asked_about(ask: Ask, above: str, below: str, said: str) -> None:
    labels = labels_above([[above]]) | said_below([below])
    asked = ask("purchase_order", "订单号|行号|料号|单位|数量|单价", "P1|1|A1|个|5|4200", labels=labels)
    assert said in asked
    assert bool(asked) == bool(said)


@pytest.mark.parametrize("column", ["期望到货", "到厂日期", "交货（日期）", "In-house Date"])
def test_a_day_of_delivery_under_an_unknown_name_is_asked_about(ask: Ask, column: str) -> None:
    asked = ask("purchase_order", f"订单号|行号|料号|单位|数量|{column}", "P1|1|A1|个|5|2026-03-05")
    assert "没有读到交期" in asked


@pytest.mark.parametrize("column", ["执行价", "核定价", "Unit Landed Cost"])
def test_a_price_under_an_unknown_name_is_asked_about(ask: Ask, column: str) -> None:
    assert "没有读到单价" in ask("purchase_order", f"订单号|行号|料号|单位|数量|{column}", "P1|1|A1|个|5|3")


def test_each_question_has_a_name_by_which_a_stream_answers_it_for_good(ask: Ask) -> None:
    assert [one.__name__ for one in questions._QUESTIONS] == list(get_args(QuestionName))
    assert ask("purchase_order", f"{PO}|备注", *beside("作废", "", "", ""))
    assert ask.asked is not None
    assert ask.asked.names == ("called_off",)
    assert "在数据流里写 accepted: [called_off]" in ask.asked.for_run(7).zh
    assert "write accepted: [called_off] for the stream" in ask.asked.for_run(7).en


@pytest.mark.parametrize("column", ["上次采购单价", "历史单价", "Last Price"])
def test_a_price_of_the_past_is_not_asked_about(ask: Ask, column: str) -> None:
    assert not ask("purchase_order", f"订单号|行号|料号|单位|数量|{column}", "P1|1|A1|个|5|3")


@pytest.mark.parametrize("column", ["来料编号", "用料编码", "成品代号", "Article No.", "Product ID"])
@pytest.mark.parametrize("mapping", ["purchase_order", "sales_order"])
def test_an_item_under_an_unknown_name_is_asked_about(ask: Ask, mapping: str, column: str) -> None:
    assert f"这些列像是物料编码：{column}" in ask(mapping, f"订单号|行号|{column}|单位|数量", "P1|1|A1|个|5")
    assert not ask(mapping, f"订单号|行号|料号|{column}|单位|数量", "P1|1|A1|A2|个|5")


@pytest.mark.parametrize("column", ["品名", "规格", "Part Name", "Item Group", "批号", "物料描述"])
def test_what_describes_an_item_is_not_its_code(ask: Ask, column: str) -> None:
    assert not ask("purchase_order", f"订单号|行号|{column}|单位|数量", "P1|1|A1|个|5")


@pytest.mark.parametrize(
    ("location", "name", "said"),
    [("ALL", "轴承", "ALL"), ("上海仓", "小计", "小计"), ("上海仓", "合计器", ""), ("上海仓", "全部", "")],
)
def test_a_total_that_is_left_among_the_rows_is_asked_about(ask: Ask, location: str, name: str, said: str) -> None:
    header = "物料编码|物料名称|仓库|单位|库存数量"
    asked = ask("inventory", header, "A1|轴承|上海仓|个|5", f"A2|{name}|{location}|个|5")
    assert (f"里有“{said}”，像是合计的行" in asked) == bool(said) == bool(asked)


@pytest.mark.parametrize(
    ("rows", "is_asked"),
    [
        (
            ["A1|上海仓||个|100", "A1|上海仓|L1|个|60", "A1|上海仓|L2|个|40", "A2|上海仓||个|30", "A2|上海仓|L9|个|30"],
            True,
        ),
        (["A1|||个|100", "A1|上海仓||个|60", "A1|北京仓||个|40"], True),
        (
            ["A1|上海仓||个|100", "A1|上海仓|L1|个|60", "A1|上海仓|L2|个|40", "A2|上海仓||个|3", "A2|上海仓|L9|个|30"],
            False,
        ),
        (["A1|上海仓||个|30", "A1|上海仓|L1|个|30"], False),
        (["A1|上海仓||个|0", "A1|上海仓|L1|个|5", "A1|上海仓|L2|个|-5"], False),
        (
            ["A1|上海仓||个|100", "A1|上海仓|L1|个|60", "A1|上海仓|L2|个|40", "B1|上海仓||个|0", "B1|上海仓|L1|个|0"],
            True,
        ),
        (["A1|上海仓||个|7", "A1|北京仓||个|7", "A2|广州仓||个|9"], False),
        (["A1|上海仓||个|五", "A1|上海仓|L1|个|6", "A1|上海仓|L2|个|4"], False),
        (["A1|上海仓|L1|个|60", "A1|上海仓|L2|个|40"], False),
    ],
)
def test_stock_whose_total_stands_among_its_lots_is_asked_about(ask: Ask, rows: Sequence[str], is_asked: bool) -> None:
    asked = ask("inventory", "物料编码|仓库|批号|单位|库存数量", *rows)
    assert ("“A1”有一行没写仓库或批号" in asked) == is_asked == bool(asked)


@pytest.mark.parametrize("nowhere", ["-", "N/A", "/", "全部批次", "总仓", "公司"])
def test_a_total_of_lots_may_name_no_lot(ask: Ask, nowhere: str) -> None:
    rows = [f"A1|上海仓|{lot}|个|{count}" for lot, count in (("L1", 60), ("L2", 40), (nowhere, 100))]
    assert "“A1”有一行没写仓库或批号" in ask("inventory", "物料编码|仓库|批号|单位|库存数量", *rows)
    assert not ask("inventory", "物料编码|仓库|批号|单位|库存数量", *rows[:2], "A1|上海仓|L3|个|100")


def test_stock_of_others_may_be_told_by_its_owner(ask: Ask) -> None:
    ask("inventory", "料号|仓库编码|单位|库存数量|所有权", "A1|W1|个|5|自有", "A2|W1|个|5|客供料")
    assert ask.asked is not None
    assert "owner: 所有权" in ask.asked.remedy.zh


def test_many_rows_of_stock_are_looked_at_but_for_an_item_that_may_go_on(ask: Ask) -> None:
    rows = [row for n in range(400) for row in (f"A{n}|W||个|3", f"A{n}|W|L1|个|1", f"A{n}|W|L2|个|2")]
    header = "物料编码|仓库|批号|单位|库存数量"
    assert "有一行没写仓库或批号" in ask("inventory", header, *rows)
    assert not ask("inventory", header, "Z|W|L|个|多", *rows)


@pytest.mark.parametrize(
    ("column", "value", "received", "is_asked"),
    [
        ("关闭标志", "Y", "100", False),
        ("关闭标志", "Y", "1,00", False),
        ("关闭标志", "Y", "99.5", True),
        ("关闭标志", "Y", "", True),
        ("关闭标志", "Y", "很多", True),
        ("行关闭人", "张三", "120", False),
        ("关闭日期", "2026-11-20", "100", False),
        ("Closed Code", "CLOSED", "100", False),
        ("结案", "Y", "100", False),
        ("取消标志", "Y", "100", True),
        ("行关闭", "作废", "100", True),
        ("处理状态", "已作废", "100", True),
    ],
)
def test_a_finished_line_that_is_closed_is_not_asked_about(
    ask: Ask, column: str, value: str, received: str, is_asked: bool
) -> None:
    header = f"订单号|行号|料号|单位|数量|已收数量|{column}"
    asked = ask("purchase_order", header, f"P1|1|A1|个|100|{received}|{value}", "P1|2|A2|个|50|0|")
    assert (f"“{column}”里写着“{value}”" in asked) == is_asked == bool(asked)


@pytest.mark.parametrize(
    ("mapping", "header", "row"),
    [
        ("goods_receipt", "入库单号|行号|料号|单位|应收数量|实收数量|备注", "R1|1|A1|个|5000|4990|少10个，下批补"),
        ("goods_receipt", "入库单号|行号|料号|单位|实收数量|备注", "R1|1|A1|个|4990|欠10个"),
        ("order_response", "订单号|行号|确认数量|单位|确认交期|备注", "P1|1|5|个|2026-12-01|交期改为12月1日"),
        ("order_response", "订单号|行号|确认数量|单位|确认交期|备注", "P1|1|5|个|2026-12-01|推迟至12/1"),
        ("order_response", "订单号|行号|数量|单位|确认交期|备注", "P1|1|5|个|2026-12-01|改为12月1日交"),
        ("inventory", "物料编码|仓库|单位|库存数量|备注", "A1|W1|个|5|已停产"),
    ],
)
def test_a_remark_that_says_what_the_columns_say_is_not_asked_about(
    ask: Ask, mapping: str, header: str, row: str
) -> None:
    assert not ask(mapping, header, row)


@pytest.mark.parametrize(
    ("mapping", "header", "row"),
    [
        ("delivery_note", "送货单号|行号|料号|单位|送货数量|实收数量|备注", "S1|1|A1|个|5||少送2个"),
        ("goods_receipt", "入库单号|行号|料号|单位|入库数量|实际到货日期|备注", "R1|1|A1|个|5|2026-03-05|少送2个"),
        ("inventory", "物料编码|仓库|单位|库存数量|备注", "A1|W1|个|5|与上一行重复"),
        ("inventory", "物料编码|仓库|单位|库存数量|备注", "A1|W1|个|5|作废"),
        ("purchase_order", "订单号|行号|料号|单位|数量|备注", "P1|1|A1|个|5|停产"),
        ("order_response", "订单号|行号|数量|单位|回复交期|备注", "P1|1|5|个|2026-12-01|数量改为3"),
        ("order_response", "订单号|行号|确认数量|单位|备注", "P1|1|5|个|推迟至12/1"),
    ],
)
def test_a_remark_that_the_columns_do_not_bear_out_is_asked_about(
    ask: Ask, mapping: str, header: str, row: str
) -> None:
    assert f"里写着“{row.rsplit('|', maxsplit=1)[-1]}”" in ask(mapping, header, row)


@pytest.mark.parametrize(
    ("mapping", "header", "row"),
    [
        ("delivery_note", "送货单号|行号|订单号|单位|送货数量|收货号", "S1|1|P1|个|5|R1"),
        ("order_response", "订单号|行号|回复数量|单位|回复交期|供应商料号", "P1|1|5|个|2026-03-05|V1"),
    ],
)
def test_the_number_of_a_receipt_and_the_suppliers_own_code_are_no_item(
    ask: Ask, mapping: str, header: str, row: str
) -> None:
    assert not ask(mapping, header, row)


@pytest.mark.parametrize("column", ["预计到货数量", "计划交货数量", "希望交货地点", "Freight cost"])
def test_what_only_resembles_a_day_or_price_is_not_asked_about(ask: Ask, column: str) -> None:
    assert not ask("purchase_order", f"订单号|行号|料号|单位|数量|{column}", "P1|1|A1|个|5|3")


def test_a_blank_received_quantity_of_new_orders_is_not_asked_about(ask: Ask) -> None:
    assert not ask("purchase_order", "订单号|行号|料号|单位|数量|已收数量|包装数量", "P1|1|A1|个|5||20")


def test_a_word_for_unknown_does_not_hide_what_stands_below_it(ask: Ask) -> None:
    assert "“取消日期”里写着“2026-03-02”" in ask(
        "purchase_order", f"{PO}|取消日期", *beside("NULL", "2026-03-02", "", "N/A")
    )


def test_a_column_that_is_filled_far_below_is_not_blank(ask: Ask) -> None:
    rows = [f"P1|{i}|A{i}|个|5|{'3' if i == 1500 else ''}|11" for i in range(1, 1501)]
    assert not ask("purchase_order", "订单号|行号|料号|单位|数量|未税单价|含税单价", *rows)
    assert "“未税单价”整列都空着" in ask("purchase_order", "订单号|行号|料号|单位|数量|未税单价|含税单价", *rows[:-1])


@pytest.mark.parametrize(
    ("sheets", "is_asked"),
    [
        (["全部", "上海", "广州"], True),
        (["ALL", "SH", "GZ"], True),
        (["总表", "上海", "广州"], True),
        (["总仓", "上海", "广州"], False),
        (["全部", "说明"], False),
        (["上海", "全部", "广州"], False),
    ],
)
def test_a_sheet_of_the_stock_of_all_places_is_asked_about(ask: Ask, sheets: list[str], is_asked: bool) -> None:
    asked = ask("inventory", "仓库|料号|单位|库存数量", "原料|A1|个|5", sheets=sheets)
    assert ("像是别的工作表" in asked) == is_asked
    assert "像是别的工作表" not in ask("purchase_order", PO, *LINES, sheets=sheets)


@pytest.mark.parametrize(
    "note",
    [
        *(
            "交期变更须提前3天通知",
            "数量以实际收货为准",
            "以上单价为含税价",
            "图片仅供参考",
            "交期如需改为其他日期请书面通知",
        ),
        *("本单数量不得擅自更改", "预计到货3天"),
    ],
)
def test_a_term_of_the_order_is_not_asked_about(ask: Ask, note: str) -> None:
    header = "订单号|行号|料号|单位|数量|单价"
    assert not ask("purchase_order", header, "P1|1|A1|个|5|4200", labels=labels_above([[note]]) | said_below([note]))


@pytest.mark.parametrize(
    ("sheets", "is_asked"),
    [
        (["暂停", "订单"], True),
        (["Hold", "PO"], True),
        (["报价", "订单"], True),
        (["报价"], False),
        (["订单", "暂停"], False),
    ],
)
def test_a_sheet_of_what_is_set_aside_is_asked_about(ask: Ask, sheets: list[str], is_asked: bool) -> None:
    assert (f"“{sheets[0]}”像是说这张表作废了" in ask("purchase_order", PO, *LINES, sheets=sheets)) == is_asked


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("操作", "取消", "取消"),
        ("操作员", "王芳", ""),
        ("操作方式", "删除", ""),
        ("备注", "do not ship", "do not ship"),
        ("备注", "ship by air", ""),
        ("备注", "勿发", "勿发"),
        ("备注", "请勿发货", "请勿发货"),
        ("备注", "待通知", "待通知"),
        ("備註", "等客戶通知再發", "等客戶通知再發"),
        ("备注", "勿压", ""),
        ("备注", "发货前通知", ""),
        ("备注", "送货前请电话通知", ""),
        ("备注", "已转P9", "已转P9"),
        ("备注", "此项并入P9采购", "此项并入P9采购"),
        ("备注", "轉PO-88", "轉PO-88"),
        ("备注", "转180度", ""),
        ("备注", "并入原包装", ""),
        ("处理结果", "取消采购", "取消采购"),
        ("跟进", "客户已取消", "客户已取消"),
        ("Outcome", "Cancelled", "Cancelled"),
        ("处理结果", "取消加急", ""),
        ("发票", "作废", ""),
        ("单据类型", "退料申请", "退料申请"),
        ("单据类型", "普通采购", ""),
    ],
)
def test_what_is_not_to_be_done_is_asked_about(ask: Ask, column: str, value: str, said: str) -> None:
    asked = ask("purchase_order", f"{PO}|{column}", f"{LINES[0]}|{value}")
    assert (f"写着“{said}”" in asked) == bool(said)
