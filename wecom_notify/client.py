"""Speaks to WeCom as an app (`AppClient`) or as a group robot (`RobotClient`).

Neither retries nor sleeps: the caller's outbox does, by the error's `retry_class`. Only an expired token is renewed
here, once per request.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from canonical_model.clock import Clock, utc_now
from canonical_model.errors import ConfigError
from canonical_model.language import Text
from wecom_notify._http import OFFICIAL, Answer, Exchange
from wecom_notify._tokens import TokenSource
from wecom_notify.errors import RetryClass, classify

SEND = "/cgi-bin/message/send"
UPDATE = "/cgi-bin/message/update_template_card"
ROBOT_SEND = "/cgi-bin/webhook/send"
_KEY = re.compile(r"[0-9A-Za-z_-]{8,128}")


@dataclass(frozen=True, slots=True)
class Receipt:
    """WeCom took a message.

    Attributes:
        msgid: WeCom's number of it; empty for robots.
        response_code: Updates the card once, within 72 hours; empty for other messages.
        invalid_users: User ids, in lower case, that do not get it: unknown, out of range, or without a licence.
    """

    msgid: str = ""
    response_code: str = ""
    invalid_users: tuple[str, ...] = ()

    def misses(self, user: str) -> bool:
        """Did `user`, in whatever case, not get the message?"""
        return user.lower() in self.invalid_users


class AppClient:
    """Sends as one app of one corp; safe to share between threads.

    Args:
        corp_id: 企业 ID, "ww…".
        agent_id: Number of the app.
        secret: The app's secret.
        base_url: WeCom, a simulator or a gateway.
        proxy: Proxy with a fixed address, for WeCom's list of trusted IPs; None takes the environment's.
        timeout_seconds: Longest wait for a connection, and for an answer.
        clock: Gives the present instant.
    """

    def __init__(
        self,
        corp_id: str,
        agent_id: int,
        secret: SecretStr,
        *,
        base_url: str = OFFICIAL,
        proxy: str | None = None,
        timeout_seconds: float = 10.0,
        clock: Clock = utc_now,
    ) -> None:
        self.corp_id = corp_id
        self.agent_id = agent_id
        self._exchange = Exchange(base_url, (secret,), proxy=proxy, timeout_seconds=timeout_seconds)
        self._tokens = TokenSource(corp_id, secret, self._exchange, clock)

    def __repr__(self) -> str:
        return f"AppClient(corp_id={self.corp_id!r}, agent_id={self.agent_id})"

    def send(self, payload: bytes) -> Receipt:
        """Sends a message of `wecom_notify.messages`.

        Returns:
            The receipt; members who do not get the message stand in `invalid_users`.

        Raises:
            WeComError: WeCom refused it or gave no answer.
        """
        answer = self._call(SEND, payload)
        refused = "|".join((answer.text("invaliduser"), answer.text("unlicenseduser")))
        users = dict.fromkeys(user.lower() for user in refused.split("|") if user)
        return Receipt(answer.text("msgid"), answer.text("response_code"), tuple(users))

    def update_card(self, payload: bytes) -> None:
        """Updates a sent card with a payload of `update_card` or `update_card_button`.

        Raises:
            WeComError: WeCom refused it or gave no answer.
        """
        self._call(UPDATE, payload)

    def check(self) -> None:
        """Fetches a token, so that wrong settings show without a message.

        Raises:
            WeComError: WeCom refused the settings, or cannot be reached.
        """
        self._tokens.get()

    def reset(self) -> None:
        """Calls again after the breaker opened, once an operator has corrected the settings."""
        self._tokens.reset()

    def _call(self, path: str, payload: bytes) -> Answer:
        token = self._tokens.get()
        answer = self._exchange.post(path, {"access_token": token}, payload)
        if classify(answer.errcode) is RetryClass.TOKEN:
            self._tokens.invalidate(token)
            token = self._tokens.get()
            answer = self._exchange.post(path, {"access_token": token}, payload)
        if answer.errcode == 0:
            return answer
        # A second refusal of a token is no longer about its age.
        persistent = RetryClass.CONFIG if classify(answer.errcode) is RetryClass.TOKEN else None
        error = self._exchange.error(answer, path, token=token, retry_class=persistent)
        self._tokens.trip(error)
        raise error


class RobotClient:
    """Sends as a group robot ("消息推送"); its key is its only credential.

    Args:
        key_or_url: The robot's key, or the whole webhook address, whose host then counts.
        base_url: WeCom, a simulator or a gateway, for a bare key.
        proxy: Proxy to go through; None takes the environment's.
        timeout_seconds: Longest wait for a connection, and for an answer.

    Raises:
        ConfigError: Neither a key nor a webhook address.
    """

    def __init__(
        self,
        key_or_url: SecretStr,
        *,
        base_url: str = OFFICIAL,
        proxy: str | None = None,
        timeout_seconds: float = 10.0,
    ) -> None:
        base_url, self._key = _robot_address(key_or_url.get_secret_value().strip(), base_url)
        self._exchange = Exchange(base_url, (self._key,), proxy=proxy, timeout_seconds=timeout_seconds)

    def __repr__(self) -> str:
        return "RobotClient(key=***)"

    def send(self, payload: bytes) -> Receipt:
        """Sends a message of `robot_text`, `robot_markdown` or `robot_notice`.

        Raises:
            WeComError: WeCom refused it or gave no answer.
        """
        answer = self._exchange.post(ROBOT_SEND, {"key": self._key}, payload)
        if answer.errcode != 0:
            raise self._exchange.error(answer, ROBOT_SEND)
        return Receipt()


def _robot_address(text: str, base_url: str) -> tuple[str, SecretStr]:
    if text.startswith(("http://", "https://")):
        parts = urlsplit(text)
        base_url = f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix(ROBOT_SEND)}"
        text = parse_qs(parts.query).get("key", [""])[0]
    if not _KEY.fullmatch(text):
        raise ConfigError(
            Text(
                "群机器人的设置既不是 key，也不是 Webhook 地址。",
                "The robot's setting is neither a key nor a webhook address.",
            ),
            hint=Text(
                "请从群的“消息推送”页面复制 Webhook 地址，形如 https://…/cgi-bin/webhook/send?key=…",
                "Copy the webhook address from the group's message-push page: https://…/cgi-bin/webhook/send?key=…",
            ),
        )
    return base_url, SecretStr(text)
