"""Several statements of one record in the batches of a run: one holds, unless a file contradicts itself."""

from collections.abc import Callable, Collection, Iterable

from canonical_model.declaration import FieldSpec
from mappings.compiled import quote_name, quote_text
from mappings.landed import LandedRows
from mappings.parts import Parts
from mappings.plan import EntityPlan
from mappings.unknown import unknown_merged

_EQUAL = "="


def fold(
    parts: Parts,
    entity: EntityPlan,
    batches: Collection[LandedRows],
    *,
    is_header: bool,
    left_open: Collection[str],
) -> None:
    """Leaves one record of each key: the newest statement, unless one file contradicts itself.

    Equal rows of one file are one, but for what adds up, such as stock: there nobody can tell two lots from a row doubled.

    A header stands on each of its lines, and often only the first is filled in: there, empty is no contradiction,
    and what one line says holds for all. What its lines state for themselves, such as the warehouse, may differ from
    line to line: the header then leaves it open. How a value was spelt never is a contradiction.

    Args:
        parts: Where `rows_<entity>` and `issues` are.
        entity: Its plan.
        batches: The landed batches; sheets and parts of one file contradict each other as its rows do.
        is_header: Whether the plan also makes its lines.
        left_open: Fields of a header that its lines state each for itself.
    """
    name, rows = entity.entity.name, sum(batch.rows for batch in batches)
    if not _find_twice(parts, name, rows):
        return
    file, sheet = _file_and_sheet(batches)
    parts.make(f"same_{name}", "key", rows, _said_together(entity, file, left_open=left_open, is_header=is_header))
    parts.make(
        f"ranked_{name}",
        "key",
        rows,
        lambda part: (
            "SELECT r.batch, r.row, r.element, r.key, s.differing, "
            "CASE WHEN s.first_place = {'batch': r.batch, 'row': r.row} THEN s.last_place ELSE s.first_place END AS other, "
            "row_number() OVER (PARTITION BY r.key, s.differing <> '' "
            "ORDER BY r.version DESC NULLS LAST, r.batch DESC, r.row DESC, r.element DESC) AS place "
            f"FROM (FROM rows_{name} WHERE outcome IS NULL AND {part}) r JOIN (FROM same_{name} WHERE {part}) s "
            f"ON r.key = s.key AND {file} = s.file AND r.version IS NOT DISTINCT FROM s.version"
        ),
    )
    parts.db.execute(
        f"INSERT INTO issues SELECT batch, row, element, '{name}', -1, '', '', "
        f"CASE differing WHEN '{_EQUAL}' THEN 'XD-KEY-002' ELSE 'XD-KEY-001' END, key, "
        f"{sheet} || '#' || other.row || CASE differing WHEN '{_EQUAL}' THEN '' ELSE ', ' || differing END "
        f"FROM ranked_{name} WHERE differing <> ''"
    )
    parts.execute(
        "key",
        rows,
        lambda part: (
            f"UPDATE rows_{name} r SET outcome = CASE WHEN k.differing <> '' THEN 'rejected' ELSE 'folded' END "
            f"FROM (FROM ranked_{name} WHERE (differing <> '' OR place > 1) AND {part}) k "
            "WHERE r.batch = k.batch AND r.row = k.row AND r.element = k.element"
        ),
    )
    if is_header:
        _fill(parts, entity, rows, file=file, left_open=left_open)


def _find_twice(parts: Parts, name: str, rows: int) -> bool:
    """Leaves the keys of more than one row in `twice_<entity>`; False where there is none."""
    parts.db.execute(f"CREATE OR REPLACE TEMP TABLE twice_{name} (key VARCHAR)")
    parts.execute(
        "key",
        rows,
        lambda part: (
            f"INSERT INTO twice_{name} SELECT key FROM rows_{name} WHERE outcome IS NULL AND {part} "
            "GROUP BY key HAVING count(*) > 1"
        ),
    )
    return bool(parts.db.execute(f"FROM twice_{name} LIMIT 1").fetchall())


def _said_together(
    entity: EntityPlan, file: str, *, left_open: Collection[str], is_header: bool
) -> Callable[[str], str]:
    """Query of what the rows of one key, file and version say together, and in what they contradict, of a part of the rows.

    Whether they differ in a field that is `left_open` is in `_differs_<field>`.
    """
    name = entity.entity.name
    differs = {
        field: [_differs(quote_name(c), is_header=is_header) for c in _value_columns(entity.entity.fields[field])]
        for field in entity.fields
    }
    differing = ", ".join(
        f"CASE WHEN {condition} THEN {quote_text(entity.fields[field].column or field)} END"
        for field, conditions in differs.items()
        if field not in left_open
        for condition in conditions
    )
    is_open = "".join(f", {' OR '.join(differs[field])} AS _differs_{field}" for field in left_open)
    least = ", ".join(f"min({quote_name(c)}) AS {quote_name(c)}" for c in entity.stated)
    said = (
        f"SELECT key, {file} AS file, version, "
        "min({'batch': batch, 'row': row}) AS first_place, max({'batch': batch, 'row': row}) AS last_place, "
        f"{_contradiction(differing, adds_up=entity.entity.adds_up)} AS differing, "
        f"count(source_hash) < count(*) OR count(DISTINCT source_hash) > 1 AS is_filled, {least}{is_open}, "
        "list(unknown ORDER BY row) FILTER (unknown IS NOT NULL) AS unknowns"
    )
    return lambda part: (
        f"{said} FROM (FROM rows_{name} WHERE outcome IS NULL AND {part}) "
        f"SEMI JOIN (FROM twice_{name} WHERE {part}) USING (key) GROUP BY key, file, version"
    )


def _fill(parts: Parts, entity: EntityPlan, rows: int, *, file: str, left_open: Collection[str]) -> None:
    """Gives a header what only others of its rows say, and takes from it what differs from line to line."""
    name = entity.entity.name
    said = {c: f"coalesce(r.{quote_name(c)}, s.{quote_name(c)})" for c in entity.stated}
    fill = ", ".join(
        f"{quote_name(c.name)} = "
        + (f"CASE WHEN s._differs_{field} THEN NULL ELSE {said[c.name]} END" if field in left_open else said[c.name])
        for field in entity.fields
        for c in entity.entity.fields[field].columns
        if c.is_mapped
    )
    unknown = unknown_merged({field: said[field] for field in entity.fields}, rows="s.unknowns")
    parts.execute(
        "key",
        rows,
        lambda part: (
            f"UPDATE rows_{name} r SET source_hash = NULL, unknown = {unknown}, {fill} "
            f"FROM (FROM same_{name} WHERE is_filled AND {part}) s WHERE r.outcome IS NULL "
            f"AND r.key = s.key AND {file} = s.file AND r.version IS NOT DISTINCT FROM s.version"
        ),
    )


def _contradiction(differing: str, *, adds_up: bool) -> str:
    """SQL of the columns in which rows of one key differ; equal rows of what adds up differ in being two."""
    named = f"concat_ws(', ', {differing})"
    return f"CASE WHEN count(*) > 1 AND {named} = '' THEN '{_EQUAL}' ELSE {named} END" if adds_up else named


def _file_and_sheet(batches: Iterable[LandedRows]) -> tuple[str, str]:
    """SQL of the file of a batch, called by its first batch, and of the sheet of `other` where that is another batch's."""
    first: dict[tuple[str, str], int] = {}
    files, sheets = "", ""
    for batch in batches:
        begin = first.setdefault((batch.file, batch.sha256), batch.batch) if batch.sha256 else batch.batch
        files += f" WHEN {batch.batch} THEN {begin}" if begin != batch.batch else ""
        sheets += f" WHEN {batch.batch} THEN {quote_text(f'[{batch.sheet}] ')}" if batch.sheet else ""
    file = f"(CASE batch{files} ELSE batch END)" if files else "batch"
    return (
        file,
        f"CASE WHEN other.batch = batch THEN '' ELSE CASE other.batch{sheets} ELSE '' END END" if sheets else "''",
    )


def _value_columns(spec: FieldSpec) -> list[str]:
    """The columns of a field that say what it is, not how its source spelt it."""
    spelling = {f"{spec.name}_source", f"{spec.name}_source_unit", f"{spec.name}_offset", f"{spec.name}_tz_assumed"}
    return [column.name for column in spec.columns if column.is_mapped and column.name not in spelling]


def _differs(column: str, *, is_header: bool) -> str:
    values = f"min({column}) <> max({column})"
    return f"({values})" if is_header else f"({values} OR (count({column}) > 0 AND count({column}) < count(*)))"
