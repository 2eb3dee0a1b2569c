"""Settling: the incidents of one rule are brought in line with what the rule finds now."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from canonical_model.language import Text
from crossdock.delivery.outbox import NewAlert, want_button
from crossdock.delivery.routing import Recipient, find_recipients
from crossdock.home import Settings
from crossdock.incidents.rules import Rule
from crossdock.incidents.sentences import Facts, storable
from crossdock.store.database import AnyRow
from crossdock.store.tables import incident, incident_event

RESOLVED_BUTTON = Text("已自行恢复", "Resolved by itself")


class Settlement:
    """One rule's incidents against its findings, in the caller's transaction.

    Args:
        connection: The transaction.
        settings: Who stands for which role.
        rule: The rule.
        at: The moment of the evaluation.
        is_new: The rule is new or was reworded: what it finds is the baseline, and nobody is told.
        first_loads: Sources whose first load is being evaluated: the same for findings that involve one of them.

    Attributes:
        alerts: Alerts to raise.
        counts: Number of incidents by what happened to them: opened, updated, resolved, reopened, baseline.
    """

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        rule: Rule,
        at: datetime,
        *,
        is_new: bool,
        first_loads: frozenset[str],
    ) -> None:
        self._connection, self._settings, self._rule, self._at = connection, settings, rule, at
        self._is_new, self._first_loads = is_new, first_loads
        self._events: list[dict[str, object]] = []
        self.alerts: list[NewAlert] = []
        self.counts = dict.fromkeys(("opened", "updated", "resolved", "reopened", "baseline"), 0)

    def settle(self, found: Mapping[str, Facts]) -> None:
        """Opens, updates, reopens and resolves, so that exactly the subjects in `found` are open."""
        mine = select(incident).where(incident.c.rule == self._rule.name)
        known = {row.subject: row for row in self._connection.execute(mine.with_for_update()).all()}
        new = {subject: facts for subject, facts in found.items() if subject not in known}
        self._open(new)
        for subject, row in known.items():
            facts = found.get(subject)
            if facts is None:
                if row.status != "resolved":
                    self._resolve(row)
            elif row.status == "resolved":
                self._open_again(row, "reopened", facts)
            elif row.sentence != self._rule.sentence.render(facts)._asdict():
                if self._is_new:
                    self._reword(row, facts)
                else:
                    self._open_again(row, "updated", facts)
        if self._events:
            self._connection.execute(insert(incident_event), self._events)

    def _is_quiet(self, facts: Facts) -> bool:
        involved = facts.get("sources")
        if involved == []:  # about no record, so neither a first load nor a new rule makes it old news
            return False
        if self._is_new or not self._first_loads:
            return self._is_new
        return not isinstance(involved, list) or bool(self._first_loads & set(involved))

    def _reword(self, row: AnyRow, facts: Facts) -> None:
        """Takes over the words of a changed rule; who has seen the incident need not look again."""
        words = {name: value for name, value in self._state(facts).items() if name != "status"}
        self._connection.execute(update(incident).where(incident.c.id == row.id).values(words))

    def _state(self, facts: Facts) -> dict[str, object]:
        return {
            "severity": self._rule.spec.severity,
            "title": self._rule.title._asdict(),
            "sentence": self._rule.sentence.render(facts)._asdict(),
            "facts": storable(facts),
            "status": "open",
            "updated_at": self._at,
        }

    def _open(self, new: Mapping[str, Facts]) -> None:
        if not new:
            return
        rows = [
            {
                "rule": self._rule.name,
                "subject": subject,
                "is_baseline": self._is_quiet(facts),
                "opened_at": self._at,
                **self._state(facts),
            }
            for subject, facts in new.items()
        ]
        written = self._connection.execute(insert(incident).returning(incident.c.id, incident.c.subject), rows)
        for number, subject in written:
            self._happened("opened", number, 1, new[subject])
        quiet = sum(self._is_quiet(facts) for facts in new.values())
        self.counts["baseline"] += quiet
        self.counts["opened"] += len(new) - quiet

    def _open_again(self, row: AnyRow, kind: str, facts: Facts) -> None:
        """Reopens a resolved incident, or tells an open one's news; either asks for attention anew."""
        occurrence = row.occurrence + (kind == "reopened")
        fresh = {"acknowledged_at": None, "acknowledged_by": None, "resolved_at": None, "occurrence": occurrence}
        if kind == "reopened":
            fresh |= {"opened_at": self._at, "is_baseline": self._is_quiet(facts)}
        self._connection.execute(update(incident).where(incident.c.id == row.id).values(fresh | self._state(facts)))
        self._happened(kind, row.id, occurrence, facts)
        self.counts[kind] += 1

    def _resolve(self, row: AnyRow) -> None:
        resolve(self._connection, row.id, self._at)
        self.counts["resolved"] += 1

    def _happened(self, kind: str, incident_id: int, occurrence: int, facts: Facts) -> None:
        sentence = self._rule.sentence.render(facts)
        self._events.append(
            {"incident_id": incident_id, "at": self._at, "kind": kind, "actor": "", "sentence": sentence._asdict()}
        )
        if self._is_quiet(facts):
            return
        recipients: dict[tuple[str, str], Recipient] = {}
        for role in self._rule.spec.notify:
            for one in find_recipients(self._settings, role, facts):
                recipients.setdefault((one.channel, one.address), one)
        self.alerts += [
            NewAlert(incident_id, occurrence, kind, recipient, self._rule.title, sentence)
            for recipient in recipients.values()
        ]


def resolve(connection: Connection, incident_id: int, at: datetime) -> None:
    """Ends an incident whose facts have recovered, and asks that its cards say so."""
    ended = {"status": "resolved", "resolved_at": at, "updated_at": at}
    connection.execute(update(incident).where(incident.c.id == incident_id).values(ended))
    event = {"incident_id": incident_id, "at": at, "kind": "resolved", "actor": ""}
    connection.execute(insert(incident_event).values(event))
    want_button(connection, incident_id, RESOLVED_BUTTON)
