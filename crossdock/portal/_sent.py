"""What became of the files that one partner sent, and nothing of anybody else's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy import ColumnElement, Engine, and_, func, or_, select

from canonical_model.language import Text
from crossdock.delivery.links import UploadLink
from crossdock.returned import standing_issues, waits_for_sender
from crossdock.store.database import AnyRow, translate_errors
from crossdock.store.tables import batch, held_row, issue

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class SentFile:
    """One file that was sent.

    Attributes:
        number: Of its first landed part; names it on the pages.
        name: Its name.
        at: When it was landed.
        status: "landed", "applied" or "parked".
        problem: Why it waits as a whole.
        rows: Data rows.
        waiting: Rows that wait for a decision.
        rejected: Rows that were left out.
        marked: Rows with anything to mark, warnings included.
    """

    number: int
    name: str
    at: datetime
    status: str
    problem: Text | None
    rows: int
    waiting: int
    rejected: int
    marked: int

    @property
    def stored(self) -> int:
        """Rows that went in."""
        return self.rows - self.waiting - self.rejected if self.status == "applied" else 0

    @property
    def has_problems(self) -> bool:
        """Whether there is anything to mend."""
        return self.problem is not None or self.marked > 0


class SentFiles:
    """The files of one link.

    Args:
        engine: The store.
        link: Whose files; every query is confined to them.
    """

    def __init__(self, engine: Engine, link: UploadLink) -> None:
        self._engine = engine
        self._mine = and_(
            batch.c.source == link.source,
            batch.c.stream == link.stream,
            batch.c.parts == dict(link.parts),
            batch.c.status != "superseded",
        )

    def newest(self) -> list[SentFile]:
        """The last files, newest first."""
        return self._files(self._mine)

    def find(self, number: int) -> SentFile | None:
        """The file whose first part has that number."""
        one = batch.alias("one")
        whole = select(one.c.id).where(
            one.c.id == number, *(one.c[name] == batch.c[name] for name in ("name", "sha256", "landed_run"))
        )
        return next(iter(self._files(and_(self._mine, whole.exists()))), None)

    def named(self, path: str, sha256: str) -> SentFile | None:
        """The newest file with that path and content."""
        return next(iter(self._files(and_(self._mine, batch.c.name == path, batch.c.sha256 == sha256))), None)

    def same_content(self, sha256: str) -> SentFile | None:
        """The newest file with that content, whatever it is called."""
        return next(iter(self._files(and_(self._mine, batch.c.sha256 == sha256))), None)

    def _files(self, wanted: ColumnElement[bool]) -> list[SentFile]:
        first = func.min(batch.c.id).label("first")
        files = (
            select(first, batch.c.name, batch.c.sha256, batch.c.landed_run)
            .where(wanted)
            .group_by(batch.c.name, batch.c.sha256, batch.c.landed_run)
            .order_by(first.desc())
            .limit(_SHOWN)
        )
        with translate_errors(), self._engine.connect() as connection:
            found = connection.execute(files).all()
            same = [
                and_(batch.c.name == one.name, batch.c.sha256 == one.sha256, batch.c.landed_run == one.landed_run)
                for one in found
            ]
            parts = (
                connection.execute(select(batch).where(self._mine, or_(*same)).order_by(batch.c.id)).all()
                if same
                else []
            )
            numbers = {part.id for part in parts}
            held = connection.execute(
                select(
                    held_row.c.batch_id, held_row.c.row_number, func.max(held_row.c.outcome)
                )  # rejected goes before parked
                .where(held_row.c.batch_id.in_(numbers), held_row.c.settled_run.is_(None))
                .group_by(held_row.c.batch_id, held_row.c.row_number)
            ).all()
            marked = connection.execute(
                select(issue.c.batch_id, func.count(func.distinct(issue.c.row_number)))
                .where(*standing_issues(connection, parts))
                .group_by(issue.c.batch_id)
            ).all()
        outcomes = [(row.batch_id, row[2]) for row in held]
        marks = {row.batch_id: int(row[1]) for row in marked}
        return [
            _file(
                [part for part in parts if (part.name, part.sha256, part.landed_run) == tuple(one)[1:]], outcomes, marks
            )
            for one in found
        ]


def _file(parts: Sequence[AnyRow], outcomes: Iterable[tuple[int, str]], marks: dict[int, int]) -> SentFile:
    numbers = {part.id for part in parts}
    mine = [outcome for number, outcome in outcomes if number in numbers]
    parked = next(filter(waits_for_sender, parts), None)
    return SentFile(
        number=parts[0].id,
        name=PurePosixPath(parts[0].name).name,
        at=parts[0].landed_at,
        status=_status(parts),
        problem=Text(parked.problem["zh"], parked.problem["en"]) if parked else None,
        rows=sum(part.rows_read for part in parts if not waits_for_sender(part)),
        waiting=mine.count("parked"),
        rejected=mine.count("rejected"),
        marked=sum(marks.get(number, 0) for number in numbers),
    )


def _status(parts: Sequence[AnyRow]) -> str:
    """A file of which one sheet with rows went in is applied, whatever became of the others."""
    statuses = {part.status if part.status != "parked" or waits_for_sender(part) else "landed" for part in parts}
    went_in = any(part.status == "applied" and part.rows_read for part in parts)
    return "landed" if "landed" in statuses else "parked" if "parked" in statuses and not went_in else "applied"
