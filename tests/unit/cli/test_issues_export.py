"""`issues export`: what it writes, what it says, and what it refuses."""

from pathlib import Path

import openpyxl
import pytest

from crossdock.returned.marks import RED
from tests.unit.cli.conftest import Deployed

pytestmark = pytest.mark.store


def run_with_issues(deployed: Deployed) -> str:
    return str(deployed.cli.json("issues", "--source", "erp")["issues"][0]["run"])


def test_a_run_of_several_files_becomes_a_folder_in_which_the_bad_cells_are_marked(deployed: Deployed) -> None:
    run = run_with_issues(deployed)

    said = deployed.cli("issues", "export", run)

    folder = Path(f"run-{run}")
    assert {path.name for path in folder.iterdir()} == {"2-已标注.xlsx", "broken-已标注.xlsx"}
    assert "2-已标注.xlsx（2 行有标注）" in said.stdout
    assert "原文件打不开，所以只列出问题。" in said.stdout
    sheet = openpyxl.load_workbook(folder / "2-已标注.xlsx")["明细"]
    assert [cell.value for cell in sheet[3]][-2:] == ["问题", "怎么改"]
    assert sheet["K6"].fill.fgColor.rgb == sheet["G7"].fill.fgColor.rgb == RED
    assert sheet["F6"].value == "000123"
    assert "不是日期" in sheet["L6"].value


def test_the_document_names_each_file_and_only_bad_keeps_only_the_failing_rows(deployed: Deployed) -> None:
    run = run_with_issues(deployed)

    document = deployed.cli.json("issues", "export", run, "--only-bad", "-o", "退回", "--language", "en")

    first = document["files"][0]
    assert (first["file"], first["path"], first["rows"]) == ("2.xlsx", "退回/2-problem rows.xlsx", "2")
    rows = list(openpyxl.load_workbook("退回/2-problem rows.xlsx")["明细"].iter_rows(values_only=True))
    assert [row[0] for row in rows] == ["华东精密采购订单", "制表人：王五", "采购单号", "PO-12", "PO-13"]


def test_nothing_is_overwritten(deployed: Deployed) -> None:
    run = run_with_issues(deployed)
    deployed.cli("issues", "export", run, "-o", "there")
    before = {path: path.read_bytes() for path in Path("there").iterdir()}

    document = deployed.cli.json("issues", "export", run, "-o", "there", exit_code=2)

    assert document["error"]["code"] == "XD-CFG-162"
    assert {path: path.read_bytes() for path in Path("there").iterdir()} == before


def test_an_unknown_run_is_named_and_one_without_issues_gives_nothing(deployed: Deployed) -> None:
    assert "[XD-CFG-074] 没有运行 999。" in deployed.cli("issues", "export", "999").stderr
    good = deployed.steps["first sync"]["runs"][1]["run"]

    said = deployed.cli("issues", "export", good)

    assert "没有要退回的文件" in said.stdout
    assert list(Path().iterdir()) == []
    assert deployed.cli("issues", "export", "x").exit_code == 2
