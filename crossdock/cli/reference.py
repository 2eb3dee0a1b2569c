"""The reference page of the command line, made from the help pages so that it cannot fall behind them.

`python -m crossdock.cli.reference` prints it; docs/cli.md is that output.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import typer.main

from crossdock.cli._app import app
from crossdock.cli._exits import MEANINGS
from crossdock.cli._help import page, subcommands

if TYPE_CHECKING:
    from typer._click.core import Context
    from typer.core import TyperCommand, TyperGroup

_WIDTH = 100
_TOP = """# 命令参考 · Command reference

由 `python -m crossdock.cli.reference` 根据各命令的 `--help` 生成，请勿手改。
Generated from the `--help` of every command; do not edit.

每个命令都可以加 `--json`（标准输出只有一份 JSON，小数一律写成文本；提示和错误走标准错误），除 `init` 和 `demo` 外都可以加 `--home 目录`。
Every command takes `--json` (one JSON document on stdout, decimals as text; notes and errors go to stderr), and all but
`init` and `demo` take `--home FOLDER`.

语言：先看 `crossdock.yaml` 的 `language:`，否则 `LANG` 以 en 开头为英文，其余为中文。
Language: `language:` of `crossdock.yaml`, else English where `LANG` begins with en, else Chinese.

出错时标准错误上有一句话：`[代码] 问题（位置）办法`；`--json` 时另有 `error: {code, what, where, hint, exit_code}`。
An error is one sentence on stderr, `[code] what (where) remedy`; with `--json` also `error` in the document.
"""


def render() -> str:
    """The page as Markdown."""
    lines = [_TOP, "## 退出码 · Exit codes\n", "| | |", "|---|---|"]
    lines += [f"| `{code.value}` | {text.zh} · {text.en} |" for code, text in MEANINGS.items()]
    root = cast("TyperGroup", typer.main.get_command(app))
    for command, context in _walk(root, root.context_class(root, info_name="crossdock")):
        lines += ["", f"## `{context.command_path}`\n", "```text", page(command, context, _WIDTH).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _walk(
    command: "TyperCommand | TyperGroup", context: "Context"
) -> "Iterator[tuple[TyperCommand | TyperGroup, Context]]":
    yield command, context
    for name, inner in subcommands(command, context):
        yield from _walk(inner, inner.context_class(inner, info_name=name, parent=context))


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201  # this is what the module is for
