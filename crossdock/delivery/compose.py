"""Composing: pending alerts of one recipient become messages, serialised once and stored before they are sent."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from canonical_model.errors import ConfigError
from canonical_model.language import Language, Text
from crossdock.delivery.links import incident_link
from crossdock.delivery.routing import APP, language_of
from crossdock.home import Home
from crossdock.store.database import AnyRow
from crossdock.store.tables import alert, delivery, incident
from wecom_notify import (
    Button,
    ButtonCard,
    NoticeCard,
    app_markdown,
    button_card,
    notice_card,
    robot_markdown,
    without_markup,
)
from wecom_notify.messages import APP_MARKDOWN_BYTES, ROBOT_MARKDOWN_BYTES

_SHOWN_FACTS = (
    ("order_number", Text("订单", "Order")),
    ("supplier", Text("供应商", "Supplier")),
    ("item", Text("物料", "Item")),
)

_AGAIN = {"updated": Text("（有更新）", " (updated)"), "reopened": Text("（再次发生）", " (again)")}


@dataclass(frozen=True, slots=True)
class _Message:
    payload: bytes
    alerts: tuple[int, ...]
    task_id: str | None


@dataclass(frozen=True, slots=True)
class Sender:
    """The app that writes to members.

    Attributes:
        agent_id: Its number.
        has_callback: Whether button presses reach us; WeCom refuses buttons of an app without a callback.
    """

    agent_id: int
    has_callback: bool


class Composer:
    """Makes messages of pending alerts, in the caller's transaction.

    Args:
        home: The deployment.
        engine: The store, for the key that signs links.
        connection: The transaction.
        sender: Gives the app that writes to members; asked only for messages to them.
        at: The present.
    """

    def __init__(
        self, home: Home, engine: Engine, connection: Connection, sender: Callable[[], Sender], at: datetime
    ) -> None:
        self._home, self._engine, self._connection = home, engine, connection
        self._sender, self._at = sender, at

    def compose(self) -> list[Text]:
        """Turns every pending alert that stands in no message yet into one; gives what kept some from it.

        One alert for a member is a card with a button. Several, and all for groups, stand together in one text, as
        many as fit.
        """
        self._silence_resolved()
        waiting = select(alert).where(alert.c.status == "pending", alert.c.delivery_id.is_(None))
        by_recipient: dict[tuple[str, str], list[AnyRow]] = {}
        for row in self._connection.execute(waiting.order_by(alert.c.id).with_for_update()).all():
            by_recipient.setdefault((row.channel, row.recipient), []).append(row)
        problems: list[Text] = []
        for (channel, recipient), rows in by_recipient.items():
            try:
                messages = list(self._messages(channel, recipient, rows))
            except ConfigError as error:
                problems.append(error.what)
                continue
            for message in messages:
                self._keep(channel, recipient, message)
        return problems

    def _silence_resolved(self) -> None:
        """What has resolved itself before anybody was told needs no card."""
        over = select(incident.c.id).where(incident.c.status == "resolved")
        unsent = alert.c.status == "pending", alert.c.delivery_id.is_(None), alert.c.incident_id.in_(over)
        self._connection.execute(update(alert).where(*unsent).values(status="silenced"))

    def _keep(self, channel: str, recipient: str, message: _Message) -> None:
        values = {"created_at": self._at, "channel": channel, "recipient": recipient, "task_id": message.task_id,
                  "payload": message.payload, "status": "waiting", "next_attempt_at": self._at}  # fmt: skip
        number = self._connection.scalar(insert(delivery).values(values).returning(delivery.c.id))
        self._connection.execute(update(alert).where(alert.c.id.in_(message.alerts)).values(delivery_id=number))

    def _messages(self, channel: str, recipient: str, rows: Sequence[AnyRow]) -> Iterator[_Message]:
        settings = self._home.settings
        language = language_of(settings, recipient, self._home.language) if channel == APP else self._home.language
        if channel == APP and len(rows) == 1 and rows[0].incident_id is not None:
            yield self._card(recipient, rows[0], language)
            return
        limit = APP_MARKDOWN_BYTES if channel == APP else ROBOT_MARKDOWN_BYTES
        paragraphs = [(row.id, self._paragraph(recipient, row, language)) for row in rows]
        while paragraphs:
            taken = _how_many_fit([paragraph for _, paragraph in paragraphs], limit)
            content = "\n\n".join(paragraph for _, paragraph in paragraphs[:taken])
            if channel == APP:
                # WeCom drops an equal text within four hours; the alert's number keeps two news apart
                payloads = app_markdown(recipient, self._sender().agent_id, content, occurrence=str(paragraphs[0][0]))
            else:
                payloads = robot_markdown(content)
            alerts = tuple(number for number, _ in paragraphs[:taken])
            for i, payload in enumerate(payloads):  # one paragraph alone may still be longer than a message
                yield _Message(payload, alerts if i == len(payloads) - 1 else (), None)
            paragraphs = paragraphs[taken:]

    def _paragraph(self, recipient: str, row: AnyRow, language: Language) -> str:
        title, sentence = Text(**row.title).get(language), Text(**row.sentence).get(language)
        text = f"**{without_markup(title)}**\n{without_markup(sentence)}"
        if row.incident_id is None:
            return text
        look = Text("查看", "Open").get(language)
        return f"{text}\n[{look}]({incident_link(self._home, self._engine, row.incident_id, recipient)})"

    def _card(self, recipient: str, row: AnyRow, language: Language) -> _Message:
        facts = self._connection.scalar(select(incident.c.facts).where(incident.c.id == row.incident_id)) or {}
        task_id = f"xd-{uuid.uuid4().hex}"
        link = incident_link(self._home, self._engine, row.incident_id, recipient)
        title = Text(**row.title).get(language) + _AGAIN.get(row.kind, Text("", "")).get(language)
        sentence = Text(**row.sentence).get(language)
        shown = tuple((label.get(language), str(facts[name])) for name, label in _SHOWN_FACTS if facts.get(name))
        company = self._home.settings.company or "Crossdock"
        sender = self._sender()
        if not sender.has_callback:
            notice = NoticeCard(title, link, source_desc=company, sub_title=sentence, rows=shown, task_id=task_id)
            return _Message(notice_card(recipient, sender.agent_id, notice), (row.id,), task_id)
        card = ButtonCard(
            task_id=task_id,
            title=title,
            source_desc=company,
            sub_title=sentence,
            rows=shown,
            url=link,
            buttons=(
                Button(f"ack:{row.incident_id}", Text("知道了", "Got it").get(language)),
                Button("open", Text("查看详情", "Open").get(language), style=2, url=link),
            ),
        )
        return _Message(button_card(recipient, sender.agent_id, card), (row.id,), task_id)


def _how_many_fit(paragraphs: Sequence[str], limit: int) -> int:
    """How many paragraphs one message holds; at least one."""
    size = 0
    for count, paragraph in enumerate(paragraphs):
        size += len(paragraph.encode()) + len("\n\n")
        if count and size > limit:
            return count
    return len(paragraphs)
