"""Button presses from WeCom: kept raw and once, then carried out."""

from sqlalchemy import Engine, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from canonical_model.clock import Clock, utc_now
from crossdock.delivery import update_cards
from crossdock.delivery.routing import find_person
from crossdock.home import Home
from crossdock.incidents.lifecycle import acknowledge
from crossdock.store.database import translate_errors
from crossdock.store.tables import alert, callback_event, delivery
from wecom_notify import CallbackEvent

ACKNOWLEDGE = "ack:"


def keep_event(engine: Engine, event: CallbackEvent, *, clock: Clock = utc_now) -> bool:
    """Stores an event before it is answered; False where WeCom sent it again."""
    values = {
        "from_user": event.from_user,
        "event": event.event,
        "event_key": event.event_key,
        "task_id": event.task_id,
        "response_code": event.response_code,
    }
    row = {"dedupe_key": event.dedupe_key, "received_at": clock(), "event": values}
    with translate_errors(), engine.begin() as connection:
        kept = upsert(callback_event).values(row).on_conflict_do_nothing().returning(callback_event.c.id)
        return connection.scalar(kept) is not None


def process_events(home: Home, engine: Engine, *, clock: Clock = utc_now) -> int:
    """Carries out the events that wait, and gives their number."""
    with translate_errors(), engine.connect() as connection:
        waiting = connection.execute(
            select(callback_event).where(callback_event.c.processed_at.is_(None)).order_by(callback_event.c.id)
        ).all()
    for row in waiting:
        result = _carry_out(home, engine, row.event, clock)
        done = {"processed_at": clock(), "result": result}
        with translate_errors(), engine.begin() as connection:
            connection.execute(update(callback_event).where(callback_event.c.id == row.id).values(done))
    return len(waiting)


def _carry_out(home: Home, engine: Engine, event: dict[str, str], clock: Clock) -> str:
    """Acknowledges the incident whose card was pressed, where the card was sent to the one who pressed."""
    key, user = event["event_key"], event["from_user"]
    if event["event"] != "template_card_event" or not key.startswith(ACKNOWLEDGE):
        return "ignored: not a button of ours"
    with translate_errors(), engine.begin() as connection:
        sent = connection.execute(
            select(delivery.c.id, delivery.c.recipient, alert.c.incident_id)
            .join(alert, alert.c.delivery_id == delivery.c.id)
            .where(delivery.c.task_id == event["task_id"])
        ).first()
        if sent is None or sent.recipient.lower() != user.lower() or key != f"{ACKNOWLEDGE}{sent.incident_id}":
            return "refused: this card was not sent to this member"
        if event["response_code"]:
            fresh = update(delivery).where(delivery.c.id == sent.id).values(response_code=event["response_code"])
            connection.execute(fresh)
    person = find_person(home.settings, user)
    taken = acknowledge(engine, sent.incident_id, person.name if person else user, clock=clock)
    update_cards(home, engine, clock=clock)
    return "acknowledged" if taken else "nothing to do: no longer open"
