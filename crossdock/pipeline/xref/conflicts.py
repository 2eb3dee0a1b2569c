"""Conflicts: where two sources state different numbers of one thing. Both stay stored; this only shows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from canonical_model.declaration import EntitySpec, FieldSpec, Kind
from canonical_model.entities import SPECS
from crossdock.pipeline.merge import are_equal
from crossdock.store.database import translate_errors

_COMPARED = (Kind.QUANTITY, Kind.MONEY, Kind.DAY, Kind.NUMBER, Kind.INTEGER)

_OWN_NUMBERS = ("order_number", "receipt_number", "production_number", "inspection_number", "movement_number")
"""Document numbers that name one document in every source; those of partners are used by several."""

_ACROSS = (
    ("purchase_order_line", "ordered", "order_response_line", "confirmed"),
    ("purchase_order_line", "requested_on", "order_response_line", "promised_on"),
    ("purchase_order_line", "unit_price", "order_response_line", "price"),
)
"""Our order line and what the partner answers to it."""

_GOLDEN = (("inventory_balance", ("item_id", "location_id"), ("lot", "bin", "stock_status")),)
"""Entity, identities and further fields by which two sources speak of one thing."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one source states, and when that last changed."""

    source: str
    entity: str
    field: str
    value: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two statements that differ.

    Attributes:
        subject: What both speak of: "PO-1 10".
        field: The field of `ours`.
        ours: The order's side, else that of the source whose name comes first.
        theirs: The other side.
    """

    subject: str
    field: str
    ours: Side
    theirs: Side


def find_conflicts(engine: Engine, *, limit: int = 200) -> list[Conflict]:
    """The conflicts, the newest statement first.

    Args:
        engine: The store.
        limit: At most so many.
    """
    with translate_errors(), engine.connect() as connection:
        found = [conflict for query in _queries() for conflict in _ask(connection, query, limit)]
    return sorted(found, key=lambda one: max(one.ours.changed_at, one.theirs.changed_at), reverse=True)[:limit]


@dataclass(frozen=True, slots=True)
class _Query:
    left: EntitySpec
    right: EntitySpec
    subject: str
    joined: str
    fields: tuple[tuple[FieldSpec, FieldSpec], ...]


def _queries() -> Iterator[_Query]:
    for spec in SPECS.values():
        fields = tuple((one, one) for one in spec.fields.values() if one.kind in _COMPARED and one.name not in spec.key)
        if spec.key[0] in _OWN_NUMBERS and fields and spec.name != "code_xref":
            joined = are_equal(spec, zip(spec.key, spec.key, strict=True), "b", "a")
            yield _Query(spec, spec, _subject(spec.key), f"{joined} AND a.source < b.source", fields)
    for left, left_field, right, right_field in _ACROSS:
        key = ("order_number", "line_number")
        joined = " AND ".join(f'b."{name}" = a."{name}"' for name in key)
        pair = (SPECS[left].fields[left_field], SPECS[right].fields[right_field])
        yield _Query(SPECS[left], SPECS[right], _subject(key), f"{joined} AND a.source <> b.source", (pair,))
    for name, identities, further in _GOLDEN:
        spec = SPECS[name]
        joined = " AND ".join(
            [*(f'b."{one}" = a."{one}"' for one in identities),
             *(f'b."{one}" IS NOT DISTINCT FROM a."{one}"' for one in further)]
        )  # fmt: skip
        fields = tuple((one, one) for one in spec.fields.values() if one.kind is Kind.QUANTITY)
        yield _Query(spec, spec, _subject(spec.key[:4]), f"{joined} AND a.source < b.source", fields)


def _subject(names: tuple[str, ...]) -> str:
    return f"concat_ws(' ', {', '.join(f'a.{name}' for name in names)})"


def _ask(connection: Connection, query: _Query, limit: int) -> Iterator[Conflict]:
    items = ' AND (a."item_id" IS NULL OR b."item_id" IS NULL OR a."item_id" = b."item_id")'
    both = "item" in query.left.fields and "item" in query.right.fields
    listed = ", ".join(
        f"('{one.name}', '{other.name}', {_value('a', one)}, {_value('b', other)})" for one, other in query.fields
    )
    rows = connection.execute(
        text(
            f"SELECT {query.subject}, f.ours, f.theirs, f.a, f.b, a.source, b.source, a.changed_at, b.changed_at "
            f"FROM canonical.{query.left.name} a JOIN canonical.{query.right.name} b ON {query.joined} "
            f"CROSS JOIN LATERAL (VALUES {listed}) f(ours, theirs, a, b) "
            f"WHERE a.deleted_at IS NULL AND b.deleted_at IS NULL AND f.a <> f.b{items if both else ''} "
            "ORDER BY greatest(a.changed_at, b.changed_at) DESC, 1, 2 LIMIT :limit"
        ),
        {"limit": limit},
    )
    for subject, ours, theirs, left, right, left_source, right_source, left_at, right_at in rows:
        yield Conflict(
            subject,
            ours,
            Side(left_source, query.left.name, ours, left, left_at),
            Side(right_source, query.right.name, theirs, right, right_at),
        )


def _value(alias: str, spec: FieldSpec) -> str:
    """A field as comparable text: "12.5 KGM"; NULL where the number or its unit is not known."""
    column = f'{alias}."{spec.name}"'
    if spec.kind is Kind.DAY:
        return f"{column}::text"
    number = f"trim_scale({column}::numeric)::text"
    if spec.kind in (Kind.QUANTITY, Kind.MONEY):
        return f"{number} || ' ' || {alias}.\"{spec.columns[1].name}\""
    return number
