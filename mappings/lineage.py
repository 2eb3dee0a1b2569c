"""Where each field of an entity comes from: its expression, and the source columns that the expression reads."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass

from canonical_model.declaration import FieldSpec, Kind
from canonical_model.entities import SPECS
from canonical_model.errors import MappingError
from mappings.columns import AnySheet
from mappings.compiled import Compiled
from mappings.expressions import ExpressionCompiler
from mappings.plan import PRICE, Plan
from mappings.spec import MappingFile

KEY = "key"
"""Stands for the field in the lineage of a source's own key."""


@dataclass(frozen=True, slots=True)
class FieldLineage:
    """Where one field comes from.

    Attributes:
        entity: The entity.
        field: Its field; `key` for the source's own key.
        expression: What the mapping says.
        columns: Source columns that it reads, in their own words; empty for a constant. In a nested list: `list[].name`.
    """

    entity: str
    field: str
    expression: str
    columns: tuple[str, ...]


def lineage(plan: Plan) -> list[FieldLineage]:
    """The lineage of every field that the plan states, in the order of the model."""
    return [
        one
        for entity in plan.entities
        for one in _of_entity(
            plan.spec,
            entity.entity.name,
            entity.fields,
            entity.own_key,
            turned=dict.fromkeys(entity.turned_names, entity.turned),
        )
    ]


def lineage_without_header(spec: MappingFile) -> list[FieldLineage]:
    """The lineage where no header is known: columns are called as the mapping calls them."""
    found: list[FieldLineage] = []
    for name, mapped in spec.entities.items():
        compiler = ExpressionCompiler(spec, AnySheet(), "UTC")
        fields = SPECS[name].fields
        stated = {
            field: _compiled(compiler, str(mapped.fields[field]), fields[field])
            for field in fields
            if field in mapped.fields
        }
        found += _of_entity(spec, name, stated, [_compiled(compiler, text, None) for text in mapped.key], turned={})
    return found


def lineage_digest(listed: Sequence[FieldLineage]) -> str:
    """A digest under which the same lineage is kept once."""
    text = json.dumps([astuple(one) for one in listed], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _of_entity(
    spec: MappingFile,
    entity: str,
    fields: Mapping[str, Compiled],
    own_key: Sequence[Compiled],
    *,
    turned: Mapping[str, tuple[str, ...]],
) -> Iterator[FieldLineage]:
    mapped = spec.entities[entity]

    def columns(*parts: Compiled) -> tuple[str, ...]:
        named = dict.fromkeys(one for part in parts for name in part.columns for one in turned.get(name, (name,)))
        if mapped.each is None:
            return tuple(named)
        inner = f"{mapped.each}[]."
        return tuple(name.removeprefix("parent.") if name.startswith("parent.") else inner + name for name in named)

    if own_key:
        yield FieldLineage(entity, KEY, ", ".join(mapped.key), columns(*own_key))
    for field, compiled in fields.items():
        said = mapped.fields.get(field, mapped.fields.get(PRICE))  # what no line states is said by the price's header
        yield FieldLineage(entity, field, str(said), columns(compiled))


def _compiled(compiler: ExpressionCompiler, text: str, target: FieldSpec | None) -> Compiled:
    try:
        return compiler.compile(text, target) if target else compiler.compile_text(text)
    except MappingError:  # what is no expression is a header, letter for letter: 料号(新)
        return Compiled(Kind.TEXT, ("NULL",), columns=(text,))
