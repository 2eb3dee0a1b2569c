"""The access token of one app: fetched once for all threads, refreshed before it ends, never after a bad secret."""

import threading
from datetime import datetime, timedelta

from pydantic import SecretStr

from canonical_model.clock import Clock
from wecom_notify._http import Exchange
from wecom_notify.errors import WeComError

PATH = "/cgi-bin/gettoken"
REFRESH_AHEAD_SECONDS = 300
# Repeating these gets the machine's address banned for an hour.
FATAL = frozenset({40001, 40013, 40091, 41004})


class TokenSource:
    """Gives the app's access token.

    Once WeCom has refused the secret, the breaker is open: every call fails at once, without a request,
    until `reset`.
    """

    def __init__(self, corp_id: str, secret: SecretStr, exchange: Exchange, clock: Clock) -> None:
        self._corp_id = corp_id
        self._secret = secret
        self._exchange = exchange
        self._clock = clock
        self._lock = threading.Lock()
        self._current: tuple[SecretStr, datetime] | None = None  # the token, and when to fetch the next
        self._refusal: tuple[int, str] | None = None

    def get(self) -> SecretStr:
        """A token that is valid as far as we know; one thread fetches it, the others wait.

        Raises:
            WeComError: The breaker is open, WeCom refused, or it cannot be reached.
        """
        with self._lock:
            if self._refusal:
                errcode, errmsg = self._refusal
                raise WeComError(errcode, errmsg, where="gettoken", secrets=(self._secret,))
            if self._current is None or self._clock() >= self._current[1]:
                self._current = self._fetch()
            return self._current[0]

    def invalidate(self, token: SecretStr) -> None:
        """Forgets `token`, unless another thread has already replaced it."""
        with self._lock:
            if self._current and self._current[0] == token:
                self._current = None

    def trip(self, error: WeComError) -> None:
        """Opens the breaker when `error` says that the credentials are wrong."""
        if error.errcode in FATAL:
            self._refusal = (error.errcode or 0, error.errmsg)

    def reset(self) -> None:
        """Closes the breaker, after an operator has corrected the settings."""
        with self._lock:
            self._refusal = None

    def _fetch(self) -> tuple[SecretStr, datetime]:
        answer = self._exchange.get(PATH, {"corpid": self._corp_id, "corpsecret": self._secret})
        if answer.errcode != 0:
            error = self._exchange.error(answer, PATH)
            self.trip(error)
            raise error
        lifetime = int(answer.text("expires_in") or 0)
        ahead = min(REFRESH_AHEAD_SECONDS, lifetime // 10)  # 7200 s as a rule; a simulator may say seconds
        refresh_at = self._clock() + timedelta(seconds=lifetime - ahead)
        return SecretStr(answer.text("access_token")), refresh_at
