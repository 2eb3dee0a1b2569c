"""What WeCom calls back: checks that it is WeCom, opens the envelope, and says who pressed what.

Callbacks are best effort and may come twice: store each under its `dedupe_key`, answer 200 with an empty body within
five seconds, and work afterwards. Source: developer.work.weixin.qq.com/document/path/91144, 96466, 96467, 90240.
"""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydantic import SecretStr

from canonical_model.clock import Clock, utc_now
from canonical_model.text import JsonValue, parse_json
from wecom_notify._cipher import EnvelopeCipher
from wecom_notify.errors import CallbackError, CallbackFault

MAX_BODY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class CallbackEvent:
    """One message or event from a member.

    Attributes:
        from_user: The member's user id.
        create_time: When it happened, by WeCom.
        msg_type: "event", "text", "image", …
        event: Kind of event, "template_card_event"; empty for messages.
        event_key: Key of the pressed button.
        task_id: Task id of the card.
        response_code: Updates that card once, within 72 hours.
        agent_id: The app that it came through; None when it does not say.
        raw: Everything that was sent, by WeCom's names.
    """

    from_user: str
    create_time: datetime
    msg_type: str
    event: str = ""
    event_key: str = ""
    task_id: str = ""
    response_code: str = ""
    agent_id: int | None = None
    raw: dict[str, JsonValue] = field(default_factory=dict, hash=False, repr=False)

    @property
    def dedupe_key(self) -> str:
        """Equal for the repetitions of one callback and different otherwise.

        WeCom's own rule is the message id, or user and second; two clicks in one second need the card as well.
        """
        if message_id := self.raw.get("MsgId"):
            return f"msg:{message_id}"
        second = str(int(self.create_time.timestamp()))
        parts = (self.from_user.lower(), second, self.event, self.task_id, self.event_key, self.response_code)
        return "event:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """An encrypted message with its signature, ready to travel."""

    encrypt: str
    msg_signature: str
    timestamp: str
    nonce: str

    @property
    def query(self) -> dict[str, str]:
        """The three parameters of the address."""
        return {"msg_signature": self.msg_signature, "timestamp": self.timestamp, "nonce": self.nonce}


class CallbackCrypto:
    """Checks, opens and seals callbacks of one app.

    Args:
        token: Token of the app's callback settings.
        encoding_aes_key: EncodingAESKey of the same page, 43 characters.
        receive_id: The corp id, for an app of one's own.
        max_age_seconds: Callbacks whose time stamp is further away are refused. Our own policy against replays:
            WeCom repeats an unanswered callback within seconds.
        clock: Gives the present instant.

    Raises:
        CallbackError: The key is malformed.
    """

    def __init__(
        self,
        token: SecretStr,
        encoding_aes_key: SecretStr,
        receive_id: str,
        *,
        max_age_seconds: int = 300,
        clock: Clock = utc_now,
    ) -> None:
        self._token = token
        self._cipher = EnvelopeCipher(encoding_aes_key, receive_id)
        self._max_age_seconds = max_age_seconds
        self._clock = clock

    def verify_url(self, msg_signature: str, timestamp: str, nonce: str, echostr: str) -> str:
        """The text to answer, as it is, when WeCom checks the address.

        Raises:
            CallbackError: It is not WeCom, or too old.
        """
        echostr = echostr.replace(" ", "+")  # some frameworks decode the plus signs of base64 as blanks
        self._check(msg_signature, timestamp, nonce, echostr)
        return self._cipher.open(echostr)

    def decrypt(self, msg_signature: str, timestamp: str, nonce: str, body: bytes) -> CallbackEvent:
        """The event in the body of a callback, whether its envelope is XML or JSON.

        Raises:
            CallbackError: It is not WeCom, too old, or cannot be read.
        """
        envelope = parse_document(body)
        encrypted = str(envelope.get("Encrypt") or envelope.get("encrypt") or "")
        self._check(msg_signature, timestamp, nonce, encrypted)
        return _event(parse_document(self._cipher.open(encrypted).encode()))

    def encrypt(self, message: str, *, timestamp: str | None = None, nonce: str | None = None) -> SealedMessage:
        """`message` sealed and signed, as WeCom would send it and as a reply would be.

        Args:
            message: Plain text, usually XML.
            timestamp: Seconds since 1970; the clock's when None.
            nonce: Random when None.
        """
        timestamp = timestamp or str(int(self._clock().timestamp()))
        nonce = nonce or str(secrets.randbelow(10**10))
        encrypted = self._cipher.seal(message)
        return SealedMessage(encrypted, self._sign(timestamp, nonce, encrypted), timestamp, nonce)

    def _sign(self, timestamp: str, nonce: str, encrypted: str) -> str:
        parts = sorted([self._token.get_secret_value(), timestamp, nonce, encrypted])
        return hashlib.sha1("".join(parts).encode()).hexdigest()  # noqa: S324  # WeCom's protocol

    def _check(self, msg_signature: str, timestamp: str, nonce: str, encrypted: str) -> None:
        expected = self._sign(timestamp, nonce, encrypted)
        if not hmac.compare_digest(expected.encode(), msg_signature.encode()):
            raise CallbackError(CallbackFault.SIGNATURE)
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise CallbackError(CallbackFault.TIMESTAMP, timestamp)
        if abs(self._clock().timestamp() - int(timestamp)) > self._max_age_seconds:
            raise CallbackError(CallbackFault.TIMESTAMP, timestamp)


def parse_document(body: bytes) -> dict[str, JsonValue]:
    """The fields of an XML or JSON document of WeCom; no DTD, no entities, at most a megabyte.

    Raises:
        CallbackError: It is neither, or too large.
    """
    if len(body) > MAX_BODY_BYTES:
        raise CallbackError(CallbackFault.PARSE, "too large")
    try:
        fields = parse_json(body) if body.lstrip()[:1] == b"{" else _tree(fromstring(body, forbid_dtd=True))
    except (ParseError, DefusedXmlException, json.JSONDecodeError, UnicodeError, RecursionError) as error:
        raise CallbackError(CallbackFault.PARSE, type(error).__name__) from error
    if not isinstance(fields, dict):
        raise CallbackError(CallbackFault.PARSE, "no fields")
    return fields


def _tree(element: Element) -> JsonValue:
    """An element as its text, or as a dict of its children; children of one name become a list."""
    if not len(element):
        return element.text or ""
    fields: dict[str, JsonValue] = {}
    for child in element:
        value, seen = _tree(child), fields.get(child.tag)
        if child.tag not in fields:
            fields[child.tag] = value
        else:
            fields[child.tag] = [*seen, value] if isinstance(seen, list) else [seen, value]
    return fields


def _event(fields: dict[str, JsonValue]) -> CallbackEvent:
    def text(name: str) -> str:
        value = fields.get(name)
        return value if isinstance(value, str) else ""

    try:
        created = datetime.fromtimestamp(int(text("CreateTime")), UTC)
        agent_id = int(text("AgentID")) if text("AgentID") else None
    except (ValueError, OverflowError, OSError) as error:
        raise CallbackError(CallbackFault.PARSE, "CreateTime, AgentID") from error
    return CallbackEvent(
        from_user=text("FromUserName"),
        create_time=created,
        msg_type=text("MsgType"),
        event=text("Event"),
        event_key=text("EventKey"),
        task_id=text("TaskId"),
        response_code=text("ResponseCode"),
        agent_id=agent_id,
        raw=fields,
    )
