"""Reads files that people or systems put into a folder, and puts them away once they are safe."""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from canonical_model.clock import Clock, utc_now
from canonical_model.disk import disk_error, is_disk_fault
from canonical_model.errors import AuthError, ConfigError, TransientError
from canonical_model.language import Text
from canonical_model.text import JsonValue
from connectors.base import ROW, Batch, ConnectorConfig, Cursor, Discovered, Origin, StreamSpec, check_stream
from connectors.folder.config import FolderConfig, FolderStream
from connectors.folder.pattern import PathPattern
from connectors.folder.shelve import digest_of, may_be_read, move_away, seconds_to_tick, stamp_of
from connectors.formats import SheetRead, read_file
from connectors.formats.sheet import refused

_CHUNK = 1 << 20
_PASSING = (".part", ".tmp", ".crdownload", ".filepart", ".swp")


@dataclass(frozen=True, slots=True)
class _File:
    """A file in the inbox as it stood when it was listed."""

    name: str
    path: Path
    parts: Mapping[str, str]
    status: os.stat_result


class FolderConnector:
    """Files in a folder: each is taken once it lies still, read whole, and moved when its rows are stored.

    The cursor holds what was taken and still lies in the inbox: {"taken": {path: [size, mtime, ctime, sha256]}}, as
    text. So a file with an earlier name or date that arrives late is read all the same, and one with new content is
    read again.

    Args:
        config: The folder.
        streams: Stream name -> settings (`FolderStream`).
        secrets: Not used.
        clock: The present.
    """

    name: ClassVar[str] = "folder"
    config_model: ClassVar[type[ConnectorConfig]] = FolderConfig
    stream_model: ClassVar[type[ConnectorConfig]] = FolderStream

    def __init__(
        self,
        config: ConnectorConfig,
        streams: Mapping[str, Mapping[str, JsonValue]],
        secrets: Mapping[str, str],
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._config = FolderConfig.model_validate(config.model_dump())
        self._streams = {stream: check_stream(FolderStream, stream, settings) for stream, settings in streams.items()}
        self._clock = clock

    def streams(self) -> list[StreamSpec]:
        """The streams of the source file: one per pattern of files."""
        return [
            StreamSpec(stream, Text(f"文件 {'、'.join(one.files)}", f"Files {', '.join(one.files)}"))
            for stream, one in self._streams.items()
        ]

    def check(self) -> None:
        """Returns when the folder is there and can be read and, where files are moved, written."""
        root = self._config.path
        if not root.is_dir():
            raise ConfigError(
                Text(f"文件夹不存在：{root}。", f"There is no folder {root}."),
                hint=Text("请建立它，或改正设置里的 path。", "Create it or correct path in the settings."),
                code="XD-CFG-050",
            )
        moves = any(one.done or one.failed for one in self._streams.values())
        if not os.access(root, os.R_OK | os.X_OK | (os.W_OK if moves else 0)):
            zh, en = ("读写", "read and write") if moves else ("读取", "read")
            raise AuthError(
                Text(f"没有权限{zh}文件夹 {root}。", f"No permission to {en} the folder {root}."),
                hint=Text("请给运行 Crossdock 的用户这个权限。", "Grant it to the user that runs Crossdock."),
            )

    def read(self, stream: str, since: Cursor) -> Iterator[Batch]:
        """One batch per sheet, more for large text files; oldest file first.

        A file enters the cursor with its last batch.
        """
        self.check()
        settings = self._streams[stream]
        files = self._files(settings)
        seen_at = time.monotonic()
        cursor: Cursor = since
        before = since.get("taken")
        there = {file.name for file in files}
        taken: dict[str, JsonValue] = (
            {name: entry for name, entry in before.items() if name in there} if isinstance(before, dict) else {}
        )
        for file in files:
            entry = taken.get(file.name)
            if (isinstance(entry, list) and entry[:3] == stamp_of(file.status)) or not self._lies_still(file, settings):
                continue
            with tempfile.TemporaryDirectory(prefix="crossdock-") as private, ThreadPoolExecutor(1) as beside:
                copy = Path(private) / f"original{Path(file.name).suffix}"
                seen_for = time.monotonic() - seen_at
                time.sleep(seconds_to_tick(file.status, self._clock(), seen_for=seen_for))
                is_open = stat.S_ISREG(file.status.st_mode) and may_be_read(file.path)
                if is_open and not _copy_unchanged(file, copy):
                    continue
                digest = beside.submit(digest_of, copy if is_open else file.path)  # while the first rows are read
                stamp = stamp_of(file.status)
                # a file from tomorrow would be newer than all that come until then
                modified_at = min(datetime.fromtimestamp(file.status.st_mtime, UTC), self._clock())
                if isinstance(entry, list) and entry[3:] == [digest.result()]:
                    taken = {**taken, file.name: [*stamp, digest.result()]}
                    continue
                for sheet in _sheets(file, copy, settings):
                    if sheet.is_last:
                        taken = {**taken, file.name: [*stamp, digest.result()]}
                        cursor = {"taken": taken}
                    yield _batch(file, sheet, digest.result(), copy, cursor, modified_at)

    def acknowledge(self, stream: str, cursor: Cursor, *, failed: Mapping[str, str]) -> Cursor:
        """Moves the files of `cursor` to done/ or failed/ (there with the reason beside), unless changed since.

        What was moved leaves the cursor, so that the same file put back into the inbox is read again.
        """
        settings = self._streams[stream]
        taken = cursor.get("taken")
        staying: dict[str, JsonValue] = {}
        for name, entry in taken.items() if isinstance(taken, dict) else ():
            folder = settings.failed if name in failed else settings.done
            if folder is None:
                staying[name] = entry
            elif isinstance(entry, list):
                move_away(
                    self._config.path,
                    name,
                    wanted=f"{folder}/{settings.below_inbox(name)}",
                    stamp=[str(part) for part in entry[:3]],
                    digest=str(entry[3]),
                    reason=failed.get(name),
                )
        return {"taken": staying}

    def discover(self) -> Iterator[Discovered]:
        """The tables in the files below the folder, newest file first."""
        self.check()
        everything = FolderStream(files=["**/*"])
        for file in reversed(self._files(everything)):
            folders = Path(file.name).parts[:-1]
            if any(one.startswith(".") or one in {everything.done, everything.failed} for one in folders):
                continue
            extension = Path(file.name).suffix
            folder = Path(file.name).parent.as_posix()
            pattern = f"*{extension}" if folder == "." else f"{folder}/*{extension}"
            seen: set[str] = set()
            for read in _sheets(file, file.path, everything):
                if read.sheet in seen:
                    break  # a further part of a large text
                seen.add(read.sheet)
                if read.table.num_rows or read.problem:
                    yield _discovered(file.name, read, {"files": pattern})

    def _files(self, settings: FolderStream) -> list[_File]:
        """The files of a stream in the order of their last change."""
        patterns = [PathPattern(pattern) for pattern in settings.files]
        found: dict[str, _File] = {}
        root = self._config.path
        try:
            for folder, subfolders, names in os.walk(root, onerror=_raise):
                below = Path(folder).relative_to(root)
                if below == Path():
                    subfolders[:] = [one for one in subfolders if one not in {settings.done, settings.failed}]
                for name in names:
                    path = (below / name).as_posix()
                    parts = next((match for one in patterns if (match := one.match(path)) is not None), None)
                    if parts is not None and not is_passing(name):
                        with suppress(FileNotFoundError):  # it went away while the folder was being listed
                            found[path] = _File(path, root / path, parts, (root / path).lstat())
        except OSError as error:
            if is_disk_fault(error):
                raise disk_error(error) from error
            raise TransientError(
                Text(f"读不了文件夹 {root}：{error.strerror}。", f"The folder {root} cannot be read: {error.strerror}.")
            ) from error
        return sorted(found.values(), key=lambda file: (file.status.st_mtime_ns, file.name))

    def _lies_still(self, file: _File, settings: FolderStream) -> bool:
        now = self._clock().timestamp()
        changes = [moment for moment in (file.status.st_ctime, file.status.st_mtime) if moment <= now]
        return not changes or now - max(changes) >= settings.minimum_age_seconds


def _raise(error: OSError) -> None:
    raise error


def is_passing(name: str) -> bool:
    """Whether a file is none that a person means: a lock of Excel, a hidden file, a download under way."""
    return name.startswith((".", "~")) or name.lower().endswith(_PASSING)


def _copy_unchanged(file: _File, copy: Path) -> bool:
    """Copies the file; False when it changed or went away meanwhile."""
    try:
        with os.fdopen(os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
        after = file.path.lstat()
    except OSError as error:
        if is_disk_fault(error):
            raise disk_error(error) from error
        return False
    return (after.st_size, after.st_mtime_ns) == (file.status.st_size, file.status.st_mtime_ns)


def _sheets(file: _File, copy: Path, settings: FolderStream) -> Iterator[SheetRead]:
    if not stat.S_ISREG(file.status.st_mode):
        problem = Text(
            f"“{file.name}”是链接或特殊文件，不会去读它指向的内容。请把文件本身放进来。",
            f"“{file.name}” is a link or special file; what it points to is not read. Put the file itself here.",
        )
        return iter([replace(refused(problem), is_last=True)])
    if not may_be_read(file.path):
        problem = Text(
            f"没有权限读“{file.name}”。请给运行 Crossdock 的用户读它的权限，再放回收件夹。",
            f"There is no permission to read “{file.name}”. Grant it to the user that runs Crossdock, and put it back into "
            "the inbox.",
        )
        return iter([replace(refused(problem), is_last=True)])
    return read_file(copy, options=settings, display_name=file.name)


def _discovered(name: str, read: SheetRead, settings: dict[str, JsonValue]) -> Discovered:
    row, columns = read.header_row, [one for one in read.table.column_names if one != ROW]
    header = (
        Text("JSON 记录", "JSON records")
        if read.is_json
        else Text(f"表头在第 {row} 行", f"header in row {row}")
        if row
        else Text("没有表头", "no header")
    )
    encoding = f"，{read.encoding}" if read.encoding else ""
    return Discovered(
        name=f"{name} [{read.sheet}]" if read.sheet else name,
        columns=() if read.is_json else tuple(columns),
        settings=settings if row or read.is_json or read.problem else settings | {"header": "none"},
        note=Text(header.zh + encoding, header.en + encoding.replace("，", ", ")),
        problem=read.problem,
    )


def _batch(file: _File, sheet: SheetRead, digest: str, copy: Path, cursor: Cursor, modified_at: datetime) -> Batch:
    return Batch(
        table=sheet.table,
        cursor=dict(cursor),
        origin=Origin(
            name=file.name,
            sheet=sheet.sheet,
            parts=file.parts,
            columns=sheet.columns,
            sha256=digest,
            modified_at=modified_at,
            original=copy if copy.exists() else None,
            header_row=sheet.header_row,
            header_reason=sheet.header_reason,
            encoding=sheet.encoding,
            labels=sheet.labels,
        ),
        counts=sheet.counts,
        problem=sheet.problem,
        suspects=sheet.suspects,
    )
