"""The preview guesses like a person, and says where a value is out of line."""

import pyarrow as pa

from connectors.base import ROW
from connectors.formats.cells import Kind
from connectors.formats.profile import looks_like


def test_columns_are_told_apart() -> None:
    table = pa.table(
        {
            "料号": ["000123", "000124", "A-1"],
            "数量": ["1,200", "三百", "3"],
            "交期": ["2026/3/1", "2026-03-05", ""],
            "名称": ["螺丝", "螺母", "垫片"],
            "备注": ["", " ", ""],
            ROW: [5, 6, 8],
        }
    )
    profiles = {one.name: one for one in looks_like(table)}
    assert [one.kind for one in profiles.values()] == [Kind.CODE, Kind.NUMBER, Kind.DATE, Kind.TEXT, Kind.BLANK]
    assert profiles["数量"].odd == ((6, "三百"),)
    assert (profiles["交期"].filled, profiles["交期"].empty) == (2, 1)
    assert profiles["料号"].note.zh
    assert profiles["名称"].examples == ("螺丝", "螺母", "垫片")
