"""What a plan reads of a table and what it leaves unread: what is asked about before the table goes in."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from canonical_model.declaration import Kind
from canonical_model.text import simplified
from mappings.columns import SheetColumns, normalise_header, part_of, revised
from mappings.headers import HeaderReader, own_unit
from mappings.plan import PRICE, QUANTITIES, Plan
from mappings.spec import code_table

_PRICED = re.compile(
    r"单价|(?:含税|未税|净|采购|销售|进|售)价|(?:协议|成交|执行|结算|核|定|报|批)价(?:格?$|[(/])|元/|(?i:\bprice\b|^(?:unit |landed |unit landed )?cost$|u/p|\b(?:usd|cny|rmb|eur)/)"
)
_PAST = re.compile(r"上次|历史|最近|参考|(?i:\b(?:last|previous)\b)")
_ITEM = re.compile(
    r"(?:[物材原来用]料|料[件品]?|零[部配]?件|部[件品]|配件|[产商货成]品|(?<![收发送到退提交])货|存货|物资|品目?)(?:编[号码]|代[号码]|编?码|号|番号)$|(?i:\b(?:item|part|material|product|article|sku)\b ?(?:#|no\b|num|code|id\b|$))"
)
_THEIRS = re.compile(r"供应商|厂[商家]|(?i:\b(?:supplier|vendor|manufacturer))")
_DELIVERED = re.compile(
    r"交期|纳期|[交到发出送]货(?:日|时|期)|(?:到厂|进料)(?:日期?$|时间|期$)|(?:期望|希望|预计|计划|最晚)[到交]货(?:日|时|期|$)|(?i:in-?house date)|(?:需求?|要求?|可交)(?:日|时|期)|(?i:\b(?:deliver\w*|ship\w*|arriv\w*|due|promised?|req\w*|need)\b.*\bdate\b|\bet[ad]\b)"
)
_CURRENCY = re.compile(r"(?:币[种别]|货币|currency)$")
_PRICE_UNIT = re.compile(r"(?:价格?|单价|金额)(?:单位)?$")
_FOREIGN = re.compile(r"\W*(?:元/)?(?:美[元金]|港[元币]|欧元|日[元圆]|英镑|(?i:usd|eur|hkd|jpy|gbp)\b)")
_DAYS = frozenset({"ordered_on", "requested_on", "promised_on", "first_promised_on", "shipped_at", "received_at"})
_FREE_TEXTS = frozenset({"remark", "description", "specification", "name", "name_alternative"})
_NUMBER_AND_LINE = 2
_JUDGED = frozenset({"accepted", "rejected"})
"""Quantities that say what was found of another."""
_WRITTEN_UNIT = re.compile(r"\bquantity\(.*,\s*'([^']+)'\s*\)")
_COMPUTED = re.compile(r"[*/]|\bif\(|\bcase\b", re.IGNORECASE)
"""What an expression does to a number, or of two units to choose one."""


def labels_of_keys(plan: Plan, labels: Sequence[str]) -> list[str]:
    """Those of the labels above a table that name a part of a key for which the table has no column."""
    found = []
    for one in plan.entities:
        columns = SheetColumns(labels, plan.spec.columns, one.entity.name)
        texts = plan.spec.entities[one.entity.name].fields
        named = (columns.whole(str(texts[field])) for field in one.absent if field in one.entity.key)
        found += [label for _, label in filter(None, named)]
    return found


def absent_place(plan: Plan) -> str:
    """What a column that says the place in a key would be called, where the table has none; empty where it has, or none is mapped."""
    for one in plan.entities:
        for name in one.absent:
            if name in one.entity.key and one.entity.fields[name].refers_to == "location":
                word = str(plan.spec.entities[one.entity.name].fields[name])
                known = plan.spec.columns.get(word, [word])
                return "仓库" if "仓库" in known else known[0]
    return ""


def uncounted(plan: Plan, header: Sequence[str]) -> bool:
    """Whether of records that are about a quantity none is read, although columns are left over."""
    return bool(unread_columns(plan, header)) and any(
        QUANTITIES & set(plan.spec.entities[one.entity.name].fields)
        and not any(one.entity.fields[name].kind is Kind.QUANTITY for name in set(one.fields) - _JUDGED)
        for one in plan.entities
    )


def unpriced(plan: Plan, header: Sequence[str]) -> list[str]:
    """Columns that nothing is read from and that read like a price, where the plan would take one and takes none."""
    wants = any(
        PRICE in plan.spec.entities[one.entity.name].fields and PRICE not in one.fields for one in plan.entities
    )
    columns = unread_columns(plan, header) if wants else []
    return [one for one in columns if _PRICED.search(simplified(one)) and not _PAST.search(simplified(one))]


def nameless(plan: Plan, header: Sequence[str]) -> list[str]:
    """Columns that nothing is read from and that read like the code of an item, where the plan would take one of each line and takes none."""
    wants = any(
        "item" in plan.spec.entities[one.entity.name].fields and "item" not in one.fields and one.entity.parent
        for one in plan.entities
        if one.entity.name != "order_response_line"  # which is told by the order's line
    )
    columns = unread_columns(plan, header) if wants else []
    return [one for one in columns if _ITEM.search(simplified(one)) and not _THEIRS.search(simplified(one))]


def undated(plan: Plan, header: Sequence[str]) -> list[str]:
    """Columns that nothing is read from and that read like the day of delivery, where the plan would take one and takes none."""
    wants = any(
        name in plan.spec.entities[one.entity.name].fields and name not in one.fields
        for one in plan.entities
        for name in ("requested_on", "promised_on")
    )
    columns = unread_columns(plan, header) if wants else []
    return [one for one in columns if _DELIVERED.search(simplified(one)) or _DELIVERED.search(_closed_up(one))]


def _closed_up(column: str) -> str:
    """A name of a column without what spreads it out: 交货日期 of 交货（日期）."""
    return re.sub(r"[\s()（）]+", "", simplified(column))


def takes_price_of_one(plan: Plan) -> bool:
    """Whether a price is read just as its column says it, and for no other number of pieces than one."""
    return any(
        name in one.fields and one.fields[name].header and "price_base" not in one.fields
        for one in plan.entities
        for name in (PRICE, "price")
    )


def counted_columns(plan: Plan) -> list[str]:
    """Columns from which quantities are read without which a record says little, each once."""
    columns = (one.fields[name].column for one in plan.entities for name in one.fields if name in QUANTITIES)
    return list(dict.fromkeys(filter(None, columns)))


def columns_of(plan: Plan, kind: Kind) -> list[str]:
    """Columns from which fields of a kind are read, each once."""
    fields = ((one.fields[name], one.entity.fields[name]) for one in plan.entities for name in one.fields)
    return list(dict.fromkeys(column for field, spec in fields if spec.kind is kind for column in field.columns))


@dataclass(frozen=True, slots=True)
class Units:
    """Units of the numbers that a plan reads, each as (code, factor).

    Attributes:
        written: Unit -> the column whose numbers the mapping takes to be in it, though no header or cell says so.
        named: Those in headers of columns that it reads.
        is_whole: Whether all quantities are in units that the mapping writes.
        spellings: Spelling in lower case -> unit.
    """

    written: Mapping[tuple[str, str], str]
    named: Collection[tuple[str, str]]
    is_whole: bool
    spellings: Mapping[str, tuple[str, str]]


def units_of(plan: Plan) -> Units:
    """The units of the numbers that are read as they stand: kg of quantity(净重, 'kg') and of gross_weight_kg."""
    headers, spellings = HeaderReader(plan.spec), code_table(plan.spec, "unit", "unit")[1]
    written: dict[tuple[str, str], str] = {}
    named, is_whole = set(), True
    for one in plan.entities:
        texts = plan.spec.entities[one.entity.name].fields
        for name, compiled in one.fields.items():
            text = str(texts.get(name, ""))
            is_quantity = one.entity.fields[name].kind is Kind.QUANTITY
            own = own_unit(name) if compiled.header else ""
            if not compiled.columns or not (is_quantity or own):
                continue
            measure = headers.read(compiled.column)
            if measure and measure.unit:
                named.add(spellings[measure.unit])
                continue
            found = _WRITTEN_UNIT.search(text) if is_quantity else None
            unit = spellings.get(found[1].strip().lower()) if found else (own, "1") if own else None
            is_whole = is_whole and not (is_quantity and unit is None)
            if unit and not _COMPUTED.search(text):
                written.setdefault(unit, compiled.column)
    return Units(written, named, is_whole, spellings)


def plain_amounts(plan: Plan) -> list[str]:
    """Columns of which amounts are read just as they stand, and of which the header names no power of ten."""
    headers, found = HeaderReader(plan.spec), []
    for one in plan.entities:
        texts = plan.spec.entities[one.entity.name].fields
        for name, compiled in one.fields.items():
            is_plain = not _COMPUTED.search(str(texts.get(name, "")))
            if one.entity.fields[name].kind is Kind.MONEY and compiled.columns and is_plain:
                measure = headers.read(compiled.column)
                found += [compiled.column] if measure is None or measure.factor == 1 else []
    return list(dict.fromkeys(found))


def currency_above(plan: Plan, labels: Mapping[str, Sequence[str]], columns: Sequence[str]) -> str:
    """The label above a table that says the currency of its amounts, where the table itself does not; empty for none."""
    headers = HeaderReader(plan.spec)
    money = [one for entity in plan.entities for one in entity.fields.values() if one.kind is Kind.MONEY]
    is_told = any(len(one.columns) > 1 or getattr(headers.read(one.header), "currency", "") for one in money)
    said = (
        label
        for label, values in labels.items()
        if (label not in columns and _CURRENCY.search(normalise_header(label)))
        or (_PRICE_UNIT.search(normalise_header(label)) and any(map(_FOREIGN.match, values)))
    )
    return next(said, "") if money and not is_told else ""


def revised_columns(plan: Plan, header: Sequence[str]) -> list[tuple[str, str]]:
    """(column, newer): columns that are read although another says that it is what they became, which is not."""
    return _beside(plan, header, revised)


def parts_of_columns(plan: Plan, header: Sequence[str]) -> list[tuple[str, str]]:
    """(column, part): columns that are read although another, which is not, holds a part of what they say."""
    return _beside(plan, header, part_of)


def _beside(plan: Plan, header: Sequence[str], of: Callable[[str], str]) -> list[tuple[str, str]]:
    """(column, other): columns that are read, and one that is not and belongs to them, as `of` tells of its name."""
    unread = unread_columns(plan, header)
    others = [(column, word) for column in unread if (word := of(column))]
    sheets = [SheetColumns(header, plan.spec.columns, one.entity.name) for one in plan.entities] if others else []
    read = [column for column in header if column not in unread]
    found = []
    for column, word in others:
        alike = sorted({old for sheet in sheets for old in sheet.alike(word)} & set(read))
        # 调整后数量 beside 答复数量: of the order or of the answer
        kin = [old for old in read if len(word) > 1 and normalise_header(old).endswith(word)]
        found += [(old, column) for old in alike or kin]
    return found


def other_names(plan: Plan, header: Sequence[str]) -> list[tuple[str, list[str]]]:
    """(column, others): columns that are read, and those that are not although the mapping knows them by the same name."""
    unread = set(unread_columns(plan, header))
    found = []
    for field, names in plan.spec.columns.items():
        if field in _FREE_TEXTS:
            continue
        forms = set(map(normalise_header, names))
        known = [column for column in header if normalise_header(column) in forms]
        read = [column for column in known if column not in unread]
        if read and len(read) < len(known):
            found.append((read[0], [column for column in known if column in unread]))
    return found


def columns_of_places(plan: Plan) -> list[str]:
    """Columns that alone say a part of a key which may be empty and names a place or owner, such as the warehouse of stock."""
    return [
        column
        for one in plan.entities
        for name, compiled in one.fields.items()
        if name in one.entity.key
        and not one.entity.fields[name].is_required
        and one.entity.fields[name].kind is Kind.REF
        and len(compiled.columns) == 1
        for column in compiled.columns
    ]


def columns_of_documents(plan: Plan) -> list[str]:
    """Columns that alone say the number of the document to which a line belongs, each once."""
    found = [
        compiled.columns
        for one in plan.entities
        for name, compiled in one.fields.items()
        if name in one.entity.parent_key
    ]
    return list(dict.fromkeys(columns[0] for columns in found if len(columns) == 1))


def columns_of_lines(plan: Plan) -> list[tuple[str, str]]:
    """(number of the document, number of the line): the columns that alone say them, of lines without a key of their own."""
    found = []
    for one in plan.entities:
        parts = [one.fields[name].columns for name in one.entity.key if name in one.fields]
        is_plain = "line_number" in one.entity.key[-1:] and not one.own_key and not one.turned and not one.each
        if is_plain and len(parts) == _NUMBER_AND_LINE and all(len(columns) == 1 for columns in parts):
            found.append((parts[0][0], parts[1][0]))
    return found


def columns_of_codes(plan: Plan) -> list[str]:
    """Columns that give a part of a key or a reference just as they stand, each once."""
    columns = [
        compiled.header
        for one in plan.entities
        for name, compiled in one.fields.items()
        if compiled.header and (name in one.entity.key or one.entity.fields[name].kind is Kind.REF)
    ]
    return list(dict.fromkeys(columns))


def columns_of_numbers(plan: Plan) -> list[str]:
    """Columns that give the number of a document, its own or an order's, just as it stands, each once."""
    columns = [
        compiled.header
        for one in plan.entities
        for name, compiled in one.fields.items()
        if compiled.header and (name in one.entity.parent_key[:1] or name == "order_number")
    ]
    return list(dict.fromkeys(columns))


def columns_of_days(plan: Plan) -> list[str]:
    """Columns from which days of orders and deliveries are read, each once."""
    columns = [
        column
        for one in plan.entities
        for name, compiled in one.fields.items()
        if name in _DAYS and len(compiled.columns) == 1
        for column in compiled.columns
    ]
    return list(dict.fromkeys(columns))


def unread_columns(plan: Plan, header: Sequence[str]) -> list[str]:
    """Columns of the header from which the plan reads nothing."""
    read = {column for one in plan.entities for column in (*one.columns, *one.turned)}
    read |= set(plan.version.columns) if plan.version else set()
    return [] if plan.is_json else [column for column in header if column not in read]
