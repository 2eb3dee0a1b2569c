"""What is wrong with settings, in words for the person who wrote them."""

from collections.abc import Collection, Sequence
from types import UnionType
from typing import Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from canonical_model.language import Text
from canonical_model.words import nearest

_ORDER = {"extra_forbidden": 0, "missing": 2}
"""What was written is told before what is missing, which may be misspelt; other mistakes are 1."""
_SEVERAL = {"bool", "int", "str", "list", "dict"}
"""Names of kinds that pydantic adds to the place of a value that may be of several."""
_KINDS = {
    "missing": Text("必须写", "it has to be written"),
    "string_type": Text("应是文字，数字和日期请加引号", "a text is wanted; put numbers and dates in quotes"),
    "bool_type": Text("应是 true 或 false", "true or false is wanted"),
    "bool_parsing": Text("应是 true 或 false", "true or false is wanted"),
    "int_type": Text("应是整数", "a whole number is wanted"),
    "int_parsing": Text("应是整数", "a whole number is wanted"),
    "float_parsing": Text("应是数字", "a number is wanted"),
    "list_type": Text("应是列表", "a list is wanted"),
    "dict_type": Text("下面应是“键: 值”", "keys with values are wanted below it"),
    "model_type": Text("下面应是“键: 值”", "keys with values are wanted below it"),
    "too_short": Text("不能是空的", "it must not be empty"),
    "string_too_short": Text("不能是空的", "it must not be empty"),
    "greater_than_equal": Text("不能小于 {ge}", "it is at least {ge}"),
    "enum": Text("只能是 {expected}", "it is {expected}"),
    "literal_error": Text("只能是 {expected}", "it is {expected}"),
    "string_pattern_mismatch": Text("写法不对，应符合 {pattern}", "it does not fit {pattern}"),
}


class WrongValueError(ValueError):
    """A value that a validator of ours refuses.

    Attributes:
        said: Why.
    """

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.said = Text(zh, en)


def faults(error: ValidationError, model: type[BaseModel], patterns: dict[str, Text]) -> list[tuple[str, Text]]:
    """(key, what is wrong with it), first what was written and is no setting; the key of the whole is empty.

    Args:
        error: What pydantic found.
        model: The settings.
        patterns: What the regular expressions of values ask for, in words.
    """
    found = [(_key(one["loc"]), one) for one in sorted(error.errors(), key=lambda one: _ORDER.get(one["type"], 1))]
    return [(key, _said(one, model, patterns)) for key, one in found if not _is_other_kind(key, one, found)]


def _is_other_kind(key: str, one: ErrorDetails, found: Sequence[tuple[str, ErrorDetails]]) -> bool:
    """Whether the value may be of several kinds, and what is wrong with it as another of them says more."""
    others = [(place, other) for place, other in found if other is not one]
    if not one["type"].endswith("_type"):
        return False
    at_once = next((other for place, other in others if place == key), None)
    if at_once is not None:
        return not at_once["type"].endswith("_type") or found.index((key, at_once)) < found.index((key, one))
    return any(place.startswith(f"{key}.") for place, _ in others)


def _key(place: Sequence[int | str]) -> str:
    names = [str(part) for part in place if "[" not in str(part)]
    if len(names) > 1 and (names[-1] in _SEVERAL or not names[-1].isidentifier()) and not names[-1].isdecimal():
        names.pop()
    return ".".join(names)


def _said(one: ErrorDetails, model: type[BaseModel], patterns: dict[str, Text]) -> Text:
    context = one.get("ctx", {})
    if isinstance(wrong := context.get("error"), WrongValueError):
        return wrong.said
    if one["type"] == "extra_forbidden":
        there = _keys_at(model, one["loc"][:-1])
        meant = nearest(str(one["loc"][-1]), there)
        if meant not in there:
            return Text(f"没有这个设置，可用：{meant}", f"there is no such setting; there are {meant}")
        return Text(f"没有这个设置，您要写的可能是 {meant}", f"there is no such setting; perhaps {meant} is meant")
    if (words := patterns.get(str(context.get("pattern")))) is not None:
        return words
    known = _KINDS.get(one["type"], Text(one["msg"], one["msg"]))
    return Text(known.zh.format(**context), known.en.format(**context))


def _keys_at(kind: object, place: Sequence[int | str]) -> Collection[str]:
    """The settings that there are at a place."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if not place:
            return [field.alias or name for name, field in kind.model_fields.items()]
        field = kind.model_fields.get(str(place[0]))
        return _keys_at(field.annotation, place[1:]) if field else ()
    if get_origin(kind) in (Union, UnionType):
        return next(filter(None, (_keys_at(one, place) for one in get_args(kind))), ())
    parts = get_args(kind)
    return _keys_at(parts[-1], place[1:]) if parts and place else ()
