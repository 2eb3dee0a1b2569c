"""What is asked where a status that nobody reads, or a remark, says that a line does not hold, or not as its columns say."""

import re
from collections.abc import Collection, Iterable, Iterator

from canonical_model.declaration import Kind
from canonical_model.language import Text
from canonical_model.text import clip
from connectors.formats.cells import decimals
from crossdock.pipeline.questions import abroad
from crossdock.pipeline.questions.question import Question, Table
from crossdock.pipeline.questions.unusable import UNUSABLE, lacks_status
from mappings.inspection import columns_of, counted_columns, unread_columns
from mappings.plan import Plan
from mappings.unknown import unknown_pattern

_END = "作[废廢]|取消|[关關][闭閉]|[终終]止|中止|撤[销銷]|停用|禁用|[删刪]除"
"""What makes an end of a line or document before its time."""
_ENDED = (
    r"(?i:(?<![a-z])(?:cancel|closed?(?![a-z])|void|delet|revers(?:ed|al)(?![a-z]))"
    r"|^\W*(?:is[_ ]?)?del(?:[_. ]{0,2}(?:flag|ind|mark))?\W*$)"
)
_STATUS = re.compile(
    rf"状态|狀態|[执執]行情况|{_END}|红蓝|红冲|[冲沖][销銷]|退货|变更类型|^操作$|操作类型|[处處]理(?:方式|[结結]果|意[见見])|判定|{_ENDED}"
    r"|(?i:\bstatus\b|\bstate\b|\baction\b)"
)
_FLAG = re.compile(rf"是否|标[志记识]|{_END}|红冲|[冲沖][销銷]|退货|{_ENDED}")
_COUNTED = re.compile(r"数量|數量|数$|量$|单号|(?i:\bqty\b|\bquantity\b)")
_DONE = re.compile(
    rf"(?:{_END})(?:日期?|时间|人|者|员)|(?i:\b(?:cancel\w*|clos\w+|delet\w+|void\w*) (?:date|on|at|by)\b)"
)
"""Columns that are filled where an order line has ended: 取消日期, 行关闭人."""
_HOLDS = re.compile(
    r"^\W*(?:是否)?(?:有效|启用|啟用|良品|合格)(?:标[志记识])?\W*$|(?i:^\W*(?:is[_ ])?(?:active|valid|enabled)\W*$)"
)
"""Columns of which a no says that the row does not hold."""
_CLOSED = r"^\s*已?[结結]案\s*$"
"""A finished order, which is none to wait for; what was received of it was received all the same."""
_CASE = re.compile(r"[结結]案(?!数|量)")
_KIND = re.compile(r"类型|類型|类别|類別|红蓝|紅藍|[单單][据據]名[称稱]")
_RED = re.compile(r"[红紅][蓝藍]")
_TRADED = frozenset({"goods_receipt_line", "shipment_line", "sales_order_line", "purchase_order_line"})
_HELD = re.compile(r"[暂暫]停|[冻凍][结結]|[挂掛]起")
_SHIPS, _RECEIVES = r"(?:[发發][货貨运運]|送[货貨]|出[货貨库庫])", r"(?:收[货貨料]|入[库庫]|到[货貨]|[签簽]收)"
_WHETHER = {
    "shipment_line": re.compile(rf"^\W*是否已?{_SHIPS}\W*$"),
    "goods_receipt_line": re.compile(rf"^\W*是否已?{_RECEIVES}\W*$"),
}
"""是否发货: a no says that the row is yet to be."""
_MOVEMENT = re.compile(r"移动类型|移動類型|(?i:\bmovement ?type\b|\bmvt\b|\bbwart\b)")

_OFF = (
    rf"^\s*(?:已|被|交易|业务|業務|手工|人工|行|整单|客[户戶]|[买買]家|供[应應]商|[审審][批核]|不合格|不良|判)*(?:{_END}|[报報][废廢]|[暂暫][停缓緩]|[挂掛]起|[冻凍][结結]|撤[单單]|退[单單]|砍[单單]|失效|[无無]效|[红紅]字|[红紅][冲沖]"
    r"|[冲沖][销銷]|退[货貨]|未[审審]核|[驳駁]回|[审審][批核][不未]通[过過]|退(?:[货貨]退)?款(?:成功|完成)?|(?i:cancel+ed|closed|void(?:ed)?|deleted?|inactive|suspended|on hold|terminated|archived|rejected))\s*$"
)
_FILLED = r"^\s*(?:20[0-4][0-9]|[0-9]{1,2}[-./][0-9]{1,2}[-./]20[0-4][0-9]|[\p{Han}A-Za-z]{2})"
"""A day or a name; 1900-01-01 and 2099-12-31 are how systems write none."""
_UNKNOWN = unknown_pattern(())
_CLOSING = re.compile(r"[关關][闭閉]|[结結]案|(?i:clos)")
"""What ends an order line that may be finished, unlike 取消 and 作废."""
_VOID = re.compile(r"作[废廢]|取消|[终終中]止|撤|[删刪]|禁用|停用|(?i:cancel|void|delet)")
_YES = r"^\s*(?:是|[√✓✔]|(?i:y|yes|true|1|x|l|ja|oui|sí|si))\s*$"
_NO = r"^\s*(?:否|[×✗✘]|[无無]效|失效|(?i:n|no|false|0))\s*$"


def _noted(words: str) -> str:
    """The words as a note of their own: 此单取消，不用做."""
    return (
        rf"^\s*(?:客[户戶])?[此该該本]?(?:[单單]|行|[项項]|[订訂][单單])?[已先暂暫]?(?:{words})"
        r"(?:此[单單]|此行|[该該]行|[订訂][单單])?\s*(?:[，,。;；!！.].{0,15})?$"
    )


_SAID_OFF = (
    _noted(
        rf"{_END}|删|退[单單]|先?[别不]做|不要了?|不做了?|[暂暫][停缓緩](?:生[产產]|[发發交][货貨]|采[购購]|[执執]行|下[单單])?|[缓緩][交发發做]|(?:已?同意|申[请請])(?:取消|作[废廢]|退[货貨单單])|砍[单單]|(?i:(?:on )?hold|cancel+ed|void|do not (?:ship|make|deliver|produce))"
    )
    + r"|与.{1,20}重[复複]|重[复複][，,]?.{0,4}(?:忽略|不要|作废)|[请請]忽略此|此行?[请請]忽略|^\s*以此行?[为為][准準]"
    r"|^\s*(?:[单單][价價]|[价價]格)[为為是:：]?\s*每?[千百万萬](?:[个個只件支套片]|(?i:pcs)).{0,3}$"
    r"|^\s*每?[千百万萬][个個只件支套片]?[单單]?[价價]\s*$|[元¥￥]\s*/\s*[千百万萬][个個只件支套片]?"
)
"""What is written beside a line that is no more as its columns say: 作废, 单价为每千个."""
_HELD_BACK = _noted(
    r"[请請]?勿(?:[发發送交做产產排](?:[货貨产產])?|生[产產])|[别別不](?:[发發]|[发發送交][货貨])|[待等](?:候|待)?(?:我司|客[户戶]|采购|採購|另行)?的?通知.{0,6}|另行通知"
)
"""勿发, 待通知: of an order or delivery that waits."""
_CODE = r"(?:[A-Za-z]{1,6}[-_]?[0-9][A-Za-z0-9_-]*|[0-9]{5,})"
_LONG_CODE = r"(?:[A-Za-z]{1,6}[-_]?[0-9][A-Za-z0-9_-]*[0-9]|[0-9]{5,})"
"""改V2 names a version."""
_MERGED = (
    r"^\s*[此该該本]?[项項行单單]?\s*[已现現]?(?:合?[并併][入到至]|转(?:[入到至]|单)?|轉(?:[入到至]|單)?)\s*(?:[订訂][单單]|采购单|採購單|合同)?"
    rf"\s*{_CODE}\s*(?:采购|採購|[订訂][单單]|下?[单單]|一起.{{0,4}})?\s*(?:[，,。;；].{{0,15}})?$"
)
"""已转P9, 此项并入P9采购: what another order has now."""
_CANCELLED = (
    r"^\s*(?:已|被|客[户戶]|[买買]家|供[应應]商|整[单單]|[本该該此]?行)*(?:取消|作[废廢]|撤[销銷单單]|[终終]止)"
    r"(?:采购|採購|[订訂][单單货貨购購]|下[单單]|[此该該][单單行]|[发發交][货貨])?\s*[。.!！]?\s*$"
)
"""What says so in any column that tells rows into kinds: 处理结果 = 取消采购."""
_OF_MONEY = re.compile(r"[发發]票|[付收支退]款|支付|[开開]票|(?i:invoice|payment|refund)")
_REPLACED = (
    r"^\s*已?由.{1,15}(?:代替|取代|替代|替换)\s*$|^\s*[合并併]+[入到]第?\s*[0-9]+\s*[行项項]|^\s*打错了?|(?:[数數]量|[单單]位|[单單]价).{0,2}写错"
    r"|^\s*(?i:(?:superseded|replaced)(?: by .{1,20})?|cxl|hủy)\s*$|^\s*.{0,6}(?:应[为是该]|更正[为是])\s*[0-9]"
)
"""已由PO-9代替, 打错了，应为70: another line or number holds."""
_STOPPED = _noted(r"停[产產]|停止生[产產]")
"""What is no more made is not ordered; what there is of it in stock is there."""
_BECAME = r"(?:改[为為成到]?|[变變]更[为為]|更改[为為]|[调調]整[为為])"
_MOVED = r"(?:推[迟遲][到至]|延[期后後]?[到至]|提前[到至])"
_DAY = r"(?:交期|交[货貨](?:日期|期)?|到[货貨](?:日期|期)?)"
_COUNT = r"(?:[数數]量|[单單][价價]|[价價]格|料[号號])"
_TO = r"\s*[0-9][^版点點时時]{0,20}$"
_FROM = r"(?:[由从從原]\s*[0-9][0-9,]*(?:\.[0-9]+)?\s*\pL{0,3}?[，,]?\s*)?"
_CHANGED = (
    rf"^(?:.{{0,12}}(?:{_DAY}|{_COUNT}))?\s*{_FROM}(?:{_BECAME}|{_MOVED}){_TO}"
    r"|^\s*(?:[数數]量)?\s*(?:[变變]更)?\s*[:：]?\s*[0-9][0-9,]*(?:\.[0-9]+)?\s*(?:改|[变變]|→|->|=>)[为為成]?\s*[0-9][0-9,.]*\s*(?:[^\P{L}版款型号號]|千克|公斤|平?[方米]|(?i:[a-z]{2,3}))?\s*$"
    r"|^\s*(?:[减減降加增][少到至为為]+|(?:[实實][际際]|[现現])?只(?:要|需|做|[发發]|[订訂])|追加|[减減]|再加)\s*[0-9][^版點点時时天日周月]{0,8}$"
    r"|^\s*(?:交期|交[货貨])?(?:推[迟遲]|延[期后後迟遲]?|提前)[一二两三四五六半0-9]{1,3}\s*[个個]?[天日周月]\s*(?:[交到发發][货貨])?\s*(?:[，,。;；].{0,15})?$"
    rf"|^\s*[已现現]?(?:(?:[换換改]料[为為成]?|[换換改][为為成用])\s*{_CODE}|[换換改]\s*{_LONG_CODE})料?\s*$|^\s*改[A-Za-z0-9]{{1,12}}料\s*$"
)
"""What became of a quantity or day: 改为5000个, 推迟到4/10."""
_COUNT_CHANGED = (
    rf"^\s*{_COUNT}\s*{_FROM}{_BECAME}{_TO}|^\s*{_BECAME}\s*[0-9][0-9,]*(?:\.[0-9]+)?[^0-9版点點时時年月]{{0,20}}$"
)
_DAY_CHANGED = (
    rf"^\s*{_DAY}\s*{_BECAME}{_TO}|^\s*{_DAY}?\s*{_MOVED}{_TO}|^\s*{_BECAME}\s*[0-9]{{1,4}}[-./年月][0-9].{{0,20}}$"
)
"""The same of one of them alone: an answer may say the other by its columns."""
_RETURNED = r"^\s*(?:(?:采购|採購|进货|進貨|外[购購]|委外)退[货貨料].{0,3}|退[货貨料]出[库庫]|[红紅]字.{0,6})\s*$"
_WAY = re.compile(
    r"^\W*(?:出入[库庫](?:类型|類型)?|[收进]发|收发(?:类[型别])?|借\s*[/／]?\s*[贷貸].{0,2}|(?i:type|direction|shkzg|debit ?/ ?credit))\W*$"
)
_WENT_OUT = r"^\s*(?:\pL{0,4}(?:出[库庫]|退[库庫])[单單]?|[贷貸]|H|(?i:issues?|goods issue|returns? to (?:vendor|supplier)|out(?:bound)?|credit))\s*$"
"""What a kind of movement says that is no receipt: 采购退库, Issue, and H, by which SAP marks a credit."""
_SOLD_BACK = r"^\s*(?:[销銷]售退[货貨]|[销銷]退)(?:入[库庫])?[单單]?\s*$"
"""What comes back of what was sold is received, and never shipped."""
_RED_ONE = r"^\s*(?:[红紅](?:[字单單票])?|(?i:red))\s*$"
_WENT_BACK = r"^\s*已?(?:退[货貨]?|(?:[销銷]售|采购|採購)?退[货貨料](?:申[请請]|通知|[订訂])?[单單]?|[换換][货貨]|退(?:[给給回]?供[应應]商)|[红紅]?[冲沖](?:[销銷減减正回])?|[冲沖][红紅])\s*$"
"""What is written beside a line that went the other way; of these, a kind that is mapped says so by itself."""
_NOT_MOVED = (
    r"^\s*(?:缺[货貨])?未[送发發到收][货貨完]?\s*(?:[，,。;；].{0,15})?$|^\s*拒收|^\s*漏[送发發]"
    r"|^\s*重[复複](?:入[库庫]|收[货貨]|送[货貨]|出[库庫])|^\s*[误誤][入收发發送]|^\s*错[单單]|已[冲沖][销銷]|^\s*[冲沖](?:[红紅]|[销銷])?[A-Z]{2,}-?[0-9]"
)
"""What is written beside a line that was not sent or received, or not as its columns say: 未送，下周补, 拒收, 误入，已冲销."""
_SHORT = r"^\s*(?:[实實少欠缺]|[还還]欠)[送发發到收]?\s*[0-9].{0,15}$|^\s*少[送发發]|下[批次周].{0,3}补[送货貨发發齐齊上]?\s*$"
"""少送5个, 欠20: what came is less than the columns say, unless one of them says what came in fact (实收数量)."""
_IN_FACT = re.compile(r"[实實][收到发發送际際]|(?i:\b(?:received|actual) (?:qty|quantity)\b)")
_YET_TO_SHIP = rf"^\s*(?:待|未|[尚还還]未|等待){_SHIPS}"
_YET_TO_RECEIVE = rf"^\s*(?:待|未|[尚还還]未|等待){_RECEIVES}"
_DRAFT = r"^\s*(?:草稿|[暂暫]存)\s*$"
_REFUSED = r"^\s*(?:客[户戶])?拒[收签簽]"
_BACK = r"^\s*(?:102|122|124|161|162)(?:\s|$)"
"""SAP's movement types of a receipt that is reversed or sent back."""
_NUMBERS = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")
_LOG = re.compile(r"[变變]更[记記][录錄]")
"""What lists all changes, of which most are in the columns already."""
_PRICE = re.compile(r"[价價]|(?i:price)")
_MONTH, _DAY_OF_IT = "([01]?[0-9])", "([0-3]?[0-9])(?![0-9])"
_NAMED_DAY = re.compile(
    rf"(20[0-9]{{2}})\s*[-./年]\s*{_MONTH}\s*[-./月]\s*{_DAY_OF_IT}|(?<![0-9]){_MONTH}\s*[-/月]\s*{_DAY_OF_IT}"
)
_NO_COUNT = re.compile(r"[0-9]\s*[-/年月]\s*[0-9]")
"""What is in a remark about a day or a part."""
_GONE = r"(?:^|[^无無盈])[盘盤][亏虧]|已[报報][废廢]|[实實][际際](?:[为為]|只有|[库庫]存)?\s*[0-9]"
"""What is written beside stock that is not there."""


def called_off(table: Table, plan: Plan) -> Question | None:
    """A status that nobody reads, or a remark, says that a line does not hold, or not as its columns say: 已取消, 改为5000个."""
    unread = set(unread_columns(plan, table.columns))
    entities = {one.entity.name for one in plan.entities}
    but = f"{_UNKNOWN}|{UNUSABLE}" if lacks_status(plan) else _UNKNOWN  # which is asked by itself
    is_told = any(_IN_FACT.search(one) for one in counted_columns(plan))
    answered = {name for one in plan.entities if one.entity.name == "order_response_line" for name in one.fields}
    for column in (one for one in table.columns if one in table.placed):
        patterns = list(_patterns(column, entities, is_read=column not in unread, is_told=is_told))
        if column in unread and entities & _TRADED and not _OF_MONEY.search(column) and table.tells_kinds(column):
            patterns += [_CANCELLED, abroad.OFF]
        changes = list(_changes(column, answered))
        every = "|".join([*patterns, *changes])
        if not every or not table.first(column, every, but=but):  # one look at most columns
            continue
        said = table.first(column, "|".join(patterns), but=but) if patterns else ""
        if said and (ended := _ended_by(table, plan)):
            said = _unfinished(table, column, "|".join(patterns), ended)
        if said and (confirmed := _confirmed(table, plan)):
            said = _promised(table, column, "|".join(patterns), confirmed)
        if not said and changes:
            said = _unheeded(table, column, "|".join(changes), plan)
        if said:
            shown = clip(said, 20)
            return Question(
                Text(
                    f"“{column}”里写着“{shown}”，映射没有按它改，这样的行会照别的列收成有效的。",
                    f"“{column}” says “{shown}”, which the mapping does not heed: such rows go in as their other columns say.",
                ),
                Text(
                    "请对方把改了的写进那一列、作废的行删掉再发；状态列可以在映射里写成 status 一类的字段",
                    "Have what changed written into its column and void rows left out; a status can be mapped to a field such as status",
                ),
                Text("已经按它改好了", "if the columns say so already"),
            )
    return None


def _ended_by(table: Table, plan: Plan) -> tuple[str, str] | None:
    """The columns of what was ordered and of what came of it, by which an order line that is closed may simply be finished."""
    for one in plan.entities:
        came = next((one.fields[name].column for name in ("received", "shipped") if name in one.fields), "")
        if "ordered" in one.fields and {one.fields["ordered"].column, came} <= set(table.placed):
            return one.fields["ordered"].column, came
    return None


def _unfinished(table: Table, column: str, pattern: str, ended: tuple[str, str]) -> str:
    """The first value in which the pattern is found and that does not just close a line of which all has come; empty for none."""
    for said, ordered, came in table.where(column, pattern, but=_UNKNOWN, beside=ended):
        numbers = decimals([ordered, came])
        closes = _CLOSING.search(said) or (_CLOSING.search(column) and not _VOID.search(said))
        if not closes or not numbers or numbers[1] < numbers[0]:
            return said.strip()
    return ""


def _confirmed(table: Table, plan: Plan) -> str:
    """The column of what an answer confirms: a line of which nothing is confirmed may say so; empty for none."""
    found = (one.fields["confirmed"].column for one in plan.entities if "confirmed" in one.fields)
    return next((column for column in found if column in table.placed), "")


def _promised(table: Table, column: str, pattern: str, confirmed: str) -> str:
    """The first value in which the pattern is found and whose line confirms more than nothing; empty for none."""
    rows = table.where(column, pattern, but=_UNKNOWN, beside=[confirmed])
    return next((said.strip() for said, count in rows if not count.strip() or decimals([count]) != [0]), "")


def _unheeded(table: Table, column: str, pattern: str, plan: Plan) -> str:
    """The first value that says what a quantity, day or price became where its column does not say so already; empty for none."""
    counted, dated, priced = (
        [one for one in dict.fromkeys(columns) if one in table.placed and one != column]
        for columns in (counted_columns(plan), columns_of(plan, Kind.DAY), columns_of(plan, Kind.MONEY))
    )
    listed = list(dict.fromkeys([*counted, *dated, *priced]))
    for said, *cells in table.where(column, pattern, but=_UNKNOWN, beside=listed):
        beside = dict(zip(listed, cells, strict=True))
        if _PRICE.search(said):
            if not (_LOG.search(column) and not priced) and not _is_number_of(said, map(beside.get, priced)):
                return said.strip()
        elif day := _days(said):
            if day[-1] not in [one[-len(day[-1]) :] for name in dated for one in _days(beside[name])]:
                return said.strip()
        elif _NO_COUNT.search(said) or not _is_number_of(said, map(beside.get, counted)):
            return said.strip()
    return ""


def _is_number_of(said: str, cells: Iterable[str | None]) -> bool:
    """Whether the last number of a remark stands in one of the cells."""
    became = decimals(_NUMBERS.findall(said)[-1:])
    return bool(became) and became[0] in [number for cell in cells for number in decimals([cell or ""])]


def _days(text: str) -> list[tuple[int, ...]]:
    """The days that a text names: year, month and day, or the last two."""
    return [tuple(int(part) for part in found.groups() if part) for found in _NAMED_DAY.finditer(text)]


def _changes(column: str, answered: Collection[str]) -> Iterator[str]:
    """Regular expressions of remarks by which a quantity or day became another one."""
    if not abroad.is_remark(column):
        return
    if not answered:
        yield from (_CHANGED, abroad.COUNT_CHANGED)
    elif "confirmed" not in answered:
        yield from (_COUNT_CHANGED, abroad.COUNT_CHANGED)
    elif "promised_on" not in answered:
        yield _DAY_CHANGED


def _patterns(column: str, entities: set[str], *, is_read: bool, is_told: bool) -> Iterator[str]:
    """Regular expressions of values by which a column says that a row of these entities does not hold; none for most columns.

    Args:
        column: Its name.
        entities: What the mapping makes of the rows.
        is_read: Whether the mapping reads it.
        is_told: Whether the column of the quantity says what came in fact.
    """
    has_moved = bool(entities & {"goods_receipt_line", "shipment_line"})
    is_ordered = bool(entities & {"sales_order_line", "purchase_order_line"})
    has_stock = "inventory_balance" in entities
    if abroad.is_remark(column):
        yield from (_SAID_OFF, abroad.SAID_OFF, _REPLACED, _GONE if has_stock else _STOPPED)
        if has_moved or is_ordered:
            yield from (_HELD_BACK, _MERGED)
        if has_moved:
            yield from (_RETURNED, _WENT_BACK, _NOT_MOVED, abroad.WENT_BACK, abroad.GIVEN_BACK)
            if not is_told:
                yield _SHORT
    is_kind = bool((has_moved or is_ordered) and (_KIND.search(column) or abroad.TYPE.search(column)))
    if is_kind or (has_moved and _WAY.search(column)):
        yield _RETURNED
        if "goods_receipt_line" in entities:
            yield _WENT_OUT
        if "shipment_line" in entities:
            yield _SOLD_BACK
        if _RED.search(column):
            yield _RED_ONE
    if is_read:
        return
    if is_kind:
        yield from (_WENT_BACK, _OFF, abroad.WENT_BACK)
    if _DONE.search(column):
        if is_ordered:
            yield _FILLED
    elif _STATUS.search(column) or abroad.STATE.search(column):
        yield from _states(column, entities)
    elif is_ordered and _CASE.search(column):
        yield from (_CLOSED, _YES)
    if (is_ordered or has_moved) and _HELD.search(column) and not _COUNTED.search(column):
        yield from (_YES, _OFF)
    if any(entity in entities and one.search(column) for entity, one in _WHETHER.items()):
        yield from (_NO, *_yet_to_be(entities))
    if _HOLDS.search(column):
        yield _NO
    if has_moved and _MOVEMENT.search(column):
        yield _BACK


def _states(column: str, entities: set[str]) -> Iterator[str]:
    """What a state that nobody reads says of a row of these entities that does not hold, or is yet to be."""
    has_moved = bool(entities & {"goods_receipt_line", "shipment_line"})
    is_ordered = bool(entities & {"sales_order_line", "purchase_order_line"})
    yield from (_OFF, abroad.OFF)
    if (_FLAG.search(column) or abroad.FLAG.search(column)) and not _COUNTED.search(column):
        yield _YES
    if is_ordered:
        yield _CLOSED
    if is_ordered or has_moved:
        yield abroad.GIVEN_BACK
    if has_moved:
        yield _REFUSED
        yield from _yet_to_be(entities)


def _yet_to_be(entities: set[str]) -> Iterator[str]:
    """What says of a delivery or receipt that it is yet to be."""
    if entities & {"shipment_line", "goods_receipt_line"}:
        yield _DRAFT
    if "shipment_line" in entities:
        yield from (_YET_TO_SHIP, abroad.NOT_SHIPPED)
    if "goods_receipt_line" in entities:
        yield from (_YET_TO_RECEIVE, abroad.NOT_RECEIVED)
