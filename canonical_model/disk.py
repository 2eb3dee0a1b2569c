"""Disks that are full or broken, in one sentence with the remedy."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from canonical_model.errors import StoreError
from canonical_model.language import Text

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_AGAIN = Text("再次运行即可，会接着上次的位置。", "Then run again; it goes on where it was.")


def is_disk_fault(error: OSError) -> bool:
    """Whether the disk itself is to blame, and not one file."""
    return error.errno in _FULL | {errno.EIO, errno.EROFS}


def disk_error(error: OSError) -> StoreError:
    """What the operating system refused, as an error of ours."""
    where = str(error.filename or "")
    if error.errno in _FULL:
        return StoreError(
            Text("磁盘满了，写不下。", "The disk is full."),
            where=where,
            hint=Text(f"请腾出空间。{_AGAIN.zh}", f"Free some space. {_AGAIN.en}"),
            code="XD-STO-004",
        )
    said = error.strerror or str(error)
    return StoreError(
        Text(f"文件读写失败：{said}。", f"A file could not be read or written: {said}."),
        where=where,
        hint=Text(f"请检查磁盘和权限。{_AGAIN.zh}", f"Check the disk and permissions. {_AGAIN.en}"),
        code="XD-STO-005",
    )


@contextmanager
def translate_disk_errors() -> Iterator[None]:
    """Turns what the operating system refuses into our error.

    Raises:
        StoreError: The disk is full (XD-STO-004) or refused otherwise (XD-STO-005).
    """
    try:
        yield
    except OSError as error:
        raise disk_error(error) from error
