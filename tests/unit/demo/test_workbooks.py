"""The story's workbooks are as ugly as real ones, and are still read whole."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from connectors.formats import FormatOptions, read_file
from crossdock.demo import workbooks
from crossdock.demo.workbooks import CHANGED, SHORT, UNANSWERED, Receipt

TODAY = date(2026, 11, 22)


def read(path: Path) -> tuple[list[Mapping[str, str]], Mapping[str, tuple[int, ...]], int]:
    """Records, what was skipped and why, and the row of the header."""
    (sheet,) = read_file(path, options=FormatOptions(), display_name=path.name)
    assert sheet.problem is None
    return sheet.table.to_pylist(), sheet.counts.skipped, sheet.header_row


def test_the_order_list_has_titles_above_and_totals_below(tmp_path: Path) -> None:
    lines = workbooks.first_orders(TODAY)
    path = tmp_path / "采购订单.xlsx"
    workbooks.write_orders(path, lines, TODAY)

    records, skipped, header_row = read(path)

    assert header_row == 4
    assert len(records) == len(lines) == 42
    assert {"total", "after_end"} <= set(skipped)
    first = records[0]
    assert (first["采购订单号"], first["料号"], first["供应商编码"]) == ("PO-11", lines[0].item, lines[0].supplier)
    assert lines[0].item.startswith("0")
    assert any("," in str(record["数量"]) for record in records)


def test_dates_are_written_in_three_ways(tmp_path: Path) -> None:
    path = tmp_path / "采购订单.xlsx"
    workbooks.write_orders(path, workbooks.first_orders(TODAY), TODAY)

    dates = {str(record["要求到货日期"]) for record in read(path)[0]}

    assert any("年" in text for text in dates)
    assert any("/" in text for text in dates)
    assert any(text.count("-") == 2 for text in dates)


def test_receipts_and_replies_are_read_whole(tmp_path: Path) -> None:
    lines = workbooks.first_orders(TODAY)
    workbooks.write_receipts(tmp_path / "r.xlsx", [Receipt("GR-1", 1, "PO-11", 1, "000123", 5, TODAY)])
    workbooks.write_response(tmp_path / "a.xlsx", "V00107", lines[:3])

    assert len(read(tmp_path / "r.xlsx")[0]) == 1
    assert len(read(tmp_path / "a.xlsx")[0]) == 3


@pytest.mark.parametrize(
    ("today", "march"),
    [
        (date(2026, 11, 22), date(2027, 3, 1)),
        (date(2027, 1, 31), date(2027, 3, 1)),
        (date(2027, 2, 1), date(2028, 3, 1)),
        (date(2027, 12, 31), date(2028, 3, 1)),
    ],
)
def test_the_storys_march_lies_ahead(today: date, march: date) -> None:
    assert workbooks.next_march(today) == march


def test_the_lines_of_the_story_are_what_it_says() -> None:
    lines = {line.key: line for line in workbooks.first_orders(TODAY)}

    assert (lines[CHANGED].quantity, lines[CHANGED].due, lines[CHANGED].buyer) == (500, date(2027, 3, 1), "李伟")
    assert (lines[SHORT].quantity, lines[SHORT].buyer) == (1200, "E022")
    assert {(TODAY - line.ordered_on).days for line in lines.values() if line.order == UNANSWERED} == {10}
    changed = workbooks.changed_orders(list(lines.values()), CHANGED, quantity=300, due=date(2027, 3, 5))
    assert [line for line in changed if line != lines[line.key]] == [line for line in changed if line.key == CHANGED]
