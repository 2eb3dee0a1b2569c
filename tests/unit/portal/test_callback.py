"""The callback address, with real encryption and, once, with WeCom as the simulator plays it."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest
from sqlalchemy import Engine, create_engine, func, select
from structlog.testing import capture_logs

from canonical_model.language import Text
from crossdock.delivery import deliver
from crossdock.delivery.outbox import NewAlert, raise_alerts
from crossdock.delivery.routing import Recipient
from crossdock.home import Home, WeCom
from crossdock.portal import _callback
from crossdock.store.database import AnyRow
from crossdock.store.tables import callback_event, delivery
from tests.unit.portal.conftest import CONNECTION, NOW, SENTENCE, TITLE, AddIncident, OpenPortal, Portal
from wecom_notify.callback import MAX_BODY_BYTES, CallbackCrypto, SealedMessage
from wecom_notify.simulator import SimulatorConfig, create_simulator
from wecom_notify.testing import AGENT, CALLBACK_AES_KEY, CALLBACK_TOKEN, CORP, SECRET, StillClock, serving

pytestmark = pytest.mark.store
CLICK = (
    f"<xml><ToUserName>{CORP}</ToUserName><FromUserName>LiWei</FromUserName><CreateTime>1795311000</CreateTime>"
    "<MsgType>event</MsgType><Event>template_card_event</Event><EventKey>ack:7</EventKey><TaskId>t-7</TaskId>"
    "<ResponseCode>rc-1</ResponseCode><AgentID>1000002</AgentID></xml>"
)


@pytest.fixture
def crypto(clock: StillClock) -> CallbackCrypto:
    return CallbackCrypto(CALLBACK_TOKEN, CALLBACK_AES_KEY, CORP, clock=clock)


@pytest.fixture(autouse=True)
def said() -> Iterator[list[dict[str, object]]]:
    """What is logged, which never holds a secret or a message."""
    with capture_logs() as entries:
        found: list[dict[str, object]] = entries  # type: ignore[assignment]  # structlog types them as mutable mappings
        yield found
    text = repr(found)
    for secret in (
        *(value for name, value in CONNECTION.items() if name not in {"agent_id", "corp_id"}),
        "rc-1",
        "t-7",
    ):
        assert secret not in text


def address(sealed: SealedMessage, **more: str) -> str:
    return f"/wecom/callback?{urlencode(sealed.query | more)}"


def as_xml(sealed: SealedMessage) -> bytes:
    return f"<xml><ToUserName>{CORP}</ToUserName><Encrypt><![CDATA[{sealed.encrypt}]]></Encrypt></xml>".encode()


def kept(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(callback_event)) or 0


def test_the_address_check_is_answered_in_plain_text(portal: Portal, crypto: CallbackCrypto) -> None:
    sealed = crypto.encrypt("1616140317555161061")
    while "+" not in sealed.encrypt:
        sealed = crypto.encrypt("1616140317555161061")

    for echostr in (quote(sealed.encrypt, safe=""), quote(sealed.encrypt, safe="+/=")):
        answer = portal.get(f"{address(sealed)}&echostr={echostr}")

        assert (answer.status_code, answer.content) == (200, b"1616140317555161061")
        assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("is_json", [False, True])
def test_an_event_is_kept_and_answered_with_an_empty_200(portal: Portal, crypto: CallbackCrypto, is_json: bool) -> None:
    sealed = crypto.encrypt(CLICK)
    body = json.dumps({"tousername": CORP, "encrypt": sealed.encrypt}).encode() if is_json else as_xml(sealed)

    answer = portal.post(address(sealed), data=body)

    assert (answer.status_code, answer.content) == (200, b"")
    with portal.engine.connect() as connection:
        row = connection.execute(select(callback_event)).one()
    assert row.event["event_key"] == "ack:7"
    assert row.received_at == NOW


def test_a_repetition_is_accepted_and_kept_once(portal: Portal, crypto: CallbackCrypto) -> None:
    sealed = crypto.encrypt(CLICK)

    answers = [portal.post(address(again), data=as_xml(again)) for again in (sealed, sealed, crypto.encrypt(CLICK))]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert kept(portal.engine) == 1


def test_a_replay_after_the_window_is_refused(portal: Portal, crypto: CallbackCrypto, clock: StillClock) -> None:
    sealed = crypto.encrypt(CLICK)
    clock.forward(seconds=301)

    answer = portal.post(address(sealed), data=as_xml(sealed))

    assert (answer.status_code, answer.content) == (403, b"")
    assert kept(portal.engine) == 0


def test_what_does_not_come_from_wecom_is_refused_without_a_reason(
    portal: Portal, crypto: CallbackCrypto, clock: StillClock, said: list[dict[str, object]]
) -> None:
    sealed = crypto.encrypt(CLICK)
    forged = replace(sealed, msg_signature="0" * 40)
    elsewhere = CallbackCrypto(CALLBACK_TOKEN, CALLBACK_AES_KEY, "wwother", clock=clock).encrypt(CLICK)
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><Encrypt>&a;</Encrypt></xml>'
    calls = [
        (address(forged), as_xml(forged), 403),
        (address(elsewhere), as_xml(elsewhere), 403),
        ("/wecom/callback", as_xml(sealed), 403),
        (address(sealed), as_xml(replace(sealed, encrypt=sealed.encrypt[:-8] + "AAAAAAA=")), 403),
        (address(sealed), b"<xml>", 400),
        (address(sealed), b"", 400),
        (address(sealed), bomb, 400),
        (address(sealed), b"x" * (MAX_BODY_BYTES + 1), 400),
    ]

    answers = [portal.post(path, data=body) for path, body, _ in calls]

    assert [answer.status_code for answer in answers] == [status for *_, status in calls]
    assert {answer.content for answer in answers} == {b""}
    assert kept(portal.engine) == 0
    assert [entry["event"] for entry in said] == ["callback.refused"] * len(calls)
    check = portal.get(address(forged, echostr=forged.encrypt))
    assert (check.status_code, check.content) == (403, b"")


def test_an_endless_body_is_cut_off(portal: Portal, crypto: CallbackCrypto) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 50_000 + 1):
            yield b"x" * 50_000

    assert portal.post(address(crypto.encrypt(CLICK)), data=endless()).status_code == 400


def test_an_event_that_cannot_be_kept_is_asked_for_again(
    open_portal: OpenPortal, crypto: CallbackCrypto, said: list[dict[str, object]]
) -> None:
    gone = create_engine("postgresql+psycopg://nobody@/nowhere?host=/nonexistent")
    sealed = crypto.encrypt(CLICK)
    with open_portal(store=gone) as portal:
        answer = portal.post(address(sealed), data=as_xml(sealed))
    gone.dispose()

    assert (answer.status_code, answer.content) == (503, b"")
    assert [entry["event"] for entry in said] == ["callback.not_kept"]


def test_without_the_callbacks_settings_the_log_says_what_is_missing(
    home: Home, open_portal: OpenPortal, crypto: CallbackCrypto, said: list[dict[str, object]]
) -> None:
    sealed = crypto.encrypt(CLICK)
    lacking = {name: value for name, value in CONNECTION.items() if name != "aes_key"}
    with open_portal(replace(home, connect=lambda _: lacking)) as portal:
        assert portal.post(address(sealed), data=as_xml(sealed)).status_code == 404

    assert said[0]["event"] == "callback.not_configured"
    assert "aes_key" in str(said[0]["needed"])


def test_work_that_fails_stays_kept(
    home: Home, engine: Engine, clock: StillClock, monkeypatch: pytest.MonkeyPatch, said: list[dict[str, object]]
) -> None:
    def fail(*_: object, **__: object) -> int:
        with create_engine("postgresql+psycopg://nobody@/nowhere?host=/nonexistent").connect():
            return 0

    monkeypatch.setattr(_callback, "process_events", fail)
    _callback.process_kept(home, engine, clock)

    assert [entry["event"] for entry in said] == ["callback.not_processed"]


def test_a_press_on_the_card_acknowledges_and_the_button_turns_grey(
    home: Home, engine: Engine, clock: StillClock, open_portal: OpenPortal, add_incident: AddIncident
) -> None:
    number = add_incident()
    config = SimulatorConfig(
        corp_id=CORP,
        apps={AGENT: SECRET},
        members={"LiWei": "李伟"},
        callback_token=CALLBACK_TOKEN,
        callback_aes_key=CALLBACK_AES_KEY,
        clock=clock,
    )
    alert = NewAlert(number, 1, "opened", Recipient("app", "LiWei", Text("采购员", "buyer")), TITLE, SENTENCE)
    with engine.begin() as connection:
        raise_alerts(connection, [alert], NOW)

    def sent() -> AnyRow:
        with engine.connect() as connection:
            return connection.execute(select(delivery)).one()

    with serving(create_simulator(config)) as url:
        there = Home(home.path, home.connect)
        there.__dict__["settings"] = home.settings.model_copy(update={"wecom": WeCom(base_url=url)})
        with open_portal(there) as portal:
            object.__setattr__(config, "callback_url", f"{portal.url}/wecom/callback")  # known only now
            check = portal.session.post(f"{url}/_mock/verify_url", json={}, timeout=10)
            report = deliver(there, engine, clock=clock)
            assert report.sent == 1, report
            click = {"task_id": sent().task_id, "user": "LiWei", "key": f"ack:{number}"}
            pressed = portal.session.post(f"{url}/_mock/click", json=click, timeout=10)
            began = time.monotonic()
            while not sent().shown_button and time.monotonic() - began < 60:
                time.sleep(0.01)
            page = portal.get(portal.link(number))

    assert check.json()["errcode"] == 0
    assert pressed.json()["attempts"] == ["200"]
    assert portal.actors(number)[-1] == ("acknowledged", "李伟")
    assert sent().shown_button["zh"] == "李伟 已知晓"
    assert "知道了" not in page.text
