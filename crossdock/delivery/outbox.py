"""The outbox: alerts are raised in the transaction that found them, and every one is accounted for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from canonical_model.language import Text
from crossdock.delivery.routing import NOBODY, Recipient
from crossdock.store.tables import alert, alert_account, delivery


@dataclass(frozen=True, slots=True)
class NewAlert:
    """One message about an incident (or None, for a summary) for one recipient."""

    incident_id: int | None
    occurrence: int
    kind: str
    recipient: Recipient
    title: Text
    sentence: Text


def raise_alerts(connection: Connection, raised: Sequence[NewAlert], at: datetime) -> int:
    """Puts alerts into the outbox and gives their number; what nobody can receive is dead at once, and counted."""
    for channel, count in sorted(Counter(one.recipient.channel for one in raised).items()):
        statement = upsert(alert_account).values(channel=channel, raised=count)
        counted = statement.on_conflict_do_update(
            index_elements=["channel"], set_={"raised": alert_account.c.raised + statement.excluded.raised}
        )
        connection.execute(counted)
    if raised:
        connection.execute(
            insert(alert),
            [
                {
                    "raised_at": at,
                    "incident_id": one.incident_id,
                    "occurrence": one.occurrence,
                    "kind": one.kind,
                    "channel": one.recipient.channel,
                    "recipient": one.recipient.address,
                    "reason": one.recipient.reason._asdict(),
                    "title": one.title._asdict(),
                    "sentence": one.sentence._asdict(),
                    "status": "dead" if one.recipient.channel == NOBODY else "pending",
                }
                for one in raised
            ],
        )
    return len(raised)


def want_button(connection: Connection, incident_id: int, words: Text) -> None:
    """Asks that the sent cards of an incident show `words` on a grey button; `deliver` does it."""
    sent = select(alert.c.delivery_id).where(alert.c.incident_id == incident_id, alert.c.delivery_id.is_not(None))
    connection.execute(update(delivery).where(delivery.c.id.in_(sent)).values(wanted_button=words._asdict()))
