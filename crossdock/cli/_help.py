"""Help pages in both languages, laid out for letters that are two columns wide, without loading anything heavy."""

import re
import shutil
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperGroup

from canonical_model.language import Text

if TYPE_CHECKING:
    from typer._click.core import Context
    from typer._click.formatting import HelpFormatter

USAGE = Text("用法", "Usage")
ARGUMENTS = Text("参数", "Arguments")
OPTIONS = Text("选项", "Options")
COMMANDS = Text("命令", "Commands")
_HELP = "显示帮助 · show this help"
_BETWEEN = " · "
_FIRST_COLUMN = re.compile(r"\s*\S.{0,40}?\s{2,}(?=\S)")
_NARROWEST, _WIDEST = 40, 110
_NO_LINE_START = "，。；：、？！”）》…,.;:?!)"


class BilingualCommand(TyperCommand):
    """A command with a bilingual help page."""

    def format_help(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Writes the page."""
        formatter.write(page(self, ctx))


class BilingualGroup(TyperGroup):
    """A group of commands with a bilingual help page."""

    def format_help(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Writes the page."""
        formatter.write(page(self, ctx))


def page(command: TyperCommand | TyperGroup, ctx: "Context", width: int | None = None) -> str:
    """The help page of a command.

    Args:
        command: The command or group.
        ctx: Its context, which knows the whole path of words.
        width: Columns of the page; those of the terminal when None.
    """
    columns = width or max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))
    arguments, options = parameters(command)
    listed = [(name, ctx_command.help or "") for name, ctx_command in subcommands(command, ctx)]
    signs = [
        ctx.command_path,
        *(sign for sign, _ in arguments),
        "[选项 · options]",
        *(["命令 · command"] if listed else []),
    ]
    lines = [f"{USAGE.zh}{_BETWEEN}{USAGE.en}: {' '.join(signs)}", ""]
    for paragraph in (command.help or "").split("\n"):
        lines += _fold(paragraph, columns) or [""]
    for title, entries in ((ARGUMENTS, arguments), (OPTIONS, options)):
        lines += _section(title, entries, columns)
    if listed:
        lines += _section(COMMANDS, [(name, _first_line(text)) for name, text in listed], columns, is_split=True)
    if command.epilog:
        lines.append("")
        for paragraph in command.epilog.split("\n"):
            lines += _fold(paragraph, columns) or [""]
    return "\n".join(lines) + "\n"


def subcommands(command: TyperCommand | TyperGroup, ctx: "Context") -> Iterator[tuple[str, Any]]:
    """The commands of a group, in order; nothing for a command."""
    if isinstance(command, TyperGroup):
        for name in command.list_commands(ctx):
            yield name, command.get_command(ctx, name)


def parameters(command: TyperCommand | TyperGroup) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Arguments and options, each as (how it is written, what it is for)."""
    arguments, options = [], []
    for parameter in command.params:
        told = str(getattr(parameter, "help", "") or "")
        if parameter.param_type_name == "argument":
            arguments.append((str(parameter.metavar or parameter.name), told))
            continue
        metavar = (
            "" if getattr(parameter, "is_flag", False) else f" {parameter.metavar or _value_sign(parameter.default)}"
        )
        default = parameter.default
        shown = (
            f"（{default}）" if default not in (None, False, "") and getattr(parameter, "show_default", False) else ""
        )
        needed = "（必填 · required）" if parameter.required else ""
        options.append((", ".join(sorted(parameter.opts, key=len)) + metavar, told + shown + needed))
    return arguments, [*options, ("--help", _HELP)]


def _value_sign(default: object) -> str:
    return "数字" if isinstance(default, int) else "文字"


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0].rstrip(".")


def _section(title: Text, entries: Sequence[tuple[str, str]], columns: int, *, is_split: bool = False) -> list[str]:
    if not entries:
        return []
    left = min(max(_width(sign) for sign, _ in entries), columns // 3)
    lines = ["", f"{title.zh}{_BETWEEN}{title.en}:"]
    for sign, told in entries:
        parts = told.split(_BETWEEN) if is_split else [told]
        right = [line for part in parts for line in _fold(part, columns - left - 4)] or [""]
        if _width(sign) > left:
            lines.append(f"  {sign}")
        else:
            lines.append(f"  {sign}{' ' * (left - _width(sign))}  {right.pop(0)}")
        lines += [f"  {' ' * left}  {line}" for line in right]
    return lines


def _fold(text: str, columns: int) -> list[str]:
    """`text` in lines of at most `columns`; what follows a first column goes on below that column."""
    found = _FIRST_COLUMN.match(text)
    head = found[0] if found else text[: len(text) - len(text.lstrip())]
    rest = text[len(head) :]
    lines: list[str] = []
    line = head
    for piece in _pieces(rest):
        if _width(line) + _width(piece.rstrip()) > columns and line.strip():
            lines.append(line.rstrip())
            line = " " * _width(head) + piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> Iterable[str]:
    """What must stay together: words with the blanks behind them, single wide letters with their punctuation."""
    piece = ""
    for letter in text:
        starts = (
            piece
            and letter != " "
            and letter not in _NO_LINE_START
            and (piece[-1] == " " or _is_wide(letter) or _is_wide(piece[-1]))
        )
        if starts:
            yield piece
            piece = ""
        piece += letter
    if piece:
        yield piece


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in {"W", "F"}


def _width(text: str) -> int:
    return sum(2 if _is_wide(letter) else 1 for letter in text)
