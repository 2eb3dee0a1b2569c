"""`crossdock status`: how every stream is doing, and whether the alerts add up."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from canonical_model.clock import utc_now
from canonical_model.language import Text
from crossdock.cli._exits import ExitCode
from crossdock.cli._mended import still_parked
from crossdock.cli._screen import Document
from crossdock.cli._session import HomeOption, JsonOption, Session, session
from crossdock.cli._words import CHANNELS, RUN_STATUS, ago, entity_label, stored_text

if TYPE_CHECKING:
    from sqlalchemy import Connection

_TERMS = ("delivered", "merged", "silenced", "pending", "dead")


def status(*, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """每条数据流的近况、异常、待发的消息，以及提醒的账 · every stream, incidents, messages, and the account of alerts.

    提醒的账不平时退出码为 4 · ends with 4 where the alerts do not add up.

    例 · example:  crossdock status --json
    """
    with session(home, as_json) as one, one.store() as engine:
        from crossdock.store.database import translate_errors

        with translate_errors(), engine.connect() as connection:
            streams = [
                _read_stream(connection, name, stream)
                for name, source in one.home.sources.items()
                for stream in source.streams
            ]
            one.screen.document["streams"] = [_show_stream_document(stream) for stream in streams]
            _show_streams(one, streams)
            _show_incidents(one, connection)
            _show_account(one, connection)


@dataclass(frozen=True, slots=True)
class _Stream:
    """One stream as it stands.

    Attributes:
        run: Number of the last run; None before the first.
        moved: When something new was last stored.
        rows: Rows of each entity that it states.
        waiting: Files landed and not applied yet.
        parked: Files parked whole.
    """

    source: str
    stream: str
    run: int | None
    status: str
    at: datetime | None
    problem: Text
    moved: datetime | None
    rows: dict[str, int]
    waiting: int
    parked: int


def _read_stream(connection: "Connection", source: str, stream: str) -> _Stream:
    from sqlalchemy import func, select

    from crossdock.store.tables import batch, canonical, cursor, run

    last = connection.execute(
        select(run)
        .where(run.c.source == source, run.c.stream == stream)
        .order_by(run.c.started_at.desc(), run.c.id.desc())
        .limit(1)
    ).one_or_none()
    moved = connection.scalar(select(cursor.c.moved_at).where(cursor.c.source == source, cursor.c.stream == stream))
    mine = (batch.c.source == source, batch.c.stream == stream)
    waiting = connection.scalar(select(func.count(batch.c.name.distinct())).where(*mine, batch.c.status == "landed"))
    parked = connection.scalar(select(func.count(batch.c.name.distinct())).where(*mine, still_parked()))
    rows = {}
    for name, table in canonical.items():
        stated = (table.c.source == source, table.c.stream == stream, table.c.deleted_at.is_(None))
        count = connection.scalar(select(func.count()).select_from(table).where(*stated))
        if count:
            rows[name] = int(count)
    return _Stream(
        source=source,
        stream=stream,
        run=last.id if last else None,
        status=last.status if last else "",
        at=(last.finished_at or last.started_at) if last else None,
        problem=stored_text(last.problem if last else None),
        moved=moved,
        rows=rows,
        waiting=int(waiting or 0),
        parked=int(parked or 0),
    )


def _show_stream_document(stream: _Stream) -> Document:
    return {
        "source": stream.source,
        "stream": stream.stream,
        "run": stream.run,
        "status": stream.status or None,
        "at": stream.at,
        "problem": stream.problem if stream.problem.zh else None,
        "cursor_moved_at": stream.moved,
        "cursor_age_seconds": utc_now() - stream.moved if stream.moved else None,
        "rows": stream.rows,
        "files_waiting": stream.waiting,
        "files_parked": stream.parked,
    }


def _show_streams(one: Session, streams: list[_Stream]) -> None:
    screen, now = one.screen, utc_now()
    screen.say(one.home.settings.company or one.home.path.name, style="bold")
    if not streams:
        screen.say(Text("还没有数据源：请在 sources/ 里写一个。", "There are no sources yet: write one in sources/."))
        return
    never = Text("从未", "never")
    screen.say()
    screen.rows(
        (
            Text("数据流", "stream"),
            Text("上次运行", "last run"),
            Text("结果", "result"),
            Text("游标前进", "cursor moved"),
            Text("现有记录", "records"),
            Text("搁置文件", "parked files"),
        ),
        [
            (
                f"{stream.source}.{stream.stream}",
                ago(now - stream.at) if stream.at else never,
                _result(stream),
                _moved(stream, now),
                _rows(stream),
                stream.parked,
            )
            for stream in streams
        ],
        indent=0,
    )
    for stream in streams:
        name = f"{stream.source}.{stream.stream}"
        if stream.problem.zh:
            screen.warn(Text(f"⚠ {name}：{stream.problem.zh}", f"⚠ {name}: {stream.problem.en}"))
        if stream.waiting:
            screen.warn(
                Text(
                    f"⚠ {name}：有 {stream.waiting} 份已落地、尚未入库，下次同步会接着做。",
                    f"⚠ {name}: {stream.waiting} landed, not stored yet; the next sync goes on.",
                )
            )


def _result(stream: _Stream) -> Text:
    return RUN_STATUS.get(stream.status, Text("—", "—"))


def _moved(stream: _Stream, now: datetime) -> Text:
    if stream.moved is None:
        return Text("从未", "never")
    return ago(now - stream.moved)


def _rows(stream: _Stream) -> Text:
    if not stream.rows:
        return Text("—", "—")
    counted = [(entity_label(name), count) for name, count in stream.rows.items()]
    return Text(
        "、".join(f"{label.zh} {count:,}" for label, count in counted),
        ", ".join(f"{label.en} {count:,}" for label, count in counted),
    )


def _show_incidents(one: Session, connection: "Connection") -> None:
    from sqlalchemy import func, select

    from crossdock.store.tables import delivery, incident

    counted = select(incident.c.status, incident.c.is_baseline, func.count().label("amount")).where(
        incident.c.status != "resolved"
    )
    standing = connection.execute(counted.group_by(incident.c.status, incident.c.is_baseline)).all()
    count = {"open": 0, "acknowledged": 0, "baseline": 0}
    for row in standing:
        count["baseline" if row.is_baseline else row.status] += row.amount
    messages = {
        row.status: row.amount
        for row in connection.execute(
            select(delivery.c.status, func.count().label("amount")).group_by(delivery.c.status)
        )
    }
    waiting, dead = messages.get("waiting", 0), messages.get("dead", 0)
    one.screen.document |= {
        "incidents": count,
        "messages": {"sent": messages.get("sent", 0), "waiting": waiting, "dead": dead},
    }
    one.screen.say()
    one.screen.say(
        Text(
            f"异常：未处理 {count['open']}，已知晓 {count['acknowledged']}，起点时已有 {count['baseline']}",
            f"Incidents: {count['open']} open, {count['acknowledged']} acknowledged, {count['baseline']} standing since the first load",
        )
    )
    one.screen.say(
        Text(f"消息：待发 {waiting}，送不出去 {dead}", f"Messages: {waiting} waiting, {dead} dead"),
        style="yellow" if dead else "",
    )


def _show_account(one: Session, connection: "Connection") -> None:
    from sqlalchemy import select

    from crossdock.store.tables import alert_account

    accounts: list[Document] = []
    one.screen.document["alerts"] = accounts
    for row in connection.execute(select(alert_account).order_by(alert_account.c.channel)):
        terms = [int(getattr(row, name)) for name in _TERMS]
        is_balanced = row.raised == sum(terms)
        accounts.append(
            {
                "channel": row.channel,
                "raised": row.raised,
                **dict(zip(_TERMS, terms, strict=True)),
                "is_balanced": is_balanced,
            }
        )
        label = CHANNELS.get(row.channel, Text(row.channel, row.channel))
        sign = "=" if is_balanced else "≠"
        one.screen.say(
            Text(
                "提醒（{}）：发起 {} {} 送达 {} + 合并 {} + 免打扰 {} + 待发 {} + 送不出去 {}".format(
                    label.zh, row.raised, sign, *terms
                ),
                "Alerts ({}): raised {} {} delivered {} + merged {} + silenced {} + pending {} + dead {}".format(
                    label.en, row.raised, sign, *terms
                ),
            ),
            style="" if is_balanced else "bold red",
        )
        if not is_balanced:
            one.code = ExitCode.NOT_AS_EXPECTED
    if not accounts:
        one.screen.say(Text("提醒：还没有发过。", "Alerts: none raised yet."))
