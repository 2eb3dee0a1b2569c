"""Text files as UTF-8 bytes: which encoding a file has, and its content without byte order mark."""

import codecs
import re
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from canonical_model.language import Text

_BLOCK = 1 << 20
_START = 4096
_NULLS, _ONE_SIDED = 3, 4
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UTF8_LINE = re.compile(rb"[\x00-\x7f]*(?:[\xe2-\xef][\x80-\xbf]{2}[\x00-\x7f]*)+")
"""A line with CJK characters in UTF-8; three characters of GBK look so once in a hundred thousand times."""
_BY_CHANCE = 0.001
_PRIVATE = re.compile("[\ue000-\uf8ff]")
"""U+E000 to U+F8FF, the area for private use: Big5 that is read as GB18030 soon has some."""
_SELDOM = 0.5
_LAST_COMMON_ROW = 0xD7


@dataclass(frozen=True, slots=True)
class PlainText:
    """A text file that can be read as UTF-8.

    Attributes:
        path: A file whose content from `offset` on is UTF-8.
        offset: Length of the byte order mark.
        encoding: The encoding of the original.
        lines: Lines in it, the last one also without a line end.
        has_quotes: Whether a double quote stands anywhere: without one no value runs over several lines.
        has_guards: Whether a sign stands anywhere that may keep a code a text: ="000123", '000123, `000123.
        has_marks: Whether # or + stands anywhere, as in #N/A and 6.9E+12.
        null_line: The first line with a null byte; 0 for none.
    """

    path: Path
    offset: int
    encoding: str
    lines: int
    has_quotes: bool = True
    has_guards: bool = True
    has_marks: bool = True
    null_line: int = 0


@contextmanager
def open_text(path: Path, encoding: str | None) -> Iterator[PlainText | Text]:
    r"""The file as UTF-8, or the sentence why it cannot be read as text.

    Decoding comes before splitting: the second byte of a GB18030 character may equal | or \.

    Args:
        path: The file as received.
        encoding: What the stream says; None: byte order mark, else strict UTF-8, else strict GB18030. Which of the two
            orders a UTF-16 has is told by the file.
    """
    with path.open("rb") as file:
        start = file.read(_START)
    mark, marked = next(((mark, name) for mark, name in _MARKS if start.startswith(mark)), (b"", None))
    if encoding is None and marked is None and (wide := _unmarked(start)):
        yield Text(
            f"文件像是没有标记的 UTF-16 文本。请在设置里写 encoding: {wide}，或另存为“CSV UTF-8”。",
            f"The file looks like UTF-16 without a mark. Set encoding: {wide}, or save it as “CSV UTF-8”.",
        )
        return
    for name in [encoding] if encoding else [marked] if marked else ["utf-8", "gb18030"]:
        try:
            codec = codecs.lookup(name or "").name
        except LookupError:
            yield Text(f"没有名为“{name}”的编码。", f"There is no encoding named “{name}”.")
            return
        if codec.startswith("utf-16"):
            codec = marked if marked and marked != "utf-8" else (_unmarked(start) or codec)
        offset = len(mark) if codec == marked else 0
        if codec == "utf-8":
            surveyed = _survey(path, offset, codec)
            if surveyed is not None:
                yield surveyed
                return
            continue
        is_guessed = not (encoding or marked)
        if is_guessed and (mixed := _mixed(path)) is not None:
            yield mixed
            return
        with tempfile.NamedTemporaryFile(suffix=".utf8") as copy:
            target = Path(copy.name)
            surveyed = _survey(target, 0, codec) if _transcode(path, target, codec, offset) else None
            if surveyed is not None and is_guessed and (strange := _strange(target)):
                yield strange
                return
            if surveyed is not None:
                yield surveyed
                return
    tried = encoding or marked or "UTF-8, GB18030"
    yield Text(
        f"文件里的文字按 {tried} 都解不开，也可能没有传完。请在 Excel 里另存为“CSV UTF-8”，"
        "或在设置里写明 encoding（如 big5、shift_jis）。",
        f"The text cannot be decoded as {tried}, or the transfer stopped early. Save it as “CSV UTF-8” in Excel, "
        "or name its encoding (big5, shift_jis) in the settings.",
    )


def _unmarked(start: bytes) -> str | None:
    """The UTF-16 that text without a mark must be: null bytes, as those of digits and commas, in every other place alone."""
    whole = start[: len(start) // 2 * 2]
    first, second = whole[::2].count(0), whole[1::2].count(0)
    if max(first, second) < max(_NULLS, _ONE_SIDED * min(first, second)):  # 一 is 4E 00
        return None
    name = "utf-16-le" if second > first else "utf-16-be"
    try:
        return name if whole[:-2].decode(name) else None  # the end may be half a character
    except UnicodeDecodeError:
        return None


def _survey(path: Path, offset: int, encoding: str) -> PlainText | None:
    """What one look at every byte tells, None when the file is not strict UTF-8."""
    ends, last, rest, null_line = 0, b"", b"", 0
    has_quotes = has_guards = has_marks = False
    with path.open("rb") as file:
        file.seek(offset)
        while block := file.read(_BLOCK):
            has_quotes = has_quotes or b'"' in block
            has_guards = has_guards or has_quotes or b"'" in block or b"`" in block
            has_marks = has_marks or b"#" in block or b"+" in block
            if not null_line and b"\x00" in block:
                null_line = 1 + ends + count_line_ends(block[: block.index(b"\x00")])
            ends += count_line_ends(block) - (last == b"\r" and block.startswith(b"\n"))
            last = block[-1:]
            if rest or not block.isascii():
                whole, rest = _whole_characters(rest + block)
                if not _is_utf8(whole):
                    return None
    if rest:
        return None
    lines = ends + (last not in {b"", b"\n", b"\r"})
    return PlainText(path, offset, encoding, lines, has_quotes, has_guards, has_marks, null_line)


def _whole_characters(block: bytes) -> tuple[bytes, bytes]:
    """The block up to its last whole character, and what has begun behind it."""
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return (block[:-back], block[-back:]) if back < needed else (block, b"")
    return block, b""


def _is_utf8(block: bytes) -> bool:
    """Strictly; Arrow looks at a block several times faster than a decoder does, and in place."""
    ends = pa.py_buffer(struct.pack("=ii", 0, len(block)))
    try:
        pa.Array.from_buffers(pa.binary(), 1, [None, ends, pa.py_buffer(block)]).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def count_line_ends(block: bytes) -> int:
    """Line ends in `block`: LF, CR LF as one, or CR alone."""
    ends = block.count(b"\n")
    return ends + block.count(b"\r") - block.count(b"\r\n") if b"\r" in block else ends


def _mixed(path: Path) -> Text | None:
    """The sentence for a file of which some lines are UTF-8 and others are not; None where it has one encoding."""
    utf8, other, utf8_line, other_line = 0, 0, 0, 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.isascii():
                continue
            if _UTF8_LINE.fullmatch(line):
                utf8, utf8_line = utf8 + 1, utf8_line or number
            else:
                other, other_line = other + 1, other_line or number
    if not other or utf8 <= _BY_CHANCE * (utf8 + other):
        return None
    return Text(
        f"文件里混着两种编码：第 {utf8_line} 行是 UTF-8，第 {other_line} 行不是（可能是 GBK，或被截断）。"
        "请重新导出为一种编码的“CSV UTF-8”，不要把两个文件直接拼在一起。",
        f"The file mixes encodings: line {utf8_line} is UTF-8, line {other_line} is not (perhaps GBK, or cut off). "
        "Export it again as “CSV UTF-8” in one encoding; do not join files as they are.",
    )


def _strange(path: Path) -> Text | None:
    """The sentence for text that was decoded as what it is not; None where it reads like Chinese.

    Müller and 品番 of other encodings become M黮ler and 昳斣: characters that no standard defines or that are seldom used.
    """
    with path.open("rb") as file:
        blocks = iter(lambda: file.read(_BLOCK), b"")
        text = next((block for block in blocks if not block.isascii()), b"").decode("utf-8", "ignore")
    foreign = [letter for letter in text if not letter.isascii()]
    private = next((letter for letter in foreign if _PRIVATE.match(letter)), None)
    seldom = [letter for letter in foreign if not _is_usual(letter)]
    if private is None and len(seldom) <= _SELDOM * len(foreign):
        return None
    at = text.index(private or seldom[0])
    shown = " ".join(text[max(0, at - 4) : at + 6].split())
    return Text(
        f"文件不是 UTF-8，按 GB18030 读又有认不得的字（“{shown}”），可能是 Big5、西欧等别的编码。"
        "请在设置里写明 encoding（如 big5、shift_jis、cp1252），确实是国标就写 gb18030。",
        f"The file is not UTF-8, and read as GB18030 it has unlikely characters (“{shown}”): it may be Big5, West European "
        "or another encoding. Name encoding in the settings (big5, shift_jis, cp1252; gb18030 where it is that).",
    )


@lru_cache(maxsize=8_192)
def _is_usual(letter: str) -> bool:
    """Whether a letter is a sign or one of the 3755 characters in common use, the first level of GB/T 2312."""
    try:
        return letter.encode("gb2312")[0] <= _LAST_COMMON_ROW
    except UnicodeEncodeError:
        return False


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
