"""What is to be marked on a sheet, and the words and colours of the marks."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from canonical_model.issues import CATALOGUE, Effect, Issue
from canonical_model.language import Language, Text
from connectors.formats.cells import position_of

PROBLEM = Text("问题", "Problem")
FIX = Text("怎么改", "How to mend it")
ORIGINAL_ROW = Text("原第 {row} 行", "Row {row} of your file")
RED, YELLOW = "FFFFC7CD", "FFFFEB9B"
"""ARGB of a cell that keeps its row out, and of one that is only worth a look.

A shade beside Excel's own "bad" and "neutral", so that our marks are known again and nobody else's colour is taken off.
"""
_INTERNAL = re.compile(r"\[XD-[A-Z]{3}-\d{3}\] ?|（mappings/[^）]*）| \(mappings/[^)]*\)")
_ASKED_ZH = re.compile(r"[^。]*crossdock run .*$")
_ASKED_EN = re.compile(r"(?<=\. )(?:(?!\. [A-Z]).)*crossdock run .*$")
"""The last sentence of a question: what to set or to run, which is nothing for a partner."""
MOST_COMMENTS = 1_000
"""Comments on one sheet; beyond, the added columns alone say what is wrong, since Excel grows slow with more."""


@dataclass(slots=True)
class RowMarks:
    """What is wrong with one row.

    Attributes:
        cells: Letters of a column -> what its comment says.
        problems: The reasons, each once.
        fixes: What to do about them, each once.
        is_failing: Whether the row was kept out; else these are warnings.
        red: Letters of the cells that keep it out.
    """

    cells: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    problems: list[str] = field(default_factory=list)
    fixes: list[str] = field(default_factory=list)
    is_failing: bool = False
    red: set[str] = field(default_factory=set)

    def add(self, letters: str, reason: str, fix: str, *, is_failing: bool) -> None:
        """One problem; `letters` is empty where it is the whole row's."""
        self.is_failing |= is_failing
        if reason not in self.problems:
            self.problems.append(reason)
        if fix not in self.fixes:
            self.fixes.append(fix)
        if letters:
            said = f"{reason}\n{fix}"
            if said not in self.cells[letters]:
                self.cells[letters].append(said)
            if is_failing:
                self.red.add(letters)


@dataclass(frozen=True, slots=True)
class SheetMarks:
    """What is to be marked on one sheet.

    Attributes:
        header_row: Row number of its header; 0 where none is known.
        places: Column name -> letters.
        problem: Why the sheet waits as a whole; empty in most.
        rows: Row number -> what is wrong with it.
    """

    header_row: int
    places: Mapping[str, str]
    problem: str = ""
    rows: Mapping[int, RowMarks] = field(default_factory=dict)

    @property
    def failing(self) -> frozenset[int]:
        """Rows that were kept out."""
        return frozenset(row for row, marks in self.rows.items() if marks.is_failing)

    def added_columns(self) -> tuple[int, bool] | None:
        """Position of the first of the two added columns, and whether an earlier mark-up left them there.

        None where nothing is known of the columns.
        """
        for problem, fix in zip(PROBLEM, FIX, strict=True):
            if problem in self.places and fix in self.places:
                first, second = position_of(self.places[problem]), position_of(self.places[fix])
                if second == first + 1:
                    return first, True
        if not self.places:
            return None
        return max(map(position_of, self.places.values())) + 1, False


def mark_rows(found: Iterable[tuple[int, Issue]], places: Mapping[str, str], language: Language) -> dict[int, RowMarks]:
    """The marks of one sheet from its issues, each with its row number."""
    rows: dict[int, RowMarks] = defaultdict(RowMarks)
    for row, issue in found:
        if issue.code in CATALOGUE:
            reason, fix = issue.words()
            is_failing = CATALOGUE[issue.code].effect is not Effect.KEEP
            rows[row].add(places.get(issue.column, ""), reason.get(language), fix.get(language), is_failing=is_failing)
    return dict(rows)


def on_sheets(marked: Mapping[str, SheetMarks], there: Sequence[str]) -> dict[str, SheetMarks]:
    """The marks by the sheets of a workbook; what is said of the whole file goes onto the first."""
    return {name if name in there or not there else there[0]: marks for name, marks in marked.items()}


def public(problem: Text, parts: Iterable[str]) -> Text:
    """A problem in words for a partner: without our code, file and commands, and the columns that come from the path."""
    zh, en = (_INTERNAL.sub("", one) for one in problem)
    said = [_ASKED_ZH.sub("", zh), _ASKED_EN.sub("", en).rstrip()]
    for part in parts:
        said = [re.sub(rf"[、,] ?{re.escape(part)}(?=[。.])", "", one) for one in said]
    return Text(*said)
