"""Keeps secrets, access tokens and robot keys out of messages and logs."""

import logging
import re
from collections.abc import Iterable

from pydantic import SecretStr

MASK = "***"
# WeCom takes its credentials in the query string, so every URL that is printed is a leak.
_PARAMETERS = re.compile(r"((?:access_token|corpsecret|key)(?:=|%3D))[^&\s\"'<>)\]}]+", re.IGNORECASE)
# urllib3 logs each request line, with its query, at DEBUG.
_TALKATIVE = ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.poolmanager")


def scrub(text: str, secrets: Iterable[SecretStr] = ()) -> str:
    """`text` with credential parameters and every one of `secrets`, wherever it stands, masked."""
    for secret in secrets:
        if value := secret.get_secret_value():
            text = text.replace(value, MASK)
    return _PARAMETERS.sub(rf"\1{MASK}", text)


class _ScrubFilter(logging.Filter):
    """Masks the credentials of WeCom in the log lines of the HTTP library."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if (scrubbed := scrub(message)) != message:
            record.msg, record.args = scrubbed, ()
        return True


_FILTER = _ScrubFilter()


def guard_http_logs() -> None:
    """Puts the mask on the HTTP library's loggers; calling it again changes nothing."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_FILTER)
