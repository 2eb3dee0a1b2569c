"""The quickstart, played as it is written: its commands run, its files are taken, its output is what is printed."""

import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from crossdock.cli._app import app

pytestmark = pytest.mark.store
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "quickstart.md"
NOT_PLAYED = ("make demo", ".venv/bin/crossdock demo")
SHEET = "恒远Q4.xlsx"


def make_sheet(path: Path) -> None:
    """The sheet that the guide speaks of: titles above, a total and a signature below, two bad rows."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "下单"
    header = [
        "我方PO",
        "序号",
        "物料编码",
        "品名",
        "采购\n数量",
        "计量单位",
        "未税单价(元)",
        "币别",
        "最晚到货",
        "采购员",
    ]
    due = date(2026, 12, 1)
    rows: list[list[Any]] = [
        ["恒远第四季度采购清单"],
        ["制表人：王五"],
        [],
        header,
        ["PO-7001", "1", "000123", "轴承", 500, "个", 1.5, "人民币", due, "张三"],
        ["PO-7001", "2", "000124", "垫圈", 800, "个", 0.2, "人民币", due, "张三"],
        ["PO-7002", "1", "000125", "螺栓", 1200, "个", 0.35, "人民币", due, "李四"],
        ["PO-7002", "2", "000126", "螺母", "十二", "个", 0.3, "人民币", due, "李四"],
        ["PO-7002", "3", "000127", "弹簧", 40, "大箱", 12, "人民币", "下周一", "李四"],
        ["合计", None, None, None, 2540],
        [],
        ["审核：赵六"],
    ]
    for row in rows:
        sheet.append(row)
    book.save(path)


def steps(guide: str) -> list[tuple[str, str]]:
    """(kind, content) of every fenced block, in order."""
    return re.findall(r"^```(sh|text|yaml)\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)


def test_the_quickstart_does_and_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_store: Engine
) -> None:
    monkeypatch.chdir(tmp_path)
    make_sheet(tmp_path / SHEET)
    url = fresh_store.url.render_as_string(hide_password=False)
    environment: dict[str, str | None] = {
        "LANG": "C", "CROSSDOCK_HOME": None, "COLUMNS": "200", "CROSSDOCK_DATABASE_URL": url,
    }  # fmt: skip
    played, printed = [], ""
    for kind, content in steps(GUIDE.read_text(encoding="utf-8")):
        if kind == "yaml" and content.startswith("mapping:"):
            mapping = Path("mappings/hengyuan/orders.yaml")
            mapping.parent.mkdir()
            mapping.write_text(content, encoding="utf-8")
            source = Path("sources/excel.yaml")
            text = source.read_text("utf-8").replace("mapping: generic/purchase_order ", "mapping: hengyuan/orders ")
            text = text.replace('files: "purchase_orders/*"', 'files: "purchase_orders/*", minimum_age_seconds: 0')
            source.write_text(text, encoding="utf-8")  # nobody waits two seconds here
        elif kind == "yaml":
            import yaml

            given = yaml.safe_load(Path("sources/excel.yaml").read_text("utf-8"))
            assert given == yaml.safe_load(content)
        elif kind == "text":
            missing = [line.strip() for line in content.splitlines() if squeeze(line) not in squeeze(printed)]
            assert missing == [], printed
        else:
            for line in content.splitlines():
                match line.split():
                    case _ if line in NOT_PLAYED:
                        continue
                    case ["cd", folder]:
                        monkeypatch.chdir(folder)
                    case ["cp", given, into]:
                        shutil.copy(given, into)
                    case ["crossdock", *words]:
                        result = CliRunner().invoke(app, words, env=environment)
                        assert result.exit_code == 0, result.output
                        played.append(words[0])
                        printed = result.stdout if words[0] in {"preview", "sync"} else printed

    assert {"preview", "init", "source", "sync", "status", "issues", "runs", "export"} <= set(played)
    assert [row[2].value for row in openpyxl.load_workbook("purchase_order_line.xlsx").worksheets[0].rows][1:] == [
        "PO-7001", "PO-7001", "PO-7002",
    ]  # fmt: skip


def squeeze(text: str) -> str:
    """Without what depends on the width: blanks."""
    return re.sub(r"\s+", "", text)
