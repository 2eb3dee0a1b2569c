"""What a file is by its first bytes, whatever its name says."""

from enum import StrEnum
from pathlib import Path

from canonical_model.language import Text

_START = 4096
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Content(StrEnum):
    """What a file holds."""

    WORKBOOK = "workbook"
    HTML = "html"
    WEB_ARCHIVE = "web_archive"
    SPREADSHEET_XML = "spreadsheet_xml"
    TEXT = "text"
    PDF = "pdf"
    XML = "xml"
    OTHER = "other"


_NAMES = {
    Content.PDF: Text("PDF", "a PDF"),
    Content.XML: Text("XML 文本", "XML text"),
    Content.OTHER: Text("别的格式", "of another format"),
}


def content_of(path: Path) -> Content:
    """What the first bytes of the file say that it is."""
    with path.open("rb") as file:
        magic = file.read(_START)
    if magic.startswith((_ZIP, _OLE)):
        return Content.WORKBOOK
    text = magic.replace(b"\x00", b"") if magic.startswith(_MARKS) else magic
    start = text.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if start.startswith((b"<html", b"<!doctype html", b"<table", b"<meta", b"<head", b"<style", b"<body", b"<div")):
        return Content.HTML
    if start.startswith(b"<"):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in start:
            return Content.SPREADSHEET_XML
        return Content.HTML if b"<table" in start or b"<html" in start else Content.XML
    if start.startswith((b"mime-version:", b"from: <saved by")):
        return Content.WEB_ARCHIVE
    if start.startswith(b"%pdf"):
        return Content.PDF
    return Content.OTHER if b"\x00" in text else Content.TEXT


def no_workbook(name: Path, content: Content) -> Text:
    """The sentence for a file that calls itself a workbook and is none."""
    extension, what = name.suffix.lower(), _NAMES[content]
    return Text(
        f"文件名后缀是 {extension}，内容却是{what.zh}，不是 Excel 工作簿。"
        "请用 Excel 打开，另存为“Excel 工作簿 (*.xlsx)”后再发。",
        f"The file is named {extension} but is {what.en}, not a workbook. "
        "Open it in Excel, save it as “Excel Workbook (*.xlsx)” and send that.",
    )
