"""`crossdock mapping suggest`: a mapping drafted for a sheet, with what is sure, what is not, and why."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from crossdock.cli._exits import ExitCode
from crossdock.cli._screen import Screen
from crossdock.cli._session import HomeOption, JsonOption, session

if TYPE_CHECKING:
    from crossdock.cli._tables import SeenTable
    from mappings.suggest import ColumnSuggestion


def suggest(
    file: Annotated[Path, typer.Argument(metavar="文件", help="要做映射的表格 · the sheet to map", show_default=False)],
    *,
    entity: Annotated[
        str, typer.Option("--entity", metavar="实体", help="表格的内容，如 purchase_order · what the sheet is about")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="映射.yaml", help="写成这个文件，不覆盖 · write this file, never over one"
        ),
    ] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", help="只看这张工作表 · this sheet only")] = None,
    unit: Annotated[
        str | None,
        typer.Option("--unit", help="整张表的单位，表里没有单位列时 · unit of all quantities, without a column"),
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option("--currency", help="整张表的币种，表里没有币种列时 · currency of all amounts, without one"),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """按表头和内容建议映射，说明理由和把握，写成能用的 YAML · suggest a mapping by headers and values, with reasons, as YAML.

    没有把握的列只写成注释，不会替您决定 · what is not sure becomes a comment; nothing is decided for you.

    例 · example:  crossdock mapping suggest 采购订单.xlsx --entity purchase_order -o mappings/hengyuan/orders.yaml
    """
    with session(home, as_json) as one:
        with one.screen.busy(Text("正在比对列名和内容 …", "Comparing headers and values …")):
            document = _document(entity)
            table = largest_table(file, sheet)
            if output and output.exists():
                raise ConfigError(
                    Text("这个文件已经有了，没有改动它。", "This file exists and was not touched."),
                    where=str(output),
                    hint=Text("请换一个名字。", "Choose another name."),
                    code="XD-CFG-113",
                )
            from mappings.suggest import missing_fields, write_mapping
            from mappings.suggest import suggest as suggest_columns

            found = suggest_columns(document, {name: table.rows[name].to_pylist() for name in table.columns})
            constants = {name: value for name, value in (("unit", unit), ("currency", currency)) if value}
            name = _mapping_name(output, document)
            text = write_mapping(name, document, found, title=file.name, constants=constants)
            missing = missing_fields(document, found)
            _check_mapping(text, table, is_whole=not missing)
        _show_suggestions(one.screen, found)
        one.screen.document |= {"mapping": name, "missing": missing, "yaml": text}
        if output:
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(text, encoding="utf-8")
            one.screen.document["file"] = str(output)
            one.screen.say(Text(f"已写成 {output}，请核对。", f"Wrote {output}; check it."), style="green")
        else:
            one.screen.heading(Text("映射（用 -o 写成文件）", "The mapping (-o writes it)"))
            one.screen.say(text)
        if missing:
            listed = "、".join(missing)
            one.screen.warn(
                Text(
                    f"还缺必填字段：{listed}。请在映射里填上对应的列，或让对方在表里加上。",
                    f"Required fields without a column: {listed}. Name their columns in the mapping, or have them added to the sheet.",
                )
            )
            one.code = ExitCode.NEEDS_PERSON


def largest_table(file: Path, sheet: str | None = None) -> "SeenTable":
    """The table of a file that holds most rows.

    Raises:
        ConfigError (XD-CFG-080, XD-CFG-112): There is no such file, or no table can be read in it.
    """
    from connectors.formats import FormatOptions, read_file
    from crossdock.cli._tables import join_parts
    from crossdock.cli.preview import check_readable

    check_readable(file)
    tables = join_parts(read_file(file, options=FormatOptions(sheet=sheet)))
    best = max(tables, key=lambda table: table.account.read)
    if not best.account.read:
        problem = best.read.problem or Text("文件里没有数据行。", "The file holds no data rows.")
        raise ConfigError(problem, where=str(file), code="XD-CFG-112")
    return best


def _document(entity: str) -> str:
    """The entity that a sheet is about, where there is one of that name.

    Raises:
        ConfigError (XD-CFG-113): There is none.
    """
    from canonical_model.entities import SPECS
    from canonical_model.words import nearest
    from mappings.suggest import document_of

    if entity not in SPECS:
        near = nearest(entity, SPECS)
        raise ConfigError(
            Text(f"没有实体“{entity}”，是不是 {near}？", f"There is no entity “{entity}”; did you mean {near}?"),
            hint=Text("全部实体见 docs/reference/entities.md。", "All are in docs/reference/entities.md."),
            code="XD-CFG-113",
        )
    return document_of(entity)


def _mapping_name(output: Path | None, entity: str) -> str:
    """The name that a mapping has by the place of its file: what stands behind `mappings/`, else own/<file>."""
    if output is None:
        return f"own/{entity}"
    parts = output.absolute().with_suffix("").parts
    place = len(parts) - 1 - parts[::-1].index("mappings") if "mappings" in parts[:-1] else -1
    return "/".join(parts[place + 1 :]) if place >= 0 else f"own/{parts[-1]}"


def _check_mapping(text: str, table: "SeenTable", *, is_whole: bool) -> None:
    """What is handed out can be used: it parses, and compiles for this very header."""
    from mappings.plan import make_plan
    from mappings.spec import parse_mapping

    spec = parse_mapping(text, "suggestion")
    if is_whole:
        make_plan(spec, header=[] if table.is_json else table.columns, is_json=table.is_json, timezone="UTC")


def _show_suggestions(screen: Screen, found: "Sequence[ColumnSuggestion]") -> None:
    screen.rows(
        (
            Text("列", "column"),
            Text("字段", "field"),
            Text("把握", "sure"),
            Text("理由", "reason"),
            Text("也可能是", "or"),
        ),
        [
            (
                one.column,
                one.accepted.target.name if one.accepted else "?",
                f"{one.first.confidence:.0%}" if one.first else "",
                one.first.reason if one.accepted and one.first else "",
                "、".join(
                    f"{other.target.name} {other.confidence:.0%}"
                    for other in one.candidates
                    if other is not one.accepted
                ),
            )
            for one in found
        ],
        indent=0,
    )
    taken = sum(one.accepted is not None for one in found)
    screen.say(
        Text(
            f"{len(found)} 列：认定 {taken}，待定 {len(found) - taken}",
            f"{len(found)} columns: {taken} taken, {len(found) - taken} left to you",
        )
    )
    screen.document["columns"] = [
        {
            "column": one.column,
            "field": one.accepted.target.name if one.accepted else None,
            "confidence": f"{one.accepted.confidence:.2f}" if one.accepted else None,
            "reason": one.accepted.reason if one.accepted else None,
            "alternatives": [
                {"field": other.target.name, "confidence": f"{other.confidence:.2f}", "reason": other.reason}
                for other in one.candidates
                if other is not one.accepted
            ],
        }
        for one in found
    ]
