"""What the incident page shows, read from the store in one go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, and_, or_, select

from canonical_model.language import Text
from canonical_model.text import JsonValue
from crossdock.store.database import AnyRow, translate_errors
from crossdock.store.tables import incident, incident_event

_MOST_EVENTS = 60
_MOST_OTHERS = 20


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident as it stands."""

    id: int
    status: str
    title: Text
    sentence: Text
    facts: Mapping[str, JsonValue]
    occurrence: int
    updated_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str
    resolved_at: datetime | None

    @property
    def order_number(self) -> str:
        """The order that it is about; empty where its facts name none."""
        return str(self.facts.get("order_number") or "")


@dataclass(frozen=True, slots=True)
class Event:
    """One point of a life-line; `incident_id` and `title` say of which incident."""

    incident_id: int
    title: Text
    at: datetime
    kind: str
    actor: str
    sentence: Text | None


@dataclass(frozen=True, slots=True)
class LifeLine:
    """An incident, the other unresolved ones of its order, and what happened, newest first."""

    incident: Incident
    others: tuple[Incident, ...]
    events: tuple[Event, ...]


def read_life_line(engine: Engine, incident_id: int) -> LifeLine | None:
    """The incident with its order's life-line; None when there is no such incident.

    Raises:
        TransientError, StoreError: The store is gone.
    """
    with translate_errors(), engine.connect() as connection:
        row = connection.execute(select(incident).where(incident.c.id == incident_id)).one_or_none()
        if row is None:
            return None
        found = _incident(row)
        same_order = _same_order(found)
        unresolved = and_(same_order, incident.c.id != incident_id, incident.c.status != "resolved")
        others = connection.execute(
            select(incident).where(unresolved).order_by(incident.c.opened_at.desc()).limit(_MOST_OTHERS)
        )
        events = connection.execute(
            select(incident_event, incident.c.title)
            .join(incident, incident.c.id == incident_event.c.incident_id)
            .where(or_(incident.c.id == incident_id, same_order))
            .order_by(incident_event.c.at.desc(), incident_event.c.id.desc())
            .limit(_MOST_EVENTS)
        )
        return LifeLine(found, tuple(map(_incident, others)), tuple(map(_event, events)))


def _same_order(of: Incident) -> ColumnElement[bool]:
    """Incidents of the same order, by the number that people know it by."""
    if not of.order_number:
        return incident.c.id == of.id
    of_order: ColumnElement[bool] = incident.c.facts["order_number"].astext == of.order_number
    return of_order


def _incident(row: AnyRow) -> Incident:
    return Incident(
        id=row.id,
        status=row.status,
        title=Text(**row.title),
        sentence=Text(**row.sentence),
        facts=row.facts,
        occurrence=row.occurrence,
        updated_at=row.updated_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by or "",
        resolved_at=row.resolved_at,
    )


def _event(row: AnyRow) -> Event:
    sentence = Text(**row.sentence) if row.sentence else None
    return Event(row.incident_id, Text(**row.title), row.at, row.kind, row.actor, sentence)
