"""The address that WeCom calls: checks the caller, keeps the raw event, answers at once, and works afterwards.

Source: developer.work.weixin.qq.com/document/path/96466 (an answer within 1 s to the check of the address, within 5 s
to an event, which is repeated up to three times otherwise).
"""

from urllib.parse import unquote

import structlog
from fastapi import APIRouter, BackgroundTasks, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import SecretStr
from sqlalchemy import Engine

from canonical_model.clock import Clock
from canonical_model.errors import ConfigError, CrossdockError
from crossdock.home import Home
from crossdock.incidents.callbacks import keep_event, process_events
from crossdock.store.database import translate_errors
from wecom_notify.callback import MAX_BODY_BYTES, CallbackCrypto, CallbackEvent
from wecom_notify.errors import CallbackError, CallbackFault

log = structlog.stdlib.get_logger("crossdock.portal")

_FORBIDDEN = {CallbackFault.SIGNATURE, CallbackFault.TIMESTAMP, CallbackFault.RECEIVE_ID}


def callback_routes(home: Home, engine: Engine, clock: Clock) -> APIRouter:
    """The routes at `/wecom/callback`."""
    router = APIRouter(prefix="/wecom")

    @router.get("/callback")
    def verify(request: Request) -> Response:
        query = raw_query(request)
        try:
            text = _crypto(home, clock).verify_url(*_signed(query), query.get("echostr", ""))
        except CallbackError as error:
            return _refuse(error)
        except ConfigError as error:
            return _unconfigured(error)
        return Response(text, media_type="text/plain")

    @router.post("/callback")
    async def receive(request: Request, background: BackgroundTasks) -> Response:
        try:
            body = await _bounded_body(request)
            event = await run_in_threadpool(lambda: _crypto(home, clock).decrypt(*_signed(raw_query(request)), body))
        except CallbackError as error:
            return _refuse(error)
        except ConfigError as error:
            return _unconfigured(error)
        try:
            await run_in_threadpool(_keep, engine, event, clock)
        except CrossdockError as error:
            log.error("callback.not_kept", code=error.problem_code, error=error.render(home.language))
            return Response(status_code=503)  # WeCom sends it again
        # Also after a repetition: the process may have ended between the first answer and its work.
        background.add_task(process_kept, home, engine, clock)
        return Response(status_code=200)

    return router


def raw_query(request: Request) -> dict[str, str]:
    """The parameters of the address with "+" kept: a form would read it as a space, base64 means it."""
    pairs = (part.partition("=") for part in request.url.query.split("&"))
    return {unquote(name): unquote(value) for name, _, value in pairs}


def process_kept(home: Home, engine: Engine, clock: Clock) -> None:
    """Works through the kept events; what fails stays kept for the next time, and is logged."""
    try:
        with translate_errors():
            process_events(home, engine, clock=clock)
    except CrossdockError as error:
        log.error("callback.not_processed", code=error.problem_code, error=error.render(home.language))


def _keep(engine: Engine, event: CallbackEvent, clock: Clock) -> None:
    with translate_errors():
        is_new = keep_event(engine, event, clock=clock)
    if not is_new:
        log.info("callback.repeated", kind=event.event or event.msg_type)


def _crypto(home: Home, clock: Clock) -> CallbackCrypto:
    """The check of the app's callbacks, from its connection as it is now.

    Raises:
        ConfigError: There is no connection.
        CallbackError: It lacks the callback's settings, or its key is malformed.
    """
    wecom = home.connect(home.settings.wecom.connection)
    if not wecom.get("token") or not wecom.get("corp_id"):
        raise CallbackError(CallbackFault.AES_KEY, "token, aes_key, corp_id")
    token, key = SecretStr(wecom["token"]), SecretStr(wecom.get("aes_key", ""))
    return CallbackCrypto(token, key, wecom["corp_id"], clock=clock)


def _signed(query: dict[str, str]) -> tuple[str, str, str]:
    return query.get("msg_signature", ""), query.get("timestamp", ""), query.get("nonce", "")


async def _bounded_body(request: Request) -> bytes:
    """The body, read no further than the largest that WeCom would send.

    Raises:
        CallbackError: It is larger.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise CallbackError(CallbackFault.PARSE, "too large")
    return bytes(body)


def _refuse(error: CallbackError) -> Response:
    if error.fault is CallbackFault.AES_KEY:
        return _unconfigured(error)
    status = 403 if error.fault in _FORBIDDEN else 400
    log.warning("callback.refused", fault=error.fault.value, errcode=error.errcode, status=status)
    return Response(status_code=status)


def _unconfigured(error: CrossdockError) -> Response:
    """The pages work without callbacks, so this is for the log, not for the caller."""
    log.error("callback.not_configured", code=error.problem_code, needed="corp_id, token, aes_key")
    return Response(status_code=404)
