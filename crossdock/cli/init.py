"""`crossdock init`: a deployment's folder with one working source, ready to be changed."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from crossdock.cli._session import JsonOption, session

_IGNORED = ".crossdock/\n.env\ninbox/\n"
_FOLDERS = ("inbox/purchase_orders",)
_TREE = (
    ("├── crossdock.yaml", Text("公司、人员、群和角色", "company, people, groups and roles")),
    ("├── sources/", Text("数据源，一个系统一个文件", "sources, one file per system")),
    ("│   └── excel.yaml", Text("带注释的例子，可以直接用", "a commented example that works as it is")),
    ("├── mappings/", Text("自己的映射，优先于自带的", "your own mappings, found before the shipped ones")),
    (
        "├── rules/",
        Text("自己的规则，同名则替换自带的", "your own rules; one of the same name replaces the shipped one"),
    ),
    ("├── inbox/", Text("", "")),
    ("│   └── purchase_orders/", Text("把采购订单表格放在这里", "put purchase-order sheets here")),
    ("└── .gitignore", Text("数据和密钥不进版本库", "keeps data and secrets out of version control")),
)


def init(
    folder: Annotated[
        Path,
        typer.Argument(metavar="[目录]", help="要建的目录，默认当前目录 · the folder to make", show_default=False),
    ] = Path(),
    *,
    as_json: JsonOption = False,
) -> None:
    """新建一个 Crossdock 目录，带一个能用的例子 · make a deployment's folder with a working example.

    不会覆盖任何已有文件 · never overwrites a file.

    例 · example:  crossdock init my-hub
    """
    with session(folder, as_json) as one:
        written = _write(folder)
        one.screen.document |= {"folder": str(folder.resolve()), "files": written}
        one.screen.say(Text(f"已建立 {folder.resolve()}", f"Made {folder.resolve()}"), style="bold green")
        one.screen.rows((Text("文件", "file"), Text("用途", "what for")), _TREE)
        one.screen.heading(Text("接下来", "Next"))
        for command, why in _next_steps(folder):
            one.screen.say(command, style="cyan", indent=2)
            one.screen.say(why, indent=6)


def _next_steps(folder: Path) -> list[tuple[str, Text]]:
    enter = [] if folder.resolve() == Path.cwd() else [(f"cd {folder}", Text("进入目录", "enter the folder"))]
    return [
        *enter,
        (
            "crossdock preview 采购订单.xlsx",
            Text("先看看您的表格会被怎样读懂", "see how one of your sheets would be understood"),
        ),
        (
            "crossdock sync",
            Text(
                "把表格放进 inbox/purchase_orders/ 后运行：读入、检查、入库",
                "with a sheet in inbox/purchase_orders/: reads, checks and stores it",
            ),
        ),
        ("crossdock status", Text("看每条数据流的情况", "how every stream is doing")),
    ]


def _write(folder: Path) -> list[str]:
    template = Path(str(files("crossdock.cli"))) / "template"
    contents = {
        path.relative_to(template).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(template.rglob("*"))
        if path.is_file() and path.suffix in {".yaml", ".md"}
    } | {".gitignore": _IGNORED}
    there = [name for name in contents if (folder / name).exists()]
    if there:
        raise ConfigError(
            Text(
                f"目录里已有 {'、'.join(there)}，没有改动任何文件。",
                f"The folder already has {', '.join(there)}; nothing was touched.",
            ),
            where=str(folder.resolve()),
            hint=Text("请换一个目录：crossdock init 新目录。", "Choose another folder: crossdock init NAME."),
            code="XD-CFG-079",
        )
    try:
        for name, content in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        for name in _FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            Text(f"不能在这里建立目录：{error.strerror}。", f"The folder cannot be made: {error.strerror}."),
            where=str(folder.resolve()),
            code="XD-CFG-079",
        ) from error
    return [*contents, *(f"{name}/" for name in _FOLDERS)]
