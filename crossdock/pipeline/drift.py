"""What a person decides about a file: its columns are others than last time, or what tells records apart is not in each row."""

import re

import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import select

from canonical_model.language import Text
from canonical_model.text import clip, simplified
from crossdock.home import Drift
from crossdock.pipeline.land import fetch_rows
from crossdock.pipeline.work import Work
from crossdock.store import tables
from crossdock.store.database import AnyRow
from mappings.plan import (
    Plan,
    absent_place,
    columns_of_codes,
    columns_of_places,
    labels_of_keys,
    uncounted,
    unread_columns,
)

_PLACE = re.compile(
    r".*[^\s仓分总各全](?:仓库?|库房|库区)(?:库?存(?:表|明细|清单)?)?|(?i:(?:wh|warehouse)[-_ ]?\d\w*|\w+ warehouse)|.*(?:分|中心|总)仓"
)
"""Sheets called 上海仓, 原材料仓库存 or WH01; 仓库, 库存表 and 全仓 name no place."""
_DECIMAL = re.compile(r"[0-9]+\.0")
_SHOWN = 8


def columns_to_read(work: Work, row: AnyRow, mapping: str) -> tuple[str, ...] | Text:
    """The columns of a landed batch that the stream's policy lets be read, or why the batch parks.

    The yardstick is the last batch that went in with the same mapping and the same partner; the first sets it.
    """
    columns = tuple(row.columns)
    policy = work.settings.drift
    if policy is Drift.EVOLVE or row.is_json or row.is_approved:
        return columns
    batch = tables.batch
    query = select(batch.c.columns).where(
        batch.c.source == work.source,
        batch.c.stream == work.stream,
        batch.c.mapping == mapping,
        batch.c.status.in_(("applied", "expired")),
        batch.c.rows_read > 0,
        batch.c.parts == row.parts,
        batch.c.id < row.id,
    )
    before = work.connection.scalar(query.order_by(batch.c.id.desc()).limit(1))
    if before is None:
        return columns
    came = [name for name in columns if name not in before]
    went = [name for name in before if name not in columns]
    if went or (came and policy is Drift.PARK):
        return _question(came, went, work.run_id)
    return tuple(name for name in columns if name in before)


def above_the_table(work: Work, row: AnyRow, plan: Plan) -> Text | None:
    """Why a batch parks that has a part of its key above its table alone: 仓库：上海仓, of which the stock would be lost."""
    named = [] if row.is_approved else labels_of_keys(plan, list(row.labels))
    if not named:
        return None
    label, values = named[0], " / ".join(row.labels[named[0]])
    return Text(
        f"表头上方写着“{label}：{values}”，表里没有这一列；不读它，别的{label}的记录会和这些混在一起。"
        f"在数据流的 config 里写 labels: [{label}]，它就成为一列；确实不用：crossdock run approve {work.run_id}；"
        f"文件有误：crossdock run discard {work.run_id}。",
        f"Above the table stands “{label}: {values}”, and no column says it; left unread, records of another {label} would "
        f"mix with these. Write labels: [{label}] under config of the stream, which makes it a column; if it does not matter: "
        f"crossdock run approve {work.run_id}; if the file is wrong: crossdock run discard {work.run_id}.",
    )


def sheet_of_a_place(work: Work, row: AnyRow, plan: Plan) -> Text | None:
    """Why a batch parks whose sheet is called like a warehouse, which no column says."""
    place = absent_place(plan) if row.sheet and not row.is_approved else ""
    if not place or not _PLACE.fullmatch(simplified(row.sheet).strip()):
        return None
    return Text(
        f"工作表名“{row.sheet}”像是{place}，表里没有这一列；不读它，别的{place}的记录会和这些混在一起。"
        f"在数据流的 config 里写 sheet_as: {place}，表名就成为这一列；确实不用：crossdock run approve {work.run_id}；"
        f"文件有误：crossdock run discard {work.run_id}。",
        f"The sheet is called “{row.sheet}”, which reads like a {place} that no column says; left unread, records of others would "
        f"mix with these. Write sheet_as: {place} under config of the stream, which makes it a column; if it does not matter: "
        f"crossdock run approve {work.run_id}; if the file is wrong: crossdock run discard {work.run_id}.",
    )


def without_quantity(work: Work, row: AnyRow, plan: Plan) -> Text | None:
    """Why a batch parks of which no quantity would be read, although columns are left over."""
    header = [name for name in row.columns if name not in row.parts]
    if row.is_approved or row.is_json or not uncounted(plan, header):
        return None
    left = unread_columns(plan, header)
    zh, en = "、".join(left[:_SHOWN]), ", ".join(left[:_SHOWN])
    return Text(
        f"没有读到数量，也许是列名不认识。没用到的列：{zh}。在映射的 columns: 里写上数量那一列的名字；"
        f"确实没有数量：crossdock run approve {work.run_id}；文件有误：crossdock run discard {work.run_id}。",
        f"No quantity was read, perhaps since its column is not known by its name. Unused columns: {en}. Write the name of that column "
        f"under columns: of the mapping; if there is none: crossdock run approve {work.run_id}; "
        f"if the file is wrong: crossdock run discard {work.run_id}.",
    )


def written_once(work: Work, row: AnyRow, plan: Plan) -> Text | None:
    """Why a batch parks whose warehouse stands on the first row of each group alone: the blanks may mean the same or none."""
    columns = [one for one in columns_of_places(plan) if one in row.places and not row.is_approved]
    if not columns:
        return None
    landed = pq.read_table(fetch_rows(row.data_url, work.folder), columns=columns)
    for column in columns:
        values = pc.utf8_trim_whitespace(landed[column])
        filled = values.filter(pc.not_equal(values, ""))
        is_whole = len(filled) in {0, len(values)}
        if is_whole or not values[0].as_py() or pc.count_distinct(filled).as_py() < len(filled):
            continue
        shown = clip(filled[0].as_py(), 20)
        return Text(
            f"“{column}”只在每组的第一行写了（如“{shown}”），下面的格子空着，不知道是不是同上。"
            f"是同上：在数据流的 config 里写 same_as_above: [{column}]；就是没有：crossdock run approve {work.run_id}；"
            f"文件有误：crossdock run discard {work.run_id}。",
            f"“{column}” is written on the first row of each group alone (“{shown}”) and blank below, which may mean "
            f"the same or none. If the same: write same_as_above: [{column}] under config of the stream; if none: "
            f"crossdock run approve {work.run_id}; if the file is wrong: crossdock run discard {work.run_id}.",
        )
    return None


def codes_as_decimals(work: Work, row: AnyRow, plan: Plan) -> Text | None:
    """Why a batch parks whose codes all end in `.0`, as a program writes them that takes them for numbers: 4500001.0."""
    columns = [one for one in columns_of_codes(plan) if one in row.places and not row.is_approved]
    if not columns or row.is_json:
        return None
    path = fetch_rows(row.data_url, work.folder)
    doubtful = [one for one in columns if _may_be_decimals(pq.read_metadata(path), one)]
    for name, values in zip(doubtful, pq.read_table(path, columns=doubtful).columns if doubtful else (), strict=True):
        filled = values.filter(pc.not_equal(values, ""))
        if not pc.all(pc.match_substring_regex(filled, f"^{_DECIMAL.pattern}$")).as_py():
            continue
        shown, code = clip(filled[0].as_py(), 20), clip(filled[0].as_py()[:-2], 20)
        return Text(
            f"“{name}”里的编号都以 .0 结尾（如“{shown}”），像是导出程序把编号当成了小数，和“{code}”对不上。"
            f"请让对方按文本导出再发，或在映射里写 split({name}, '.', 1)；编号确实带 .0：crossdock run approve {work.run_id}；"
            f"文件有误：crossdock run discard {work.run_id}。",
            f"All codes in “{name}” end in .0 (“{shown}”), as if a program had exported them as decimals; they would not be the "
            f"same as “{code}”. Have them exported as text and sent again, or write split({name}, '.', 1) in the mapping; if the "
            f"codes do end so: crossdock run approve {work.run_id}; if the file is wrong: crossdock run discard {work.run_id}.",
        )
    return None


def _may_be_decimals(metadata: pq.FileMetaData, column: str) -> bool:
    """Whether the greatest value of the column is written so, in each part of the file of which that is noted."""
    at = metadata.schema.names.index(column)
    noted = [metadata.row_group(number).column(at).statistics for number in range(metadata.num_row_groups)]
    return all(one is not None and one.has_min_max and _DECIMAL.fullmatch(one.max or "0.0") for one in noted)


def _question(came: list[str], went: list[str], run: int) -> Text:
    zh = [f"多了 {'、'.join(came)}"] * bool(came) + [f"少了 {'、'.join(went)}"] * bool(went)
    en = [f"{', '.join(came)} came"] * bool(came) + [f"{', '.join(went)} went"] * bool(went)
    return Text(
        f"列和上次不同：{'，'.join(zh)}。请核对文件；"
        f"要按新的列读：crossdock run approve {run}；文件有误：crossdock run discard {run}。",
        f"The columns are not those of last time: {', '.join(en)}. Check the file; to read it as it is: "
        f"crossdock run approve {run}; if the file is wrong: crossdock run discard {run}.",
    )
