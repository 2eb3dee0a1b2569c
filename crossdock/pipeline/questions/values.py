"""What is asked about the values of a table: blanks below a value, totals beside their parts, codes that are no codes."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from canonical_model.language import Text
from canonical_model.text import clip, half_width, simplified
from connectors.formats.cells import decimals, letters_of, position_of
from crossdock.pipeline.questions.question import LOOKED_AT, Question, Table
from mappings.inspection import (
    columns_of_codes,
    columns_of_documents,
    columns_of_lines,
    columns_of_places,
    counted_columns,
    other_names,
    unread_columns,
)
from mappings.plan import Plan

_DECIMAL = re.compile(r"[0-9]+\.0")
_COUNTS = re.compile(r"\W*(?:[序行项][号次]?|明细\.序号|分录号|(?i:no|line(?: ?no)?|row(?: ?no)?|s/?n|item|pos))\W*")
"""What a column that counts the rows of a sheet is called."""
_FEWEST_RUNNING, _MOST_RUNNING = 3, 200
"""Rows of which the numbers are looked at."""
_PAIR = 2
_QUANTITY = re.compile(r"数量|數量|数$|量$|(?i:\bq(?:uanti)?ty\b)")
_TOTAL = re.compile(r"[合总小共]计|汇总|^\s*全[仓部]\s*$|(?i:\b(?:sub|grand)?[ _-]?total\b)")
_SUM = r"^\s*(?:[小合總总共]\s*[计計]|(?i:(?:sub|grand)?[ -]?total))\s*$"
_NOWHERE = re.compile(r"^(?:[-—–/\\]+|(?i:n/?a|none|all|total)|(?:全部|所有|合计|小计|总计).*|总[仓库]|公司)$")
"""What stands in the place of a warehouse or lot and names none."""
_ALL = r"^\s*(?:全[仓倉部]|所有|(?i:all))\s*$"
_NAME = re.compile(r"名$|名称|品名|摘要|(?i:\bname\b)")
_STOCK_KEY = ("item", "location", "bin", "lot")
_FEWEST_SUMMED = 3
"""Columns, and rows of them, of which a sum is no chance."""


def written_once(table: Table, plan: Plan) -> Question | None:
    """The warehouse, or the number of the document, stands on the first row of each group alone: the blanks may mean the same or none."""
    numbers = columns_of_documents(plan)
    for column in (one for one in (*columns_of_places(plan), *numbers) if one in table.placed):
        if _is_whole(table.start[column]):
            continue  # the second row of a group would be blank
        values = pc.utf8_trim_whitespace(table.column(column))
        filled = values.filter(pc.not_equal(values, ""))
        is_whole = len(filled) in {0, len(values)}
        if is_whole or not values[0].as_py() or pc.count_distinct(filled).as_py() < len(filled):
            continue
        if column in numbers and 2 * len(filled) > len(values):
            continue  # a number that was forgotten
        shown = clip(filled[0].as_py(), 20)
        return Question(
            Text(
                f"“{column}”只在每组的第一行写了（如“{shown}”），下面的格子空着，不知道是不是同上。",
                f"“{column}” is written on the first row of each group alone (“{shown}”) and blank below, which may mean "
                "the same or none.",
            ),
            Text(
                f"是同上：在数据流的 config 里写 same_as_above: [{column}]",
                f"If the same: write same_as_above: [{column}] under config of the stream",
            ),
            Text("就是没有", "if none"),
        )
    return None


def _is_whole(values: pa.Array) -> bool:
    """Whether all values are filled in, or none is."""
    blank = pc.sum(pc.equal(pc.utf8_trim_whitespace(values), "")).as_py() or 0
    return blank in {0, len(values)}


def list_apart(table: Table, plan: Plan) -> Question | None:
    """The last column stands behind an empty one and is filled in its first rows alone: a list of what may be chosen."""
    places = sorted((position_of(letters), name) for name, letters in table.placed.items() if letters)
    if len(places) < _PAIR or places[-1][0] - places[-2][0] < _PAIR or table.is_json:
        return None
    column = places[-1][1]
    if column in unread_columns(plan, table.columns):
        return None
    texts = [text.strip() for text in table.start[column].to_pylist()]
    filled = [text for text in texts if text]
    is_list = _PAIR <= len(filled) < len(texts) and texts[: len(filled)] == filled and len(set(filled)) == len(filled)
    if not is_list or len(_filled(table.column(column))) > len(filled):
        return None
    shown = clip("、".join(filled), 20)
    return Question(
        Text(
            f"“{column}”和前面的表隔着空列，只有头几行有内容（{shown}），像是放在旁边的一份名单，不是各行的内容。",
            f"“{column}” stands apart from the table and is filled in its first rows alone ({shown}), as a list beside it is.",
        ),
        Text(
            f"在数据流的 config 里写 area: A:{letters_of(places[-2][0])}，就不读它",
            f"Write area: A:{letters_of(places[-2][0])} under config of the stream, which leaves it out",
        ),
        Text("确实是各行的内容", "if it does belong to the rows"),
    )


def total_among(table: Table, plan: Plan) -> Question | None:
    """A column that becomes rows, and that the mapping does not name, is a total: so called, or the sum of the others."""
    for one in plan.entities:
        unpivot = plan.spec.entities[one.entity.name].unpivot
        if unpivot is None:
            continue
        matched = [column for column in one.turned if column not in unpivot.columns]
        called = next((column for column in matched if _TOTAL.search(simplified(column))), "")
        column = called or _sum_of_others(table, one.turned, matched)
        if column:
            others = ", ".join(other for other in one.turned if other != column)
            seen = (
                Text("看名字是合计", "is called a total")
                if called
                else Text(
                    "每一行都等于其他各列之和，像是合计", "is the sum of the other columns in each row, as a total is"
                )
            )
            return Question(
                Text(
                    f"“{column}”{seen.zh}；收进去，同样的数量就记了两次。",
                    f"“{column}” {seen.en}; taken in, the same quantity counts twice.",
                ),
                Text(
                    f"在映射的 unpivot 里把要的列一一写出：columns: [{others}]",
                    f"Name the columns that are wanted one by one under unpivot in the mapping: columns: [{others}]",
                ),
                Text("它确实是单独的一项", "if it is an item of its own"),
            )
    return None


def total_left(table: Table, plan: Plan) -> Question | None:
    """A row says in the place of a warehouse, or in a name that nobody reads, that it is a total: ALL, 小计."""
    named = [one for one in unread_columns(plan, table.columns) if _NAME.search(simplified(one))]
    asked = dict.fromkeys(named, _SUM) | dict.fromkeys(columns_of_places(plan), f"{_SUM}|{_ALL}")
    for column, pattern in asked.items():
        if column in table.placed and (said := table.first(column, pattern)):
            return Question(
                Text(
                    f"“{column}”里有“{said}”，像是合计的行；收进去，同样的数量就记了两次。",
                    f"“{column}” says “{said}”, as the row of a total does; taken in, the same quantity counts twice.",
                ),
                Text("请对方去掉合计的行再发", "Have the rows of totals left out"),
                Text("它不是合计", "if it is none"),
            )
    return None


def total_of_lots(table: Table, plan: Plan) -> Question | None:
    """Rows of stock without a lot or warehouse hold the sum of the same item's rows that have one, wherever there are both."""
    for one in plan.entities:
        read = {name: one.fields[name].column for name in (*_STOCK_KEY, "on_hand") if name in one.fields}
        placed = [read[name] for name in _STOCK_KEY if read.get(name) in table.placed]
        columns = [column for column in placed if any(map(str.strip, table.start[column].to_pylist()))]
        counted = read.get("on_hand")
        is_whole = one.entity.name == "inventory_balance" and counted in table.placed and len(columns) >= _PAIR
        if not is_whole or columns[0] != read.get("item"):
            continue
        quantities = decimals(_dashed(table.start[counted]))
        if not quantities:
            continue
        texts = ([_NOWHERE.sub("", text.strip()) for text in table.start[column].to_pylist()] for column in columns)
        keys = zip(*texts, strict=True)
        of_item: defaultdict[str, list[tuple[tuple[str, ...], Decimal]]] = defaultdict(list)
        for key, quantity in zip(keys, quantities, strict=True):
            of_item[key[0]].append((key, quantity))
        if len(quantities) == LOOKED_AT:
            of_item.pop(table.start[columns[0]][-1].as_py().strip())  # its rows may go on
        sums = [found for rows in of_item.values() for found in _sums_of_rows(rows)]
        many = next((item for item, count, _ in sums if count >= _PAIR), "")
        if many and all(is_sum for *_, is_sum in sums):
            shown = clip(many, 20)
            return Question(
                Text(
                    f"“{shown}”有一行没写仓库或批号，数量正好是它其他行之和，像是合计；收进去，同样的库存就记了两次。",
                    f"A row of “{shown}” without a warehouse or lot holds just the sum of its other rows, as a total does; taken in, "
                    "the same stock counts twice.",
                ),
                Text("请对方去掉合计的行再发", "Have the rows of totals left out"),
                Text("它不是合计", "if it is none"),
            )
    return None


def _sums_of_rows(rows: Sequence[tuple[tuple[str, ...], Decimal]]) -> Iterator[tuple[str, int, bool]]:
    """Of each row of an item with a part of its key blank that others fill: the item, how many of these are not 0, whether it is their sum."""
    placed = [(key, quantity) for key, quantity in rows if any(key[1:])]
    for key, quantity in (one for one in rows if not all(one[0])):
        others = [
            other
            for more, other in placed
            if all(mine == its if mine else its for mine, its in zip(key, more, strict=True))
        ]
        if others:
            yield key[0], sum(map(bool, others)) if quantity else 0, sum(others) == quantity


def _sum_of_others(table: Table, turned: Sequence[str], matched: Collection[str]) -> str:
    """The first or last of the columns `turned`, if `matched`, that is the sum of the others in each row: 总仓; empty for none."""
    ends = [column for column in turned[:: max(1, len(turned) - 1)] if column in matched]
    columns = {name: decimals(_dashed(table.start[name])) for name in turned} if ends else {}
    numbers = {name: values for name, values in columns.items() if values}  # 默认仓库 may be one of "*仓*"
    rows = [row for row in zip(*numbers.values(), strict=True) if any(row)]
    # that two sums of three other columns come out by chance is as unlikely as three of two
    is_much = len(numbers) >= _FEWEST_SUMMED and len(rows) + len(numbers) >= 2 * _FEWEST_SUMMED and len(rows) > 1
    if not is_much or not any(sum(map(bool, row)) >= _FEWEST_SUMMED for row in rows):
        return ""
    places = [(end, list(numbers).index(end)) for end in ends if end in numbers]
    return next((end for end, at in places if all(2 * row[at] == sum(row) for row in rows)), "")


def _dashed(texts: pa.Array) -> list[str]:
    """The texts of a column, a dash being a blank."""
    return ["" if text is None or text.strip() == "-" else text for text in texts.to_pylist()]


def running_numbers(table: Table, plan: Plan) -> Question | None:
    """Line numbers run on from one document to the next: they count the rows of the sheet, and are others in the next one."""
    for number, line in columns_of_lines(plan):
        if not {number, line} <= set(table.placed) or not _COUNTS.fullmatch(simplified(line)):
            continue  # an id that a database gives runs on and stays
        start = table.start.slice(0, _MOST_RUNNING)
        numbers = map(half_width, start[number].to_pylist())
        rows = list(zip(numbers, start[line].to_pylist(), strict=True))
        if len(rows) < _FEWEST_RUNNING or not all(one.strip().isdecimal() for _, one in rows):
            continue
        lines = [int(one) for _, one in rows]
        begun = next((at for at in range(1, len(rows)) if rows[at][0] != rows[at - 1][0]), 0)
        if begun and lines == list(range(lines[0], lines[0] + len(lines))):
            document = clip(rows[begun][0], 20)
            return Question(
                Text(
                    f"“{line}”在几张单之间连着往下数（{document} 从 {lines[begun]} 开始），像是表的序号，不是单里的行号；下次少一张单，同一行的号就变了。",
                    f"“{line}” runs on from one document to the next ({document} begins with {lines[begun]}), as if it counted the rows "
                    "of the sheet; with a document less, the same line has another number.",
                ),
                Text(
                    "请对方加上单里的行号；没有行号的，在映射里用每单只出现一次的列当行号，如 line_number: 料号",
                    "Have the line number of the document added; where there is none, let the mapping take a column that each document "
                    "has once, such as line_number: item",
                ),
                Text("确实是行号", "if it is the line number"),
            )
    return None


def blank_column(table: Table, plan: Plan) -> Question | None:
    """A column that is read is blank throughout, and another of the same name, or a quantity, which is not read, is filled."""
    unread = unread_columns(plan, table.columns)
    counted = [one for one in counted_columns(plan) if one in table.placed]
    quantities = [one for one in unread if _QUANTITY.search(one)]
    pairs = other_names(plan, table.columns)
    if counted and quantities and all(map(table.is_blank, counted)):
        pairs.append((counted[0], quantities))
    for column, others in pairs:
        beside = [one for one in others if one in table.placed]
        if column not in table.placed or not beside or not table.is_blank(column):
            continue
        other = next((one for one in beside if table.first(one, r"[1-9\pL]")), None)
        if other is not None:
            return Question(
                Text(
                    f"“{column}”整列都空着，“{other}”里有内容，映射没有读它。",
                    f"“{column}” is blank throughout, and “{other}”, which the mapping does not read, is filled.",
                ),
                Text(f"是这一列的话，在映射里改读“{other}”", f"If that is the one, let the mapping read “{other}”"),
                Text("空着就是没有", "if there is none"),
            )
    return None


def codes_as_decimals(table: Table, plan: Plan) -> Question | None:
    """All codes of a column end in `.0`, as a program writes them that takes them for numbers: 4500001.0."""
    columns = [one for one in columns_of_codes(plan) if one in table.placed]
    if not columns or table.is_json:
        return None
    for name in (one for one in columns if _are_decimals(_filled(table.start[one]))):  # few have to be read whole
        filled = _filled(table.column(name))
        if not len(filled) or not _are_decimals(filled):
            continue
        shown, code = clip(filled[0].as_py(), 20), clip(filled[0].as_py()[:-2], 20)
        return Question(
            Text(
                f"“{name}”里的编号都以 .0 结尾（如“{shown}”），像是导出程序把编号当成了小数，和“{code}”对不上。",
                f"All codes in “{name}” end in .0 (“{shown}”), as if a program had exported them as decimals; they would not be "
                f"the same as “{code}”.",
            ),
            Text(
                f"请让对方按文本导出再发，或在映射里写 split({name}, '.', 1)",
                f"Have them exported as text and sent again, or write split({name}, '.', 1) in the mapping",
            ),
            Text("编号确实带 .0", "if the codes do end so"),
        )
    return None


def _filled(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return values.filter(pc.not_equal(values, ""))


def _are_decimals(values: pa.Array | pa.ChunkedArray) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, f"^{_DECIMAL.pattern}$"), min_count=0).as_py())
