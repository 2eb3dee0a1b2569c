"""The columns of a spreadsheet for one entity, derived from its declaration."""

from collections.abc import Iterator
from dataclasses import dataclass

from canonical_model.declaration import EntitySpec, FieldSpec, Kind
from canonical_model.language import Text

_UNIT = Text("单位", "Unit")
_CURRENCY = Text("币种", "Currency")


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """One column.

    Attributes:
        field: The field that it fills; for the shared unit or currency, the first that takes it.
        header: What stands above it.
        is_required: A row without it is rejected.
        codes: Code list from which its values are picked; None where they are free.
        kind: What its cells hold.
    """

    field: FieldSpec
    header: Text
    is_required: bool
    codes: str | None
    kind: Kind


def template_columns(entity: EntitySpec) -> tuple[TemplateColumn, ...]:
    """The columns for `entity`: the key first, then the rest as declared.

    Quantities share one column for the unit and amounts one for the currency, as people write sheets, unless the
    entity has a field that goes by that header.
    """
    key = [entity.fields[name] for name in entity.key]
    rest = [spec for spec in entity.fields.values() if spec.name not in entity.key]
    return tuple(_columns([*key, *rest]))


def _columns(specs: list[FieldSpec]) -> Iterator[TemplateColumn]:
    beside = {Kind.QUANTITY: _UNIT, Kind.MONEY: _CURRENCY}
    named = {word for spec in specs for word in (*spec.label, *spec.aliases)}
    for spec in specs:
        codes = spec.codes if spec.kind is Kind.CODE else None
        yield TemplateColumn(spec, spec.label, spec.is_required, codes, spec.kind)
        header = beside.get(spec.kind)
        if header and not named & {header.zh}:
            yield TemplateColumn(spec, header, is_required=False, codes=spec.codes, kind=Kind.CODE)
            del beside[spec.kind]
