"""Right-hand sides of mapping files: parsed by sqlglot, checked node by node, compiled to DuckDB SQL.

Nothing that a mapping author writes reaches DuckDB as text. The expression is parsed in a dialect without built-in
functions, and each syntax-tree class that is allowed has a compiler of its own here; any other class is refused.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from sqlglot import exp

from canonical_model.codes import MULTIPLES, list_names
from canonical_model.declaration import FieldSpec, Kind
from canonical_model.entities import SPECS
from canonical_model.errors import MappingError
from canonical_model.language import Text
from canonical_model.text import clip
from mappings.compiled import (
    Atom,
    Columns,
    Compiled,
    Lookup,
    LostUnitError,
    MissingColumnError,
    Problem,
    Spelling,
    quote_text,
)
from mappings.dates import AskedColumn
from mappings.functions import DECIMAL, POWER, SIGNS, USUAL_DAY, USUAL_MOMENT, USUAL_NUMBER
from mappings.headers import PERCENT, HeaderReader, Measure, into, own_unit
from mappings.spec import MappingFile, code_table
from mappings.syntax import MAX_LENGTH, TOO_MUCH, ExpressionError, parse
from mappings.unknown import OPEN, unknown_pattern
from mappings.words import nearest

_ODD = re.compile(r"\b_odd\b(?=\))")
_NAMES = re.compile(r"_[a-z]?(?:atom|lookup)[0-9]+(?:_code|_factor)?")


_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
_ARITHMETIC: dict[type[exp.Expr], str] = {
    exp.Add: "xd_plus",
    exp.Sub: "xd_minus",
    exp.Mul: "xd_times",
    exp.Div: "xd_over",
}
PIECES = ("H87", "EA", "NAR", "C62")
"""Codes that all count single things."""
_MANY = {"MIL": 1000, "CEN": 100, "DZN": 12}
"""Codes of so many of them."""
_WHOLE = rf"{POWER}|(?:[元圆]|[A-Za-z]{{3}})\s*整?\s*$"
"""What a number says of itself that leaves nothing for its header to say: 1.5万, 15000元, 15000 CNY."""
_NO_TEXT = "CAST(NULL AS VARCHAR)"
MAX_SQL = 400_000
"""Most characters of SQL that one expression may become."""
MAX_TEXT = 20_000
"""Longest text that replace() makes."""

_TEXT_FUNCTIONS = {"upper": 1, "lower": 1, "trim": 1, "left": 2, "right": 2, "replace": 3, "substring": 3, "split": 3}
_REFERENCES = {"party": "party", "item": "item", "location": "location"}
_PARSERS = (
    *("text", "number", "integer", "date", "instant", "flag", "code", "quantity", "money", *_REFERENCES),
    *("coalesce", "concat", *_TEXT_FUNCTIONS),
)
FUNCTION_NAMES: tuple[str, ...] = tuple(sorted(_PARSERS))
"""Every function that a mapping may call."""

assert set(_REFERENCES) <= set(SPECS)  # noqa: S101  # references name entities


_YES_NO = {"yes": "TRUE", "on": "TRUE", "no": "FALSE", "off": "FALSE"}
"""What a constant may be called that says yes or no."""


class ExpressionCompiler:
    """Compiles the right-hand sides of one mapping against one header.

    Attributes:
        where: File and line of what is being compiled, for errors.
        headers: Reads what the header says of its numbers.

    Args:
        spec: The mapping file.
        columns: The header's columns.
        timezone: IANA zone that naive times take.
        date_order: Setting for dates such as 03/04/2026: "dmy", "mdy", "ymd", or empty for the mapping's own.
        currency: Code of the currency of amounts that state none; may be empty.
        prefix: Letter that keeps the names of its atoms apart from another compiler's.
    """

    def __init__(
        self,
        spec: MappingFile,
        columns: Columns,
        timezone: str,
        *,
        date_order: str = "",
        currency: str = "",
        prefix: str = "",
    ) -> None:
        self._prefix = prefix
        self._spec = spec
        self._columns = columns
        self._zone = quote_text(timezone)
        self.headers = HeaderReader(spec)
        self._currency = quote_text(currency) if currency else ""
        # 元 and $ of amounts in Hong Kong dollars mean these
        self._signs = [sign for sign, codes in SIGNS.items() if currency in codes[1:]]
        self._short = quote_text(date_order or spec.date_order)
        self._dates: dict[str, AskedColumn] = {}
        self._commas: dict[str, AskedColumn] = {}
        self._told: set[str] = set()
        self._open: set[str] = set()
        self._unknown_words = quote_text(unknown_pattern(spec.unknown))
        self._may_be_digits = any(word[-1:].isdigit() for word in spec.unknown)
        self.where = spec.place()
        self._lookups: dict[tuple[str, str, str], Lookup] = {}
        self._column_sql: dict[str, str] = {}
        self._atoms: dict[str, Atom] = {}
        self._levels: dict[str, int] = {}

    @property
    def column_sql(self) -> Mapping[str, str]:
        """Source columns that the expressions compiled so far read: name -> SQL of its text as received."""
        return self._column_sql

    @property
    def dates(self) -> tuple[AskedColumn, ...]:
        """Texts that the expressions compiled so far read as dates; the engine asks each for its order."""
        return tuple(self._dates.values())

    @property
    def commas(self) -> tuple[AskedColumn, ...]:
        """Columns that the expressions compiled so far read as numbers; the engine asks each for decimal commas."""
        return tuple(self._commas.values())

    @property
    def steps(self) -> tuple["Atom | Lookup", ...]:
        """What the expressions compiled so far share: values worked out once, and code tables."""
        return (*self._atoms.values(), *self._lookups.values())

    def priced_by(self, price: Compiled) -> tuple[str, str]:
        """SQL of the code and the factor of the unit that stands behind a price in its own cell."""
        code, factor = self._lookup(price.each, "unit", "unit", self._spelling(price, USUAL_NUMBER))
        return code, factor or "1"

    def doubtful(self, name: str) -> list[str]:
        """Columns that may be meant by a name that the header does not carry."""
        return self._columns.doubtful(name)

    def compile(self, text: str, target: FieldSpec, *, is_name: bool = False) -> Compiled:
        """The compiled right-hand side `text` for the field `target`, of the field's kind.

        `is_name` says that the field tells records apart: a lot “/” is then an unknown one, and no lot of that name. So is
        a barcode.

        Raises:
            MappingError: It does not parse, uses something that is not allowed, or gives another kind.
            MissingColumnError: It reads a column that the header does not carry.
        """
        whole = None if text in self._spec.lookups else self._columns.whole(text)
        if target.kind is Kind.FLAG and whole is None:
            text = _YES_NO.get(text.lower(), text)
        compiled = self._column(*whole) if whole else self._visit(self._parse(text, target.name), text, target)
        typed = self._as_kind(compiled, text, target)
        if (is_name or target.scheme) and target.kind is Kind.TEXT:
            raw = self._once(f"xd_barcode({typed.sql})") if target.scheme else typed.sql
            typed = replace(self._reference(typed, raw), kind=Kind.TEXT)
        is_code = is_name or target.refers_to == "item" or target.name.endswith("_number")
        if is_code and target.kind in (Kind.TEXT, Kind.REF):
            is_torn = f"contains({typed.sql}, chr(10))"
            typed = replace(typed, problems=(*typed.problems, Problem(is_torn, "XD-TXT-003", typed.sql, typed.column)))
        return self._bounded(self._required(typed, target), text)

    @staticmethod
    def _required(compiled: Compiled, target: FieldSpec) -> Compiled:
        if not target.is_required:
            return compiled
        column = compiled.main or compiled.column
        says = tuple(Problem(f"({text} IS NOT NULL)", "XD-REQ-002", text, column) for text in compiled.unknown)
        return replace(compiled, problems=(*says, *compiled.problems))

    def compile_text(self, text: str) -> Compiled:
        """The compiled expression as text, for keys."""
        whole = self._columns.whole(text)
        return self._bounded(self._column(*whole) if whole else self._visit(self._parse(text, "key"), text, None), text)

    def _parse(self, text: str, name: str) -> exp.Expr:
        try:
            return parse(text, name)
        except ExpressionError as error:
            raise self._error(text, error.what, error.hint) from error

    def _bounded(self, compiled: Compiled, text: str) -> Compiled:
        size = sum(map(len, compiled.parts)) + sum(len(p.condition) + len(p.value) for p in compiled.problems)
        if size > MAX_SQL:
            raise self._error(text, *TOO_MUCH)
        return compiled

    def _error(self, text: str, what: Text, hint: Text | None = None) -> MappingError:
        shown = clip(text)
        return MappingError(
            Text(f"{what.zh}（{shown}）", f"{what.en} ({shown})"), where=self.where, hint=hint, code="XD-MAP-005"
        )

    def _visit(self, node: exp.Expr, text: str, target: FieldSpec | None) -> Compiled:
        def visit(part: exp.Expr) -> Compiled:
            return self._visit(part, text, target)

        kind = type(node)
        if isinstance(node, exp.Column | exp.Dot):
            return self._named(node, text)
        if isinstance(node, exp.Anonymous):
            return self._function(node, text, target)
        if kind is exp.Paren:
            return visit(node.this)
        if kind is exp.Literal:
            if node.is_string:
                return Compiled(Kind.TEXT, (quote_text(node.this),))
            macro = "xd_usual_number" if re.fullmatch(USUAL_NUMBER, node.this) else "xd_number"
            return Compiled(Kind.NUMBER, (self._once(f"{macro}({quote_text(node.this)})"),))
        if kind is exp.Null:
            return Compiled(Kind.TEXT, (_NO_TEXT,))
        if kind is exp.Boolean:
            return Compiled(Kind.FLAG, ("TRUE" if node.this else "FALSE",))
        if kind is exp.Neg:
            return self._arithmetic(
                "xd_minus", Compiled(Kind.NUMBER, (f"CAST(0 AS {DECIMAL})",)), visit(node.this), text
            )
        if kind in _ARITHMETIC:
            return self._arithmetic(_ARITHMETIC[kind], visit(node.this), visit(node.expression), text)
        if kind is exp.DPipe:
            return self._concat([visit(node.this), visit(node.expression)])
        if kind in _COMPARISONS:
            left, right = visit(node.this), visit(node.expression)
            self._same_kind(left, right, text)
            return self._join(Kind.FLAG, f"({left.sql} {_COMPARISONS[kind]} {right.sql})", left, right)
        if kind in (exp.And, exp.Or):
            left, right = visit(node.this), visit(node.expression)
            return self._join(Kind.FLAG, f"({left.sql} {'AND' if kind is exp.And else 'OR'} {right.sql})", left, right)
        if kind is exp.Not:
            inner = visit(node.this)
            return self._join(Kind.FLAG, f"(NOT {inner.sql})", inner)
        if kind is exp.Is and isinstance(node.expression, exp.Null):
            inner = visit(node.this)
            return self._join(Kind.FLAG, f"({inner.sql} IS NULL)", inner)
        if kind is exp.In and node.expressions and not node.args.get("query"):
            inner, *listed = [visit(part) for part in (node.this, *node.expressions)]
            for part in listed:
                self._same_kind(inner, part, text)
            return self._join(Kind.FLAG, f"({inner.sql} IN ({', '.join(p.sql for p in listed)}))", inner, *listed)
        if isinstance(node, exp.Case):
            return self._case(node, text, target)
        raise self._error(
            text,
            Text(f"这里不能使用 {node.key}。", f"{node.key} is not allowed here."),
            Text(
                "可用：列、常量、+ - * /、||、比较、AND/OR/NOT、CASE 和映射函数。",
                "Allowed: columns, constants, + - * /, ||, comparisons, AND/OR/NOT, CASE and mapping functions.",
            ),
        )

    # columns

    def _named(self, node: exp.Column | exp.Dot, text: str) -> Compiled:
        path = tuple(part.name for part in node.parts)
        if not all(isinstance(part, exp.Identifier) for part in node.parts):
            raise self._error(
                text, Text("这里不能使用 * 或带点的函数。", "* and functions with a dot are not allowed here.")
            )
        if len(path) == 1 and path[0] in self._spec.lookups:
            return self._looked_up(path[0])
        found = self._columns.find(path)
        if found is None:
            raise MissingColumnError(".".join(path))
        return self._column(*found)

    def _column(self, sql: str, name: str) -> Compiled:
        self._column_sql[name] = sql
        return Compiled(Kind.TEXT, (self._once(f"xd_tidy({sql}, _odd)"),), (), (name,), header=name)

    def _measure(self, value: Compiled) -> Measure:
        """What the header of a plain column says in brackets."""
        return (value.header and self.headers.read(value.header)) or Measure(value.header)

    # atoms

    def _level(self, sql: str) -> int:
        """One more than the highest level of what `sql` names."""
        return 1 + max((self._levels.get(name, 0) for name in _NAMES.findall(sql)), default=0)

    def _once(self, sql: str, spelling: Spelling | None = None, usual: str = "") -> str:
        """The name under which `sql`, or the same in its `usual` form, is worked out once for each row."""
        if sql not in self._atoms:
            atom = Atom(f"_{self._prefix}atom{len(self._atoms)}", sql, self._level(sql), spelling, usual)
            self._atoms[sql] = atom
            self._levels[atom.name] = atom.level
        return self._atoms[sql].name

    def _unread(self, raw: str, value: str) -> tuple[str, str]:
        """The text that gave no value, and the same where it says that the value is unknown; each else NULL.

        Both are NULL in nearly all rows, so that what looks at them costs nothing on clean data.
        """
        left = self._once(f"CASE WHEN {value} IS NULL THEN {raw} END")
        return left, self._once(f"xd_unknown({left}, {self._unknown_words})")

    def _spelling(self, value: Compiled, pattern: str) -> Spelling | None:
        """The column of which `value` is the plain value, and how it is usually written."""
        return Spelling(self._column_sql[value.header], pattern) if value.header else None

    def _order(self, raw: str, column: str, spelling: Spelling | None) -> str:
        """SQL of the order of day and month in the dates of `raw`, as the whole batch shows it."""
        sql = self._over_columns(raw)
        if sql is None:
            return self._short if self._short in ("'dmy'", "'mdy'") else "''"
        if sql not in self._dates:
            name = f"xd_order_{hashlib.sha256(sql.encode()).hexdigest()[:16]}"
            self._dates[sql] = AskedColumn(name, sql, column, spelling)
        return f"{self._dates[sql].name}(_batch)"

    def _comma(self, raw: str, value: Compiled) -> str:
        """SQL of whether the column of `value` shows a decimal comma, as the whole batch tells."""
        sql = self._over_columns(raw)
        if sql is None:
            return "FALSE"
        if sql not in self._commas:
            name = f"xd_comma_{hashlib.sha256(sql.encode()).hexdigest()[:16]}"
            self._commas[sql] = AskedColumn(name, sql, value.column, self._spelling(value, USUAL_NUMBER))
        return f"{self._commas[sql].name}(_batch)"

    def _over_columns(self, sql: str) -> str | None:
        """`sql` over the source's columns alone; None where it reads a code table or grows too long."""
        atoms = {atom.name: atom.sql for atom in self._atoms.values()}
        while names := _NAMES.findall(sql):
            if not all(name in atoms for name in names) or len(sql) > MAX_LENGTH:
                return None
            sql = _NAMES.sub(lambda found: f"({atoms[found[0]]})", sql)
        return _ODD.sub("TRUE", sql)

    def _looked_up(self, name: str) -> Compiled:
        """What the store has for the values of this row; no such record, or several that differ, parks the row."""
        asked, was = self._spec.lookups[name], self.where
        if name in self._open:
            raise self._error(name, Text(f"lookups.{name} 用到了自己。", f"lookups.{name} uses itself."))
        self._open.add(name)
        self.where = self._spec.place("lookups", name)
        values = [self.compile_text(text) for text in asked.match.values()]
        keys = [self._over_columns(self._raw(value, name, name)) for value in values]
        if None in keys:
            raise self._error(
                name, Text("match 里只能用列和文本函数。", "match takes columns and functions of text only.")
            )
        self.where = was
        self._open.discard(name)
        word = " || '|' || ".join(f"xd_key(nullif({value.sql}, ''))" for value in values)
        known = " AND ".join(f"{value.sql} IS NOT NULL" for value in values)
        word = self._once(f"CASE WHEN {known} THEN {word} END")
        found = (name, "store", word)
        if found not in self._lookups:
            lookup = Lookup(
                f"_{self._prefix}lookup{len(self._lookups)}", word, (), self._level(word), asked, tuple(map(str, keys))
            )
            self._lookups[found] = lookup
            self._levels[f"{lookup.name}_code"] = lookup.level
        code = f"{self._lookups[found].name}_code"
        joined = self._join(Kind.TEXT, code, *values)
        main = next((value for value in values if value.columns), values[0])
        left = self._once(f"CASE WHEN {code} IS NULL AND {word} IS NOT NULL THEN {main.sql} END")
        said = self._once(f"xd_unknown({left}, {self._unknown_words})")
        missing = Problem(f"({left} IS NOT NULL AND {said} IS NULL)", "XD-LKP-001", left, main.column)
        return replace(joined, problems=(*joined.problems, missing), unknown=(*joined.unknown, said))

    # combining

    @staticmethod
    def _join(kind: Kind, sql: str, *parts: Compiled) -> Compiled:
        return Compiled(
            kind,
            (sql,),
            tuple(p for part in parts for p in part.problems),
            _union(*parts),
            unknown=_unknowns(*parts),
        )

    def _same_kind(self, left: Compiled, right: Compiled, text: str) -> None:
        if left.kind is not right.kind or len(left.parts) > 1:
            raise self._error(
                text,
                Text(f"不能比较 {left.kind} 和 {right.kind}。", f"{left.kind} cannot be compared with {right.kind}."),
                Text(
                    "列的内容是文本，先用 number()、date() 等转换。",
                    "Columns are text: convert them with number(), date() and so on.",
                ),
            )

    def _arithmetic(self, macro: str, left: Compiled, right: Compiled, text: str) -> Compiled:
        if left.kind is not Kind.NUMBER or right.kind is not Kind.NUMBER:
            raise self._error(
                text,
                Text("只有数字能做加减乘除。", "Only numbers can be added, subtracted, multiplied or divided."),
                Text("列的内容是文本，请写 number(列)。", "Columns are text: write number(column)."),
            )
        joined = self._join(Kind.NUMBER, self._once(f"{macro}({left.sql}, {right.sql})"), left, right)
        failed = f"({joined.sql} IS NULL AND {left.sql} IS NOT NULL AND {right.sql} IS NOT NULL)"
        shown = f"concat_ws(', ', CAST({left.sql} AS VARCHAR), CAST({right.sql} AS VARCHAR))"
        column = joined.column
        return replace(joined, problems=(*joined.problems, Problem(failed, "XD-EXP-001", shown, column)))

    def _concat(self, parts: list[Compiled]) -> Compiled:
        sql = " || ".join(f"coalesce(CAST({part.sql} AS VARCHAR), '')" for part in parts)
        return self._join(Kind.TEXT, self._once(f"nullif({sql}, '')"), *parts)

    def _case(self, node: exp.Case, text: str, target: FieldSpec | None) -> Compiled:
        subject = self._visit(node.this, text, target) if node.this else None
        branches, everything = [], [subject] if subject else []
        values: list[Compiled] = []
        for branch in node.args["ifs"]:
            condition = self._visit(branch.this, text, target)
            value = self._visit(branch.args["true"], text, target)
            if subject:
                self._same_kind(subject, condition, text)
            branches.append((f"{subject.sql} = {condition.sql}" if subject else condition.sql, value))
            everything += [condition, value]
            values.append(value)
        default = self._visit(node.args["default"], text, target) if node.args.get("default") else None
        if default:
            values.append(default)
            everything.append(default)
        if len({(value.kind, len(value.parts)) for value in values}) != 1:
            raise self._error(text, Text("CASE 的各个结果类型不同。", "The results of CASE are of different kinds."))
        parts = []
        for i in range(len(values[0].parts)):
            whens = " ".join(f"WHEN {condition} THEN {value.parts[i]}" for condition, value in branches)
            parts.append(self._once(f"CASE {whens} ELSE {default.parts[i] if default else 'NULL'} END"))
        # only the branch that is taken may complain, or say that its value is unknown
        others = [part for part in everything if part not in values]
        problems = [p for part in others for p in part.problems]
        unknown = list(_unknowns(*others))
        taken = [self._once(f"({condition})") for condition, _ in branches]
        for i, value in enumerate(values):
            here = " AND ".join([*(f"NOT coalesce({t}, FALSE)" for t in taken[:i]), *taken[i : i + 1]])
            problems += [replace(p, condition=f"({here} AND {p.condition})") for p in value.problems]
            unknown += [self._once(f"CASE WHEN {here} THEN {said} END") for said in value.unknown]
        return Compiled(values[0].kind, tuple(parts), tuple(problems), _union(*everything), unknown=tuple(unknown))

    def _first_of(self, values: Sequence[Compiled]) -> Compiled:
        """The first value there is; 待定 in an earlier column holds against a day in a later one, N/A or a stroke does not."""
        first = self._once(f"coalesce({', '.join(value.sql for value in values)})")
        if values[0].kind not in (Kind.DAY, Kind.INSTANT) or not any(value.unknown for value in values[:-1]):
            return self._join(values[0].kind, first, *values)
        cases = ""
        for value in values:
            words = "".join(f" OR coalesce(regexp_matches({said}, '{OPEN}'), FALSE)" for said in value.unknown)
            cases += f" WHEN {value.sql} IS NOT NULL THEN {value.sql} WHEN FALSE{words} THEN NULL"
        held = self._once(f"CASE{cases} END")
        joined = self._join(values[0].kind, held, *values)
        return replace(joined, unknown=tuple(f"CASE WHEN {held} IS NULL THEN {said} END" for said in joined.unknown))

    # functions

    def _function(self, node: exp.Anonymous, text: str, target: FieldSpec | None) -> Compiled:
        name = str(node.this).lower()
        if name not in _PARSERS:
            near = nearest(name, _PARSERS)
            if near not in _PARSERS and node.parent is None and self.headers.read(text):
                header = self._columns.find((text,))  # 毛重(KG)
                if header is None:
                    raise MissingColumnError(text)
                return self._column(*header)
            raise self._error(
                text,
                Text(
                    f"没有函数“{node.this}”，是不是 {near}？",
                    f"There is no function “{node.this}”; did you mean {near}?",
                ),
                Text(
                    "如果它是列名，请加双引号，例如 '\"重量(kg)\"'。",
                    "If it is a column name, put it in double quotes, such as '\"重量(kg)\"'.",
                ),
            )
        if name == "code":
            return self._code_call(node, text, target)
        if name in ("quantity", "money"):
            return self._amount(node, name, text, target)
        if name == "coalesce":
            arguments = self._those_there(node, text, target)
        else:
            arguments = [self._visit(part, text, target) for part in node.expressions]
        if name in ("coalesce", "concat"):
            if not arguments:
                raise self._count(text, name, 1)
            if name == "concat":
                return self._concat(arguments)
            if len(arguments) == 1:
                return arguments[0]
            self._keep_units(arguments, text, target)
            if len({a.kind for a in arguments}) != 1 or len(arguments[0].parts) > 1:
                raise self._error(
                    text, Text("coalesce 的参数类型不同。", "The arguments of coalesce are of different kinds.")
                )
            return self._first_of(arguments)
        if name in _TEXT_FUNCTIONS:
            self._keep_units(arguments, text, target)
            return self._text_function(name, arguments, text)
        if name == "number" and len(arguments) == 2:
            return self._with_comma(node, arguments[0], text)
        if len(arguments) != 1:
            raise self._count(text, name, 1)
        is_whole = node.parent is None and name in ("number", "integer") and arguments[0].kind is Kind.TEXT
        if is_whole and target is not None and own_unit(target.name):
            return arguments[0]  # which the field itself reads
        if name in ("number", "integer") and target is not None and own_unit(target.name):
            self._keep_units(arguments, text, target)
        if name == "number" and type(node.parent) in _ARITHMETIC and arguments[0].kind is Kind.TEXT:
            raw = arguments[0].sql
            is_share = f"suffix({raw}, '%') OR suffix({raw}, '％')"
            share = f"coalesce(CAST(xd_share({raw}) AS VARCHAR), {raw})"
            spelling = self._spelling(arguments[0], USUAL_NUMBER)
            as_text = self._once(f"CASE WHEN {is_share} THEN {share} ELSE {raw} END", spelling, raw)
            return self._convert(replace(arguments[0], parts=(as_text,)), name, text)
        return self._convert(arguments[0], name, text)

    def _keep_units(self, arguments: Sequence[Compiled], text: str, target: FieldSpec | None) -> None:
        """Returns where no number is computed from a column that the expression names without the unit in its header."""
        own = own_unit(target.name) if target is not None else ""
        is_measured = target is not None and target.kind in (Kind.QUANTITY, Kind.MONEY)
        for argument in arguments if own or is_measured else ():
            measure = self._measure(argument)
            is_other = bool(argument.header) and self.headers.into(argument.header, own) != "1"
            is_many = measure.factor != 1 or measure.each or (target and target.kind is Kind.MONEY and measure.unit)
            if (is_other if own else is_many) and argument.header not in text:
                raise LostUnitError(argument.header)

    def _those_there(self, node: exp.Anonymous, text: str, target: FieldSpec | None) -> list[Compiled]:
        """The arguments whose columns the sheet has; one of them must be there."""
        found: list[Compiled] = []
        lacking: list[MissingColumnError] = []
        for part in node.expressions:
            try:
                found.append(self._visit(part, text, target))
            except MissingColumnError as error:
                lacking.append(error)
        if lacking and not found:
            raise lacking[-1]
        return found

    def _count(self, text: str, name: str, count: int) -> MappingError:
        return self._error(text, Text(f"{name}() 需要 {count} 个参数。", f"{name}() takes {count} arguments."))

    def _text_function(self, name: str, arguments: list[Compiled], text: str) -> Compiled:
        if len(arguments) != _TEXT_FUNCTIONS[name]:
            raise self._count(text, name, _TEXT_FUNCTIONS[name])
        values = [
            f"CAST({a.sql} AS BIGINT)" if a.kind is Kind.NUMBER and i else f"CAST({a.sql} AS VARCHAR)"
            for i, a in enumerate(arguments)
        ]
        call = {"split": "split_part"}.get(name, name)
        joined = self._join(Kind.TEXT, self._once(f"nullif(TRY({call}({', '.join(values)})), '')"), *arguments)
        if name != "replace":
            return joined
        # a longer word in place of a shorter one, nested, would grow without end
        fits = f"(length({values[0]}) * greatest(length({values[2]}), 1) <= {MAX_TEXT})"
        grown = Problem(f"(NOT {fits})", "XD-EXP-001", f"left({values[0]}, 80)", joined.column)
        shortened = self._once(f"CASE WHEN {fits} THEN {joined.sql} END")
        return replace(joined, parts=(shortened,), problems=(*joined.problems, grown))

    def _raw(self, argument: Compiled, name: str, text: str) -> str:
        if argument.kind is not Kind.TEXT:
            raise self._error(
                text,
                Text(
                    f"{name}() 的参数已经是 {argument.kind}。", f"The argument of {name}() is already {argument.kind}."
                ),
            )
        return argument.sql

    def _convert(self, argument: Compiled, name: str, text: str) -> Compiled:
        if name == "text":
            return self._join(Kind.TEXT, f"CAST({argument.sql} AS VARCHAR)", argument)
        if argument.kind is Kind.NUMBER and name in ("number", "integer"):
            raw, value = f"CAST({argument.sql} AS VARCHAR)", argument.sql
        else:
            raw = self._raw(argument, name, text)
            value = self._read_number(argument, raw) if name in ("number", "integer") else ""
        column = argument.column
        if name in _REFERENCES:
            return self._reference(argument, raw)
        parts: tuple[str, ...]
        order = ""
        if name in ("number", "integer"):
            kind, parts = Kind.NUMBER, (value,)
            if name == "integer":
                whole = f"CASE WHEN {value} = trunc({value}) THEN TRY_CAST({value} AS BIGINT) END"
                kind, parts = Kind.INTEGER, (self._once(whole),)
        elif name == "date":
            spelling = self._spelling(argument, USUAL_DAY)
            order = self._order(raw, column, spelling)
            day = f"coalesce(xd_day_there({raw}, {self._zone}), xd_date({raw}, {order}, {self._short}))"
            read = self._once(f"CAST({day} AS TIMESTAMP)", spelling, f"CAST(xd_usual_date({raw}) AS TIMESTAMP)")
            kind, parts = Kind.DAY, (self._once(f"xd_told({read})::DATE"),)
        elif name == "instant":
            spelling = self._spelling(argument, USUAL_MOMENT)
            order = self._order(raw, column, spelling)
            read = self._once(f"xd_local({raw}, {order}, {self._short})", spelling, f"xd_usual_local({raw})")
            kind, local = Kind.INSTANT, self._once(f"xd_told({read})")
            minutes = self._once(f"xd_offset({raw})", spelling, "CAST(NULL AS INTEGER)")
            moment = self._once(f"xd_instant({local}, {minutes}, {self._zone})")
            parts = (
                moment,
                f"CAST(xd_instant_offset({local}, {minutes}, {moment}) AS SMALLINT)",
                f"CASE WHEN {moment} IS NOT NULL THEN {minutes} IS NULL END",
            )
        else:
            kind, parts = Kind.FLAG, (self._once(f"xd_flag({raw})"),)
        left, said = self._unread(raw, parts[0])
        problems = (
            Problem(f"({left} IS NOT NULL AND {said} IS NULL{reason})", code, left, column, is_detail=bool(reason))
            for reason, code in self._reasons(kind, left, order, factor=self._measure(argument).factor)
        )
        return replace(
            argument,
            kind=kind,
            parts=parts,
            problems=(*argument.problems, *problems),
            unknown=(*argument.unknown, said),
        )

    def _with_comma(self, node: exp.Anonymous, argument: Compiled, text: str) -> Compiled:
        """number(x, ','): the comma is the decimal mark."""
        mark = node.expressions[1]
        if not (isinstance(mark, exp.Literal) and mark.is_string and mark.this == ","):
            raise self._error(text, Text("第二个参数只能是 ','。", "The second argument is ',' or left out."))
        raw = self._once(f"xd_from_comma({self._raw(argument, 'number', text)})")
        self._told.add(raw)
        return self._convert(replace(argument, parts=(raw,)), "number", text)

    def _read_number(self, argument: Compiled, raw: str) -> str:
        """SQL of the number in `raw`, times the power of ten in its column's header."""
        read, factor = f"xd_number({raw})", self._measure(argument).factor
        spelling = None
        if raw not in self._told and argument.columns:
            comma = self._comma(raw, argument)
            read = f"CASE WHEN {comma} AND xd_is_either({raw}) THEN NULL ELSE {read} END"
            spelling = self._spelling(argument, USUAL_NUMBER)
        value = self._once(read, spelling, f"xd_usual_number({raw})")
        if factor == 1:
            return value
        # 1.5万 and 15000元 below 金额(万元) could be either
        return self._once(f"CASE WHEN NOT regexp_matches({raw}, '{_WHOLE}') THEN xd_times({value}, {factor}) END")

    def _reasons(self, kind: Kind, left: str, order: str, *, factor: int = 1) -> tuple[tuple[str, str], ...]:
        """What can be the matter with a text that could not be read: a further condition and its issue."""
        match kind:
            case Kind.NUMBER:
                twice = ((f" AND regexp_matches({left}, '{_WHOLE}')", "XD-UNT-003"),) if factor != 1 else ()
                return (
                    *twice,
                    (f" AND xd_has_comma({left})", "XD-NUM-005"),
                    (f" AND xd_is_tiny({left})", "XD-NUM-006"),
                    (f" AND xd_is_number({left})", "XD-NUM-002"),
                    ("", "XD-NUM-001"),
                )
            case Kind.INTEGER:
                return (f" AND xd_number({left}) IS NOT NULL", "XD-NUM-004"), *self._reasons(
                    Kind.NUMBER, left, order, factor=factor
                )
            case Kind.DAY | Kind.INSTANT:
                return (
                    (f" AND xd_is_ambiguous_date({left}, {order})", "XD-DAT-002"),
                    (f" AND xd_lacks_year({left})", "XD-DAT-004"),
                    (f" AND xd_lacks_day({left})", "XD-DAT-005"),
                    ("", "XD-DAT-001" if kind is Kind.DAY else "XD-DAT-003"),
                )
            case _:
                return (("", "XD-FLG-001"),)

    def _reference(self, argument: Compiled, raw: str) -> Compiled:
        # most codes end in a digit, and none of our words does
        ends_in_digit = f"{raw}[-1] >= '0' AND {raw}[-1] < ':'"
        looked_at = raw if self._may_be_digits else f"CASE WHEN NOT ({ends_in_digit}) THEN {raw} END"
        said = self._once(f"xd_unknown({looked_at}, {self._unknown_words})")
        known = self._once(f"CASE WHEN {said} IS NULL THEN xd_code({raw}) END")
        unknown = (*argument.unknown, said)
        return Compiled(
            Kind.REF, (known,), argument.problems, argument.columns, unknown=unknown, header=argument.header
        )

    def _amount(self, node: exp.Anonymous, name: str, text: str, target: FieldSpec | None) -> Compiled:
        """quantity() or money(): a number with its unit or currency from the cell beside it, its own cell or its header."""
        if len(node.expressions) not in (1, 2):
            raise self._count(text, name, 2)
        value = self._visit(node.expressions[0], text, target)
        measure = self._measure(value)
        in_header = measure.unit if name == "quantity" else measure.currency
        if name == "money" and measure.unit and self.headers.is_many(measure.unit):
            raise MissingColumnError(node.expressions[0].name)  # 单价/千只 is no price of one
        beside: Compiled | None = None
        try:
            if len(node.expressions) == 2:
                beside = self._beside(node.expressions[1], value if name == "quantity" else None, text, target)
        except MissingColumnError:
            # a column that is not there is one without a word in it: each number says what it lacks
            is_told = in_header or (name == "money" and value.kind is Kind.TEXT)
            beside = None if is_told else Compiled(Kind.TEXT, (_NO_TEXT,))
        return (self._quantity if name == "quantity" else self._money)(value, beside, in_header, text)

    def _beside(self, node: exp.Expr, number: Compiled | None, text: str, target: FieldSpec | None) -> Compiled:
        """What stands beside a number: of columns that all may be its unit the one that is named as it is."""
        is_plain = isinstance(node, exp.Column) and not node.table
        paired = self._columns.paired(node.name, number.header) if number and number.header and is_plain else None
        return self._column(*paired) if paired else self._visit(node, text, target)

    def _with_unit(self, value: Compiled, text: str, form: Literal["cell", "price"] = "cell") -> tuple[Compiled, str]:
        """The number of a cell, and SQL of the unit that stands with it (500箱, or 3.2元/个 of a price); empty where none can."""
        if value.kind is Kind.NUMBER:
            return value, ""
        raw = self._raw(value, "quantity" if form == "cell" else "money", text)
        plain = self._read_number(value, raw)
        spelling = self._spelling(value, USUAL_NUMBER)
        left = self._once(f"CASE WHEN {plain} IS NULL THEN {raw} END")
        cell = self._once(f"xd_{form}({left})", spelling, _NO_TEXT)
        digits = self._once(f"xd_{form}_number({cell})", spelling, _NO_TEXT)
        unit = self._once(f"xd_{form}_unit({cell})", spelling, _NO_TEXT)
        if self._measure(value).factor != 1:
            digits, unit = _NO_TEXT, ""
        doubtful = f"{self._comma(raw, value)} AND xd_is_either({digits})" if value.columns else "FALSE"
        in_cell = f"CASE WHEN {digits} IS NOT NULL AND NOT ({doubtful}) THEN xd_number({digits}) END"
        amount = self._once(f"coalesce({plain}, {in_cell})", spelling, plain)
        left, said = self._unread(raw, amount)
        problems = (
            Problem(
                f"({left} IS NOT NULL AND {said} IS NULL{reason})", code, left, value.column, is_detail=bool(reason)
            )
            for reason, code in self._reasons(Kind.NUMBER, left, "", factor=self._measure(value).factor)
        )
        number = Compiled(
            Kind.NUMBER, (amount,), (*value.problems, *problems), value.columns, unknown=(*value.unknown, said)
        )
        return number, unit

    def _in_own_unit(self, value: Compiled, own: str, text: str) -> Compiled:
        """A number in its field's unit, also where cell or header name another (500g); of a percentage 0.13 could be 13 % as well."""
        number, in_cell = self._with_unit(value, text)
        problems = list(number.problems)
        alone = fits = f"{number.sql} IS NOT NULL"
        by_header = (value.header and self.headers.into(value.header, own)) or "1"
        amount = plain = number.sql if by_header == "1" else f"xd_times({number.sql}, {by_header})"
        spelling = self._spelling(value, USUAL_NUMBER)
        if in_cell:
            code, factor = self._lookup(in_cell, "unit", "unit", spelling)
            known = " ".join(f"WHEN {quote_text(one)} THEN {many}" for one, many in into(own).items())
            by_cell = f"{factor or 1} * CASE {code} {known} END"
            amount = f"CASE WHEN {in_cell} IS NULL THEN {plain} ELSE xd_times({number.sql}, {by_cell}) END"
            problems.append(Problem(f"({in_cell} IS NOT NULL AND {code} IS NULL)", "XD-UNT-001", in_cell, value.column))
            problems.append(
                Problem(f"({code} IS NOT NULL AND {by_cell} IS NULL)", "XD-UNT-003", value.sql, value.column)
            )
            alone = f"{alone} AND {in_cell} IS NULL"
            fits = f"{fits} AND ({in_cell} IS NULL OR {by_cell} IS NOT NULL)"
        if own == PERCENT and not self._measure(value).unit:
            fraction = f"({alone} AND {number.sql} > 0 AND {number.sql} < 1)"
            problems.append(Problem(fraction, "XD-UNT-005", value.sql, value.column))
        if amount != number.sql:
            amount = self._once(amount, spelling, plain)
            problems.append(Problem(f"({fits} AND {amount} IS NULL)", "XD-EXP-001", value.sql, value.column))
        return replace(number, parts=(amount,), problems=tuple(problems))

    def _quantity(self, value: Compiled, beside: Compiled | None, in_header: str, text: str) -> Compiled:
        number, in_cell = self._with_unit(value, text)
        given = self._raw(beside, "quantity", text) if beside else ""
        told = [part for part in (given, in_cell, quote_text(in_header) if in_header else "") if part]
        if not told and self._measure(value).factor != 1:
            told = ["CAST(NULL AS VARCHAR)"]  # 数量（万） says no unit, and 5个 below it would say another number
        if not told:
            raise self._count(text, "quantity", 2)
        raw = told[0] if len(told) == 1 else self._once(f"coalesce({', '.join(told)})")
        code, factor = self._lookup(raw, "unit", "unit")
        amount = number.sql
        if factor is not None:
            amount = self._once(f"CASE WHEN {factor} = 1 THEN {number.sql} ELSE xd_times({number.sql}, {factor}) END")
        main = value.column
        column = (beside.column if beside else "") or main
        shown = value.sql if value.kind is Kind.TEXT else f"rtrim(rtrim(CAST({number.sql} AS VARCHAR), '0'), '.')"
        known = f"{number.sql} IS NOT NULL"
        problems = [*number.problems, *(beside.problems if beside else ())]
        if value.kind is Kind.TEXT:
            sign = self._signed(value)
            is_money = f"({known} AND xd_cell_currency({sign}) IS NOT NULL)"
            problems.append(Problem(is_money, "XD-UNT-006", value.sql, main))
        if given and in_cell:
            other, _ = self._lookup(in_cell, "unit", "unit", self._spelling(value, USUAL_NUMBER))
            problems.append(Problem(f"({code} <> {other})", "XD-UNT-003", value.sql, main))
            problems.append(Problem(f"({in_cell} IS NOT NULL AND {other} IS NULL)", "XD-UNT-001", in_cell, main))
        if given and self._measure(value).factor != 1:  # 数量(千) and the unit 千个
            listed = ", ".join(map(quote_text, sorted(MULTIPLES)))
            problems.append(Problem(f"({known} AND {code} IN ({listed}))", "XD-UNT-003", raw, column))
        if in_header and (given or in_cell):
            own, own_factor = self.headers.code(in_header)
            differs = f"{code} <> {quote_text(own)}" + (f" OR {factor} <> {own_factor}" if factor else "")
            if own in _MANY:  # 数量(千个) and the unit 个
                listed = ", ".join(map(quote_text, PIECES))
                differs = f"({differs}) AND {code} NOT IN ({listed})"
                many = f"xd_times({number.sql}, {_MANY[own]})"
                amount = self._once(f"CASE WHEN {code} IN ({listed}) THEN {many} ELSE {amount} END")
                if in_cell:  # 8000个 below 数量(千个) has said already how many they are
                    said = f"({known} AND {in_cell} IS NOT NULL AND {code} IN ({listed}))"
                    problems.append(Problem(said, "XD-UNT-003", value.sql, main))
            problems.append(Problem(f"({known} AND ({differs}))", "XD-UNT-004", raw, column))
        problems += [
            Problem(f"({known} AND {raw} IS NULL)", "XD-UNT-002", shown, main),
            Problem(f"({known} AND {raw} IS NOT NULL AND {code} IS NULL)", "XD-UNT-001", raw, column),
            Problem(f"({known} AND {code} IS NOT NULL AND {amount} IS NULL)", "XD-EXP-001", shown, main),
        ]
        parts = (amount, f"CASE WHEN {known} THEN {code} END", f"CASE WHEN {known} THEN {raw} END")
        columns = _union(number, *((beside,) if beside else ()))
        return Compiled(Kind.QUANTITY, parts, tuple(problems), columns, main, _unknowns(number), factor=factor or "")

    def _signed(self, value: Compiled) -> str:
        """SQL of the text where something stands before or behind the number; most begin with a digit and end with one."""
        is_bare = f"({value.sql} >= '.' AND {value.sql} < ':' AND right({value.sql}, 1) < ':')"
        return self._once(f"CASE WHEN NOT {is_bare} THEN xd_half({value.sql}) END")

    def _money(self, value: Compiled, beside: Compiled | None, in_header: str, text: str) -> Compiled:
        number, each = self._with_unit(value, text, "price")
        sign = in_cell = ""
        in_header = "" if in_header in self._signs else in_header
        if value.kind is Kind.TEXT:
            sign = self._signed(value)
            in_cell = self._once(f"xd_cell_currency({sign})")
            if self._signs:
                listed = ", ".join(map(quote_text, self._signs))
                in_cell = self._once(f"CASE WHEN {in_cell} NOT IN ({listed}) THEN {in_cell} END")
        if beside and beside.kind is Kind.CODE:
            code, raw = beside.sql, beside.parts[1]
        else:
            given = self._raw(beside, "money", text) if beside else ""
            told = [
                part for part in (given, in_cell, quote_text(in_header) if in_header else "", self._currency) if part
            ]
            if not told:
                raise self._count(text, "money", 2)
            raw = told[0] if len(told) == 1 else self._once(f"coalesce({', '.join(told)})")
            code, _ = self._lookup(raw, "currency", "currency")
        main = value.column
        column = (beside.column if beside else "") or main
        known = f"{number.sql} IS NOT NULL"
        shown = value.sql if value.kind is Kind.TEXT else f"rtrim(rtrim(CAST({number.sql} AS VARCHAR), '0'), '.')"
        problems = [
            *number.problems,
            Problem(f"({known} AND {raw} IS NULL)", "XD-CUR-001", shown, main),
            Problem(f"({known} AND {raw} IS NOT NULL AND {code} IS NULL)", "XD-COD-001", raw, column),
        ]
        if in_header and (beside or in_cell):
            own = SIGNS.get(in_header) or [code_table(self._spec, "currency", "currency")[1][in_header][0]]
            listed = ", ".join(map(quote_text, own))
            problems.append(Problem(f"({known} AND {code} NOT IN ({listed}))", "XD-UNT-004", raw, column))
        if sign:
            unfit = f"({known} AND {sign} IS NOT NULL AND NOT xd_currency_fits({sign}, {code}))"
            problems.append(Problem(unfit, "XD-CUR-002", value.sql, main))
        if each:
            problems.append(Problem(f"({each} IS NOT NULL)", "XD-NUM-001", value.sql, main))
        parts = (number.sql, f"CASE WHEN {known} THEN {code} END")
        columns = _union(number, *((beside,) if beside else ()))
        return Compiled(Kind.MONEY, parts, tuple(problems), columns, main, _unknowns(number), value.header, each=each)

    def _code_call(self, node: exp.Anonymous, text: str, target: FieldSpec | None) -> Compiled:
        if len(node.expressions) != 2 or not (
            isinstance(node.expressions[0], exp.Literal) and node.expressions[0].is_string
        ):
            raise self._error(text, Text("请写成 code('代码表', 列)。", "Write code('list', column)."))
        table = str(node.expressions[0].this)
        value = self._visit(node.expressions[1], text, target)
        if target is not None and target.codes and table not in self._spec.codes and table != target.codes:
            raise self._error(
                text,
                Text(
                    f"{target.name} 用的代码表是 {target.codes}，不是 {table}。",
                    f"{target.name} takes the list {target.codes}, not {table}.",
                ),
            )
        list_name = target.codes if target is not None and target.codes else table
        if list_name not in list_names():
            near = nearest(list_name, list_names())
            raise self._error(
                text,
                Text(
                    f"没有代码表“{list_name}”，是不是 {near}？", f"There is no list “{list_name}”; did you mean {near}?"
                ),
            )
        return self._code(value, table, list_name, text)

    def _code(self, value: Compiled, table: str, list_name: str, text: str) -> Compiled:
        raw = self._raw(value, "code", text)
        code, _ = self._lookup(raw, table, list_name)
        listed, _ = code_table(self._spec, table, list_name)
        left, said = self._unread(raw, code)
        unread = f"({left} IS NOT NULL AND {said} IS NULL)"
        issue, known = "XD-COD-001", code
        if "unknown" in listed.entries:
            issue, known = "XD-COD-002", f"CASE WHEN {unread} THEN 'unknown' ELSE {code} END"
        return Compiled(
            Kind.CODE,
            (known, f"CASE WHEN {said} IS NULL THEN {raw} END"),
            (*value.problems, Problem(unread, issue, raw, value.column)),
            value.columns,
            unknown=(*value.unknown, said),
        )

    def _lookup(self, raw: str, table: str, list_name: str, spelling: Spelling | None = None) -> tuple[str, str | None]:
        """SQL of the code for the spelling `raw`, and of its factor (None where all factors are 1).

        Where a column is written as `spelling` throughout, `raw` is known to be NULL.
        """
        _, spellings = code_table(self._spec, table, list_name)
        key = (table, list_name, raw)
        if key not in self._lookups:
            rows = tuple((word, code, factor) for word, (code, factor) in spellings.items())
            word = f"lower(xd_half({raw}))"
            name = f"_{self._prefix}lookup{len(self._lookups)}"
            lookup = Lookup(name, word, rows, self._level(word), spelling=spelling)
            self._lookups[key] = lookup
            self._levels |= {f"{lookup.name}_code": lookup.level, f"{lookup.name}_factor": lookup.level}
        name = self._lookups[key].name
        has_factors = any(factor != "1" for _, factor in spellings.values())
        return f"{name}_code", f"{name}_factor" if has_factors else None

    # target kind

    def _as_kind(self, compiled: Compiled, text: str, target: FieldSpec) -> Compiled:
        if compiled.kind is target.kind and target.kind is not Kind.TEXT:
            return compiled
        if target.kind is Kind.INTEGER and compiled.kind is Kind.NUMBER:
            return self._convert(compiled, "integer", text)
        if compiled.kind is not Kind.TEXT:
            if target.kind is Kind.TEXT and len(compiled.parts) == 1:
                return self._join(Kind.TEXT, f"CAST({compiled.sql} AS VARCHAR)", compiled)
            raise self._error(
                text,
                Text(
                    f"{target.name} 需要 {target.kind}，表达式给出 {compiled.kind}。",
                    f"{target.name} needs {target.kind}; the expression gives {compiled.kind}.",
                ),
            )
        match target.kind:
            case Kind.TEXT:
                return compiled
            case Kind.REF:
                return self._reference(compiled, compiled.sql)
            case Kind.CODE:
                return self._code(compiled, str(target.codes), str(target.codes), text)
            case Kind.QUANTITY | Kind.MONEY:
                if self._measure(compiled).unit and target.kind is Kind.QUANTITY:
                    return self._quantity(compiled, None, self._measure(compiled).unit, text)
                if self._measure(compiled).currency and target.kind is Kind.MONEY:
                    return self._money(compiled, None, self._measure(compiled).currency, text)
                call = "quantity(数量, 单位)" if target.kind is Kind.QUANTITY else "money(金额, 币种)"
                raise self._error(text, Text(f"{target.name} 要写成 {call}。", f"{target.name} is written {call}."))
            case _:
                if own := own_unit(target.name):
                    if compiled.header and self.headers.into(compiled.header, own) is None:
                        raise MissingColumnError(compiled.header)
                    number = self._in_own_unit(compiled, own, text)
                    return number if target.kind is Kind.NUMBER else self._convert(number, "integer", text)
                names = {
                    Kind.DAY: "date",
                    Kind.INSTANT: "instant",
                    Kind.NUMBER: "number",
                    Kind.INTEGER: "integer",
                    Kind.FLAG: "flag",
                }
                return self._convert(compiled, names[target.kind], text)


def _union(*parts: Compiled) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column for part in parts for column in part.columns))


def _unknowns(*parts: Compiled) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for part in parts for text in part.unknown))
