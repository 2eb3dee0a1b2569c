"""Takes an uploaded file from the network: bounded while it is read, under a name that leads nowhere else."""

import contextlib
import fcntl
import hashlib
import json
import re
import secrets
import shutil
import time
import unicodedata
import zipfile
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from canonical_model.language import Text
from canonical_model.text import parse_json
from connectors.formats.archive import OversizeError, inflate

_ID = re.compile(r"[0-9a-f]{32}")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_NOT_IN_NAMES = re.compile(r'[<>:"|?*{}]')
_LONGEST_STEM = 120  # bytes; a name may have 255, and others add to it
_KEPT_SECONDS = 24 * 3600
_FORM_BYTES = 64 << 10  # what a form may hold beside the file
_SKIPPED_BYTES = 64 << 20  # read and thrown away, so that a browser gets to see the answer
_MOST_MEMBERS, _MOST_UNPACKED = 5_000, 200 << 20
_BLOCK = 1 << 20


class RefusedError(Exception):
    """The upload is not taken: a sentence for the sender, and the status of the answer."""

    def __init__(self, said: Text, status: int) -> None:
        self.said, self.status = said, status
        super().__init__(said.en)


@dataclass(frozen=True, slots=True)
class Kept:
    """An uploaded file that waits for its sender's word.

    Attributes:
        folder: A folder of its own.
        name: Its cleaned name.
        sha256: Digest of its bytes.
    """

    folder: Path
    name: str
    sha256: str

    @property
    def number(self) -> str:
        """What the form calls it."""
        return self.folder.name

    @property
    def file(self) -> Path:
        """Its bytes."""
        return self.folder / "file"

    @contextlib.contextmanager
    def claim(self) -> Iterator[bool]:
        """Whether the file is still to be sent, for one at a time; a second press waits and finds it gone."""
        with (self.folder / "said.json").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            is_there = self.file.is_file()
            yield is_there
            if is_there:
                self.file.unlink()


class Shelf:
    """Uploads between preview and word, for each link apart.

    Args:
        folder: Where they lie.
        owner: Digest of whose they are.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = folder / owner

    def keep(self, source: IO[bytes], name: str) -> Kept:
        """Puts a file aside, and clears away what anybody left lying for a day."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in self._folder.parent.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):  # another upload clears away as well
                if time.time() - old.stat().st_mtime > _KEPT_SECONDS:
                    shutil.rmtree(old, ignore_errors=True)
        folder = self._folder / secrets.token_hex(16)
        folder.mkdir(mode=0o700)
        digest = hashlib.sha256()
        with (folder / "file").open("xb") as written:
            while block := source.read(_BLOCK):
                digest.update(block)
                written.write(block)
        kept = Kept(folder, name, digest.hexdigest())
        said = json.dumps({"name": kept.name, "sha256": kept.sha256})
        (folder / "said.json").write_text(said, encoding="utf-8")
        return kept

    def find(self, number: str) -> Kept | None:
        """What was put aside under `number`."""
        folder = self._folder / number
        if not _ID.fullmatch(number) or not (folder / "said.json").is_file():
            return None
        said = parse_json((folder / "said.json").read_text(encoding="utf-8"))
        assert isinstance(said, dict)  # noqa: S101  # written above
        return Kept(folder, str(said["name"]), str(said["sha256"]))


async def receive(request: Request, shelf: Shelf, most_bytes: int) -> Kept:
    """Reads the form with the file, straight to disk, and no further than allowed.

    Raises:
        RefusedError: There is no file, or it is too large.
    """
    form = None
    try:
        parser = MultiPartParser(
            request.headers, _bounded(request, most_bytes + _FORM_BYTES), max_files=1, max_fields=4
        )
        form = await parser.parse()
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise RefusedError(Text("还没有选择文件。", "No file was chosen."), 400)
        if (file.size or 0) > most_bytes:
            raise _too_large(most_bytes)
        name = clean_name(file.filename)
        return await run_in_threadpool(shelf.keep, file.file, name)
    except (MultiPartException, ClientDisconnect, KeyError, UnicodeDecodeError) as error:
        said = Text("没有收到完整的文件，请再传一次。", "The file did not arrive whole; please send it again.")
        raise RefusedError(said, 400) from error
    except OSError as error:
        said = Text(
            "收件方的磁盘暂时写不进去，请稍后再传。", "The receiver's disk cannot be written now; please try later."
        )
        raise RefusedError(said, 507) from error
    finally:
        if form is not None:
            await form.close()


async def _bounded(request: Request, most_bytes: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for block in request.stream():
        size += len(block)
        if size > most_bytes + _SKIPPED_BYTES:
            break
        if size <= most_bytes:
            yield block
    if size > most_bytes:
        raise _too_large(most_bytes - _FORM_BYTES)


async def read_field(request: Request, name: str) -> str:
    """One field of a small form.

    Raises:
        RefusedError: The form is larger than such forms are.
    """
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > _FORM_BYTES:
            raise RefusedError(Text("请求太大。", "The request is too large."), 413)
    found = re.search(rf"(?:^|&){name}=([0-9a-f]*)(?:&|$)", body.decode("ascii", "replace"))
    return found[1] if found else ""


def clean_name(given: str) -> str:
    """The file's own name without folders and letters that a file system or a reader would stumble over.

    Chinese and blanks stay: people know their files by these names.
    """
    plain = _UNSEEN.sub("", unicodedata.normalize("NFC", given)).replace("\\", "/")
    plain = _NOT_IN_NAMES.sub("_", PurePosixPath(plain).name).strip()
    path = PurePosixPath(plain.lstrip(".~$ ").rstrip(". ") or "upload")
    stem = path.stem.encode()[:_LONGEST_STEM].decode(errors="ignore").rstrip()
    return stem + path.suffix[:12]


def refuse_bomb(path: Path) -> None:
    """Unpacks an archive into nothing, and stops where it grows out of all proportion; what it says of itself may lie.

    Raises:
        RefusedError: It unpacks to more than any spreadsheet that people write.
    """
    if not zipfile.is_zipfile(path):
        return
    bomb = RefusedError(
        Text(
            "这个工作簿解压后大得不正常，没有打开。请把数据复制到一个新的工作簿里再传。",
            "This workbook unpacks to an abnormal size and was not opened. Copy the data into a new workbook and send that.",
        ),
        413,
    )
    total = 0
    with (
        contextlib.suppress(zipfile.BadZipFile, OSError, ValueError, NotImplementedError),  # its reader says so
        zipfile.ZipFile(path) as archive,
    ):
        members = archive.infolist()
        if len(members) > _MOST_MEMBERS:
            raise bomb
        for member in members:
            for size in _unpacked_sizes(path, member):
                total += size
                if total > _MOST_UNPACKED:
                    raise bomb


def _unpacked_sizes(path: Path, member: zipfile.ZipInfo) -> Iterator[int]:
    """What a member unpacks to, block by block; what is broken or packed in another way counts as it says, and hides none behind it."""
    try:
        yield from map(len, inflate(path, member))
    except OversizeError:
        yield _MOST_UNPACKED + 1
    except (zipfile.BadZipFile, OSError, ValueError, OverflowError):
        yield max(member.compress_size, member.file_size)


def _too_large(most_bytes: int) -> RefusedError:
    size = most_bytes >> 20
    return RefusedError(
        Text(
            f"文件太大，最多 {size} MB。请删掉图片和用不到的工作表，或分成几个文件再传。",
            f"The file is too large; at most {size} MB. Leave out pictures and unused sheets, or send it in several files.",
        ),
        413,
    )
