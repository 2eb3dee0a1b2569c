"""Mapping files as text: YAML read strictly, and what is wrong with it said with its line, in words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import UnionType
from typing import Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from canonical_model.documents import MERGE, DoubleKeyError, SafeLoader, StrictLoader
from canonical_model.errors import MappingError
from canonical_model.language import Text
from canonical_model.words import nearest

Place = tuple[int | str, ...]

_QUOTES = Text(
    "冒号和减号后面要有空格；右边有引号、冒号、# 或以 * & % @ 开头时，把整个右边放进单引号，例如 remark: 'a || \"b c\"'。",
    "Put a blank behind colons and dashes; put a right-hand side with quotes, colons or #, or one that begins with "
    "* & % @, in single quotes as a whole, such as remark: 'a || \"b c\"'.",
)
_SHAPES: Mapping[str, Text] = {
    "string_type": Text("文本", "a text"),
    "int_type": Text("文本", "a text"),
    "list_type": Text("列表，例如 [甲, 乙]", "a list such as [a, b]"),
    "dict_type": Text("下一级的“键: 值”", "keys with values below it"),
    "model_type": Text("下一级的“键: 值”", "keys with values below it"),
    "model_attributes_type": Text("下一级的“键: 值”", "keys with values below it"),
}


class _Loader(StrictLoader):
    """Takes true and false alone for themselves, as YAML 1.2 does: No, Off and Y are names of columns."""


_BOOL = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL]
    for first, resolvers in StrictLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def load(text: str, where: str) -> object:
    """The YAML document `text`.

    Raises:
        MappingError: It is not YAML, is indented with tabs, or has a key twice; the sentence gives the line.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader
    except DoubleKeyError as error:
        raise MappingError(error.what, where=f"{where}:{error.line}", hint=MERGE) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line if mark else 0
        written = text.splitlines()[line] if line < len(text.splitlines()) else ""
        if "\t" in written[: len(written) - len(written.lstrip())]:
            what = Text("这一行用制表符（Tab）缩进。", "This line is indented with a tab.")
            hint = Text("YAML 只认空格，请换成空格。", "YAML takes blanks only; replace the tab.")
        else:
            what, hint = Text("映射文件不是合法的 YAML。", "The mapping file is not valid YAML."), _QUOTES
        raise MappingError(what, where=f"{where}:{line + 1}", hint=hint) from error


def lines_of(text: str) -> dict[Place, int]:
    """Place of each key of a YAML document -> its line."""
    return dict(_lines(yaml.compose(text, Loader=SafeLoader), ()))


def _lines(node: yaml.Node | None, place: Place) -> Iterator[tuple[Place, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, key.value), key.start_mark.line + 1
            yield from _lines(value, (*place, key.value))
    if isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*place, str(number)), value.start_mark.line + 1
            yield from _lines(value, (*place, str(number)))


def line_at(lines: Mapping[Place, int], place: Sequence[int | str]) -> str:
    """The line of the nearest key at or above `place` that was written, as `:12`; empty where none was."""
    texts = tuple(str(part) for part in place)
    found = next((lines[texts[:end]] for end in range(len(texts), 0, -1) if texts[:end] in lines), 0)
    return f":{found}" if found else ""


def explain(error: ValidationError, model: type[BaseModel], lines: Mapping[Place, int], where: str) -> MappingError:
    """What pydantic found first, in words for the author."""
    # a misspelt key is also a missing one; its spelling is what helps
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    place = tuple(part for part in first["loc"] if part not in ("[key]", "str", "int", "float"))
    name, above = str(place[-1]) if place else "", ".".join(map(str, place[:-1]))
    at = Text(f"{above} 下面", f"below {above}") if above else Text("最外层", "at the top")
    kind, given = first["type"], first["input"]
    hint = Text("写法见 docs/guide/mapping.md。", "See docs/guide/mapping.md.")
    if kind == "extra_forbidden":
        allowed = _keys_at(model, place[:-1])
        near = nearest(name, allowed)
        meant = Text(f"，是不是 {near}？", f"; did you mean {near}?") if near in allowed else Text("。", ".")
        what = Text(f"{at.zh}没有“{name}”这个键{meant.zh}", f"There is no key “{name}” {at.en}{meant.en}")
        hint = Text(f"可用：{'、'.join(allowed)}。", f"Allowed: {', '.join(allowed)}.")
    elif kind == "missing":
        what = Text(f"{at.zh}缺少“{name}”。", f"“{name}” is missing {at.en}.")
    elif kind == "string_pattern_mismatch" and name == "date_order":
        what = Text(
            f"date_order 只能是 dmy、mdy 或 ymd，不能是“{given}”。",
            f"date_order is dmy, mdy or ymd, never “{given}”.",
        )
    elif kind in _SHAPES:
        what, hint = _wrong_shape(".".join(map(str, place)), _SHAPES[kind], given, hint)
    elif kind == "too_short":
        what = Text(f"“{'.'.join(map(str, place))}”是空的。", f"“{'.'.join(map(str, place))}” is empty.")
    else:
        path = ".".join(map(str, place))
        what = Text(f"“{path}”的值“{given}”不能用。", f"“{given}” cannot stand in “{path}”.")
    return MappingError(what, where=f"{where}{line_at(lines, place)}", hint=hint)


def _wrong_shape(path: str, wanted: Text, given: object, hint: Text) -> tuple[Text, Text]:
    match given:
        case None:
            got = Text("空的", "empty")
        case bool() | int() | float() | date():
            got = Text(f"{given}（YAML 没有当作文本）", f"{given}, which YAML does not take for a text")
            text = f"\"'{given}'\""
            hint = Text(
                f"是列名就加引号：'{given}'；是固定的文字就加两层：{text}。",
                f"Put it in quotes where it names a column: '{given}'; in both kinds where it is a text: {text}.",
            )
        case list():
            got = Text("一个列表", "a list")
        case dict():
            got = Text("下一级的键", "keys below it")
            hint = Text(
                "如果是一个表达式，其中的冒号或花括号要放进引号。",
                "If it is an expression, put its colon or braces in quotes.",
            )
        case _:
            got = Text(f"文本“{given}”", f"the text “{given}”")
    return (
        Text(f"“{path}”应该是{wanted.zh}，这里是{got.zh}。", f"“{path}” should be {wanted.en}; here it is {got.en}."),
        hint,
    )


def _keys_at(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The keys that may stand at a place of a document of the model."""
    current: object = model
    for part in place:
        if isinstance(current, type) and issubclass(current, BaseModel):
            current = current.model_fields[str(part)].annotation
        else:
            current = get_args(current)[-1]
        if get_origin(current) in (Union, UnionType):
            current = next(one for one in get_args(current) if one is not type(None))
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []
