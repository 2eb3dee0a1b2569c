"""Signed links to our pages, so that one tap from a card opens the facts without a login."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from itsdangerous import BadSignature, SignatureExpired, URLSafeSerializer, URLSafeTimedSerializer
from sqlalchemy import Engine, select

from canonical_model.errors import AuthError
from canonical_model.language import Text
from crossdock.home import Home
from crossdock.store.database import translate_errors
from crossdock.store.tables import signing_key

MAX_AGE_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Link:
    """What a link stands for: one incident, shown to one person."""

    incident_id: int
    person: str


@dataclass(frozen=True, slots=True)
class UploadLink:
    """What an upload link lets its holder do: send files of one stream in one partner's name, until a time.

    Attributes:
        source, stream: Where the files go.
        parts: Values of the parts of the path, {"partner": "acme"}.
        until: When it ends.
    """

    source: str
    stream: str
    parts: Mapping[str, str]
    until: datetime


def _key(engine: Engine) -> str:
    with translate_errors(), engine.connect() as connection:
        return str(connection.scalar(select(signing_key.c.key)))


def _serialiser(engine: Engine) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(_key(engine), salt="incident")


def incident_link(home: Home, engine: Engine, incident_id: int, person: str) -> str:
    """The address of an incident's page for `person`."""
    token = _serialiser(engine).dumps([incident_id, person])
    return f"{home.settings.public_url.rstrip('/')}/i/{token}"


def read_link(engine: Engine, token: str) -> Link:
    """What the token of a link says.

    Raises:
        AuthError (XD-AUT-010, XD-AUT-011): It was not made here, or is older than 30 days.
    """
    again = Text("请从最新的企业微信消息里重新打开。", "Open it again from the newest WeCom message.")
    try:
        incident_id, person = _serialiser(engine).loads(token, max_age=MAX_AGE_SECONDS)
    except SignatureExpired:
        raise AuthError(Text("链接已过期。", "The link has expired."), hint=again, code="XD-AUT-011") from None
    except (BadSignature, ValueError, TypeError):
        raise AuthError(Text("链接无效。", "The link is not valid."), hint=again, code="XD-AUT-010") from None
    return Link(int(incident_id), str(person))


def upload_link(home: Home, engine: Engine, link: UploadLink) -> str:
    """The address at which the holder of `link` sends files."""
    said = [link.source, link.stream, dict(link.parts), int(link.until.timestamp())]
    token = URLSafeSerializer(_key(engine), salt="upload").dumps(said)
    return f"{home.settings.public_url.rstrip('/')}/u/{token}"


def read_upload_link(engine: Engine, token: str, now: datetime) -> UploadLink:
    """What the token of an upload link says.

    Raises:
        AuthError (XD-AUT-012, XD-AUT-013): It was not made here, or its time is over.
    """
    again = Text("请向给您链接的同事要一个新的。", "Ask the colleague who gave it to you for a new one.")
    try:
        source, stream, parts, until = URLSafeSerializer(_key(engine), salt="upload").loads(token)
        link = UploadLink(source, stream, dict(parts), datetime.fromtimestamp(until, UTC))
    except (BadSignature, ValueError, TypeError):
        raise AuthError(
            Text("上传链接无效。", "The upload link is not valid."), hint=again, code="XD-AUT-012"
        ) from None
    if link.until <= now:
        raise AuthError(Text("上传链接已过期。", "The upload link has expired."), hint=again, code="XD-AUT-013")
    return link
