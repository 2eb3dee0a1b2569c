"""The SQL of one entity: its rows in the source, its records with a bit per wrong field, and what is wrong with them."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from canonical_model.declaration import Kind
from canonical_model.issues import CATALOGUE, Effect
from mappings.checks import violations
from mappings.columns import filled_cells, json_path, json_type, source_column, turned_rows
from mappings.compiled import Atom, Lookup, Problem, Spelling, quote_name, quote_text
from mappings.functions import ODD
from mappings.plan import QUANTITIES, EntityPlan, Plan

ROW_CODES = ("XD-CEL-003", "XD-CEL-004", "XD-CEL-005")
"""What can be wrong with a whole row before it is read; all else that is found then belongs to one cell."""

_LISTED = ("XD-COD-001", "XD-UNT-001")
"""Codes come out of their list, so what the list lacks is a problem of reading already."""


@dataclass(frozen=True, slots=True)
class EntityQuery:
    """What is asked of the view `source` to make one entity.

    Attributes:
        plan: The compiled mapping.
        entity: Its part for the entity.
        damage: (issue code, column) of all that was found wrong before anything was read.
        usual: How columns are written throughout the files.
    """

    plan: Plan
    entity: EntityPlan
    damage: Collection[tuple[str, str]] = ()
    usual: Collection[Spelling] = ()

    @property
    def name(self) -> str:
        """The entity's name."""
        return self.entity.entity.name

    @property
    def has_parent(self) -> bool:
        """Whether the same mapping makes the headers of these lines."""
        return self.entity.entity.parent in {other.entity.name for other in self.plan.entities}

    @property
    def steps(self) -> tuple[Atom | Lookup, ...]:
        """What its expressions and the version share."""
        return (*self.entity.steps, *self.plan.version_steps)

    @property
    def key(self) -> str:
        """The key as one text."""
        return _joined(self.entity.key)

    @property
    def parent(self) -> str:
        """What names the parent, as one text."""
        return _joined(self.entity.parent)

    @property
    def version(self) -> str:
        """Which of two statements is newer."""
        return f"CAST({self.plan.version.sql if self.plan.version else '_modified'} AS DECIMAL(24,6))"

    @property
    def hash(self) -> str:
        """128 bits that stand for the record's raw values under this very mapping; NULL for a damaged row."""
        raw = ", ".join((*self.entity.hashed, *self.plan.version_columns)) or "''"
        digest = quote_text(self.plan.fingerprint)
        both = f"CAST(hash({digest}, {raw}) AS UHUGEINT) * 18446744073709551616 + hash({raw}, {digest}, 1)"
        return f"CASE WHEN _suspects IS NULL THEN CAST({both} AS UUID) END"

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """All columns that it reads, as received."""
        return (*self.entity.column_sql, *self.plan.version_columns)

    @property
    def vectors(self) -> int:
        """About how many vectors the operators hold that make its records: one for each column that each of them hands on."""
        columns, held = len(self.raw_columns), 0
        for level in range(1, max((step.level for step in self.steps), default=0) + 1):
            steps = [step for step in self.steps if step.level == level]
            for step in steps:
                columns += 1 if isinstance(step, Atom) else 2
                held += columns if isinstance(step, Lookup) and step.spelling not in self.usual else 0
            held += columns
        return held

    @property
    def count(self) -> str:
        """Query of how many records the source holds, without reading any; empty where each row is one."""
        if self.entity.turned:
            return filled_cells(self.entity.turned)
        if self.entity.each is None:
            return ""
        document, path = source_column("json"), _pointer(self.entity.each)
        length = f"CASE WHEN {_is_single(document, path)} THEN 1 ELSE json_array_length({document}, {path}) END"
        return f"SELECT coalesce(sum({length}), 0) FROM source"

    @property
    def records(self) -> str:
        """The source's rows, elements or cells, with their place `_at` in the row."""
        return self._records()

    def _records(self, *, with_empty: bool = False) -> str:
        """`records`; `with_empty` as for `values`."""
        if self.entity.turned:
            return turned_rows(self.entity.turned, self.entity.turned_unit)
        if self.entity.each is None:
            return "(SELECT *, CAST(0 AS BIGINT) AS _at FROM source)"
        document, path = source_column("json"), _pointer(self.entity.each)
        listed = f"json_extract({document}, {path}::VARCHAR || '[*]')"
        listed = f"CASE WHEN {_is_single(document, path)} THEN [json_extract({document}, {path})] ELSE {listed} END"
        if with_empty:
            is_empty = f"json_type({document}, {path}) = 'ARRAY' AND json_array_length({document}, {path}) = 0"
            listed = f"CASE WHEN {is_empty} THEN [CAST(NULL AS JSON)] ELSE {listed} END"
        return (
            "(SELECT * EXCLUDE (_listed), generate_subscripts(_listed, 1) AS _at, unnest(_listed) AS _element "
            f"FROM (SELECT * REPLACE ({self._rest} AS {document}), {listed} AS _listed FROM source))"
        )

    @property
    def _rest(self) -> str:
        """The document without its elements, unless more than they is read of them: each element's row reads its own copy."""
        document, each = source_column("json"), self.entity.each or ""
        inside = json_path(each.split("."))
        if any(document in column and inside in column for column in self.raw_columns):
            return document
        patch = "null"
        for piece in reversed(each.split(".")):
            patch = f"{{{json.dumps(piece)}: {patch}}}"
        return f"CAST(json_merge_patch({document}, {quote_text(patch)}) AS VARCHAR)"

    def values(
        self,
        *,
        only: str = "",
        is_sparse: bool = False,
        odd: Sequence[str] | None = None,
        asked: str = "",
        with_empty: bool = False,
    ) -> str:
        """The records with the values that expressions share, worked out level by level.

        Args:
            only: Query of (batch, row, element) to which they are confined; empty for all.
            is_sparse: Whether these are few and scattered. DuckDB would carry them on as it found them, a handful in
                each block of 2,048, and work on nearly empty blocks; put in order they lie close together.
            odd: The columns that may hold something to clean, of those that are asked for; None for all columns.
            asked: SQL of what is asked for, since planning a query of all values is dear; empty for all.
            with_empty: A document whose list has no element is there too, with one that is NULL.
        """
        steps = _needed(self.steps, asked) if asked else self.steps
        rows = self._records(with_empty=with_empty)
        if only:
            order = " ORDER BY _batch, _row" if is_sparse else ""
            rows = f"(SELECT * FROM {rows} WHERE (_batch, _row, _at) IN ({only}){order})"
        rows = f"(SELECT *, {self._is_odd(self.raw_columns if odd is None else odd)} AS _odd FROM {rows})"
        for level in range(1, max((step.level for step in steps), default=0) + 1):
            values, joins = "", ""
            for step in steps:
                if step.level != level:
                    continue
                if isinstance(step, Atom):
                    values += f", {step.usual if step.spelling in self.usual else step.sql} AS {step.name}"
                elif step.spelling in self.usual:
                    values += f", CAST(NULL AS VARCHAR) AS {step.name}_code, CAST(NULL AS DECIMAL(18,6)) AS {step.name}_factor"
                else:
                    values += f", {step.name}.code AS {step.name}_code, {step.name}.factor AS {step.name}_factor"
                    joins += f" LEFT JOIN {self.name}{step.name} {step.name} ON {step.name}.word = {step.word}"
            rows = f"(SELECT s.*{values} FROM {rows} s{joins})"
        return f"{rows} s"

    def _is_odd(self, columns: Sequence[str]) -> str:
        """Condition that a row holds something to clean."""
        if self.plan.is_json:
            return "TRUE"
        return f"regexp_matches(concat_ws(chr(31), {', '.join(columns)}), {quote_text(ODD)})" if columns else "FALSE"

    def hashes(self) -> str:
        """Query of each record's place and hash."""
        return f"SELECT _batch AS batch, _row AS row, _at AS element, {self.hash} AS source_hash FROM {self.records}"

    def names(self, odd: Sequence[str]) -> str:
        """Query of each record's place, key and parent; `odd` as for `values`."""
        return (
            f"SELECT _batch AS batch, _row AS row, _at AS element, {self.key} AS key, {self.parent} AS parent "
            f"FROM {self.values(odd=odd, asked=self.key + self.parent)}"
        )

    def mapped(self, *, only: str = "", is_sparse: bool = False, odd: Sequence[str] | None = None) -> str:
        """Query of records with typed columns, one bit per field that is wrong, and what becomes of them."""
        entity = self.entity
        typed = [
            f"{sql} AS {quote_name(column.name)}"
            for field, compiled in entity.fields.items()
            for column, sql in zip(
                (c for c in entity.entity.fields[field].columns if c.is_mapped), compiled.parts, strict=True
            )
        ]
        reading = {field: self._reading_problems(field) for field in entity.fields}
        value = {field: self._value_problems(field) for field in entity.fields}
        flags = [f"({_any(problems)}) AS _bad{i}" for i, problems in enumerate(reading.values())]
        bits = " | ".join(
            f"(CASE WHEN _bad{i} OR {_any(problems)} THEN {1 << i} ELSE 0 END)"
            for i, problems in enumerate(value.values())
        )
        named = [part.sql for part in entity.own_key] or [
            entity.fields[name].sql for name in entity.entity.key if entity.entity.fields[name].is_required
        ]
        known = " AND ".join(f"{part} IS NOT NULL" for part in named) or "TRUE"
        inner = (
            f"SELECT _batch AS batch, _row AS row, _at AS element, _odd, {self.key} AS key, "
            f"{_joined(entity.natural)} AS _name, {self.parent} AS parent, "
            f"{self.version} AS version, {self.hash} AS source_hash, {entity.unknown} AS unknown, "
            f"{', '.join(typed)}, {', '.join(flags)}, "
            f"({_any(_with(Effect.REJECT, reading))}{self._broken_row()}) AS _reject, "
            f"({_any(_with(Effect.PARK, reading))}) AS _park, _suspects IS NULL AND {known} AS is_known "
            f"FROM {self.values(only=only, is_sparse=is_sparse, odd=odd)}"
        )
        stated = ", ".join(quote_name(column) for column in entity.stated)
        return (
            f"SELECT batch, row, element, key, _name, parent, version, source_hash, unknown, is_known, {stated}, "
            f"CASE WHEN mask = 0 AND NOT _reject THEN NULL "
            f"WHEN _reject OR {_any(_with(Effect.REJECT, value))} THEN 'rejected' "
            f"WHEN _park OR {_any(_with(Effect.PARK, value))} THEN 'parked' END AS outcome, mask "
            f"FROM (SELECT *, {bits} AS mask FROM ({inner}))"
        )

    @property
    def columns(self) -> str:
        """Columns of mapped records with their types; planning a query of them to learn these takes a tenth of a second."""
        types = {column.name: column.type for column in self.entity.entity.columns}
        stated = "".join(f", {quote_name(name)} {types[name]}" for name in self.entity.stated)
        return (
            "batch BIGINT, row BIGINT, element BIGINT, key VARCHAR, _name VARCHAR, parent VARCHAR, version DECIMAL(24,6), "
            f"source_hash UUID, unknown VARCHAR, is_known BOOLEAN{stated}, outcome VARCHAR, mask BIGINT"
        )

    def stored(self, constants: Mapping[str, str]) -> str:
        """Columns of a mapped record that go to the store; a record with issues has no hash, so that it is judged again."""
        fixed = "".join(f", {sql} AS {quote_name(name)}" for name, sql in constants.items())
        stated = "".join(f", {quote_name(name)}" for name in self.entity.stated)
        hashed = "CASE WHEN mask = 0 THEN CAST(source_hash AS BLOB) END AS source_hash"
        return f"key, {hashed}, version, batch, row, unknown{fixed}{stated}"

    def explained(self, position: int, field: str, *, is_sparse: bool, part: str) -> str:
        """Query of the issues of one field, for the rows of `rows_<entity>` whose bit it is and that are of the `part` (SQL)."""
        problems = [*self._reading_problems(field), *self._value_problems(field)]

        def case(subject: str, told: Sequence[tuple[str, str]]) -> str:
            return f"CASE {subject}{''.join(f' WHEN {when} THEN {then}' for when, then in told)} END"

        numbered = [(f"coalesce({p.condition}, FALSE)", str(i)) for i, p in enumerate(problems)]
        which = case("", numbered)
        column, code, value, detail = (
            case("_which", [(str(i), told) for i, told in enumerate(picked)])
            for picked in (
                [quote_text(p.column) for p in problems],
                [quote_text(p.code) for p in problems],
                [p.value for p in problems],
                [quote_text(p.detail) for p in problems],
            )
        )
        bad = f"SELECT batch, row, element FROM rows_{self.name} WHERE mask & {1 << position} <> 0 AND {part}"
        values = self.values(only=bad, is_sparse=is_sparse, asked=which + value)
        return (
            f"SELECT _batch, _row, _at, '{self.name}', {position}, '{field}', {column}, {code}, {value}, {detail} "
            f"FROM (SELECT *, {which} AS _which FROM {values} "
            f"JOIN (FROM rows_{self.name} WHERE mask <> 0 AND {part}) r "
            "ON r.batch = s._batch AND r.row = s._row AND r.element = s._at)"
        )

    def _reading_problems(self, field: str) -> list[Problem]:
        """What can be wrong with reading one field from the source, most telling first."""
        compiled = self.entity.fields[field]
        damaged = [
            Problem(f"list_contains(_suspects, '{code}:' || {cell})", code, shown, column)
            for column, (cell, shown) in self._cells(compiled.columns)
            if not self.plan.is_json
            for code in sorted({code for code, _ in self.damage if code not in ROW_CODES})
        ]
        damaged += self._not_values(field) + self._says_nothing(field)
        if field != next(iter(self.entity.fields)):
            return [*damaged, *compiled.problems]
        version = self.plan.version.problems if self.plan.version else ()
        keys = [Problem(f"({part.sql} IS NULL)", "XD-REQ-001", "''", part.column) for part in self.entity.own_key]
        return [*damaged, *compiled.problems, *version, *keys]

    def _says_nothing(self, field: str) -> list[Problem]:
        """That a record of a quantity has nothing but its key, as a name and a day below a list read like an order and its line."""
        entity = self.entity
        keys = {
            column
            for name in (*entity.entity.key, *entity.entity.parent_key)
            if name in entity.fields
            for column in entity.fields[name].columns
        }
        keys |= {column for part in entity.own_key for column in part.columns}
        others = sorted({column for one in entity.fields.values() for column in one.columns} - keys)
        is_asked = field in QUANTITIES and not self.plan.is_json and not entity.turned and len(others) >= _FEWEST_OTHERS
        if not is_asked:
            return []
        blank = " AND ".join(f"trim(coalesce(CAST({source_column(column)} AS VARCHAR), '')) = ''" for column in others)
        return [Problem(f"({blank})", "XD-REQ-003", "''", entity.fields[field].column)]

    def _not_values(self, field: str) -> list[Problem]:
        """That a text holds a list or an object of the document, where a value is wanted."""
        compiled = self.entity.fields[field]
        if not self.plan.is_json or self.entity.entity.fields[field].kind not in (Kind.TEXT, Kind.REF, Kind.CODE):
            return []
        # a cheap look at the text first: most hold no bracket, and the document is then not read once more
        text = compiled.parts[-1]
        may_be = _has_bracket(text)
        kinds = {
            column: (kind, sql)
            for column, sql in zip(self.entity.columns, self.entity.column_sql, strict=True)
            if column in compiled.columns and (kind := json_type(sql))
        }
        found = []
        for column, (kind, _) in kinds.items():
            # Bolt [M8] has brackets of its own, where it is the text of another column and nothing else
            others = [f"({k} = 'VARCHAR' AND {text} = xd_clean({s}))" for one, (k, s) in kinds.items() if one != column]
            is_its = f"{kind} IN ('OBJECT', 'ARRAY')" + (
                f" AND NOT coalesce({' OR '.join(others)}, FALSE)" if others else ""
            )
            found.append(Problem(f"(CASE WHEN {may_be} THEN {is_its} END)", "XD-TXT-004", text, column))
        return found

    def _cells(self, columns: Sequence[str]) -> list[tuple[str, tuple[str, str]]]:
        """Column -> SQL of its name in the sheet and of its content."""
        found = {c: (quote_text(c), source_column(c)) for c in sorted(columns)}
        if self.entity.turned:
            name, value = self.entity.turned_names
            found.pop(name, None)  # the header is never damaged
            if value in found:
                found[value] = "_turned.name", "_turned.value"
        return list(found.items())

    def _value_problems(self, field: str) -> list[Problem]:
        """What can be wrong with the value that was read."""
        entity = self.entity
        spec = entity.entity.fields[field]
        compiled = entity.fields[field]
        column = compiled.main or next(iter(sorted(compiled.columns)), "")
        names = tuple(quote_name(c.name) for c in spec.columns if c.is_mapped)
        is_plain = column in entity.columns and (compiled.main or len(compiled.columns) == 1)
        shown = entity.column_sql[entity.columns.index(column)] if is_plain else f"CAST({names[0]} AS VARCHAR)"
        return [
            Problem(
                f"(CASE WHEN _odd THEN {condition} ELSE FALSE END)" if code == "XD-TXT-002" else condition,
                code,
                shown,
                column,
            )
            for code, condition in violations(spec, names)
            if code not in _LISTED
        ]

    def _broken_row(self) -> str:
        """Condition that the whole row is unfit, to stand behind another."""
        codes = [code for code in ROW_CODES if CATALOGUE[code].effect is Effect.REJECT]
        listed = ", ".join(quote_text(f"{code}:{column}") for code, column in sorted(self.damage) if code in codes)
        return f" OR coalesce(list_has_any(_suspects, [{listed}]), FALSE)" if listed else ""


def _needed(steps: Sequence[Atom | Lookup], asked: str) -> list[Atom | Lookup]:
    """Those of the steps that an expression reads, or that one of these reads."""
    needed: list[Atom | Lookup] = []
    for step in sorted(steps, key=lambda one: -one.level):  # each reads only what lies below it
        if re.search(rf"\b{step.name}(_code|_factor)?\b", asked):
            needed.append(step)
            asked += f" {step.sql if isinstance(step, Atom) else step.word}"
    return needed


def _joined(parts: Sequence[str]) -> str:
    """The parts of a key as one text."""
    return " || '|' || ".join(f"xd_key({part})" for part in parts) or "NULL"


def _with(effect: Effect, problems: Mapping[str, list[Problem]]) -> list[Problem]:
    return [problem for listed in problems.values() for problem in listed if CATALOGUE[problem.code].effect is effect]


def _any(problems: Sequence[Problem]) -> str:
    return " OR ".join(f"coalesce({p.condition}, FALSE)" for p in problems if not p.is_detail) or "FALSE"


def _is_single(document: str, path: str) -> str:
    """Condition that one record stands where a list of them should, as programs that turn XML into JSON have it.

    An empty text and an object without anything are what they make of no element.
    """
    said = f"trim(json_extract_string({document}, {path}))"
    return f"coalesce(json_type({document}, {path}) NOT IN ('ARRAY', 'NULL') AND {said} NOT IN ('', '{{}}'), FALSE)"


def _pointer(path: str) -> str:
    return quote_text(json_path(path.split(".")))


_FEWEST_OTHERS = 2
"""Columns besides the key; a quantity alone may be left blank for 0."""


def _has_bracket(text: str) -> str:
    return f"contains({text}, '{{') OR contains({text}, '[')"
