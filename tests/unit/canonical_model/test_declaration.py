"""One declaration gives columns, keys and checks."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from canonical_model.declaration import ColumnType, Entity, EntitySpec, Kind, describe, entity_name, field
from canonical_model.entities import ALL, MODELS, SPECS
from canonical_model.language import Text
from canonical_model.values import Code, Instant, Money, Quantity, Ref
from mappings.columns import normalise_header


class Header(Entity):
    label = Text("单头", "Header")
    key = ("number",)

    number: str = field("编号", "Number", required=True, max_length=5)


class HeaderLine(Entity):
    label = Text("单行", "Header line")
    key = ("number", "line")
    parent = Header
    parent_key = ("number",)

    number: str = field("编号", "Number", required=True)
    line: int | None = field("行", "Line", minimum=1, note=("从一起", "from one"))
    kind: Code | None = field("类型", "Kind", codes="order_kind")
    day: date | None = field("日", "Day")
    at: Instant | None = field("时间", "At")
    rate: Decimal | None = field("率", "Rate")
    ordered: Quantity | None = field("量", "Ordered", minimum=0)
    price: Money | None = field("价", "Price")
    item: Ref | None = field("物", "Item", refers_to="item", aliases=("料",))
    is_open: bool | None = field("开", "Open")


def test_every_kind_has_its_columns() -> None:
    columns = {c.name: c.type for c in describe(HeaderLine).columns}
    assert columns == {
        "number": ColumnType.TEXT,
        "line": ColumnType.INTEGER,
        "kind": ColumnType.TEXT,
        "kind_source": ColumnType.TEXT,
        "day": ColumnType.DATE,
        "at": ColumnType.TIMESTAMP,
        "at_offset": ColumnType.SMALLINT,
        "at_tz_assumed": ColumnType.BOOLEAN,
        "rate": ColumnType.DECIMAL,
        "ordered": ColumnType.DECIMAL,
        "ordered_unit": ColumnType.TEXT,
        "ordered_source_unit": ColumnType.TEXT,
        "price": ColumnType.DECIMAL,
        "price_currency": ColumnType.TEXT,
        "item": ColumnType.TEXT,
        "item_id": ColumnType.UUID,
        "is_open": ColumnType.BOOLEAN,
    }
    assert {spec.kind for spec in describe(HeaderLine).fields.values()} == set(Kind)


def test_only_a_resolved_reference_is_not_filled_by_a_mapping() -> None:
    assert [c.name for c in describe(HeaderLine).columns if not c.is_mapped] == ["item_id"]


def test_declared_arguments_arrive_in_the_specification() -> None:
    entity = describe(HeaderLine)
    assert (entity.name, entity.parent, entity.parent_key, entity.reuse_guard) == (
        "header_line",
        "header",
        ("number",),
        None,
    )
    line, item = entity.fields["line"], entity.fields["item"]
    assert (line.minimum, line.note, line.is_required) == (1, Text("从一起", "from one"), False)
    assert (item.refers_to, item.aliases) == ("item", ("料",))
    assert (entity.fields["ordered"].codes, entity.fields["price"].codes) == ("unit", "currency")


def test_a_required_field_is_required_and_others_are_not() -> None:
    assert describe(Header).fields["number"].is_required
    with pytest.raises(ValidationError, match="number"):
        Header.model_validate({})
    assert HeaderLine(number="1").line is None


@pytest.mark.parametrize(("value", "code"), [("", "XD-REQ-001"), ("123456", "XD-TXT-001"), ("a\0", "XD-TXT-002")])
def test_a_bad_value_is_refused_with_its_issue_code(value: str, code: str) -> None:
    with pytest.raises(ValidationError, match=code):
        Header(number=value)


def test_records_are_frozen_and_take_no_unknown_field() -> None:
    record = Header(number="1")
    with pytest.raises(ValidationError, match="frozen"):
        setattr(record, "number", "2")  # noqa: B010  # mypy knows that it is read-only
    with pytest.raises(ValidationError, match="extra"):
        Header.model_validate({"number": "1", "other": "x"})


def test_names_are_snake_case() -> None:
    assert entity_name(HeaderLine) == "header_line"


def _below(entity: type[Entity]) -> set[type[Entity]]:
    return {one for sub in entity.__subclasses__() for one in (sub, *_below(sub))}


def test_all_entities_are_listed_parents_before_their_lines() -> None:
    ours = {entity for entity in _below(Entity) if entity.__module__.startswith("canonical_model")}
    assert set(ALL) == {entity for entity in ours if not entity.__subclasses__()}
    seen: set[str] = set()
    for name, spec in SPECS.items():
        assert spec.parent is None or spec.parent in seen, name
        seen.add(name)
    assert list(MODELS) == list(SPECS)


@pytest.mark.parametrize("entity", SPECS.values(), ids=list(SPECS))
def test_an_entity_is_declared_soundly(entity: EntitySpec) -> None:
    assert entity.label.zh
    assert entity.label.en
    assert entity.key
    assert set(entity.key) <= set(entity.fields)
    assert entity.fields[entity.key[0]].is_required
    assert len({c.name for c in entity.columns}) == len(entity.columns)
    assert entity.reuse_guard is None or entity.reuse_guard in entity.fields
    if entity.parent:
        assert len(entity.parent_key) == len(SPECS[entity.parent].key)
        assert set(entity.parent_key) <= set(entity.key)
    for spec in entity.fields.values():
        assert spec.label.zh, spec.name
        assert spec.label.en, spec.name
        assert (spec.kind is Kind.REF) == (spec.refers_to is not None), spec.name
        assert spec.refers_to is None or spec.refers_to in SPECS
        assert (spec.kind in (Kind.CODE, Kind.QUANTITY, Kind.MONEY)) == (spec.codes is not None), spec.name
        assert spec.minimum in (None, 0), spec.name
        assert len(set(spec.aliases)) == len(spec.aliases), spec.name


class Shared(Entity):
    kind: Code | None = field("类型", "Kind", codes="order_kind")
    day: date | None = field("日", "Day")


class Special(Shared):
    label = Text("特别", "Special")
    key = ("number",)

    number: str = field("编号", "Number", required=True)
    day: date | None = field("交期", "Due", aliases=("日",))


def test_an_entity_has_its_own_fields_first_and_then_those_of_its_base() -> None:
    spec = describe(Special)
    assert list(spec.fields) == ["number", "day", "kind"]
    assert spec.fields["day"].label == Text("交期", "Due")


@pytest.mark.parametrize("entity", SPECS.values(), ids=list(SPECS))
def test_no_header_names_two_fields_of_one_entity(entity: EntitySpec) -> None:
    """Else a sheet's column would be taken for whichever comes first."""
    owner: dict[str, str] = {}
    for spec in entity.fields.values():
        for word in (*spec.label, *spec.aliases):
            assert owner.setdefault(normalise_header(word), spec.name) == spec.name, word


def test_no_two_fields_of_an_entity_go_by_one_label() -> None:
    for entity in SPECS.values():
        for language in ("zh", "en"):
            labels = [getattr(spec.label, language) for spec in entity.fields.values()]
            assert len(set(labels)) == len(labels), entity.name
