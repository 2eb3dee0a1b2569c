"""Words that several commands share: where rows went, when something was, what a status is called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from canonical_model.language import Text

Places = Mapping[str, Sequence[int]]

_SKIPPED = {
    "blank": Text("空行", "blank"),
    "total": Text("合计行", "totals"),
    "repeated_header": Text("重复的表头", "header repeated"),
    "after_end": Text("表尾的落款或备注", "signature or note below the table"),
    "hidden_sheet": Text("隐藏的工作表", "hidden sheet"),
    "other_sheet": Text("不是所选的工作表", "not the chosen sheet"),
    "no_table": Text("工作表里没有表格", "no table on the sheet"),
    "guide": Text("封面或说明页", "cover or guide"),
    "summary": Text("汇总页", "summary of other sheets"),
    "template": Text("空白模板页", "template"),
    "void": Text(
        "名字说它不算数的工作表（作废、旧、备份）", "sheet whose name says that it does not count (void, old, backup)"
    ),
    "pivot": Text("数据透视表", "pivot table"),
    "note": Text("夹在各行之间的备注", "remark between the rows"),
    "prefilled": Text("表格里没有填的空行", "row of the form that was not filled in"),
    "sample": Text("示例行", "sample row"),
    "page_mark": Text("页码", "page number"),
    "outside_area": Text("不在 area 之内", "outside area"),
    "problem": Text("整张表读不了", "the whole sheet cannot be read"),
}
RUN_STATUS = {
    "running": Text("进行中", "running"),
    "succeeded": Text("成功", "succeeded"),
    "failed": Text("失败", "failed"),
    "parked": Text("搁置", "parked"),
    "idle": Text("没有新内容", "nothing new"),
}
INCIDENT_STATUS = {
    "open": Text("未处理", "open"),
    "acknowledged": Text("已知晓", "acknowledged"),
    "resolved": Text("已恢复", "resolved"),
}
SEVERITY = {
    "info": Text("提示", "info"),
    "warning": Text("注意", "warning"),
    "critical": Text("严重", "critical"),
}
ALERT_STATUS = {
    "pending": Text("待发", "pending"),
    "delivered": Text("已送达", "delivered"),
    "merged": Text("合并送达", "merged into another message"),
    "silenced": Text("免打扰", "silenced"),
    "dead": Text("送不出去", "dead"),
}
CHANNELS = {
    "app": Text("企业微信应用", "WeCom app"),
    "robot": Text("群机器人", "group robot"),
    "none": Text("没有收件人", "nobody"),
}
EVENTS = {
    "opened": Text("发现", "opened"),
    "updated": Text("有变化", "updated"),
    "acknowledged": Text("知晓", "acknowledged"),
    "resolved": Text("恢复", "resolved"),
    "reopened": Text("再次发生", "reopened"),
}
_PHASES = {
    "waiting": Text("等同一数据流的另一次运行", "waiting for another run of the stream"),
    "landing": Text("落地", "landing"),
    "mapping": Text("映射", "mapping"),
    "merging": Text("合并", "merging"),
}
_UNTOLD = {
    "contradiction": Text("这一列两种顺序都有", "the column holds both orders"),
    "unclear": Text("这一列没有大于 12 的数来证明", "no number above 12 in the column shows it"),
}
COUNTED = ("created", "updated", "unchanged", "stale", "folded", "parked", "rejected")
COUNTS = {
    "read": Text("读入 =", "read ="),
    "created": Text("新增 +", "created +"),
    "updated": Text("更新 +", "updated +"),
    "unchanged": Text("不变 +", "unchanged +"),
    "stale": Text("过时 +", "stale +"),
    "folded": Text("重复 +", "folded +"),
    "parked": Text("搁置 +", "parked +"),
    "rejected": Text("拒收", "rejected"),
}


@dataclass(frozen=True, slots=True)
class RowAccount:
    """Where the rows of a file or sheet went."""

    total: int
    above: int
    header: int
    skipped: int
    read: int

    def __add__(self, other: "RowAccount") -> "RowAccount":
        return RowAccount(
            self.total + other.total,
            self.above + other.above,
            self.header + other.header,
            self.skipped + other.skipped,
            self.read + other.read,
        )

    @property
    def equation(self) -> Text:
        """The account in words."""
        terms = (self.above, self.header, self.skipped, self.read)
        sign = "=" if self.total == sum(terms) else "≠"
        return Text(
            "共 {:,} 行 {} 表头以上 {:,} + 表头 {:,} + 跳过 {:,} + 读入 {:,}".format(self.total, sign, *terms),
            "{:,} rows {} {:,} above + {:,} header + {:,} skipped + {:,} read".format(self.total, sign, *terms),
        )


def merge_places(parts: Sequence[Places]) -> dict[str, list[int]]:
    """Skipped rows by reason, over all parts of a file."""
    merged: dict[str, list[int]] = {}
    for part in parts:
        for reason, rows in part.items():
            merged.setdefault(reason, []).extend(int(row) for row in rows)
    return merged


def skipped(places: Places) -> Text:
    """Which rows were left out and why: "合计行 第13行；空行 第5、7–9行"; empty when none was."""
    known = [(_SKIPPED.get(reason, Text(reason, reason)), list(rows)) for reason, rows in places.items() if rows]
    zh = "；".join(f"{reason.zh}（第 {_ranges(rows, '、')} 行）" for reason, rows in known)
    en = "; ".join(f"{reason.en} (row{'s' if len(rows) > 1 else ''} {_ranges(rows, ', ')})" for reason, rows in known)
    return Text(zh, en)


def _ranges(rows: list[int], comma: str, *, most: int = 6) -> str:
    """Runs of numbers as "7–9", the first few of them."""
    runs: list[list[int]] = []
    for row in sorted(rows):
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    shown = comma.join(str(first) if first == last else f"{first}–{last}" for first, last in runs[:most])
    return shown + ("…" if len(runs) > most else "")


def under_way(name: str, phase: str, rows: int) -> Text:
    """How far the run of a stream is: "erp.orders：落地 120,000 行"."""
    doing = _PHASES[phase]
    if not rows:
        return Text(f"{name}：{doing.zh} …", f"{name}: {doing.en} …")
    return Text(f"{name}：{doing.zh} {rows:,} 行", f"{name}: {doing.en} {rows:,} rows")


def _in_mapping(column: str) -> str:
    """The column as an expression names it."""
    return column if column.isidentifier() else '"' + column.replace('"', '""') + '"'


def date_order(column: str, order: str, reason: str) -> Text:
    """How dates such as 03/04/2026 of a column were read, and why: by the column, a setting, or not at all.

    Of a column of numbers it tells that a comma is a decimal mark in it.
    """
    if order == ",":  # mappings.dates.COMMA, whose module loads DuckDB
        return Text(
            f"“{column}”里有 12,50 或 1.200.000 这样用逗号作小数点的数，1,250 和 1.250 就分不清，没有猜。"
            f"整列都这样写时，在映射里写 number({_in_mapping(column)}, ',')（自带的映射先复制一份再改）",
            f"“{column}” has numbers with a decimal comma such as 12,50 or 1.200.000; 1,250 and 1.250 beside them could be either, and nothing "
            f"was guessed. Where the whole column is written so, write number({_in_mapping(column)}, ',') in the mapping "
            "(of a shipped one, in a copy)",
        )
    if not order:
        why = _UNTOLD[reason]
        return Text(
            f"“{column}”里 03/04/2026 这样的日期分不清日和月：{why.zh}，所以没有猜。请对方写 2026-04-03，或在数据源里写 date_order",
            f"dates such as 03/04/2026 in “{column}” do not tell day from month: {why.en}, and nothing was guessed. "
            "Ask for 2026-04-03, or set date_order in the source",
        )
    day = Text("4 月 3 日", "3 April") if order == "dmy" else Text("3 月 4 日", "4 March")
    if reason == "column":
        place = Text("第一个", "first") if order == "dmy" else Text("第二个", "second")
        why = Text(f"这一列有日期的{place.zh}数大于 12", f"the {place.en} number of a date in this column is above 12")
    else:
        why = Text(
            f"这一列自己定不下来，按设置 date_order: {order}",
            f"the column does not settle it, and date_order: {order} is set",
        )
    return Text(
        f"“{column}”里 03/04/2026 这样的日期读作 {day.zh}：{why.zh}",
        f"dates such as 03/04/2026 in “{column}” were read as {day.en}: {why.en}",
    )


def ago(span: timedelta) -> Text:
    """How long ago, in the largest unit that fits."""
    seconds = max(0, int(span.total_seconds()))
    for size, zh, en in ((86400, "天", "d"), (3600, "小时", "h"), (60, "分钟", "min")):
        if seconds >= size:
            return Text(f"{seconds // size} {zh}前", f"{seconds // size} {en} ago")
    return Text("刚刚", "just now")


def size(count: int) -> str:
    """Bytes in the largest unit that fits."""
    for unit, name in ((1024**3, "GB"), (1024**2, "MB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count / 1024:.0f} KB" if count >= 1024 else f"{count} B"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """The instant in the deployment's zone: "2026-03-05 10:30"."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def entity_label(name: str) -> Text:
    """What people call an entity."""
    from canonical_model.entities import SPECS

    return SPECS[name].label if name in SPECS else Text(name, name)


def stored_text(value: Mapping[str, str] | None) -> Text:
    """A text as the store keeps it; empty for none."""
    return Text(value.get("zh", ""), value.get("en", "")) if value else Text("", "")
