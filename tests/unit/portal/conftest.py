"""Fixtures: a deployment with its store, incidents to look at, and the portal behind real HTTP."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import Engine, insert, select, text

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from crossdock.delivery.links import incident_link
from crossdock.home import Home
from crossdock.portal import create_app
from crossdock.store.database import AnyRow, open_store
from crossdock.store.embedded import remove
from crossdock.store.tables import incident, incident_event
from wecom_notify.testing import CALLBACK_AES_KEY, CALLBACK_TOKEN, CORP, SECRET, StillClock, serving

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
SETTINGS = """
company: 华东精密
language: zh
people:
  liwei: {name: 李伟, wecom: LiWei}
  anna: {name: Anna Berg, wecom: anna, language: en}
roles:
  buyer: {person: liwei}
groups:
  east: {name: 华东采购群, connection: wecom_robot}
"""
CONNECTION = {
    "corp_id": CORP,
    "agent_id": "1000002",
    "secret": SECRET.get_secret_value(),
    "token": CALLBACK_TOKEN.get_secret_value(),
    "aes_key": CALLBACK_AES_KEY.get_secret_value(),
}
FACTS = {
    "subject": "PO-18 3",
    "order_number": "PO-18",
    "line_number": "3",
    "supplier": "V001 苏州恒达",
    "buyer_contact": "李伟",
    "item": "M-20041",
    "description": "深沟球轴承 6204-2RS",
    "ordered_before": "500",
    "ordered": "300",
    "unit": "箱",
    "requested_on_before": "2026-12-01",
    "requested_on": "2026-12-05",
}
SENTENCE = Text(
    "PO-18 行3 数量 500→300箱，交期 12/1→12/5，晚4天", "PO-18 line 3 quantity 500→300, due 12/1→12/5, 4 days later"
)
TITLE = Text("已确认的订单有变更", "Confirmed order changed")

AddIncident = Callable[..., int]
OpenPortal = Callable[..., AbstractContextManager["Portal"]]


def connect(name: str) -> dict[str, str]:
    assert name == "wecom_default"
    return CONNECTION


def connect_nothing(name: str) -> dict[str, str]:
    raise ConfigError(Text("没有连接", "no connection"), where=name)


@dataclass
class Portal:
    """The portal as a phone reaches it."""

    url: str
    home: Home
    engine: Engine
    clock: StillClock
    session: requests.Session = field(default_factory=requests.Session)

    def link(self, incident_id: int, person: str = "LiWei") -> str:
        """The path of the incident's page."""
        return "/i/" + incident_link(self.home, self.engine, incident_id, person).rsplit("/", 1)[-1]

    def get(self, path: str, **parameters: str) -> requests.Response:
        return self.session.get(self.url + path, params=parameters, timeout=10, allow_redirects=False)

    def post(self, path: str, **options: Any) -> requests.Response:
        options = {"allow_redirects": False} | options
        return self.session.post(self.url + path, timeout=10, **options)

    def row(self, incident_id: int) -> AnyRow:
        with self.engine.connect() as connection:
            return connection.execute(select(incident).where(incident.c.id == incident_id)).one()

    def actors(self, incident_id: int) -> list[tuple[str, str]]:
        events = select(incident_event.c.kind, incident_event.c.actor).where(
            incident_event.c.incident_id == incident_id
        )
        with self.engine.connect() as connection:
            return [(row.kind, row.actor) for row in connection.execute(events.order_by(incident_event.c.id))]


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Engine]]:
    """A deployment and its store, once for all tests of the portal."""
    folder = tmp_path_factory.mktemp("portal")
    (folder / "crossdock.yaml").write_text(SETTINGS, encoding="utf-8")
    home = Home.find(folder, connect)
    with open_store(home) as engine:
        yield home, engine
    remove(home.state)


@pytest.fixture
def home(deployment: tuple[Home, Engine]) -> Home:
    return deployment[0]


@pytest.fixture
def engine(deployment: tuple[Home, Engine]) -> Engine:
    """The store without incidents, alerts and callbacks."""
    with deployment[1].begin() as connection:
        connection.execute(
            text(
                "TRUNCATE crossdock.alert, crossdock.incident_event, crossdock.incident, crossdock.delivery, "
                "crossdock.alert_account, crossdock.callback_event"
            )
        )
    return deployment[1]


@pytest.fixture
def clock() -> StillClock:
    return StillClock(NOW)


@pytest.fixture
def add_incident(engine: Engine) -> AddIncident:
    """Inserts an incident that was opened an hour ago, and gives its id."""

    def add(
        subject: str = "PO-18 3",
        *,
        rule: str = "order_changed_after_confirmation",
        title: Text = TITLE,
        sentence: Text = SENTENCE,
        facts: dict[str, str | None] | None = None,
        **state: object,
    ) -> int:
        at = NOW - timedelta(hours=1)
        values = {
            "rule": rule,
            "subject": subject,
            "status": "open",
            "severity": "warning",
            "title": title._asdict(),
            "sentence": sentence._asdict(),
            "facts": FACTS if facts is None else facts,
            "opened_at": at,
            "updated_at": at,
        }
        with engine.begin() as connection:
            number: int = connection.execute(
                insert(incident).values(values | state).returning(incident.c.id)
            ).scalar_one()
            event = {"incident_id": number, "at": at, "kind": "opened", "sentence": sentence._asdict()}
            connection.execute(insert(incident_event).values(event))
        return number

    return add


@pytest.fixture
def open_portal(home: Home, engine: Engine, clock: StillClock) -> OpenPortal:
    """Opens the portal with other settings, another store or another way to connections."""

    @contextmanager
    def open_(at: Home | None = None, store: Engine | None = None) -> Iterator[Portal]:
        with serving(create_app(at or home, store or engine, clock=clock)) as url, requests.Session() as session:
            session.trust_env = False
            yield Portal(url, at or home, store or engine, clock, session)

    return open_


@pytest.fixture
def portal(open_portal: OpenPortal) -> Iterator[Portal]:
    with open_portal() as opened:
        yield opened
