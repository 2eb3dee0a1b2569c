"""A mapping made ready for one header: which fields it states, from which columns, as which SQL."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from canonical_model.codes import code_list
from canonical_model.declaration import EntitySpec, FieldSpec, Kind
from canonical_model.entities import SPECS
from canonical_model.errors import MappingError
from canonical_model.language import Text
from mappings.amounts import PIECES
from mappings.columns import (
    JsonColumns,
    SheetColumns,
    TurnedColumns,
    normalise_header,
    source_column,
    turned_unit,
)
from mappings.compiled import (
    Atom,
    Columns,
    Compiled,
    Lookup,
    LostUnitError,
    MissingColumnError,
    Problem,
    quote_name,
    quote_text,
)
from mappings.dates import AskedColumn
from mappings.expressions import ExpressionCompiler
from mappings.functions import MACROS
from mappings.headers import HeaderReader, says_measure, says_tax_included
from mappings.spec import EntityMapping, MappingFile
from mappings.unknown import unknown_object

QUANTITIES = frozenset({"ordered", "shipped", "received", "on_hand", "quantity"})
"""Quantities without which a record says little."""
PRICE, TAX_INCLUDED = "unit_price", "is_tax_included"
"""The header of the one says the other, where the mapping does not."""
_PRICE_UNITS = frozenset(
    {"计价单位", "单价单位", "价格计量单位", "订单价格单位", "priceuom", "priceunitofmeasure", "orderpriceunit"}
)
_ONE = FieldSpec("one", Kind.QUANTITY, Text("计价单位", "Price unit"))
_NAMES = frozenset({"lot", "supplier_lot", "bin", "from_bin", "to_bin", "reversal_of", "bill_of_lading"})
"""Fields that name a thing, also where they are no part of a key; so does each that is called a number."""


@dataclass(frozen=True, slots=True)
class EntityPlan:
    """How one entity is made.

    Attributes:
        entity: Its declaration.
        each: JSON pointer of the nested list, None for one record per row.
        turned: Columns that were turned into rows, in order: one record per row and filled cell; empty for none.
        turned_names: What expressions call the header and the cell of such a column.
        turned_unit: What they all say in brackets about their numbers, as (千); empty where nothing.
        fields: Field name -> its compiled expression; only the fields that the header can state.
        key: Expressions of the key's parts.
        own_key: The parts of the source's own key, none of which may be empty; () for the natural key.
        natural: Expressions by which its lines name it: the natural key.
        parent: Expressions that name the parent by its natural key; empty for a header.
        columns: Source columns that it reads, sorted.
        column_sql: SQL of each of these columns as received.
        naming_sql: That of those which name the record and its parent.
        steps: Values that its expressions share, and code tables that they read.
        absent: Fields that the mapping would state but whose columns are not there.
        dates: Texts read as dates, each of which is asked for its order of day and month.
        commas: Columns read as numbers, each of which is asked for decimal commas.
        unknown: SQL of a JSON object {field: text} of the values that say that they are unknown, NULL where none does.
    """

    entity: EntitySpec
    each: str | None
    turned: tuple[str, ...]
    turned_names: tuple[str, ...]
    turned_unit: str
    fields: dict[str, Compiled]
    key: tuple[str, ...]
    own_key: tuple[Compiled, ...]
    natural: tuple[str, ...]
    parent: tuple[str, ...]
    columns: tuple[str, ...]
    column_sql: tuple[str, ...]
    naming_sql: tuple[str, ...]
    steps: tuple[Atom | Lookup, ...]
    absent: tuple[str, ...]
    dates: tuple[AskedColumn, ...]
    commas: tuple[AskedColumn, ...]
    unknown: str

    def source_column(self, column: str, element: int) -> str:
        """The sheet's column where an expression named the header or cell of a turned one."""
        return self.turned[element - 1] if column in self.turned_names else column

    @property
    def hashed(self) -> tuple[str, ...]:
        """SQL of all that decides its values: its columns as received, and what the whole of them shows."""
        return (*self.column_sql, *(f"{asked.name}(_batch)" for asked in (*self.dates, *self.commas)))

    @property
    def stated(self) -> tuple[str, ...]:
        """Physical columns that this plan fills, in order."""
        return tuple(c.name for name in self.fields for c in self.entity.fields[name].columns if c.is_mapped)


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping compiled against one header.

    Attributes:
        spec: The mapping file.
        entities: Its entities, parents before their lines.
        version: SQL of the version as numeric, None where the file's modification time serves.
        version_steps: As `steps`, for the version.
        version_columns: SQL of the columns that the version reads, as received.
        version_dates: As `dates`, for the version.
        version_commas: As `commas`, for the version.
        date_order: Setting for dates that could be either, and for years of two digits; may be empty.
        currency: That of amounts that state none; empty where these are an issue.
        is_json: Whether the stream gives JSON documents.
        key_parts: Parts of the path with which every key begins.
        fingerprint: Digest of all that decides the outcome besides the rows.
    """

    spec: MappingFile
    entities: tuple[EntityPlan, ...]
    version: Compiled | None
    version_steps: tuple[Atom | Lookup, ...]
    version_columns: tuple[str, ...]
    version_dates: tuple[AskedColumn, ...]
    version_commas: tuple[AskedColumn, ...]
    date_order: str
    currency: str
    is_json: bool
    key_parts: tuple[str, ...]
    fingerprint: str

    def stated_alike(self, header: EntityPlan, lines: EntityPlan) -> list[str]:
        """Fields of a header that each of its lines in a flat list states for itself: of one name, by one expression.

        A total is no fact of a line, nor is what tells two documents of one number apart.
        """
        if lines.each is not None or lines.turned:
            return []
        written = [self.spec.entities[one.entity.name].fields for one in (header, lines)]
        own = {*header.entity.key, header.entity.reuse_guard}
        return [
            name
            for name in sorted(header.fields.keys() & lines.fields.keys() - own)
            if _sort_of(header.entity.fields[name]) == _sort_of(lines.entity.fields[name])
            and header.entity.fields[name].kind not in {Kind.MONEY, Kind.QUANTITY}
            and written[0][name] == written[1][name]
            and set(header.fields[name].columns) == set(lines.fields[name].columns)
        ]


def _sort_of(field: FieldSpec) -> tuple[Kind, str | None, str | None]:
    return field.kind, field.codes, field.refers_to


class MappingDoesNotFitError(MappingError):
    """The header does not carry a column that the mapping requires.

    Attributes:
        missing: The columns that it lacks.
    """

    code = "XD-MAP-006"

    def __init__(self, spec: MappingFile, missing: Sequence[Text], header: Sequence[str]) -> None:
        self.missing = tuple(missing)
        super().__init__(
            Text(
                f"缺少必需的列：{'、'.join(one.zh for one in missing)}。",
                f"Required columns are missing: {', '.join(one.en for one in missing)}.",
            ),
            where=f"mappings/{spec.mapping}.yaml",
            hint=Text(
                f"表头里有：{'、'.join(header) or '（没有）'}。请改表头，或在映射的 columns: 里加上这个叫法；"
                "写在表头上方的（订单号：PO-18），在数据流里写 labels: [订单号]；这张工作表不用读，就写 sheet: 要读的表名。",
                f"The header has: {', '.join(header) or '(nothing)'}. "
                "Rename the column, or add its name under columns: in the mapping. Where it stands above the header, "
                "set labels for the stream; where this sheet is not to be read, set sheet to the one that is.",
            ),
        )


def make_plan(
    spec: MappingFile,
    *,
    header: Sequence[str],
    is_json: bool,
    timezone: str,
    key_parts: Sequence[str] = (),
    date_order: str = "",
    currency: str = "",
    stream: str = "",
) -> Plan:
    """The mapping compiled for one header.

    Args:
        spec: The mapping file.
        header: Column names as received (for JSON: the columns beside the document).
        is_json: Whether rows are JSON documents.
        timezone: IANA zone of naive times.
        key_parts: Columns from the path pattern that belong to every key (`partner`).
        date_order: The stream's setting; empty for the mapping's.
        currency: That of amounts that state none; empty where these are an issue.
        stream: Whose records they are; the same row under the same mapping has another hash in another stream.

    Raises:
        MappingDoesNotFitError: A required column is missing.
        MappingError: An expression is wrong.
    """
    date_order = date_order or spec.date_order
    names = sorted(spec.entities, key=list(SPECS).index)

    def compiler(entity: str, mapped: EntityMapping, prefix: str = "") -> ExpressionCompiler:
        columns = _columns(spec, entity, mapped, header, is_json=is_json)
        return ExpressionCompiler(spec, columns, timezone, date_order=date_order, currency=currency, prefix=prefix)

    entities = tuple(
        _plan_entity(
            spec, name, header, compiler(name, spec.entities[name]), is_json=is_json, key_parts=tuple(key_parts)
        )
        for name in names
    )
    reader = compiler(names[0], EntityMapping(fields={}), prefix="v")
    version = _version(spec, reader, header) if spec.version is not None else None
    return Plan(
        spec=spec,
        entities=entities,
        version=version,
        version_steps=reader.steps,
        version_columns=tuple(reader.column_sql.values()),
        version_dates=reader.dates,
        version_commas=reader.commas,
        date_order=date_order,
        currency=currency,
        is_json=is_json,
        key_parts=tuple(key_parts),
        fingerprint=_fingerprint(
            spec, timezone, f"{date_order}|{currency}|{stream}", entities, (version, reader.steps)
        ),
    )


def _fingerprint(
    spec: MappingFile, timezone: str, settings: str, entities: Sequence[EntityPlan], version: object
) -> str:
    lists = sorted({field.codes for plan in entities for field in plan.entity.fields.values() if field.codes})
    digest = hashlib.sha256()
    for part in (
        spec.text,
        timezone,
        settings,
        duckdb.__version__,
        *MACROS,
        repr(version),
        *(repr((plan.entity, plan.stated, plan.columns, plan.fields)) for plan in entities),  # a header says units
        *(
            repr(replace(step, rows=()) if isinstance(step, Lookup) else step)
            for plan in entities
            for step in plan.steps
        ),
        *(repr(code_list(name).spellings) for name in lists),
    ):
        digest.update(part.encode())
    return digest.hexdigest()


def _columns(spec: MappingFile, entity: str, mapped: EntityMapping, header: Sequence[str], *, is_json: bool) -> Columns:
    if is_json:
        return JsonColumns(header, nested=mapped.each is not None)
    headers = HeaderReader(spec)
    sheet = SheetColumns(header, spec.columns, entity, headers)
    if not mapped.unpivot:
        return sheet
    unit = turned_unit(mapped.unpivot.matches(header), headers)
    return TurnedColumns(sheet, mapped.unpivot.name, mapped.unpivot.value, unit)


def _version(spec: MappingFile, compiler: ExpressionCompiler, header: Sequence[str]) -> Compiled:
    """The version as a number: as its expression gives it, or the seconds of its instant."""
    text, compiler.where = str(spec.version), spec.place("version")
    kind = Kind.NUMBER if text.startswith("number(") else Kind.INSTANT
    try:
        version = compiler.compile(text, FieldSpec("version", kind, Text("版本", "Version")))
    except MissingColumnError as error:
        raise MappingDoesNotFitError(spec, [Text(error.name, error.name)], header) from error
    if kind is Kind.NUMBER:
        return version
    seconds = f"CAST(epoch_us({version.sql}) AS DECIMAL(24,0)) * 0.000001::DECIMAL(7,6)"
    return Compiled(Kind.NUMBER, (seconds,), version.problems, version.columns)


def _plan_entity(
    spec: MappingFile,
    name: str,
    header: Sequence[str],
    compiler: ExpressionCompiler,
    *,
    is_json: bool,
    key_parts: tuple[str, ...],
) -> EntityPlan:
    entity, mapped = SPECS[name], spec.entities[name]
    _refuse_other_shape(spec, name, is_json=is_json)
    turned = mapped.unpivot.matches(header) if mapped.unpivot else ()
    unit = turned_unit(turned, compiler.headers)
    missing: list[Text] = []
    if not unit and any(says_measure(compiler.headers.read(column)) for column in turned):
        missing += [_torn_units(turned)]
    if mapped.unpivot and not turned:
        patterns = "、".join(mapped.unpivot.columns)
        missing.append(Text(patterns, patterns))
    fields, absent, lacking = _compile_fields(spec, entity, compiler)
    missing += lacking
    own_key = []
    compiler.where = spec.place("entities", name, "key")
    for text in mapped.key:
        try:
            own_key.append(compiler.compile_text(text))
        except MissingColumnError as error:
            missing.append(Text(error.name, error.name))
    if missing:
        raise MappingDoesNotFitError(spec, missing, header)
    fields |= _said_by_headers(entity, fields)
    fields |= _price_of_one(entity, fields, compiler, header)
    parts = [source_column(part) for part in key_parts]
    as_text = {k: f"CAST({fields[k].sql} AS VARCHAR)" for k in fields}
    natural = [as_text.get(k, "NULL") for k in entity.key]
    parent = [as_text.get(k, "NULL") for k in entity.parent_key]
    used = sorted({c for compiled in (*fields.values(), *own_key) for c in compiled.columns} | set(key_parts))
    naming = [fields[k] for k in (*entity.key, *entity.parent_key) if k in fields]
    named_by = sorted({c for compiled in (*naming, *own_key) for c in compiled.columns})
    return EntityPlan(
        entity=entity,
        each=mapped.each,
        turned=turned,
        turned_names=(mapped.unpivot.name, mapped.unpivot.value + unit) if mapped.unpivot else (),
        turned_unit=unit,
        fields={f: fields[f] for f in entity.fields if f in fields},
        key=(*parts, *([c.sql for c in own_key] or natural)),
        own_key=tuple(own_key),
        natural=(*parts, *natural),
        parent=(*parts, *parent) if parent else (),
        columns=tuple(used),
        column_sql=tuple(compiler.column_sql.get(c, source_column(c)) for c in used),
        naming_sql=tuple(compiler.column_sql.get(c, source_column(c)) for c in named_by),
        steps=compiler.steps,
        absent=tuple(field for field in absent if field not in fields),
        dates=compiler.dates,
        commas=compiler.commas,
        unknown=unknown_object({f: f"coalesce({', '.join(c.unknown)})" for f, c in fields.items() if c.unknown}),
    )


def _refuse_other_shape(spec: MappingFile, name: str, *, is_json: bool) -> None:
    mapped = spec.entities[name]
    if mapped.each and set("*[]") & set(mapped.each):
        raise MappingError(
            Text(
                f"{name}: each 是一个列表的路径，如 lines，不能有 * 和方括号；列表里面的列表读不了。",
                f"{name}: each is the path of one list, such as lines, without * and brackets; a list inside a list "
                "cannot be read.",
            ),
            where=spec.place("entities", name, "each"),
        )
    if mapped.each and not is_json:
        raise MappingError(
            Text(f"{name}: each 只用于 JSON 数据。", f"{name}: each serves JSON streams only."),
            where=spec.place("entities", name, "each"),
        )
    if mapped.unpivot and is_json:
        raise MappingError(
            Text(f"{name}: unpivot 只用于表格。", f"{name}: unpivot serves sheets only."),
            where=spec.place("entities", name, "unpivot"),
        )


def _compile_fields(
    spec: MappingFile, entity: EntitySpec, compiler: ExpressionCompiler
) -> tuple[dict[str, Compiled], list[str], list[Text]]:
    """The fields that the header can state, those that it leaves out, and the columns without which nothing goes."""
    fields: dict[str, Compiled] = {}
    absent: list[str] = []
    missing: list[Text] = []
    for name, text in spec.entities[entity.name].fields.items():
        compiler.where, field = spec.place("entities", entity.name, "fields", name), entity.fields[name]
        try:
            is_name = name in entity.key or name in _NAMES or name.endswith("_number")
            fields[name] = compiler.compile(str(text), field, is_name=is_name)
        except LostUnitError as error:
            missing.append(_doubtful(field.label, [error.column]))
        except MissingColumnError as error:
            doubtful = compiler.doubtful(error.name)
            if doubtful and field.kind in (Kind.QUANTITY, Kind.MONEY):
                missing.append(_doubtful(field.label, doubtful))
            elif field.is_required:
                missing.append(_wanted(spec, field.label, error.name))
            else:
                absent.append(name)
    for name in (PRICE, "price"):
        if name in fields and "price_base" not in fields and compiler.headers.is_for_many(fields[name].header):
            absent.append(name)  # 单价(元/千个) 未税, named whole, is no price of one
            del fields[name]
    return fields, absent, missing


def _said_by_headers(entity: EntitySpec, fields: Mapping[str, Compiled]) -> dict[str, Compiled]:
    """What the header of a price says besides: below 含税单价 the price has tax in it, below 未税单价 it has not."""
    price = fields.get(PRICE)
    if price is None or TAX_INCLUDED in fields or TAX_INCLUDED not in entity.fields:
        return {}
    said = says_tax_included(price.header)
    value = f"CASE WHEN {price.sql} IS NOT NULL THEN {str(said).upper()} END"
    return {} if said is None else {TAX_INCLUDED: Compiled(Kind.FLAG, (value,), (), (price.header,))}


def _price_of_one(
    entity: EntitySpec, fields: Mapping[str, Compiled], compiler: ExpressionCompiler, header: Sequence[str]
) -> dict[str, Compiled]:
    """The price of one of the quantity's unit: 3.5 for a 斤 is 7 for a kilogram; that of a box is none where pieces are counted.

    What it is for says its own cell (3.5元/斤), else its header (元/箱) or a column 计价单位, also where the mapping does
    not read that.
    """
    name = next((one for one in (PRICE, "price") if one in fields), "")
    quantity = next(
        (fields[name] for name, one in entity.fields.items() if one.kind is Kind.QUANTITY and name in fields), None
    )
    if not name or quantity is None:
        return {}
    price = fields[name]
    unit, per = compiler.headers.priced_by(price.header) if price.header else ("", "")
    shown, column, columns = quote_text(price.header), price.column, price.columns
    told = next((name for name in header if normalise_header(name) in _PRICE_UNITS), None)
    if unit:
        unit = quote_text(unit)
    elif told is not None:
        one = compiler.compile(f"quantity(1, {quote_name(told)})", _ONE)
        unit, shown, column, columns = *one.parts[1:], told, (*columns, *one.columns)
        per = f"coalesce({one.sql}, {quantity.factor or 1})"
    problems = price.problems
    if price.each:
        code, factor = compiler.priced_by(price)
        problems = tuple(one for one in problems if one.condition != f"({price.each} IS NOT NULL)")
        problems += _of_another(price, quantity, code, price.each, price.column)
        per = f"CASE WHEN {price.each} IS NULL THEN {per or quantity.factor or 1} ELSE {factor} END"
    if unit:
        own = f"CASE WHEN {price.each or 'NULL'} IS NULL THEN {shown} END"
        problems += _of_another(price, quantity, unit, own, column)
    per = per or quantity.factor
    value = price.sql
    if per and per != "1":
        value = f"CASE WHEN coalesce({per}, 1) = 1 THEN {price.sql} ELSE xd_over({price.sql}, {per}) END"
    return {name: replace(price, parts=(value, *price.parts[1:]), problems=problems, columns=columns)}


def _of_another(price: Compiled, quantity: Compiled, unit: str, shown: str, column: str) -> tuple[Problem]:
    """That the price is for the SQL `unit`, and the quantity in another; `shown` is NULL where no unit is said."""
    pieces = ", ".join(map(quote_text, PIECES))
    counted = quantity.parts[1]
    same = f"coalesce({unit} = {counted} OR ({unit} IN ({pieces}) AND {counted} IN ({pieces})), FALSE)"
    is_other = f"({price.sql} IS NOT NULL AND {counted} IS NOT NULL AND {shown} IS NOT NULL AND NOT {same})"
    return (Problem(is_other, "XD-UNT-007", shown, column),)


def _doubtful(label: Text, columns: Sequence[str]) -> Text:
    """A quantity or amount of which the column is there, in words that are not understood; it is not left out unsaid."""
    zh, en = "”“".join(columns), "”, “".join(columns)
    return Text(
        f"{label.zh}（表头里的“{zh}”拿不准，请在表达式里写全列名，加双引号）",
        f"{label.en} (“{en}” in the header is not understood: write the whole name, in double quotes, in the expression)",
    )


def _torn_units(columns: Sequence[str]) -> Text:
    """Columns that were turned into rows and say different things about their numbers, or only some of them anything."""
    zh, en = "、".join(columns[:4]), ", ".join(columns[:4])
    return Text(
        f"展开的列单位要一致（{zh}：请让对方统一表头里的单位）",
        f"one unit for all unpivoted columns ({en}: have the units in their headers made the same)",
    )


def _wanted(spec: MappingFile, label: Text, name: str) -> Text:
    """A missing column as a person would call it, with some of the headers that it may have."""
    aliases = [alias for alias in spec.columns.get(name, []) if alias not in label]
    zh, en = label
    if aliases:
        zh, en = f"{zh}（也可叫 {'、'.join(aliases[:4])}）", f"{en} (also {', '.join(aliases[:4])})"
    return Text(zh, en)
