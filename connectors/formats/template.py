"""Writing an empty workbook for one entity, which comes back through the same readers as any other sheet."""

from collections.abc import Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from canonical_model.codes import code_list
from canonical_model.declaration import EntitySpec, Kind
from canonical_model.language import Language, Text
from canonical_model.template import TemplateColumn, template_columns

ROWS = 2_000
"""Rows below the header that are prepared: pick-lists, and cells that keep zeros."""

_FORMATS = {Kind.DAY: "yyyy-mm-dd", Kind.INSTANT: "yyyy-mm-dd hh:mm", Kind.NUMBER: "General", Kind.INTEGER: "0",
            Kind.QUANTITY: "General", Kind.MONEY: "General"}  # fmt: skip
_AS_TEXT = "@"
_FLAGS = Text("是,否", "yes,no")
_REQUIRED = PatternFill("solid", fgColor="FFF2CC")
_LISTS = "codes"


def write_template(entity: EntitySpec, language: Language) -> bytes:
    """An .xlsx with the headers of `entity`: required ones marked, code lists to pick from, codes as text."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = entity.label.get(language).replace("/", " ")[:31]
    sheet.freeze_panes = "A2"
    lists = _Lists(book.create_sheet(_LISTS), language)
    for number, column in enumerate(template_columns(entity), start=1):
        _write_header(sheet, number, column, language)
        _prepare(sheet, get_column_letter(number), column, lists, language)
    memory = BytesIO()
    book.save(memory)
    return memory.getvalue()


def _write_header(sheet: Worksheet, number: int, column: TemplateColumn, language: Language) -> None:
    cell = sheet.cell(1, number, column.header.get(language) + ("*" if column.is_required else ""))
    cell.font = Font(bold=True)
    if column.is_required:
        cell.fill = _REQUIRED
    note = " / ".join(part for part in (column.header.en, *column.field.note) if part)
    cell.comment = Comment(note, "Crossdock")
    width = sum(2 if ord(letter) > 255 else 1 for letter in str(cell.value))
    sheet.column_dimensions[get_column_letter(number)].width = max(12, width + 3)


def _prepare(sheet: Worksheet, letter: str, column: TemplateColumn, lists: "_Lists", language: Language) -> None:
    sheet.column_dimensions[letter].number_format = _FORMATS.get(column.kind, _AS_TEXT)
    source = lists.reference(column.codes) if column.codes else ""
    if column.kind is Kind.FLAG:
        source = f'"{_FLAGS.get(language)}"'
    if source:
        picked = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=False)
        picked.add(f"{letter}2:{letter}{ROWS + 1}")
        sheet.add_data_validation(picked)


class _Lists:
    """A hidden sheet with one column for each code list; readers leave hidden sheets out."""

    def __init__(self, sheet: Worksheet, language: Language) -> None:
        self._sheet, self._language = sheet, language
        self._sheet.sheet_state = "hidden"
        self._letters: dict[str, str] = {}

    def reference(self, name: str) -> str:
        """The cells that hold the names of the list's codes."""
        names = self._names(name)
        if name not in self._letters:
            self._letters[name] = get_column_letter(len(self._letters) + 1)
            for row, word in enumerate(names, start=1):
                self._sheet[f"{self._letters[name]}{row}"] = word
        letter = self._letters[name]
        return f"{_LISTS}!${letter}$1:${letter}${len(names)}"

    def _names(self, name: str) -> Sequence[str]:
        entries = code_list(name).entries
        return [text.get(self._language) for code, text in entries.items() if code != "unknown"]
