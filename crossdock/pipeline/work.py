"""What all steps of one run share: the transaction, and what has been counted and found so far."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from canonical_model.entities import SPECS
from canonical_model.issues import Issue
from crossdock.home import Home, StreamFile
from crossdock.pipeline.progress import Tell, tell_nobody
from crossdock.pipeline.report import EntityCounts
from crossdock.store import tables
from crossdock.store.bulk import copy_records
from mappings.dates import DateOrder
from mappings.engine import KnownHashes
from mappings.landed import HeldRow, PlacedIssue

_SHOWN_ISSUES = 20
COUNTED = ("read", "created", "updated", "unchanged", "stale", "folded", "parked", "rejected", "deleted")


@dataclass(slots=True)
class Work:
    """One run of one stream, in its transaction.

    Attributes:
        home: The deployment.
        connection: In the transaction that commits all of the run or nothing.
        run_id: The run.
        kind: "sync", "backfill" or "replay".
        source: Source id.
        stream: Stream name.
        at: The run's moment.
        folder: For copies of landed files that lie elsewhere.
        counts: Entity -> where its records went, in the order of `COUNTED`.
        issue_count: How many issues were found.
        first_issues: The first of them, for people.
        date_orders: How dates that could be either were read, and why.
        tell: Is told how far the run is.
        newer_noted: (batch, entity) whose keys were noted for files that come late.
        ahead: Stored hashes that were asked for before the run wrote anything.
    """

    home: Home
    connection: Connection
    run_id: int
    kind: str
    source: str
    stream: str
    at: datetime
    folder: Path
    counts: dict[str, list[int]] = field(default_factory=dict)
    issue_count: int = 0
    first_issues: list[Issue] = field(default_factory=list)
    date_orders: list[DateOrder] = field(default_factory=list)
    tell: Tell = tell_nobody
    newer_noted: set[tuple[int, str]] = field(default_factory=set)
    ahead: KnownHashes = field(default_factory=dict)

    @property
    def settings(self) -> StreamFile:
        """What the source file says of the stream."""
        return self.home.stream(self.source, self.stream)

    def count(self, entity: str, more: Mapping[str, int]) -> None:
        """Adds to the account of an entity."""
        before = self.counts.setdefault(entity, [0] * len(COUNTED))
        self.counts[entity] = [a + more.get(name, 0) for a, name in zip(before, COUNTED, strict=True)]

    def entity_counts(self) -> tuple[EntityCounts, ...]:
        """The accounts in the order of the model."""
        return tuple(EntityCounts(name, *self.counts[name]) for name in SPECS if name in self.counts)

    def write_issues(self, found: Iterable[PlacedIssue]) -> None:
        """Stores what was found, of which there may be more than the memory holds."""
        self.issue_count += copy_records(self.connection, tables.issue, map(self._issue, found))

    def _issue(self, one: PlacedIssue) -> dict[str, object]:
        said = one.issue
        if len(self.first_issues) < _SHOWN_ISSUES:
            self.first_issues.append(said)
        return {
            "at": self.at,
            "run_id": self.run_id,
            "source": self.source,
            "stream": self.stream,
            "code": said.code,
            "entity": said.entity,
            "field": said.field,
            "column_name": said.column,
            "place": said.place,
            "value": said.value.replace("\x00", ""),
            "detail": said.detail,
            "batch_id": one.batch,
            "row_number": one.row,
        }

    def write_held(self, held: Iterable[HeldRow], fingerprint: str) -> Counter[str]:
        """Stores rows that the mapping of that fingerprint did not let in; gives how many are "parked" and "rejected"."""
        counts = Counter[str]()
        mine = {"at": self.at, "run_id": self.run_id, "source": self.source, "stream": self.stream}

        def record(row: HeldRow) -> dict[str, object]:
            counts[row.outcome] += 1
            return mine | {
                "entity": row.entity,
                "key": row.key,
                "batch_id": row.batch,
                "row_number": row.row,
                "element": row.element,
                "outcome": row.outcome,
                "fingerprint": fingerprint,
            }

        copy_records(self.connection, tables.held_row, map(record, held))
        return counts
