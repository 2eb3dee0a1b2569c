"""`crossdock alerts`: incidents, who takes care of them, and why somebody was told or not."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.errors import ConfigError, CrossdockError
from canonical_model.language import Text
from crossdock.cli._screen import Document, Screen
from crossdock.cli._session import HomeOption, JsonOption, Session, session
from crossdock.cli._words import ALERT_STATUS, CHANNELS, EVENTS, INCIDENT_STATUS, SEVERITY, moment, stored_text

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from crossdock.store.database import AnyRow

group = typer.Typer(invoke_without_command=True)

Number = Annotated[int, typer.Argument(metavar="编号", help="异常编号 · number of the incident", show_default=False)]


@group.callback()
def alerts(
    context: typer.Context,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="连同已恢复的和起点时已有的 · with resolved and baseline ones")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="最多几条 · at most")] = 50,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """业务异常：列出、确认、说明谁收到了提醒 · incidents: list, acknowledge, explain who was told.

    未处理的在前 · open ones first.

    例 · examples:  crossdock alerts    crossdock alerts ack 7 --as 李伟    crossdock alerts explain 7
    """
    if context.invoked_subcommand:
        return
    with session(home, as_json) as one, one.store() as engine:
        from crossdock.store.database import translate_errors

        with translate_errors(), engine.connect() as connection:
            _list(one, connection, limit, everything=everything)


def ack(
    number: Number,
    *,
    actor: Annotated[
        str, typer.Option("--as", metavar="姓名", help="谁来跟进 · who takes care of it", show_default=False)
    ],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """确认一项异常：有人在跟进，企业微信里的按钮变灰 · somebody takes care of an incident.

    例 · example:  crossdock alerts ack 7 --as 李伟
    """
    with session(home, as_json) as one, one.store() as engine:
        from crossdock import delivery, incidents
        from crossdock.delivery.routing import find_person

        person = find_person(one.home.settings, actor)
        name = person.name if person else actor
        taken = incidents.acknowledge(engine, number, name)
        row = _find(engine, number)
        if taken:
            delivery.update_cards(one.home, engine)
            one.screen.say(
                Text(
                    f"✓ {name} 已知晓异常 {number}：{row.subject}",
                    f"✓ {name} acknowledged incident {number}: {row.subject}",
                ),
                style="green",
            )
        else:
            state = INCIDENT_STATUS[row.status]
            by = row.acknowledged_by or ""
            one.screen.say(
                Text(
                    f"异常 {number} 之前就{state.zh}{f'（{by}）' if by else ''}，没有改动。",
                    f"Incident {number} was {state.en} before{f' ({by})' if by else ''}; nothing changed.",
                ),
                style="yellow",
            )
        one.screen.document |= {"incident": number, "status": row.status, "by": row.acknowledged_by, "changed": taken}


def explain(number: Number, *, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """说明一项异常：什么规则、什么事实、谁收到了或为什么没有收到 · which rule, which facts, who was told, who was not and why.

    例 · example:  crossdock alerts explain 7
    """
    with session(home, as_json) as one, one.store() as engine:
        from crossdock.store.database import translate_errors

        row = _find(engine, number)
        _explain_incident(one, row)
        with translate_errors(), engine.connect() as connection:
            _explain_history(one, connection, number)
            has_alerts = _explain_alerts(one, connection, number)
        _explain_routing(one, row, has_alerts=has_alerts)


def _list(one: Session, connection: "Connection", limit: int, *, everything: bool) -> None:
    from sqlalchemy import case, func, select

    from crossdock.store.tables import incident

    current = (incident.c.status != "resolved") & ~incident.c.is_baseline
    order = case({"open": 0, "acknowledged": 1}, value=incident.c.status, else_=2)
    wanted = select(incident).order_by(order, incident.c.updated_at.desc(), incident.c.id.desc()).limit(limit)
    rows = connection.execute(wanted if everything else wanted.where(current)).all()
    shown = select(func.count()).select_from(incident)
    total = int(connection.scalar(shown) or 0)
    wanted_total = total if everything else int(connection.scalar(shown.where(current)) or 0)
    one.screen.document |= {
        "total": wanted_total,
        "others": total - wanted_total,
        "incidents": [_document(row) for row in rows],
    }
    if rows:
        one.screen.rows(
            (
                Text("编号", "no."),
                Text("状态", "status"),
                Text("级别", "level"),
                Text("异常", "incident"),
                Text("更新", "updated"),
                Text("跟进", "by"),
            ),
            [
                (
                    row.id,
                    _state(row),
                    SEVERITY[row.severity],
                    _sentence(row),
                    moment(row.updated_at, one.zone),
                    row.acknowledged_by or "",
                )
                for row in rows
            ],
            indent=0,
        )
    else:
        one.screen.say(Text("没有待处理的异常。", "No incidents to take care of."), style="green")
    if wanted_total > len(rows):
        more = wanted_total - len(rows)
        one.screen.say(
            Text(f"……还有 {more} 项（--limit 显示更多）", f"… and {more} more (--limit shows more)"), style="dim"
        )
    if total > wanted_total:
        rest = total - wanted_total
        one.screen.say(
            Text(
                f"另有 {rest} 项已恢复或在起点时已有（--all 查看）",
                f"{rest} more are resolved or were there at the first load (--all shows them)",
            ),
            style="dim",
        )
    if rows:
        one.screen.say(
            Text(
                "确认：crossdock alerts ack 编号 --as 姓名　说明：crossdock alerts explain 编号",
                "Next: crossdock alerts ack NO --as NAME, crossdock alerts explain NO",
            ),
            style="dim",
        )


def _find(engine: "Engine", number: int) -> "AnyRow":
    from sqlalchemy import func, select

    from crossdock.store.database import translate_errors
    from crossdock.store.tables import incident

    with translate_errors(), engine.connect() as connection:
        row = connection.execute(select(incident).where(incident.c.id == number)).one_or_none()
        count = connection.scalar(select(func.count()).select_from(incident))
    if row is None:
        raise ConfigError(
            Text(f"没有异常 {number}。", f"There is no incident {number}."),
            hint=Text(
                f"现有 {count} 项，见 crossdock alerts --all。", f"There are {count}; see crossdock alerts --all."
            ),
            code="XD-CFG-084",
        )
    return row


def _state(row: "AnyRow") -> Text:
    state = INCIDENT_STATUS[row.status]
    return Text(f"{state.zh}（起点）", f"{state.en} (baseline)") if row.is_baseline else state


def _sentence(row: "AnyRow") -> Text:
    title, sentence = stored_text(row.title), stored_text(row.sentence)
    return Text(f"{title.zh}：{sentence.zh}", f"{title.en}: {sentence.en}")


def _document(row: "AnyRow") -> Document:
    return {
        "id": row.id,
        "rule": row.rule,
        "subject": row.subject,
        "status": row.status,
        "is_baseline": row.is_baseline,
        "severity": row.severity,
        "title": stored_text(row.title),
        "sentence": stored_text(row.sentence),
        "occurrence": row.occurrence,
        "opened_at": row.opened_at,
        "updated_at": row.updated_at,
        "acknowledged_by": row.acknowledged_by,
        "resolved_at": row.resolved_at,
    }


def _explain_incident(one: Session, row: "AnyRow") -> None:
    screen = one.screen
    screen.document |= {"incident": _document(row), "facts": row.facts}
    state = INCIDENT_STATUS[row.status]
    title = stored_text(row.title)
    screen.say(
        Text(f"异常 {row.id}：{title.zh}（{state.zh}）", f"Incident {row.id}: {title.en} ({state.en})"), style="bold"
    )
    screen.say(stored_text(row.sentence), indent=2)
    again = (
        Text(f"，第 {row.occurrence} 次发生", f", occurrence no. {row.occurrence}")
        if row.occurrence > 1
        else Text("", "")
    )
    screen.say(
        Text(f"规则 {row.rule}，对象 {row.subject}{again.zh}", f"Rule {row.rule}, subject {row.subject}{again.en}"),
        indent=2,
    )
    screen.heading(Text("规则看到的事实", "What the rule saw"))
    facts = {name: value for name, value in sorted(row.facts.items()) if name != "subject"}
    screen.rows(
        (Text("字段", "field"), Text("名称", "name"), Text("值", "value")),
        [(name, _field_label(name), "—" if value is None else str(value)) for name, value in facts.items()],
    )


def _field_label(name: str) -> Text:
    from canonical_model.entities import SPECS

    found = [spec.fields[name].label for spec in SPECS.values() if name in spec.fields]
    return found[0] if found else Text("", "")


def _explain_history(one: Session, connection: "Connection", number: int) -> None:
    from sqlalchemy import select

    from crossdock.store.tables import incident_event

    rows = connection.execute(
        select(incident_event).where(incident_event.c.incident_id == number).order_by(incident_event.c.id)
    ).all()
    one.screen.document["history"] = [
        {"at": row.at, "kind": row.kind, "actor": row.actor, "sentence": stored_text(row.sentence)} for row in rows
    ]
    one.screen.heading(Text("经过", "History"))
    one.screen.rows(
        (Text("时间", "when"), Text("事件", "what"), Text("谁", "who"), Text("内容", "sentence")),
        [(moment(row.at, one.zone), EVENTS[row.kind], row.actor, stored_text(row.sentence)) for row in rows],
    )


def _explain_alerts(one: Session, connection: "Connection", number: int) -> bool:
    """Every alert that was raised, with why and what became of it; False where there was none."""
    from sqlalchemy import select

    from crossdock.store.tables import alert, delivery

    joined = select(
        alert.c.kind,
        alert.c.raised_at,
        alert.c.channel,
        alert.c.recipient,
        alert.c.reason,
        alert.c.status,
        delivery.c.sent_at,
        delivery.c.attempts,
        delivery.c.next_attempt_at,
        delivery.c.message_id,
        delivery.c.errcode,
        delivery.c.problem,
        delivery.c.shown_button,
    ).join(delivery, delivery.c.id == alert.c.delivery_id, isouter=True)
    rows = connection.execute(joined.where(alert.c.incident_id == number).order_by(alert.c.id)).all()
    one.screen.document["alerts"] = [
        {
            name: stored_text(value) if name in {"reason", "problem"} and value else value
            for name, value in row._mapping.items()
        }
        for row in rows
    ]
    one.screen.heading(Text("谁收到了提醒，为什么", "Who was told, and why"))
    for row in rows:
        _explain_alert(one, row)
    if not rows:
        one.screen.say(Text("没有发过提醒。", "No alert was raised."), indent=2)
    return bool(rows)


def _explain_alert(one: Session, row: "AnyRow") -> None:
    screen = one.screen
    state, reason, kind = ALERT_STATUS[row.status], stored_text(row.reason), EVENTS[row.kind]
    whom = row.recipient or one.screen.get(Text("没有人", "nobody"))
    person = next((person.name for person in one.home.settings.people.values() if person.wecom == row.recipient), "")
    whom = f"{person} {whom}" if person else whom
    mark = {"delivered": "✓", "merged": "✓", "dead": "✗"}.get(row.status, "…")
    style = {"✓": "green", "✗": "red"}.get(mark, "yellow")
    screen.say(
        Text(f"{mark} {whom}：{state.zh}（{kind.zh}）", f"{mark} {whom}: {state.en} ({kind.en})"), style=style, indent=2
    )
    screen.say(Text(f"原因：{reason.zh}", f"Because {reason.en}"), indent=4)
    if row.sent_at:
        receipt = f"，回执 {row.message_id}" if row.message_id else ""
        receipt_en = f", receipt {row.message_id}" if row.message_id else ""
        at = moment(row.sent_at, one.zone)
        screen.say(Text(f"{at} 企业微信已收下{receipt}", f"WeCom took it at {at}{receipt_en}"), indent=4)
    if row.problem:
        problem = stored_text(row.problem)
        code = f"（errcode {row.errcode}）" if row.errcode else ""
        code_en = f" (errcode {row.errcode})" if row.errcode else ""
        screen.say(
            Text(f"试了 {row.attempts} 次：{problem.zh}{code}", f"{row.attempts} attempts: {problem.en}{code_en}"),
            style="yellow",
            indent=4,
        )
    if row.status == "pending" and row.next_attempt_at:
        at = moment(row.next_attempt_at, one.zone)
        screen.say(
            Text(
                f"下次最早 {at}，由 crossdock notify 或 Airflow 发送",
                f"next attempt {at} at the earliest, by crossdock notify or Airflow",
            ),
            indent=4,
        )
    if row.shown_button:
        screen.say(Text(f"卡片按钮：{row.shown_button}", f"button of the card: {row.shown_button}"), indent=4)


def _explain_routing(one: Session, row: "AnyRow", *, has_alerts: bool) -> None:
    """Why nobody was told, and who would be told by the present settings."""
    screen = one.screen
    if row.is_baseline and not has_alerts:
        screen.say(
            Text(
                "原因：首次载入或新规则启用时它就已存在，作为起点记下，不提醒；有变化才会提醒。",
                "It stood when the data were first loaded or the rule was new: kept as the baseline; only a change is told.",
            ),
            indent=2,
        )
    told = _would_be_told(screen, one, row.rule, row.facts)
    screen.document["by_present_settings"] = told
    if told:
        screen.heading(Text("按现在的规则和设置，会通知", "By the present rule and settings, would be told"))
        screen.rows(
            (Text("角色", "role"), Text("渠道", "channel"), Text("收件人", "recipient"), Text("原因", "why")),
            [
                (str(one["role"]), CHANNELS[str(one["channel"])], str(one["recipient"]), _text(one["reason"]))
                for one in told
            ],
        )


def _would_be_told(screen: Screen, one: Session, rule: str, facts: Mapping[str, object]) -> Sequence[Document]:
    from crossdock.delivery.routing import find_recipients
    from crossdock.incidents import load_rules

    try:
        known = {loaded.name: loaded for loaded in load_rules(one.home)}
    except CrossdockError as error:
        screen.warn(error.what)
        return []
    if rule not in known:
        screen.say(Text(f"规则 {rule} 现在没有启用。", f"The rule {rule} is not in force now."), indent=2)
        return []
    return [
        {"role": role, "channel": recipient.channel, "recipient": recipient.address, "reason": recipient.reason}
        for role in known[rule].spec.notify
        for recipient in find_recipients(one.home.settings, role, facts)
    ]


def _text(value: object) -> Text:
    return value if isinstance(value, Text) else Text(str(value), str(value))
