"""Set-wise checks in DuckDB and pydantic give the same verdict for every field of every entity."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from stdnum import ean
from stdnum.cn import uscc

from canonical_model.codes import code_list
from canonical_model.declaration import EntitySpec, FieldSpec, Kind
from canonical_model.entities import MODELS, SPECS
from mappings.checks import check_digits, violations
from mappings.functions import DECIMAL

Value = None | str | int | bool | date | dict[str, object]

EXPECTED: dict[Kind, set[str]] = {
    Kind.TEXT: {"XD-REQ-001", "XD-TXT-001", "XD-TXT-002", "XD-CHK-001"},
    Kind.CODE: {"XD-REQ-001", "XD-TXT-001", "XD-TXT-002", "XD-COD-001"},
    Kind.REF: {"XD-REQ-001", "XD-TXT-001", "XD-TXT-002"},
    Kind.NUMBER: {"XD-NUM-002", "XD-NUM-003"},
    Kind.INTEGER: {"XD-NUM-002", "XD-NUM-003"},
    Kind.QUANTITY: {"XD-NUM-002", "XD-NUM-003", "XD-UNT-001", "XD-TXT-002"},
    Kind.MONEY: {"XD-NUM-002", "XD-NUM-003", "XD-COD-001"},
    Kind.DAY: set(),
    Kind.INSTANT: set(),
    Kind.FLAG: set(),
}
"""Kind -> every check that it can fail. A check that is added without standing here fails the test."""

_WORDS = st.text(st.sampled_from("aZ9 -中文件😀'\";|\\"), min_size=1, max_size=9)
_NUMBERS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**17, places=6),
    st.sampled_from([Decimal(0), Decimal("999999999999999999.999999"), Decimal("-0.0000004")]),
    st.sampled_from([Decimal("999999999999999999.9999995"), Decimal(10) ** 18, Decimal("-1e18"), Decimal("1e30")]),
    st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity")]),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=10**18, max_value=10**24, places=6),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**17), max_value=Decimal("-0.000001"), places=6),
)


def _plain(number: Decimal) -> str:
    return f"{number:f}"


def _mistyped(code: str) -> str:
    return code[:-1] + ("7" if code[-1] != "7" else "3")


def _numbers_with_check_digit(scheme: str) -> st.SearchStrategy[str]:
    if scheme == "uscc":
        bodies = st.integers(0, 10**8 - 1).map(lambda n: f"91350100M{n:08d}")
        return bodies.map(lambda body: body + str(uscc.calc_check_digit(body)))
    width = st.just(12) if scheme == "gln" else st.sampled_from([7, 11, 12, 13])
    bodies = width.flatmap(lambda w: st.integers(0, 10**w - 1).map(lambda n: f"{n:0{w}d}"))
    return bodies.map(lambda body: body + str(ean.calc_check_digit(body)))


def _texts(spec: FieldSpec) -> st.SearchStrategy[Value]:
    longest = st.just("长" * spec.max_length)
    bad: list[st.SearchStrategy[Value]] = [longest.map(lambda text: text + "x"), _WORDS.map(lambda text: text + "\0")]
    good: list[st.SearchStrategy[Value]]
    if spec.codes:
        codes = st.sampled_from(list(code_list(spec.codes).entries))
        good, bad = [codes], [*bad, codes.map(lambda code: code.swapcase() + "!"), _WORDS, st.just("")]
    elif spec.scheme:
        right = _numbers_with_check_digit(spec.scheme)
        good, bad = [right], [*bad, right.map(_mistyped), _WORDS, st.just("")]
    else:
        good = [_WORDS, longest]
    return st.one_of(*good, *bad, *bad, st.sampled_from(["", None]) if spec.is_required else st.none())


def _values(spec: FieldSpec) -> st.SearchStrategy[Value]:
    match spec.kind:
        case Kind.TEXT | Kind.CODE | Kind.REF:
            return _texts(spec)
        case Kind.INTEGER:
            return st.one_of(st.none(), st.integers(-(10**20), -1), st.integers(0, 10**18), st.integers(10**18, 10**20))
        case Kind.NUMBER:
            return st.one_of(st.none(), _NUMBERS.map(_plain))
        case Kind.QUANTITY:
            units = st.one_of(st.sampled_from(["KGM", "XCT", "H87"]), st.sampled_from(["kg", "", "H87 "]))
            words = st.one_of(st.sampled_from(["公斤", "箱", ""]), st.just("箱\0"))
            return st.fixed_dictionaries({"value": _NUMBERS.map(_plain), "unit": units, "source_unit": words})
        case Kind.MONEY:
            currencies = st.sampled_from(["CNY", "USD", "RMB", "cny", ""])
            return st.fixed_dictionaries({"amount": _NUMBERS.map(_plain), "currency": currencies})
        case Kind.DAY:
            return st.one_of(st.none(), st.dates())
        case Kind.FLAG:
            return st.one_of(st.none(), st.booleans())
        case Kind.INSTANT:
            return st.none()


def by_pydantic(entity: EntitySpec, spec: FieldSpec, value: Value) -> str:
    """The issue code that the entity's model gives; empty when it takes the value."""
    others = {name: "x" for name, other in entity.fields.items() if other.is_required}
    try:
        MODELS[entity.name].model_validate({**others, spec.name: value})
    except ValidationError as error:
        for one in error.errors():
            if one["loc"][0] != spec.name:
                continue
            if one["type"] == "finite_number":
                return "XD-NUM-002"
            if one["type"] == "string_type" and value is None:
                return "XD-REQ-001"
            found = re.search(r"XD-[A-Z]{3}-\d{3}", one["msg"])
            assert found, one
            return found[0]
    return ""


def _raw(spec: FieldSpec, value: Value) -> tuple[str | None, str | None, str | None]:
    if isinstance(value, dict):
        names = ("value", "unit", "source_unit") if spec.kind is Kind.QUANTITY else ("amount", "currency")
        first, second, *third = (str(value[name]) for name in names)
        return first, second, third[0] if third else None
    return (None if value is None else str(value), None, None)


def by_duckdb(db: duckdb.DuckDBPyConnection, spec: FieldSpec, values: list[Value]) -> list[str]:
    """The issue codes that the set-wise checks give to the same values in the physical form of their columns."""
    columns = zip(*(_raw(spec, value) for value in values), strict=True)
    table = pa.table({f"p{i}": pa.array(column, pa.string()) for i, column in enumerate(columns)})
    db.register("given", table.append_column("n", pa.array(range(len(values)))))
    typed = {
        Kind.NUMBER: DECIMAL, Kind.QUANTITY: DECIMAL, Kind.MONEY: DECIMAL, Kind.INTEGER: "BIGINT",
        Kind.DAY: "DATE", Kind.FLAG: "BOOLEAN", Kind.INSTANT: "TIMESTAMPTZ",
    }.get(spec.kind, "VARCHAR")  # fmt: skip
    db.execute(f"CREATE OR REPLACE TEMP TABLE typed AS SELECT n, p0, TRY_CAST(p0 AS {typed}) AS v0, p1, p2 FROM given")
    parts = ("v0", "p1", "p2")[: sum(column.is_mapped for column in spec.columns)]
    if spec.scheme:
        check_digits(db, spec, "SELECT DISTINCT v0 FROM typed")
    # a number that its column cannot hold is not stored at all: the first of all checks
    whens = ["WHEN p0 IS NOT NULL AND v0 IS NULL THEN 'XD-NUM-002'"]
    whens += [f"WHEN coalesce({condition}, FALSE) THEN '{code}'" for code, condition in violations(spec, parts)]
    rows = db.execute(f"SELECT CASE {' '.join(whens)} ELSE '' END FROM typed ORDER BY n").fetchall()
    return [code for (code,) in rows]


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for name in {spec.codes for entity in SPECS.values() for spec in entity.fields.values() if spec.codes}:
            codes = [(code,) for code in code_list(name).entries]
            connection.execute(f"CREATE TEMP TABLE list_{name} (code VARCHAR)")
            connection.executemany(f"INSERT INTO list_{name} VALUES (?)", codes)
        yield connection


Shape = tuple[Kind, bool, str | None, int | None, int, str | None]


def _shape(spec: FieldSpec) -> Shape:
    """All that decides a field's checks; fields of one shape have the same."""
    return spec.kind, spec.is_required, spec.codes, spec.minimum, spec.max_length, spec.scheme


SHAPES: dict[Shape, tuple[EntitySpec, FieldSpec]] = {
    _shape(spec): (entity, spec) for entity in SPECS.values() for spec in entity.fields.values()
}


@pytest.mark.parametrize("kind", list(Kind))
def test_both_give_the_same_verdict_on_every_shape_of_field(kind: Kind, db: duckdb.DuckDBPyConnection) -> None:
    seen: dict[str, Counter[bool]] = {code: Counter() for code in EXPECTED[kind]}
    judged: Counter[bool] = Counter()
    shapes = [(entity, spec) for entity, spec in SHAPES.values() if spec.kind is kind]
    for entity, spec in shapes:
        for values, codes in _agreed(db, entity, spec):
            judged.update(code != "" for code in codes)
            for code in EXPECTED[kind]:
                seen[code].update(code == found for found in codes)
            assert len(values) == len(codes)
            assert set(codes) - {""} <= EXPECTED[kind]
    if EXPECTED[kind]:
        assert judged[True] / judged.total() >= 1 / 3, f"only {judged[True]} of {judged.total()} values are bad"
    for code, verdicts in seen.items():
        can = any(_can_fail(spec, code) for _, spec in shapes)
        assert verdicts[False], f"{code} of {kind} never stays silent"
        assert bool(verdicts[True]) is can, f"{code} of {kind} fires {verdicts[True]} times"


TELLING: dict[Kind, list[Value]] = {
    Kind.TEXT: ["", "x", "长" * 2001],
    Kind.REF: ["", "x", "长" * 2001],
    Kind.CODE: ["", "KGM", "unknown", "!"],
    Kind.NUMBER: ["-1", "1", "1e30"],
    Kind.INTEGER: [-1, 1, 10**18],
    Kind.QUANTITY: [{"value": v, "unit": u, "source_unit": ""} for v, u in (("-1", "KGM"), ("1", "KGM"), ("1", "kg"))],
    Kind.MONEY: [{"amount": v, "currency": c} for v, c in (("-1", "CNY"), ("1", "CNY"), ("1", "RMB"))],
    Kind.DAY: [None],
    Kind.FLAG: [None],
    Kind.INSTANT: [None],
}
"""Kind -> a few values of which some are wrong: for fields whose shape is tried in full elsewhere."""


@pytest.mark.parametrize("entity", SPECS.values(), ids=list(SPECS))
def test_both_give_the_same_verdict_on_every_field(entity: EntitySpec, db: duckdb.DuckDBPyConnection) -> None:
    for spec in entity.fields.values():
        values = TELLING[spec.kind]
        expected = [by_pydantic(entity, spec, value) for value in values]
        assert by_duckdb(db, spec, values) == expected, spec.name
        assert any(expected) is bool(EXPECTED[spec.kind]), spec.name


def _agreed(db: duckdb.DuckDBPyConnection, entity: EntitySpec, spec: FieldSpec) -> list[tuple[list[Value], list[str]]]:
    """Batches of values of one field with their verdicts, on which both sides agreed."""
    batches: list[tuple[list[Value], list[str]]] = []

    size = 20 if EXPECTED[spec.kind] else 4  # where nothing can be wrong, a few values will do
    examples = 2 if spec.kind is Kind.CODE else 5  # there is a shape for each of some forty lists

    @settings(
        max_examples=examples, phases=(Phase.explicit, Phase.generate), deadline=None, derandomize=True, database=None
    )
    @given(st.lists(_values(spec), min_size=size, max_size=2 * size))
    def agree(values: list[Value]) -> None:
        expected = [by_pydantic(entity, spec, value) for value in values]
        found = by_duckdb(db, spec, values)
        differing = [row for row in zip(values, found, expected, strict=True) if row[1] != row[2]]
        assert differing == [], f"{entity.name}.{spec.name}: (value, DuckDB, pydantic)"
        batches.append((values, expected))

    agree()
    return batches


def _can_fail(spec: FieldSpec, code: str) -> bool:
    """Whether the declaration lets this field fail this check at all."""
    return {
        "XD-REQ-001": spec.is_required,
        "XD-CHK-001": spec.scheme is not None,
        "XD-NUM-003": spec.minimum is not None,
    }.get(code, True)


def test_every_check_can_fire_on_some_field() -> None:
    fields = [spec for entity in SPECS.values() for spec in entity.fields.values()]
    for kind, codes in EXPECTED.items():
        for code in codes:
            assert any(_can_fail(spec, code) for spec in fields if spec.kind is kind), f"{code} of {kind}"


def test_the_checks_are_those_expected() -> None:
    made: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for entity in SPECS.values():
        for spec in entity.fields.values():
            made[spec.kind] |= {code for code, _ in violations(spec, ("a", "b", "c"))}
    typed = {Kind.NUMBER, Kind.QUANTITY, Kind.MONEY}  # the column's own type refuses what is too large
    assert {kind: codes | ({"XD-NUM-002"} if kind in typed else set()) for kind, codes in made.items()} == EXPECTED
