"""Where values may have to be cleaned is told from the dictionaries of landed files, and never missed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mappings.columns import source_column
from mappings.compiled import Spelling
from mappings.functions import USUAL_DAY, USUAL_MOMENT, USUAL_NUMBER
from mappings.odd import Writing
from tests.unit.mappings.conftest import Map, one_field


def write(path: Path, columns: Mapping[str, Sequence[str | None]], *, plain: str = "") -> Path:
    """A landed file; the column `plain` is kept without a dictionary."""
    table = pa.table({"_row": pa.array(range(2, 2 + len(next(iter(columns.values()))))), **columns})
    pq.write_table(table, path, row_group_size=2, use_dictionary=[name for name in columns if name != plain])
    return path


@pytest.mark.parametrize("value", ["１２", " 12", "12 ", "\u3000甲", "\u200b甲", "a\u00a0b", "￥5", "a\x00b", "12\n"])
def test_one_odd_value_in_the_last_row_is_found(tmp_path: Path, value: str) -> None:
    file = write(tmp_path / "a.parquet", {"数量": ["1", "2", "3", "4", value], "备注": ["甲 乙", "", None, "a,b", "x"]})
    asked = [source_column("数量"), source_column("备注")]
    assert Writing([file]).odd(asked) == [source_column("数量")]


def test_a_column_without_a_dictionary_may_always_be_odd(tmp_path: Path) -> None:
    file = write(tmp_path / "a.parquet", {"Qty": ["1", "2"], "QTY": ["1", "2"]}, plain="Qty")
    assert Writing([file]).odd([source_column("Qty"), source_column("QTY")]) == [source_column("Qty")]


def test_a_column_is_plain_only_where_it_is_so_in_every_file(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "a.parquet", {"数量": ["1", "2"], "PO No.": ["x", "y"]}),
        write(tmp_path / "b.parquet", {"数量": ["1", "２"], "PO No.": ["x", "y"]}),
    ]
    asked = [source_column("数量"), source_column("PO No.")]
    assert Writing(files).odd(asked) == [source_column("数量")]


def test_columns_that_are_no_text_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table(
        {"数量": ["1", "２"], "n": [1, 2], "tags": [["x"], []], "b": [b"x", None], "of": [{"数量": "1"}, None]}
    )
    pq.write_table(table, path)
    asked = [source_column(name) for name in table.column_names]
    assert Writing([path]).odd(asked) == asked


def test_a_file_without_rows_holds_nothing_odd(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"数量": pa.array([], pa.string())}), path)
    assert Writing([path]).odd([source_column("数量")]) == []


def test_a_key_in_another_spelling_is_the_same_key(run_mapping: Map) -> None:
    text = one_field("item", "物料")
    rows = [{"单号": number, "行号": "1", "物料": "A"} for number in ("PO-1", " PO-1", "PO-1\u3000", "PO-2")]
    outcome = run_mapping(text, rows)
    assert [record["key"] for record in outcome.good["purchase_order_line"]] == ["PO-1|1", "PO-2|1"]
    assert outcome.folded == {"purchase_order_line": 2}


def test_what_a_file_lacks_cannot_be_told_and_is_looked_at_row_by_row(tmp_path: Path) -> None:
    file = write(tmp_path / "a.parquet", {"数量": ["1", "2"]})
    assert Writing([file]).odd(["_turned.value", source_column("数量")]) == ["_turned.value"]


QTY, DAY, AT = source_column("数量"), source_column("交期"), source_column("时间")
SPELT = {Spelling(QTY, USUAL_NUMBER), Spelling(DAY, USUAL_DAY), Spelling(AT, USUAL_MOMENT)}


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        *((USUAL_NUMBER, value) for value in ("1,200", "１２", "12 ", "5个", "1e3", "12\n", "+5", "1.", "待定", "1.1234567")),
        *((USUAL_DAY, value) for value in ("2026/3/5", "2026-3-05", "2026-03-05 08:00:00", "20260305", "46000", "2026-03-05\n")),
        *((USUAL_MOMENT, value) for value in ("2026-03-05", "2026-03-05 8:00", "2026-03-05T08:00:00Z", "2026-03-05 24:00")),
    ],
)  # fmt: skip
def test_one_value_in_another_spelling_is_found(tmp_path: Path, pattern: str, value: str) -> None:
    usual = {USUAL_NUMBER: "-3.50", USUAL_DAY: "2026-03-05 00:00:00", USUAL_MOMENT: "2026-03-05 08:00:59.5"}[pattern]
    one = Spelling(QTY, pattern)
    file = write(tmp_path / "a.parquet", {"数量": [usual, "", None, usual, usual]})
    assert Writing([file]).usual([one]) == {one}
    file = write(tmp_path / "a.parquet", {"数量": [usual, "", None, usual, value]})
    assert Writing([file]).usual([one]) == frozenset()


def test_each_file_must_be_written_so_and_have_the_column(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "a.parquet", {"数量": ["1"], "交期": ["2026-03-05"], "时间": ["2026-03-05 08:00"]}),
        write(tmp_path / "b.parquet", {"数量": ["1"], "交期": ["3/5"]}),
    ]
    assert Writing(files[:1]).usual(SPELT) == SPELT
    assert Writing(files).usual(SPELT) == {Spelling(QTY, USUAL_NUMBER)}


def test_many_rows_without_a_dictionary_are_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "a.parquet", {"数量": ["1", "2", "3"]}, plain="数量")
    asked = [Spelling(QTY, USUAL_NUMBER)]
    assert Writing([file]).usual(asked) == set(asked)
    monkeypatch.setattr("mappings.odd._FEW_ROWS", 2)
    assert Writing([file]).usual(asked) == frozenset()


def test_very_many_files_are_not_opened(tmp_path: Path) -> None:
    missing = [tmp_path / "none.parquet"] * 64
    assert Writing(missing).usual(SPELT) == frozenset()
    assert Writing(missing).odd([QTY]) == [QTY]
