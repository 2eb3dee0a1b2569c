"""The files of a run in which something is wrong, as the store knows them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath

from sqlalchemy import ColumnElement, Connection, Engine, or_, select

from canonical_model.issues import Issue
from canonical_model.language import Language, Text
from crossdock.returned.marks import SheetMarks, mark_rows, public
from crossdock.store.database import AnyRow, among, translate_errors
from crossdock.store.tables import batch, held_row, issue, was_judged_again


@dataclass(frozen=True, slots=True)
class ProblemFile:
    """One landed file and what is wrong in it.

    Attributes:
        source, stream: Where it came from.
        path: Its path below the folder of the source, or the name of the table.
        original_url: Where its bytes lie; empty for queries.
        batches: Its landed parts in order: sheets, and pieces of a long text.
        issues: (number of the batch, row number, what is wrong).
    """

    source: str
    stream: str
    path: str
    original_url: str
    batches: tuple[AnyRow, ...]
    issues: tuple[tuple[int, int, Issue], ...]

    @property
    def name(self) -> str:
        """Its name without folders."""
        return PurePosixPath(self.path).name

    @property
    def has_problems(self) -> bool:
        """Whether anything in it is worth giving it back."""
        return bool(self.issues) or any(map(waits_for_sender, self.batches))

    def sheets(self, language: Language) -> Mapping[str, SheetMarks]:
        """Name of a sheet (empty for text) -> its marks."""
        by_batch: dict[int, list[tuple[int, Issue]]] = defaultdict(list)
        for number, row, one in self.issues:
            by_batch[number].append((row, one))
        marked = {}
        for sheet, group in groupby(self.batches, key=lambda one: str(one.sheet)):
            parts = list(group)
            places = {name: letters for part in parts for name, letters in part.places.items()}
            rows = mark_rows((pair for part in parts for pair in by_batch[part.id]), places, language)
            problem = next((part.problem for part in parts if waits_for_sender(part)), None)
            said = public(Text(problem["zh"], problem["en"]), parts[0].parts).get(language) if problem else ""
            marked[sheet] = SheetMarks(parts[0].header_row, places, said, rows)
        return marked


def waits_for_sender(part: AnyRow) -> bool:
    """Whether a row of `crossdock.batch` is parked for what it holds, not for a question about our own mapping."""
    return part.status == "parked" and bool(part.problem) and part.problem.get("kind") != "key"


def find_files(engine: Engine, run_id: int) -> list[ProblemFile]:
    """The files of a run that hold issues or wait as a whole, in landing order."""
    with_issues = select(issue.c.batch_id).where(issue.c.run_id == run_id)
    found = _find(engine, or_(batch.c.applied_run == run_id, batch.c.id.in_(with_issues)), run_id)
    return [one for one in found if one.has_problems]


def find_file(engine: Engine, batch_id: int) -> ProblemFile | None:
    """The file of which a landed batch is a part."""
    one = batch.alias("one")
    same = (
        select(one.c.id)
        .where(one.c.id == batch_id)
        .where(*(one.c[name] == batch.c[name] for name in ("source", "stream", "name", "sha256", "landed_run")))
    )
    return next(iter(_find(engine, same.exists())), None)


def standing_issues(connection: Connection, parts: Sequence[AnyRow]) -> tuple[ColumnElement[bool], ...]:
    """Conditions on the issues of landed batches that still hold: of the run that applied them, or of a later look at a row."""
    numbers = [one.id for one in parts]
    later = select(held_row.c.settled_run).where(
        among(held_row.c.batch_id, numbers), held_row.c.settled_run.is_not(None)
    )
    runs = {one.applied_run for one in parts if one.applied_run} | set(connection.scalars(later.distinct()))
    return among(issue.c.run_id, runs), among(issue.c.batch_id, numbers), ~was_judged_again()


def _find(engine: Engine, wanted: ColumnElement[bool], run_id: int | None = None) -> Sequence[ProblemFile]:
    """Files with the issues that `run_id` found, else those that still hold."""
    with translate_errors(), engine.connect() as connection:
        batches = connection.execute(
            select(batch).where(wanted, batch.c.status != "superseded").order_by(batch.c.id)
        ).all()
        mine = (issue.c.run_id == run_id, among(issue.c.batch_id, [one.id for one in batches]))
        theirs = mine if run_id else standing_issues(connection, batches)
        rows = connection.execute(select(issue).where(*theirs).order_by(issue.c.id)).all()
    by_batch: dict[int, list[tuple[int, int, Issue]]] = defaultdict(list)
    for row in rows:
        known = Issue(row.code, row.entity, row.field, row.column_name, row.place, row.value, row.detail)
        by_batch[row.batch_id].append((row.batch_id, row.row_number, known))
    files: dict[tuple[str, str, int], list[AnyRow]] = defaultdict(list)
    for one in batches:
        files[one.name, one.sha256, one.landed_run].append(one)
    return [
        ProblemFile(
            source=parts[0].source,
            stream=parts[0].stream,
            path=parts[0].name,
            original_url=parts[0].original_url or "",
            batches=tuple(parts),
            issues=tuple(found for part in parts for found in by_batch[part.id]),
        )
        for parts in files.values()
    ]
