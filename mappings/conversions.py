"""Texts of cells made numbers, days, times, yes or no, codes and references, with what can be the matter with them."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from canonical_model.codes import code_list
from canonical_model.declaration import Kind
from canonical_model.language import Text
from canonical_model.text import half_width
from canonical_model.words import near
from mappings.compiled import Compiled, Problem, as_text, joined, quote_text
from mappings.functions import POWER, USUAL_DAY, USUAL_MOMENT, USUAL_NUMBER, value_of
from mappings.headers import HeaderReader, Measure
from mappings.spec import MappingFile, code_table
from mappings.steps import Steps
from mappings.syntax import ExpressionError
from mappings.unknown import unknown_pattern

_WHOLE = rf"{POWER}|(?:[元圆]|[A-Za-z]{{3}})\s*整?\s*$"
"""What a number says of itself that leaves nothing for its header to say: 1.5万, 15000元, 15000 CNY."""
REFERENCES = ("party", "item", "location")
"""Functions that give a code of one of these."""
_FEW_CODES = 20
"""So many codes of a list are named in an error."""


class Conversions:
    """Reads texts as what a field takes.

    Args:
        spec: The mapping file.
        steps: What all expressions share.
        headers: Reads what the header says of its numbers.
        timezone: IANA zone that naive times take.
    """

    def __init__(self, spec: MappingFile, steps: Steps, headers: HeaderReader, timezone: str) -> None:
        self._spec, self._steps, self._headers = spec, steps, headers
        self._zone = quote_text(timezone)
        self._may_be_digits = any(word[-1:].isdigit() for word in spec.unknown)
        self._told: set[str] = set()

    def raw(self, value: Compiled, name: str) -> str:
        """SQL of the text that the function `name` reads.

        Raises:
            ExpressionError: It is no text any more.
        """
        if value.kind is not Kind.TEXT:
            raise ExpressionError(
                Text(f"{name}() 的参数已经是 {value.kind}。", f"The argument of {name}() is already {value.kind}.")
            )
        return value.sql

    def measure(self, value: Compiled) -> Measure:
        """What the header of a plain column says in brackets."""
        return (value.header and self._headers.read(value.header)) or Measure(value.header)

    def convert(self, value: Compiled, name: str) -> Compiled:
        """What the function `name` of one argument gives."""
        match name:
            case "text":
                return joined(Kind.TEXT, as_text(value), value)
            case "number" | "integer":
                return self._number(value, name)
            case "date":
                return self._day(value)
            case "instant":
                return self._instant(value)
            case "flag":
                raw = self.raw(value, name)
                self._check_constants(value, "xd_flag({})".format, "'是'")
                return self._read(value, raw, Kind.FLAG, (self._steps.once(f"xd_flag({raw})"),))
            case _:
                return self.reference(value, self.raw(value, name))

    # constants

    def check_codes(self, value: Compiled, table: str, list_name: str) -> None:
        """Returns where each constant that the value may be is in the list.

        Raises:
            ExpressionError: One is not; rows could only fail by it.
        """
        _, spellings = code_table(self._spec, table, list_name)
        for text in value.constants:
            if (half_width(text).lower() not in spellings or text != text.strip()) and not self._is_unknown(text):
                raise _no_code(text, table, list_name, spellings)

    def _check_constants(self, value: Compiled, read: Callable[[str], str], example: str) -> None:
        """Returns where `read` (SQL of a text -> SQL of its value) can read each constant that the value may be."""
        for text in value.constants:
            if not self._is_unknown(text) and value_of(read(quote_text(text))) is None:
                raise ExpressionError(
                    Text(f"读不懂常量“{text}”。", f"The constant “{text}” cannot be read."),
                    Text(f"请写成 {example} 这样；没有就写 NULL。", f"Write it like {example}, or NULL for nothing."),
                )

    def _is_unknown(self, text: str) -> bool:
        return re.fullmatch(unknown_pattern(self._spec.unknown), text) is not None

    def _read(
        self, value: Compiled, raw: str, kind: Kind, parts: tuple[str, ...], *, order: str = "", factor: int = 1
    ) -> Compiled:
        """The parts read from `raw`, and what is the matter where it gave none."""
        left, said = self._steps.unread(raw, parts[0])
        problems = self.unreadable(kind, left, said, value.column, order=order, factor=factor)
        unknown = (*value.unknown, said)
        return replace(value, kind=kind, parts=parts, problems=(*value.problems, *problems), unknown=unknown)

    def unreadable(
        self, kind: Kind, left: str, said: str, column: str, *, order: str = "", factor: int = 1
    ) -> list[Problem]:
        """What can be the matter with `left`, a text that gave no value and does not say (`said`) that it is unknown."""
        return [
            Problem(f"({left} IS NOT NULL AND {said} IS NULL{reason})", code, left, column, is_detail=bool(reason))
            for reason, code in _reasons(kind, left, order, factor=factor)
        ]

    # numbers

    def _number(self, value: Compiled, name: str) -> Compiled:
        if value.kind is Kind.NUMBER:
            raw, number = f"CAST({value.sql} AS VARCHAR)", value.sql
        else:
            raw = self.raw(value, name)
            self._check_constants(value, "xd_number({})".format, "12.5")
            number = self.read_number(value, raw)
        factor = self.measure(value).factor
        if name == "number":
            return self._read(value, raw, Kind.NUMBER, (number,), factor=factor)
        whole = self._steps.once(f"CASE WHEN {number} = trunc({number}) THEN TRY_CAST({number} AS BIGINT) END")
        return self._read(value, raw, Kind.INTEGER, (whole,), factor=factor)

    def with_comma(self, value: Compiled) -> Compiled:
        """The number in a text of which the comma is the decimal mark."""
        received = self.raw(value, "number")
        if value.columns:
            self._steps.comma(received, value, is_told=True)
        raw = self._steps.once(f"xd_from_comma({received})")
        self._told.add(raw)
        return self.convert(replace(value, parts=(raw,)), "number")

    def with_share(self, value: Compiled) -> Compiled:
        """The number in a text to be computed with: 13% is 0.13."""
        raw = value.sql
        is_share = f"suffix({raw}, '%') OR suffix({raw}, '％')"
        share = f"coalesce(CAST(xd_share({raw}) AS VARCHAR), {raw})"
        spelling = self._steps.spelling(value, USUAL_NUMBER)
        as_text = self._steps.once(f"CASE WHEN {is_share} THEN {share} ELSE {raw} END", spelling, raw)
        return self.convert(replace(value, parts=(as_text,)), "number")

    def read_number(self, value: Compiled, raw: str) -> str:
        """SQL of the number in `raw`, times the power of ten in its column's header."""
        read, factor = f"xd_number({raw})", self.measure(value).factor
        spelling = None
        if raw not in self._told and value.columns:
            comma = self._steps.comma(raw, value)
            read = f"CASE WHEN {comma} AND xd_is_either({raw}) THEN NULL ELSE {read} END"
            spelling = self._steps.spelling(value, USUAL_NUMBER)
        number = self._steps.once(read, spelling, f"xd_usual_number({raw})")
        if factor == 1:
            return number
        # 1.5万 and 15000元 below 金额(万元) could be either
        return self._steps.once(
            f"CASE WHEN NOT regexp_matches({raw}, '{_WHOLE}') THEN xd_times({number}, {factor}) END"
        )

    # times

    def _day(self, value: Compiled) -> Compiled:
        raw, spelling = self.raw(value, "date"), self._steps.spelling(value, USUAL_DAY)
        order = self._steps.order(raw, value.column, spelling)
        self._check_constants(value, self._as_day, "'2026-03-05'")
        day = f"coalesce(xd_day_there({raw}, {self._zone}), xd_date({raw}, {order}, {self._steps.short}))"
        usual = f"CAST(xd_usual_date({raw}) AS TIMESTAMP)"
        read = self._steps.once(f"CAST({day} AS TIMESTAMP)", spelling, usual)
        return self._read(value, raw, Kind.DAY, (self._steps.once(f"xd_told({read})::DATE"),), order=order)

    def _instant(self, value: Compiled) -> Compiled:
        raw, spelling = self.raw(value, "instant"), self._steps.spelling(value, USUAL_MOMENT)
        order = self._steps.order(raw, value.column, spelling)
        self._check_constants(value, self._as_day, "'2026-03-05 10:30'")
        usual = f"xd_usual_local({raw})"
        read = self._steps.once(f"xd_local({raw}, {order}, {self._steps.short})", spelling, usual)
        local = self._steps.once(f"xd_told({read})")
        minutes = self._steps.once(f"xd_offset({raw})", spelling, "CAST(NULL AS INTEGER)")
        moment = self._steps.once(f"xd_instant({local}, {minutes}, {self._zone})")
        parts = (
            moment,
            f"CAST(xd_instant_offset({local}, {minutes}, {moment}) AS SMALLINT)",
            f"CASE WHEN {moment} IS NOT NULL THEN {minutes} IS NULL END",
        )
        return self._read(value, raw, Kind.INSTANT, parts, order=order)

    def _as_day(self, text: str) -> str:
        """SQL of what a constant says as a time, by the setting of its order alone."""
        order = self._steps.short if self._steps.short in ("'dmy'", "'mdy'") else "''"
        return (
            f"coalesce(xd_date({text}, {order}, {self._steps.short}), xd_local({text}, {order}, {self._steps.short}))"
        )

    # codes

    def reference(self, value: Compiled, raw: str) -> Compiled:
        """A code of another record; a word that says there is none is not one."""
        # most codes end in a digit, and none of our words does
        ends_in_digit = f"{raw}[-1] >= '0' AND {raw}[-1] < ':'"
        looked_at = raw if self._may_be_digits else f"CASE WHEN NOT ({ends_in_digit}) THEN {raw} END"
        said = self._steps.unknown(looked_at)
        known = self._steps.once(f"CASE WHEN {said} IS NULL THEN xd_code({raw}) END")
        unknown = (*value.unknown, said)
        return Compiled(Kind.REF, (known,), value.problems, value.columns, unknown=unknown, header=value.header)

    def code(self, value: Compiled, table: str, list_name: str) -> Compiled:
        """The code of the list that the table gives for a text; "unknown" where the list has that and the table not the text."""
        raw = self.raw(value, "code")
        self.check_codes(value, table, list_name)
        code, _ = self._steps.look_up(raw, table, list_name)
        listed, _ = code_table(self._spec, table, list_name)
        left, said = self._steps.unread(raw, code)
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


def _no_code(text: str, table: str, list_name: str, spellings: Iterable[str]) -> ExpressionError:
    """That a constant is not in a code list, with what may have been meant."""
    codes = list(code_list(list_name).entries)
    meant = near(text, codes) or near(half_width(text).lower(), spellings)
    zh, en = (f"，是不是 {meant}？", f"; did you mean {meant}?") if meant else ("。", ".")
    named = f"：{', '.join(codes)}" if len(codes) <= _FEW_CODES else "见 docs/reference/entities.md"
    listed = f": {', '.join(codes)}" if len(codes) <= _FEW_CODES else " stand in docs/reference/entities.md"
    return ExpressionError(
        Text(f"代码表 {list_name} 里没有“{text}”{zh}", f"The list {list_name} has no “{text}”{en}"),
        Text(
            f"它的代码{named}。您自己的写法加在 codes: {table} 下；没有就写 NULL。",
            f"Its codes{listed}. Add a spelling of your own under codes: {table}, or write NULL for nothing.",
        ),
    )


def _reasons(kind: Kind, left: str, order: str, *, factor: int) -> Sequence[tuple[str, str]]:
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
            of_number = _reasons(Kind.NUMBER, left, order, factor=factor)
            return (f" AND xd_number({left}) IS NOT NULL", "XD-NUM-004"), *of_number
        case Kind.DAY | Kind.INSTANT:
            return (
                (f" AND xd_is_ambiguous_date({left}, {order})", "XD-DAT-002"),
                (f" AND xd_lacks_year({left})", "XD-DAT-004"),
                (f" AND xd_lacks_day({left})", "XD-DAT-005"),
                ("", "XD-DAT-001" if kind is Kind.DAY else "XD-DAT-003"),
            )
        case _:
            return (("", "XD-FLG-001"),)
