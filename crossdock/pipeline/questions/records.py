"""What is asked about rows that are other records than the mapping makes of them: groups of items, customers among suppliers."""

import re

from canonical_model.language import Text
from canonical_model.text import clip
from crossdock.pipeline.questions.question import Question, Table
from mappings.inspection import columns_of_days, columns_of_numbers, unread_columns
from mappings.plan import Plan

_SEVERAL = r"[0-9][^\s、，,;；&+]*\s*(?:[、，,;；&+\n]|\s[/和及与]\s)\s*[^\s、，,;；&+]*[0-9]"
_DIGIT = re.compile(r"\d")
_PARTS = re.compile(r"\s*/\s*|\s+")
_LETTERS_AND_DIGITS = re.compile(r"[^\W\d_].*\d")
_LAST_DIGITS = re.compile(r"\d{4,}$")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d$")
_SHORTEST_PLAIN = 7
"""Digits from which two numbers without letters are no year and its number, nor an order and its line."""
_PAIR = 2
_NEAR = 5
"""How far apart two numbers are that are written as one and its end."""
_MORE = re.compile(
    r"[，。；、]|第\s*\d+\s*[版页]|共\s*\d+\s*页|[（(][^（()）]*(?:版|页|次|作废|共|急)[^（()）]*[)）]\s*$|(?i:\s(?:rev|ver)\b)"
)
_FAR = r"^\s*(?:190[1-9]|19[1-6]\d|198[1-9]|205[1-9]|206\d|207[0-8])\s?[-./年]"
"""Years of which no order or delivery of today is. 1753, 1899, 1900, 1970, 1980, 2050, 2079 and 9999 are how systems write that there is no day, or no end."""
_KIND = re.compile(r"类型|類型|类别|類別|性质|性質|身份|(?i:\b(?:type|kind|role|category)\b)")
_ROLES = {
    "supplier": r"^\s*(?:客户|客戶|顾客|(?i:customers?|clients?|buyers?))\s*$",
    "customer": r"^\s*(?:供[应應]商|供[货貨]商|(?i:suppliers?|vendors?))\s*$",
}
"""Role that a mapping states of each row -> what says that a row has another one."""


def several_numbers(table: Table, plan: Plan) -> Question | None:
    """One cell names several documents: PO-1001、PO-1002, of which one new number would be made."""
    for column in (one for one in columns_of_numbers(plan) if one in table.placed):
        pairs = (one for one in dict.fromkeys(table.start[column].to_pylist()) if _is_pair(one))
        said = table.first(column, _SEVERAL) or next(pairs, "")
        if said:
            shown = clip(" ".join(said.split()), 40)
            return Question(
                Text(
                    f"“{column}”的一格里像是有几个号（“{shown}”），映射会把它们当成一个号。",
                    f"A cell of “{column}” seems to hold several numbers (“{shown}”), which the mapping takes for one.",
                ),
                Text("请对方每张单各填一行", "Have each document put in a row of its own"),
                Text("它就是一个号", "if it is one number"),
            )
    return None


def _is_pair(said: str) -> bool:
    """Whether a value is numbers of one form with strokes or blanks between them: PO-1001/PO-1002, unlike 2026/0305 and PO/12."""
    first, *others = _PARTS.split(said.strip())
    if not others:
        return False
    form, is_plain = _DIGIT.sub("0", first), first.isdecimal()
    if all(_DIGIT.sub("0", one) == form for one in others):
        return len(first) >= _SHORTEST_PLAIN if is_plain else _LETTERS_AND_DIGITS.search(first) is not None
    return len(others) == 1 and not is_plain and "/" in said and _runs_on(first, others[0])


def _runs_on(first: str, other: str) -> bool:
    """Whether the last digits of the next number stand behind a first: PO26030001/02, unlike PO26030001/10 and PO-2026/0305."""
    digits = _LAST_DIGITS.search(first)
    is_end = digits is not None and other.isdecimal() and _PAIR <= len(other) <= len(digits[0])
    return is_end and not _YEAR.search(first) and 0 < int(other) - int(first[-len(other) :]) <= _NEAR


def number_with_more(table: Table, plan: Plan) -> Question | None:
    """Above the table stands more than the number behind its label: 订单号：PO-1（第2版），共3页, all of which would be the number."""
    for column in columns_of_numbers(plan):
        said = table.labels.get(column, ("",))[0]
        is_more = _MORE.search(said) or re.search(_SEVERAL, said) or _is_pair(said)
        if column not in table.placed and column in table.columns and is_more:
            shown = clip(said, 40)
            return Question(
                Text(
                    f"表头上方的“{column}”写着“{shown}”，号后面像是还有别的话，映射会把它们都当成号。",
                    f"Above the table “{column}” says “{shown}”: more than the number, all of which the mapping takes for it.",
                ),
                Text(
                    f"请对方把号单独写；或在映射里取出来，如 split({column}, '，', 1)",
                    f"Have the number written alone, or take it out in the mapping, such as split({column}, '，', 1)",
                ),
                Text("它整个就是号", "if all of it is the number"),
            )
    return None


def groups_among_items(table: Table, plan: Plan) -> Question | None:
    """A row without a unit, whose code begins those of the next two, which have one: 1.01 above 1.01.001, the name of a group."""
    for one in plan.entities:
        read = [one.fields[name].columns for name in ("item_number", "base_unit") if name in one.fields]
        if one.entity.name != "item" or list(map(len, read)) != [1, 1] or not {*read[0], *read[1]} <= set(table.placed):
            continue
        codes, units = (table.start[column].to_pylist() for (column,) in read)
        rows = [(code.strip(), unit.strip()) for code, unit in zip(codes, units, strict=True)]
        for (code, unit), *below in zip(rows, rows[1:], rows[2:], strict=False):
            if code and not unit and all(its and one != code and one.startswith(code) for one, its in below):
                return Question(
                    Text(
                        f"“{code}”没有单位，像是下面“{below[0][0]}”等物料的类别，映射会把它也当成物料。",
                        f"“{code}” has no unit and seems to be the group of “{below[0][0]}” and others; the mapping takes it for an item as well.",
                    ),
                    Text("请对方只导出明细物料", "Have the items alone exported"),
                    Text("它也是物料", "if it is an item"),
                )
    return None


def others_among_parties(table: Table, plan: Plan) -> Question | None:
    """A column that nobody reads says that some of the suppliers are customers."""
    party = plan.spec.entities.get("party")
    role = str(party.fields.get("role", "")) if party else ""
    others = next((pattern for name, pattern in _ROLES.items() if f"'{name}'" in role), "")
    for column in unread_columns(plan, table.columns) if others else ():
        said = table.first(column, others) if column in table.placed and _KIND.search(column) else ""
        if said:
            return Question(
                Text(
                    f"“{column}”里有“{said}”，映射把每一行都当成另一种往来单位。",
                    f"“{column}” says “{said}” of some rows, and the mapping takes all of them for the other kind of party.",
                ),
                Text(
                    f"请对方只发一种；都要的，在映射里写 role: \"code('party_role', {column})\"",
                    f"Have one kind sent alone; for both write role: \"code('party_role', {column})\" in the mapping",
                ),
                Text("都是同一种", "if all are of one kind"),
            )
    return None


def day_far_off(table: Table, plan: Plan) -> Question | None:
    """A day lies decades away: 2062 for 2026."""
    for column in (one for one in columns_of_days(plan) if one in table.placed):
        said = table.first(column, _FAR)
        if said:
            shown = clip(said, 20)
            return Question(
                Text(
                    f"“{column}”里有“{shown}”，年份离现在太远，像是写错了。",
                    f"“{column}” says “{shown}”, a year far from now, which may be a slip.",
                ),
                Text(
                    f'请对方改正；表示没有日期的，在映射里写 unknown: ["{shown}"]',
                    f'Have it corrected; where it says that there is none, write unknown: ["{shown}"] in the mapping',
                ),
                Text("日期没错", "if the day is right"),
            )
    return None
