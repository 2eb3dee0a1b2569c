"""What is asked about the columns of a table: what stands above it or in the name of its sheet, and columns that nobody reads."""

import re
from collections.abc import Sequence

from canonical_model.language import Text
from canonical_model.text import clip, simplified
from connectors.formats import notes
from connectors.formats.labels import calls_line_off, is_not_in_force, names_place, names_returns, prices_many
from crossdock.pipeline.questions.in_fact import in_fact
from crossdock.pipeline.questions.question import Question, Table
from mappings.inspection import (
    absent_place,
    currency_above,
    labels_of_keys,
    nameless,
    parts_of_columns,
    revised_columns,
    takes_price_of_one,
    uncounted,
    undated,
    unpriced,
    unread_columns,
)
from mappings.plan import Plan

_PLACE = re.compile(
    r"(?!全部|所有|其[他它])(?:.*[^\s仓分总各全](?:仓库?|库房|库区|车间|药房|科室|病区|门店|分店|工厂|分厂|工地|项目部|网点|柜组|分公司)(?:库?存(?:表|明细|清单)?)?"
    r"|(?i:(?:wh|warehouse|store|plant|site|dc|depot|branch|shop)[-_ ]?\d\w*|(?!all |each |by |per |in |no )[^\W\d]+ (?:warehouse|plant|depot|branch|store|dc))"
    r"|.*(?:分|中心|总)仓)"
)
"""Sheets called 上海仓, 原材料仓库存, 一车间, WH01 or Leeds Depot; 仓库, 库存表 and 全仓 name no place."""
_SHEET_OF_PERIOD = re.compile(
    r"(?:20\d{2}\s?[-./年]?\s?)?\d{1,2}\s?(?:月份?|[-./月]\s?\d{1,2}\s?[日号]?)|20\d{2}[-./年]?\d{2}月?|20\d{6}|[本上]期|[本上]月|[本上]周|[今昨]日|期[初末]"
)
"""Sheets called 3月, 2026-03-31, 3.31 or 上月."""
_NOT_IN_FORCE = re.compile(r"(?<![未不非无含])(?:作废|取消|草稿|预[测示])|(?i:\b(?:draft|void|cancel+ed|forecast)\b)")
_SET_ASIDE = re.compile(
    r"\s*(?:已?暂停|不做|不要(?:的|了)?|已?删除(?:的)?|搁置|报价单?|(?i:on hold|hold|deleted|removed|quot(?:es?|ations?)))\s*"
)
"""Sheets of what is set apart from the lines that hold."""
_OLD_SHEET = re.compile(
    r"[\s_(（-]*(?:旧版?|历史版?|备份|副本|(?i:(?<![a-z])(?:old|obsolete|backup|bak|archived?|copy)(?![a-z])))[\s_)）-]*\d*"
)
_VERSION = re.compile(
    r"[\s_(（\[-]*(?:(?<![A-Za-z])(?i:v(?:er(?:sion)?)?|rev(?:ision)?)[\s._-]*(?:\d+(?:\.\d+)*|[A-Za-z])|第?[一二三四五六七八九十\d]+[版稿]|[初终]版|最[终新]版?|定稿|原[单版稿]|[更变]改后?的?单?|[更变]更后?的?单?|改[前后]|修改后?|更新后?|(?<=[\s_(（\[A-Za-z0-9-])[改新])\s*[)）\]]*$"
)
"""What a sheet is called beside an older or newer one: V2, 终版, 更改单, 订单-新."""
_EVERY_PLACE = re.compile(
    r"\s*(?:全部|全国|所有(?:仓库?|库房)?|总(?:表|库存?|数|览)|合并|汇总|(?i:all(?: locations| warehouses)?|total|overall|combined))\s*"
)
_COPY = re.compile(r"(?P<name>.*\S)\s*[(（]\d{1,2}[)）]")
"""What Excel calls the copy of a sheet: 订单 (2)."""
_PRICE_OF_UNIT = re.compile(
    r"(?:单位|单?价格?)[:：].{0,6}(?:元|[¥￥$]|(?i:rmb|cny|usd))\s*/\s*(吨|公斤|千克|克|斤|米|升|平方米|立方米|(?i:tons?|kgs?|mt|g|m|l)\b)"
)
"""单价：元/吨."""
_ARRIVED_ON = re.compile(r"到[货料](?:日期?|时间)")
_ARRIVAL = re.compile(r"(?:实际|本次)?(?:(?:到货|到料|入库|收货)(?:数量?|量)|(?:到货|入库|收货)单号?)(?:[(（].*)?")
"""What says of a line that goods came: 到货数量, 入库单号; 已入库数量 is of an order that is open."""
_PLACE_ABOVE = re.compile(
    r"(?:(?:所[在属]|存放|库存|使用)?(?:仓库|库房|库[区别]|仓别|科室|病区|药房|车间|工厂|分厂|工地|项目部|门店|店铺|网点|柜组|分公司|分[店部])(?:名称?|编[码号]|代码)?|库存地点|保管場?所"
    r"|(?i:(?:ware ?house|store|plant|site|branch|depot|facility|shop|dc|distribution cent(?:er|re))(?: (?:name|code|no\.?|id))?|storage location|stock location"
    r"|werk|filiale|lager(?:ort|haus)?|entrep[oô]t|magasin|almac[eé]n|bodega|dep[oó]sito|magazzino|magazijn|armaz[eé]m)|창고)"
)
"""What stands before the name of a place that holds stock: 仓库：上海仓, 科室：骨科, Lagerort: Berlin, Plant: Leeds."""
_MOVED = frozenset({"shipment_line", "goods_receipt_line", "sales_order_line", "purchase_order_line"})
_COUNTED = frozenset({"order_response_line", "inventory_balance"})
_TAKEN_OFF = re.compile(r"取消|减少|扣减|终止|退款")
_DAY = re.compile(r"期|时间|日")
_PAIR = 2
_SHOWN = 8


def above_the_table(table: Table, plan: Plan) -> Question | None:
    """A part of the key stands above the table alone: 仓库：上海仓, of which the stock would be lost."""
    known = labels_of_keys(plan, list(table.labels))
    named = known or _places_above(table, plan)
    if not named:
        return None
    label, values = named[0], " / ".join(table.labels[named[0]])
    read = Text("", "") if known else Text("，由映射当仓库读", ", and read that as the location")
    return Question(
        Text(
            f"表头上方写着“{label}：{values}”，表里没有这一列；不读它，别的{label}的记录会和这些混在一起。",
            f"Above the table stands “{label}: {values}”, and no column says it; left unread, records of another {label} would "
            "mix with these.",
        ),
        Text(
            f"在数据流的 config 里写 labels: [{label}]，它就成为一列{read.zh}",
            f"Write labels: [{label}] under config of the stream, which makes it a column{read.en}",
        ),
        Text("确实不用", "if it does not matter"),
    )


def _places_above(table: Table, plan: Plan) -> list[str]:
    """The labels above a table of stock that name a warehouse, where the mapping reads none."""
    said = (label for label, values in table.labels.items() if any(values)) if _lacks_place(plan) else ()
    return [label for label in said if label not in table.columns and _PLACE_ABOVE.fullmatch(simplified(label).strip())]


def _lacks_place(plan: Plan) -> bool:
    """Whether of stock no place is read or said by the mapping."""
    return any(one.entity.name == "inventory_balance" and "location" not in one.fields for one in plan.entities)


def currency_said_above(table: Table, plan: Plan) -> Question | None:
    """The currency of the amounts stands above the table alone."""
    label = "" if table.is_json else currency_above(plan, table.labels, table.columns) or _currency_noted(table, plan)
    if not label:
        return None
    value = clip(" / ".join(table.labels[label]), 20)
    said = f"{label}：{value}" if value else clip(label, 40)
    return Question(
        Text(
            f"{'表头上方' if value else '表的上方或下方'}写着“{said}”，表里没有币种列，金额会按别处说的币种收。",
            f"Above {'' if value else 'or below '}the table stands “{said}”, and no column says the currency, which is taken from elsewhere.",
        ),
        Text(
            "整条数据流都是这个币种的，在数据流里写 currency",
            "Where the whole stream is in it, write currency for the stream",
        )
        if label in table.columns or not value
        else Text(
            f"在数据流的 config 里写 labels: [{label}]，它就成为一列，由映射当币种读",
            f"Write labels: [{label}] under config of the stream, which makes it a column, and read that as the currency",
        ),
        Text("币种本来就是这个", "if that is the currency anyway"),
    )


def _currency_noted(table: Table, plan: Plan) -> str:
    """The label, note or title around the table that says the currency in another language or a sentence: Währung: EUR; empty for none."""
    said = (
        label
        for label, values in table.labels.items()
        if any(map(notes.currency_of, (label, *values)))
        or (notes.labels_currency(label) if any(values) else notes.currency_of_title(label))
    )
    label = next(said, "")
    return label if label and currency_above(plan, {"币种": table.labels[label]}, table.columns) else ""


def price_of_many(table: Table, plan: Plan) -> Question | None:
    """Above the table stands that prices are for many pieces, or of another unit: 以下单价均为每千只价格, 单价：元/吨."""
    said = [f"{label}：{value}" if value else label for label, values in table.labels.items() for value in values]
    shown = clip(next((one for one in said if _prices_other(table, one)), ""), 30)
    if not shown or not takes_price_of_one(plan):
        return None
    return Question(
        Text(
            f"表的上方或下方写着“{shown}”，映射把单价当成一个的价收。",
            f"Above or below the table stands “{shown}”, and the mapping takes the price for that of one.",
        ),
        Text(
            "在映射里除以那个数，如 money(number(单价) / 1000, 币种)",
            "Divide it in the mapping, such as money(number(unit_price) / 1000, currency)",
        ),
        Text("单价就是一个的价", "if it is the price of one"),
    )


def _prices_other(table: Table, said: str) -> bool:
    """Whether a text says that prices are for many pieces, or of a weight or length in which no row is."""
    found = _PRICE_OF_UNIT.search(simplified(said))
    unit = (found[1] if found else notes.unit_of_price(said)).lower()
    is_other = unit and not any(
        value.strip().lower() == unit for one in table.start.columns for value in one.to_pylist()
    )
    return bool(is_other) or prices_many(said) or notes.prices_many(said)


def sheet_of_a_place(table: Table, plan: Plan) -> Question | None:
    """The sheet is called like a warehouse, which no column says."""
    place = absent_place(plan) if table.sheet else ""
    if not place or not _PLACE.fullmatch(simplified(table.sheet).strip()):
        return None
    return Question(
        Text(
            f"工作表名“{table.sheet}”像是{place}，表里没有这一列；不读它，别的{place}的记录会和这些混在一起。",
            f"The sheet is called “{table.sheet}”, which reads like a {place} that no column says; left unread, records of others "
            "would mix with these.",
        ),
        Text(
            f"在数据流的 config 里写 sheet_as: {place}，表名就成为这一列",
            f"Write sheet_as: {place} under config of the stream, which makes it a column",
        ),
        Text("确实不用", "if it does not matter"),
    )


def title_of_a_place(table: Table, plan: Plan) -> Question | None:
    """The title above the table names a warehouse, which no column says: 上海仓2026年3月库存明细."""
    place = absent_place(plan) or ("仓库" if _lacks_place(plan) else "")
    title = next((one for one, values in table.labels.items() if not any(values) and names_place(one)), "")
    if not place or not title:
        return None
    shown = clip(title, 30)
    return Question(
        Text(
            f"表头上方写着“{shown}”，像是说了{place}，表里没有这一列；不读它，别的{place}的记录会和这些混在一起。",
            f"Above the table stands “{shown}”, which seems to name the {place} that no column says; left unread, records of others "
            "would mix with these.",
        ),
        Text(
            f"请对方加一列“{place}”；整条数据流只有这一个的，在映射里把它写成带引号的文字，如 location: \"'SH'\"",
            f"Have a column “{place}” added; where the whole stream is of this one, write it as a quoted text in the mapping, such as "
            "location: \"'SH'\"",
        ),
        Text("确实不用", "if it does not matter"),
    )


def returns(table: Table, plan: Plan) -> Question | None:
    """The name of the sheet or file, or the title above the table, says that its lines went the other way: 退货明细."""
    titles = [one for one, values in table.labels.items() if not any(values)]
    named = (table.sheet, table.file, *titles)
    said = next((one for one in named if names_returns(one) or notes.names_returns(one)), "")
    if not said or not any(one.entity.name in _MOVED for one in plan.entities):
        return None
    shown = clip(said, 30)
    return Question(
        Text(
            f"“{shown}”像是退货，映射会把这张表的行当成正常的收进来。",
            f"“{shown}” reads like returns, and the mapping takes the lines of this table as ordinary ones.",
        ),
        Text(
            "请对方把退货另发一个文件；不要这张工作表的，在数据流的 config 里用 sheet 写明读哪一张",
            "Have returns sent as a file of their own; to leave the sheet out, name the one to read by sheet under config of the stream",
        ),
        Text("确实是正常的行", "if they are ordinary ones"),
    )


def not_in_force(table: Table, plan: Plan) -> Question | None:
    """The name of the sheet or file, or the title above the table, says that its lines do not hold, or not yet: 本单已作废, 采购预测."""
    entities = {one.entity.name for one in plan.entities}
    bare = [one for one, values in table.labels.items() if not any(values)]
    titles = [one for one in bare if is_not_in_force(one) or notes.is_not_in_force(one, entities)]
    is_aside = _SET_ASIDE.fullmatch(simplified(table.sheet)) is not None
    void = [
        one
        for one in (table.sheet, table.file)
        if _NOT_IN_FORCE.search(simplified(one)) or notes.is_not_in_force(one, entities)
    ]
    sheet = table.sheet if is_aside and len(table.sheets) > 1 else next((one for one in void if not is_aside), "")
    said = next((one for one in (sheet, *titles) if one), "")
    if not said or not entities & _MOVED:
        return None
    shown = clip(said, 30)
    return Question(
        Text(
            f"“{shown}”像是说这张表作废了，或只是预测、草稿，映射会把它的行当成有效的收进来。",
            f"“{shown}” seems to say that this table is void, a forecast or a draft, and the mapping takes its lines as they are.",
        ),
        Text(
            "请对方只发有效的；不要这张工作表的，在数据流的 config 里用 sheet 写明读哪一张",
            "Have what holds sent alone; to leave the sheet out, name the one to read by sheet under config of the stream",
        ),
        Text("确实有效", "if its lines hold"),
    )


def line_called_off(table: Table, plan: Plan) -> Question | None:
    """Above or below the table stands that one of its lines does not hold: 第2行取消."""
    texts = [(label, value) for label, values in table.labels.items() for value in values]
    whole = [(f"{label}：{value}" if value else label, value or label) for label, value in texts]
    said = next((one for one, note in whole if calls_line_off(one) or notes.calls_line_off(note)), "")
    if not said or not any(one.entity.name in _MOVED | _COUNTED for one in plan.entities):
        return None
    shown = clip(said, 30)
    return Question(
        Text(
            f"表的上方或下方写着“{shown}”，映射不看它，表里的行会照原样收进来。",
            f"Above or below the table stands “{shown}”, which the mapping does not heed: the lines go in as the table has them.",
        ),
        Text("请对方在表里改好再发", "Have the table itself corrected and sent again"),
        Text("表里已经改好了", "if the table says so already"),
    )


def without_quantity(table: Table, plan: Plan) -> Question | None:
    """No quantity would be read, although columns are left over."""
    if table.is_json or not uncounted(plan, table.columns):
        return None
    left = unread_columns(plan, table.columns)
    zh, en = "、".join(left[:_SHOWN]), ", ".join(left[:_SHOWN])
    return Question(
        Text(
            f"没有读到数量，也许是列名不认识。没用到的列：{zh}。",
            f"No quantity was read, perhaps since its column is not known by its name. Unused columns: {en}.",
        ),
        Text("在映射的 columns: 里写上数量那一列的名字", "Write the name of that column under columns: of the mapping"),
        Text("确实没有数量", "if there is none"),
    )


def without_price(table: Table, plan: Plan) -> Question | None:
    """No price would be read, although a column reads like one."""
    left = unpriced(plan, table.columns)
    if not left:
        return None
    zh, en = "、".join(left[:_SHOWN]), ", ".join(left[:_SHOWN])
    return Question(
        Text(
            f"没有读到单价，列名拿不准：{zh}。",
            f"No price was read, since these columns are not understood: {en}.",
        ),
        Text(
            "在映射里写上是哪一列；是每千个的价就除以 1000，如 money(number(列) / 1000, 币种)",
            "Name the column in the mapping; if it is for a thousand, divide it: money(number(column) / 1000, currency)",
        ),
        Text("不用它", "if it is not needed"),
    )


def without_item(table: Table, plan: Plan) -> Question | None:
    """No item would be read, although a column reads like its code."""
    return _not_read(table, nameless(plan, table.columns), Text("物料编码", "item"))


def without_day(table: Table, plan: Plan) -> Question | None:
    """No day of delivery would be read, although a column reads like one; or the day of an arrival is taken for it."""
    arrived = None if table.is_json else _arrived(table, plan)
    return arrived or _not_read(table, undated(plan, table.columns), Text("交期", "day of delivery"))


def _arrived(table: Table, plan: Plan) -> Question | None:
    """The question where the day that is wanted is read from 到货日期 and 入库数量 or the like says that the goods are there."""
    came = next((one for one in table.columns if _ARRIVAL.fullmatch(simplified(one))), "")
    wanted = (one.fields["requested_on"].header for one in plan.entities if "requested_on" in one.fields)
    day = next((one for one in wanted if one in table.columns and _ARRIVED_ON.fullmatch(simplified(one))), "")
    if not came or not day or not table.first(day, r"[0-9]"):
        return None
    return Question(
        Text(
            f"“{day}”旁边有“{came}”，像是货到了的那一天，映射把它当成要求的交期。",
            f"“{day}” stands beside “{came}” and reads like the day on which goods arrived; the mapping takes it for the day that is wanted.",
        ),
        Text(
            f"在映射的 columns: 的 requested_on 里去掉“{day}”，写上要求交期那一列",
            f"Take “{day}” out of requested_on under columns: of the mapping, and name the column of the day that is wanted",
        ),
        Text("它就是要求的交期", "if it is the day that is wanted"),
    )


def _not_read(table: Table, left: Sequence[str], what: Text) -> Question | None:
    if table.is_json or not left:
        return None
    zh, en = "、".join(left[:_SHOWN]), ", ".join(left[:_SHOWN])
    return Question(
        Text(
            f"没有读到{what.zh}，这些列像是{what.zh}：{zh}。",
            f"No {what.en} was read, and these columns read like one: {en}.",
        ),
        Text("在映射里写上是哪一列", "Name the column in the mapping"),
        Text("不用它", "if it is not needed"),
    )


def revised(table: Table, plan: Plan) -> Question | None:
    """A column says what another became, or what moved in fact: 交期(3/8更新) beside 交期, 本次收货 beside 数量, which alone would be read."""
    pairs = [] if table.is_json else revised_columns(plan, table.columns)
    pairs = [pair for pair in pairs if table.first(pair[1], r"[^\s/-]")]
    if not pairs:
        return None if table.is_json else in_fact(table, plan)
    old, newer = pairs[0]
    return Question(
        Text(
            f"“{newer}”像是“{old}”改过以后的值，映射只读“{old}”，会按改之前的收。",
            f"“{newer}” reads like what “{old}” became, and the mapping reads “{old}” alone.",
        ),
        Text(
            f'在映射里把新的写在前面，空着的格子用旧的：原来写“{old}”的地方写 coalesce("{newer}", "{old}")',
            f'Put the newer one first in the mapping, the older one serving where it is blank: coalesce("{newer}", "{old}") '
            f"instead of “{old}”",
        ),
        Text("不用它", "if it is not needed"),
    )


def in_parts(table: Table, plan: Plan) -> Question | None:
    """A column holds a part of what another says: 追加数量 beside 数量, 回复交期2 beside 回复交期, which alone would be read."""
    pairs = [] if table.is_json else parts_of_columns(plan, table.columns)
    pairs = [pair for pair in pairs if table.first(pair[1], r"[1-9]")]
    if not pairs:
        return None
    old, other = pairs[0]
    return Question(
        Text(
            f"“{other}”像是“{old}”之外的另一部分（另一批，或要加减的数），映射只读“{old}”，这一部分会丢掉。",
            f"“{other}” reads like a further part of “{old}” (another delivery, or what is added or taken off), and the mapping reads "
            f"“{old}” alone.",
        ),
        _put_together(old, other),
        Text("不用它", "if it is not needed"),
    )


def _put_together(old: str, other: str) -> Text:
    """What to do about a further part: days cannot be added."""
    if _DAY.search(simplified(other)):
        return Text("请对方每批填一行", "Have each delivery put in a row of its own")
    sign = "-" if _TAKEN_OFF.search(simplified(other)) else "+"
    return Text(
        f'请对方每批填一行；要加减的，在映射里写成 number("{old}") {sign} number("{other}") 这样的式子',
        f'Have each delivery put in a row of its own; what is added or taken off is written in the mapping, such as number("{old}") '
        f'{sign} number("{other}")',
    )


def sheets_of_periods(table: Table, plan: Plan) -> Question | None:
    """Stock of several months or days stands on sheets of one file: 3月 beside 2月; which of them holds now nobody says."""
    others = [sheet for sheet in table.sheets if sheet != table.sheet and _SHEET_OF_PERIOD.fullmatch(sheet.strip())]
    has_stock = any(one.entity.name == "inventory_balance" for one in plan.entities)
    if not others or not has_stock or not _SHEET_OF_PERIOD.fullmatch(table.sheet.strip()):
        return None
    return Question(
        Text(
            f"工作表“{table.sheet}”和“{others[0]}”像是两个时候的库存，都读进来，旧的会当成现在的。",
            f"The sheets “{table.sheet}” and “{others[0]}” read like stock at two times; if both are read, the older counts as of now.",
        ),
        Text(
            f"在数据流的 config 里写 sheet: {table.sheet}，只读那一张",
            f"Write sheet: {table.sheet} under config of the stream, which reads that one alone",
        ),
        Text("都是现在的", "if both are of now"),
    )


def _other_version(table: Table) -> str:
    """The sheet of which this one is a newer or older version, as V1 beside V2 and 订单 beside 订单-新; empty where none is."""
    names = {one: _VERSION.sub("", simplified(one).strip()) for one in table.sheets}
    mine = names.get(table.sheet, table.sheet)
    alike = (one for one, name in names.items() if one != table.sheet and name == mine)
    return next(
        (one for one in alike if mine != simplified(table.sheet).strip() or mine != simplified(one).strip()), ""
    )


def sheet_of_all_places(table: Table, plan: Plan) -> Question | None:
    """Stock stands on a sheet for each place, and on one for all of them, which would count as a place more."""
    others = [one for one in table.sheets if one != table.sheet]
    has_stock = any(one.entity.name == "inventory_balance" for one in plan.entities)
    if len(others) < _PAIR or not has_stock or not _EVERY_PLACE.fullmatch(table.sheet):
        return None
    return Question(
        Text(
            f"工作表“{table.sheet}”像是别的工作表（{clip('、'.join(others), 30)}）加起来的，都读进来，同样的库存就记了两次。",
            f"The sheet “{table.sheet}” seems to add up the others ({clip(', '.join(others), 30)}); read together, the same stock counts twice.",
        ),
        Text(
            "请对方去掉这张工作表，或在数据流的 config 里用 sheet 写明读哪一张",
            "Have that sheet left out, or name the one to read by sheet under config of the stream",
        ),
        Text("它有自己的库存", "if it has stock of its own"),
    )


def sheets_of_copies(table: Table, plan: Plan) -> Question | None:
    """The sheet is called old, or the copy of another one that is read as well: 订单(旧), Open SO (old), 订单 (2)."""
    copied, plain = _COPY.fullmatch(table.sheet.strip()), simplified(table.sheet).strip()
    of = {copied["name"]} if copied else {_OLD_SHEET.sub("", plain)} - {plain, ""}
    other = next((one for one in table.sheets if simplified(one).strip() in of), "") or _other_version(table)
    if not other or table.is_json:
        return None
    return Question(
        Text(
            f"工作表“{table.sheet}”像是“{other}”的旧版或副本，两张都会收进来。",
            f"The sheet “{table.sheet}” reads like an old or copied “{other}”, and both are read.",
        ),
        Text(
            f"在数据流的 config 里写 sheet: {other}，只读那一张",
            f"Write sheet: {other} under config of the stream, which reads that one alone",
        ),
        Text("两张都要", "if both are wanted"),
    )
