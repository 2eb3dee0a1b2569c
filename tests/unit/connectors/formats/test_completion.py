"""Blank cells that mean the value above are filled where the settings say so, and nowhere else."""

from pathlib import Path

import pytest

from connectors.formats import FormatOptions
from connectors.formats.delimited import read_delimited

LINES = (
    "单据编号,日期,供应商,料号,数量",
    "PO-1,2026-03-01,恒远,A1,5",
    ",,,A2,6",
    "PO-2,2026-03-02,,A1,7",
    " ,,,A2,8",
    "合计,,,,26",
)


@pytest.mark.parametrize("part_bytes", [32 << 20, 1])
def test_a_line_without_its_document_takes_it_from_above(tmp_path: Path, part_bytes: int) -> None:
    path = tmp_path / "a.csv"
    many = "".join(f",,,B{number},1\n" for number in range(100_000))
    path.write_text("\n".join(LINES[:3]) + "\n" + many + "\n".join(LINES[3:]), encoding="utf-8")
    reads = list(read_delimited(path, FormatOptions(same_as_above=["单据编号", "供应商"]), part_bytes=part_bytes))
    assert len(reads) == 1 or part_bytes == 1
    rows = [row for read in reads for row in read.table.select(["单据编号", "日期", "供应商"]).to_pylist()]
    found = [tuple(row.values()) for row in (*rows[:2], *rows[-3:])]
    assert found == [
        ("PO-1", "2026-03-01", "恒远"),
        ("PO-1", "", "恒远"),
        ("PO-1", "", "恒远"),
        ("PO-2", "2026-03-02", ""),
        ("PO-2", "", ""),
    ]


@pytest.mark.parametrize("mark", ["同前", "上同", "〃〃", "″″", "ditto", "Ditto", "DITTO", "do.", "-do-"])
def test_a_ditto_mark_is_the_value_above(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"单号,品名,数量\nPO-1,螺丝,5\nPO-2,{mark},6\n", encoding="utf-8")
    (only,) = read_delimited(path, FormatOptions())
    assert only.table["品名"].to_pylist() == ["螺丝", "螺丝"]


@pytest.mark.parametrize("name", ["Ditto tape", "do", "DO-25", "ditto.2", "Do. it", "Do."])
def test_a_name_with_a_ditto_word_in_it_stays(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"单号,品名,数量\nPO-1,螺丝,5\nPO-2,{name},6\n", encoding="utf-8")
    (only,) = read_delimited(path, FormatOptions())
    assert only.table["品名"].to_pylist() == ["螺丝", name]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("A\x071", "A1"),
        ("\x1b[31mA1\x1b[0m", "A1"),
        ("A1\x1a", "A1"),
        ("A[31m", "A[31m"),
        ("A\x1dB", "A\x1dB"),  # what separates parts of a GS1 code
        ("A\t1", "A\t1"),
    ],
)
def test_control_characters_are_taken_out_and_that_is_said(tmp_path: Path, code: str, expected: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"料号,品名,数量\n{code},螺丝,5\nA2,螺母,6\n", encoding="utf-8")
    (only,) = read_delimited(path, FormatOptions())
    assert only.table["料号"].to_pylist() == [expected, "A2"]
    assert ("控制字符" in only.header_reason.zh) == (code != expected)
    assert ("control characters" in only.header_reason.en) == (code != expected)


def test_blanks_stay_blank_without_the_setting_and_a_wrong_name_parks(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(LINES), encoding="utf-8")
    (read,) = read_delimited(path, FormatOptions())
    assert read.table["单据编号"].to_pylist() == ["PO-1", "", "PO-2", " "]
    (read,) = read_delimited(path, FormatOptions(same_as_above=["单号"]))
    assert read.problem is not None
    assert "“单号”" in read.problem.zh
    assert "单据编号、日期" in read.problem.zh
    assert read.problem.en


@pytest.mark.parametrize("part_bytes", [32 << 20, 1])
def test_a_cell_that_says_ditto_holds_what_stands_above_it(tmp_path: Path, part_bytes: int) -> None:
    path = tmp_path / "a.csv"
    many = "".join(f"同上,〃,B{number},1\n" for number in range(100_000))
    path.write_text(
        f"单号,供应商,料号,数量\n同上,恒远,A0,1\nPO-1,恒远,A1,5\n{many}PO-2,,A1,7\n同上,同上,A2,同上\n", "utf-8"
    )
    reads = list(read_delimited(path, FormatOptions(), part_bytes=part_bytes))
    rows = [tuple(row.values())[:4] for read in reads for row in read.table.to_pylist()]
    assert [rows[0], rows[2], rows[-3], rows[-1]] == [
        ("同上", "恒远", "A0", "1"),
        ("PO-1", "恒远", "B0", "1"),
        ("PO-1", "恒远", "B99999", "1"),
        ("PO-2", "", "A2", "7"),
    ]
    assert "同上" in reads[-1].header_reason.zh
