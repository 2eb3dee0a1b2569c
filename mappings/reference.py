"""What each function of a mapping does, in one line; docs/reference/mapping-functions.md is made from it."""

from collections.abc import Mapping
from typing import NamedTuple

from canonical_model.language import Text


class FunctionHelp(NamedTuple):
    """How a function is written, and what it gives."""

    call: str
    gives: Text


FUNCTIONS: Mapping[str, FunctionHelp] = {
    "text": FunctionHelp("text(x)", Text("任何值的文本", "Any value as text")),
    "number": FunctionHelp(
        "number(列) 或 number(列, ',')",
        Text(
            "数字：1,200、1 200、1.250,00、１２、￥12、1.5万、(12)；不接受 1e5；六位小数，四舍五入（远离零）；表头里的万已乘；写 ',' 时逗号是小数点",
            "A number: 1,200, 1 200, 1.250,00, full-width, ￥12, 1.5万, (12); never 1e5; six decimals, half away from zero; "
            "times the 万 in its header; with ',' the comma is the decimal mark",
        ),
    ),
    "integer": FunctionHelp("integer(列)", Text("整数；12.7 是问题，不取整", "A whole number; 12.7 is an issue")),
    "date": FunctionHelp(
        "date(列)",
        Text(
            "日期：2026-03-05、2026年3月5日、20260305、Excel 序号、Mar 5, 2026；03/04/2026 看整列，再看 date_order",
            "A day: 2026-03-05, 2026年3月5日, 20260305, Excel serials, Mar 5, 2026; 03/04/2026 by its column, else date_order",
        ),
    ),
    "instant": FunctionHelp(
        "instant(列)",
        Text(
            "时刻：也认 下午3:00、3:00 PM；没有时区时取数据源的时区并记下“推定”",
            "A moment, also 下午3:00 and 3:00 PM; without an offset the source's zone, marked as assumed",
        ),
    ),
    "flag": FunctionHelp(
        "flag(列)", Text("是/否、Y/N、1/0、√/×、含税/未税", "Yes or no: 是/否, Y/N, 1/0, √/×, 含税/未税")
    ),
    "code": FunctionHelp(
        "code('代码表', 列)",
        Text("代码表里的代码；先看映射的 codes:", "A code of the list; the mapping's codes: come first"),
    ),
    "quantity": FunctionHelp(
        "quantity(数量, 单位)",
        Text(
            "数量和单位；单位列、格子（500箱）、表头（数量（箱））里先有的算，可只写 quantity(数量)；不认识的单位不猜",
            "An amount with its unit: of the unit column, its own cell (500箱) or its header; an unknown unit is never guessed",
        ),
    ),
    "money": FunctionHelp(
        "money(金额, 币种)",
        Text(
            "金额和币种；表头写着币种（单价(元)）时可只写 money(金额)",
            "An amount with its currency, which may stand in the header",
        ),
    ),
    "party": FunctionHelp("party(列)", Text("往来方的编码", "The code of a party")),
    "item": FunctionHelp("item(列)", Text("物料的编码", "The code of an item")),
    "location": FunctionHelp("location(列)", Text("地点的编码", "The code of a location")),
    "coalesce": FunctionHelp(
        "coalesce(a, b, …)",
        Text(
            "第一个不为空的值；表里没有的列不算",
            "The first value that is not empty; columns that the sheet lacks do not count",
        ),
    ),
    "concat": FunctionHelp("concat(a, b, …)", Text("依次连接，空的跳过", "One after the other, empty ones left out")),
    "upper": FunctionHelp("upper(列)", Text("大写", "In capitals")),
    "lower": FunctionHelp("lower(列)", Text("小写", "In small letters")),
    "trim": FunctionHelp("trim(列)", Text("去掉两端空格", "Without blanks at both ends")),
    "left": FunctionHelp("left(列, 3)", Text("前几个字符", "The first characters")),
    "right": FunctionHelp("right(列, 3)", Text("后几个字符", "The last characters")),
    "substring": FunctionHelp(
        "substring(列, 2, 3)", Text("从第几个字符起取几个", "So many characters from that place, counted from 1")
    ),
    "replace": FunctionHelp("replace(列, '-', '')", Text("替换文字", "With one text in place of another")),
    "split": FunctionHelp("split(列, '-', 2)", Text("按分隔符取第几段", "The n-th part between separators, from 1")),
}
"""Function name -> how it is written and what it gives."""
