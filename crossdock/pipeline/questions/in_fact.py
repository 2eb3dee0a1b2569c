"""What is asked where a plain quantity is read and a column that nobody reads says how many moved in fact: 本次收货 beside 数量."""

import re
from collections.abc import Iterator
from decimal import Decimal

from canonical_model.language import Text
from canonical_model.text import half_width, simplified
from crossdock.pipeline.questions.question import Question, Table
from mappings.inspection import counted_columns, unread_columns
from mappings.plan import Plan

_AMOUNT = r"(?:数量?|量)?"
_SIGN = r"(?:[(\[【][^()\[\]【】]*[)\]】])?"
"""The unit behind a name: 本次收货(个)."""
_THIS_TIME = r"(?:本次|本单|本批|此次|当次|实际|实|已)?"
_RECEIVED = rf"{_THIS_TIME}(?:收货|收料|签收|点收|到货|到料|入库|验收|收|到){_AMOUNT}|(?i:(?:qty |quantity )?(?:actual(?:ly)? )?received(?: qty| quantity)?)"
_SHIPPED = rf"{_THIS_TIME}(?:送货|出货|交货|发货|出库|发运|送|发|出){_AMOUNT}|(?i:(?:qty |quantity )?(?:actual(?:ly)? )?(?:shipped|delivered)(?: qty| quantity)?)"
_ORDERED = (
    rf"(?:本次|此次|实际)?(?:订购|采购|订货|下单|要货){_AMOUNT}|(?i:(?:qty |quantity )?ordered(?: qty| quantity)?)"
)
_COUNTED = rf"实际?(?:盘点|盘存|清点|点数?|盘|存){_AMOUNT}|(?:盘点|盘存|清点){_AMOUNT}|实际(?:数量?|库存)|(?i:(?:physical|actual) count|counted(?: qty| quantity)?)"
_MOVED = {
    "goods_receipt_line": _RECEIVED,
    "shipment_line": _SHIPPED,
    "purchase_order_line": _ORDERED,
    "sales_order_line": _ORDERED,
    "inventory_balance": _COUNTED,
}
"""Entity -> what a column is called that says how many there were in fact."""
_PLAIN = re.compile(
    rf"(?:总|主|合计|未送|未交|应[收发送])?(?:数量?|量)(?:合计)?{_SIGN}|(?i:(?:total )?(?:qty|quantity|q'ty)){_SIGN}"
)
"""What a quantity is called that does not say whether it moved."""
_OF_BOOKS = re.compile(
    rf"(?:账面?|系统|当前|现有?)?(?:库存|结存|存)(?:数量?|量)?{_SIGN}|(?:账面|系统)(?:数量?|量)?{_SIGN}"
    r"|(?i:(?:system|book) (?:qty|quantity|stock)|on[- ]hand(?: (?:qty|quantity))?)"
)
_NUMBER = re.compile(
    r"(?!\s*20\d\d[01]\d[0-3]\d\s*$)\s*(-?[0-9][0-9,]*(?:\.[0-9]+)?|-?\.[0-9]+)\s*[^\s\d/.:年月日-]{0,4}\s*"
)
"""20260305 is a day."""
_NEVER = r"[^\s\S]"


def in_fact(table: Table, plan: Plan) -> Question | None:
    """The question where the plain quantity and that which moved are not the same in each row."""
    for read, moved in _pairs(table, plan):
        if _differ(table, read, moved):
            return Question(
                Text(
                    f"“{moved}”像是实际的数，有的行和“{read}”不一样，映射只读“{read}”。",
                    f"“{moved}” reads like how many there were in fact, which is not what “{read}” says in some rows, and the "
                    f"mapping reads “{read}” alone.",
                ),
                Text(
                    f"要按“{moved}”收的，在映射的 columns: 里把它写在数量那一项的最前面",
                    f"To take it by “{moved}”, put that name first in the list of the quantity under columns: of the mapping",
                ),
                Text(f"“{read}”就是实际的数", f"if “{read}” is how many there were"),
            )
    return None


def _pairs(table: Table, plan: Plan) -> Iterator[tuple[str, str]]:
    """(column, other): quantities that are read and do not say that they moved, and one that does and is not read."""
    names = "|".join({_MOVED[one.entity.name]: None for one in plan.entities if one.entity.name in _MOVED})
    if not names:
        return
    has_stock = any(one.entity.name == "inventory_balance" for one in plan.entities)
    plain = [one for one in counted_columns(plan) if _is_plain(one, has_stock=has_stock)]
    others = re.compile(rf"(?:{names}){_SIGN}")
    for moved in unread_columns(plan, table.columns) if plain else ():
        if others.fullmatch(_form(moved)):
            yield plain[0], moved


def _is_plain(column: str, *, has_stock: bool) -> bool:
    form = _form(column)
    return _PLAIN.fullmatch(form) is not None or (has_stock and _OF_BOOKS.fullmatch(form) is not None)


def _form(column: str) -> str:
    return simplified(half_width(column)).replace("_", " ")


def _differ(table: Table, read: str, moved: str) -> bool:
    """Whether a column of numbers is not what the other says in some row, a blank being 0; one that is blank throughout is no such column."""
    is_filled = is_other = False
    for text, books in table.where(moved, "", but=_NEVER, beside=[read]):
        said, other = _number(text), _number(books)
        if said is None:
            return False
        is_filled = is_filled or _filled(text)
        is_other = is_other or (other is not None and said != other)
    return is_filled and is_other


def _filled(text: str | None) -> bool:
    return (text or "").strip() not in {"", "-", "/"}


def _number(text: str | None) -> Decimal | None:
    """The number of a text, 0 for a blank, None for what is no number."""
    if text is None or not _filled(text):
        return Decimal()
    found = _NUMBER.fullmatch(half_width(text))
    return Decimal(found[1].replace(",", "")) if found else None
