"""Right-hand sides of mapping files: parsed by sqlglot, checked node by node, compiled to DuckDB SQL.

Nothing that a mapping author writes reaches DuckDB as text. The expression is parsed in a dialect without built-in
functions, and each syntax-tree class that is allowed has a compiler of its own here; any other class is refused.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sqlglot import exp

from canonical_model.codes import list_names
from canonical_model.declaration import FieldSpec, Kind
from canonical_model.entities import SPECS
from canonical_model.errors import MappingError
from canonical_model.language import Text
from canonical_model.text import clip
from canonical_model.words import near, nearest
from mappings.amounts import NO_TEXT, Amounts
from mappings.columns import PARENT
from mappings.compiled import (
    Atom,
    Columns,
    Compiled,
    Lookup,
    LostUnitError,
    MissingColumnError,
    Problem,
    all_columns,
    all_constants,
    all_unknown,
    as_text,
    joined,
    quote_text,
)
from mappings.conversions import REFERENCES, Conversions
from mappings.dates import AskedColumn
from mappings.functions import DECIMAL, USUAL_NUMBER
from mappings.headers import HeaderReader, own_unit
from mappings.spec import MappingFile
from mappings.steps import Steps
from mappings.syntax import TOO_MUCH, ExpressionError, parse, wrong_count
from mappings.unknown import OPEN

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
MAX_SQL = 400_000
"""Most characters of SQL that one expression may become."""
MAX_TEXT = 20_000
"""Longest text that replace() makes."""

_TEXT_FUNCTIONS = {"upper": 1, "lower": 1, "trim": 1, "left": 2, "right": 2, "replace": 3, "substring": 3, "split": 3}
_COUNTS = {"left": (1,), "right": (1,), "substring": (1, 2), "split": (2,)}
"""Which arguments of a function of text are places or counts."""
_PLACES = {"substring": 1, "split": 2}
"""Which of them is a place, of which the first is 1."""
_PARSERS = (
    *("text", "number", "integer", "date", "instant", "flag", "code", "quantity", "money", *REFERENCES),
    *("coalesce", "concat", *_TEXT_FUNCTIONS),
)
FUNCTION_NAMES: tuple[str, ...] = tuple(sorted(_PARSERS))
"""Every function that a mapping may call."""

assert set(REFERENCES) <= set(SPECS)  # noqa: S101  # references name entities


_CONVERTED_BY: Mapping[Kind, str] = {
    Kind.DAY: "date",
    Kind.INSTANT: "instant",
    Kind.NUMBER: "number",
    Kind.INTEGER: "integer",
    Kind.FLAG: "flag",
}
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
        self._spec, self._columns = spec, columns
        self._steps = Steps(spec, date_order=date_order, prefix=prefix)
        self.headers = HeaderReader(spec)
        self._conversions = Conversions(spec, self._steps, self.headers, timezone)
        self._amounts = Amounts(spec, self._steps, self.headers, self._conversions, currency)
        self._open: set[str] = set()
        self.where = spec.place()

    @property
    def column_sql(self) -> Mapping[str, str]:
        """Source columns that the expressions compiled so far read: name -> SQL of its text as received."""
        return self._steps.column_sql

    @property
    def dates(self) -> tuple[AskedColumn, ...]:
        """Texts that the expressions compiled so far read as dates; the engine asks each for its order."""
        return self._steps.dates()

    @property
    def commas(self) -> tuple[AskedColumn, ...]:
        """Columns that the expressions compiled so far read as numbers; the engine asks each for decimal commas."""
        return self._steps.commas()

    @property
    def steps(self) -> tuple[Atom | Lookup, ...]:
        """What the expressions compiled so far share: values worked out once, and code tables."""
        return self._steps.listed()

    def priced_by(self, price: Compiled) -> tuple[str, str]:
        """SQL of the code and the factor of the unit that stands behind a price in its own cell."""
        return self._amounts.priced_by(price)

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
        with self._named_in_errors(text):
            compiled = self._steps.column(*whole) if whole else self._visit(parse(text, target.name), text, target)
            typed = self._as_kind(compiled, target)
        if (is_name or target.scheme) and target.kind is Kind.TEXT:
            raw = self._steps.once(f"xd_barcode({typed.sql})") if target.scheme else typed.sql
            typed = replace(self._conversions.reference(typed, raw), kind=Kind.TEXT)
        is_code = is_name or target.refers_to == "item" or target.name.endswith("_number")
        if is_code and target.kind in (Kind.TEXT, Kind.REF):
            is_torn = f"contains({typed.sql}, chr(10))"
            typed = replace(typed, problems=(*typed.problems, Problem(is_torn, "XD-TXT-003", typed.sql, typed.column)))
        with self._named_in_errors(text):
            return _bounded(_required(typed, target))

    def compile_text(self, text: str) -> Compiled:
        """The compiled expression of a key's part, as text.

        Raises:
            MappingError: It does not parse, or gives a number with a unit or currency.
            MissingColumnError: It reads a column that the header does not carry.
        """
        with self._named_in_errors(text):
            value = self._value(text)
            if value.kind in (Kind.QUANTITY, Kind.MONEY):
                raise ExpressionError(
                    Text(f"主键里不能用 {value.kind}。", f"{value.kind} cannot be part of a key."),
                    Text("请写列名或 number(列)。", "Write the column, or number(column)."),
                )
        return value if value.kind in (Kind.TEXT, Kind.REF, Kind.CODE) else joined(Kind.TEXT, as_text(value), value)

    def _value(self, text: str) -> Compiled:
        whole = self._columns.whole(text)
        return _bounded(self._steps.column(*whole) if whole else self._visit(parse(text, "key"), text, None))

    @contextmanager
    def _named_in_errors(self, text: str) -> Iterator[None]:
        """Says of an error in which expression, file and line it is."""
        try:
            yield
        except ExpressionError as error:
            shown = clip(text)
            what = Text(f"{error.what.zh}（{shown}）", f"{error.what.en} ({shown})")
            raise MappingError(what, where=self.where, hint=error.hint, code="XD-MAP-005") from error

    def _visit(self, node: exp.Expr, text: str, target: FieldSpec | None) -> Compiled:
        def visit(part: exp.Expr) -> Compiled:
            return self._visit(part, text, target)

        kind = type(node)
        if isinstance(node, exp.Column | exp.Dot):
            return self._named(node)
        if isinstance(node, exp.Anonymous):
            return self._function(node, text, target)
        if kind is exp.Paren:
            return visit(node.this)
        if kind is exp.Literal:
            if node.is_string:
                return Compiled(Kind.TEXT, (quote_text(node.this),), constants=(node.this,))
            macro = "xd_usual_number" if re.fullmatch(USUAL_NUMBER, node.this) else "xd_number"
            return Compiled(Kind.NUMBER, (self._steps.once(f"{macro}({quote_text(node.this)})"),))
        if kind is exp.Null:
            return Compiled(Kind.TEXT, (NO_TEXT,))
        if kind is exp.Boolean:
            return Compiled(Kind.FLAG, ("TRUE" if node.this else "FALSE",))
        if kind is exp.Neg:
            zero = Compiled(Kind.NUMBER, (f"CAST(0 AS {DECIMAL})",))
            return self._arithmetic("xd_minus", zero, visit(node.this))
        if kind in _ARITHMETIC:
            return self._arithmetic(_ARITHMETIC[kind], visit(node.this), visit(node.expression))
        if kind is exp.DPipe:
            return self._concat([visit(node.this), visit(node.expression)])
        if kind in _COMPARISONS:
            left, right = visit(node.this), visit(node.expression)
            _same_kind(left, right)
            return joined(Kind.FLAG, f"({left.sql} {_COMPARISONS[kind]} {right.sql})", left, right)
        if kind in (exp.And, exp.Or):
            left, right = visit(node.this), visit(node.expression)
            return joined(Kind.FLAG, f"({left.sql} {'AND' if kind is exp.And else 'OR'} {right.sql})", left, right)
        if kind is exp.Not:
            inner = visit(node.this)
            return joined(Kind.FLAG, f"(NOT {inner.sql})", inner)
        if kind is exp.Is and isinstance(node.expression, exp.Null):
            inner = visit(node.this)
            return joined(Kind.FLAG, f"({inner.sql} IS NULL)", inner)
        if kind is exp.In and node.expressions and not node.args.get("query"):
            inner, *listed = [visit(part) for part in (node.this, *node.expressions)]
            for part in listed:
                _same_kind(inner, part)
            return joined(Kind.FLAG, f"({inner.sql} IN ({', '.join(p.sql for p in listed)}))", inner, *listed)
        if isinstance(node, exp.Case):
            return self._case(node, text, target)
        raise ExpressionError(
            Text(f"这里不能使用 {node.key}。", f"{node.key} is not allowed here."),
            Text(
                "可用：列、常量、+ - * /、||、比较、AND/OR/NOT、CASE 和映射函数。",
                "Allowed: columns, constants, + - * /, ||, comparisons, AND/OR/NOT, CASE and mapping functions.",
            ),
        )

    # columns

    def _named(self, node: exp.Column | exp.Dot) -> Compiled:
        path = tuple(part.name for part in node.parts)
        if not all(isinstance(part, exp.Identifier) for part in node.parts):
            raise ExpressionError(
                Text("这里不能使用 * 或带点的函数。", "* and functions with a dot are not allowed here.")
            )
        if len(path) == 1 and path[0] in self._spec.lookups:
            return self._looked_up(path[0])
        found = self._columns.find(path)
        if found is None and len(path) > 1 and path[0] == PARENT:
            raise ExpressionError(
                Text(
                    "parent. 只用于 JSON 里的 each:，表格没有外层的记录。",
                    "parent. serves each: in JSON; a sheet has no outer record.",
                ),
                Text(
                    f"单头和明细在同一张表里时直接写列名：{'.'.join(path[1:])}。",
                    f"Where a sheet holds headers and lines, write the column: {'.'.join(path[1:])}.",
                ),
            )
        if found is None:
            raise MissingColumnError(".".join(path))
        return self._steps.column(*found)

    def _looked_up(self, name: str) -> Compiled:
        """What the store has for the values of this row; no such record, or several that differ, parks the row."""
        asked, was = self._spec.lookups[name], self.where
        with self._named_in_errors(name):
            if name in self._open:
                raise ExpressionError(Text(f"lookups.{name} 用到了自己。", f"lookups.{name} uses itself."))
            self._open.add(name)
            self.where = self._spec.place("lookups", name)
            values = [self._value(text) for text in asked.match.values()]
            keys = [self._steps.over_columns(value.sql) for value in values]
            if None in keys or any(value.kind is not Kind.TEXT for value in values):
                raise ExpressionError(
                    Text("match 里只能用列和文本函数。", "match takes columns and functions of text only.")
                )
        self.where = was
        self._open.discard(name)
        word = " || '|' || ".join(f"xd_key(nullif({value.sql}, ''))" for value in values)
        known = " AND ".join(f"{value.sql} IS NOT NULL" for value in values)
        word = self._steps.once(f"CASE WHEN {known} THEN {word} END")
        code = self._steps.ask_store(name, word, asked, list(map(str, keys)))
        found = joined(Kind.TEXT, code, *values)
        main = next((value for value in values if value.columns), values[0])
        left = self._steps.once(f"CASE WHEN {code} IS NULL AND {word} IS NOT NULL THEN {main.sql} END")
        said = self._steps.unknown(left)
        missing = Problem(f"({left} IS NOT NULL AND {said} IS NULL)", "XD-LKP-001", left, main.column)
        return replace(found, problems=(*found.problems, missing), unknown=(*found.unknown, said))

    # combining

    def _arithmetic(self, macro: str, left: Compiled, right: Compiled) -> Compiled:
        if left.kind is not Kind.NUMBER or right.kind is not Kind.NUMBER:
            raise ExpressionError(
                Text("只有数字能做加减乘除。", "Only numbers can be added, subtracted, multiplied or divided."),
                Text("列的内容是文本，请写 number(列)。", "Columns are text: write number(column)."),
            )
        made = joined(Kind.NUMBER, self._steps.once(f"{macro}({left.sql}, {right.sql})"), left, right)
        failed = f"({made.sql} IS NULL AND {left.sql} IS NOT NULL AND {right.sql} IS NOT NULL)"
        shown = f"concat_ws(', ', CAST({left.sql} AS VARCHAR), CAST({right.sql} AS VARCHAR))"
        return replace(made, problems=(*made.problems, Problem(failed, "XD-EXP-001", shown, made.column)))

    def _concat(self, parts: list[Compiled]) -> Compiled:
        sql = " || ".join(f"coalesce({as_text(part)}, '')" for part in parts)
        return joined(Kind.TEXT, self._steps.once(f"nullif({sql}, '')"), *parts)

    def _case(self, node: exp.Case, text: str, target: FieldSpec | None) -> Compiled:
        subject = self._visit(node.this, text, target) if node.this else None
        branches, everything = [], [subject] if subject else []
        values: list[Compiled] = []
        for branch in node.args["ifs"]:
            condition = self._visit(branch.this, text, target)
            value = self._visit(branch.args["true"], text, target)
            if subject:
                _same_kind(subject, condition)
            branches.append((f"{subject.sql} = {condition.sql}" if subject else condition.sql, value))
            everything += [condition, value]
            values.append(value)
        default = self._visit(node.args["default"], text, target) if node.args.get("default") else None
        if default:
            values.append(default)
            everything.append(default)
        if len({(value.kind, len(value.parts)) for value in values}) != 1:
            raise ExpressionError(Text("CASE 的各个结果类型不同。", "The results of CASE are of different kinds."))
        parts = []
        for i in range(len(values[0].parts)):
            whens = " ".join(f"WHEN {condition} THEN {value.parts[i]}" for condition, value in branches)
            parts.append(self._steps.once(f"CASE {whens} ELSE {default.parts[i] if default else 'NULL'} END"))
        # only the branch that is taken may complain, or say that its value is unknown
        others = [part for part in everything if part not in values]
        problems = [p for part in others for p in part.problems]
        unknown = list(all_unknown(*others))
        taken = [self._steps.once(f"({condition})") for condition, _ in branches]
        for i, value in enumerate(values):
            here = " AND ".join([*(f"NOT coalesce({t}, FALSE)" for t in taken[:i]), *taken[i : i + 1]])
            problems += [replace(p, condition=f"({here} AND {p.condition})") for p in value.problems]
            unknown += [self._steps.once(f"CASE WHEN {here} THEN {said} END") for said in value.unknown]
        return Compiled(
            values[0].kind,
            tuple(parts),
            tuple(problems),
            all_columns(*everything),
            unknown=tuple(unknown),
            constants=all_constants(*values),
        )

    def _first_of(self, values: Sequence[Compiled]) -> Compiled:
        """The first value there is; what says that it is unknown is none, but 待定 holds against what stands behind it."""
        kind = values[0].kind
        if kind is Kind.TEXT:
            said = [self._steps.unknown(value.sql) if value.columns else "NULL" for value in values[:-1]]
            known = [
                self._steps.once(f"CASE WHEN {word} IS NULL OR {_is_open(word)} THEN {value.sql} END")
                for value, word in zip(values, said, strict=False)
            ]
            held = ", ".join((*known, values[-1].sql, *(value.sql for value in values[:-1])))
            parts = [self._steps.once(f"coalesce({held})")]
        else:
            cases = ""
            for value in values:
                words = "".join(f" OR {_is_open(word)}" for word in value.unknown)
                cases += f" WHEN {value.sql} IS NOT NULL THEN {value.sql} WHEN FALSE{words} THEN NULL"
            parts = [self._steps.once(f"CASE{cases} END")]
            parts += [
                self._of_first(values, parts[0], [v.parts[i] for v in values]) for i in range(1, len(values[0].parts))
            ]
        factors = [value.factor or "1" for value in values] if any(value.factor for value in values) else []
        return replace(
            joined(kind, parts[0], *values),
            parts=tuple(parts),
            unknown=tuple(f"CASE WHEN {parts[0]} IS NULL THEN {said} END" for said in all_unknown(*values)),
            factor=self._of_first(values, parts[0], factors) if factors else "",
            constants=all_constants(*values),
        )

    def _of_first(self, values: Sequence[Compiled], first: str, told: Sequence[str]) -> str:
        """What is told of the value that `_first_of` took."""
        whens = " ".join(f"WHEN {value.sql} IS NOT NULL THEN {one}" for value, one in zip(values, told, strict=True))
        return self._steps.once(f"CASE WHEN {first} IS NULL THEN NULL {whens} END")

    # functions

    def _function(self, node: exp.Anonymous, text: str, target: FieldSpec | None) -> Compiled:
        name = str(node.this).lower()
        if name not in _PARSERS:
            meant = near(name, _PARSERS)
            if not meant and node.parent is None and self.headers.read(text):
                header = self._columns.find((text,))  # 毛重(KG)
                if header is None:
                    raise MissingColumnError(text)
                return self._steps.column(*header)
            zh, en = (f"，是不是 {meant}？", f"; did you mean {meant}?") if meant else ("。", ".")
            raise ExpressionError(
                Text(f"没有函数“{node.this}”{zh}", f"There is no function “{node.this}”{en}"),
                Text(
                    "能用的函数见 docs/guide/mapping.md；如果它是列名，请加双引号，例如 '\"重量(kg)\"'。",
                    "The functions there are stand in docs/guide/mapping.md; if it is a column name, put it in double quotes, "
                    "such as '\"重量(kg)\"'.",
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
                raise wrong_count(name, 1)
            if name == "concat":
                return self._concat(arguments)
            if len(arguments) == 1:
                return arguments[0]
            self._keep_units(arguments, text, target)
            if len({a.kind for a in arguments}) != 1:
                raise ExpressionError(
                    Text("coalesce 的参数类型不同。", "The arguments of coalesce are of different kinds."),
                    Text(
                        "请都写列名，或都用 number()、date() 等转换；也可以用 CASE。",
                        "Write columns alone, or convert each with number(), date() and so on; or use CASE.",
                    ),
                )
            if arguments[0].kind is Kind.MONEY:
                raise ExpressionError(
                    Text("coalesce 不能取 money()。", "coalesce takes no money()."),
                    Text("请写 money(coalesce(列, 列), 币种)。", "Write money(coalesce(column, column), currency)."),
                )
            return self._first_of(arguments)
        if name in _TEXT_FUNCTIONS:
            self._keep_units(arguments, text, target)
            _check_places(name, node.expressions, arguments)
            return self._text_function(name, arguments)
        if name == "number" and len(arguments) == 2:
            mark = node.expressions[1]
            if not (isinstance(mark, exp.Literal) and mark.is_string and mark.this == ","):
                raise ExpressionError(Text("第二个参数只能是 ','。", "The second argument is ',' or left out."))
            return self._conversions.with_comma(arguments[0])
        if len(arguments) != 1:
            raise wrong_count(name, 1)
        is_whole = node.parent is None and name in ("number", "integer") and arguments[0].kind is Kind.TEXT
        if is_whole and target is not None and own_unit(target.name):
            return arguments[0]  # which the field itself reads
        if name in ("number", "integer") and target is not None and own_unit(target.name):
            self._keep_units(arguments, text, target)
        if name == "number" and type(node.parent) in _ARITHMETIC and arguments[0].kind is Kind.TEXT:
            return self._conversions.with_share(arguments[0])
        return self._conversions.convert(arguments[0], name)

    def _keep_units(self, arguments: Sequence[Compiled], text: str, target: FieldSpec | None) -> None:
        """Returns where no number is computed from a column that the expression names without the unit in its header."""
        own = own_unit(target.name) if target is not None else ""
        is_measured = target is not None and target.kind in (Kind.QUANTITY, Kind.MONEY)
        for argument in arguments if own or is_measured else ():
            measure = self._conversions.measure(argument)
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

    def _text_function(self, name: str, arguments: list[Compiled]) -> Compiled:
        counts = _COUNTS.get(name, ())
        values = [f"CAST({a.sql} AS BIGINT)" if i in counts else as_text(a) for i, a in enumerate(arguments)]
        call = {"split": "split_part"}.get(name, name)
        made = joined(Kind.TEXT, self._steps.once(f"nullif(TRY({call}({', '.join(values)})), '')"), *arguments)
        if name != "replace":
            return made
        # a longer word in place of a shorter one, nested, would grow without end
        fits = f"(length({values[0]}) * greatest(length({values[2]}), 1) <= {MAX_TEXT})"
        grown = Problem(f"(NOT {fits})", "XD-EXP-001", f"left({values[0]}, 80)", made.column)
        shortened = self._steps.once(f"CASE WHEN {fits} THEN {made.sql} END")
        return replace(made, parts=(shortened,), problems=(*made.problems, grown))

    def _amount(self, node: exp.Anonymous, name: str, text: str, target: FieldSpec | None) -> Compiled:
        """quantity() or money(): a number with its unit or currency from the cell beside it, its own cell or its header."""
        if len(node.expressions) not in (1, 2):
            raise wrong_count(name, 2)
        value = self._visit(node.expressions[0], text, target)
        measure = self._conversions.measure(value)
        in_header = measure.unit if name == "quantity" else measure.currency
        if name == "money" and measure.unit and self.headers.is_many(measure.unit):
            raise MissingColumnError(node.expressions[0].name)  # 单价/千只 is no price of one
        beside, lacking = None, ""
        try:
            if len(node.expressions) == 2:
                beside = self._beside(node.expressions[1], value if name == "quantity" else None, text, target)
        except MissingColumnError as error:
            # a column that is not there is one without a word in it: each number says what it lacks
            is_told = in_header or (name == "money" and value.kind is Kind.TEXT)
            beside = None if is_told else Compiled(Kind.TEXT, (NO_TEXT,))
            lacking = "" if error.name in self._spec.columns else error.name
        if name == "money":
            return self._amounts.money(value, beside, in_header)
        return self._amounts.quantity(value, beside, in_header, lacking=lacking)

    def _beside(self, node: exp.Expr, number: Compiled | None, text: str, target: FieldSpec | None) -> Compiled:
        """What stands beside a number: of columns that all may be its unit the one that is named as it is."""
        is_plain = isinstance(node, exp.Column) and not node.table
        paired = self._columns.paired(node.name, number.header) if number and number.header and is_plain else None
        return self._steps.column(*paired) if paired else self._visit(node, text, target)

    def _code_call(self, node: exp.Anonymous, text: str, target: FieldSpec | None) -> Compiled:
        if len(node.expressions) != 2 or not (
            isinstance(node.expressions[0], exp.Literal) and node.expressions[0].is_string
        ):
            raise ExpressionError(Text("请写成 code('代码表', 列)。", "Write code('list', column)."))
        table = str(node.expressions[0].this)
        value = self._visit(node.expressions[1], text, target)
        if target is not None and target.codes and table not in self._spec.codes and table != target.codes:
            raise ExpressionError(
                Text(
                    f"{target.name} 用的代码表是 {target.codes}，不是 {table}。",
                    f"{target.name} takes the list {target.codes}, not {table}.",
                ),
            )
        list_name = target.codes if target is not None and target.codes else table
        if list_name not in list_names():
            near = nearest(list_name, list_names())
            raise ExpressionError(
                Text(
                    f"没有代码表“{list_name}”，是不是 {near}？", f"There is no list “{list_name}”; did you mean {near}?"
                ),
            )
        return self._conversions.code(value, table, list_name)

    # target kind

    def _as_kind(self, compiled: Compiled, target: FieldSpec) -> Compiled:
        if compiled.kind is target.kind and target.kind is not Kind.TEXT:
            return compiled
        if target.kind is Kind.INTEGER and compiled.kind is Kind.NUMBER:
            return self._conversions.convert(compiled, "integer")
        if compiled.kind is not Kind.TEXT:
            if target.kind is Kind.TEXT and len(compiled.parts) == 1:
                return joined(Kind.TEXT, as_text(compiled), compiled)
            raise ExpressionError(
                Text(
                    f"{target.name} 需要 {target.kind}，表达式给出 {compiled.kind}。",
                    f"{target.name} needs {target.kind}; the expression gives {compiled.kind}.",
                ),
            )
        match target.kind:
            case Kind.TEXT:
                return compiled
            case Kind.REF:
                return self._conversions.reference(compiled, compiled.sql)
            case Kind.CODE:
                return self._conversions.code(compiled, str(target.codes), str(target.codes))
            case Kind.QUANTITY | Kind.MONEY:
                measure = self._conversions.measure(compiled)
                if measure.unit and target.kind is Kind.QUANTITY:
                    return self._amounts.quantity(compiled, None, measure.unit)
                if measure.currency and target.kind is Kind.MONEY:
                    return self._amounts.money(compiled, None, measure.currency)
                call = "quantity(数量, 单位)" if target.kind is Kind.QUANTITY else "money(金额, 币种)"
                raise ExpressionError(Text(f"{target.name} 要写成 {call}。", f"{target.name} is written {call}."))
            case _:
                if own := own_unit(target.name):
                    if compiled.header and self.headers.into(compiled.header, own) is None:
                        raise MissingColumnError(compiled.header)
                    number = self._amounts.in_own_unit(compiled, own)
                    return number if target.kind is Kind.NUMBER else self._conversions.convert(number, "integer")
                return self._conversions.convert(compiled, _CONVERTED_BY[target.kind])


def _check_places(name: str, nodes: Sequence[exp.Expr], arguments: Sequence[Compiled]) -> None:
    """Returns where a function of text is given as many arguments as it takes, and whole numbers where it counts.

    Raises:
        ExpressionError: It is not, or it asks for a place that no text has.
    """
    if len(arguments) != _TEXT_FUNCTIONS[name]:
        raise wrong_count(name, _TEXT_FUNCTIONS[name])
    for i in _COUNTS.get(name, ()):
        if arguments[i].kind not in (Kind.NUMBER, Kind.INTEGER):
            raise ExpressionError(
                Text(f"{name}() 的第 {i + 1} 个参数要是数字。", f"Argument {i + 1} of {name}() must be a number."),
                Text(
                    "常量不加引号，列写 number(列)。",
                    "Write a constant without quotes, and a column as number(column).",
                ),
            )
        constant = nodes[i].this if isinstance(nodes[i], exp.Literal) else "1"
        if not constant.isdigit() or (_PLACES.get(name) == i and int(constant) == 0):
            if _PLACES.get(name) != i:
                raise ExpressionError(
                    Text(f"{name}() 不能取 {constant} 个字符。", f"{name}() cannot take {constant} characters."),
                    Text("个数是整数，如 3。", "Write a whole number, such as 3."),
                )
            raise ExpressionError(
                Text(f"{name}() 没有第 {constant} 个。", f"{name}() has no place {constant}."),
                Text("位置是整数，从 1 数。", "Places are whole numbers and begin with 1."),
            )
    if name == "split" and arguments[1].constants == ("",):
        raise ExpressionError(
            Text("split() 的分隔符是空的。", "The separator of split() is empty."),
            Text("取第几个字用 substring(列, 位置, 1)。", "For single characters write substring(column, place, 1)."),
        )


def _bounded(compiled: Compiled) -> Compiled:
    size = sum(map(len, compiled.parts)) + sum(len(p.condition) + len(p.value) for p in compiled.problems)
    if size > MAX_SQL:
        raise ExpressionError(*TOO_MUCH)
    return compiled


def _required(compiled: Compiled, target: FieldSpec) -> Compiled:
    """`compiled`, of which a word that says unknown is wrong where the field is required."""
    if not target.is_required:
        return compiled
    column = compiled.main or compiled.column
    says = tuple(Problem(f"({text} IS NOT NULL)", "XD-REQ-002", text, column) for text in compiled.unknown)
    return replace(compiled, problems=(*says, *compiled.problems))


def _is_open(word: str) -> str:
    """Condition that a word for unknown says that somebody still decides."""
    return f"coalesce(regexp_matches({word}, '{OPEN}'), FALSE)"


def _same_kind(left: Compiled, right: Compiled) -> None:
    if left.kind is not right.kind or left.kind in (Kind.QUANTITY, Kind.MONEY, Kind.CODE):
        raise ExpressionError(
            Text(f"不能比较 {left.kind} 和 {right.kind}。", f"{left.kind} cannot be compared with {right.kind}."),
            Text(
                "列的内容是文本，先用 number()、date() 等转换。",
                "Columns are text: convert them with number(), date() and so on.",
            ),
        )
