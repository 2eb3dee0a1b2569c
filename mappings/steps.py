"""What the expressions of one mapping share: values worked out once for each row, code tables, and what whole columns are asked."""

import hashlib
import re
from collections.abc import Sequence

from canonical_model.declaration import Kind
from mappings.compiled import Atom, Compiled, Lookup, Spelling, quote_text
from mappings.dates import AskedColumn
from mappings.functions import USUAL_NUMBER
from mappings.spec import MappingFile, StoreLookup, code_table
from mappings.syntax import MAX_LENGTH
from mappings.unknown import unknown_pattern

_ODD = re.compile(r"\b_odd\b(?=\))")
_OF_BATCH = "(_batch)"
"""Stands behind the name of what a whole column was asked for."""
_NAMES = re.compile(r"_[a-z]?(?:atom|lookup)[0-9]+(?:_code|_factor)?")


class Steps:
    """Gives SQL of what is worked out once the names under which all expressions use it.

    Attributes:
        column_sql: Source columns that are read: name -> SQL of its text as received.
        short: SQL of the order of dates such as 03/04/2026 where nothing else tells it.

    Args:
        spec: The mapping file.
        date_order: Setting for such dates: "dmy", "mdy", "ymd", or empty for the mapping's own.
        prefix: Letter that keeps the names apart from those of other steps.
    """

    def __init__(self, spec: MappingFile, *, date_order: str = "", prefix: str = "") -> None:
        self._spec, self._prefix = spec, prefix
        self.column_sql: dict[str, str] = {}
        self.short = quote_text(date_order or spec.date_order)
        self._unknown_words = quote_text(unknown_pattern(spec.unknown))
        self._atoms: dict[str, Atom] = {}
        self._lookups: dict[tuple[str, str, str], Lookup] = {}
        self._levels: dict[str, int] = {}
        self._dates: dict[str, AskedColumn] = {}
        self._commas: dict[str, AskedColumn] = {}

    def listed(self) -> tuple[Atom | Lookup, ...]:
        """All so far."""
        return (*self._atoms.values(), *self._lookups.values())

    def dates(self) -> tuple[AskedColumn, ...]:
        """Texts that are read as dates; the engine asks each for its order."""
        return tuple(self._dates.values())

    def commas(self) -> tuple[AskedColumn, ...]:
        """Columns that are read as numbers; the engine asks each for decimal commas."""
        return tuple(self._commas.values())

    # values of a row

    def column(self, sql: str, name: str) -> Compiled:
        """The tidied text of a source column."""
        self.column_sql[name] = sql
        return Compiled(Kind.TEXT, (self.once(f"xd_tidy({sql}, _odd)"),), (), (name,), header=name)

    def once(self, sql: str, spelling: Spelling | None = None, usual: str = "") -> str:
        """The name under which `sql`, or the same in its `usual` form, is worked out once for each row."""
        if sql not in self._atoms:
            atom = Atom(f"_{self._prefix}atom{len(self._atoms)}", sql, self._level(sql), spelling, usual)
            self._atoms[sql] = atom
            self._levels[atom.name] = atom.level
        return self._atoms[sql].name

    def unread(self, raw: str, value: str, *, also: Sequence[str] = ()) -> tuple[str, str]:
        """The text that gave no value, and the same where it says that the value is unknown (or `also` so); each else NULL.

        Both are NULL in nearly all rows, so that what looks at them costs nothing on clean data.
        """
        left = self.once(f"CASE WHEN {value} IS NULL THEN {raw} END")
        return left, self.unknown(left, also)

    def unknown(self, text: str, also: Sequence[str] = ()) -> str:
        """The text where it says that a value is unknown, or one of the words `also`; else NULL."""
        words = quote_text(unknown_pattern((*self._spec.unknown, *also))) if also else self._unknown_words
        return self.once(f"xd_unknown({text}, {words})")

    def spelling(self, value: Compiled, pattern: str) -> Spelling | None:
        """The column of which `value` is the plain value, and how it is usually written."""
        return Spelling(self.column_sql[value.header], pattern) if value.header else None

    def _level(self, sql: str) -> int:
        """One more than the highest level of what `sql` names."""
        return 1 + max((self._levels.get(name, 0) for name in _NAMES.findall(sql)), default=0)

    # what the whole batch tells

    def order(self, raw: str, column: str, spelling: Spelling | None) -> str:
        """SQL of the order of day and month in the dates of `raw`, as the whole batch shows it."""
        sql = self._asked(raw)
        if sql is None:
            return self.short if self.short in ("'dmy'", "'mdy'") else "''"
        if sql not in self._dates:
            self._dates[sql] = AskedColumn(_name_of("order", sql), sql, column, spelling)
        return f"{self._dates[sql].name}{_OF_BATCH}"

    def comma(self, raw: str, value: Compiled, *, is_told: bool = False) -> str:
        """SQL of whether the column of `value` shows a decimal comma, as the whole batch tells."""
        sql = self._asked(raw)
        if sql is None:
            return "FALSE"
        if sql not in self._commas:
            spelling = self.spelling(value, USUAL_NUMBER)
            self._commas[sql] = AskedColumn(_name_of("comma", sql), sql, value.column, spelling, is_told)
        return f"{self._commas[sql].name}{_OF_BATCH}"

    def _asked(self, raw: str) -> str | None:
        """`raw` over the source's columns, to be asked for; None also where it was made of days or numbers read before."""
        sql = self.over_columns(raw)
        return None if sql is None or _OF_BATCH in sql else sql

    def over_columns(self, sql: str) -> str | None:
        """`sql` over the source's columns alone; None where it reads a code table or grows too long."""
        atoms = {atom.name: atom.sql for atom in self._atoms.values()}
        while names := _NAMES.findall(sql):
            if not all(name in atoms for name in names) or len(sql) > MAX_LENGTH:
                return None
            sql = _NAMES.sub(lambda found: f"({atoms[found[0]]})", sql)
        return _ODD.sub("TRUE", sql)

    # code tables

    def look_up(self, raw: str, table: str, list_name: str, spelling: Spelling | None = None) -> tuple[str, str | None]:
        """SQL of the code for the spelling `raw`, and of its factor (None where all factors are 1).

        Where a column is written as `spelling` throughout, `raw` is known to be NULL.
        """
        _, spellings = code_table(self._spec, table, list_name)
        key = (table, list_name, raw)
        if key not in self._lookups:
            rows = tuple((word, code, factor) for word, (code, factor) in spellings.items())
            word = f"lower(xd_half({raw}))"
            self._add(key, Lookup(self._next_lookup, word, rows, self._level(word), spelling=spelling))
        name = self._lookups[key].name
        has_factors = any(factor != "1" for _, factor in spellings.values())
        return f"{name}_code", f"{name}_factor" if has_factors else None

    def ask_store(self, name: str, word: str, asked: StoreLookup, keys: Sequence[str]) -> str:
        """SQL of what the store has under `word`, for one of the mapping's `lookups:`."""
        key = (name, "store", word)
        if key not in self._lookups:
            self._add(key, Lookup(self._next_lookup, word, (), self._level(word), asked, tuple(keys)))
        return f"{self._lookups[key].name}_code"

    @property
    def _next_lookup(self) -> str:
        return f"_{self._prefix}lookup{len(self._lookups)}"

    def _add(self, key: tuple[str, str, str], lookup: Lookup) -> None:
        self._lookups[key] = lookup
        self._levels |= {f"{lookup.name}_code": lookup.level, f"{lookup.name}_factor": lookup.level}


def _name_of(question: str, sql: str) -> str:
    return f"xd_{question}_{hashlib.sha256(sql.encode()).hexdigest()[:16]}"
