"""What is wrong with settings, in words."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from canonical_model.language import Text
from canonical_model.validation import WrongValueError, faults


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    mapping: str
    count: int = Field(default=1, ge=1)
    kind: Literal["a", "b"] = "a"
    code: str = Field(default="x", pattern="^[a-z]$")
    complete: bool | Literal["document"] = False
    names: list[str | Annotated[list[str], Field(min_length=1)]] = []

    @field_validator("mapping")
    @classmethod
    def _not_a_number(cls, value: str) -> str:
        if value.isdecimal():
            raise WrongValueError("不能是数字", "it must be no number")
        return value


class _Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    streams: dict[str, _Part]
    parts: list[_Part] | None = None


@pytest.mark.parametrize(
    ("given", "key", "said"),
    [
        ({"streamz": {}}, "streamz", "没有这个设置，您要写的可能是 streams"),
        ({"streams": {"a": {"maping": "x"}}}, "streams.a.maping", "没有这个设置，您要写的可能是 mapping"),
        (
            {"streams": {}, "parts": [{"mapping": "x", "cuont": 1}]},
            "parts.0.cuont",
            "没有这个设置，您要写的可能是 count",
        ),
        ({"streams": {"a": {}}}, "streams.a.mapping", "必须写"),
        ({"streams": {"a": {"mapping": "7"}}}, "streams.a.mapping", "不能是数字"),
        ({"streams": {"a": {"mapping": "x", "count": 0}}}, "streams.a.count", "不能小于 1"),
        ({"streams": {"a": {"mapping": "x", "kind": "c"}}}, "streams.a.kind", "只能是 'a' or 'b'"),
        ({"streams": {"a": {"mapping": "x", "code": "9"}}}, "streams.a.code", "一个字母"),
        ({"streams": {"a": {"mapping": "x", "complete": "maybe"}}}, "streams.a.complete", "应是 true 或 false"),
        ({"streams": {"a": {"mapping": "x", "names": [[]]}}}, "streams.a.names.0", "不能是空的"),
        (
            {"streams": {"a": {"mapping": "x", "names": [7]}}},
            "streams.a.names.0",
            "应是文字，数字和日期请加引号",
        ),
        (
            {"streams": {"a": {"mapping": "x", "names": ["b", ["c", 7]]}}},
            "streams.a.names.1.1",
            "应是文字，数字和日期请加引号",
        ),
        ([], "", "下面应是“键: 值”"),
    ],
)
def test_the_key_that_was_written_and_what_is_wrong_with_it_come_first(given: object, key: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _Whole.model_validate(given)
    found = faults(caught.value, _Whole, {"^[a-z]$": Text("一个字母", "a letter")})
    assert (found[0][0], found[0][1].zh) == (key, said)
    assert "Input" not in " ".join(text.en for _, text in found)
