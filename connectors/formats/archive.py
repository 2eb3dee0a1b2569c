"""Zip archives (.xlsx, .xlsb, .ods) before anything reads them: how much they unpack to, and whether they say so truly."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from canonical_model.language import Text

MOST_BYTES = 1 << 30
"""An archive that unpacks to more is refused."""
_SUSPICIOUS_BYTES, _SUSPICIOUS_RATIO = 100 << 20, 250
"""XML of real sheets shrinks to a tenth, formatted empty ones to a hundredth; bombs to a thousandth."""
_MOST_PARTS = 20_000
_MOST_SMALL_BYTES = 64 << 20
_BLOCK = 4 << 20
_MOST_UNCUT = 32 << 20
"""What stands behind the last row of a sheet (merged areas, links) takes a few MB."""
_LOCAL_MARK = b"PK\x03\x04"
_LOCAL_HEADER = 30
"""Length of a local file header without name and extra field: APPNOTE.TXT 4.3.7."""


class OversizeError(Exception):
    """A part unpacks to more than the archive says, or to more in one piece than can be looked at."""


def is_archive(path: Path) -> bool:
    """Whether the file begins as a zip archive does, also where it is cut off."""
    with path.open("rb") as file:
        return file.read(4) == _LOCAL_MARK


def parts_of(path: Path) -> dict[str, zipfile.ZipInfo]:
    """The parts of an archive by name.

    Raises:
        BadZipFile: It is cut off or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {part.filename: part for part in archive.infolist()}
    except (OSError, ValueError, NotImplementedError, RuntimeError, EOFError, struct.error) as error:
        raise zipfile.BadZipFile(str(error)) from error


def refuse_archive(path: Path) -> Text | None:
    """Why the archive must not be unpacked; None where it may be.

    Raises:
        BadZipFile: It is cut off or damaged.
    """
    parts = list(parts_of(path).values())
    size, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    is_bomb = size > _SUSPICIOUS_BYTES and size > _SUSPICIOUS_RATIO * max(packed, 1)
    if size > MOST_BYTES or is_bomb or len(parts) > _MOST_PARTS:
        return too_large(size)
    return None


def too_large(size: int) -> Text:
    """The sentence for an archive that unpacks to `size` bytes."""
    shown = f"{size / (1 << 20):,.0f} MB"
    return Text(
        f"文件解压后有 {shown}，超过上限或压缩得不正常，没有打开它。请删除多余的行列和图片，或拆成几个文件后再发。",
        f"The file unpacks to {shown}, which is beyond the limit or packed abnormally; it was not opened. "
        "Delete stray rows, columns and pictures, or split it, and send it again.",
    )


def unpack(path: Path, part: zipfile.ZipInfo) -> bytes:
    """The whole content of one of the small parts.

    Raises:
        OversizeError: It is not small, or longer than announced.
        BadZipFile: The archive is damaged.
    """
    if part.file_size > _MOST_SMALL_BYTES:
        raise OversizeError(part.filename)
    return b"".join(inflate(path, part))


def inflate(path: Path, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of one part in blocks, never more than the archive announced.

    Python's own reader stops at the announced size and would not notice that a part goes on.

    Raises:
        OversizeError: The part is longer than announced.
        BadZipFile: The archive is damaged or packed in another way.
    """
    if part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} or part.flag_bits & 1:
        raise zipfile.BadZipFile(part.filename)
    left, given = part.compress_size, 0
    unpack = zlib.decompressobj(-zlib.MAX_WBITS) if part.compress_type == zipfile.ZIP_DEFLATED else None
    with path.open("rb") as file:
        file.seek(part.header_offset)
        header = file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or not header.startswith(_LOCAL_MARK):
            raise zipfile.BadZipFile(part.filename)
        file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
        waiting = b""
        while (left or waiting) and not (unpack and unpack.eof):
            packed = waiting or file.read(min(left, _BLOCK // 4))
            left -= 0 if waiting else len(packed)
            if not packed:
                raise zipfile.BadZipFile(part.filename)
            try:
                block = unpack.decompress(packed, _BLOCK) if unpack else packed
            except zlib.error as error:
                raise zipfile.BadZipFile(part.filename) from error
            waiting = unpack.unconsumed_tail if unpack else b""
            given += len(block)
            if given > part.file_size:
                raise OversizeError(part.filename)
            yield block


def cut_anew(blocks: Iterator[bytes], place: Callable[[bytes], int]) -> Iterator[bytes]:
    """The same bytes in blocks that end where they may, what is left over last.

    Args:
        blocks: The content of a part.
        place: Gives how much of some bytes may be cut off; 0 where they cannot be cut yet.

    Raises:
        OversizeError: It goes on and on without such a place.
    """
    rest = b""
    for block in blocks:
        rest += block
        if cut := place(rest):
            yield rest[:cut]
            rest = rest[cut:]
        if len(rest) > _MOST_UNCUT:
            raise OversizeError
    yield rest
