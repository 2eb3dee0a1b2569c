"""`crossdock export`: the records of one entity in a file that people or programs can open."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.errors import ConfigError
from canonical_model.language import Language, Text
from crossdock.cli._faults import UsageError
from crossdock.cli._output import check_free, written_whole
from crossdock.cli._session import HomeOption, JsonOption, Session, session
from crossdock.cli._words import entity_label, size

if TYPE_CHECKING:
    from canonical_model.declaration import EntitySpec

_FOR_PEOPLE = (".xlsx", ".csv")
_HEADERS = ("zh", "en", "technical")


def export(
    entity: Annotated[
        str, typer.Argument(metavar="实体", help="如 purchase_order_line · an entity", show_default=False)
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="文件", help=".xlsx .csv .parquet .jsonl；默认 实体.xlsx · the file to write"
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", metavar="数据源", help="只要这个数据源的 · of this source only")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="条件",
            help="字段=值，也可用 != > >= < <= ~（含有）；可写几个，都要满足 · FIELD=VALUE, several mean all",
        ),
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="列,列", help="只要这些列 · these columns only")
    ] = None,
    headers: Annotated[
        str | None,
        typer.Option("--headers", metavar="zh|en|technical", help="列名用哪种 · which names the columns bear"),
    ] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="连同已删除的 · deleted ones, too")] = False,
    force: Annotated[bool, typer.Option("--force", help="文件已有时覆盖 · overwrite the file")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """把一种实体的记录导出成文件 · the records of one entity as a file.

    编码是文本，小数一位不差；.xlsx 和 .csv 里像公式的文字不会被当成公式 · codes are text, decimals exact, formulas harmless.

    例 · examples:
      crossdock export purchase_order_line
      crossdock export item -o items.csv --where "item_number~0001"
      crossdock export inventory_balance -o stock.parquet --source wms --where "on_hand>0"
    """
    with session(home, as_json) as one:
        from crossdock.cli import _export

        spec = _find(entity)
        path = output or Path(f"{entity}.xlsx")
        if path.suffix.lower() not in _export.WRITERS:
            raise UsageError(
                Text(f"不会写“{path.suffix or path.name}”。", f"“{path.suffix or path.name}” cannot be written."),
                hint=Text(f"后缀请用 {' '.join(_export.WRITERS)}。", f"Name a file with {' '.join(_export.WRITERS)}."),
            )
        if source:
            one.home.source(source)
        chosen = _export.choose_columns(spec, columns.split(",") if columns else None, with_deleted=deleted)
        names = _names(one, headers, path)
        conditions = [_export.condition(spec, text, one.zone) for text in where or ()]
        check_free(path, force=force)
        with (
            one.store() as engine,
            one.screen.busy(Text(f"正在导出 {path.name} …", f"Exporting {path.name} …")),
            written_whole(path) as draft,
        ):
            statement = _export.statement(spec, chosen, source, conditions, with_deleted=deleted)
            written = _export.write(engine, statement, chosen, names, draft, one.zone)
        _tell(one, spec, path, written)


def _find(entity: str) -> "EntitySpec":
    from canonical_model.entities import SPECS

    if entity in SPECS:
        return SPECS[entity]
    named = [spec for spec in SPECS.values() if entity in spec.label]
    if named:
        return named[0]
    listed = "、".join(f"{name}（{spec.label.zh}）" for name, spec in SPECS.items())
    raise ConfigError(
        Text(f"没有实体“{entity}”。", f"There is no entity “{entity}”."),
        hint=Text(f"有这些：{listed}。", f"There are: {', '.join(SPECS)}."),
        code="XD-CFG-124",
    )


def _names(one: Session, headers: str | None, path: Path) -> Language | None:
    """The language of the column names; None for the technical ones."""
    if headers not in {None, *_HEADERS}:
        raise UsageError(
            Text(f"--headers 不能是“{headers}”。", f"--headers cannot be “{headers}”."),
            hint=Text(f"请用 {'、'.join(_HEADERS)}。", f"Use {', '.join(_HEADERS)}."),
        )
    if headers is None:
        return one.home.language if path.suffix.lower() in _FOR_PEOPLE else None
    return None if headers == "technical" else Language(headers)


def _tell(one: Session, spec: "EntitySpec", path: Path, written: int) -> None:
    one.screen.document |= {
        "entity": spec.name,
        "file": str(path),
        "records": written,
        "bytes": path.stat().st_size,
    }
    label = entity_label(spec.name)
    amount = size(path.stat().st_size)
    one.screen.say(
        Text(
            f"✓ {label.zh} {written:,} 条，已写入 {path}（{amount}）",
            f"✓ {written:,} records of {spec.name} written to {path} ({amount})",
        ),
        style="green",
    )
    if not written:
        one.screen.say(
            Text(
                "没有符合条件的记录；crossdock status 会列出现有多少。",
                "No record matches; crossdock status tells how many there are.",
            ),
            indent=2,
        )
