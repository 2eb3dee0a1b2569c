"""`crossdock template`: the workbook comes back through `crossdock preview` with every column found."""

from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import get_column_letter

from canonical_model.codes import code_list
from canonical_model.declaration import Kind
from canonical_model.entities import SPECS
from canonical_model.template import TemplateColumn, template_columns
from tests.unit.cli.conftest import Cli


def example(column: TemplateColumn, row: int) -> object:
    """What a person could write into a cell."""
    if column.codes:
        names = [text.zh for code, text in code_list(column.codes).entries.items() if code != "unknown"]
        return names[row % len(names)]
    return {
        Kind.DAY: date(2026, 3, row),
        Kind.INSTANT: datetime(2026, 3, row, 8, 30),  # noqa: DTZ001  # a time in a cell
        Kind.FLAG: "是",
        Kind.TEXT: f"00{row}甲",
        Kind.REF: f"000{row}",
    }.get(column.kind, row * 10)


@pytest.mark.parametrize("entity", ["purchase_order_line", "item", "shipment", "invoice", "temperature_reading"])
def test_a_filled_template_comes_back_with_every_column(cli: Cli, tmp_path: Path, entity: str) -> None:
    path = tmp_path / "填好.xlsx"
    said = cli.json("template", entity, "-o", path)
    columns = template_columns(SPECS[entity])
    assert [one["header"]["zh"] for one in said["columns"]] == [column.header.zh for column in columns]

    book = openpyxl.load_workbook(path)
    for row in range(1, 4):
        book.worksheets[0].append([example(column, row) for column in columns])
    book.save(path)
    table, *hidden = cli.json("preview", path)["tables"]

    assert [one["name"].rstrip("*") for one in table["columns"]] == [column.header.zh for column in columns]
    assert table["rows"]["read"] == "3"
    assert {one["rows"]["read"] for one in hidden} <= {"0"}


def test_required_columns_codes_and_zeros_are_looked_after(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    result = cli("template", "purchase_order_line", "-o", path)
    assert result.exit_code == 0
    assert "必填 订单号、行号" in result.output
    sheet = openpyxl.load_workbook(path).worksheets[0]
    headers = {cell.value: get_column_letter(number) for number, cell in enumerate(sheet[1], start=1)}
    assert sheet[f"{headers['订单号*']}1"].fill.fgColor.rgb == "00FFF2CC"
    assert sheet.column_dimensions[headers["物料"]].number_format == "@"
    assert sheet.column_dimensions[headers["要求交期"]].number_format == "yyyy-mm-dd"
    ranges = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation}
    unit = headers["单位"]
    assert ranges[f"{unit}2:{unit}2001"].startswith("codes!$")


def test_an_unknown_entity_and_a_file_that_exists_are_refused_in_words(cli: Cli, tmp_path: Path) -> None:
    wrong = cli("template", "purchase_orders")
    assert wrong.exit_code == 2
    assert "purchase_order" in wrong.output
    assert "XD-TPL-001" in wrong.output
    path = tmp_path / "mine.xlsx"
    path.write_bytes(b"filled")
    taken = cli("template", "item", "-o", path)
    assert taken.exit_code == 2
    assert "XD-TPL-002" in taken.output
    assert path.read_bytes() == b"filled"
