"""Makes sheets as people make them, and knows what is in them: titles, notes, totals, footers, gaps, codes with zeros."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connectors.formats.grid import Span

Maker = Callable[[random.Random, int], str]


@dataclass
class MadeSheet:
    """A sheet and the truth about it.

    Attributes:
        rows: Its texts.
        merges: Its merged areas.
        header: Number of the last header row; 0 where nobody can tell, so that it must park.
        names: The columns.
        records: Row number and texts of each record.
        kind: What is special about it, for messages.
    """

    rows: list[list[str]] = field(default_factory=list)
    merges: list[Span] = field(default_factory=list)
    header: int = 0
    names: list[str] = field(default_factory=list)
    records: list[tuple[int, list[str]]] = field(default_factory=list)
    kind: str = ""


def _pick(*values: str) -> Maker:
    return lambda draw, _: draw.choice(values)


def _code(prefix: str, digits: int) -> Maker:
    return lambda draw, _: f"{prefix}{draw.randrange(10**digits):0{digits}d}"


def _number(low: int, high: int, places: int = 0) -> Maker:
    return lambda draw, _: f"{draw.uniform(low, high):.{places}f}"


def _day(form: str) -> Maker:
    return lambda draw, _: form.format(draw.randint(2024, 2027), draw.randint(1, 12), draw.randint(1, 28))


def _line(_: random.Random, place: int) -> str:
    return str(place + 1)


_GOODS = _pick(
    "螺丝 M6",
    "六角螺母",
    "不锈钢垫片",
    "轴承 6204",
    "O型圈",
    "计算机机箱",
    "合计机械手",
    "总成支架",
    "电缆 3*2.5",
    "纸箱",
    "LED 灯管",
    "A4 复印纸",
)
_FIRMS = _pick(
    "上海恒远五金有限公司", "宁波永泰包装厂", "深圳华强电子", "Acme Tools GmbH", "苏州合计科技", "青岛海运代理"
)
_PEOPLE = _pick("张三", "李四", "王小明", "欧阳娜", "John Smith")
_UNITS = _pick("件", "箱", "kg", "PCS", "托", "米")
_DAYS = (_day("{}-{:02d}-{:02d}"), _day("{}/{}/{}"), _day("{}年{}月{}日"))

Column = tuple[str, Maker]
_SUBJECTS: dict[str, list[Column]] = {
    "采购订单": [
        ("订单号", _code("PO-2026", 4)),
        ("行号", _line),
        ("物料编码", _code("", 8)),
        ("物料名称", _GOODS),
        ("数量", _number(1, 5000)),
        ("单位", _UNITS),
        ("含税单价", _number(1, 90, 2)),
        ("金额", _number(10, 99999, 2)),
        ("交货日期", _DAYS[0]),
        ("备注", _pick("", "", "急", "分批")),
    ],
    "送货单": [
        ("序号", _line),
        ("料号", _code("A-", 4)),
        ("品名", _GOODS),
        ("规格型号", _pick("M6*20", "304", "φ25", "1.5m")),
        ("送货数量", _number(1, 900)),
        ("箱数", _number(1, 30)),
        ("批号", _code("L", 6)),
    ],
    "库存表": [
        ("仓库", _pick("上海仓", "宁波仓", "WH3")),
        ("库位", _code("B-", 3)),
        ("存货编码", _code("00", 5)),
        ("存货名称", _GOODS),
        ("现存量", _number(0, 9000, 1)),
        ("可用量", _number(0, 9000, 1)),
        ("单位", _UNITS),
        ("入库日期", _DAYS[1]),
    ],
    "供应商名录": [
        ("供应商编码", _code("V", 5)),
        ("供应商名称", _FIRMS),
        ("联系人", _PEOPLE),
        ("手机", _code("138", 8)),
        ("地址", _pick("上海市宝山区1号", "宁波市北仑区", "深圳市龙岗区")),
        ("邮箱", _pick("a@b.cn", "sales@acme.de")),
    ],
    "通讯录": [
        ("姓名", _PEOPLE),
        ("部门", _pick("采购部", "仓储部", "质检部")),
        ("岗位", _pick("经理", "专员")),
        ("邮箱", _pick("a@b.cn", "c@d.com")),
    ],
    "价格表": [
        ("条码", _code("693", 10)),
        ("商品", _GOODS),
        ("零售价", _number(1, 90, 2)),
        ("税率", _pick("13%", "9%")),
        ("生效日期", _DAYS[2]),
    ],
    "Purchase orders": [
        ("PO No.", _code("45", 8)),
        ("Line", _line),
        ("Item", _code("SKU-", 5)),
        ("Description", _pick("Hex bolt", "Washer", "Bearing", "Total station")),
        ("Qty", _number(1, 900)),
        ("UoM", _pick("EA", "KG", "BOX")),
        ("Unit price", _number(1, 90, 2)),
        ("Due date", _day("{}-{:02d}-{:02d}")),
    ],
    "Stock": [
        ("Warehouse", _pick("East", "West")),
        ("Part number", _code("", 6)),
        ("On hand", _number(0, 900)),
        ("Allocated", _number(0, 90)),
        ("Bin", _code("R", 3)),
    ],
    "Artikelliste": [
        ("Artikel", _code("", 6)),
        ("Bezeichnung", _pick("Schraube", "Mutter", "Scheibe")),
        ("Menge", _number(1, 900)),
        ("Preis", _number(1, 90, 2)),
    ],
    "检验报告": [
        ("检验单号", _code("QC", 6)),
        ("物料", _GOODS),
        ("送检数", _number(1, 500)),
        ("合格数", _number(1, 500)),
        ("不良率", _pick("0.5%", "1.2%", "0%")),
        ("结果", _pick("合格", "让步接收", "退货")),
        ("检验员", _PEOPLE),
        ("时间", _day("{}-{:02d}-{:02d} 10:30")),
    ],
    "运单": [
        ("运单号", _code("SF", 10)),
        ("承运商", _pick("顺丰", "德邦")),
        ("重量(kg)", _number(1, 900, 2)),
        ("体积\n(m³)", _number(0, 9, 3)),
        ("签收时间", _day("{}/{}/{} 9:30")),
    ],
    "需求预测": [
        ("料号", _code("0", 6)),
        *((f"{month}月", _number(0, 900)) for month in range(1, 7)),
        ("单位", _UNITS),
    ],
    "滚动计划": [
        ("物料号", _code("M", 5)),
        *((f"2026-0{month}-01", _number(0, 900)) for month in range(3, 8)),
        ("计划员", _PEOPLE),
    ],
}
_GROUPS: list[tuple[str, list[tuple[str, list[Column]]]]] = [
    (
        "收货对账",
        [
            ("料号", [("", _code("00", 5))]),
            ("名称", [("", _GOODS)]),
            ("数量", [("订购", _number(1, 900)), ("已收", _number(1, 900)), ("未收", _number(0, 90))]),
            ("金额", [("含税", _number(1, 9000, 2)), ("未税", _number(1, 9000, 2))]),
            ("备注", [("", _pick("", "急"))]),
        ],
    ),
    (
        "月度库存",
        [
            ("仓库", [("", _pick("上海仓", "宁波仓"))]),
            ("物料", [("编码", _code("0", 6)), ("名称", _GOODS)]),
            ("期初", [("数量", _number(0, 900)), ("金额", _number(0, 9000, 2))]),
            ("期末", [("数量", _number(0, 900)), ("金额", _number(0, 9000, 2))]),
        ],
    ),
    (
        "Receipts",
        [
            ("Item", [("", _code("SKU-", 4))]),
            ("Quantity", [("Ordered", _number(1, 90)), ("Received", _number(1, 90))]),
            ("Due", [("", _DAYS[0])]),
        ],
    ),
]


def make_sheet(draw: random.Random) -> MadeSheet:
    """A sheet with one table that a person would find at once."""
    groups = _groups(draw)
    title, columns = groups if groups else _flat(draw)
    has_levels = groups is not None
    left = draw.choice([0, 0, 0, 1, 2])
    width = left + len(columns)
    sheet = MadeSheet(kind=f"{title}{' levels' if has_levels else ''}")
    _put_above(draw, sheet, title, left, width)
    _put_header(draw, sheet, columns, left, has_levels)
    _put_body(draw, sheet, columns, left)
    _put_below(draw, sheet, left, width)
    return sheet


LevelColumn = tuple[str, str, Maker]
"""Upper and lower header (either may be empty) and the values."""


def _flat(draw: random.Random) -> tuple[str, list[LevelColumn]]:
    title = draw.choice(list(_SUBJECTS))
    columns = list(_SUBJECTS[title])
    if title not in {"需求预测", "滚动计划"} and draw.random() < 0.4:
        draw.shuffle(columns)
    if len(columns) > 4 and draw.random() < 0.3:
        columns.pop(draw.randrange(2, len(columns)))
    flat = [
        (name + draw.choice(["", "", "", "*", " "]) if name.isalpha() else name, "", make) for name, make in columns
    ]
    if draw.random() < 0.12:
        flat.insert(draw.randrange(2, len(flat)), ("", "", lambda *_: ""))
    return title, flat


def _groups(draw: random.Random) -> tuple[str, list[LevelColumn]] | None:
    if draw.random() > 0.18:
        return None
    title, groups = draw.choice(_GROUPS)
    columns: list[LevelColumn] = []
    for top, parts in groups:
        columns += [(top if place == 0 else "", low, make) for place, (low, make) in enumerate(parts)]
    return title, columns


def _put_above(draw: random.Random, sheet: MadeSheet, title: str, left: int, width: int) -> None:
    choice = draw.random()
    if choice < 0.3:
        return
    middle = draw.choice([left, left, width // 2])
    _put(
        sheet,
        width,
        {middle: draw.choice([title, f"2026年3月{title}", "上海恒远五金有限公司", f"{title}（内部资料）"])},
    )
    if draw.random() < 0.5:
        row = len(sheet.rows) - 1
        sheet.rows[row] = [""] * width
        sheet.rows[row][left] = title
        sheet.merges.append(Span(row, left, row, width - 1))
    lines: list[dict[int, str]] = [
        {left: "制表人：张三", width - 1: "日期：2026-03-01"},
        {left: "供应商：", left + 1: "上海恒远五金有限公司", min(left + 3, width - 1): "2026-03-01"},
        {left: "供应商", left + 1: "宁波永泰包装厂"},
        {left: "1、带星号的为必填项\n2、数量、单价需填写数字\n3、本行请勿删除"},
        {left: "填写说明：请从第五行开始填写，日期格式为 2026-03-01，不要合并单元格，不要增加列"},
        {width - 1: "单位：元"},
        {left: "导出时间", left + 1: "2026-03-01 08:30:00"},
        {left: "Printed on 2026-03-01", width - 1: "Page 1"},
        {left: "订单编号：PO-20260301-001", min(left + 2, width - 1): "电话：021-12345678"},
        {},
    ]
    for line in draw.sample(lines, draw.randint(0, 3)):
        _put(sheet, width, line)
    if draw.random() < 0.4:
        _put(sheet, width, {})


def _put_header(
    draw: random.Random, sheet: MadeSheet, columns: Sequence[LevelColumn], left: int, has_levels: bool
) -> None:
    width = left + len(columns)
    top = len(sheet.rows)
    _put(sheet, width, {left + place: name for place, (name, _, _) in enumerate(columns)})
    if has_levels:
        _put(sheet, width, {left + place: low for place, (_, low, _) in enumerate(columns)})
        if draw.random() < 0.6:
            _merge_levels(sheet, columns, top, left)
    sheet.header = len(sheet.rows)
    group = ""
    for place, (name, low, _) in enumerate(columns):
        group = name or (group if low else "")
        full = " ".join(part for part in (" ".join(group.split()), low) if part)
        if full:
            sheet.names.append(full)
        elif any(make for *_, make in columns[place : place + 1]) and name:
            sheet.names.append(name)


def _merge_levels(sheet: MadeSheet, columns: Sequence[LevelColumn], top: int, left: int) -> None:
    for place, (name, low, _) in enumerate(columns):
        if name and not low:
            sheet.merges.append(Span(top, left + place, top + 1, left + place))
        elif name:
            last = place
            while last + 1 < len(columns) and not columns[last + 1][0] and columns[last + 1][1]:
                last += 1
            sheet.merges.append(Span(top, left + place, top, left + last))


def _put_body(draw: random.Random, sheet: MadeSheet, columns: Sequence[LevelColumn], left: int) -> None:
    width, count = left + len(columns), draw.choice([1, 2, 3, 5, 8, 20, 70])
    first = len(sheet.rows) + 1
    header_rows = [
        list(row) for row in sheet.rows[sheet.header - (2 if any(low for _, low, _ in columns) else 1) : sheet.header]
    ]
    gaps, totals = draw.random() < 0.1, draw.random() < 0.15
    for number in range(count):
        values = [make(draw, number) for *_, make in columns]
        _put(sheet, width, {left + place: value for place, value in enumerate(values)})
        sheet.records.append(
            (len(sheet.rows), [value for value, (name, low, _) in zip(values, columns, strict=True) if name or low])
        )
        if gaps and number % 4 == 3:
            _put(sheet, width, {})
        if totals and number % 5 == 4 and len(columns) > 3:
            _put(sheet, width, {left: draw.choice(["小计", "上海仓 小计", "Subtotal"]), width - 2: "120"})
        if number and number % 20 == 0 and draw.random() < 0.3:
            if draw.random() < 0.5:
                _put(sheet, width, {left: "第 1 页，共 2 页"})
            for row in header_rows:
                _put(sheet, width, dict(enumerate(row)))
    assert first <= len(sheet.rows)


def _put_below(draw: random.Random, sheet: MadeSheet, left: int, width: int) -> None:
    if draw.random() < 0.4:
        label = draw.choice(["合计", "总计：", "合 计", "Total", "合计（大写）：壹佰元整", "Grand total", "本页合计"])
        _put(sheet, width, {left: label, width - 2: "1,234.50"} if width - 2 > left else {left: label})
    if draw.random() < 0.2:
        _put(sheet, width, {})
    if draw.random() < 0.35 and width - left > 3:
        footers: list[dict[int, str]] = [
            {left: "制表人：李四", left + 2: "审核：王五"},
            {left: "备注：以上价格含税，货到付款。"},
            {left: "注：红色为紧急订单"},
            {left: "供方（盖章）：", left + 2: "需方（盖章）："},
            {left: "第 1 页 共 1 页"},
            {left: "Prepared by: John", left + 2: "Approved by:"},
        ]
        for line in draw.sample(footers, draw.randint(1, 2)):
            _put(sheet, width, line)


def _put(sheet: MadeSheet, width: int, cells: dict[int, str]) -> None:
    sheet.rows.append([cells.get(place, "") for place in range(width)])


def make_riddle(draw: random.Random) -> MadeSheet:
    """A sheet of which nobody can say what is meant: it must park."""
    title = draw.choice([name for name in _SUBJECTS if name not in {"Artikelliste", "通讯录", "滚动计划", "需求预测"}])
    columns = _SUBJECTS[title]
    body = [[make(draw, number) for _, make in columns] for number in range(draw.randint(4, 9))]
    header = [name for name, _ in columns]
    kind = draw.choice(["stacked", "stacked close", "beside", "no header", "two headers", "twice the name"])
    if kind in {"stacked", "stacked close"}:
        other = draw.choice([one for name, one in _SUBJECTS.items() if name not in {title, "Artikelliste", "通讯录"}])
        second = [[make(draw, number) for _, make in other] for number in range(4)]
        gap: list[list[str]] = [[]] if kind == "stacked" else []
        rows = [header, *body, *gap, [name for name, _ in other], *second]
    elif kind == "beside":
        rows = [[*header, "", *header], *([*one, "", *other] for one, other in zip(body, reversed(body), strict=True))]
    elif kind == "no header":
        rows = body
    elif kind == "two headers":
        other_names = [
            "单据号",
            "物料代码",
            "品名",
            "订购数量",
            "计量单位",
            "含税单价",
            "金额小计",
            "到货日期",
            "说明",
            "行状态",
        ]
        english = ["Order No.", "Item code", "Name", "Quantity", "Unit", "Price", "Amount", "Date", "Remark", "Status"]
        rows = [header, (english if header[0].isascii() else other_names)[: len(header)], *body]
    else:
        rows = [[*header, header[0]], *([*one, f"X{number}"] for number, one in enumerate(body))]
    return MadeSheet(rows=[list(row) for row in rows], kind=f"riddle {kind} {title}")
