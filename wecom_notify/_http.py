"""One HTTP exchange with WeCom: identical bytes out, an answer or a clear failure back, never a second try."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr
from requests import exceptions as lost
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

from canonical_model.text import JsonValue, parse_json
from wecom_notify._secrecy import guard_http_logs
from wecom_notify.errors import RetryClass, WeComError

OFFICIAL = "https://qyapi.weixin.qq.com"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What WeCom answered: its code, its text and the other fields, every number still as text."""

    errcode: int
    errmsg: str
    fields: dict[str, JsonValue]

    def text(self, name: str) -> str:
        """The field `name`; empty when it is missing."""
        value = self.fields.get(name)
        return "" if value is None else str(value)


class Exchange:
    """Sends requests to one WeCom address; knows what must never be printed."""

    def __init__(
        self, base_url: str, secrets: tuple[SecretStr, ...], *, proxy: str | None = None, timeout_seconds: float = 10.0
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._secrets = secrets
        self._proxies = {"http": proxy, "https": proxy} if proxy else None
        self._timeout_seconds = timeout_seconds
        self._session = requests.Session()
        # A simulator on this machine is never reached through the company's proxy.
        self._session.trust_env = urlsplit(self._base_url).hostname not in _LOOPBACK
        guard_http_logs()

    def get(self, path: str, parameters: dict[str, SecretStr | str]) -> Answer:
        """The answer to a question that changes nothing, so that a lost answer may simply be asked again."""
        return self._request("GET", path, parameters, None, RetryClass.RETRY)

    def post(self, path: str, parameters: dict[str, SecretStr | str], payload: bytes) -> Answer:
        """The answer to a delivery of `payload`, byte for byte."""
        return self._request("POST", path, parameters, payload, RetryClass.UNKNOWN_OUTCOME)

    def error(
        self, answer: Answer, path: str, *, token: SecretStr | None = None, retry_class: RetryClass | None = None
    ) -> WeComError:
        """The refusal in `answer` as an error without secrets; WeCom may quote the token it was given."""
        secrets = (*self._secrets, token) if token else self._secrets
        return WeComError(answer.errcode, answer.errmsg, where=_short(path), retry_class=retry_class, secrets=secrets)

    def _request(
        self, method: str, path: str, parameters: dict[str, SecretStr | str], body: bytes | None, unanswered: RetryClass
    ) -> Answer:
        hidden = (*self._secrets, *(value for value in parameters.values() if isinstance(value, SecretStr)))
        failure: WeComError
        try:
            response = self._session.request(
                method,
                self._base_url + path,
                params=_revealed(parameters),
                data=body,
                headers={"Content-Type": "application/json; charset=utf-8"} if body is not None else None,
                timeout=self._timeout_seconds,
                allow_redirects=False,
                proxies=self._proxies,
            )
        except (lost.RequestException, UnicodeError, OSError) as error:
            retry_class = translate_error(error, unanswered=unanswered)
            failure = WeComError(
                None, type(error).__name__, where=_short(path), retry_class=retry_class, secrets=hidden
            )
        else:
            if (answer := _read(response)) is not None:
                return answer
            rejected = 300 <= response.status_code < 500
            failure = WeComError(
                None,
                f"HTTP {response.status_code}",
                where=_short(path),
                retry_class=RetryClass.CONFIG if rejected else unanswered,
                secrets=hidden,
            )
        # Raised out here on purpose: the library's error holds the URL with its token, and must not hang on ours.
        raise failure


def translate_error(error: Exception, *, unanswered: RetryClass) -> RetryClass:
    """What an error of `requests` means for a sender.

    Args:
        error: What `requests` raised.
        unanswered: The class where the request may have reached WeCom.
    """
    if isinstance(error, lost.SSLError | ValueError):  # ValueError: every form of a wrong URL, header or proxy
        return unanswered if isinstance(error, lost.JSONDecodeError) else RetryClass.CONFIG
    if isinstance(error, lost.ConnectTimeout | lost.ProxyError):
        return RetryClass.RETRY
    reason = error.args[0].reason if error.args and isinstance(error.args[0], MaxRetryError) else None
    if isinstance(reason, NewConnectionError | NameResolutionError):
        return RetryClass.RETRY
    return unanswered


def _revealed(parameters: dict[str, SecretStr | str]) -> dict[str, str]:
    return {name: v.get_secret_value() if isinstance(v, SecretStr) else v for name, v in parameters.items()}


def _read(response: requests.Response) -> Answer | None:
    """WeCom's answer; None for anything else, such as the page of a proxy."""
    if response.status_code != requests.codes.ok:
        return None
    try:
        fields = parse_json(response.content)
        if isinstance(fields, dict):
            return Answer(int(str(fields["errcode"])), str(fields.get("errmsg", "")), fields)
    except (ValueError, KeyError):
        pass
    return None


def _short(path: str) -> str:
    return path.removeprefix("/cgi-bin/")
