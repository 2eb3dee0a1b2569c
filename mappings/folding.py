"""Several statements of one record in the batches of a run: one holds, unless a file contradicts itself."""

from collections.abc import Sequence

import duckdb

from canonical_model.declaration import FieldSpec
from mappings.compiled import quote_name, quote_text
from mappings.plan import EntityPlan
from mappings.unknown import unknown_merged


def fold(db: duckdb.DuckDBPyConnection, entity: EntityPlan, parts: Sequence[str], *, is_header: bool) -> None:
    """Leaves one record of each key: the newest statement, unless one file contradicts itself.

    A header stands on each of its lines, and often only the first is filled in: there, empty is no contradiction,
    and what one line says holds for all. How a value was spelt never is one.

    Args:
        db: Where `rows_<entity>` and `issues` are.
        entity: Its plan.
        parts: Conditions that take the rows in parts, equal keys in one.
        is_header: Whether the plan also makes its lines.
    """
    name = entity.entity.name
    db.execute(f"CREATE TEMP TABLE twice_{name} (key VARCHAR)")
    for part in parts:
        db.execute(
            f"INSERT INTO twice_{name} SELECT key FROM rows_{name} WHERE outcome IS NULL AND {part} "
            "GROUP BY key HAVING count(*) > 1"
        )
    if not db.execute(f"FROM twice_{name} LIMIT 1").fetchall():
        return
    columns = {c: field for field in entity.fields for c in _value_columns(entity.entity.fields[field])}
    differing = ", ".join(
        f"CASE WHEN {_differs(quote_name(c), is_header=is_header)} "
        f"THEN {quote_text(entity.fields[field].column or field)} END"
        for c, field in columns.items()
    )
    least = ", ".join(f"min({quote_name(c)}) AS {quote_name(c)}" for c in entity.stated)
    db.execute(
        f"CREATE TEMP TABLE same_{name} AS SELECT key, batch, version, min(row) AS first_row, max(row) AS last_row, "
        f"concat_ws(', ', {differing}) AS differing, "
        f"count(source_hash) < count(*) OR count(DISTINCT source_hash) > 1 AS is_filled, {least}, "
        "list(unknown ORDER BY row) FILTER (unknown IS NOT NULL) AS unknowns "
        f"FROM rows_{name} SEMI JOIN twice_{name} USING (key) WHERE outcome IS NULL GROUP BY key, batch, version"
    )
    db.execute(
        f"CREATE TEMP TABLE ranked_{name} AS SELECT r.batch, r.row, r.element, r.key, s.first_row, s.last_row, "
        "s.differing, row_number() OVER (PARTITION BY r.key, s.differing <> '' "
        "ORDER BY r.version DESC NULLS LAST, r.batch DESC, r.row DESC, r.element DESC) AS place "
        f"FROM rows_{name} r JOIN same_{name} s ON r.key = s.key AND r.batch = s.batch "
        "AND r.version IS NOT DISTINCT FROM s.version WHERE r.outcome IS NULL"
    )
    db.execute(
        f"INSERT INTO issues SELECT batch, row, element, '{name}', -1, '', '', 'XD-KEY-001', key, '#' || "
        "CASE WHEN row = first_row THEN last_row ELSE first_row END || ', ' || differing "
        f"FROM ranked_{name} WHERE differing <> ''"
    )
    db.execute(
        f"UPDATE rows_{name} r SET outcome = CASE WHEN k.differing <> '' THEN 'rejected' ELSE 'folded' END "
        f"FROM ranked_{name} k WHERE r.batch = k.batch AND r.row = k.row AND r.element = k.element "
        "AND (k.differing <> '' OR k.place > 1)"
    )
    if is_header:
        filled = {c: f"coalesce(r.{quote_name(c)}, s.{quote_name(c)})" for c in entity.stated}
        fill = ", ".join(f"{quote_name(c)} = {value}" for c, value in filled.items())
        unknown = unknown_merged({field: filled[field] for field in entity.fields}, rows="s.unknowns")
        db.execute(
            f"UPDATE rows_{name} r SET source_hash = NULL, unknown = {unknown}, {fill} "
            f"FROM same_{name} s WHERE r.outcome IS NULL "
            "AND s.is_filled AND r.key = s.key AND r.batch = s.batch AND r.version IS NOT DISTINCT FROM s.version"
        )


def _value_columns(spec: FieldSpec) -> list[str]:
    """The columns of a field that say what it is, not how its source spelt it."""
    spelling = {f"{spec.name}_source", f"{spec.name}_source_unit", f"{spec.name}_offset", f"{spec.name}_tz_assumed"}
    return [column.name for column in spec.columns if column.is_mapped and column.name not in spelling]


def _differs(column: str, *, is_header: bool) -> str:
    values = f"min({column}) <> max({column})"
    return f"({values})" if is_header else f"({values} OR (count({column}) > 0 AND count({column}) < count(*)))"
