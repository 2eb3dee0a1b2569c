"""The part of WeCom's API that a sender uses, under its own addresses; errors come with HTTP 200."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from canonical_model.text import JsonValue
from wecom_notify.simulator import checks
from wecom_notify.simulator.checks import Body, RefusedError
from wecom_notify.simulator.state import State

APP_KINDS = {"text", "markdown", "textcard", "template_card"}
ROBOT_KINDS = {"text", "markdown", "markdown_v2", "template_card"}
ROBOT_CARDS = {"text_notice", "news_notice"}
MARKDOWN_BYTES = 2048
ROBOT_BYTES = {"text": 2048, "markdown": 4096, "markdown_v2": 4096}
DUPLICATE_SECONDS = (1800, 14400)  # default and most


async def _raw_body(request: Request) -> bytes:
    return await request.body()


Raw = Annotated[bytes, Depends(_raw_body)]


def refusal(errcode: int, errmsg: str, request: Request) -> Body:
    """WeCom's answer to a refused call, with its hint and the caller's address."""
    host = request.client.host if request.client else "127.0.0.1"
    text = errmsg or "simulated error"
    more = f"more info at https://open.work.weixin.qq.com/devtool/query?e={errcode}"
    return {"errcode": errcode, "errmsg": f"{text}, hint: [1735000000_1_simulator], from ip: {host}, {more}"}


def create_api(state: State) -> APIRouter:
    """The routes below `/cgi-bin`."""
    router = APIRouter(prefix="/cgi-bin")

    def answer(request: Request, work: Callable[[], Body]) -> JSONResponse:
        try:
            with state.lock:
                return JSONResponse({"errcode": 0, "errmsg": "ok", **work()})
        except RefusedError as error:
            return JSONResponse(refusal(error.errcode, error.errmsg, request))

    @router.get("/gettoken")
    def gettoken(request: Request, corpid: str = "", corpsecret: str = "") -> JSONResponse:
        def work() -> Body:
            if not corpid or not corpsecret:
                raise RefusedError(41004, "corpsecret missing" if corpid else "corpid missing")
            return state.issue_token(corpid, corpsecret)

        return answer(request, work)

    @router.post("/message/send")
    def message_send(request: Request, raw: Raw, access_token: str = "") -> JSONResponse:
        return answer(request, lambda: _send(state, raw, access_token))

    @router.post("/message/update_template_card")
    def update_template_card(request: Request, raw: Raw, access_token: str = "") -> JSONResponse:
        return answer(request, lambda: _update(state, raw, access_token))

    @router.post("/webhook/send")
    def webhook_send(request: Request, raw: Raw, key: Annotated[str, Query()] = "") -> JSONResponse:
        return answer(request, lambda: _robot(state, raw, key))

    return router


def _send(state: State, raw: bytes, token: str) -> Body:
    app = state.app_of(token)
    checks.refuse_escapes(raw)
    body = checks.parse(raw)
    _agent(body, app)
    kind = checks.text(body, "msgtype")
    message = _app_message(state, body, kind)
    users, unknown = _receivers(state, body)
    interval = cast(int, body.get("duplicate_check_interval") or DUPLICATE_SECONDS[0])
    span = timedelta(seconds=min(int(interval), DUPLICATE_SECONDS[1]))
    if body.get("enable_duplicate_check") == 1 and state.is_repeated(app, raw, span):
        # What WeCom answers here is not documented; the poorest answer is the one to be ready for.
        return {"msgid": ""}
    invalid: Body = {"invaliduser": "|".join(unknown)} if unknown else {}
    return {**invalid, **state.deliver(app, users, kind, message)}


def _agent(body: Body, app: int) -> None:
    agent_id = body.get("agentid")
    if agent_id is None:
        raise RefusedError(41011, "agentid missing")
    if not isinstance(agent_id, int) or isinstance(agent_id, bool):
        raise RefusedError(40056, "invalid agentid")
    if agent_id != app:
        raise RefusedError(301002, "not allow operate another agent with this accesstoken")


def _app_message(state: State, body: Body, kind: str) -> Body:
    if kind not in APP_KINDS:
        raise RefusedError(40008, "invalid message type")
    message = checks.part(body, kind)
    if kind == "text":
        whole = checks.content(body, kind, None).encode()
        return {**message, "content": whole[: checks.TEXT_BYTES].decode(errors="ignore")}  # cut without a word
    if kind == "markdown":
        checks.content(body, kind, MARKDOWN_BYTES)
    elif kind == "textcard":
        checks.textcard(body)
    else:
        checks.template_card(message, checks.CARD_TYPES)
        if checks.text(message, "card_type") in checks.INTERACTIVE and not state.config.callback_url:
            raise RefusedError(43012, "the app has no callback url")
    return message


def _receivers(state: State, body: Body) -> tuple[list[str], list[str]]:
    touser = checks.text(body, "touser")
    others = checks.text(body, "toparty") + checks.text(body, "totag")
    if not touser and not others:
        raise RefusedError(82001, "touser, toparty and totag are all empty")
    if len(touser.split("|")) > 1000:
        raise RefusedError(40032, "invalid userid list size")
    users, unknown = state.recipients(touser)
    if not users:
        raise RefusedError(81013, "user & party & tag all invalid")
    return users, unknown


def _update(state: State, raw: bytes, token: str) -> Body:
    app = state.app_of(token)
    checks.refuse_escapes(raw)
    body = checks.parse(raw)
    _agent(body, app)
    userids = body.get("userids") or []
    if not isinstance(userids, list):
        raise RefusedError(40031, "userids must be an array")
    card, button = checks.part(body, "template_card"), checks.part(body, "button")
    if not card and not checks.text(button, "replace_name"):
        raise RefusedError(42020, "button.replace_name missing")
    if card:
        checks.template_card(card, checks.CARD_TYPES)
    chosen = {str(user).lower() for user in userids}
    copies = state.cards_of(app, checks.text(body, "response_code"))
    reached = {copy.chat.lower() for copy in copies}
    for copy in copies:
        if body.get("atall") == 1 or copy.chat.lower() in chosen:
            copy.replace_name = checks.text(card, "replace_text") or checks.text(button, "replace_name")
            copy.body = {"task_id": copy.task_id, **card} if card else copy.body
            copy.pressed = ""
    state.version += 1
    return {"invaliduser": cast(list[JsonValue], sorted(chosen - reached))}


def _robot(state: State, raw: bytes, key: str) -> Body:
    if key not in state.config.robots:
        raise RefusedError(93000, "invalid webhook url")
    body = checks.parse(raw)
    kind = checks.text(body, "msgtype")
    if kind not in ROBOT_KINDS:
        raise RefusedError(40008, "invalid message type")
    if kind in ROBOT_BYTES:
        checks.content(body, kind, ROBOT_BYTES[kind])
    else:
        checks.template_card(checks.part(body, kind), ROBOT_CARDS)
    state.robot_says(key, kind, checks.part(body, kind))
    return {}
