"""Labels and their values above a table: 订单号：PO-18, or 供应商 in one cell and 恒远 in the next."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import pyarrow as pa

from canonical_model.language import Text
from canonical_model.text import clip, half_width, in_two_languages, simplified
from connectors.base import ROW
from connectors.formats import notes
from connectors.formats.cells import Kind, kind_of
from connectors.formats.words import is_header_word

_LABEL = re.compile(
    r"(?:^|\s{2,}|\n|[;；|｜])\s*([^\s:：\d;；|｜](?:(?!\s{2})[^:：\n;；|｜]){0,24}?)\s*[:：](?!//)|\s([^\s:：\d][^\s:：]{0,14})[:：](?!//)"
)
_DOCUMENT = re.compile(
    r"单号|单据号|订单编号|合同号|发票号|(?i:\b(?:po|order|invoice|delivery note|dn)\s*(?:no|number|#)\.?$)"
)
"""Labels of which each document has one."""
_PARTY_OR_PLACE = re.compile(
    r"^(?:(?:所[在属])?(?:仓库|库房|库区|仓位|车间)(?:名称?|编[码号])?|(?:供应商|供货单位|供方|客户|需方|收货单位)(?:名称|编[码号])?|warehouse|supplier|vendor|customer)$"
)
_UNIT = re.compile(r"(?:.*[(,\s])?(?:(?:金额|数量|计量|货币|单价|价格)?单位|units?)")
_SCALE = re.compile(
    r"\s*(?:人民币|RMB|CNY)?\s*(?:[百十]?万|[千亿]|(?i:k|thousands?|millions?))\s*(?:元|件|个|只|套|箱|支|人民币|美元|(?i:rmb|cny|usd|pcs))?(?=$|[\s,，;；/)）。、])"
)
_SCALED = re.compile(
    r"单位\s*(?P<of>(?:[百十]?万|[千亿])(?:[元件个只套箱]|(?=$|[\s)）])))|以\s*(?P<by>(?:[百十]?万|[千亿])[元件个只套箱]?)\s*(?:计|为单位)"
    r"|(?i:\bin\s+(?:[a-z]{3}\s+)?(?:(?P<en>thousand|million)(?:s|\s+(?:rmb|cny|usd|eur|pcs|yuan))\b|['’‘]?000s?\b))"
)
"""(单位万元), 以千元计 and (in thousands) say without a colon what 单位：万元 says."""
_PLACE = re.compile(
    r"[^\W\d_仓分总各全司厂入进出在清存](?:仓库?|库房|库区|车间|药房|病区|门店|项目部)(?![位储管单容号名编主经门负])"
)
"""上海仓2026年3月库存明细, 一车间库存表 and 原材料仓库; 公司仓库, 仓库, 入仓明细 and 仓位 name no place."""
_MANY = re.compile(
    r"价.{0,8}?(?:每|/|为)\s*(?:[千百万]|10{2,5})\s*(?:[个只件支套片粒]|(?i:pcs|ea))|(?i:\bprices?\b.{0,12}\bper\s+(?:10{2,5}|thousand|hundred|k)\b)"
)
_PRICED_BY_MANY = re.compile(
    r"价(?:格)?(?:均|都)?(?:为|是|按|:|：)\s*每?\s*(?:[千百万]|10{2,5})\s*(?:[个只件支套片粒]|(?i:pcs|ea))?(?:的?(?:不?含税|未税|含税)?[单]?价|计|$|\W)"
    r"|价(?:格)?(?:均|都)?以\s*(?:[千百万]|10{2,5})\s*[个只件支套片粒]?\s*为单位"
    r"|价.{0,8}?(?:元|人民币|[¥￥$]|(?i:rmb|cny|usd))\s*/\s*(?:[千百万]|10{2,5})\s*(?:[个只件支套片粒]|(?i:pcs|ea))"
)
_BETWEEN = " \t\n\u3000;；|｜,，、/_＿"
"""What stands between two labels of one cell: 订单号：PO-1；供应商：恒远."""
_BLANKS = re.compile(r"[^\S\n]{3,}")
_SPACED = re.compile(r"(?<![^\s:：])([\u3400-\u9fff])\s+([\u3400-\u9fff])(?=\s*[:：])")
"""日  期： is one label, spread out so that it lines up with others."""
_OPENED, _CLOSED = re.compile(r"^.*[(\[（【](?=[^)\]）】]*$)"), re.compile(r"^([^(\[（【]*)[)\]）】]$")
"""The bracket around a label and its value: 明细（币种：美元）."""
_RETURNS = re.compile(
    r"(?:.{0,12}(?<![不可能否予无]))?退[货料](?:出库|入库|单据?|明细|列表|清单|记录|汇总|数据|表|台账)*(?:[-_ (（]?[0-9].*)?"
    r"|红字(?:发货|送货|出库|入库|采购|销售|收货)*(?:单据?|明细|列表)*|[采销]退(?:单|明细|列表)*"
    r"|(?i:(?:(?:purchase|sales|goods|customer|supplier)[ _-]?)?returns?(?: (?:list|notes?|orders?|details?))?)"
)
"""Sheets and titles of what went back: 退货明细, 采购退货单列表, 红字."""
_VOID = (
    r"^\W*(?:本|此|该|全|整)(?:订)?单已?经?(?:取消|终止|作废)(?:[\s，,。;；!！（()）].*)?$|^\W*订单已经?(?:取消|终止|作废)(?:[\s，,。;；!！（()）].*)?$"
    r"|(?i:^\W*this (?:order|po) (?:is|was|has been) (?:void|cancel+ed)\W*$)"
)
_NOT_IN_FORCE = re.compile(
    r"^\W*(?:本单|此单|该单|本订单|此订单|订单|全单)?(?:已|现)?作废(?:[\s，,。;；!！（(].*)?$|^[^若如]{0,8}(?:本|此|该|订)单已经?(?:作废|取消|终止)|^\W*已(?:作废|取消)(?:订单)?\W*$"
    r"|[（(【\[]\s*已?(?:作废|取消)\s*[)）】\]]\s*$|非正式订单|[（(].{0,6}非订单\s*[)）]|(?<![不非无])(?<!不含|包含)(?:采购|销售|订单|需求|出货|要货)预[测示]|^\W*预[测示](?:单|表|订单)|[（(]?\s*草稿\s*[)）]?$"
    rf"|(?i:\bforecasts?(?:\s*[-(]?\s*\d.*)?$|^\W*draft\b|\(draft\)|^\W*(?:void|cancel+ed)\W*$|^\W*old version\b)|{_VOID}"
)
"""Titles of what does not hold, or not yet: 本单已作废，以PO-2为准, 2026年采购预测（非正式订单）."""
_OFF = r"(?:取消|作废|删除|不要了?|暂停)"
_LINE_OFF = re.compile(
    r"第\s*[\d、,，和-]+\s*[行项]\s*[:：，,]?(?:数量|交期)?已?(?:取消|作废|删除|不要了|暂停|改[为成到])"
    rf"|^\W*(?:备注|注|说明)?\W*[A-Za-z0-9][A-Za-z0-9_./-]*\d\s*(?:已|现|先|整行)*(?:{_OFF}|不再采购|并入)(?:[\s，,。;；!！]|[A-Z]|$)"
    r"|^\W*(?:备注|注|说明)?\W*[A-Za-z0-9][A-Za-z0-9_./-]*\d\s*[已现]?(?:改|替?换|变更|更[改换])[为成]\s*[A-Za-z0-9_./-]*\d[A-Za-z]?\W*$"
    r"|(?:以上|以下|所有|全部|本单)(?:订单)?的?(?:交期|交货期|数量|单价|价格)[均都全现]?(?:部|统一|一律)?(?:改[为成到]|调整?[为成到]|变更为|更改为)\s*\d"
    r"|(?:交期|交货期|数量|单价|价格)(?:统一|一律)(?:改[为成到]|调整?[为成到]|变更为|更改为)\s*\d"
    r"|数量(?:均|都|仅)?(?:为|是|系)?(?:预估|暂估|预计|估计|暂定)[数量值]?(?:[\s，,。;；!！]|$)|数量仅供参考"
    r"|以(?:实际|正式)(?:下单|下达(?:的?订单)?|订单)(?:的?数量)?为准"
    rf"|[红黄绿蓝灰橙紫]色?的?(?:底|字体?|单元格|行|项|部分)?的?(?:[行项]|部分)?[:：，,]?(?:表示|是|为)?已?{_OFF}|标[红黄绿蓝灰].{{0,4}}{_OFF}"
    r"|以上(?:交期|数量|单价)[均都全]?再?(?:顺延|推迟|提前|延[后期]|乘以?|除以?)\s*\d"
    r"|^\W*(?:数量)?单位\s*[:：]\s*(?:[千百]|[百十]?万)(?:[个件只套箱支片]|\s*$)|数量.{0,2}单位(?:均|都|全)?[为是](?:[千百]|[百十]?万|箱[，,].{0,3}每箱)"
    r"|(?i:\ball (?:quantities|qty) (?:are )?in (?:k(?:pcs)?|thousands?)\b|\bin red\b.{0,20}\b(?:cancel|void|delet))"
)
_MONEY = re.compile(
    r"(?:价格?|金额|币[种别]|报价)[^:：]{0,6}?(?:为|是|以|按|均为|单位)\s*(?:[含未除]税|不含税|净)?(?P<zh>美[元金]|港[元币]|欧元|日[元圆]|英镑)(?!汇率)"
    r"|(?i:\b(?:prices?|amounts?|values?|figures)\b.{0,20}\bin\s+(?P<en>usd|eur|hkd|jpy|gbp|us dollars?|euros?)\b)"
)
"""单价均为美元 and All prices in USD say without a colon what 币种：美元 says."""
_HAN = re.compile(r"[\u3400-\u9fff]")
_LONGEST_NOTE = 120
_LONGEST = 20
_SHOWN = 8


def labels_above(rows: Sequence[Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Label -> its different values in `rows`, the part of a sheet above its header.

    The value stands behind a colon or in the next filled cell. Several may share a cell: 订单号: PO123  供应商: 恒远.
    Of labels in two languages the Chinese part counts (`_in_one_language`).
    A title that names a place (`names_place`), says for how many a price is (`prices_many`), that goods went back
    (`names_returns`) or that what is below does not hold (`is_not_in_force`, `calls_line_off`) is a label without a value.
    """
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        cells = [cell.strip() for cell in row if cell.strip()]
        while cells:
            cell, *cells = cells
            pairs = _pairs(cell)
            if (
                not pairs
                and cells
                and _may_label(cell)
                and not _pairs(cells[0])
                and not _MONEY.search(simplified(cells[0]))
            ):
                pairs = [(cell, "")]
            if not pairs and (scale := _SCALED.search(simplified(cell))):
                pairs = [(scale[0], scale["of"] or scale["by"] or scale["en"] or "thousands")]
            if not pairs and (money := _MONEY.search(simplified(cell))):
                pairs = [("币种", money["zh"] or money["en"])]
            if not pairs and _speaks(cell):
                found.setdefault(cell, {})[""] = None
            if pairs and not pairs[-1][1] and cells and not _pairs(cells[0]):
                pairs[-1] = (pairs[-1][0], cells.pop(0))
            for label, value in pairs:
                found.setdefault(label, {})[value] = None
    names = _in_one_language([label for label, values in found.items() if any(values)])
    return {
        names.get(label, label): tuple(value for value in values if value) or ("",) for label, values in found.items()
    }


def _in_one_language(labels: Sequence[str]) -> dict[str, str]:
    """Label -> what it says in Chinese, where most say it twice: 订单编号 of 订单编号 PO No.; 客户 PO alone says one thing."""
    twice = {label: next(filter(_HAN.search, parts)) for label in labels if (parts := in_two_languages(label))}
    own = [twice.get(label, label) for label in labels]
    return twice if 1 < len(twice) > len(labels) / 2 and len(set(own)) == len(own) else {}


def said_below(cells: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What notes below a table say that bears on its lines (价格为千个价, `calls_line_off`), as labels without a value."""
    told = (_prices_by_many, _is_void, calls_line_off)
    return {cell.strip(): ("",) for cell in cells if any(says(cell) for says in told) or _bears(cell)}


def _is_void(note: str) -> bool:
    return re.search(_VOID, simplified(note)) is not None


def _prices_by_many(note: str) -> bool:
    return _PRICED_BY_MANY.search(simplified(note)) is not None


def _speaks(title: str) -> bool:
    """Whether a title says what bears on the table below it."""
    told = (names_place, prices_many, names_returns, is_not_in_force, calls_line_off)
    is_said = any(says(title) for says in told) or _bears(title)
    return (
        is_said
        or bool(notes.currency_of_title(title))
        or notes.names_returns(title)
        or notes.is_not_in_force(title, notes.YET_TO_BE)
    )


def _bears(note: str) -> bool:
    """Whether a title or note says in any language what bears on the lines: their price, currency, units or end."""
    told = (
        *(notes.calls_line_off, notes.prices_many, notes.unit_of_price, notes.currency_of),
        *(notes.says_unit, notes.power_of),
    )
    return len(note) <= _LONGEST_NOTE and any(says(note) for says in told)


def names_place(title: str) -> bool:
    """Whether a title says of which warehouse the table below is: 上海仓2026年3月库存明细."""
    return _PLACE.search(simplified(title)) is not None


def prices_many(text: str) -> bool:
    """Whether a text says that prices are for many pieces at once: 以下单价均为每千只价格, 单价单位：元/千个."""
    return _MANY.search(simplified(text)) is not None


def names_returns(title: str) -> bool:
    """Whether the name of a sheet, or a title, says that its lines went back: 退货明细, 采购退货单列表."""
    return _RETURNS.fullmatch(simplified(title).strip()) is not None


def is_not_in_force(title: str) -> bool:
    """Whether a title says that what is below does not hold: 本单已作废, 采购预测, Draft."""
    return _NOT_IN_FORCE.search(simplified(title)) is not None


def calls_line_off(note: str) -> bool:
    """Whether a note says that some line does not hold, or not as it stands: 第2行取消."""
    return _LINE_OFF.search(simplified(note)) is not None


def label_columns(
    table: pa.Table, wanted: Sequence[Sequence[str]], labels: Mapping[str, Sequence[str]]
) -> pa.Table | Text:
    """`table` with a column for each wanted label, or the sentence that one is missing or says two things.

    A column that the table has itself is left as it is.

    Args:
        table: The records under their names, and `_row`.
        wanted: The names that each label may go by; the first is that of its column.
        labels: What `labels_above` found.
    """
    by_form = {_form(label): values for label, values in labels.items()}
    for name, *others in wanted:
        if name in table.column_names:
            continue
        named = (name, *others)
        forms = {_form(one) for one in named} | {_form(part) for one in named for part in in_two_languages(one)}
        said = [by_form[form] for form in forms if form in by_form]
        if not said:
            return _missing(name, labels)
        values = sorted({value for one in said for value in one if value}) or [""]
        if len(values) > 1:
            return _torn(name, values)
        column = pa.repeat(pa.scalar(values[0], pa.string()), table.num_rows)
        table = table.add_column(table.column_names.index(ROW), name, column)
    return table


def scaled(wanted: Sequence[Sequence[str]], labels: Mapping[str, Sequence[str]]) -> Text | None:
    """The sentence that all numbers below are so many 千, 万 or 亿 (单位：万元), unless the settings take that label."""
    taken = {_form(name) for names in wanted for name in names}
    for label, values in labels.items():
        found = next((value for value in values if _SCALE.match(simplified(value))), None)
        says_so = _UNIT.fullmatch(_form(label)) or _SCALED.search(simplified(label))
        if found is not None and says_so and _form(label) not in taken:
            return Text(
                f"表头上方写着“{label}：{clip(found, _LONGEST)}”，不知道说的是哪几列，不敢照数字读。请对方写进列名，如 金额(万元)；"
                f"或在数据流的 config 里写 labels: [{label}]，它就成为一列，由映射换算。",
                f"Above the header stands “{label}: {clip(found, _LONGEST)}”; which columns it speaks of is not said. Have it put "
                f"into their names, such as 金额(万元), or set labels: [{label}] under config of the stream, and let the mapping compute.",
            )
    return None


def two_documents(labels: Mapping[str, Sequence[str]], row: int) -> Text | None:
    """The sentence that a second document begins above the header in `row`, where the number of one has two values."""
    found = next((one for one in labels.items() if len(one[1]) > 1 and _DOCUMENT.search(simplified(one[0]))), None)
    if found is None:
        return None
    label, (first, second, *_) = found
    return _second(label, first, second, row, Text("两张单", "Two documents"))


def two_parts(
    head: Mapping[str, Sequence[str]], between: Mapping[str, Sequence[str]], row: int, columns: Collection[str]
) -> Text | None:
    """The sentence that another list begins above the header in `row`, of a document, place or partner (仓库：广州仓) that no column says.

    Args:
        head: Labels above the first header.
        between: Those of the rows between the pages of the table.
        row: Where the header is repeated.
        columns: Those of the table.
    """
    named = {_form(column) for column in columns}
    for pattern, what in (
        (_DOCUMENT, Text("两张单", "Two documents")),
        (_PARTY_OR_PLACE, Text("两段", "Two lists")),
    ):
        before = [value for label, values in head.items() if pattern.search(_form(label)) for value in values if value]
        for label, values in between.items():
            new = next((value for value in values if value and value not in before), "")
            if new and pattern.search(_form(label)) and _form(label) not in named:
                return _second(label, next(iter(before), ""), new, row, what)
    return None


def _second(label: str, first: str, second: str, row: int, what: Text) -> Text:
    values = clip(first, _LONGEST) or "—", clip(second, _LONGEST)
    one_of = what.zh[1:]
    return Text(
        f"一张工作表上有{what.zh}（{label}：{'、'.join(values)}），第 {row} 行是第二{one_of}的表头，分不清每一行属于哪{one_of}。"
        f"请一{one_of}一个工作表，或在设置里用 area 写明只读哪一块，如 area: 1:{row - 1}。",
        f"{what.en} stand on the sheet ({label}: {', '.join(values)}), the second with its header in row {row}, so it is "
        f"not clear to which each row belongs. Put each on a sheet of its own, or name the part to read: area: 1:{row - 1}.",
    )


def _pairs(cell: str) -> list[tuple[str, str]]:
    """The labels of a cell, each with what stands between its colon and the next label."""
    cell = _SPACED.sub(r"\1\2", _BLANKS.sub("  ", cell))
    found = list(_LABEL.finditer(cell))
    ends = [*(match.start() for match in found), len(cell)][1:]
    return [
        (_OPENED.sub("", (match[1] or match[2]).strip()), _CLOSED.sub(r"\1", _stripped(cell[match.end() : end])))
        for match, end in zip(found, ends, strict=True)
    ]


def _stripped(value: str) -> str:
    """A value without what stands around it; a value that is nothing else stays."""
    return value.strip(_BETWEEN) or value.strip()


def _may_label(cell: str) -> bool:
    return kind_of(cell) is Kind.TEXT and len(cell) <= _LONGEST and is_header_word(cell)


def _form(label: str) -> str:
    return "".join(simplified(half_width(label)).lower().split()).rstrip(":")


def _missing(name: str, labels: Mapping[str, Sequence[str]]) -> Text:
    there = [clip(label, _LONGEST) for label in labels][:_SHOWN]
    return Text(
        f"设置里的 labels 要用表头上方的“{name}”，上方没有。上方有：{'、'.join(there) or '无'}。请改正 labels（叫法不止一种的，写成 [[{name}, 别的叫法]]），或请对方写上。",
        f"labels in the settings asks for “{name}” above the header, which is not there. There are: "
        f"{', '.join(there) or 'none'}. Correct labels (one that goes by several names is [[{name}, another name]]), or have it written in.",
    )


def _torn(name: str, values: Sequence[str]) -> Text:
    shown = [f"“{clip(value, _LONGEST)}”" for value in values[:2]]
    return Text(
        f"表头上方的“{name}”写了两个值：{'、'.join(shown)}，不敢替您选。请只留一个。",
        f"“{name}” above the header has two values: {' and '.join(shown)}. Leave one of them.",
    )
