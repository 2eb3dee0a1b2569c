"""Spellings that the mapping reads are not called odd by a preview."""

import pyarrow as pa

from connectors.base import ROW
from connectors.formats.profile import looks_like


def test_wan_among_numbers_and_serials_among_dates_are_not_odd_but_words_are() -> None:
    table = pa.table(
        {
            "数量": ["300", "1.5万", "20", "面议", "7", "8"],
            "交期": ["2026-03-01", "46345", "2026年3月5号", "待定", "2026/3/1", "2026/3/2"],
            ROW: pa.array(range(2, 8), pa.int64()),
        }
    )

    quantity, due = looks_like(table)

    assert quantity.odd == ((5, "面议"),)
    assert due.odd == ((5, "待定"),)


def test_european_numbers_and_a_minus_behind_are_numbers() -> None:
    table = pa.table(
        {
            "Menge": ["1.250,00", "3,5", "12,00"],
            "数量": ["500-", "3", "1,200.50-"],
            ROW: pa.array(range(2, 5), pa.int64()),
        }
    )
    assert [(column.kind, column.odd) for column in looks_like(table)] == [("number", ())] * 2
