"""`crossdock template`: an empty workbook for one kind of record, made from the model."""

from pathlib import Path
from typing import Annotated

import typer

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from crossdock.cli._screen import Document
from crossdock.cli._session import HomeOption, JsonOption, session


def template(
    entity: Annotated[
        str,
        typer.Argument(metavar="实体", help="如 purchase_order_line · such as purchase_order_line", show_default=False),
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="文件", help="写到哪里，默认 实体.xlsx · where to", show_default=False),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """生成空白表格：中文表头，必填列带 *，代码可下拉选择 · an empty workbook: headers, required ones marked, codes to pick.

    不需要存储或数据源 · needs no store and no source.

    例 · example:  crossdock template purchase_order_line -o 采购订单行.xlsx
    """
    with session(home, as_json) as one:
        from canonical_model.entities import SPECS
        from canonical_model.template import template_columns
        from canonical_model.words import nearest
        from connectors.formats.template import write_template

        if entity not in SPECS:
            near = nearest(entity, SPECS)
            raise ConfigError(
                Text(f"没有实体“{entity}”，是不是 {near}？", f"There is no entity “{entity}”; did you mean {near}?"),
                hint=Text("都在 docs/reference/entities.md 里。", "All stand in docs/reference/entities.md."),
                code="XD-TPL-001",
            )
        path = output or Path(f"{entity}.xlsx")
        try:
            with path.open("xb") as file:  # never over somebody's filled one
                file.write(write_template(SPECS[entity], one.screen.language))
        except OSError as error:
            reason = Text("文件已经存在", "the file exists") if isinstance(error, FileExistsError) else None
            why = reason or Text(str(error.strerror), str(error.strerror))
            raise ConfigError(
                Text(f"写不了 {path}：{why.zh}。", f"Cannot write {path}: {why.en}."),
                hint=Text("用 -o 换一个文件名。", "Choose another name with -o."),
                code="XD-TPL-002",
            ) from error
        columns = template_columns(SPECS[entity])
        listed: list[Document] = [
            {"header": column.header, "field": column.field.name, "required": column.is_required, "codes": column.codes}
            for column in columns
        ]
        one.screen.document |= {"file": str(path), "entity": entity, "columns": listed}
        needed = "、".join(column.header.get(one.screen.language) for column in columns if column.is_required)
        one.screen.say(
            Text(
                f"✓ 已写 {path}：{len(columns)} 列，必填 {needed}。",
                f"✓ Wrote {path}: {len(columns)} columns, required: {needed}.",
            ),
            style="green",
        )
