"""A member presses a button: the simulator calls the hub back, encrypted and signed, as WeCom does."""

import secrets
import time
from xml.sax.saxutils import escape

import requests

from canonical_model.text import JsonValue
from wecom_notify.callback import CallbackCrypto
from wecom_notify.simulator import checks
from wecom_notify.simulator.state import Copy, State

ATTEMPTS = 4  # the first, and three more


class NotClickableError(Exception):
    """There is no such button to press; the text says why."""


def press(state: State, task_id: str, user: str, key: str) -> dict[str, JsonValue]:
    """Presses the button `key` of a card on a member's phone and reports it to the callback address.

    Returns:
        Whether the hub accepted it, and what each attempt brought.

    Raises:
        NotClickableError: No such card or button, or it is grey.
    """
    with state.lock:
        card = state.find_card(task_id, user)
        if card is None:
            raise NotClickableError(f"no card {task_id!r} on the phone of {user!r}")
        keys = [checks.text(button, "key") for button in checks.parts(card.body, "button_list")]
        if card.replace_name or key not in keys:
            raise NotClickableError(f"no live button {key!r}; there are {keys}, grey: {card.replace_name!r}")
        card.pressed = key
        state.version += 1
        code = state.new_response_code(card.agent_id or 0, task_id)
        event = _event(state, card, key, code)
    return deliver(state, event, card.agent_id) | {"response_code": code}


def deliver(state: State, event: str, agent_id: int | None) -> dict[str, JsonValue]:
    """Posts an event to the callback address, again on anything but 200 within the time."""
    config = state.config
    crypto = CallbackCrypto(config.callback_token, config.callback_aes_key, config.corp_id, clock=config.clock)
    sealed = crypto.encrypt(event)
    body = (
        f"<xml><ToUserName><![CDATA[{config.corp_id}]]></ToUserName><AgentID><![CDATA[{agent_id}]]></AgentID>"
        f"<Encrypt><![CDATA[{sealed.encrypt}]]></Encrypt></xml>"
    ).encode()
    outcomes: list[JsonValue] = []
    for _ in range(ATTEMPTS):
        outcomes.append(_post(state, sealed.query, body))
        if outcomes[-1] == "200":
            break
    result: dict[str, JsonValue] = {"is_accepted": outcomes[-1] == "200", "attempts": outcomes}
    with state.lock:
        state.callbacks.append({"event": event, **result})
    return result


def verify_url(state: State) -> dict[str, JsonValue]:
    """Checks the callback address as WeCom does when an administrator saves it."""
    config = state.config
    crypto = CallbackCrypto(config.callback_token, config.callback_aes_key, config.corp_id, clock=config.clock)
    text = str(secrets.randbelow(10**19))
    sealed = crypto.encrypt(text)
    begun = time.monotonic()
    try:
        with _session() as session:
            response = session.get(
                config.callback_url,
                params={**sealed.query, "echostr": sealed.encrypt},
                timeout=config.callback_timeout_seconds,
                allow_redirects=False,
            )
    except requests.RequestException as error:
        return {"errcode": 40057, "errmsg": type(error).__name__}
    is_right = response.status_code == requests.codes.ok and response.text == text
    in_time = time.monotonic() - begun <= 1
    if is_right and in_time:
        return {"errcode": 0, "errmsg": "ok"}
    return {"errcode": 40057, "errmsg": f"HTTP {response.status_code}, right: {is_right}, within 1 s: {in_time}"}


def _post(state: State, query: dict[str, str], body: bytes) -> str:
    try:
        with _session() as session:
            response = session.post(
                state.config.callback_url,
                params=query,
                data=body,
                headers={"Content-Type": "text/xml"},
                timeout=state.config.callback_timeout_seconds,
                allow_redirects=False,
            )
    except requests.RequestException as error:
        return type(error).__name__
    return str(response.status_code)


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # the hub is on this machine or next to it, never behind the company's proxy
    return session


def _event(state: State, card: Copy, key: str, response_code: str) -> str:
    fields = {
        "ToUserName": state.config.corp_id,
        "FromUserName": card.chat,
        "CreateTime": str(int(state.config.clock().timestamp())),
        "MsgType": "event",
        "Event": "template_card_event",
        "EventKey": key,
        "TaskId": card.task_id,
        "CardType": checks.text(card.body, "card_type"),
        "ResponseCode": response_code,
        "AgentID": str(card.agent_id),
    }
    return "<xml>" + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items()) + "</xml>"
