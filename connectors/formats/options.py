"""What a stream may say about the form of its files; everything may be left out."""

from typing import Literal

from pydantic import Field, model_validator

from connectors.base import ConnectorConfig


class FormatOptions(ConnectorConfig):
    """How the files of a stream are to be read where they do not say so themselves."""

    header: Literal["auto", "none"] | int = Field(
        default="auto",
        description=(
            "Row of the header: auto finds it, none says that there is none, a number is the row as shown (from 1)."
        ),
    )
    names: list[str] = Field(
        default_factory=list,
        description=(
            "Column names from left to right, only with header none; columns without one are called 列A, 列B, …"
        ),
    )
    sheet: str | None = Field(
        default=None, description="Name of the only sheet to read; left out: every visible sheet that holds a table."
    )
    encoding: str | None = Field(
        default=None, description="Text encoding such as big5; left out: byte order mark, then UTF-8, then GB18030."
    )
    delimiter: str | None = Field(
        default=None, description="What stands between two values in text files; left out: comma, semicolon, tab or |."
    )
    records: str | None = Field(
        default=None, description="JSON: where the list of records lies in the document, e.g. d.results."
    )

    @model_validator(mode="after")
    def _names_need_header_none(self) -> "FormatOptions":
        if self.names and self.header != "none":
            message = "names needs header: none / 只有设了 header: none 才能用 names"
            raise ValueError(message)
        if len(set(self.names)) != len(self.names):
            message = "names holds a name twice / names 里有重复的列名"
            raise ValueError(message)
        if isinstance(self.header, int) and self.header < 1:
            message = "header counts from 1 / header 从 1 开始数"
            raise ValueError(message)
        if self.delimiter == "":
            message = "delimiter is empty / delimiter 为空"
            raise ValueError(message)
        return self
