"""`crossdock preview`: how a file would be understood, before any store, source or mapping exists."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.errors import ConfigError, CrossdockError
from canonical_model.language import Language, Text
from canonical_model.text import clip
from crossdock.cli._exits import ExitCode
from crossdock.cli._faults import UsageError
from crossdock.cli._screen import Document, Screen, plain
from crossdock.cli._session import HomeOption, JsonOption, Session, session
from crossdock.cli._words import skipped

if TYPE_CHECKING:
    from connectors.formats import FormatOptions
    from connectors.formats.profile import ColumnProfile
    from crossdock.cli._tables import Fit, SeenTable

_LANGUAGES = (Language.ZH, Language.EN)
_SHOWN_ISSUES = 10
_SHOWN_COLUMNS = 8
_CLIPPED = 20
_KINDS = {
    "blank": Text("全空", "empty"),
    "number": Text("数字", "number"),
    "date": Text("日期", "date"),
    "code": Text("编码", "code"),
    "text": Text("文字", "text"),
}


def preview(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="文件",
            help="xlsx xlsm xls xlsb ods csv tsv txt json jsonl",
            show_default=False,
        ),
    ],
    *,
    rows: Annotated[int, typer.Option("--rows", min=0, help="显示前几行 · rows to show")] = 5,
    sheet: Annotated[str | None, typer.Option("--sheet", help="只看这张工作表 · this sheet only")] = None,
    header: Annotated[str, typer.Option("--header", help="表头行号，或 none · row of the header, or none")] = "auto",
    encoding: Annotated[str | None, typer.Option("--encoding", help="文本编码，如 big5 · text encoding")] = None,
    delimiter: Annotated[str | None, typer.Option("--delimiter", help="分隔符 · what stands between values")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """看懂一个文件：表头在哪、各列是什么、有什么问题 · look into a file: header, columns, problems.

    不需要存储、数据源或映射，也不改动文件 · needs no store, source or mapping and changes nothing.

    例 · example:  crossdock preview 采购订单.xlsx --rows 10
    """
    with session(home, as_json) as one:
        options = _options(header, {"sheet": sheet, "encoding": encoding, "delimiter": delimiter})
        size = check_readable(file)
        with one.screen.busy(Text(f"正在读 {file.name} …", f"Reading {file.name} …")):
            from connectors.formats import read_file
            from crossdock.cli._tables import find_fits, join_parts

            tables = join_parts(read_file(file, options=options))
            fits = [find_fits(table, _mappings(one)) if table.account.read else [] for table in tables]
        one.screen.say(Text(f"{file.name}（{size}）", f"{file.name} ({size})"), style="bold")
        shown = _Shown(one.screen, file, rows)
        one.screen.document |= {
            "file": str(file),
            "tables": [shown.table(*both) for both in zip(tables, fits, strict=True)],
        }
        if not any(table.account.read for table in tables):
            one.code = ExitCode.NEEDS_PERSON
        else:
            shown.next_steps([fit for found in fits for fit in found])


class _Shown:
    """Words the tables of one file."""

    def __init__(self, screen: Screen, file: Path, rows: int) -> None:
        self._screen, self._file, self._rows = screen, file, rows

    def table(self, table: "SeenTable", fits: "list[Fit]") -> Document:
        """Shows one table and gives it as a document."""
        screen, read = self._screen, table.read
        if read.sheet:
            screen.heading(Text(f"工作表“{read.sheet}”", f"Sheet “{read.sheet}”"))
        else:
            screen.say()
        document: Document = {
            "sheet": read.sheet,
            "encoding": read.encoding,
            "rows": table.account,
            "skipped": table.skipped,
            "problem": read.problem,
        }
        if read.problem:
            screen.say(Text(f"✗ {read.problem.zh}", f"✗ {read.problem.en}"), style="bold red")
        elif table.account.read:
            document |= self._content(table, fits)
        if table.account.total:
            screen.say(table.account.equation, style="" if read.problem else "green")
        if table.skipped and not read.problem:
            left_out = skipped(table.skipped)
            screen.say(Text(f"跳过：{left_out.zh}", f"Skipped: {left_out.en}"), indent=2)
        return document

    def _labels(self, table: "SeenTable") -> None:
        """What stands above the header as label and value, and how to have it read."""
        labels = {label: " / ".join(values) for label, values in table.read.labels.items() if any(values)}
        if not labels:
            return
        shown = "；".join(f"{clip(label, _CLIPPED)} = {clip(value, _CLIPPED)}" for label, value in labels.items())
        first = next(iter(labels))
        self._screen.say(
            Text(
                f"表头上方写着：{shown}。要当列用，在数据流里写 labels: [{first}]。",
                f"Above the header stands: {shown.replace('；', '; ')}. To use it as a column set labels: [{first}].",
            )
        )

    def _content(self, table: "SeenTable", fits: "list[Fit]") -> Document:
        read, profiles = table.read, table.profiles()
        if read.encoding:
            self._screen.say(Text(f"编码 {read.encoding}", f"Encoding {read.encoding}"))
        if read.header_row:
            reason = read.header_reason
            self._screen.say(
                Text(
                    f"表头在第 {read.header_row} 行：{reason.zh}。",
                    f"The header is in row {read.header_row}: {reason.en}.",
                )
            )
        elif table.is_json:
            self._screen.say(Text("JSON 记录，各字段如下。", "JSON records with these fields."))
        else:
            self._screen.say(Text("没有表头，列名按位置取。", "There is no header; columns are named by position."))
        self._labels(table)
        self._columns(table, profiles)
        issues = self._issues(table)
        first = self._first_rows(table)
        self._fits(fits)
        return {
            "header_row": read.header_row,
            "header_reason": read.header_reason,
            "labels": {label: list(values) for label, values in read.labels.items()},
            "columns": [
                {
                    "name": one.name,
                    "letters": read.columns.get(one.name, ""),
                    "looks_like": str(one.kind),
                    "filled": one.filled,
                    "empty": one.empty,
                    "examples": one.examples,
                    "odd": [{"cell": table.cell(row, one.name), "value": value} for row, value in one.odd],
                    "note": one.note,
                }
                for one in profiles
            ],
            "issues": issues,
            "first_rows": first,
            "mappings": [plain(fit) for fit in fits],
        }

    def _columns(self, table: "SeenTable", profiles: "list[ColumnProfile]") -> None:
        screen = self._screen
        screen.rows(
            (
                Text("列", "col"),
                Text("表头", "header") if not table.is_json else Text("字段", "field"),
                Text("像是", "looks like"),
                Text("有值", "filled"),
                Text("空", "empty"),
                Text("例子", "examples"),
                Text("要留意", "mind"),
            ),
            [
                (
                    table.read.columns.get(one.name, ""),
                    one.name,
                    _KINDS[one.kind],
                    one.filled,
                    one.empty,
                    " | ".join(clip(example, _CLIPPED) for example in one.examples),
                    self._mind(table, one),
                )
                for one in profiles
            ],
        )
        screen.say()

    def _mind(self, table: "SeenTable", profile: "ColumnProfile") -> str:
        odd = [f"{table.cell(row, profile.name)}“{clip(value, _CLIPPED)}”" for row, value in profile.odd]
        kind = _KINDS[profile.kind]
        strange = Text(f"不像{kind.zh}：{'、'.join(odd)}", f"no {kind.en}: {', '.join(odd)}") if odd else Text("", "")
        return "；".join(filter(None, (self._screen.get(strange), self._screen.get(profile.note))))

    def _issues(self, table: "SeenTable") -> list[Document]:
        from canonical_model.issues import CATALOGUE

        found = table.issues(self._file, _SHOWN_ISSUES)
        if found:
            count = len(table.suspects)
            self._screen.warn(Text(f"⚠ {count} 处已经损坏的内容：", f"⚠ {count} damaged places:"))
        for issue in found:
            self._screen.say(f"{issue.render(self._screen.language)} [{issue.code}]", indent=2)
        if len(table.suspects) > len(found):
            more = len(table.suspects) - len(found)
            self._screen.say(Text(f"……还有 {more} 处", f"… and {more} more"), indent=2)
        if found:
            self._screen.say()
        return [
            {
                "code": issue.code,
                "effect": str(CATALOGUE[issue.code].effect),
                "place": issue.place,
                "value": issue.value,
                "text": Text(*(issue.render(language) for language in _LANGUAGES)),
            }
            for issue in found
        ]

    def _first_rows(self, table: "SeenTable") -> list[dict[str, str]]:
        from connectors.base import ROW

        records = table.rows.slice(0, self._rows).to_pylist()
        names = table.columns
        shown = names[:_SHOWN_COLUMNS]
        if records:
            more = len(names) - len(shown)
            tail = Text(
                f"（只显示前 {len(shown)} 列，共 {len(names)} 列）", f" (first {len(shown)} of {len(names)} columns)"
            )
            self._screen.say(
                Text(
                    f"前 {len(records)} 行{tail.zh if more else ''}：",
                    f"First {len(records)} rows{tail.en if more else ''}:",
                )
            )
            self._screen.rows(
                (Text("行", "row"), *shown),
                [(record[ROW], *(clip(record[name] or "", _CLIPPED) for name in shown)) for record in records],
            )
            self._screen.say()
        return [{name: str(value or "") for name, value in record.items()} for record in records]

    def _fits(self, fits: "list[Fit]") -> None:
        for fit in fits:
            if fit.lacks:
                self._screen.say(
                    Text(
                        f"最接近的映射是 {fit.mapping}：{fit.lacks.zh}",
                        f"The nearest mapping is {fit.mapping}: {fit.lacks.en}",
                    )
                )
                continue
            unused = (
                Text(f"；没用到的列：{'、'.join(fit.unused)}", f"; columns not used: {', '.join(fit.unused)}")
                if fit.unused
                else Text("", "")
            )
            self._screen.say(
                Text(
                    f"适合的映射：{fit.mapping}（认出 {len(fit.fields)} 个字段{unused.zh}）",
                    f"Fitting mapping: {fit.mapping} ({len(fit.fields)} fields{unused.en})",
                ),
                style="cyan",
            )

    def next_steps(self, fits: "list[Fit]") -> None:
        """What to do with what was seen."""
        taken = [fit.mapping for fit in fits if not fit.lacks]
        self._screen.say()
        if taken:
            self._screen.say(
                Text(
                    f"接下来：crossdock init 建目录，在 sources/ 的数据源里写 mapping: {taken[0]}，再运行 crossdock sync。",
                    f"Next: crossdock init makes a folder; write mapping: {taken[0]} in a source of sources/, then crossdock sync.",
                )
            )
        else:
            self._screen.say(
                Text(
                    "接下来：自带的映射里没有完全适合的；用 crossdock mapping suggest 按表头建议一个，写法见 docs/guide/mapping.md。",
                    "Next: no shipped mapping fits; crossdock mapping suggest makes one for the header above, see docs/guide/mapping.md.",
                )
            )


def _options(header: str, settings: dict[str, str | None]) -> "FormatOptions":
    from pydantic import ValidationError

    from connectors.formats import FormatOptions

    try:
        return FormatOptions.model_validate({"header": int(header) if header.isdecimal() else header} | settings)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            Text(
                f"--{first['loc'][0] if first['loc'] else 'header'} 不对：{first['msg']}",
                f"Wrong --{first['loc'][0] if first['loc'] else 'header'}: {first['msg']}",
            ),
            hint=Text("--header 写 auto、none 或行号。", "--header is auto, none or a row number."),
        ) from error


def check_readable(file: Path) -> str:
    """The file's size in words.

    Raises:
        ConfigError (XD-CFG-080): There is no such file, or it may not be read.
    """
    if file.is_dir():
        raise ConfigError(
            Text("这是一个文件夹，请给出里面的一个文件。", "This is a folder; name one of the files in it."),
            where=str(file),
            code="XD-CFG-080",
        )
    if not file.exists():
        raise ConfigError(Text("没有这个文件。", "There is no such file."), where=str(file), code="XD-CFG-080")
    try:
        with file.open("rb"):
            size = file.stat().st_size
    except OSError as error:
        raise ConfigError(
            Text(f"打不开文件：{error.strerror}。", f"The file cannot be opened: {error.strerror}."),
            where=str(file),
            code="XD-CFG-080",
        ) from error
    return (
        f"{size / 1024 / 1024:.1f} MB"
        if size >= 1024 * 1024
        else f"{size / 1024:.1f} KB"
        if size >= 1024
        else f"{size} B"
    )


def _mappings(one: Session) -> Path | None:
    """The deployment's own mappings, where the command runs in one."""
    try:
        return one.home.mappings
    except CrossdockError:
        return None
