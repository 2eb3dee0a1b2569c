"""Quantities with their unit, amounts with their currency: from the cell beside the number, its own cell or its header."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from canonical_model.codes import MULTIPLES
from canonical_model.declaration import Kind
from mappings.compiled import Compiled, Problem, all_columns, all_unknown, as_text, quote_text
from mappings.conversions import Conversions
from mappings.functions import SIGNS, USUAL_NUMBER
from mappings.headers import PERCENT, HeaderReader, into
from mappings.spec import MappingFile, code_table
from mappings.steps import Steps
from mappings.syntax import wrong_count

PIECES = ("H87", "EA", "NAR", "C62")
"""Codes that all count single things."""
_MANY = {"MIL": 1000, "CEN": 100, "DZN": 12}
"""Codes of so many of them."""
_NO_RATE = ("免税", "不征税", "免稅", "不徵稅", "tax exempt", "exempt")
"""What stands where there is no rate: that is neither zero nor blank."""
NO_TEXT = "CAST(NULL AS VARCHAR)"


class Amounts:
    """Reads numbers together with what they count.

    Args:
        spec: The mapping file.
        steps: What all expressions share.
        headers: Reads what the header says of its numbers.
        conversions: Read numbers and texts alone.
        currency: Code of the currency of amounts that state none; may be empty.
    """

    def __init__(
        self, spec: MappingFile, steps: Steps, headers: HeaderReader, conversions: Conversions, currency: str
    ) -> None:
        self._spec, self._steps, self._headers, self._conversions = spec, steps, headers, conversions
        self._currency = quote_text(currency) if currency else ""
        # 元 and $ of amounts in Hong Kong dollars mean these
        self._signs = [sign for sign, codes in SIGNS.items() if currency in codes[1:]]

    def priced_by(self, price: Compiled) -> tuple[str, str]:
        """SQL of the code and the factor of the unit that stands behind a price in its own cell."""
        code, factor = self._unit(price.each, price)
        return code, factor or "1"

    def quantity(self, value: Compiled, beside: Compiled | None, in_header: str, *, lacking: str = "") -> Compiled:
        """A number and the unit that `beside`, its own cell or its header says; they must not say different ones.

        `lacking` is the column of units that the mapping names and the header does not.

        Raises:
            ExpressionError: Nothing could say a unit, or the number is none.
        """
        number, in_cell = self._with_unit(value, "cell")
        if beside:
            self._conversions.check_codes(beside, "unit", "unit")
        given = self._conversions.raw(beside, "quantity") if beside else ""
        told = [part for part in (given, in_cell, quote_text(in_header) if in_header else "") if part]
        if not told and self._conversions.measure(value).factor != 1:
            told = [NO_TEXT]  # 数量（万） says no unit, and 5个 below it would say another number
        if not told:
            raise wrong_count("quantity", 2)
        raw = self._first(told)
        code, factor = self._steps.look_up(raw, "unit", "unit")
        amount = number.sql
        if factor is not None:
            times = f"xd_times({number.sql}, {factor})"
            amount = self._steps.once(f"CASE WHEN {factor} = 1 THEN {number.sql} ELSE {times} END")
        main = value.column
        column = (beside.column if beside else "") or main
        shown = _shown(value, number)
        known = f"{number.sql} IS NOT NULL"
        problems = [*number.problems, *(beside.problems if beside else ())]
        if value.kind is Kind.TEXT:
            is_money = f"({known} AND xd_cell_currency({self._signed(value)}) IS NOT NULL)"
            problems.append(Problem(is_money, "XD-UNT-006", value.sql, main))
        if given and in_cell:
            other, _ = self._unit(in_cell, value)
            problems.append(Problem(f"({code} <> {other})", "XD-UNT-003", value.sql, main))
            problems.append(Problem(f"({in_cell} IS NOT NULL AND {other} IS NULL)", "XD-UNT-001", in_cell, main))
        if given and self._conversions.measure(value).factor != 1:  # 数量(千) and the unit 千个
            listed = _listed(sorted(MULTIPLES))
            problems.append(Problem(f"({known} AND {code} IN ({listed}))", "XD-UNT-003", raw, column))
        if in_header and (given or in_cell):
            own, own_factor = self._headers.code(in_header)
            differs = f"{code} <> {quote_text(own)}" + (f" OR {factor} <> {own_factor}" if factor else "")
            if own in _MANY:  # 数量(千个) and the unit 个
                listed = _listed(PIECES)
                differs = f"({differs}) AND {code} NOT IN ({listed})"
                many = f"xd_times({number.sql}, {_MANY[own]})"
                amount = self._steps.once(f"CASE WHEN {code} IN ({listed}) THEN {many} ELSE {amount} END")
                if in_cell:  # 8000个 below 数量(千个) has said already how many they are
                    said = f"({known} AND {in_cell} IS NOT NULL AND {code} IN ({listed}))"
                    problems.append(Problem(said, "XD-UNT-003", value.sql, main))
            problems.append(Problem(f"({known} AND ({differs}))", "XD-UNT-004", raw, column))
        problems += [
            Problem(
                f"({known} AND {raw} IS NULL)", "XD-UNT-008" if lacking else "XD-UNT-002", shown, main, detail=lacking
            ),
            Problem(f"({known} AND {raw} IS NOT NULL AND {code} IS NULL)", "XD-UNT-001", raw, column),
            Problem(f"({known} AND {code} IS NOT NULL AND {amount} IS NULL)", "XD-EXP-001", shown, main),
        ]
        parts = (amount, f"CASE WHEN {known} THEN {code} END", f"CASE WHEN {known} THEN {raw} END")
        columns = all_columns(number, *((beside,) if beside else ()))
        return Compiled(Kind.QUANTITY, parts, tuple(problems), columns, main, all_unknown(number), factor=factor or "")

    def money(self, value: Compiled, beside: Compiled | None, in_header: str) -> Compiled:
        """A number and the currency that `beside`, its own cell or its header says; they must not say different ones.

        Raises:
            ExpressionError: Nothing could say a currency, or the number is none.
        """
        number, each = self._with_unit(value, "price")
        if beside:
            self._conversions.check_codes(beside, "currency", "currency")
        sign = in_cell = ""
        in_header = "" if in_header in self._signs else in_header
        if value.kind is Kind.TEXT:
            sign = self._signed(value)
            in_cell = self._steps.once(f"xd_cell_currency({sign})")
            if self._signs:
                unclear = f"{in_cell} NOT IN ({_listed(self._signs)})"
                in_cell = self._steps.once(f"CASE WHEN {unclear} THEN {in_cell} END")
        if beside and beside.kind is Kind.CODE:
            code, raw = beside.sql, beside.parts[1]
        else:
            given = self._conversions.raw(beside, "money") if beside else ""
            by_header = quote_text(in_header) if in_header else ""
            told = [part for part in (given, in_cell, by_header, self._currency) if part]
            if not told:
                raise wrong_count("money", 2)
            raw = self._first(told)
            code, _ = self._steps.look_up(raw, "currency", "currency")
        main = value.column
        column = (beside.column if beside else "") or main
        known = f"{number.sql} IS NOT NULL"
        problems = [
            *number.problems,
            Problem(f"({known} AND {raw} IS NULL)", "XD-CUR-001", _shown(value, number), main),
            Problem(f"({known} AND {raw} IS NOT NULL AND {code} IS NULL)", "XD-COD-001", raw, column),
        ]
        if in_header and (beside or in_cell):
            own = SIGNS.get(in_header) or [code_table(self._spec, "currency", "currency")[1][in_header][0]]
            problems.append(Problem(f"({known} AND {code} NOT IN ({_listed(own)}))", "XD-UNT-004", raw, column))
        if sign:
            unfit = f"({known} AND {sign} IS NOT NULL AND NOT xd_currency_fits({sign}, {code}))"
            problems.append(Problem(unfit, "XD-CUR-002", value.sql, main))
        if each:
            problems.append(Problem(f"({each} IS NOT NULL)", "XD-NUM-001", value.sql, main))
        parts = (number.sql, f"CASE WHEN {known} THEN {code} END")
        columns = all_columns(number, *((beside,) if beside else ()))
        return Compiled(Kind.MONEY, parts, tuple(problems), columns, main, all_unknown(number), value.header, each=each)

    def in_own_unit(self, value: Compiled, own: str) -> Compiled:
        """A number in its field's unit, also where cell or header name another (500g); of a percentage 0.13 could be 13 % as well."""
        number, in_cell = self._with_unit(value, "cell", also=_NO_RATE if own == PERCENT else ())
        problems = list(number.problems)
        alone = fits = f"{number.sql} IS NOT NULL"
        by_header = (value.header and self._headers.into(value.header, own)) or "1"
        amount = plain = number.sql if by_header == "1" else f"xd_times({number.sql}, {by_header})"
        if in_cell:
            code, factor = self._unit(in_cell, value)
            known = " ".join(f"WHEN {quote_text(one)} THEN {many}" for one, many in into(own).items())
            by_cell = f"{factor or 1} * CASE {code} {known} END"
            amount = f"CASE WHEN {in_cell} IS NULL THEN {plain} ELSE xd_times({number.sql}, {by_cell}) END"
            unheard = f"({in_cell} IS NOT NULL AND {code} IS NULL)"
            unfit = f"({code} IS NOT NULL AND {by_cell} IS NULL)"
            problems.append(Problem(unheard, "XD-UNT-001", in_cell, value.column))
            problems.append(Problem(unfit, "XD-UNT-003", value.sql, value.column))
            alone = f"{alone} AND {in_cell} IS NULL"
            fits = f"{fits} AND ({in_cell} IS NULL OR {by_cell} IS NOT NULL)"
        if own == PERCENT and not self._conversions.measure(value).unit:
            fraction = f"({alone} AND {number.sql} > 0 AND {number.sql} < 1)"
            problems.append(Problem(fraction, "XD-UNT-005", value.sql, value.column))
        if amount != number.sql:
            amount = self._steps.once(amount, self._steps.spelling(value, USUAL_NUMBER), plain)
            problems.append(Problem(f"({fits} AND {amount} IS NULL)", "XD-EXP-001", value.sql, value.column))
        return replace(number, parts=(amount,), problems=tuple(problems))

    def _with_unit(
        self, value: Compiled, form: Literal["cell", "price"], *, also: Sequence[str] = ()
    ) -> tuple[Compiled, str]:
        """The number of a cell, and SQL of the unit that stands with it (500箱, or 3.2元/个 of a price); empty where none can."""
        if value.kind is Kind.NUMBER:
            return value, ""
        steps, factor = self._steps, self._conversions.measure(value).factor
        raw = self._conversions.raw(value, "quantity" if form == "cell" else "money")
        plain = self._conversions.read_number(value, raw)
        spelling = steps.spelling(value, USUAL_NUMBER)
        left = steps.once(f"CASE WHEN {plain} IS NULL THEN {raw} END")
        cell = steps.once(f"xd_{form}({left})", spelling, NO_TEXT)
        digits = steps.once(f"xd_{form}_number({cell})", spelling, NO_TEXT)
        unit = steps.once(f"xd_{form}_unit({cell})", spelling, NO_TEXT)
        if factor != 1:
            digits, unit = NO_TEXT, ""
        doubtful = f"{steps.comma(raw, value)} AND xd_is_either({digits})" if value.columns else "FALSE"
        in_cell = f"CASE WHEN {digits} IS NOT NULL AND NOT ({doubtful}) THEN xd_number({digits}) END"
        amount = steps.once(f"coalesce({plain}, {in_cell})", spelling, plain)
        left, said = steps.unread(raw, amount, also=also)
        problems = self._conversions.unreadable(Kind.NUMBER, left, said, value.column, factor=factor)
        told = (*value.unknown, said)
        return Compiled(Kind.NUMBER, (amount,), (*value.problems, *problems), value.columns, unknown=told), unit

    def _unit(self, in_cell: str, value: Compiled) -> tuple[str, str | None]:
        """SQL of the code and factor of a unit that stands in the cell of `value`."""
        return self._steps.look_up(in_cell, "unit", "unit", self._steps.spelling(value, USUAL_NUMBER))

    def _first(self, told: list[str]) -> str:
        return told[0] if len(told) == 1 else self._steps.once(f"coalesce({', '.join(told)})")

    def _signed(self, value: Compiled) -> str:
        """SQL of the text where something stands before or behind the number; most begin with a digit and end with one."""
        is_bare = f"({value.sql} >= '.' AND {value.sql} < ':' AND right({value.sql}, 1) < ':')"
        spelling = self._steps.spelling(value, USUAL_NUMBER)
        return self._steps.once(f"CASE WHEN NOT {is_bare} THEN xd_half({value.sql}) END", spelling, NO_TEXT)


def _shown(value: Compiled, number: Compiled) -> str:
    """SQL of the number as a person would write it."""
    return value.sql if value.kind is Kind.TEXT else as_text(number)


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(map(quote_text, codes))
