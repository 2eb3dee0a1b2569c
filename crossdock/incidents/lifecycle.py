"""The life of an incident: opened once per rule and subject, updated, acknowledged, resolved by itself, reopened."""

from sqlalchemy import Engine, insert, select, update

from canonical_model.clock import Clock, utc_now
from canonical_model.language import Text
from crossdock.delivery.outbox import want_button
from crossdock.store.database import translate_errors
from crossdock.store.tables import incident, incident_event


def acknowledge(engine: Engine, incident_id: int, actor: str, *, clock: Clock = utc_now) -> bool:
    """Records that `actor` takes care of an incident; False where it is not open any more or does not exist.

    Args:
        engine: The store.
        incident_id: The incident.
        actor: Who says so: a person's name.
        clock: The present.
    """
    at = clock()
    with translate_errors(), engine.begin() as connection:
        status = connection.scalar(select(incident.c.status).where(incident.c.id == incident_id).with_for_update())
        if status != "open":
            return False
        taken = {"status": "acknowledged", "acknowledged_at": at, "acknowledged_by": actor}
        connection.execute(update(incident).where(incident.c.id == incident_id).values(taken))
        event = {"incident_id": incident_id, "at": at, "kind": "acknowledged", "actor": actor}
        connection.execute(insert(incident_event).values(event))
        want_button(connection, incident_id, Text(f"{actor} 已知晓", f"Seen by {actor}"))
    return True
