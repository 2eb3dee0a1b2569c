"""Parts of zip archives, unpacked no further than they go."""

import zipfile
import zlib
from pathlib import Path

from connectors.formats.archive import inflate


def test_what_stands_behind_the_end_of_a_packed_part_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(b"a") + packer.flush()
    rubbish = b"\0" * (8 << 20)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("part.xml", packed + rubbish)
    part = zipfile.ZipFile(path).infolist()[0]
    part.compress_type, part.file_size = zipfile.ZIP_DEFLATED, 1

    blocks = list(inflate(path, part))

    assert b"".join(blocks) == b"a"
    assert len(blocks) == 1
