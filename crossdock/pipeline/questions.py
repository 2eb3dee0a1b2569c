"""What is asked before a table goes in: what tells its records apart may not be in each row, or its codes may be no codes."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from canonical_model.language import Text
from canonical_model.text import clip, simplified
from connectors.formats.cells import decimals
from connectors.formats.labels import names_place
from mappings.plan import (
    Plan,
    absent_place,
    columns_of_codes,
    columns_of_places,
    currency_above,
    labels_of_keys,
    revised_columns,
    uncounted,
    undated,
    unpriced,
    unread_columns,
)

_PLACE = re.compile(
    r".*[^\s仓分总各全](?:仓库?|库房|库区)(?:库?存(?:表|明细|清单)?)?|(?i:(?:wh|warehouse)[-_ ]?\d\w*|\w+ warehouse)|.*(?:分|中心|总)仓"
)
"""Sheets called 上海仓, 原材料仓库存 or WH01; 仓库, 库存表 and 全仓 name no place."""
_DECIMAL = re.compile(r"[0-9]+\.0")
_LOOKED_AT = 1_000
"""Rows of which the first values are looked at."""
_SHOWN = 8
_FEWEST_SUMMED = 3
"""Columns, and rows of them, of which a sum is no chance."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was read from a file.

    Attributes:
        sheet: Name of its sheet; empty for text.
        columns: Its columns, without the parts of the path.
        labels: What stands above it: label -> its values.
        placed: Columns that stand in the sheet.
        is_json: Whether it is a list of documents.
        rows: Gives the Parquet file of its rows.
    """

    sheet: str
    columns: Sequence[str]
    labels: Mapping[str, Sequence[str]]
    placed: Collection[str]
    is_json: bool
    rows: Callable[[], Path]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        fact: What was seen and why it matters: whole sentences.
        remedy: What to do where it does matter.
        otherwise: The case in which it does not.
    """

    fact: Text
    remedy: Text
    otherwise: Text

    def for_run(self, run: int) -> Text:
        """The question with the ways on from a run that it stopped."""
        return Text(
            f"{self.fact.zh}{self.remedy.zh}；{self.otherwise.zh}：crossdock run approve {run}；"
            f"文件有误：crossdock run discard {run}。",
            f"{self.fact.en} {self.remedy.en}; {self.otherwise.en}: crossdock run approve {run}; "
            f"if the file is wrong: crossdock run discard {run}.",
        )


def question_about(table: Table, plan: Plan) -> Question | None:
    """The first question that the table leaves open under the plan; None where there is none."""
    asked = (ask(table, plan) for ask in _QUESTIONS)
    return next(filter(None, asked), None)


def _above_the_table(table: Table, plan: Plan) -> Question | None:
    """A part of the key stands above the table alone: 仓库：上海仓, of which the stock would be lost."""
    named = labels_of_keys(plan, list(table.labels))
    if not named:
        return None
    label, values = named[0], " / ".join(table.labels[named[0]])
    return Question(
        Text(
            f"表头上方写着“{label}：{values}”，表里没有这一列；不读它，别的{label}的记录会和这些混在一起。",
            f"Above the table stands “{label}: {values}”, and no column says it; left unread, records of another {label} would "
            "mix with these.",
        ),
        Text(
            f"在数据流的 config 里写 labels: [{label}]，它就成为一列",
            f"Write labels: [{label}] under config of the stream, which makes it a column",
        ),
        Text("确实不用", "if it does not matter"),
    )


def _currency_above(table: Table, plan: Plan) -> Question | None:
    """The currency of the amounts stands above the table alone."""
    label = "" if table.is_json else currency_above(plan, list(table.labels), table.columns)
    if not label:
        return None
    value = clip(" / ".join(table.labels[label]), 20)
    return Question(
        Text(
            f"表头上方写着“{label}：{value}”，表里没有币种列，金额会按别处说的币种收。",
            f"Above the table stands “{label}: {value}”, and no column says the currency, which is taken from elsewhere.",
        ),
        Text(
            f"在数据流的 config 里写 labels: [{label}]，它就成为一列，由映射当币种读",
            f"Write labels: [{label}] under config of the stream, which makes it a column, and read that as the currency",
        ),
        Text("币种本来就是这个", "if that is the currency anyway"),
    )


def _sheet_of_a_place(table: Table, plan: Plan) -> Question | None:
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


def _title_of_a_place(table: Table, plan: Plan) -> Question | None:
    """The title above the table names a warehouse, which no column says: 上海仓2026年3月库存明细."""
    place = absent_place(plan)
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


def _written_once(table: Table, plan: Plan) -> Question | None:
    """The warehouse stands on the first row of each group alone: the blanks may mean the same or none."""
    columns = [one for one in columns_of_places(plan) if one in table.placed]
    for column in columns:
        values = pc.utf8_trim_whitespace(pq.read_table(table.rows(), columns=[column])[column])
        filled = values.filter(pc.not_equal(values, ""))
        is_whole = len(filled) in {0, len(values)}
        if is_whole or not values[0].as_py() or pc.count_distinct(filled).as_py() < len(filled):
            continue
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


def _sum_of_others(table: Table, plan: Plan) -> Question | None:
    """A column that becomes rows is the sum of the others in each row: 总仓 beside 上海仓 and 广州仓 under "*仓"."""
    for one in plan.entities:
        unpivot = plan.spec.entities[one.entity.name].unpivot
        ends = [
            column for column in one.turned[:: max(1, len(one.turned) - 1)] if unpivot and column not in unpivot.columns
        ]
        if len(one.turned) < _FEWEST_SUMMED or not ends:
            continue
        with pq.ParquetFile(table.rows()) as file:
            cells = next(file.iter_batches(_LOOKED_AT, columns=list(one.turned)), None)
        numbers = [decimals(_dashed(cells[column])) for column in one.turned] if cells else [[]]
        rows = [row for row in zip(*numbers, strict=True) if any(row)] if all(numbers) else []
        if len(rows) < _FEWEST_SUMMED or not any(sum(map(bool, row)) >= _FEWEST_SUMMED for row in rows):
            continue
        column = next((end for end in ends if all(2 * row[one.turned.index(end)] == sum(row) for row in rows)), None)
        if column is not None:
            others = ", ".join(other for other in one.turned if other != column)
            return Question(
                Text(
                    f"“{column}”每一行都等于其他各列之和，像是合计；收进去，同样的数量就记了两次。",
                    f"“{column}” is the sum of the other columns in each row, as a total is; taken in, the same quantity counts twice.",
                ),
                Text(
                    f"在映射的 unpivot 里把要的列一一写出：columns: [{others}]",
                    f"Name the columns that are wanted one by one under unpivot in the mapping: columns: [{others}]",
                ),
                Text("它确实是单独的一项", "if it is an item of its own"),
            )
    return None


def _dashed(texts: pa.Array) -> list[str]:
    """The texts of a column, a dash being a blank."""
    return ["" if text is None or text.strip() == "-" else text for text in texts.to_pylist()]


def _without_quantity(table: Table, plan: Plan) -> Question | None:
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


def _without_price(table: Table, plan: Plan) -> Question | None:
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


def _without_day(table: Table, plan: Plan) -> Question | None:
    """No day of delivery would be read, although a column reads like one."""
    left = undated(plan, table.columns)
    if table.is_json or not left:
        return None
    zh, en = "、".join(left[:_SHOWN]), ", ".join(left[:_SHOWN])
    return Question(
        Text(
            f"没有读到交期，这些列像是交期：{zh}。",
            f"No day of delivery was read, and these columns read like one: {en}.",
        ),
        Text("在映射里写上是哪一列", "Name the column in the mapping"),
        Text("不用它", "if it is not needed"),
    )


def _revised(table: Table, plan: Plan) -> Question | None:
    """A column says that it is what another became: 交期(3/8更新) beside 交期, which alone would be read."""
    pairs = [] if table.is_json else revised_columns(plan, table.columns)
    if not pairs:
        return None
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


def _codes_as_decimals(table: Table, plan: Plan) -> Question | None:
    """All codes of a column end in `.0`, as a program writes them that takes them for numbers: 4500001.0."""
    columns = [one for one in columns_of_codes(plan) if one in table.placed]
    if not columns or table.is_json:
        return None
    path = table.rows()
    for name in _begun_with_decimals(path, columns):
        filled = _filled(pq.read_table(path, columns=[name])[name])
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


def _begun_with_decimals(path: Path, columns: Sequence[str]) -> list[str]:
    """Those of the columns whose first values are written so: few have to be read whole."""
    with pq.ParquetFile(path) as file:
        start = next(file.iter_batches(_LOOKED_AT, columns=columns), None)
    return [name for name in columns if start is not None and _are_decimals(_filled(start[name]))]


def _filled(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return values.filter(pc.not_equal(values, ""))


def _are_decimals(values: pa.Array | pa.ChunkedArray) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, f"^{_DECIMAL.pattern}$"), min_count=0).as_py())


_QUESTIONS = (
    _above_the_table,
    _currency_above,
    _sheet_of_a_place,
    _title_of_a_place,
    _written_once,
    _sum_of_others,
    _without_quantity,
    _without_price,
    _without_day,
    _revised,
    _codes_as_decimals,
)
