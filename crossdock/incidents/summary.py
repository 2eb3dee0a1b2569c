"""The one message after first loads: what came in, and that standing incidents are the baseline."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Connection, cast, func, or_, select, update

from canonical_model.entities import SPECS
from canonical_model.language import Text
from crossdock.delivery.outbox import NewAlert
from crossdock.delivery.routing import find_recipients
from crossdock.home import Home
from crossdock.store.tables import incident, run, run_entity

PATIENCE = timedelta(hours=1)
TITLE = Text("首次载入", "First load")


def summarise_first_loads(connection: Connection, home: Home, at: datetime) -> list[NewAlert]:
    """The summary for the owner, once every stream has had its first run or an hour has passed; else nothing."""
    first = connection.execute(
        select(run.c.id, run.c.finished_at).where(run.c.is_baseline, ~run.c.is_summarised, run.c.is_evaluated)
    ).all()
    if not first:
        return []
    has_ended = or_(run.c.is_evaluated, run.c.status.not_in(["running", "succeeded"]))
    ended = select(run.c.source, run.c.stream).where(has_ended).distinct()
    streams = {(name, stream) for name, source in home.sources.items() for stream in source.streams}
    is_complete = streams <= set(connection.execute(ended))
    if not is_complete and at - min(row.finished_at for row in first) < PATIENCE:
        return []
    numbers = [row.id for row in first]
    connection.execute(update(run).where(run.c.id.in_(numbers)).values(is_summarised=True))
    sentence = _sentence(connection, numbers)
    owners = find_recipients(home.settings, "owner", {})
    return [NewAlert(None, 1, "summary", owner, TITLE, sentence) for owner in owners]


def _sentence(connection: Connection, runs: list[int]) -> Text:
    created = cast(func.sum(run_entity.c.created), BigInteger)
    held = cast(func.sum(run_entity.c.parked + run_entity.c.rejected), BigInteger)
    mine = select(run_entity.c.entity, created, held).where(run_entity.c.run_id.in_(runs))
    counted = {name: rest for name, *rest in connection.execute(mine.group_by(run_entity.c.entity))}
    standing = connection.scalar(
        select(func.count()).select_from(incident).where(incident.c.is_baseline, incident.c.status != "resolved")
    )
    rows = [(SPECS[name].label, *counted[name]) for name in SPECS if name in counted]
    zh = "、".join(f"{label.zh} {count} 条" for label, count, _ in rows)
    en = ", ".join(f"{count} × {label.en.lower()}" for label, count, _ in rows)
    waiting = sum(count for _, _, count in rows)
    return Text(
        f"首次载入完成：{zh}。{f'有 {waiting} 条待处理。' if waiting else ''}"
        f"已有异常 {standing} 项，作为起点记下，不逐条提醒；以后只提醒新变化。",
        f"First load done: {en}. {f'{waiting} rows wait. ' if waiting else ''}"
        f"{standing} standing incidents are the baseline, without alerts; from now on only news is told.",
    )
