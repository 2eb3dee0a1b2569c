"""Settings of the folder connector."""

from pathlib import Path

from pydantic import Field, field_validator

from canonical_model.validation import WrongValueError
from connectors.base import ConnectorConfig
from connectors.folder.pattern import PathPattern
from connectors.formats import FormatOptions


class FolderConfig(ConnectorConfig):
    """Where the folder lies."""

    path: Path = Field(description="The folder; a relative path counts from the home of the deployment.")


class FolderStream(FormatOptions):
    """Which files of the folder belong to a stream, and where they go when taken."""

    files: list[str] = Field(
        min_length=1,
        description="Patterns of paths below the folder, e.g. inbox/{partner}/*.xlsx; each {name} becomes a column.",
    )
    minimum_age_seconds: float = Field(
        default=2.0, ge=0, description="A file is taken when it has not changed for so many seconds."
    )
    done: str | None = Field(
        default="done",
        description="Folder beside the inbox for files that were taken; null: files stay where they are.",
    )
    failed: str | None = Field(
        default="failed", description="Folder beside the inbox for files that could not be used; null: they stay."
    )

    @field_validator("files", mode="before", json_schema_input_type=str | list[str])
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("files")
    @classmethod
    def _inside(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            if pattern.startswith("/") or "\\" in pattern or {"..", ".", ""} & set(pattern.split("/")):
                raise WrongValueError(
                    f"{pattern}：只能写本文件夹之下的路径，用 / 分隔", f"{pattern}: a path below the folder, with /"
                )
            PathPattern(pattern)
        return patterns

    @field_validator("done", "failed")
    @classmethod
    def _plain_name(cls, name: str | None) -> str | None:
        if name is not None and (not name or "/" in name or "\\" in name or name.startswith(".")):
            raise WrongValueError(f"{name}：只能是一个文件夹名", f"{name}: a plain folder name")
        return name

    def below_inbox(self, name: str) -> str:
        """`name` without its first folder where a pattern spells that out (inbox/…); partners' folders stay."""
        first, slash, rest = name.partition("/")
        is_fixed = slash and any(pattern.startswith(f"{first}/") for pattern in self.files)
        return rest if is_fixed else name
