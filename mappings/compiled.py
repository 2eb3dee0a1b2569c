"""What expressions of a mapping become: SQL, what can be wrong with it, and what expressions share."""

from dataclasses import dataclass, field
from typing import Protocol

from canonical_model.declaration import Kind
from mappings.spec import StoreLookup


@dataclass(frozen=True, slots=True)
class Problem:
    """A condition under which an expression has no right value, and the issue that says so.

    Attributes:
        condition: SQL.
        code: Issue code.
        value: SQL of the value to show.
        column: Source column to show.
        is_detail: Whether a later one of the same effect holds too, so that this one only says more.
        detail: What else its sentence needs.
    """

    condition: str
    code: str
    value: str
    column: str
    is_detail: bool = False
    detail: str = field(default="", repr=False)  # the code tells it apart


@dataclass(frozen=True, slots=True)
class Compiled:
    """One compiled expression.

    Attributes:
        kind: What it gives.
        parts: SQL of its values, in the order of the kind's columns.
        problems: What can be wrong, most telling first.
        columns: Source columns that it reads.
        header: The column of which it is the plain value; empty for anything computed.
        unknown: SQL of its text where that says that the value is unknown, else NULL; one for each value it reads.
        main: That of its first value, where a second column gives the unit or currency; else empty.
        factor: SQL of how many of its code a unit of the source is, as 0.5 kg of 斤; empty where it is always one.
        each: SQL of the unit that stands behind a price in its own cell (3.2元/个), else NULL; empty where none can.
        constants: Texts of the mapping that it may be as they stand.
    """

    kind: Kind
    parts: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    columns: tuple[str, ...] = ()
    main: str = ""
    unknown: tuple[str, ...] = ()
    header: str = ""
    factor: str = ""
    each: str = ""
    constants: tuple[str, ...] = field(default=(), repr=False)  # the SQL says them already

    @property
    def sql(self) -> str:
        """Its first value."""
        return self.parts[0]

    @property
    def column(self) -> str:
        """The column that a person would look at; empty for a constant."""
        return self.columns[0] if self.columns else ""


def as_text(value: Compiled) -> str:
    """SQL of the value as text: a number in plain digits without zeros at its end, a day as 2026-03-05."""
    text = f"CAST({value.sql} AS VARCHAR)"
    return f"rtrim(rtrim({text}, '0'), '.')" if value.kind is Kind.NUMBER else text


def joined(kind: Kind, sql: str, *parts: Compiled) -> Compiled:
    """What is made of the parts: all that can be wrong with them is wrong with it."""
    problems = tuple(problem for part in parts for problem in part.problems)
    return Compiled(kind, (sql,), problems, all_columns(*parts), unknown=all_unknown(*parts))


def all_columns(*parts: Compiled) -> tuple[str, ...]:
    """Source columns that any of the parts reads."""
    return tuple(dict.fromkeys(column for part in parts for column in part.columns))


def all_unknown(*parts: Compiled) -> tuple[str, ...]:
    """What says in any of the parts that a value is unknown."""
    return tuple(dict.fromkeys(text for part in parts for text in part.unknown))


def all_constants(*parts: Compiled) -> tuple[str, ...]:
    """The texts of the mapping that any of the parts may be."""
    return tuple(dict.fromkeys(text for part in parts for text in part.constants))


@dataclass(frozen=True, slots=True)
class Spelling:
    """The usual way to write the values of a column: reading that alone is far quicker to plan than all other ways.

    Attributes:
        column: SQL of the column as received.
        pattern: Regular expression that such a value matches as a whole.
    """

    column: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Atom:
    """A value that is worked out once for each row and used under its name by everything that needs it.

    Attributes:
        name: Its column.
        sql: What it is, over source columns and atoms of lower levels.
        level: 1 where it needs no other atom, else one more than the highest that it needs.
        spelling: A column and how it is usually written, where that makes a difference.
        usual: The same as `sql` where each value of that column is empty or written so.
    """

    name: str
    sql: str
    level: int
    spelling: Spelling | None = None
    usual: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A code table that an expression reads: joined on the normalised spelling.

    Attributes:
        name: Name of its table; its code and factor are the columns `<name>_code` and `<name>_factor`.
        word: SQL of the spelling to look up.
        rows: (spelling, code, factor).
        level: As for an atom.
        asked: What the store is asked for, where its rows come from there; else None.
        keys: SQL over the source's columns of the values asked for, in the order of `asked.match`.
        spelling: A column and how it is usually written, where nothing is looked up for values written so.
    """

    name: str
    word: str
    rows: tuple[tuple[str, str, str], ...]
    level: int
    asked: StoreLookup | None = None
    keys: tuple[str, ...] = ()
    spelling: Spelling | None = None


class Columns(Protocol):
    """Where the columns of an expression come from: a sheet's header, or a JSON document."""

    def find(self, path: tuple[str, ...]) -> tuple[str, str] | None:
        """(SQL that gives the column as text, its name in the source), None where there is no such column."""
        ...

    def whole(self, text: str) -> tuple[str, str] | None:
        """The same for a right-hand side that is, letter for letter, a column's name."""
        ...

    def paired(self, name: str, number: str) -> tuple[str, str] | None:
        """The unit that belongs to a column of numbers by its name, where the mapping's word `name` may mean several."""
        ...

    def doubtful(self, name: str) -> list[str]:
        """Columns that may be meant by a name that was not found, but say more that is not understood."""
        ...


class MissingColumnError(Exception):
    """The header does not carry a column that an expression reads."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class LostUnitError(Exception):
    """An expression computes with a column that it names without the unit in its header, which would be lost: 毛重(g) as 毛重."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self.column = column


def quote_text(text: str) -> str:
    """`text` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
