"""The columns of a template say what the declaration says."""

import pytest

from canonical_model.declaration import EntitySpec, Kind
from canonical_model.entities import SPECS
from canonical_model.template import template_columns
from mappings.columns import SheetColumns


@pytest.mark.parametrize("entity", SPECS.values(), ids=list(SPECS))
def test_every_field_has_its_column_and_is_found_by_its_header(entity: EntitySpec) -> None:
    columns = template_columns(entity)
    headers = [column.header.zh + "*" * column.is_required for column in columns]
    assert len(set(headers)) == len(headers)
    found = SheetColumns(headers, {}, entity.name)
    for name, spec in entity.fields.items():
        place = found.find((name,))
        assert place is not None, name
        assert place[1].rstrip("*") == spec.label.zh
    assert {c.field.name for c in columns if c.is_required} == {s.name for s in entity.fields.values() if s.is_required}
    assert [c.field.name for c in columns[: len(entity.key)]] == list(entity.key)


@pytest.mark.parametrize("entity", SPECS.values(), ids=list(SPECS))
def test_what_has_a_unit_or_currency_has_a_column_for_it(entity: EntitySpec) -> None:
    headers = {word for column in template_columns(entity) for word in (column.header.zh, *column.field.aliases)}
    kinds = {spec.kind for spec in entity.fields.values()}
    assert Kind.QUANTITY not in kinds or "单位" in headers
    assert Kind.MONEY not in kinds or "币种" in headers
