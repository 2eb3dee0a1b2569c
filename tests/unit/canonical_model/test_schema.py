"""The JSON Schema of an entity says what its declaration says."""

import re

import pytest

from canonical_model.codes import code_list
from canonical_model.declaration import EntitySpec
from canonical_model.entities import SPECS
from canonical_model.schema import entity_schema
from canonical_model.text import JsonValue


def inside(value: JsonValue, *path: str) -> JsonValue:
    for name in path:
        assert isinstance(value, dict)
        value = value[name]
    return value


@pytest.mark.parametrize("entity", SPECS.values(), ids=list(SPECS))
def test_every_field_stands_in_the_schema(entity: EntitySpec) -> None:
    schema = entity_schema(entity)
    properties = inside(schema, "properties")
    assert isinstance(properties, dict)
    assert list(properties) == list(entity.fields)
    assert schema["required"] == [spec.name for spec in entity.fields.values() if spec.is_required]
    assert schema["additionalProperties"] is False
    for name, spec in entity.fields.items():
        shown = properties[name]
        assert isinstance(shown, dict)
        assert shown["title"] == f"{spec.label.zh} / {spec.label.en}"
        assert shown["x-kind"] == spec.kind
        assert shown.get("x-code-list") == spec.codes
        assert shown.get("x-refers-to") == spec.refers_to
        assert spec.is_required or "null" in str(shown["type"])


def test_a_code_lists_its_values_and_a_quantity_its_units() -> None:
    order = entity_schema(SPECS["purchase_order"])
    line = entity_schema(SPECS["purchase_order_line"])
    assert inside(order, "properties", "close_status", "enum") == [*code_list("close_status").entries, None]
    assert inside(line, "properties", "ordered", "properties", "unit", "$ref") == "#/$defs/unit"
    assert inside(line, "$defs", "unit", "enum") == list(code_list("unit").entries)
    assert inside(line, "properties", "unit_price", "required") == ["amount", "currency"]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("0", True),
        ("12.5", True),
        ("999999999999999999.999999", True),
        ("-1", False),
        ("1e5", False),
        ("1.1234567", False),
    ],
)
def test_numbers_are_texts_of_digits(text: str, fits: bool) -> None:
    pattern = inside(
        entity_schema(SPECS["purchase_order_line"]), "properties", "ordered", "properties", "value", "pattern"
    )
    assert bool(re.search(str(pattern), text)) is fits
