"""The story's workbooks, as ugly as the real ones: titles, 制表人, 合计, text dates, thousands separators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.worksheet import Worksheet

_THIN = Side(style="thin", color="999999")
_BORDER = Border(_THIN, _THIN, _THIN, _THIN)
_GREY = PatternFill("solid", fgColor="DDDDDD")

Cell = str | int | float | date | Decimal | None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of the story's purchase orders."""

    order: str
    line: int
    supplier: str
    item: str
    name: str
    quantity: int
    price: str
    due: date
    buyer: str
    ordered_on: date

    @property
    def key(self) -> tuple[str, int]:
        """Order and line number."""
        return self.order, self.line


@dataclass(frozen=True, slots=True)
class Receipt:
    """One line of a goods receipt."""

    number: str
    line: int
    order: str
    order_line: int
    item: str
    quantity: int
    on: date


_ITEMS = (
    ("000123", "深沟球轴承 6204-2RS", "12.80"),
    ("000457", "内六角螺钉 M8×30", "0.35"),
    ("010088", "铝型材 4040 银白", "46.00"),
    ("010145", "接近开关 NPN 常开", "28.50"),
    ("020011", "气缸 SC50×100", "96.00"),
)
SUPPLIERS: Mapping[str, str] = {
    "V00107": "苏州恒远轴承有限公司",
    "V00212": "宁波力拓紧固件厂",
    "V00318": "东莞华盛自动化",
}
_BUYERS = ("李伟", "E022")  # a name and a code: both are in crossdock.yaml

CHANGED = ("PO-18", 3)
"""The line whose quantity goes from 500 to 300 and whose date from 3/1 to 3/5; its buyer is 李伟."""
SHORT = ("PO-21", 1)
"""The line of which less arrives than was ordered; its buyer is 王芳."""
UNANSWERED = "PO-11"
"""The order that its supplier has not confirmed when the story begins."""


def next_march(today: date) -> date:
    """The coming 1 March, at least a month away, so that the story's dates lie ahead."""
    return date(today.year if (today.month, today.day) < (2, 1) else today.year + 1, 3, 1)


def first_orders(today: date) -> list[OrderLine]:
    """The orders that the story begins with: PO-11 to PO-22, three or four lines each."""
    march = next_march(today)
    lines = []
    for position, number in enumerate(range(11, 23)):
        for line in range(1, 4 + position % 2):
            item, name, price = _ITEMS[(position + line) % len(_ITEMS)]
            supplier = list(SUPPLIERS)[position % len(SUPPLIERS)]
            quantity = 100 * (1 + (position * 3 + line * 5) % 12)
            buyer = _BUYERS[position % 2]
            ordered_on = today - timedelta(days=10 if f"PO-{number}" == UNANSWERED else 1 + position % 3)
            due = march + timedelta(days=position + line)
            lines.append(OrderLine(f"PO-{number}", line, supplier, item, name, quantity, price, due, buyer, ordered_on))
    fixed = {CHANGED: {"quantity": 500, "due": march, "buyer": "李伟"}, SHORT: {"quantity": 1200, "buyer": "E022"}}
    buyers = {CHANGED[0]: "李伟", SHORT[0]: "E022"}
    return [
        replace(line, **{"buyer": buyers.get(line.order, line.buyer), **fixed.get(line.key, {})})  # type: ignore[arg-type]  # its own fields
        for line in lines
    ]


def changed_orders(lines: Sequence[OrderLine], key: tuple[str, int], *, quantity: int, due: date) -> list[OrderLine]:
    """The same orders with one line changed."""
    return [replace(line, quantity=quantity, due=due) if line.key == key else line for line in lines]


def write_orders(path: Path, lines: Sequence[OrderLine], printed_on: date) -> None:
    """The order list as the ERP exports it and somebody has prettied it up."""
    header = ("No", "采购订单号", "项次", "供应商编码", "供应商", "料号", "物料名称", "数量", "单位", "含税单价", "币种",
              "要求到货日期", "采购员", "下单日期")  # fmt: skip
    rows = [
        (number, line.order, line.line, line.supplier, SUPPLIERS[line.supplier], line.item, line.name, f"{line.quantity:,}",
         "EA" if line.supplier == "V00318" else "个", line.price, "人民币", _dated(line.due, number), line.buyer, line.ordered_on)
        for number, line in enumerate(lines, 1)
    ]  # fmt: skip
    total = sum(line.quantity for line in lines)
    _write(
        path,
        "采购订单",
        ("示例机电有限公司采购订单明细表", f"制表人：李伟　　打印日期：{printed_on:%Y-%m-%d}　　单位：元"),
        header,
        rows,
        ("合计", *([None] * 6), f"{total:,}", *([None] * 6)),
        ("审核：", "备注：以系统数据为准"),
    )


def write_receipts(path: Path, receipts: Sequence[Receipt]) -> None:
    """The warehouse's receipt list."""
    header = ("入库单号", "行号", "采购订单号", "订单行号", "料号", "实收数量", "单位", "入库日期")
    rows = [
        (one.number, one.line, one.order, one.order_line, one.item, one.quantity, "个", _dated(one.on, one.line))
        for one in receipts
    ]
    total = sum(one.quantity for one in receipts)
    _write(
        path, "入库明细", ("采购入库明细表", "仓库：一号原料仓"), header, rows,
        ("合计", None, None, None, None, total, None, None), ("仓管员：", "复核："),
    )  # fmt: skip


def write_response(path: Path, supplier: str, lines: Sequence[OrderLine], remark: str = "") -> None:
    """A supplier's reply sheet: what it confirms of the orders."""
    header = ("订单号", "行号", "料号", "确认数量", "单位", "承诺交期", "备注")
    rows = [
        (line.order, line.line, line.item, line.quantity, "个", _dated(line.due, line.line), remark or None)
        for line in lines
    ]
    _write(
        path,
        "回复",
        (f"{SUPPLIERS[supplier]}　交期回复单", "收件人：示例机电 采购部"),
        header,
        rows,
        None,
        ("联系人：张经理",),
    )


def _dated(day: date, position: int) -> Cell:
    """A date in one of the ways in which people write it."""
    return (day, f"{day.year}年{day.month}月{day.day}日", f"{day.year}/{day.month}/{day.day}")[position % 3]


def _write(
    path: Path,
    title: str,
    above: Sequence[str],
    header: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    total: Sequence[Cell] | None,
    below: Sequence[str],
) -> None:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101  # a new workbook has one
    sheet.title = title
    for number, text in enumerate(above, 1):
        sheet.cell(number, 1, text).font = Font(bold=number == 1, size=16 if number == 1 else 10)
        sheet.cell(number, 1).alignment = Alignment(horizontal="center")
        sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=len(header))
    top = len(above) + 2
    for column, name in enumerate(header, 1):
        cell = sheet.cell(top, column, name)
        cell.font, cell.fill, cell.border = Font(bold=True), _GREY, _BORDER
    listed = [*rows, *([total] if total else [])]
    for offset, row in enumerate(listed, 1):
        for column, value in enumerate(row, 1):
            sheet.cell(top + offset, column, value).border = _BORDER
    for offset, text in enumerate(below):
        sheet.cell(top + len(listed) + 2, 1 + 3 * offset, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    book.save(draft)
    draft.replace(path)
