"""The page of an incident, and its button."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import Engine

from canonical_model.clock import Clock
from canonical_model.language import Language
from crossdock import delivery, incidents
from crossdock.delivery.links import incident_link, read_link
from crossdock.portal._facts import Fact, FactReader
from crossdock.portal._moments import moment
from crossdock.portal._pages import Pages
from crossdock.portal._reading import Event, Incident, LifeLine, read_life_line
from crossdock.portal._words import EVENTS, NOTES, STATUS, WORDS
from crossdock.store.database import translate_errors


@dataclass(frozen=True, slots=True)
class OtherIncident:
    """A line of the list of other incidents."""

    href: str
    title: str
    sentence: str
    status: str
    status_word: str


@dataclass(frozen=True, slots=True)
class Step:
    """A point of the life-line, in words; `title` is empty for the incident of the page."""

    kind: str
    word: str
    who: str
    at: str
    title: str
    sentence: str


def incident_routes(pages: Pages, engine: Engine, clock: Clock) -> APIRouter:
    """The routes below `/i`."""
    router = APIRouter(prefix="/i")

    @router.get("/{token}")
    def show(request: Request, token: str, note: str = "") -> Response:
        with translate_errors():
            link = read_link(engine, token)
        found = read_life_line(engine, link.incident_id)
        if found is None:
            return pages.problem(request, "incident", 404)
        person = pages.person(link.person)
        view = _View(pages, pages.language(request, person), clock())
        query = view.query(request)
        return pages.render(
            "incident.html",
            view.language,
            incident=found.incident,
            title=found.incident.title.get(view.language),
            sentence=found.incident.sentence.get(view.language),
            status_word=STATUS[found.incident.status].get(view.language),
            standing=view.standing(found.incident),
            updated=view.moment(found.incident.updated_at),
            facts=view.facts(found.incident),
            others=[view.other(one, _token(pages, engine, one.id, link.person), query) for one in found.others],
            steps=list(view.steps(found)),
            lifeline=view.heading(found.incident),
            note=NOTES[note].get(view.language) if note in NOTES else "",
            action=f"{pages.base}/i/{token}/acknowledge{query}",
            switch=f"{pages.base}/i/{token}?lang={'en' if view.language is Language.ZH else 'zh'}",
            occurrence=view.occurrence(found.incident),
            personal=view.belonging(link.person),
            times_in=view.word("times_in", zone=pages.home.settings.timezone),
        )

    @router.post("/{token}/acknowledge")
    def acknowledge(request: Request, token: str, background: BackgroundTasks) -> Response:
        # The token in the address is the permission. There is no cookie that a stranger's page could make use of.
        with translate_errors():
            link = read_link(engine, token)
            is_new = incidents.acknowledge(engine, link.incident_id, pages.called(link.person), clock=clock)
        if is_new:
            background.add_task(delivery.update_cards, pages.home, engine, clock=clock)
        values = {"note": "acknowledged" if is_new else "already"}
        if asked := request.query_params.get("lang"):
            values["lang"] = asked
        return RedirectResponse(f"{pages.base}/i/{token}?{urlencode(values)}", 303)

    return router


def _token(pages: Pages, engine: Engine, incident_id: int, person: str) -> str:
    return incident_link(pages.home, engine, incident_id, person).rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class _View:
    """Words an incident for one reader."""

    pages: Pages
    language: Language
    now: datetime

    def query(self, request: Request) -> str:
        """The part of the address that keeps an asked-for language."""
        asked = request.query_params.get("lang")
        return f"?lang={self.language}" if asked == self.language else ""

    def moment(self, at: datetime) -> str:
        """`at` in the deployment's zone, with its year where that is not this one."""
        zone = self.pages.zone
        is_other_year = at.astimezone(zone).year != self.now.astimezone(zone).year
        return moment(at, zone, self.language, with_year=is_other_year)

    def word(self, word: str, /, **values: str) -> str:
        """One of `WORDS`, its places filled."""
        return WORDS[word].format(**values).get(self.language)

    def standing(self, of: Incident) -> str:
        """Who took care of it or when it ended; empty while it is open."""
        if of.status == "resolved" and of.resolved_at:
            return self.word("resolved_at", at=self.moment(of.resolved_at))
        if of.status == "acknowledged" and of.acknowledged_at:
            name = self.pages.called(of.acknowledged_by)
            return self.word("by", name=name, at=self.moment(of.acknowledged_at))
        return ""

    def occurrence(self, of: Incident) -> str:
        """How often it has happened, from the second time on."""
        return self.word("occurrence", count=str(of.occurrence)) if of.occurrence > 1 else ""

    def belonging(self, name: str) -> str:
        """Whose link it is."""
        group = self.pages.group(name)
        return self.word("for_group", name=group) if group else self.word("personal", name=self.pages.called(name))

    def facts(self, of: Incident) -> list[Fact]:
        sources = {name: source.title for name, source in self.pages.home.sources.items()}
        reader = FactReader(self.language, self.pages.zone, sources, self.word("unknown"))
        return reader.table(of.facts)

    def other(self, of: Incident, token: str, query: str) -> OtherIncident:
        return OtherIncident(
            href=f"{self.pages.base}/i/{token}{query}",
            title=of.title.get(self.language),
            sentence=of.sentence.get(self.language),
            status=of.status,
            status_word=STATUS[of.status].get(self.language),
        )

    def heading(self, of: Incident) -> str:
        return self.word("lifeline_order", order=of.order_number) if of.order_number else self.word("lifeline")

    def steps(self, line: LifeLine) -> Iterator[Step]:
        for event in line.events:
            yield self._step(event, is_own=event.incident_id == line.incident.id)

    def _step(self, event: Event, *, is_own: bool) -> Step:
        return Step(
            kind=event.kind,
            word=EVENTS[event.kind].get(self.language),
            who=self.pages.called(event.actor) if event.actor else self.word("by_system"),
            at=self.moment(event.at),
            title="" if is_own else event.title.get(self.language),
            sentence=event.sentence.get(self.language) if event.sentence else "",
        )
