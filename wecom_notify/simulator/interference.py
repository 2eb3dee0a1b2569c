"""Records every call of the API and, on order, makes it fail, wait, or stay without an answer."""

import asyncio
import hashlib
import threading
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wecom_notify.simulator.api import refusal
from wecom_notify.simulator.state import State

_PREFIX = "/cgi-bin/"


@dataclass(slots=True)
class Rule:
    """What happens to the next calls of one address."""

    path: str
    times: int
    errcode: int | None = None
    errmsg: str = ""
    seconds: float = 0.0
    is_silent: bool = False


class Interference:
    """The orders that are still to be carried out."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> None:
        """Takes an order; orders for one address are worked off in turn."""
        with self._lock:
            self._rules.append(rule)

    def next(self, path: str) -> Rule | None:
        """The order for this call of `path`, counted down."""
        with self._lock:
            rule = next((rule for rule in self._rules if rule.path == path), None)
            if rule:
                rule.times -= 1
                if rule.times == 0:
                    self._rules.remove(rule)
            return rule


class InterferenceMiddleware:
    """Wraps the API; plain ASGI, because only that can leave a caller without an answer."""

    def __init__(self, app: ASGIApp, state: State, interference: Interference) -> None:
        self._app = app
        self._state = state
        self._interference = interference

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on; those of the API are recorded first."""
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIX):
            await self._app(scope, receive, send)
        else:
            await self._call(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        rule = self._interference.next(scope["path"])
        self._record(scope, body, rule)
        if rule and rule.seconds:
            await asyncio.sleep(rule.seconds)
        if rule and rule.errcode is not None:
            await JSONResponse(refusal(rule.errcode, rule.errmsg, request))(scope, receive, send)
            return

        async def replay() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def swallow(_: Message) -> None:
            return

        if rule and rule.is_silent:
            await self._app(scope, replay, swallow)
            while (await receive())["type"] != "http.disconnect":  # until the caller gives up
                pass
            return
        await self._app(scope, replay, send)

    def _record(self, scope: Scope, body: bytes, rule: Rule | None) -> None:
        self._state.record_call(
            {
                "path": scope["path"],
                "method": scope["method"],
                "at": self._state.config.clock().isoformat(),
                "sha256": hashlib.sha256(body).hexdigest(),
                "body": body.decode(errors="replace"),
                "interfered": rule is not None,
            }
        )
