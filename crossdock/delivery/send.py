"""Sending: waiting messages leave in order, within WeCom's limits, and are tried again by the class of the error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, func, select, update

from canonical_model.clock import Clock, utc_now
from canonical_model.errors import ConfigError, CrossdockError
from canonical_model.language import Language, Text
from crossdock.delivery.compose import Composer, Sender
from crossdock.delivery.outbox import NewAlert, raise_alerts
from crossdock.delivery.routing import APP, ROBOT, Recipient, find_recipients, language_of
from crossdock.home import Home
from crossdock.store.database import AnyRow, alone, translate_errors
from crossdock.store.tables import alert, delivery
from wecom_notify import AppClient, Receipt, RetryClass, RobotClient, WeComError, update_card_button

log = structlog.stdlib.get_logger("crossdock.delivery")

# WeCom drops what is beyond these without a word: developer.work.weixin.qq.com/document/path/90236
LIMITS: Mapping[str, tuple[tuple[timedelta, int], ...]] = {
    APP: ((timedelta(minutes=1), 30), (timedelta(hours=1), 1000)),
    ROBOT: ((timedelta(minutes=1), 20),),
}
FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=15)
CONFIG_DELAY = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(days=3)
CARD_LIFE = timedelta(hours=72)
_ALONE = "delivery"


@dataclass(slots=True)
class DeliveryReport:
    """What one delivery did.

    Attributes:
        sent: Messages that WeCom took.
        merged: Alerts that stand in a message with others.
        waiting: Messages that wait for their time.
        dead: Messages that were given up.
        updated: Cards whose button was greyed out.
        problems: What went wrong, each sentence once.
    """

    sent: int = 0
    merged: int = 0
    waiting: int = 0
    dead: int = 0
    updated: int = 0
    problems: list[Text] = field(default_factory=list)


class WeComClients:
    """The clients of a deployment, made when they are first needed."""

    def __init__(self, home: Home, clock: Clock) -> None:
        self._home, self._clock = home, clock
        self._app: AppClient | None = None
        self._robots: dict[str, RobotClient] = {}

    def app(self) -> AppClient:
        """The app's client.

        Raises:
            ConfigError: Its connection is missing or incomplete.
        """
        if self._app is None:
            wecom = self._home.settings.wecom
            values = self._home.connect(wecom.connection)
            missing = [name for name in ("corp_id", "agent_id", "secret") if not values.get(name)]
            if missing or not values["agent_id"].isdecimal():
                listed = ", ".join(missing) or "agent_id"
                raise ConfigError(
                    Text(f"企业微信连接缺少 {listed}。", f"The WeCom connection lacks {listed}."),
                    where=wecom.connection,
                    code="XD-CFG-040",
                )
            self._app = AppClient(
                values["corp_id"], int(values["agent_id"]), SecretStr(values["secret"]),
                base_url=wecom.base_url, proxy=wecom.proxy, clock=self._clock,
            )  # fmt: skip
        return self._app

    @property
    def sender(self) -> Sender:
        """The app as the sender of messages to members.

        Raises:
            ConfigError: Its connection is missing or incomplete.
        """
        values = self._home.connect(self._home.settings.wecom.connection)
        return Sender(self.app().agent_id, has_callback=bool(values.get("token") and values.get("aes_key")))

    def robot(self, group: str) -> RobotClient:
        """The robot of a group.

        Raises:
            ConfigError: The group or its connection is missing.
        """
        if group not in self._robots:
            spec = self._home.settings.groups.get(group)
            if spec is None:
                raise ConfigError(
                    Text(f"crossdock.yaml 里没有群 {group}。", f"There is no group {group} in crossdock.yaml."),
                    code="XD-CFG-040",
                )
            values = self._home.connect(spec.connection)
            wecom = self._home.settings.wecom
            self._robots[group] = RobotClient(
                SecretStr(values.get("key", "")), base_url=wecom.base_url, proxy=wecom.proxy
            )
        return self._robots[group]

    def send(self, channel: str, recipient: str, payload: bytes) -> Receipt:
        """Sends one message.

        Raises:
            WeComError, ConfigError: It was not taken.
        """
        return self.app().send(payload) if channel == APP else self.robot(recipient).send(payload)


def deliver(home: Home, engine: Engine, *, clock: Clock = utc_now) -> DeliveryReport:
    """Sends what is due and never waits; what is not due or not possible now stays for the next call.

    Only one delivery runs at a time; a second one finds nothing to do.
    """
    report = DeliveryReport()
    with translate_errors(), alone(engine, _ALONE, wait=False) as is_alone:
        if not is_alone:
            return report
        clients = WeComClients(home, clock)
        with engine.begin() as connection:
            report.problems += Composer(home, engine, connection, lambda: clients.sender, clock()).compose()
        _send_waiting(home, engine, clients, report, clock)
        _grey_out(home, engine, clients, report, clock())
        return _counted(engine, report)


def _counted(engine: Engine, report: DeliveryReport) -> DeliveryReport:
    with engine.connect() as connection:
        waiting = select(func.count()).select_from(delivery).where(delivery.c.status == "waiting")
        report.waiting = int(connection.scalar(waiting) or 0)
    return report


def _send_waiting(home: Home, engine: Engine, clients: WeComClients, report: DeliveryReport, clock: Clock) -> None:
    with engine.connect() as connection:
        waiting = connection.execute(
            select(delivery).where(delivery.c.status == "waiting").order_by(delivery.c.id)
        ).all()
    held: set[tuple[str, str]] = set()
    for row in waiting:
        queue = (row.channel, row.recipient)
        if queue in held or ("", row.channel) in held:
            continue
        at = clock()
        if (row.next_attempt_at and row.next_attempt_at > at) or not _has_room(engine, *queue, at):
            held.add(queue)  # what follows for this recipient waits too, so that order is kept
            continue
        try:
            receipt = clients.send(row.channel, row.recipient, row.payload)
        except WeComError as error:
            # the app is one for all; a robot's key is its group's own
            is_for_all = error.retry_class is RetryClass.CONFIG and row.channel == APP
            held.add(("", APP) if is_for_all else queue)
            _note_failure(home, engine, row, error, report, at)
        except CrossdockError as error:
            held.add(queue)
            _retry_later(engine, row, error, at, CONFIG_DELAY, report)
        else:
            if row.channel == APP and receipt.misses(row.recipient):
                _give_up(
                    home,
                    engine,
                    row,
                    Text(
                        "企业微信没有送达此人（已离职、不在应用范围或无授权）。",
                        "WeCom did not deliver to this member (left, out of range or unlicensed).",
                    ),
                    report,
                    at,
                )
            else:
                _note_sent(engine, row, receipt, report, at)


def _has_room(engine: Engine, channel: str, recipient: str, at: datetime) -> bool:
    with engine.connect() as connection:
        for span, limit in LIMITS[channel]:
            recent = (
                select(func.count())
                .select_from(delivery)
                .where(delivery.c.channel == channel, delivery.c.recipient == recipient, delivery.c.sent_at > at - span)
            )
            if int(connection.scalar(recent) or 0) >= limit:
                return False
    return True


def _note_sent(engine: Engine, row: AnyRow, receipt: Receipt, report: DeliveryReport, at: datetime) -> None:
    with engine.begin() as connection:
        values = {"status": "sent", "sent_at": at, "attempts": row.attempts + 1, "problem": None, "errcode": 0,
                  "message_id": receipt.msgid or None, "response_code": receipt.response_code or None}  # fmt: skip
        connection.execute(update(delivery).where(delivery.c.id == row.id).values(values))
        alerts = connection.scalars(select(alert.c.id).where(alert.c.delivery_id == row.id).order_by(alert.c.id)).all()
        connection.execute(update(alert).where(alert.c.id.in_(alerts[:1])).values(status="delivered"))
        connection.execute(update(alert).where(alert.c.id.in_(alerts[1:])).values(status="merged"))
    report.sent += 1
    report.merged += len(alerts[1:])


def _note_failure(
    home: Home, engine: Engine, row: AnyRow, error: WeComError, report: DeliveryReport, at: datetime
) -> None:
    if error.what not in report.problems:
        report.problems.append(error.what)
    match error.retry_class:
        case RetryClass.PAYLOAD | RetryClass.RECIPIENT:
            _give_up(home, engine, row, error.what, report, at, errcode=error.errcode)
        case RetryClass.CONFIG:
            _retry_later(engine, row, error, at, CONFIG_DELAY, report)
            if row.channel == APP:  # nobody else's message calls meanwhile: WeCom bans an address that keeps on
                with engine.begin() as connection:
                    others = update(delivery).where(delivery.c.status == "waiting", delivery.c.channel == APP)
                    connection.execute(others.values(next_attempt_at=at + CONFIG_DELAY))
        case RetryClass.WAIT:
            _retry_later(engine, row, error, at, timedelta(seconds=error.wait_seconds), report)
        case _ if at - row.created_at > GIVE_UP_AFTER:
            _give_up(home, engine, row, error.what, report, at, errcode=error.errcode)
        case _:
            _retry_later(engine, row, error, at, min(FIRST_DELAY * 2 ** min(row.attempts, 10), LONGEST_DELAY), report)


def _retry_later(
    engine: Engine,
    row: AnyRow,
    error: CrossdockError,
    at: datetime,
    delay: timedelta,
    report: DeliveryReport,
) -> None:
    if error.what not in report.problems:
        report.problems.append(error.what)
    values = {"attempts": row.attempts + 1, "next_attempt_at": at + delay, "problem": error.what._asdict(),
              "errcode": getattr(error, "errcode", None)}  # fmt: skip
    with engine.begin() as connection:
        connection.execute(update(delivery).where(delivery.c.id == row.id).values(values))


def _give_up(
    home: Home,
    engine: Engine,
    row: AnyRow,
    why: Text,
    report: DeliveryReport,
    at: datetime,
    *,
    errcode: int | None = None,
) -> None:
    """The message is dead; its alerts are raised again for the owner, unless the owner was the one."""
    with engine.begin() as connection:
        values = {"status": "dead", "attempts": row.attempts + 1, "problem": why._asdict(), "errcode": errcode}
        connection.execute(update(delivery).where(delivery.c.id == row.id).values(values))
        alerts = connection.execute(select(alert).where(alert.c.delivery_id == row.id).order_by(alert.c.id)).all()
        connection.execute(update(alert).where(alert.c.delivery_id == row.id).values(status="dead"))
        reason = Text(f"{row.recipient} 收不到：{why.zh}", f"{row.recipient} cannot be reached: {why.en}")
        owners = [
            one
            for one in find_recipients(home.settings, "owner", {})
            if (one.channel, one.address) != (row.channel, row.recipient)
        ]
        raise_alerts(
            connection,
            [
                NewAlert(one.incident_id, one.occurrence, one.kind, Recipient(owner.channel, owner.address, reason),
                         Text(**one.title), Text(**one.sentence))
                for one in alerts for owner in owners
            ],
            at,
        )  # fmt: skip
    report.dead += 1
    if why not in report.problems:
        report.problems.append(why)


def update_cards(home: Home, engine: Engine, *, clock: Clock = utc_now) -> None:
    """Greys out the buttons of sent cards where that is due; what fails is left to the next delivery. Never raises."""
    try:
        with translate_errors(), alone(engine, _ALONE, wait=False) as is_alone:
            if is_alone:
                _grey_out(home, engine, WeComClients(home, clock), DeliveryReport(), clock())
    except CrossdockError as error:
        log.warning("cards.not_updated", code=error.problem_code, error=error.render(Language.EN))


def _grey_out(home: Home, engine: Engine, clients: WeComClients, report: DeliveryReport, at: datetime) -> None:
    """Shows the wanted words on sent cards. A response code serves once, for 72 hours."""
    with engine.connect() as connection:
        wanted = connection.execute(
            select(delivery).where(
                delivery.c.status == "sent",
                delivery.c.response_code.is_not(None),
                delivery.c.wanted_button.is_not(None),
                delivery.c.wanted_button.is_distinct_from(delivery.c.shown_button),
                delivery.c.sent_at > at - CARD_LIFE,
            )
        ).all()
    for row in wanted:
        try:
            language = language_of(home.settings, row.recipient, home.language)
            words = Text(**row.wanted_button).get(language)
            clients.app().update_card(update_card_button(clients.app().agent_id, row.response_code, words))
        except WeComError as error:
            if error.retry_class is not RetryClass.PAYLOAD:
                report.problems.append(error.what)
                continue
            done = {"response_code": None, "problem": error.what._asdict()}
        else:
            report.updated += 1
            done = {"response_code": None, "shown_button": row.wanted_button}
        with engine.begin() as connection:
            _forget_code(connection, row.id, done)


def _forget_code(connection: Connection, number: int, values: Mapping[str, object]) -> None:
    connection.execute(update(delivery).where(delivery.c.id == number).values(values))
