"""Issues: what can be wrong with a value or row, in words for the person who can mend it.

An issue is data, not an exception. The catalogue here is the only place where its sentence stands; the store keeps
the code, the value and the place, and `render` puts them together for a reader.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from canonical_model.language import Language, Text
from canonical_model.text import clip


class Effect(StrEnum):
    """What an issue does to its row."""

    REJECT = "reject"
    """The row is left out until its source sends it mended."""
    PARK = "park"
    """The row waits for a decision on our side (a unit, a code, its header); it is judged again when it is sent again."""
    KEEP = "keep"
    """The row goes in; the issue is a warning."""


@dataclass(frozen=True, slots=True)
class IssueKind:
    """One entry of the catalogue.

    Attributes:
        code: "XD-DAT-001"; never reused.
        effect: What it does to its row.
        reason: Sentence with the places {value} and {field}.
        fix: What to do about it.
    """

    code: str
    effect: Effect
    reason: Text
    fix: Text


@dataclass(frozen=True, slots=True)
class Issue:
    """One bad value with its place.

    Attributes:
        code: Code of the catalogue.
        entity: Entity that the row would have become.
        field: Field concerned; empty for the whole row.
        column: Source column as the partner named it; empty where there is none.
        place: Where a person finds it: "采购单.xlsx [Sheet1] C7".
        value: The value as received, clipped.
        detail: What else the sentence needs (the other row, the header's number, the longest that a field takes).
    """

    code: str
    entity: str
    field: str
    column: str
    place: str
    value: str
    detail: str = ""

    def render(self, language: Language) -> str:
        """Place, reason and remedy in one line."""
        reason, fix = (text.get(language) for text in self.words())
        gap = "" if language is Language.ZH else " "
        return f"{self.place}{'：' if language is Language.ZH else ': '}{reason}{gap}{fix}"

    def words(self) -> tuple[Text, Text]:
        """Reason and remedy, without the place."""
        kind = CATALOGUE[self.code]
        words = {"value": clip(self.value), "field": self.column or self.field, "detail": self.detail}
        return kind.reason.format(**words), kind.fix.format(**words)


def _kind(code: str, effect: Effect, reason: tuple[str, str], fix: tuple[str, str]) -> IssueKind:
    return IssueKind(code, effect, Text(*reason), Text(*fix))


_KINDS = (
    _kind(
        "XD-REQ-001",
        Effect.REJECT,
        ("“{field}”是空的，但必须填写。", "“{field}” is empty but required."),
        ("请填写后重新发送。", "Fill it in and send the file again."),
    ),
    _kind(
        "XD-REQ-002",
        Effect.REJECT,
        (
            "“{field}”写的是“{value}”，等于还不知道，但必须填写。",
            "“{field}” says “{value}”, that it is unknown, but it is required.",
        ),
        ("请填写后重新发送。", "Fill it in and send the file again."),
    ),
    _kind(
        "XD-REQ-003",
        Effect.REJECT,
        (
            "这一行除了编号什么都没有写，“{field}”也是空的。",
            "This row says nothing but its key; “{field}” is empty like the rest.",
        ),
        ("请把这一行填完整，或删掉它再发送。", "Fill in the row or delete it, and send the file again."),
    ),
    _kind(
        "XD-NUM-001",
        Effect.REJECT,
        ("“{field}”的值“{value}”不是数字。", "“{value}” in “{field}” is not a number."),
        ("请改成数字，例如 1200 或 1,200.50。", "Write a number such as 1200 or 1,200.50."),
    ),
    _kind(
        "XD-NUM-005",
        Effect.REJECT,
        (
            "“{field}”的值“{value}”里的逗号或点，是小数点还是千分位，看不出来。",
            "Whether the comma or point in “{value}” in “{field}” is a decimal mark cannot be told.",
        ),
        (
            "请写成 1250.50；整列都用逗号作小数点时，由管理员在映射里写 number(列, ',')。",
            "Write 1250.50; where the whole column has decimal commas, write number(column, ',') in the mapping.",
        ),
    ),
    _kind(
        "XD-NUM-002",
        Effect.REJECT,
        (
            "“{field}”的值“{value}”太大，超过18位整数。",
            "“{value}” in “{field}” is too large: more than 18 digits before the point.",
        ),
        ("请检查是否多写了位数或填错了列。", "Check for surplus digits or a value in the wrong column."),
    ),
    _kind(
        "XD-NUM-003",
        Effect.REJECT,
        ("“{field}”的值“{value}”小于允许的最小值。", "“{value}” in “{field}” is below the least value allowed."),
        ("数量和金额不能为负，请检查正负号。", "Quantities and amounts are not negative here; check the sign."),
    ),
    _kind(
        "XD-NUM-004",
        Effect.REJECT,
        ("“{field}”的值“{value}”不是整数。", "“{value}” in “{field}” is not a whole number."),
        ("请填写整数，不会替您四舍五入。", "Write a whole number; nothing is rounded for you."),
    ),
    _kind(
        "XD-NUM-006",
        Effect.REJECT,
        (
            "“{field}”的值“{value}”太小，保留六位小数就成了 0。",
            "“{value}” in “{field}” is too small: six decimals of it are 0.",
        ),
        (
            "请改用更大的单位，例如每千个的单价。",
            "Use a larger unit, such as the price of a thousand.",
        ),
    ),
    _kind(
        "XD-DAT-001",
        Effect.REJECT,
        ("“{field}”的值“{value}”不是日期。", "“{value}” in “{field}” is not a date."),
        ("请写成 2026-03-05 这样的年-月-日。", "Write year-month-day such as 2026-03-05."),
    ),
    _kind(
        "XD-DAT-002",
        Effect.REJECT,
        (
            "“{field}”的值“{value}”看不出哪个是月、哪个是日。",
            "“{value}” in “{field}” does not tell the month from the day.",
        ),
        (
            "请写成 2026-03-05，或在映射里设置 date_order。",
            "Write 2026-03-05, or set date_order in the mapping.",
        ),
    ),
    _kind(
        "XD-DAT-003",
        Effect.REJECT,
        ("“{field}”的值“{value}”不是时间。", "“{value}” in “{field}” is not a point in time."),
        ("请写成 2026-03-05 10:30 这样的形式。", "Write it as 2026-03-05 10:30."),
    ),
    _kind(
        "XD-DAT-004",
        Effect.REJECT,
        ("“{field}”的值“{value}”没有四位数的年份。", "“{value}” in “{field}” lacks a year of four digits."),
        (
            "请写成 2026-03-05；年份是两位数时，也可在映射里设置 date_order。",
            "Write 2026-03-05; for years of two digits date_order in the mapping will do.",
        ),
    ),
    _kind(
        "XD-DAT-005",
        Effect.REJECT,
        ("“{field}”的值“{value}”只有年月，没有日。", "“{value}” in “{field}” names no day of the month."),
        ("请写明是哪一天，例如 2026-03-05。", "Say which day, such as 2026-03-05."),
    ),
    _kind(
        "XD-UNT-001",
        Effect.PARK,
        (
            "不认识“{field}”里的单位“{value}”，不猜换算。",
            "The unit “{value}” in “{field}” is not known, and no factor is guessed.",
        ),
        (
            "请改用通用单位，或由管理员在映射的 codes: unit 里加上。",
            "Use a common unit, or add it under codes: unit in the mapping.",
        ),
    ),
    _kind(
        "XD-UNT-002",
        Effect.REJECT,
        ("“{field}”有数量“{value}”，但没有单位。", "“{field}” has the quantity “{value}” but no unit."),
        ("请填写单位，例如 个、箱、千克。", "Give the unit, for example EA, CTN or KGM."),
    ),
    _kind(
        "XD-UNT-003",
        Effect.REJECT,
        (
            "“{field}”的值“{value}”自带的单位与单位列或表头不一致。",
            "“{value}” in “{field}” carries another unit than its unit column or header.",
        ),
        ("请只写一个单位，或改成一致的。", "Give the unit once, or the same one twice."),
    ),
    _kind(
        "XD-UNT-004",
        Effect.KEEP,
        (
            "“{field}”写的是“{value}”，表头写的是另一个单位或币种；按单元格的算。",
            "“{field}” says “{value}” and the header names another unit or currency; the cell's holds.",
        ),
        ("如果不对，请改正单元格或表头。", "If that is wrong, mend the cell or the header."),
    ),
    _kind(
        "XD-UNT-005",
        Effect.PARK,
        (
            "“{field}”的值“{value}”可能是百分数，也可能是小数：0.13 是 13% 还是 0.13%？不猜。",
            "“{value}” in “{field}” may be a percentage or a fraction: is 0.13 13% or 0.13%? No guess is made.",
        ),
        (
            "请在格子里写 13%，或在表头写 (%)；整列都是小数时，由管理员在映射里写 number(税率) * 100。",
            "Write 13% in the cell, or (%) in the header; where the whole column holds fractions, "
            "write number(column) * 100 in the mapping.",
        ),
    ),
    _kind(
        "XD-UNT-006",
        Effect.REJECT,
        (
            "“{field}”的值“{value}”带着货币，不像数量。",
            "“{value}” in “{field}” carries a currency, so it is no quantity.",
        ),
        ("请核对是否填错了列。", "Check whether it stands in the wrong column."),
    ),
    _kind(
        "XD-UNT-007",
        Effect.PARK,
        (
            "“{field}”按“{value}”计价，和这一行数量的单位不同。",
            "“{field}” is priced by “{value}”, which is another unit than that of the row's quantity.",
        ),
        (
            "请把数量和单价写成同一个单位；或由管理员在映射里换算，并在表达式里写全列名。",
            "Give quantity and price in one unit; or let the administrator compute it in the mapping.",
        ),
    ),
    _kind(
        "XD-UNT-008",
        Effect.REJECT,
        (
            "“{field}”有数量“{value}”，但没有单位：表头里没有映射要读的“{detail}”。",
            "“{field}” has the quantity “{value}” but no unit: the header lacks “{detail}”, which the mapping reads.",
        ),
        (
            "请在映射里写表头里的单位列；表里没有单位的，写 quantity(数量, '个') 这样的常量。",
            "Name the column of units in the mapping as the header does; where there is none, write a constant: quantity(amount, 'EA').",
        ),
    ),
    _kind(
        "XD-COD-001",
        Effect.PARK,
        ("“{field}”的值“{value}”不在代码表里。", "“{value}” in “{field}” is not in the code list."),
        (
            "请改成代码表里的值，或由管理员在映射的 codes: 里加上。",
            "Use a value of the list, or add it under codes: in the mapping.",
        ),
    ),
    _kind(
        "XD-COD-002",
        Effect.KEEP,
        (
            "不认识“{field}”的值“{value}”，先按“未知”记下。",
            "“{value}” in “{field}” is not known and is kept as unknown.",
        ),
        ("请由管理员在映射的 codes: 里加上。", "Add it under codes: in the mapping."),
    ),
    _kind(
        "XD-LKP-001",
        Effect.PARK,
        (
            "按“{field}”的值“{value}”在已入库的资料里查不到，或查到不止一个。",
            "“{value}” in “{field}” is not among the stored records, or stands there in more than one way.",
        ),
        ("请先导入或改正对应的资料。", "Load or mend the records that it is looked up in first."),
    ),
    _kind(
        "XD-CUR-001",
        Effect.REJECT,
        ("“{field}”有金额“{value}”，但没有币种。", "“{field}” has the amount “{value}” but no currency."),
        (
            "请填写币种，例如 CNY 或 人民币；整份都是一种币种的，请管理员在数据流里写 currency: CNY。",
            "Give the currency, for example CNY; where all amounts are in one, the administrator writes currency: CNY "
            "in the stream.",
        ),
    ),
    _kind(
        "XD-CUR-002",
        Effect.REJECT,
        (
            "“{field}”的值“{value}”自带的币种与币种列不一致。",
            "“{value}” in “{field}” carries another currency than the one stated beside it.",
        ),
        ("请只写一个币种，或改成一致的。", "Give the currency once, or the same one twice."),
    ),
    _kind(
        "XD-FLG-001",
        Effect.REJECT,
        ("“{field}”的值“{value}”不是“是/否”。", "“{value}” in “{field}” is neither yes nor no."),
        ("请写 是 或 否。", "Write yes or no."),
    ),
    _kind(
        "XD-TXT-001",
        Effect.REJECT,
        ("“{field}”的内容太长：“{value}”（{detail}）。", "“{field}” is too long: “{value}” ({detail})."),
        ("请缩短，或核对是否填错了列。", "Shorten it, or check whether it stands in the wrong column."),
    ),
    _kind(
        "XD-TXT-002",
        Effect.REJECT,
        ("“{field}”里有不可见的空字符。", "“{field}” contains a NUL character."),
        ("请重新输入这个单元格。", "Type the cell anew."),
    ),
    _kind(
        "XD-TXT-003",
        Effect.REJECT,
        (
            "“{field}”的格子里有两行：“{value}”。是两个编号，还是一个编号折了行，分不清。",
            "The cell of “{field}” has two lines: “{value}”; whether these are two codes or one that is broken cannot be told.",
        ),
        (
            "两个编号请分成两行填，一个编号请写在一行里。",
            "Put two codes into two rows, and one code into one line.",
        ),
    ),
    _kind(
        "XD-TXT-004",
        Effect.PARK,
        (
            "“{field}”不是一个值，是列表或对象：“{value}”。",
            "“{field}” is no single value but a list or an object: “{value}”.",
        ),
        (
            '请在映射里写到要的那个值，例如 supplier.code，列表的第一个是 tags."0"；每个元素一条记录用 each:。',
            'Name the value that is wanted in the mapping, such as supplier.code, or tags."0" for the first of a list; '
            "for one record per element use each.",
        ),
    ),
    _kind(
        "XD-CHK-001",
        Effect.REJECT,
        (
            "“{field}”的值“{value}”位数或校验位不对。",
            "The length or the check digit of “{value}” in “{field}” is wrong.",
        ),
        (
            "请核对是否抄错或多写了字；没有就留空。",
            "Check for a mistyped or surplus character; leave it empty if there is none.",
        ),
    ),
    _kind(
        "XD-EXP-001",
        Effect.REJECT,
        ("“{field}”算不出结果（用到的值：{value}）。", "“{field}” cannot be computed (from: {value})."),
        ("请检查是否除以零或数值过大。", "Check for a division by zero or a number that is too large."),
    ),
    _kind(
        "XD-CEL-001",
        Effect.REJECT,
        (
            "“{field}”是超过15位的数字，Excel 已经把后面的位数改成0（现在是 {value}）。",
            "“{field}” is a number of more than 15 digits: Excel has already replaced its last digits (now {value}).",
        ),
        ("请把该列设为文本格式后重新输入原号码。", "Format the column as text and type the original number again."),
    ),
    _kind(
        "XD-CEL-002",
        Effect.REJECT,
        ("“{field}”是公式错误 {value}。", "“{field}” holds the formula error {value}."),
        ("请修正公式或直接填写值。", "Mend the formula or type the value."),
    ),
    _kind(
        "XD-CEL-003",
        Effect.REJECT,
        (
            "这一行的值比表头多，列可能已经错位。",
            "This row has more values than the header has columns, so they may have shifted.",
        ),
        ("含分隔符的内容请加双引号。", "Put values that contain the separator in double quotes."),
    ),
    _kind(
        "XD-CEL-004",
        Effect.KEEP,
        (
            "这一行的值比表头少，从“{field}”起按空值处理。",
            "This row has fewer values than the header has columns; “{field}” and what follows count as empty.",
        ),
        ("如果不该为空，请补齐后重新发送。", "If they should not be empty, complete the row and send the file again."),
    ),
    _kind(
        "XD-CEL-005",
        Effect.REJECT,
        (
            "“{field}”里夹着好几行数据，前面可能有一个双引号没有配对。",
            "“{field}” has swallowed whole rows: a double quote before it was probably never closed.",
        ),
        ("请补上或删除这个双引号后重新发送。", "Close or remove that quote and send the file again."),
    ),
    _kind(
        "XD-CEL-006",
        Effect.REJECT,
        (
            "“{field}”是没有算过的公式，文件里没有它的结果。",
            "“{field}” is a formula that was never calculated: the file does not hold its result.",
        ),
        (
            "请用 Excel 打开文件，保存后重新发送；或直接填写值。",
            "Open the file in Excel, save it and send it again; or type the value.",
        ),
    ),
    _kind(
        "XD-CEL-007",
        Effect.REJECT,
        (
            "“{field}”是几行合并的一格，不知道每一行各是多少。",
            "“{field}” is one cell merged over several rows: how much belongs to each is not known.",
        ),
        ("请取消合并，在每一行写上它自己的数。", "Unmerge the cell and give each row its own number."),
    ),
    _kind(
        "XD-CEL-008",
        Effect.REJECT,
        (
            "“{field}”是科学计数法 {value}，后面的位数已经丢了。",
            "“{field}” is {value}, in scientific notation: its last digits are lost.",
        ),
        (
            "请把该列设为文本格式，填上完整的号码再导出。",
            "Format the column as text, fill in the whole number and export again.",
        ),
    ),
    _kind(
        "XD-CEL-009",
        Effect.REJECT,
        (
            "“{field}”里有划掉的字（删除线），不知道还算不算。",
            "“{field}” holds text that is struck through: whether it still counts is not known.",
        ),
        (
            "作废的内容请删掉，有效的请去掉删除线，再发。",
            "Delete what is void, take the line off what is not, and send the file again.",
        ),
    ),
    _kind(
        "XD-CEL-010",
        Effect.REJECT,
        (
            "“{field}”是日期 {value}，同一列别的都是编码：多半是 Excel 把编码（如 3-5）变成了日期。",
            "“{field}” is the date {value} among codes: most likely Excel made a date of a code such as 3-5.",
        ),
        (
            "请把该列设为文本格式后重新输入原来的编码。",
            "Format the column as text and type the original code again.",
        ),
    ),
    _kind(
        "XD-CEL-011",
        Effect.REJECT,
        (
            "“{field}”是日期 {value}，同一列还有 25/03/2026 这样的文字：多半是 Excel 把日和月弄反了。",
            "“{field}” is the date {value} beside texts such as 25/03/2026: most likely Excel took its day for its month.",
        ),
        (
            "请把这一列的日期统一写成 2026-03-05 这样再发。",
            "Write all dates of the column as 2026-03-05 and send the file again.",
        ),
    ),
    _kind(
        "XD-KEY-001",
        Effect.REJECT,
        (
            "{value} 在同一个文件里出现两次而内容不同（另见 {detail}）。",
            "{value} stands twice in this file with different contents (see also {detail}).",
        ),
        (
            "同一张单据的各行要写一样的值；如果是重复的行，只保留正确的一行；如果是两条，请在映射里读出区分它们的列（仓位、批次等）。",
            "Write the same value on all rows of one document; of a doubled row keep the right one; where both are meant, let the "
            "mapping read the column that tells them apart (place, lot and so on).",
        ),
    ),
    _kind(
        "XD-KEY-002",
        Effect.REJECT,
        (
            "{value} 在同一个文件里出现两次（另见 {detail}），要读的各列都相同：是重复还是两笔，分不清。",
            "{value} stands twice in this file (see also {detail}), equal in all that is read: whether it is doubled or two "
            "lots cannot be told.",
        ),
        (
            "重复的删去一行；确是两笔的，把数量合在一行，或加一列（批号、库位）把它们分开。",
            "Take out a doubled row; put the quantities of two lots into one row, or tell them apart by a column (lot, bin).",
        ),
    ),
    _kind(
        "XD-PAR-001",
        Effect.PARK,
        ("单头 {value} 有问题，这一行随之等待。", "Its header {value} has a problem, so this line waits with it."),
        ("先修正单头。", "Mend the header first."),
    ),
    _kind(
        "XD-DOC-001",
        Effect.PARK,
        (
            "单号 {value} 以前用过，但日期和内容都不同，不会覆盖旧单（{detail}）。",
            "Number {value} was used before with another date and other lines; "
            "the old one is not overwritten ({detail}).",
        ),
        ("请确认是否重复使用了单号。", "Check whether the number was used again."),
    ),
    _kind(
        "XD-DEL-001",
        Effect.KEEP,
        (
            "{value} 的键读不出来，不知道是哪一条，所以这次不把缺少的记录当作已删除。",
            "The key of {value} cannot be read, so nobody knows which record it is; nothing that is missing counts as deleted.",
        ),
        ("请改正这一行后再发。", "Correct this row and send it again."),
    ),
    _kind(
        "XD-DEL-002",
        Effect.KEEP,
        (
            "{value} 比已经收到的文件旧，缺少的记录不当作已删除。",
            "{value} is older than a file that came before it; nothing that is missing from it counts as deleted.",
        ),
        (
            "不用处理；要以它为准，请重新保存后再发。",
            "Nothing to do; where it shall hold, save it anew and send it again.",
        ),
    ),
    _kind(
        "XD-DEL-003",
        Effect.KEEP,
        (
            "{value} 没有整个一起入库（有工作表搁置过），不知道缺了什么，缺少的记录不当作已删除。",
            "{value} did not go in as a whole (a sheet waits or waited), so nobody knows what is missing; nothing counts as deleted.",
        ),
        (
            "先处理搁置的工作表，再把文件重新放一次；只该读一张的，在数据流的 config 里写 sheet。",
            "See to the sheet that waits, then put the file in again; where one sheet alone is to be read, name it in `sheet` of the stream.",
        ),
    ),
    _kind(
        "XD-VER-001",
        Effect.KEEP,
        (
            "{value} 有两个时间相同而内容不同的版本，取后收到的。",
            "{value} has two statements of the same time and different contents; the one received later holds.",
        ),
        ("如果不对，请重新发送正确的文件。", "If that is wrong, send the right file again."),
    ),
)

CATALOGUE: Mapping[str, IssueKind] = {kind.code: kind for kind in _KINDS}
"""Issue code -> its entry."""
