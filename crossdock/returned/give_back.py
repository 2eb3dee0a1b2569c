"""Gives a partner the own file back with the bad cells marked."""

import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import fsspec
from fsspec.implementations.local import LocalFileSystem
from python_calamine import CalamineError

from canonical_model.errors import ConfigError
from canonical_model.language import Language, Text
from connectors.formats.archive import OversizeError
from crossdock.home import Home
from crossdock.returned.files import ProblemFile
from crossdock.returned.grids import Grid, NotReadableError, read_landed, read_original
from crossdock.returned.marks import SheetMarks, on_sheets
from crossdock.returned.package import NotPatchableError
from crossdock.returned.patch import patch
from crossdock.returned.rebuild import Plan, rebuild, write_list

_MARKED = Text("已标注", "marked")
_ONLY_BAD = Text("只含问题行", "problem rows")
_REBUILT = Text(
    "已按原来的工作表、列和顺序重新做成 .xlsx，每一格都是文字，写的是读到的内容：同上、留空表示同上的格、合并单元格都已填上值，"
    "公式只保留结果；原来的字体、颜色、图片和图表没有带过来。",
    "Made anew as .xlsx with the same sheets, columns and order. Every cell is text and holds what was read: ditto marks, "
    "blanks that mean the value above and merged cells hold their value, formulas their result; fonts, colours, pictures "
    "and charts are left out.",
)
_TEXT_FILE = Text(
    "文本文件已做成 .xlsx，列和顺序不变，所有内容都按文字保存。",
    "The text file was made into an .xlsx with the same columns and order; everything is kept as text.",
)
_LANDED = Text(
    "由入库前保存的数据行做成：表头以上的标题、合计行和原来的格式不在其中。",
    "Made from the rows that were kept: titles above the header, totals and the original formats are not in it.",
)
_LISTED = Text(
    "原文件打不开，所以只列出问题。", "The original cannot be opened, so only its problems are listed."
)  # fmt: skip
_TOO_LONG = Text(
    "超过 Excel 的行数上限，只给出有问题的行。", "More rows than Excel can hold, so only the failing ones are given."
)
_MOST_ROWS = 1_048_000


@dataclass(frozen=True, slots=True)
class Returned:
    """A file that was written for a partner.

    Attributes:
        path: Where it is.
        rows: Rows marked.
        notes: What it could not keep of the original.
    """

    path: Path
    rows: int
    notes: tuple[Text, ...] = ()


def name_of(file: ProblemFile, language: Language, *, only_bad: bool) -> str:
    """What the returned file is called: 采购单-已标注.xlsx."""
    extension = PurePosixPath(file.name).suffix.lower()
    suffix = ".xlsm" if extension == ".xlsm" and not only_bad else ".xlsx"
    return f"{PurePosixPath(file.name).stem}-{(_ONLY_BAD if only_bad else _MARKED).get(language)}{suffix}"


def given_name(name: str) -> str:
    """The name that a file had before it was given back: what a partner sends again is the same file to us."""
    path = PurePosixPath(name)
    for ending in (*_MARKED, *_ONLY_BAD):
        if path.stem.endswith(f"-{ending}") and path.stem != f"-{ending}":
            return path.stem.removesuffix(f"-{ending}") + path.suffix
    return name


def give_back(
    home: Home, file: ProblemFile, target: Path, *, language: Language | None = None, only_bad: bool = False
) -> Returned:
    """Writes `file` to `target` with its bad cells marked, the reason and the remedy in columns at the right.

    An .xlsx is a copy of the original in which nothing but the marks is new. Anything else becomes an .xlsx with the same
    sheets, columns and order. With `only_bad` it holds the rows that were kept out and what stands above them.

    Raises:
        ConfigError (XD-CFG-161): Neither the original nor its rows are in the landing zone any more.
    """
    plan = Plan(language or home.language, only_bad)
    sheets = file.sheets(plan.language)
    with tempfile.TemporaryDirectory(prefix="crossdock-") as folder, ExitStack() as stack:
        is_readable = any(one.rows_total for one in file.batches)
        original = _fetch(file.original_url, Path(folder) / "original") if file.original_url else None
        if original and is_readable and not only_bad and zipfile.is_zipfile(original):
            try:
                return Returned(target, patch(original, sheets, target, plan))
            except NotPatchableError:
                pass  # written anew below, which loses its looks and nothing else
        landed = _fetch_landed(file, Path(folder))
        try:
            if original and is_readable:
                grids = read_original(original, file, landed, _delimiter(home, file), stack)
                return _rebuild(file, grids, sheets, target, plan)
        except (NotReadableError, CalamineError, OversizeError, zipfile.BadZipFile):
            pass
        if not original and not landed:
            raise _gone(file)
        if any(one.rows_read for one in file.batches):
            return _write(read_landed(landed, file), sheets, target, plan, [_LANDED])
        rows = [(file.path if not name else f"{file.path} [{name}]", one.problem, "") for name, one in sheets.items()]
        write_list(rows, target, plan.language)
        return Returned(target, len(rows), (_LISTED,))


def _rebuild(
    file: ProblemFile, grids: list[Grid], sheets: Mapping[str, SheetMarks], target: Path, plan: Plan
) -> Returned:
    is_text = len(grids) == 1 and not grids[0].sheet
    notes = [_TEXT_FILE if is_text else _REBUILT]
    if not plan.only_bad and is_text and sum(one.rows_total for one in file.batches) > _MOST_ROWS:
        plan, notes = Plan(plan.language, only_bad=True), [*notes, _TOO_LONG]
    return _write(grids, sheets, target, plan, notes)


def _write(
    grids: list[Grid], sheets: Mapping[str, SheetMarks], target: Path, plan: Plan, notes: list[Text]
) -> Returned:
    said = "\n".join(note.get(plan.language) for note in notes)
    placed = on_sheets(sheets, [grid.sheet for grid in grids])
    return Returned(target, rebuild(grids, placed, target, Plan(plan.language, plan.only_bad, said)), tuple(notes))


def _delimiter(home: Home, file: ProblemFile) -> str | None:
    source = home.sources.get(file.source)
    stream = source.streams.get(file.stream) if source else None
    given = stream.config.get("delimiter") if stream else None
    return str(given) if given else None


def _fetch_landed(file: ProblemFile, folder: Path) -> dict[str, list[Path]]:
    """Sheet -> local copies of its landed rows; empty when any is gone."""
    found: dict[str, list[Path]] = {}
    for one in file.batches:
        if one.rows_read:
            path = _fetch(one.data_url, folder / f"{one.id}.parquet")
            if path is None:
                return {}
            found.setdefault(str(one.sheet), []).append(path)
    return found


def _fetch(url: str, local: Path) -> Path | None:
    """The file at `url` on this machine; None when it is no longer there."""
    filesystem, path = fsspec.url_to_fs(url)
    if not filesystem.exists(path):
        return None
    if isinstance(filesystem, LocalFileSystem):
        return Path(path)
    filesystem.get_file(path, str(local))
    return local


def _gone(file: ProblemFile) -> ConfigError:
    return ConfigError(
        Text(
            f"“{file.name}”的原文件和数据行都已不在落地区，无法标注。",
            f"Neither the original of “{file.name}” nor its rows are in the landing zone any more.",
        ),
        where=file.original_url or file.batches[0].data_url,
        hint=Text(
            "保留期可能已过：问题仍可用 crossdock issues --run 查看；需要标注时请对方把文件再发一次。",
            "They may be older than the retention: crossdock issues --run still lists the problems; "
            "have the file sent again to get it marked.",
        ),
        code="XD-CFG-161",
    )
