"""JSON Schema of every entity, derived from its declaration."""

from collections.abc import Mapping

from canonical_model.codes import code_list
from canonical_model.declaration import SCALE, EntitySpec, FieldSpec, Kind
from canonical_model.language import Text
from canonical_model.text import JsonValue

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_DECIMAL: Mapping[str, JsonValue] = {"type": "string", "pattern": rf"^-?[0-9]{{1,18}}(\.[0-9]{{1,{SCALE}}})?$"}
_NOT_NEGATIVE: Mapping[str, JsonValue] = {"type": "string", "pattern": rf"^[0-9]{{1,18}}(\.[0-9]{{1,{SCALE}}})?$"}
_SHARED = ("unit", "currency")


def entity_schema(entity: EntitySpec) -> dict[str, JsonValue]:
    """JSON Schema (2020-12) of one record; numbers are texts, so that no reader makes floats of them.

    Units and currencies are long, so they stand once, under `$defs`.
    """
    lists = sorted({str(spec.codes) for spec in entity.fields.values() if spec.codes in _SHARED})
    shared: dict[str, JsonValue] = {name: {"type": "string", "enum": list(code_list(name).entries)} for name in lists}
    return {
        "$schema": DIALECT,
        "title": _both(entity.label),
        "type": "object",
        "additionalProperties": False,
        "required": [spec.name for spec in entity.fields.values() if spec.is_required],
        "properties": {spec.name: _field_schema(spec) for spec in entity.fields.values()},
        "x-key": list(entity.key),
        "x-parent": entity.parent,
        **({"$defs": shared} if shared else {}),
    }


def _both(text: Text) -> str:
    return " / ".join(part for part in text if part)


def _field_schema(spec: FieldSpec) -> dict[str, JsonValue]:
    schema: dict[str, JsonValue] = {"title": _both(spec.label), "x-kind": spec.kind.value}
    if note := _both(spec.note):
        schema["description"] = note
    if spec.refers_to:
        schema["x-refers-to"] = spec.refers_to
    if spec.scheme:
        schema["x-check-digit"] = spec.scheme
    if spec.codes:
        schema["x-code-list"] = spec.codes
    value = _value_schema(spec)
    if not spec.is_required:
        kinds = value["type"]
        value["type"] = [kinds, "null"] if isinstance(kinds, str) else kinds
        if isinstance(codes := value.get("enum"), list):
            value["enum"] = [*codes, None]
    return {**schema, **value}


def _value_schema(spec: FieldSpec) -> dict[str, JsonValue]:
    number = dict(_DECIMAL if spec.minimum is None else _NOT_NEGATIVE)
    match spec.kind:
        case Kind.TEXT | Kind.REF:
            least: dict[str, JsonValue] = {"minLength": 1} if spec.is_required else {}
            return {"type": "string", **least, "maxLength": spec.max_length}
        case Kind.CODE:
            return {"type": "string", "enum": list(code_list(str(spec.codes)).entries)}
        case Kind.DAY:
            return {"type": "string", "format": "date"}
        case Kind.INSTANT:
            at: dict[str, JsonValue] = {"type": "string", "format": "date-time"}
            return _object(at=at, offset_minutes={"type": "integer"}, tz_assumed={"type": "boolean"})
        case Kind.NUMBER:
            return number
        case Kind.INTEGER:
            return {"type": "integer", **({} if spec.minimum is None else {"minimum": spec.minimum})}
        case Kind.QUANTITY:
            return _object(value=number, unit={"$ref": "#/$defs/unit"}, source_unit={"type": "string"})
        case Kind.MONEY:
            return _object(amount=number, currency={"$ref": "#/$defs/currency"})
        case Kind.FLAG:
            return {"type": "boolean"}


def _object(**properties: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": dict(properties),
    }
