"""Formats: what is in a file (Excel, delimited text, JSON), independent of where the file lies."""

import traceback
from collections.abc import Iterator
from pathlib import Path

from canonical_model.errors import CrossdockError
from canonical_model.language import Text
from connectors.formats.delimited import read_delimited
from connectors.formats.disguise import Content, content_of, no_workbook
from connectors.formats.json_document import read_json
from connectors.formats.markup import read_html, read_spreadsheet_xml, read_web_archive
from connectors.formats.options import FormatOptions
from connectors.formats.sheet import SheetRead, refused, settle
from connectors.formats.workbook import read_workbook

WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xltx", ".xls", ".xlsb", ".ods", ".et"})
DELIMITED = frozenset({".csv", ".tsv", ".txt"})
DOCUMENTS = frozenset({".json", ".jsonl", ".jsonld", ".ndjson"})


def read_file(path: Path, *, options: FormatOptions, display_name: str | None = None) -> Iterator[SheetRead]:
    """Every table of a file; at least one read, the last of them marked `is_last`.

    Whatever is wrong with the file is a `problem` of a read, never an exception, also where a reader itself is at fault.

    Args:
        path: The file.
        options: What the stream says about its form.
        display_name: The name that its maker gave it, whose extension counts; None: that of `path`.

    Raises:
        OSError: The machine is to blame and not the file: a full disk, too many open files.
        CrossdockError: The same, in a sentence.
    """
    return settle(_guarded(_reads(path, options, Path(display_name or path.name))))


def _guarded(reads: Iterator[SheetRead]) -> Iterator[SheetRead]:
    """The reads, and one that is refused where the reader breaks; else one file would hold up all that come after it."""
    try:
        yield from reads
    except CrossdockError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        yield refused(_fault(error))


def _fault(error: Exception) -> Text:
    """The sentence for a fault of ours: its kind and place, and nothing of what it says, which may be from the file."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    kind = f"{type(error).__name__}, {Path(frame.filename).stem}:{frame.lineno}"
    return Text(
        f"文件读不了，是读取程序的故障（{kind}）。请把内容另存为新的 .xlsx 或 UTF-8 的 CSV 再发，并告诉管理员。",
        f"The file cannot be read, by a fault of the reader ({kind}). "
        "Save it anew as .xlsx or CSV UTF-8 and send that, and tell the administrator.",
    )


def _reads(path: Path, options: FormatOptions, name: Path) -> Iterator[SheetRead]:
    extension = name.suffix.lower()
    if not path.stat().st_size:
        yield refused(
            Text(
                "文件是空的（0 字节）。请重新导出后再发。", "The file is empty (0 bytes). Export it and send it again."
            )
        )
    elif extension in WORKBOOKS | DELIMITED:
        yield from _read_by_content(path, options, name)
    elif extension in DOCUMENTS:
        yield from read_json(path, options)
    else:
        known = " ".join(sorted(WORKBOOKS | DELIMITED | DOCUMENTS))
        yield refused(
            Text(
                f"不认识后缀“{extension}”（{name.name}）。能读的有：{known}。",
                f"The extension “{extension}” of {name.name} is unknown. Readable are: {known}.",
            )
        )


def _read_by_content(path: Path, options: FormatOptions, name: Path) -> Iterator[SheetRead]:
    """What the file holds decides, since a web page or CSV named .xls is what many systems export."""
    content = content_of(path)
    if content is Content.WORKBOOK:
        yield from read_workbook(path, options)
    elif content is Content.HTML:
        yield from read_html(path, options)
    elif content is Content.WEB_ARCHIVE:
        yield from read_web_archive(path, options)
    elif content is Content.SPREADSHEET_XML:
        yield from read_spreadsheet_xml(path, options)
    elif content is Content.TEXT or name.suffix.lower() in DELIMITED:
        yield from read_delimited(path, options)
    else:
        yield refused(no_workbook(name, content))


__all__ = ["DELIMITED", "DOCUMENTS", "WORKBOOKS", "FormatOptions", "SheetRead", "read_file"]
