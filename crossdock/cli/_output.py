"""Files that a command writes for a person: none is overwritten by surprise, none is seen half written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from canonical_model.errors import ConfigError
from canonical_model.language import Text


def check_free(path: Path, *, force: bool) -> None:
    """Returns where `path` may be written.

    Raises:
        ConfigError (XD-CFG-123): Its folder is missing, or something is there.
    """
    if not path.parent.is_dir():
        raise ConfigError(
            Text(f"没有目录 {path.parent}。", f"There is no folder {path.parent}."), where=str(path), code="XD-CFG-123"
        )
    if path.is_dir():
        raise ConfigError(
            Text("这是一个目录，请写文件名。", "This is a folder; name a file."), where=str(path), code="XD-CFG-123"
        )
    if path.exists() and not force:
        raise ConfigError(
            Text("文件已经有了，没有覆盖。", "The file is there already and was not overwritten."),
            where=str(path),
            hint=Text("请换个名字，或加 --force 覆盖。", "Choose another name, or add --force to overwrite it."),
            code="XD-CFG-123",
        )


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A draft beside `path` that becomes it when the block ends well, and goes away when it does not.

    Raises:
        ConfigError (XD-CFG-123): It cannot be written.
    """
    draft = path.with_name(f".{path.name}.part{path.suffix}")
    try:
        draft.write_bytes(b"")
        yield draft
        draft.replace(path)
    except OSError as error:
        raise ConfigError(
            Text(f"文件写不下来：{error.strerror}。", f"The file cannot be written: {error.strerror}."),
            where=str(path),
            hint=Text("请检查磁盘空间和目录权限。", "Check the disk space and the permissions of the folder."),
            code="XD-CFG-123",
        ) from error
    finally:
        draft.unlink(missing_ok=True)
