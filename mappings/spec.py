"""Mapping files: how one is written, found and read."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from canonical_model.codes import CodeList, code_list, forms
from canonical_model.entities import SPECS
from canonical_model.errors import MappingError
from canonical_model.language import Text


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Unpivot(_Part):
    """Columns that become rows: one record for each row and column that is filled in."""

    columns: list[str] = Field(min_length=1, description="Headers; * stands for any text.")
    name: str = Field(min_length=1, description="Name by which expressions call the header.")
    value: str = Field(min_length=1, description="Name by which expressions call the cell.")

    def matches(self, header: Sequence[str]) -> tuple[str, ...]:
        """The columns of the header that it turns, in their order."""
        return tuple(one for one in header if any(fnmatchcase(one, pattern) for pattern in self.columns))


class EntityMapping(_Part):
    """How one entity is stated from one stream."""

    fields: dict[str, str | int | float] = Field(description="Canonical field: expression over the source's columns.")
    key: list[str] = Field(default=[], description="The source's own key as expressions; else the natural key.")
    each: str | None = Field(default=None, description="Path of a nested list: one record per element.")
    unpivot: Unpivot | None = Field(
        default=None, description="Columns that become rows, such as one for each warehouse."
    )


class MappingFile(_Part):
    """One mapping file. Shape and meaning: docs/guide/mapping.md."""

    mapping: str = Field(description="Its name: <system>/<document>, like its path.")
    version: str | None = Field(
        default=None, description="Expression that tells which statement is newer; else the file's modification time."
    )
    columns: dict[str, list[str]] = Field(default={}, description="Name used in expressions: headers it goes by.")
    codes: dict[str, dict[str, str]] = Field(
        default={}, description="Code list (or a table of your own): source value: canonical code."
    )
    date_order: str = Field(
        default="",
        pattern="^(dmy|mdy|ymd)?$",
        description="Order of 03/04/2026 where its column does not show it, and of 26/3/1.",
    )
    unknown: list[Annotated[str, Field(pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]] = Field(
        default=[], description="Words of this source that say that a value is unknown, besides the usual ones."
    )
    entities: dict[str, EntityMapping] = Field(min_length=1, description="Canonical entity: how it is stated.")

    @cached_property
    def text(self) -> str:
        """A stable text of everything that the file says, for its fingerprint."""
        return self.model_dump_json()

    def codes_for(self, table: str) -> Mapping[str, str]:
        """Source value in all its forms -> canonical code, from this file's own table only."""
        return {form: code for value, code in self.codes.get(table, {}).items() for form in forms(str(value))}


def parse_mapping(text: str, where: str) -> MappingFile:
    """The mapping that `text` says.

    Raises:
        MappingError: It is not YAML, has an unknown key, or names an entity, field or code that does not exist;
            the sentence gives the place and the nearest valid word.
    """
    try:
        raw = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # the safe loader in C
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
        raise MappingError(
            Text("映射文件不是合法的 YAML。", "The mapping file is not valid YAML."), where=f"{where}:{line}"
        ) from error
    try:
        spec = MappingFile.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        raise MappingError(
            Text(f"“{path}”写得不对：{first['msg']}。", f"“{path}” is wrong: {first['msg']}."),
            where=f"{where}{_line_of(text, first['loc'])}",
            hint=Text("写法见 docs/guide/mapping.md。", "See docs/guide/mapping.md."),
        ) from error
    for problem, loc in _problems(spec):
        raise MappingError(problem, where=f"{where}{_line_of(text, loc)}", code="XD-MAP-002")
    return spec


def _line_of(text: str, loc: tuple[int | str, ...]) -> str:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 0
    for part in loc:
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == str(part):
                node, line = value, key.start_mark.line + 1
                break
    return f":{line}" if line else ""


def nearest(word: str, words: Iterable[str]) -> str:
    """The word of `words` that is nearest to `word`, or all of them when none is near."""
    listed = sorted(words)
    close = difflib.get_close_matches(word, listed, n=1, cutoff=0.6)
    return close[0] if close else ", ".join(listed)


def _problems(spec: MappingFile) -> Iterator[tuple[Text, tuple[int | str, ...]]]:
    for name, mapped in spec.entities.items():
        if name not in SPECS:
            near = nearest(name, list(SPECS))
            yield (
                Text(f"没有实体“{name}”，是不是 {near}？", f"There is no entity “{name}”; did you mean {near}?"),
                ("entities", name),
            )
            continue
        for field in mapped.fields:
            if field not in SPECS[name].fields:
                near = nearest(field, list(SPECS[name].fields))
                yield (
                    Text(
                        f"{name} 没有字段“{field}”，是不是 {near}？",
                        f"{name} has no field “{field}”; did you mean {near}?",
                    ),
                    ("entities", name, "fields", field),
                )
        missing = [f.name for f in SPECS[name].fields.values() if f.is_required and f.name not in mapped.fields]
        if missing:
            listed = ", ".join(missing)
            yield (
                Text(f"{name} 缺少必填字段 {listed}。", f"{name} lacks the required fields {listed}."),
                ("entities", name, "fields"),
            )


def shipped_folder() -> Path:
    """Where the mappings that come with Crossdock lie."""
    return Path(str(files("mappings")))


def shipped_mappings() -> dict[str, Path]:
    """Name -> path of every mapping that comes with Crossdock."""
    return mappings_in(shipped_folder())


def mappings_in(folder: Path | None) -> dict[str, Path]:
    """Name -> path of the mappings in a folder; what lies beside them as cases is none."""
    if folder is None:
        return {}
    found = sorted(path.relative_to(folder) for path in folder.glob("**/*.yaml"))
    return {
        path.with_suffix("").as_posix(): folder / path
        for path in found
        if not any(part.endswith(".cases") for part in path.parts)
    }


def find_mapping(name: str, folder: Path | None) -> MappingFile:
    """The mapping called `name`: the deployment's own in `folder` before the shipped one.

    Raises:
        MappingError: There is none of that name, or it is wrong.
    """
    shipped, own = shipped_mappings(), mappings_in(folder)
    path = own.get(name) or shipped.get(name)
    if path is None:
        near = nearest(name, [*own, *shipped])
        raise MappingError(
            Text(f"找不到映射“{name}”，是不是 {near}？", f"There is no mapping “{name}”; did you mean {near}?"),
            where=f"mappings/{name}.yaml",
            code="XD-MAP-003",
        )
    spec = parse_mapping(path.read_text(encoding="utf-8"), f"mappings/{name}.yaml")
    if spec.mapping != name:
        raise MappingError(
            Text(
                f"文件里写的名字是“{spec.mapping}”，应与路径一致：“{name}”。",
                f"The file says “{spec.mapping}” but lies at “{name}”.",
            ),
            where=f"mappings/{name}.yaml",
        )
    return spec


def code_table(spec: MappingFile, table: str, list_name: str) -> tuple[CodeList, Mapping[str, tuple[str, str]]]:
    """The code list, and normalised spelling -> (code, factor) from the mapping first, then from the list.

    Raises:
        MappingError (XD-MAP-004): The mapping's own table gives a code that the list does not have.
    """
    listed = code_list(list_name)
    own = spec.codes_for(table)
    for value, code in own.items():
        if code not in listed.entries:
            near = nearest(code, list(listed.entries))
            raise MappingError(
                Text(
                    f"codes.{table}.{value}：代码表 {list_name} 里没有“{code}”，是不是 {near}？",
                    f"codes.{table}.{value}: the list {list_name} has no “{code}”; did you mean {near}?",
                ),
                where=f"mappings/{spec.mapping}.yaml",
                code="XD-MAP-004",
            )
    spellings = {word: (code, str(factor)) for word, (code, factor) in listed.spellings.items()}
    return listed, {**spellings, **{word: (code, "1") for word, code in own.items()}}
