"""What is asked where stock goes in as plain stock and a column says that some of it cannot be used: 库存类型 = 不良品."""

import re

from canonical_model.codes import code_list
from canonical_model.language import Text
from canonical_model.text import clip
from crossdock.pipeline.questions.abroad import is_remark
from crossdock.pipeline.questions.question import Question, Table, any_of
from mappings.inspection import unread_columns
from mappings.plan import Plan

_CODES = frozenset({"quality", "blocked", "returns", "in_transit"})
"""States of stock that is not there to be used."""
_BARE = frozenset(
    {"检验", "质检", "檢驗", "質檢", "inspection", "qi", "quality", "hold", "damage", "defect", "defects", "ng"}
)
"""Words that say so in a column of the state alone: elsewhere 检验 is how an item is bought."""
_MORE = (
    *("过期", "过期品", "返修", "返工", "返修品", "待返修", "待返工", "待维修", "待处理", "待处理品", "废品", "expired", "restricted"),
    *("過期", "過期品", "待維修", "待處理", "待處理品", "廢品"),
)  # fmt: skip
"""Words of stock that most cannot use, although no code says so."""


_KNOWN = {word for word, (code, _) in code_list("stock_status").spellings.items() if code in _CODES}
_SURE = any_of((_KNOWN - _BARE) | {*_MORE})
_ANY = any_of(_KNOWN | {*_MORE})
UNUSABLE = rf"(?i:已?(?:{_ANY})[品货貨]?)"
"""What says of stock that it cannot be used; RE2."""
_SAID = rf"^\s*(?i:已?(?:{_SURE})[品货貨]?)\s*$"
_OTHERS = r"^\s*(?:代管|客供|客户(?:寄存|提供)?|寄存|受托|代存|代储|借入)(?:物资|物料|材料|库存|料|品|货)?\s*$"
"""What says of stock that it belongs to others."""
_STATE = re.compile(
    r"库存|庫存|所有权|货权|归属|[质質]量|品[质質]|[状狀][态態]|[质質][检檢]|[检檢][验驗][结結]果|(?i:stock|status|state|quality|condition|inspection)"
)
_NOTED = (
    rf"^\s*(?:其中|含|有)?\s*(?:[0-9.]+\s*\pL{{0,3}}?\s*)?(?i:[已均全]?(?:{_SURE})[品货貨件]?)"
    r"\s*(?:[0-9.]+\s*\pL{0,3})?\s*(?:[，,。;；!！(（].{0,15})?$"
)
"""A remark that says so, of some of it too: 其中2个破损, 待检，勿发."""
_FLAG = re.compile(
    rf"\W*(?:是否|(?i:is[ _]))?(?i:已?(?:{_SURE}|hold|defect|ng)[品货貨]?)(?:[标標][志记記识識])?(?:[(（/]?是?否?[)）]?)\W*"
)
_WHETHER = re.compile(r"是否|[标標][志记記识識]|(?i:is[ _])")
_YES, _ONE = r"^\s*(?:是|有|[√✓✔]|(?i:y|yes|true|x))\s*$", r"^\s*1\s*$"
_ITEM = re.compile(
    r"名$|名[称稱]|品名|[规規]格|[型图圖]号|描述|(?:物料|物[资資]|存[货貨]|商品|[产產]品|[货貨]品|材料)[大中小]?(?:分?[类類][别別]?|[类類]型|[组組])"
    r"|(?i:\b(?:name|desc\w*|spec\w*)\b|\b(?:item|material|product|article) (?:group|category|type)\b)"
)
"""Columns of what an item is, unless they are of its state too."""
_PLACE = re.compile(
    r"(?:所在|存放|[库庫]存)?(?:[仓倉][库庫]?|[库庫][房区區位别別]|[货貨儲储]位|地[点點])(?:名[称稱]|全名|[编編][码碼号號]|代[码碼]|描述)?"
    r"|(?i:(?:storage )?(?:warehouse|location|bin|zone|area)(?: (?:name|code|desc\w*|type))?)"
)
"""Columns of where it lies, which may be called 待检区."""


def lacks_status(plan: Plan) -> bool:
    """Whether stock is made of the rows and nothing says in which state it is."""
    return any(one.entity.name == "inventory_balance" and "stock_status" not in one.fields for one in plan.entities)


def unusable_stock(table: Table, plan: Plan) -> Question | None:
    """A column that nobody reads, or a remark, says that some of the stock cannot be used: 库存类型 = 不良品, 是否冻结 = 是."""
    if not lacks_status(plan):
        return None
    unread = set(unread_columns(plan, table.columns))
    for column in (one for one in table.columns if one in table.placed):
        pattern = _pattern(table, column, is_read=column not in unread)
        said = table.first(column, pattern) if pattern else ""
        if said:
            shown = clip(said, 20)
            return Question(
                Text(
                    f"“{column}”里写着“{shown}”，像是有些库存不能用，或是别人的，映射没有读它，这些会和能用的库存一样收。",
                    f"“{column}” says “{shown}”, as if some of the stock could not be used or were of others; the mapping does not read it and takes "
                    "such stock for what can be used.",
                ),
                _remedy(column, said),
                Text("本来就都当能用的库存", "if it all counts as stock that can be used"),
            )
    return None


def _pattern(table: Table, column: str, *, is_read: bool) -> str:
    """A regular expression of values by which a column says that stock cannot be used; empty where it is no such column."""
    if is_remark(column):
        return _NOTED
    is_state = _STATE.search(column) is not None
    if is_read or _PLACE.fullmatch(column) or (_ITEM.search(column) and not is_state):
        return ""
    if _FLAG.fullmatch(column):
        return "|".join((_SAID, _YES, _ONE) if _WHETHER.search(column) else (_SAID, _YES))
    if not table.tells_kinds(column):
        return ""
    return rf"^\s*{UNUSABLE}\s*$|{_OTHERS}" if is_state else _SAID


def _remedy(column: str, said: str) -> Text:
    if re.match(_OTHERS, said):
        return Text(
            f"在映射里写 owner: {column}，或请对方把别人的库存另发",
            f"Write owner: {column} in the mapping, or have stock of others sent apart",
        )
    if is_remark(column):
        return Text(
            "请对方加一列库存状态，在映射里写成 stock_status",
            "Have a column of the state added, and map it to stock_status",
        )
    return Text(
        f"在映射里写 stock_status: {column}；不认识的词写进映射的 codes: 里的 stock_status",
        f"Write stock_status: {column} in the mapping, and words that are not known into stock_status under its codes:",
    )
