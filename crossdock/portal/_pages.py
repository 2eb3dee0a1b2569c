"""Rendering: templates with escaping on, the reader's language, and the deployment's names."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from canonical_model.language import Language, Text
from crossdock.delivery.routing import find_person
from crossdock.home import Home, Person
from crossdock.portal._sentences import pieces
from crossdock.portal._words import PROBLEMS, WORDS

_HERE = Path(__file__).parent
_STATIC: Mapping[str, str] = {"portal.css": "text/css", "favicon.svg": "image/svg+xml"}
_A_DAY = {"Cache-Control": "public, max-age=86400"}


@dataclass(frozen=True, slots=True)
class Pages:
    """Makes the pages of one deployment.

    Attributes:
        home: The deployment.
        base: Path below which the portal stands at its public address; empty at the root.
    """

    home: Home
    base: str
    _templates: Environment

    @classmethod
    def of(cls, home: Home) -> "Pages":
        """The pages of `home`."""
        templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        base = urlsplit(home.settings.public_url).path.rstrip("/")
        templates.filters["pieces"] = pieces
        templates.globals |= {
            "base": base,
            "company": home.settings.company,
            "version": hashlib.sha256((_HERE / "static" / "portal.css").read_bytes()).hexdigest()[:8],
        }
        return cls(home, base, templates)

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which the pages say times."""
        return ZoneInfo(self.home.settings.timezone)

    def person(self, name: str) -> Person | None:
        """The member of staff whom `name` means; None for groups and strangers."""
        return find_person(self.home.settings, name)

    def group(self, name: str) -> str:
        """The name of the WeCom group whose id is `name`; empty where there is none."""
        group = self.home.settings.groups.get(name)
        return group.name if group else ""

    def called(self, name: str) -> str:
        """What colleagues call the person or group `name`; the name itself for a stranger."""
        person = self.person(name)
        return person.name if person else self.group(name) or name

    def language(self, request: Request, person: Person | None = None) -> Language:
        """The language of an answer: what the address asks for, else the person's, else the deployment's."""
        asked = request.query_params.get("lang")
        if asked in set(Language):
            return Language(asked)
        return (person.language if person else None) or self.home.language

    def render(self, template: str, language: Language, *, status: int = 200, **values: object) -> HTMLResponse:
        """A page from `template`."""
        words = {name: word.get(language) for name, word in WORDS.items()}
        tag = "zh-CN" if language is Language.ZH else "en"
        html = self._templates.get_template(template).render(w=words, language=tag, **values)
        return HTMLResponse(html, status)

    def problem(self, request: Request, name: str, status: int) -> HTMLResponse:
        """A friendly page that says why there is nothing else to see."""
        title, hint = PROBLEMS[name]
        language = self.language(request)
        return self.message(language, title, hint, status=status)

    def message(self, language: Language, title: Text, hint: Text, *, status: int) -> HTMLResponse:
        """A page of one sentence and what to do next."""
        return self.render(
            "message.html", language, status=status, title=title.get(language), hint=hint.get(language), code=status
        )


def static_routes() -> APIRouter:
    """The style sheet and the icon."""
    router = APIRouter()

    @router.get("/static/{name}")
    def static(name: str) -> FileResponse:
        if name not in _STATIC:
            raise HTTPException(404)
        return FileResponse(_HERE / "static" / name, media_type=_STATIC[name], headers=_A_DAY)

    @router.get("/favicon.ico")
    def favicon() -> FileResponse:
        return static("favicon.svg")

    return router
