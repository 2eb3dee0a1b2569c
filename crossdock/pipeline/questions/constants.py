"""What is asked where a column that nobody reads says another unit, currency or number of pieces than the mapping itself does."""

import re
from collections.abc import Collection, Hashable, Mapping

from canonical_model.codes import code_list
from canonical_model.declaration import Kind
from canonical_model.language import Text
from canonical_model.text import clip, half_width, simplified
from crossdock.pipeline.questions.measures import PIECES
from crossdock.pipeline.questions.question import Question, Table, any_of
from mappings.inspection import takes_price_of_one, units_of, unread_columns
from mappings.plan import Plan

_UNIT = re.compile(r"(?:计量|数量|主|采购|销售|库存|包装)?单位|(?i:units?|uom|unit of measure|meins|einheit)")
_CURRENCY = re.compile(r"(?:结算)?(?:币[种别]|货币)(?:代码|名称)?|(?i:currency(?: code)?|curr\.?|ccy|waers|währung)")
_PRICE_BASE = re.compile(
    r"(?:价格|单价|定价|计价)(?:单位|基数|数量|方式)|每|(?i:per|pro|price (?:unit|base|per)|peinh|preiseinheit)"
)
_MANY = r"^\s*(?:1[,.]?0{2,5}|(?:每|/)?\s*[百千万]\s*\pL{0,2}|(?i:/?\s*(?:100|1,?000|k|m) ?(?:pcs|pc|ea|st)))\s*$"
_CONSTANT = re.compile(r"\bmoney\([^()]*(?:\([^()]*\)[^()]*)*,\s*'([A-Z]{3})'\s*\)")


def unit_left(table: Table, plan: Plan) -> Question | None:
    """A column of units that nobody reads says another one than the mapping writes: 箱 beside quantity(数量, '个')."""
    columns = _left(table, plan, _UNIT)
    units = units_of(plan) if columns else None
    if units is None or not units.written or not units.is_whole:
        return None
    known = {word: (PIECES.get(code, code), factor) for word, (code, factor) in units.spellings.items()}
    written = {(PIECES.get(code, code), factor) for code, factor in (*units.written, *units.named)}
    for column in columns:
        if said := _other(table, column, known, written):
            counted = next(iter(units.written.values()))
            return Question(
                Text(
                    f"“{column}”里写着“{said}”，映射却自己给“{counted}”写了别的单位，没有读这一列。",
                    f"“{column}” says “{said}”, but the mapping itself writes another unit for “{counted}” and does not read that column.",
                ),
                Text(
                    f"在映射里写 quantity({counted}, {column})", f"Write quantity({counted}, {column}) in the mapping"
                ),
                Text("映射写的单位就是对的", "if the unit of the mapping is right"),
            )
    return None


def currency_left(table: Table, plan: Plan) -> Question | None:
    """A column of currencies that nobody reads says another one than amounts are taken in: USD beside money(单价, 'CNY')."""
    columns = _left(table, plan, _CURRENCY)
    amounts = [
        (one.fields[name], str(plan.spec.entities[one.entity.name].fields.get(name, "")))
        for one in plan.entities
        for name in one.fields
        if one.entity.fields[name].kind is Kind.MONEY and len(one.fields[name].columns) == 1
    ]
    taken = {found[1] if (found := _CONSTANT.search(text)) else plan.currency for _, text in amounts} - {""}
    if not taken:
        return None
    known = {word: code for word, (code, _) in code_list("currency").spellings.items()}
    for column in columns:
        if said := _other(table, column, known, taken):
            amount = amounts[0][0].column
            return Question(
                Text(
                    f"“{column}”里写着“{said}”，金额却按 {'、'.join(sorted(taken))} 收，映射没有读这一列。",
                    f"“{column}” says “{said}”, but amounts are taken in {', '.join(sorted(taken))}; the mapping does not read that column.",
                ),
                Text(f"在映射里写 money({amount}, {column})", f"Write money({amount}, {column}) in the mapping"),
                Text("币种本来就是这个", "if that is the currency anyway"),
            )
    return None


def price_base_left(table: Table, plan: Plan) -> Question | None:
    """A column that nobody reads says that prices are for many pieces: 价格单位 = 1000."""
    for column in _left(table, plan, _PRICE_BASE) if takes_price_of_one(plan) else ():
        if said := table.first(column, _MANY):
            return Question(
                Text(
                    f"“{column}”里写着“{clip(said, 20)}”，映射把单价当成一个的价收，没有读这一列。",
                    f"“{column}” says “{clip(said, 20)}”; the mapping takes the price for that of one and does not read that column.",
                ),
                Text(
                    f"{column} 是数字的，在映射里写 price_base: number({column})；整列都一样的，除以那个数，如 money(number(单价) / 1000, 币种)",
                    f"Where {column} holds numbers, write price_base: number({column}) in the mapping; where it always says the same, divide by that, "
                    "such as money(number(unit_price) / 1000, currency)",
                ),
                Text("单价就是一个的价", "if it is the price of one"),
            )
    return None


def _left(table: Table, plan: Plan, pattern: re.Pattern[str]) -> list[str]:
    """The columns of the sheet that nobody reads and that are called so."""
    left = [] if table.is_json else unread_columns(plan, table.columns)
    return [one for one in left if one in table.placed and pattern.fullmatch(simplified(half_width(one)).strip())]


def _other(table: Table, column: str, known: Mapping[str, Hashable], taken: Collection[Hashable]) -> str:
    """A value of a column that is known and none of those that are taken; empty for none."""
    others = any_of(word for word, code in known.items() if code not in taken)
    return clip(table.first(column, rf"^\s*(?i:{others})\s*$"), 20)
