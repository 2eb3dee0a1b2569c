"""Set-wise checks derived from the declaration: the same verdicts as `canonical_model.validity`, as SQL conditions."""

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from canonical_model.declaration import FieldSpec, Kind
from canonical_model.validity import SCHEMES


def violations(spec: FieldSpec, parts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(issue code, condition) for each thing that can be wrong with a value, in the order in which they are told.

    A code is looked for in a table `list_<name>`. A mapping's run has none and leaves that check out: its codes come out
    of their list, so what the list lacks was not read.

    Args:
        spec: The field.
        parts: SQL of the field's columns in order.
    """
    value = parts[0]
    if spec.is_required:
        yield "XD-REQ-001", f"({value} IS NULL OR CAST({value} AS VARCHAR) = '')"
    match spec.kind:
        case Kind.TEXT | Kind.CODE | Kind.REF:
            if not spec.scheme:
                yield "XD-TXT-001", f"(length({value}) > {spec.max_length})"
            yield "XD-TXT-002", f"({' OR '.join(f'contains({part}, chr(0))' for part in parts)})"
            if spec.codes:
                yield "XD-COD-001", _not_listed(spec.codes, value)
            if spec.scheme:
                # NULL NOT IN an empty set is true
                yield "XD-CHK-001", f"({value} IS NOT NULL AND {value} NOT IN (SELECT value FROM valid_{spec.scheme}))"
        case Kind.NUMBER | Kind.INTEGER | Kind.QUANTITY | Kind.MONEY:
            if spec.kind is Kind.INTEGER:
                yield "XD-NUM-002", f"(abs(CAST({value} AS HUGEINT)) >= 1000000000000000000)"
            if spec.minimum is not None:
                yield "XD-NUM-003", f"({value} < {spec.minimum})"
            if spec.kind is Kind.QUANTITY:
                yield "XD-UNT-001", _not_listed("unit", parts[1])
                yield "XD-TXT-002", f"(contains({parts[2]}, chr(0)))"
            if spec.kind is Kind.MONEY:
                yield "XD-COD-001", _not_listed("currency", parts[1])
        case Kind.DAY | Kind.INSTANT | Kind.FLAG:
            return


def _not_listed(name: str, value: str) -> str:
    return f"({value} NOT IN (SELECT code FROM list_{name}))"


def check_digits(connection: duckdb.DuckDBPyConnection, spec: FieldSpec, values: str) -> None:
    """Notes in the table `valid_<scheme>` those of the values whose check digit python-stdnum finds right.

    Args:
        connection: Where the values are.
        spec: A field with a scheme.
        values: Query that gives each distinct value once.
    """
    is_valid = SCHEMES[str(spec.scheme)]
    valid = [value for (value,) in connection.execute(values).fetchall() if value is not None and is_valid(value)]
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS valid_{spec.scheme} (value VARCHAR)")
    connection.register("_valid", pa.table({"value": pa.array(valid, pa.string())}))
    connection.execute(f"INSERT INTO valid_{spec.scheme} FROM _valid")
    connection.unregister("_valid")
