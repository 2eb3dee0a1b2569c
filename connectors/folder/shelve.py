"""Puts a taken file away: never deleting, never overwriting, and only what was really taken."""

import errno
import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

from canonical_model.disk import disk_error, is_disk_fault
from canonical_model.errors import TransientError
from canonical_model.language import Text

_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
"""What a file system says that knows no hard links."""


_FINE = 10_000_000
_TICK_SECONDS, _COARSE_TICK_SECONDS = 0.02, 2.0
"""How long two changes may have the same time: where times come in steps below `_FINE` nanoseconds, and elsewhere (FAT)."""


def stamp_of(status: os.stat_result) -> list[str]:
    """Size and times of a file, by which a later change is told; see `seconds_to_tick`."""
    return [str(status.st_size), str(status.st_mtime_ns), str(status.st_ctime_ns)]


def seconds_to_tick(status: os.stat_result, now: datetime, *, seen_for: float) -> float:
    """How long to wait before a file is read, so that a change after that has another time than the file has.

    Args:
        status: The file as it was seen.
        now: The present.
        seen_for: Seconds since it was seen; they count whatever the clock of the file system says.
    """
    is_fine = status.st_mtime_ns % _FINE or status.st_ctime_ns % _FINE
    tick = _TICK_SECONDS if is_fine else _COARSE_TICK_SECONDS
    past = now.timestamp() - max(status.st_mtime, status.st_ctime)
    return max(0.0, tick - max(0.0, past, seen_for))


def digest_of(path: Path) -> str:
    """The sha256 of a file; of a link, a special file or one that may not be read that of what it is called."""
    if path.is_symlink() or not path.is_file() or not may_be_read(path):
        target = path.readlink() if path.is_symlink() else path.name
        return hashlib.sha256(str(target).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def may_be_read(path: Path) -> bool:
    """Whether we have the right to read a file; what is not there any more may be."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK))
    except PermissionError:
        return False
    except OSError:
        return True
    return True


def move_away(root: Path, name: str, *, wanted: str, stamp: list[str], digest: str, reason: str | None) -> None:
    """Moves `root/name` to `root/wanted`, or a free name near it; does nothing when it is not there.

    Args:
        root: The folder of the source.
        name: The file's path below it.
        wanted: Where it goes, below `root`.
        stamp: `stamp_of` the file that was taken.
        digest: sha256 of its content; a file with another stamp and other content is a new one and stays.
        reason: Why it failed; written to a text file beside it. None: it did not.

    Raises:
        TransientError: The file cannot be moved at present.
        StoreError: The disk is full or broken.
    """
    source, place = root / name, root / wanted
    try:
        if not os.path.lexists(source) or not _is_inside(root, source):
            return
        if stamp_of(source.lstat()) != stamp and digest_of(source) != digest:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        if not _is_inside(root, place):
            raise PermissionError(errno.EACCES, "leads out of the folder")
        target = give_name(source, _near(place, digest))
        if (
            stamp_of(target.lstat())[:2] != stamp[:2] and digest_of(target) != digest
        ):  # a new one took the name just now
            if os.path.lexists(source):
                target.unlink()
            else:
                target.rename(source)
            return
        if reason is not None:
            target.with_name(target.name + ".reason.txt").write_text(reason + "\n", encoding="utf-8")
        if os.path.lexists(source) and source.lstat().st_ino == target.lstat().st_ino:
            source.unlink()
    except OSError as error:
        if is_disk_fault(error):
            raise disk_error(error) from error
        why = error.strerror or str(error)
        raise TransientError(
            Text(f"文件 {name} 移不到 {wanted}：{why}。", f"{name} cannot be moved to {wanted}: {why}.")
        ) from error


def _is_inside(root: Path, path: Path) -> bool:
    """Whether the folder in which `path` stands lies below `root`, links followed."""
    return path.parent.resolve().is_relative_to(root.resolve())


def _near(wanted: Path, digest: str) -> Iterator[Path]:
    """Names for a file: the wanted one, then those that also tell its content."""
    yield wanted
    for number in count(1):
        mark = digest[:8] if number == 1 else f"{digest[:8]}-{number}"
        yield wanted.with_name(f"{wanted.stem}.{mark}{wanted.suffix}")


def give_name(source: Path, names: Iterator[Path]) -> Path:
    """The first of endless `names` that is free, which `source` now has, besides its own or instead of it.

    A link refuses to overwrite, where a rename would; one that a crash has left is used again.
    """
    for target in names:
        try:
            os.link(source, target, follow_symlinks=False)
        except FileExistsError:
            if target.lstat().st_ino == source.lstat().st_ino:
                return target
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if not os.path.lexists(target):
                return source.rename(target)
        else:
            return target
    raise AssertionError  # they have no end
