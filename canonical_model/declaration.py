"""The one declaration of an entity, from which tables, checks, templates, JSON Schema and docs are derived.

An entity is a pydantic model whose fields are made by `field()`. `describe(entity)` gives its parts as plain
specifications, and `FieldSpec.columns` the physical form that the store and the mapping engine share.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from inspect import get_annotations
from types import UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from canonical_model import validity
from canonical_model.language import Text
from canonical_model.values import Code, Instant, Money, Quantity, Ref

SCALE = 6


class Kind(StrEnum):
    """What a field holds; decides its columns, its parser and its checks."""

    TEXT = "text"
    CODE = "code"
    DAY = "day"
    INSTANT = "instant"
    NUMBER = "number"
    INTEGER = "integer"
    QUANTITY = "quantity"
    MONEY = "money"
    REF = "ref"
    FLAG = "flag"


class ColumnType(StrEnum):
    """Type of one physical column, named once for PostgreSQL and DuckDB."""

    TEXT = "text"
    DECIMAL = "numeric(24,6)"
    DATE = "date"
    TIMESTAMP = "timestamptz"
    SMALLINT = "smallint"
    INTEGER = "bigint"
    BOOLEAN = "boolean"
    UUID = "uuid"


@dataclass(frozen=True, slots=True)
class Column:
    """One physical column of a field.

    Attributes:
        name: Column name.
        type: Its type.
        is_mapped: False for columns that the store fills itself (a resolved reference).
    """

    name: str
    type: ColumnType
    is_mapped: bool = True


_KINDS: Mapping[object, Kind] = {
    str: Kind.TEXT,
    Code: Kind.CODE,
    date: Kind.DAY,
    Instant: Kind.INSTANT,
    Decimal: Kind.NUMBER,
    int: Kind.INTEGER,
    Quantity: Kind.QUANTITY,
    Money: Kind.MONEY,
    Ref: Kind.REF,
    bool: Kind.FLAG,
}

# kind -> (suffix of the field's name, type, filled by the mapping)
_COLUMNS: Mapping[Kind, tuple[tuple[str, ColumnType, bool], ...]] = {
    Kind.TEXT: (("", ColumnType.TEXT, True),),
    Kind.CODE: (("", ColumnType.TEXT, True), ("_source", ColumnType.TEXT, True)),
    Kind.DAY: (("", ColumnType.DATE, True),),
    Kind.INSTANT: (
        ("", ColumnType.TIMESTAMP, True),
        ("_offset", ColumnType.SMALLINT, True),
        ("_tz_assumed", ColumnType.BOOLEAN, True),
    ),
    Kind.NUMBER: (("", ColumnType.DECIMAL, True),),
    Kind.INTEGER: (("", ColumnType.INTEGER, True),),
    Kind.QUANTITY: (
        ("", ColumnType.DECIMAL, True),
        ("_unit", ColumnType.TEXT, True),
        ("_source_unit", ColumnType.TEXT, True),
    ),
    Kind.MONEY: (("", ColumnType.DECIMAL, True), ("_currency", ColumnType.TEXT, True)),
    Kind.REF: (("", ColumnType.TEXT, True), ("_id", ColumnType.UUID, False)),
    Kind.FLAG: (("", ColumnType.BOOLEAN, True),),
}


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One declared field.

    Attributes:
        name: Field name, also the name of its first column.
        kind: What it holds.
        label: What a person calls it.
        note: One sentence more, or the standard's element; may be empty.
        is_required: A record without it is rejected.
        codes: Name of its code list; for a quantity always "unit", for money always "currency".
        refers_to: Entity that a reference names.
        minimum: Least value allowed, for numbers, quantities and money.
        max_length: Most characters allowed, for text, codes and references.
        scheme: Identification scheme with a check digit: "gtin", "gln", "uscc", "uuid".
        aliases: Headers by which spreadsheets commonly name it.
    """

    name: str
    kind: Kind
    label: Text
    note: Text = Text("", "")
    is_required: bool = False
    codes: str | None = None
    refers_to: str | None = None
    minimum: int | None = None
    max_length: int = 200
    scheme: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its physical columns, the main one first."""
        return tuple(Column(self.name + suffix, kind, mapped) for suffix, kind, mapped in _COLUMNS[self.kind])


@dataclass(frozen=True, slots=True)
class EntitySpec:
    """One declared entity.

    Attributes:
        name: Entity name, also its table's name.
        label: What a person calls it.
        key: Natural key: names of the fields that identify a record within its source.
        parent: The header entity of which this is a line; None for a header or a single record.
        parent_key: Fields of this entity that name the parent, in the order of the parent's key.
        adds_up: Whether two equal rows may be two lots of it, whose quantities add up: they are never taken for one.
        reuse_guard: Field that tells two documents apart when a partner uses a number again; None where it cannot.
        fields: Its fields in order.
    """

    name: str
    label: Text
    key: tuple[str, ...]
    parent: str | None
    parent_key: tuple[str, ...]
    adds_up: bool
    reuse_guard: str | None
    fields: Mapping[str, FieldSpec]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All physical columns of all fields in order."""
        return tuple(column for spec in self.fields.values() for column in spec.columns)


class Entity(BaseModel):
    """Base of all entities; checks each value against its declaration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: ClassVar[Text]
    key: ClassVar[tuple[str, ...]]
    parent: ClassVar["type[Entity] | None"] = None
    parent_key: ClassVar[tuple[str, ...]] = ()
    adds_up: ClassVar[bool] = False
    reuse_guard: ClassVar[str | None] = None

    @field_validator("*")
    @classmethod
    def _check_declared(cls, value: object, info: ValidationInfo) -> object:
        spec = describe(cls).fields[str(info.field_name)]
        problem = validity.first_problem(spec, value)
        if problem:
            raise ValueError(problem)
        return value


def field(
    zh: str,
    en: str,
    *,
    note: tuple[str, str] = ("", ""),
    codes: str | None = None,
    refers_to: str | None = None,
    minimum: int | None = None,
    max_length: int = 200,
    scheme: str | None = None,
    aliases: tuple[str, ...] = (),
    required: bool = False,
) -> Any:  # it stands where pydantic expects a default
    """A declared field. Fields are optional unless `required`; the arguments are those of `FieldSpec`."""
    declared = {
        "label": Text(zh, en),
        "note": Text(*note),
        "codes": codes,
        "refers_to": refers_to,
        "minimum": minimum,
        "max_length": max_length,
        "scheme": scheme,
        "aliases": aliases,
    }
    info = Field(title=f"{zh} / {en}", description=" / ".join(part for part in note if part) or None)
    if not required:
        info = Field(default=None, title=info.title, description=info.description)
    info.metadata.append(_Declared(declared))
    return info


@dataclass(frozen=True, slots=True)
class _Declared:
    values: Mapping[str, Any]


def _kind(annotation: object) -> Kind:
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = (part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return _KINDS[annotation]


def _field_spec(name: str, info: FieldInfo) -> FieldSpec:
    declared = next(part for part in info.metadata if isinstance(part, _Declared)).values
    kind = _kind(info.annotation)
    codes = {Kind.QUANTITY: "unit", Kind.MONEY: "currency"}.get(kind, declared["codes"])
    return FieldSpec(name=name, kind=kind, is_required=info.is_required(), **{**declared, "codes": codes})


@cache
def describe(entity: type[Entity]) -> EntitySpec:
    """The parts of `entity` as plain specifications."""
    return EntitySpec(
        name=entity_name(entity),
        label=entity.label,
        key=entity.key,
        parent=entity_name(entity.parent) if entity.parent else None,
        parent_key=entity.parent_key,
        adds_up=entity.adds_up,
        reuse_guard=entity.reuse_guard,
        fields={name: _field_spec(name, entity.model_fields[name]) for name in _field_names(entity)},
    )


def _field_names(entity: type[Entity]) -> Iterable[str]:
    """Its own fields first, then those that it shares with others through its base."""
    own = [name for name in get_annotations(entity) if name in entity.model_fields]
    return dict.fromkeys((*own, *entity.model_fields))


def entity_name(entity: type[Entity]) -> str:
    """The entity's name in snake case: PurchaseOrderLine -> "purchase_order_line"."""
    name = entity.__name__
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))
