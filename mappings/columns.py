"""Where an expression finds its columns: in a sheet's header, by its aliases, or in a JSON document by path."""

import re
from collections.abc import Iterable, Mapping, Sequence

from canonical_model.entities import SPECS
from canonical_model.text import half_width, in_two_languages, simplified
from mappings.compiled import quote_name, quote_text
from mappings.functions import NOT_BLANK
from mappings.headers import HeaderReader


def column_name(name: str) -> str:
    """What the source's column `name` is called in the engine.

    Prefixed, so that it never meets a canonical column of the same name; with a mark of its capitals, since DuckDB
    takes `Qty` and `QTY` for one name.
    """
    capitals = sum(1 << place for place, letter in enumerate(name) if letter != letter.lower())
    return f"c{capitals:x}:{name}" if capitals else f"c:{name}"


def source_column(name: str) -> str:
    """The source's column `name` as SQL."""
    return quote_name(column_name(name))


ELEMENT, PARENT = "element", "parent"
"""Inside `each:` the value itself, where the list holds plain ones; and the record around it."""


def json_path(pieces: Sequence[str], *, counts: bool = False) -> str:
    """The DuckDB JSON path of nested names, each quoted; where `counts`, a number is a place in a list, from 0."""
    escaped = (piece.replace("\\", "\\\\").replace('"', '\\"') for piece in pieces)
    return "$" + "".join(f"[{piece}]" if counts and _is_place(piece) else f'."{piece}"' for piece in escaped)


def json_type(column: str) -> str:
    """SQL of what the SQL of a column finds in a document: OBJECT, ARRAY, VARCHAR, …; empty where it reads no document."""
    read = column.replace("json_extract_string(", "json_extract(")
    return f"json_type({read})" if read != column else ""


def _is_place(piece: str) -> bool:
    return piece.isascii() and piece.isdigit() and len(piece) < 7


def normalise_header(name: str) -> str:
    """The form in which headers are compared: half-width, simplified, lower case, without blanks, `*`, `_` and a trailing colon."""
    text = simplified(half_width(name)).lower()
    return "".join(text.split()).replace("*", "").replace("_", "").rstrip(":.").removesuffix("(必填)")


_MEASURED = re.compile(r"[数數量价價额額重长長宽寬高体體积積]")
"""What the names of columns have that hold amounts or measures."""


def _said_twice(header: Sequence[str], headers: HeaderReader) -> Iterable[tuple[str, str]]:
    """(part, column) of headers in two languages, 数量 and Qty of 数量 Qty, where most columns of the sheet have one.

    A single 客户 PO beside Chinese headers is no 客户, and the second part of 金额 USD is no name; that of 批号 Lot is one,
    although a lot is a unit too.
    """
    found = []
    for column in header:
        words = re.sub(r"[(（\[【][^()（）\[\]【】]*[)）\]】]$", "", column) if headers.read(column) else column
        parts = in_two_languages(words)
        if not parts:
            continue
        says_unit = any(headers.read(f"{one}({other})") for one, other in (parts, parts[::-1]))
        if not (says_unit and _MEASURED.search(column)):
            found += [(normalise_header(part), column) for part in parts]
    return found if len(found) > len(header) else ()  # two parts for each of more than half of the columns


_BOTH = re.compile(r"(.+?)\s*[(（/]\s*(.+?)\s*[)）]?")


def _both(header: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    """(one name, another, column) of headers that may say the same twice: 数量(Qty), 批号/Lot No., 批号 Lot."""
    for column in header:
        if found := _BOTH.fullmatch(column.strip()):
            yield normalise_header(found[1]), normalise_header(found[2]), column
        elif parts := in_two_languages(column):
            one, other = parts
            yield normalise_header(one), normalise_header(other), column


_SIGN = re.compile(r"(?<=.)[(\[【/:¥$€£-]")


def _beginnings(column: str) -> Iterable[str]:
    """What may be the name of a column that says more: before a bracket or sign, and before a blank."""
    form = normalise_header(column)
    yield from (form[: sign.start()] for sign in _SIGN.finditer(form))
    first, *more = column.split() or [""]
    if more:
        yield normalise_header(first)


_GROUP = re.compile(r"(.{2,4})(?:信息|资料|情况)")


def _joined(header: Sequence[str]) -> Iterable[tuple[str, str]]:
    """(name, column) of Chinese headers that stood in two rows: 订购数量 of 数量 订购, 物料编码 of 物料信息 编码. Unit Price is no Price Unit."""
    for column in header:
        words = column.split()
        if len(words) == 2 and not column.isascii():
            yield normalise_header("".join(reversed(words))), column
            if group := _GROUP.fullmatch(simplified(words[0])):
                yield normalise_header(group[1] + words[1]), column


_NEUTRAL = re.compile(
    r".+(?:信息|资料|情况|明细|数据|部分|内容)|(?:采购|销售)?订单|物料|产品|商品|货物|存货|采购|基本|订购|订货|价格|价款|库存"
)


_ANSWERS = re.compile(
    r"(?:供应商|供方|供货商|厂[商家]|卖方|乙方)(?:填写|回复|答复|确认|反馈)栏?|(?:填写|回复|答复|反馈)栏"
)
_ANSWER = re.compile(r"(?:确认|回复|答复|承诺|可交).+|备注|说明|原因")
"""供应商填写 over 确认数量; a plain 数量 below it is not that of the order."""


def _lower(header: Sequence[str]) -> Iterable[tuple[str, str]]:
    """(name, column) of headers below a group that adds nothing: 料号 of 物料信息 料号, 采购数量 of 数量 采购数量. 供应商 名称 is no 名称."""
    for column in header:
        upper, _, name = column.partition(" ")
        is_said = _ANSWERS.fullmatch(simplified(upper)) and _ANSWER.fullmatch(simplified(name))
        is_whole = len(name) > len(upper) > 1 and name.endswith(upper)
        if name and " " not in name and (is_said or is_whole or _NEUTRAL.fullmatch(simplified(upper))):
            yield normalise_header(name), column


def _alone(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Name -> column of the names that one column alone goes by."""
    columns: dict[str, set[str]] = {}
    for name, column in pairs:
        columns.setdefault(name, set()).add(column)
    return {name: found.pop() for name, found in columns.items() if len(found) == 1}


_DAY_OR_AMOUNT = r".*(?:交期|纳期|[交到]货(?:日期?|期|时间)|数量|数|量|价|价格|库存)"
_CHANGED = "修正后|更新后|变更后|修改后|修订后|调整后|更改后|改后|减量后|调价后"
_REVISED = re.compile(
    rf"(?:最新|{_CHANGED}|新|现|二次|第二次|再次|再(?=确认|答复|回复)|latest|new|revised|rev\.(?=qty|quantity|price|due|delivery|数|量|交|单价|价))的?(?P<of>.+)"
    rf"|(?:客户|供应商|供方|我方|贵司)?(?:更新|变更|调整|修改|更改|修正|最终|延期|延后|推迟)的?(?P<changed>{_DAY_OR_AMOUNT})"
    r"|(?:实际|折后|折扣后|优惠后|打折后)的?(?P<real>(?:订购|采购|下单|订单)?(?:数量?|量)|.*(?:价|价格)|可交(?:日期|期)|库存(?:数量?|量)?)"
    rf"|(?P<before>.+?)[(\[【](?:[^()\[\]【】]*(?:更新|最新|{_CHANGED}|revised|updated|latest)|改(?=[)\]】]))[^()\[\]【】]*[)\]】]"
    rf"|(?P<bare>.+?)(?:更新|最新|{_CHANGED}|revised|updated|latest)"
)

_UNTIL = re.compile(
    r"(?:再次?|又|二次)?(?:延期?|推迟|改期?|顺延)[至到后]|改期|(?:第?[二三2-3]次|再次?)(?:回复|答复|承诺|确认)|\d{1,2}[-./月]\d{1,2}[日号]?(?:更新|调整|回复|答复)"
)
_PART = re.compile(
    r"(?:追加|增加|减少|取消|扣减|终止|退款)(?P<sum>数量?|量)(?:[(\[].*)?|(?:剩余|其余|余下|第?二批次?)(?P<rest>.*(?:交期|交货(?:日期?|期)))"
    r"|(?P<again>.*(?:交期|纳期|交货(?:日期?|期)|数量))[(\[]?(?:[23二三②③]|第?[二三]批)[)\]]?"
)
_COUNTED = re.compile(r"(?:实盘|盘点|盘存|实点|清点|实存|复盘|复核|复点)后?(?:数量?|量|库存量?)(?:[(\[【].*)?")


def revised(header: str) -> str:
    """Of what `header` says that it is the newer value: 交期 of 变更后交期 and 交期(3/8更新); empty for others, as 更新日期.

    What was counted (实盘数量) is the newer value of the quantity in the books.
    """
    name = normalise_header(header)
    if _COUNTED.fullmatch(name):
        return "数量"
    if _UNTIL.fullmatch(name):
        return "交期"
    found = _REVISED.fullmatch(name)
    return next(filter(None, found.groups()), "") if found else ""


def part_of(header: str) -> str:
    """Of what `header` says a further part: 数量 of 追加数量, 回复交期 of 回复交期2; empty for others."""
    found = _PART.fullmatch(normalise_header(header))
    return next(filter(None, found.groups()), "") if found else ""


_OWNERS = "采购|订购|订货|订单|销售|库存|入库|主|基本|order|purchase|sales|stock"
_NUMBER = re.compile(rf"({_OWNERS})(?:计量)?(?:数量|数|量|qty|quantity)(?:[(\[].*)?")
_UNIT = re.compile(rf"({_OWNERS})(?:计量)?(?:单位|unit|uom)")
"""采购数量 and 采购单位, each with what it is of; 送货单位 and 供货单位 are companies."""


class SheetColumns:
    """Columns of a table with a header.

    Args:
        header: Column names as received.
        aliases: Name used in expressions -> headers that it goes by (the mapping's `columns:`).
        entity: Entity whose declared labels and aliases serve where the mapping says nothing.
        headers: Reads units in headers, so that 数量 finds 数量(箱); None where they are not to be looked at.
    """

    def __init__(
        self,
        header: Sequence[str],
        aliases: Mapping[str, Sequence[str]],
        entity: str,
        headers: HeaderReader | None = None,
    ) -> None:
        self._header = list(header)
        self._by_form = {normalise_header(name): name for name in reversed(self._header)}
        # 数量(箱) beside 数量(个): neither is 数量
        bases = ((column, headers.read(column)) for column in self._header) if headers else ()
        self._by_base = _alone((normalise_header(measure.base), column) for column, measure in bases if measure)
        self._by_joined = _alone(_joined(self._header))
        self._by_lower = _alone(_lower(self._header))
        self._both = list(_both(self._header))
        self._by_part = _alone(_said_twice(self._header, headers)) if headers else {}
        self._aliases = aliases
        self._fields = SPECS[entity].fields

    def find(self, path: tuple[str, ...]) -> tuple[str, str] | None:
        """The column called `path`: letter for letter, by its aliases, without units, in one language of two.

        Where the mapping lists aliases, they come first: `item` is then the mapping's own word, and a header Item may be a line.
        """
        name = ".".join(path)
        if name in self._header and name not in self._aliases:
            return source_column(name), name
        forms = self._forms(name)
        for known in (self._by_form, self._by_base, self._by_joined, self._by_part, self._by_lower):
            for form in forms:
                if form in known:
                    return source_column(known[form]), known[form]
        twice = [column for one, other, column in self._both if one in forms and other in forms]
        return (source_column(twice[0]), twice[0]) if len(twice) == 1 else None

    def _forms(self, name: str) -> list[str]:
        candidates = [name]
        if name in self._aliases:
            candidates = [*self._aliases[name], name]
        elif name in self._fields:
            spec = self._fields[name]
            candidates += [spec.label.zh, spec.label.en, *spec.aliases]
        return [normalise_header(candidate) for candidate in candidates]

    def paired(self, name: str, number: str) -> tuple[str, str] | None:
        """The column of units that is named as the column `number` is: 采购单位 beside 采购数量, also where 单位 is there too."""
        of = _NUMBER.fullmatch(normalise_header(number)) if name in self._aliases else None
        for column in self._header if of else ():
            unit = _UNIT.fullmatch(normalise_header(column))
            if unit and of and unit[1] == of[1]:
                return source_column(column), column
        return None

    def doubtful(self, name: str) -> list[str]:
        """Columns that begin with the name of a column that was not found, and go on with what is not understood: 数量(K)."""
        forms = set(self._forms(name))
        return [column for column in self._header if forms & set(_beginnings(column))]

    def alike(self, word: str) -> set[str]:
        """Columns that go by a name by which `word` goes as well."""
        form = normalise_header(word)
        names = [word, *(name for name in (*self._aliases, *self._fields) if form in self._forms(name))]
        return {column for _, column in filter(None, (self.find((name,)) for name in names))}

    def whole(self, text: str) -> tuple[str, str] | None:
        """The column that the text `text` as a whole names."""
        return self.find((text,))


_SAID = re.compile(r"\s*[(（\[【][^()（）\[\]【】]+[)）\]】]$")


def turned_unit(columns: Sequence[str], headers: HeaderReader) -> str:
    """What all the turned columns say in brackets about their numbers, as (千) of 3月(千) and 4月(千); empty where nothing."""
    said = {found[0].strip() for column in columns if headers.read(column) and (found := _SAID.search(column))}
    return said.pop() if len(said) == 1 and all(map(_SAID.search, columns)) else ""


class TurnedColumns:
    """Columns of a sheet of which some were turned into rows: their header and cell go by names of their own.

    Args:
        sheet: All columns.
        name: What the header is called.
        value: What the cell is called.
        unit: What `turned_unit` gives: it counts as said by the header of the cell.
    """

    def __init__(self, sheet: SheetColumns, name: str, value: str, unit: str = "") -> None:
        self._sheet = sheet
        self._turned = {name: ("_turned.name", name), value: ("_turned.value", value + unit)}

    def find(self, path: tuple[str, ...]) -> tuple[str, str] | None:
        """The header or cell of the turned column, else a column of the sheet."""
        return self._turned.get(".".join(path)) or self._sheet.find(path)

    def whole(self, text: str) -> tuple[str, str] | None:
        """The column that the text `text` as a whole names."""
        return self.find((text,))

    def paired(self, name: str, number: str) -> tuple[str, str] | None:
        """That of the sheet."""
        return self._sheet.paired(name, number)

    def doubtful(self, name: str) -> list[str]:
        """Those of the sheet."""
        return self._sheet.doubtful(name)


def turned_rows(columns: Sequence[str], unit: str) -> str:
    """SQL of the landed rows, once for each of the columns that is filled in; `_at` counts the columns from 1.

    Where they all say a `unit`, it is no part of their names.
    """
    listed = ", ".join(
        f"{{'at': {at}, 'name': {quote_text(column.removesuffix(unit).rstrip())}, 'value': {source_column(column)}}}"
        for at, column in enumerate(columns, start=1)
    )
    cells = f"(SELECT *, unnest([{listed}]) AS _turned FROM source)"
    return f"(SELECT *, CAST(_turned.at AS BIGINT) AS _at FROM {cells} WHERE xd_clean(_turned.value) IS NOT NULL)"


def filled_cells(columns: Sequence[str]) -> str:
    """SQL of the number of cells of the columns that hold anything but blanks."""
    filled = " + ".join(f"count(*) FILTER (regexp_matches({source_column(c)}, '{NOT_BLANK}'))" for c in columns)
    return f"SELECT {filled} FROM source"


class JsonColumns:
    """Paths into a JSON document; a path that a document does not carry is NULL there.

    Args:
        promoted: Columns that stand beside the document (parts of the path pattern).
        nested: True inside `each:`, where names mean the element and `parent.` the document.
    """

    def __init__(self, promoted: Sequence[str], *, nested: bool) -> None:
        self._promoted = set(promoted)
        self._nested = nested

    def find(self, path: tuple[str, ...]) -> tuple[str, str] | None:
        """The text at `path`; numbers keep their received digits. None for `parent` alone.

        A number in the path is a place in a list, from 0; `element` is the element of a list of plain values.
        """
        if len(path) == 1 and path[0] in self._promoted:
            return source_column(path[0]), path[0]
        document, where = ("_element", path) if self._nested else (source_column("json"), path)
        if self._nested and path[0] == PARENT:
            document, where = source_column("json"), path[1:]
        if not all(where) or not where:
            return None
        found = f"json_extract_string({document}, {quote_text(json_path(where))})"
        if any(map(_is_place, where)):
            found = f"coalesce({found}, json_extract_string({document}, {quote_text(json_path(where, counts=True))}))"
        if self._nested and path == (ELEMENT,):
            found = f"coalesce({found}, CASE WHEN json_type(_element) <> 'OBJECT' THEN json_extract_string(_element, '$') END)"
        return found, ".".join(path)

    def whole(self, text: str) -> tuple[str, str] | None:
        """The column beside the document or the plain path that the text `text` as a whole names."""
        path = tuple(text.split("."))
        return self.find(path) if text in self._promoted or all(piece.isidentifier() for piece in path) else None

    def paired(self, name: str, number: str) -> tuple[str, str] | None:
        """Nothing: a path says what it means."""
        del name, number
        return None

    def doubtful(self, name: str) -> list[str]:
        """Nothing, for the same reason."""
        del name
        return []


class AnySheet:
    """A sheet that has every column that is asked for: what an expression reads is seen before there is one."""

    def find(self, path: tuple[str, ...]) -> tuple[str, str] | None:
        """The column by the name that the mapping gives it."""
        name = ".".join(path)
        return source_column(name), name

    def whole(self, text: str) -> tuple[str, str] | None:
        """Nothing: which texts are headers is not known."""
        del text
        return None

    def paired(self, name: str, number: str) -> tuple[str, str] | None:
        """Nothing, for the same reason."""
        del name, number
        return None

    def doubtful(self, name: str) -> list[str]:
        """Nothing, for the same reason."""
        del name
        return []
