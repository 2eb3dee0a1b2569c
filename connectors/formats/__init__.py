"""Formats: what is in a file (Excel, delimited text, JSON), independent of where the file lies."""

from collections.abc import Iterator
from pathlib import Path

from canonical_model.language import Text
from connectors.formats.delimited import read_delimited
from connectors.formats.json_document import read_json
from connectors.formats.options import FormatOptions
from connectors.formats.sheet import SheetRead, refused, settle
from connectors.formats.workbook import read_workbook

WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"})
DELIMITED = frozenset({".csv", ".tsv", ".txt"})
DOCUMENTS = frozenset({".json", ".jsonl", ".jsonld", ".ndjson"})


def read_file(path: Path, *, options: FormatOptions, display_name: str | None = None) -> Iterator[SheetRead]:
    """Every table of a file; at least one read, the last of them marked `is_last`.

    Whatever is wrong with the file is a `problem` of a read, never an exception.

    Args:
        path: The file.
        options: What the stream says about its form.
        display_name: The name that its maker gave it, whose extension counts; None: that of `path`.
    """
    return settle(_reads(path, options, Path(display_name or path.name)))


def _reads(path: Path, options: FormatOptions, name: Path) -> Iterator[SheetRead]:
    extension = name.suffix.lower()
    if not path.stat().st_size:
        yield refused(
            Text(
                "文件是空的（0 字节）。请重新导出后再发。", "The file is empty (0 bytes). Export it and send it again."
            )
        )
    elif extension in WORKBOOKS:
        yield from read_workbook(path, options, name)
    elif extension in DELIMITED:
        yield from read_delimited(path, options)
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


__all__ = ["DELIMITED", "DOCUMENTS", "WORKBOOKS", "FormatOptions", "SheetRead", "read_file"]
