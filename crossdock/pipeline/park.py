"""Which of the waiting batches go in, each with its mapping, and why the others wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path, PurePosixPath

from canonical_model.errors import MappingError
from canonical_model.language import Text
from crossdock.pipeline.choose import MappingChooser, header_of
from crossdock.pipeline.chosen import Chosen, file_of
from crossdock.pipeline.drift import columns_to_read
from crossdock.pipeline.keys import changed_key
from crossdock.pipeline.land import fetch_rows
from crossdock.pipeline.questions import Question, Table, question_about
from crossdock.pipeline.work import Work
from crossdock.store.database import AnyRow
from mappings.plan import Plan


@dataclass(frozen=True, slots=True)
class Parked:
    """Why a batch waits.

    Attributes:
        problem: In words.
        kind: "damaged" (it must be sent again), "mapping" (judged again by itself), "drift" (a person decides) or "key"
            (a person decides, and is asked by every run until then).
        question: What a person is asked about the mapping, not about the file; None for other kinds.
    """

    problem: Text
    kind: str
    question: MappingError | None = None


def sort_out(work: Work, chooser: MappingChooser, waiting: Sequence[AnyRow]) -> tuple[list[Chosen], dict[int, Parked]]:
    """The batches that go in, and by batch why others wait; those without rows, and lists of keys, are neither."""
    gate = _Gate(work, chooser, waiting)
    chosen: list[Chosen] = []
    parked: dict[int, Parked] = {}
    for row in waiting:
        match gate.judge(row):
            case Parked() as reason:
                parked[row.id] = reason
            case Plan() as plan:
                chosen.append(Chosen(row, plan))
    return chosen, parked


class _Gate:
    """Judges batches one by one; what holds for a whole file, sheet or plan is found out once."""

    def __init__(self, work: Work, chooser: MappingChooser, waiting: Sequence[AnyRow]) -> None:
        self._work, self._chooser = work, chooser
        self._damaged = {
            file_of(row): Text(row.problem["zh"], row.problem["en"])
            for row in waiting
            if row.problem and row.status == "landed"
        }
        self._sheets = _sheets(waiting)
        self._asked: dict[int, Question | None] = {}
        self._changed: dict[int, MappingError | None] = {}

    def judge(self, row: AnyRow) -> Plan | Parked | None:
        """The plan that a batch takes, or why it waits; None where there is nothing to take in."""
        if (damage := self._damaged.get(file_of(row))) is not None:
            return Parked(damage, "damaged")  # one bad part parks the whole file, so that nothing of it is half in
        if not row.rows_read or row.kind == "keys":  # a sheet without a table, or with a header alone
            return None
        plan = self._chooser.choose(header_of(row))
        if isinstance(plan, Text):
            return Parked(plan, "mapping")
        columns = columns_to_read(self._work, row, plan.spec.mapping)
        if isinstance(columns, Text):
            return Parked(columns, "drift")
        if (left_open := self._question(row, plan)) is not None:
            return Parked(left_open.for_run(self._work.run_id), "drift")
        if id(plan) not in self._changed:
            self._changed[id(plan)] = changed_key(self._work, plan)
        if (question := self._changed[id(plan)]) is not None:
            return Parked(question.what, "key", question)
        confined = self._chooser.choose(replace(header_of(row), columns=columns))
        return Parked(confined, "mapping") if isinstance(confined, Text) else confined

    def _question(self, row: AnyRow, plan: Plan) -> Question | None:
        """What the sheet of a batch leaves open; all of its parts are approved at once."""
        parts, names = self._sheets[row.id]
        first = parts[0].id
        if first not in self._asked:
            is_decided = row.is_approved or row.status == "applied"  # which is replayed
            accepted = self._work.settings.accepted
            asked = None if is_decided else question_about(_table(self._work, parts, names), plan, accepted)
            self._asked[first] = asked
        return self._asked[first]


def _sheets(waiting: Sequence[AnyRow]) -> Mapping[int, tuple[Sequence[AnyRow], Sequence[str]]]:
    """Batch -> all parts of its sheet, which a large one was landed in, and the names of the sheets of its file that hold rows."""
    found: dict[int, tuple[Sequence[AnyRow], Sequence[str]]] = {}
    for _, rows in groupby(waiting, key=lambda row: file_of(row) if row.sha256 else row.id):
        of_file = list(rows)
        full = [row for row in of_file if row.rows_read]
        for _, of_sheet in groupby(full, key=lambda row: (row.sheet, row.columns)):
            parts = list(of_sheet)
            found |= dict.fromkeys((part.id for part in parts), (parts, [row.sheet for row in full]))
    return found


def _table(work: Work, parts: Sequence[AnyRow], sheets: Sequence[str]) -> Table:
    """A sheet, as it is asked about."""
    first = parts[0]
    columns = [name for name in first.columns if name not in first.parts]
    labels = {label: values for part in parts for label, values in part.labels.items()}
    rows = partial(_fetch_parts, work, parts)
    return Table(
        first.sheet,
        sheets,
        columns,
        labels,
        first.places,
        first.is_json,
        rows,
        PurePosixPath(first.name).stem if first.sha256 else "",
    )


def _fetch_parts(work: Work, parts: Sequence[AnyRow]) -> list[Path]:
    return [fetch_rows(part.data_url, work.folder) for part in parts]
