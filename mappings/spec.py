"""Mapping files: how one is written, found and read."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator

from canonical_model.codes import CodeList, code_list, forms
from canonical_model.declaration import FieldSpec, Kind
from canonical_model.disk import translate_disk_errors
from canonical_model.entities import SPECS
from canonical_model.errors import MappingError
from canonical_model.language import Text
from canonical_model.words import nearest
from mappings.reading import Place, explain, line_at, lines_of, load


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Unpivot(_Part):
    """Columns that become rows: one record for each row and column that is filled in."""

    columns: list[str] = Field(min_length=1, description="Headers; * stands for any text.")
    name: str = Field(min_length=1, description="Name by which expressions call the header.")
    value: str = Field(min_length=1, description="Name by which expressions call the cell.")

    def matches(self, header: Sequence[str]) -> tuple[str, ...]:
        """The columns of the header that it turns, in their order; one that sums up the others is none, but by its whole name."""
        return tuple(
            one
            for one in header
            if one in self.columns
            or (
                any(fnmatchcase(one, pattern) for pattern in self.columns) and not any(map(_SUM.fullmatch, one.split()))
            )
        )


_SUM = re.compile(r"(?:合|小|总|總|共|累)[计計]|总[数和]|總[數和]|(?i:(?:grand|sub)?-?totals?|sum)")


class StoreLookup(_Part):
    """A text that stands in the store: of the one record that has the values asked for."""

    entity: str = Field(description="Canonical entity to look in.")
    match: dict[str, str] = Field(min_length=1, description="Its field: expression that gives the value asked for.")
    give: str = Field(description="Its field that is wanted.")
    source: str | None = Field(default=None, description="Only what this source states; else all sources.")


class EntityMapping(_Part):
    """How one entity is stated from one stream."""

    fields: dict[str, str | int | float] = Field(description="Canonical field: expression over the source's columns.")

    @field_validator("fields", mode="before")
    @classmethod
    def _yes_is_an_expression(cls, value: object) -> object:
        """`true` in YAML is the expression TRUE."""
        if not isinstance(value, dict):
            return value
        return {name: str(one).upper() if isinstance(one, bool) else one for name, one in value.items()}

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
    lookups: dict[str, StoreLookup] = Field(
        default={}, description="Name used in expressions: what it looks up among the stored records."
    )
    entities: dict[str, EntityMapping] = Field(min_length=1, description="Canonical entity: how it is stated.")

    _lines: Mapping[Place, int] = PrivateAttr(default={})

    def place(self, *key: str) -> str:
        """File and line of a key, for errors."""
        return f"mappings/{self.mapping}.yaml{line_at(self._lines, key)}"

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
    raw, lines = load(text, where), lines_of(text)
    if not isinstance(raw, dict):
        raise MappingError(
            Text("映射文件是空的，或不是“键: 值”。", "The mapping file is empty, or holds no keys."), where=where
        )
    try:
        spec = MappingFile.model_validate(raw)
    except ValidationError as error:
        raise explain(error, MappingFile, lines, where) from error
    spec._lines = lines
    for problem, loc in _problems(spec):
        raise MappingError(problem, where=f"{where}{line_at(lines, loc)}", code="XD-MAP-002")
    return spec


_TEXTS = (Kind.TEXT, Kind.CODE, Kind.REF)
"""What can be looked up, and by what."""


def _no_entity(name: str) -> Text:
    near = nearest(name, list(SPECS))
    return Text(f"没有实体“{name}”，是不是 {near}？", f"There is no entity “{name}”; did you mean {near}?")


def _no_field(entity: str, field: str, fields: Iterable[str]) -> Text:
    near = nearest(field, fields)
    return Text(
        f"{entity} 没有字段“{field}”，是不是 {near}？", f"{entity} has no field “{field}”; did you mean {near}?"
    )


def _no_text(entity: str, field: FieldSpec) -> Text:
    return Text(
        f"{entity}.{field.name} 是 {field.kind}；lookups 只能用文本、代码和引用的字段，如单号、料号、条码。",
        f"{entity}.{field.name} is {field.kind}; lookups take fields of text, codes and references, such as numbers of orders, "
        "items and bar codes.",
    )


def _problems(spec: MappingFile) -> Iterator[tuple[Text, tuple[int | str, ...]]]:
    for name, lookup in spec.lookups.items():
        if lookup.entity not in SPECS:
            yield _no_entity(lookup.entity), ("lookups", name, "entity")
            continue
        fields = SPECS[lookup.entity].fields
        asked = [(("lookups", name, "match", field), field) for field in lookup.match]
        for place, field in (*asked, (("lookups", name, "give"), lookup.give)):
            if field not in fields:
                texts = [one.name for one in fields.values() if one.kind in _TEXTS]
                yield _no_field(lookup.entity, field, texts), place
            elif fields[field].kind not in _TEXTS:
                yield _no_text(lookup.entity, fields[field]), place
    for name, mapped in spec.entities.items():
        if name not in SPECS:
            yield _no_entity(name), ("entities", name)
            continue
        for field in mapped.fields:
            if field not in SPECS[name].fields:
                yield _no_field(name, field, SPECS[name].fields), ("entities", name, "fields", field)
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


@translate_disk_errors()
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
    try:
        written = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(
            Text("映射文件读不了，或不是 UTF-8 编码。", "The mapping file cannot be read, or is not encoded in UTF-8."),
            where=f"mappings/{name}.yaml",
            hint=Text("请在编辑器里另存为 UTF-8。", "Save it as UTF-8 in your editor."),
        ) from error
    spec = parse_mapping(written, f"mappings/{name}.yaml")
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
                where=spec.place("codes", table),
                code="XD-MAP-004",
            )
    return listed, {**_spellings(list_name), **{word: (code, "1") for word, code in own.items()}}


@cache
def _spellings(list_name: str) -> Mapping[str, tuple[str, str]]:
    return {word: (code, str(factor)) for word, (code, factor) in code_list(list_name).spellings.items()}
