"""For tests that need WeCom: the simulator behind real HTTP on 127.0.0.1, a clock to turn, and a callback address.

with running_wecom() as wecom:
    wecom.app().send(button_card("zhangsan", wecom.agent_id, card))
    wecom.order("click", task_id="t-1", user="zhangsan", key="ack")
    assert wecom.hub.events[0].event_key == "ack"
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import requests
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from canonical_model.clock import Clock
from canonical_model.text import JsonValue
from wecom_notify.callback import CallbackCrypto, CallbackEvent
from wecom_notify.client import AppClient, RobotClient
from wecom_notify.simulator import SimulatorConfig, create_simulator

Record = dict[str, JsonValue]
CORP = "wwtest"
AGENT = 1000002
SECRET = SecretStr("canary-secret-7f3a")
ROBOT_KEY = SecretStr("canary-robot-key-91c2")
CALLBACK_TOKEN = SecretStr("canary-callback-token")
CALLBACK_AES_KEY = SecretStr("6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt")  # published in Tencent's sample


class StillClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        """The instant at which it stands."""
        return self.now

    def forward(self, **span: float) -> None:
        """Moves on by `span`, the arguments of a timedelta."""
        self.now += timedelta(**span)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """`app` behind HTTP on a free port of 127.0.0.1, for the length of a `with`; its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="none", access_log=False))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.002)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(5)
        listener.close()


@dataclass
class CallbackHub:
    """A callback address: opens what arrives and answers as told.

    Attributes:
        events: What arrived, oldest first.
        statuses: HTTP statuses to answer next; 200 when there are none left.
        token: The Token with which it checks signatures.
    """

    clock: Clock
    events: list[CallbackEvent] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    token: SecretStr = CALLBACK_TOKEN

    def app(self) -> FastAPI:
        """The address as an application, at `/callback`."""
        app = FastAPI()

        def crypto() -> CallbackCrypto:
            return CallbackCrypto(self.token, CALLBACK_AES_KEY, CORP, clock=self.clock)

        @app.get("/callback")
        def verify(msg_signature: str, timestamp: str, nonce: str, echostr: str) -> Response:
            text = crypto().verify_url(msg_signature, timestamp, nonce, echostr)
            return Response(text, media_type="text/plain")

        @app.post("/callback")
        async def receive(request: Request, msg_signature: str, timestamp: str, nonce: str) -> Response:
            self.events.append(crypto().decrypt(msg_signature, timestamp, nonce, await request.body()))
            return Response(status_code=self.statuses.pop(0) if self.statuses else 200)

        return app


@dataclass
class RunningWeCom:
    """The running simulator, with shortcuts to its clients and switches."""

    url: str
    clock: StillClock
    hub: CallbackHub
    corp_id: str = CORP
    agent_id: int = AGENT

    def app(self, secret: SecretStr = SECRET, *, corp_id: str = CORP, timeout_seconds: float = 5.0) -> AppClient:
        """A client of the simulated app."""
        return AppClient(
            corp_id, self.agent_id, secret, base_url=self.url, timeout_seconds=timeout_seconds, clock=self.clock
        )

    def robot(self, key: SecretStr = ROBOT_KEY, *, timeout_seconds: float = 5.0) -> RobotClient:
        """A client of the simulated group robot."""
        return RobotClient(key, base_url=self.url, timeout_seconds=timeout_seconds)

    def order(self, switch: str, **order: object) -> Record:
        """Turns a switch of `/_mock`: fail, delay, drop_response, expire, click, verify_url."""
        answer = requests.post(f"{self.url}/_mock/{switch}", json=order, timeout=30)
        answer.raise_for_status()
        return cast(Record, answer.json())

    def records(self, what: str, **query: str) -> list[Record]:
        """What `/_mock` shows: inbox, dropped, calls, callbacks."""
        answer = requests.get(f"{self.url}/_mock/{what}", params=query, timeout=5)
        answer.raise_for_status()
        return cast(list[Record], answer.json())

    def count(self, path: str) -> int:
        """How often "message/send" or another call arrived."""
        return len(self.records("calls", path=f"/cgi-bin/{path}"))


class Switchboard:
    """One server for many tests: the simulator and the callback address, new for each of them."""

    def __init__(self) -> None:
        self._apps: dict[str, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request to the callback address or to the simulator."""
        name = "hub" if scope["path"] == "/callback" else "wecom"
        await self._apps[name](scope, receive, send)

    def fresh(self, url: str) -> RunningWeCom:
        """A fresh corp at `url`: four members (one id in mixed case), two apps, one group robot."""
        clock = StillClock(datetime(2026, 11, 22, 1, 30, tzinfo=UTC))
        hub = CallbackHub(clock)
        config = SimulatorConfig(
            corp_id=CORP,
            apps={AGENT: SECRET, AGENT + 1: SecretStr("other-secret")},
            app_names={AGENT: "供应链助手"},
            members={"ZhangSan": "张三", "lisi": "李四", "wangwu": "王五", "zhaoliu": "赵六"},
            robots={ROBOT_KEY.get_secret_value(): "华东仓异常群"},
            callback_url=f"{url}/callback",
            callback_token=CALLBACK_TOKEN,
            callback_aes_key=CALLBACK_AES_KEY,
            callback_timeout_seconds=1,
            clock=clock,
        )
        self._apps = {"hub": hub.app(), "wecom": create_simulator(config)}
        return RunningWeCom(url, clock, hub)


@contextmanager
def running_wecom() -> Iterator[RunningWeCom]:
    """A fresh corp behind a server of its own, for the length of a `with`."""
    board = Switchboard()
    with serving(board) as url:
        yield board.fresh(url)
