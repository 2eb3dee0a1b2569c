"""What the simulator remembers: tokens, inboxes, cards, calls; guarded by one lock."""

import hashlib
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from canonical_model.text import JsonValue
from wecom_notify.simulator import checks
from wecom_notify.simulator.checks import Body, RefusedError
from wecom_notify.simulator.config import SimulatorConfig
from wecom_notify.simulator.limits import MEMBER_LIMITS, ROBOT_BLOCK, ROBOT_LIMITS, RateLimiter

RESPONSE_CODE_LIFETIME = timedelta(hours=72)


@dataclass(slots=True)
class Copy:
    """One message as it lies on one phone.

    Attributes:
        chat: User id, or key of the robot.
        body: The object under the message's type.
        replace_name: What the grey button says; empty while the buttons are alive.
        pressed: Key of the button that was pressed last, until the card is updated.
    """

    msgid: str
    chat: str
    sender: str
    sent_at: datetime
    kind: str
    body: Body
    agent_id: int | None = None
    replace_name: str = ""
    pressed: str = ""

    @property
    def task_id(self) -> str:
        """The card's task id; empty for other messages."""
        return checks.text(self.body, "task_id")

    def as_json(self) -> Body:
        """The copy as the control interface shows it."""
        return {
            "msgid": self.msgid,
            "chat": self.chat,
            "agentid": self.agent_id,
            "sent_at": self.sent_at.isoformat(),
            "msgtype": self.kind,
            self.kind: self.body,
            "task_id": self.task_id,
            "replace_name": self.replace_name,
        }


@dataclass(slots=True)
class _CardCode:
    """A response code: which card it updates, and until when."""

    agent_id: int
    task_id: str
    ends_at: datetime
    is_used: bool = False


@dataclass(slots=True)
class _Token:
    agent_id: int
    ends_at: datetime


@dataclass
class State:
    """The simulated corp at this moment.

    Attributes:
        seen: Chat → how many of its messages somebody has looked at.
        version: Rises with every visible change, so that a page knows when to redraw.
    """

    config: SimulatorConfig
    lock: threading.RLock = field(default_factory=threading.RLock)
    inbox: list[Copy] = field(default_factory=list)
    dropped: list[Body] = field(default_factory=list)
    calls: list[Body] = field(default_factory=list)
    callbacks: list[Body] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    version: int = 0

    def __post_init__(self) -> None:
        self._tokens: dict[str, _Token] = {}
        self._codes: dict[str, _CardCode] = {}
        self._task_ids: set[tuple[int, str]] = set()
        self._bodies: dict[tuple[int, str], datetime] = {}
        self._members = {user.lower(): user for user in self.config.members}
        self._member_limit = RateLimiter(MEMBER_LIMITS)
        self._robot_limit = RateLimiter(ROBOT_LIMITS)
        self._robot_blocked: dict[str, datetime] = {}

    def issue_token(self, corp_id: str, secret: str) -> Body:
        """A fresh access token for the app with this secret."""
        if corp_id != self.config.corp_id:
            raise RefusedError(40013, "invalid corpid")
        agent_id = next((a for a, s in self.config.apps.items() if s.get_secret_value() == secret), None)
        if agent_id is None:
            raise RefusedError(40001, "invalid credential")
        token = secrets.token_urlsafe(48)
        lifetime = self.config.token_seconds
        with self.lock:
            self._tokens[token] = _Token(agent_id, self.config.clock() + timedelta(seconds=lifetime))
        return {"access_token": token, "expires_in": lifetime}

    def expire_tokens(self) -> int:
        """Ends every token now; how many there were."""
        with self.lock:
            now = self.config.clock()
            alive = [token for token in self._tokens.values() if token.ends_at > now]
            for token in alive:
                token.ends_at = now
            return len(alive)

    def app_of(self, token: str) -> int:
        """The app to which `token` belongs."""
        if not token:
            raise RefusedError(41001, "access_token missing")
        found = self._tokens.get(token)
        if found is None:
            raise RefusedError(40014, "invalid access_token")
        if found.ends_at <= self.config.clock():
            raise RefusedError(self.config.expired_errcode, "access_token expired")
        return found.agent_id

    def is_repeated(self, agent_id: int, raw: bytes, interval: timedelta) -> bool:
        """Was this very body sent within `interval`? Remembers it if not."""
        key, now = (agent_id, hashlib.sha256(raw).hexdigest()), self.config.clock()
        first = self._bodies.get(key)
        if first is not None and now - first < interval:
            return True
        self._bodies[key] = now
        return False

    def recipients(self, touser: str) -> tuple[list[str], list[str]]:
        """(user ids, names that are nobody's, in lower case) of a `touser`."""
        if touser == "@all":
            return list(self.config.members), []
        names = dict.fromkeys(name.lower() for name in touser.split("|") if name)
        known = [self._members[name] for name in names if name in self._members]
        return known, [name for name in names if name not in self._members]

    def deliver(self, agent_id: int, users: list[str], kind: str, body: Body) -> Body:
        """Puts a message on the phones of `users`; those over the limit silently get nothing."""
        task_id = checks.text(body, "task_id") if kind == "template_card" else ""
        if task_id and (agent_id, task_id) in self._task_ids:
            raise RefusedError(42014, "task_id already used")  # the code is likely, not confirmed
        if task_id:
            self._task_ids.add((agent_id, task_id))
        now, msgid = self.config.clock(), secrets.token_urlsafe(24)
        sender = self.config.app_names.get(agent_id, str(agent_id))
        for user in users:
            copy = Copy(msgid, user, sender, now, kind, dict(body), agent_id)
            if self._member_limit.allows((agent_id, user), now):
                self.inbox.append(copy)
            else:
                self.dropped.append(copy.as_json())
        self.version += 1
        answer: Body = {"msgid": msgid}
        if task_id and (checks.text(body, "card_type") in checks.INTERACTIVE or checks.part(body, "action_menu")):
            answer["response_code"] = self.new_response_code(agent_id, task_id)
        return answer

    def new_response_code(self, agent_id: int, task_id: str) -> str:
        """A code that updates the card once, within 72 hours."""
        code = secrets.token_urlsafe(32)
        self._codes[code] = _CardCode(agent_id, task_id, self.config.clock() + RESPONSE_CODE_LIFETIME)
        return code

    def cards_of(self, agent_id: int, response_code: str) -> list[Copy]:
        """Every copy of the card that `response_code` updates; the code is spent."""
        code = self._codes.get(response_code)
        # Tencent's table has no code for this; 40058 (illegal parameter) is our choice.
        if code is None or code.agent_id != agent_id:
            raise RefusedError(40058, "invalid response_code")
        if code.is_used or code.ends_at <= self.config.clock():
            raise RefusedError(40058, "response_code expired or already used")
        code.is_used = True
        return [copy for copy in self.inbox if (copy.agent_id, copy.task_id) == (agent_id, code.task_id)]

    def robot_says(self, key: str, kind: str, body: Body) -> None:
        """Puts a robot's message into its group, or refuses the 21st of a minute."""
        now = self.config.clock()
        if (until := self._robot_blocked.get(key)) and now < until:
            raise RefusedError(45009, "api freq out of limit")
        if not self._robot_limit.allows(key, now):
            self._robot_blocked[key] = now + ROBOT_BLOCK
            raise RefusedError(45009, "api freq out of limit")
        self.inbox.append(Copy(secrets.token_urlsafe(24), key, "机器人", now, kind, dict(body)))
        self.version += 1

    def find_card(self, task_id: str, user: str) -> Copy | None:
        """The copy of a card on a member's phone."""
        return next((c for c in self.inbox if c.task_id == task_id and c.chat.lower() == user.lower()), None)

    def chat(self, name: str) -> list[Copy]:
        """The messages of a member or robot, oldest first."""
        return [copy for copy in self.inbox if copy.chat.lower() == name.lower()]

    def record_call(self, call: dict[str, JsonValue]) -> None:
        """Remembers a call of the API."""
        with self.lock:
            self.calls.append(call)
