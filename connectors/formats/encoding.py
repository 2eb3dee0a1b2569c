"""Text files as UTF-8 bytes: which encoding a file has, and its content without byte order mark."""

import codecs
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from canonical_model.language import Text

_BLOCK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text file that can be read as UTF-8.

    Attributes:
        path: A file whose content from `offset` on is UTF-8.
        offset: Length of the byte order mark.
        encoding: The encoding of the original.
        lines: Lines in it, the last one also without a line end.
    """

    path: Path
    offset: int
    encoding: str
    lines: int


@contextmanager
def open_text(path: Path, encoding: str | None) -> Iterator[PlainText | Text]:
    r"""The file as UTF-8, or the sentence why it cannot be read as text.

    Decoding comes before splitting: the second byte of a GB18030 character may equal | or \.

    Args:
        path: The file as received.
        encoding: What the stream says; None: byte order mark, else strict UTF-8, else strict GB18030.
    """
    with path.open("rb") as file:
        start = file.read(4)
    mark, marked = next(((mark, name) for mark, name in _MARKS if start.startswith(mark)), (b"", None))
    for name in [encoding] if encoding else [marked] if marked else ["utf-8", "gb18030"]:
        try:
            codec = codecs.lookup(name or "").name
        except LookupError:
            yield Text(f"没有名为“{name}”的编码。", f"There is no encoding named “{name}”.")
            return
        offset = len(mark) if codec in {marked, "utf-16"} else 0
        if codec == "utf-8":
            lines = _count_utf8_lines(path, offset)
            if lines is not None:
                yield PlainText(path, offset, codec, lines)
                return
            continue
        with tempfile.NamedTemporaryFile(suffix=".utf8") as copy:
            target = Path(copy.name)
            if _transcode(path, target, codec, offset):
                yield PlainText(target, 0, codec, _count_utf8_lines(target, 0) or 0)
                return
    tried = encoding or marked or "UTF-8, GB18030"
    yield Text(
        f"文件里的文字按 {tried} 都解不开。请在 Excel 里另存为“CSV UTF-8”，"
        "或在设置里写明 encoding（如 big5、shift_jis）。",
        f"The text cannot be decoded as {tried}. Save it as “CSV UTF-8” in Excel, "
        "or name its encoding (big5, shift_jis) in the settings.",
    )


def _count_utf8_lines(path: Path, offset: int) -> int | None:
    """How many lines the file has, None when it is not strict UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    ends, last = 0, b""
    with path.open("rb") as file:
        file.seek(offset)
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
                ends += count_line_ends(block) - (last == b"\r" and block.startswith(b"\n"))
                last = block[-1:]
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
    return ends + (last not in {b"", b"\n", b"\r"})


def count_line_ends(block: bytes) -> int:
    """Line ends in `block`: LF, CR LF as one, or CR alone."""
    ends = block.count(b"\n")
    return ends + block.count(b"\r") - block.count(b"\r\n") if b"\r" in block else ends


def _transcode(source: Path, target: Path, codec: str, offset: int) -> bool:
    decoder = codecs.getincrementaldecoder(codec)("strict")
    with source.open("rb") as read, target.open("wb") as write:
        read.seek(offset)
        try:
            while block := read.read(_BLOCK):
                write.write(decoder.decode(block).encode())
            write.write(decoder.decode(b"", final=True).encode())
        except UnicodeError:
            return False
    return True
