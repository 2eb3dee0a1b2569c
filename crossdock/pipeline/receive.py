"""Files that come in over a page rather than a folder: they are put into the inbox of their stream."""

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from canonical_model.errors import ConfigError, TransientError
from canonical_model.language import Text
from connectors.folder import FolderConfig, FolderConnector, FolderStream
from connectors.folder.connector import is_passing
from connectors.folder.pattern import PathPattern
from connectors.folder.shelve import give_name
from crossdock.home import Home


class Inbox:
    """The place of one partner in the folder of a stream.

    Args:
        home: The deployment.
        source: Source id.
        stream: Stream name.
        parts: Values of the parts that the path pattern names, {"partner": "acme"}.

    Raises:
        ConfigError (XD-CFG-163): The source takes no files from a folder, or its patterns name other parts.
    """

    def __init__(self, home: Home, source: str, stream: str, parts: Mapping[str, str]) -> None:
        spec = home.stream(source, stream)
        where = f"sources/{source}.yaml"
        if home.source(source).connector != FolderConnector.name:
            raise ConfigError(
                Text(
                    f"数据源 {source} 不是文件夹，不能上传。",
                    f"The source {source} is no folder; nothing is uploaded to it.",
                ),
                where=where,
                hint=Text("上传只用于 connector: folder 的数据源。", "Uploads are for sources with connector: folder."),
                code="XD-CFG-163",
            )
        try:
            self.settings = FolderStream.model_validate(spec.config)
            self.root = home.path / FolderConfig.model_validate(dict(home.source(source).config)).path
        except ValidationError as error:
            message = error.errors()[0]["msg"]
            raise ConfigError(Text(f"设置不对：{message}", f"Wrong settings: {message}"), where=where) from error
        self.parts = dict(parts)
        patterns = [one for one in self.settings.files if set(PathPattern(one).names) == set(parts)]
        self._patterns = [filled for one in patterns if (filled := self._fill(one))]
        if not self._patterns:
            asked = ", ".join(f"{name}={value}" for name, value in parts.items()) or "-"
            listed = ", ".join(self.settings.files)
            raise ConfigError(
                Text(f"路径 {listed} 里放不下 {asked}。", f"{asked} does not fit into {listed}."),
                where=where,
                hint=Text(
                    "花括号里的每个名称都要给值；值里不能有 / \\ 或以点开头。",
                    "Give a value for each name in braces; a value holds no / or \\ and begins with no dot.",
                ),
                code="XD-CFG-163",
            )

    def place(self, name: str) -> str | None:
        """Where a file called `name` belongs, below the folder of the source; None when no pattern takes it, or no reader."""
        if is_passing(name):
            return None
        for pattern in self._patterns:
            folder, _, last = pattern.rpartition("/")
            stem, extension = PurePosixPath(name).stem, PurePosixPath(name).suffix
            before, star, behind = last.partition("*")
            for wanted in (name, f"{before}{stem}{behind}" if star else last):
                if PurePosixPath(wanted).suffix.lower() != extension.lower():
                    continue
                path = f"{folder}/{wanted}" if folder else wanted
                if any(PathPattern(one).match(path) == self.parts for one in self.settings.files):
                    return path
        return None

    @property
    def extensions(self) -> list[str]:
        """The extensions that are taken; empty where any is."""
        ends = {PurePosixPath(pattern).suffix.lower() for pattern in self._patterns}
        return [] if any("*" in end or not end for end in ends) else sorted(ends)

    def put(self, file: Path, name: str) -> str:
        """Puts a copy of `file` under its name, or a free one near it, and gives its path below the folder.

        It appears whole or not at all, and never in the place of another file.

        Raises:
            ConfigError (XD-CFG-164): No pattern takes the name.
            TransientError: The folder cannot be written.
        """
        place = self.place(name)
        if place is None:
            raise ConfigError(
                Text(f"这里不收“{name}”。", f"“{name}” is not taken here."),
                hint=Text(
                    f"收的是：{'、'.join(self.settings.files)}。", f"Taken are: {', '.join(self.settings.files)}."
                ),
                code="XD-CFG-164",
            )
        target = self.root / place
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.parent.resolve().is_relative_to(self.root.resolve()):
                raise PermissionError(1, "leads out of the folder")
            passing = target.with_name(f".{secrets.token_hex(8)}.part")
            try:
                with file.open("rb") as read, passing.open("xb") as written:
                    shutil.copyfileobj(read, written)
                    os.fsync(written.fileno())
                target = give_name(passing, _numbered(target))
            finally:
                passing.unlink(missing_ok=True)
        except OSError as error:
            why = error.strerror or str(error)
            raise TransientError(
                Text(f"文件放不进收件夹：{why}。", f"The file cannot be put into the inbox: {why}."), where=place
            ) from error
        return target.relative_to(self.root).as_posix()

    def waiting(self) -> list[str]:
        """Names of the partner's files that lie in the inbox and have not been taken."""
        folders = {(self.root / pattern).parent for pattern in self._patterns}
        found = [path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_file()]
        mine = [path for path in found if self.place(path.name) == path.relative_to(self.root).as_posix()]
        return sorted(path.name for path in mine)

    def _fill(self, pattern: str) -> str:
        """The pattern with the partner's values; empty where they would lead elsewhere."""
        for name, value in self.parts.items():
            if not value or value != value.strip() or value.startswith(".") or set(value) & set("/\\{}*?\x00"):
                return ""
            pattern = pattern.replace(f"{{{name}}}", value)
        folder, slash, last = pattern.replace("**/", "").rpartition("/")
        is_put_away = folder.partition("/")[0] in {self.settings.done, self.settings.failed}
        return "" if is_put_away or set(folder) & set("*?") else folder + slash + last


def _numbered(wanted: Path) -> Iterator[Path]:
    """Names for a file: the wanted one, then those with a number."""
    yield wanted
    yield from (wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}") for number in count(2))
