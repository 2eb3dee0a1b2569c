"""Signed links to our pages, so that one tap from a card opens the facts without a login."""

from dataclasses import dataclass

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
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


def _serialiser(engine: Engine) -> URLSafeTimedSerializer:
    with translate_errors(), engine.connect() as connection:
        key = connection.scalar(select(signing_key.c.key))
    return URLSafeTimedSerializer(str(key), salt="incident")


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
