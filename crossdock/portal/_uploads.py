"""The page on which a partner sends spreadsheets: look at what was understood, send, get the own workbook back.

The link is the permission, as a key is: whoever has it may send files in one partner's name and see that partner's own
files. There is no cookie, so a stranger's page cannot act for anybody; it would have to know the link.
"""

import hashlib
import re
import shutil
import tempfile
import threading
import time
from asyncio import get_running_loop
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import pyarrow as pa
import structlog
from fastapi import APIRouter, BackgroundTasks, Request, Response
from fastapi import Path as PathParameter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, RedirectResponse
from sqlalchemy import Engine

from canonical_model.clock import Clock
from canonical_model.errors import CrossdockError
from canonical_model.issues import CATALOGUE
from canonical_model.language import Language, Text
from crossdock.delivery.links import UploadLink, read_upload_link
from crossdock.pipeline import sync
from crossdock.pipeline.land import stream_lock
from crossdock.pipeline.look import Look, look
from crossdock.pipeline.lookups import find_stored
from crossdock.pipeline.receive import Inbox
from crossdock.portal._intake import Kept, RefusedError, Shelf, read_field, receive, refuse_bomb
from crossdock.portal._moments import moment
from crossdock.portal._pages import Pages
from crossdock.portal._sent import SentFiles
from crossdock.portal._words import UPLOAD_NOTES, WORDS
from crossdock.returned import find_file, give_back, given_name, name_of
from crossdock.returned.marks import public
from crossdock.store.database import alone, translate_errors
from mappings.spec import StoreLookup

log = structlog.stdlib.get_logger("crossdock.portal")

_MOST, _WITHIN_SECONDS = 30, 600.0
_AT_ONCE = 2
_PATIENCE_SECONDS = 15.0
_LONGEST_STILL_SECONDS = 10.0
_SHOWN_ISSUES = 50
Number = Annotated[int, PathParameter(ge=0, lt=1 << 63)]
_PLACE = re.compile(r"(?:\[([^\]]*)\] )?(\S+)$")
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class _Pace:
    """How often each link may be used for what costs time, and how many files are opened or taken in at once.

    What costs time has threads of its own, so that it never keeps the answer to a callback waiting.
    """

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        self.opening, self.taking_in = ThreadPoolExecutor(_AT_ONCE), ThreadPoolExecutor(_AT_ONCE)

    def check(self, owner: str) -> None:
        """Counts one use.

        Raises:
            RefusedError: There were too many.
        """
        now = time.monotonic()
        with self._lock:
            self._times = {one: used for one, used in self._times.items() if now - used[-1] < _WITHIN_SECONDS}
            used = self._times.setdefault(owner, deque(maxlen=_MOST))
            if len(used) == _MOST and now - used[0] < _WITHIN_SECONDS:
                raise RefusedError(WORDS["upload_often"], 429)
            used.append(now)


@dataclass(frozen=True, slots=True)
class _Visit:
    """One request through one link."""

    pages: Pages
    engine: Engine
    request: Request
    token: str
    link: UploadLink
    inbox: Inbox

    @property
    def language(self) -> Language:
        return self.pages.language(self.request)

    @property
    def owner(self) -> str:
        """Digest of whose files these are: two links for one partner share them."""
        said = repr((self.link.source, self.link.stream, sorted(self.link.parts.items())))
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.pages.home.state / "uploads", self.owner)

    @property
    def sent(self) -> SentFiles:
        return SentFiles(self.engine, self.link)

    @property
    def most_bytes(self) -> int:
        return self.pages.home.settings.upload_megabytes << 20

    def address(self, below: str = "", **values: str) -> str:
        """The address of a page of this link, in the language that was asked for."""
        asked = self.request.query_params.get("lang")
        values |= {"lang": asked} if asked in set(Language) else {}
        query = f"?{urlencode(values)}" if values else ""
        return f"{self.pages.base}/u/{self.token}{below}{query}"

    def render(self, template: str, *, status: int = 200, **values: object) -> Response:
        """A page with what every page of the link shows."""
        other = "en" if self.language is Language.ZH else "zh"
        source = self.pages.home.source(self.link.source)
        return self.pages.render(
            template,
            self.language,
            status=status,
            say=lambda text: text.get(self.language),
            address=self.address,
            when=lambda at: moment(at, self.pages.zone, self.language),
            switch=f"{self.pages.base}/u/{self.token}?lang={other}",
            place_of=_place,
            public=lambda problem: public(problem, self.link.parts).get(self.language),
            zone=self.pages.home.settings.timezone,
            heading=source.title or self.link.source,
            sender="、".join(self.link.parts.values()),
            until=moment(self.link.until, self.pages.zone, self.language, with_year=True),
            **values,
        )

    def front(self, *, status: int = 200, refused: Text | None = None, note: str = "") -> Response:
        """The form and what was sent before."""
        extensions, files = " ".join(self.inbox.extensions), self.sent.newest()
        stays = {file.name for file in files} if self.inbox.settings.done is None else set()
        return self.render(
            "upload.html",
            status=status,
            refused=refused,
            note=UPLOAD_NOTES.get(note),
            files=files,
            waiting=[name for name in self.inbox.waiting() if name not in stays],
            hint=WORDS["upload_limit"].format(size=self.pages.home.settings.upload_megabytes, kinds=extensions or "*"),
        )

    def refuse(self, error: RefusedError) -> Response:
        """The form again, with the reason; whoever sends too much is hung up on, not listened to."""
        answer = self.front(status=error.status, refused=error.said)
        if error.status == 413:
            answer.headers["Connection"] = "close"
        return answer


def upload_routes(pages: Pages, engine: Engine, clock: Clock) -> APIRouter:
    """The routes below `/u`."""
    router = APIRouter(prefix="/u/{token}")
    pace = _Pace()

    def visit(request: Request, token: str) -> _Visit:
        link = read_upload_link(engine, token, clock())
        inbox = Inbox(pages.home, link.source, link.stream, link.parts)
        return _Visit(pages, engine, request, token, link, inbox)

    @router.get("")
    def front(request: Request, token: str, note: str = "") -> Response:
        return visit(request, token).front(note=note)

    @router.post("/preview")
    async def preview(request: Request, token: str) -> Response:
        one = await run_in_threadpool(visit, request, token)
        try:
            pace.check(one.owner)
            kept = await receive(request, one.shelf, one.most_bytes)
            return await get_running_loop().run_in_executor(pace.opening, _preview, one, kept)
        except RefusedError as error:
            return await run_in_threadpool(one.refuse, error)

    @router.post("/submit")
    async def submit(request: Request, token: str) -> Response:
        one = await run_in_threadpool(visit, request, token)
        try:
            number = await read_field(request, "upload")
            return await get_running_loop().run_in_executor(pace.taking_in, _submit, one, number, clock)
        except RefusedError as error:
            return await run_in_threadpool(one.refuse, error)

    @router.get("/f/{number}")
    def result(request: Request, token: str, number: Number) -> Response:
        one = visit(request, token)
        file = one.sent.find(number)
        if file is None:
            return pages.problem(request, "upload_file", 404)
        found = find_file(engine, number)
        issues = [issue for _, _, issue in found.issues if issue.code in CATALOGUE] if found else []
        told = {(issue.place, issue.code, issue.value): issue for issue in issues}
        return one.render(
            "upload_result.html", file=file, issues=list(told.values())[:_SHOWN_ISSUES], more=len(told) - _SHOWN_ISSUES
        )

    @router.get("/f/{number}/marked")
    async def marked(
        request: Request, token: str, number: Number, background: BackgroundTasks, only: str = ""
    ) -> Response:
        one = await run_in_threadpool(visit, request, token)
        there = await run_in_threadpool(one.sent.find, number)
        found = await run_in_threadpool(find_file, engine, number) if there else None
        if found is None or not found.has_problems:
            return pages.problem(request, "upload_file", 404)
        try:
            pace.check(one.owner)
        except RefusedError as error:
            return await run_in_threadpool(one.refuse, error)
        folder = Path(tempfile.mkdtemp(prefix="crossdock-"))
        background.add_task(shutil.rmtree, folder, ignore_errors=True)
        target = folder / "marked"
        try:
            fill = partial(give_back, pages.home, found, target, language=one.language, only_bad=only == "bad")
            await get_running_loop().run_in_executor(pace.opening, fill)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        name = name_of(found, one.language, only_bad=only == "bad")
        return FileResponse(target, filename=name, media_type=_WORKBOOK, background=background)

    return router


def _place(place: str) -> str:
    """A place without the name of the file, which stands above: 订单明细 G4."""
    found = _PLACE.search(place)
    return " ".join(filter(None, found.groups())) if found else place


def _preview(one: _Visit, kept: Kept) -> Response:
    """What would become of a file that was put aside.

    Raises:
        RefusedError: It is not taken.
    """
    if one.inbox.place(given_name(kept.name)) is None:
        raise RefusedError(
            WORDS["upload_kind"].format(name=kept.name, kinds=" ".join(one.inbox.extensions) or "xlsx"), 415
        )
    refuse_bomb(kept.file)
    seen = _look(one, kept)
    issues = [issue for table in seen for issue in table.issues]
    return one.render(
        "upload_preview.html",
        kept=kept,
        tables=seen,
        issues=issues[:_SHOWN_ISSUES],
        more=len(issues) - _SHOWN_ISSUES,
        rows=sum(table.rows for table in seen if not table.problem),
        held=sum(table.held for table in seen),
        before=one.sent.same_content(kept.sha256),
        has_macros=kept.name.lower().endswith(".xlsm"),
    )


def _look(one: _Visit, kept: Kept) -> list[Look]:
    link = one.link

    def find(asked: StoreLookup, wanted: pa.Table) -> pa.Table:
        with translate_errors(), one.engine.begin() as connection:
            return find_stored(connection, asked, wanted)

    try:
        return look(
            one.pages.home,
            link.source,
            link.stream,
            kept.file,
            name=kept.name,
            parts=link.parts,
            options=one.inbox.settings,
            lookups=find,
        )
    except CrossdockError as error:
        log.error("upload.not_understood", code=error.problem_code, error=error.render(Language.EN))
        raise RefusedError(WORDS["upload_broken"], 503) from error
    except Exception as error:  # whatever a stranger's file does to a reader, the sender gets a sentence
        log.exception("upload.not_readable", name=kept.name)
        raise RefusedError(WORDS["upload_unreadable"], 422) from error


def _submit(one: _Visit, number: str, clock: Clock) -> Response:
    """Puts a file into the inbox, once, and takes it in where nobody else is at it."""
    kept = one.shelf.find(number)
    if kept is None:
        return RedirectResponse(one.address(note="already"), 303)
    with kept.claim() as is_there:
        if not is_there:
            return RedirectResponse(one.address(note="already"), 303)
        path = one.inbox.put(kept.file, given_name(kept.name))
    _take_in(one, clock)
    sent = one.sent.named(path, kept.sha256)
    if sent is None or sent.status == "landed":
        return RedirectResponse(one.address(note="waiting"), 303)
    return RedirectResponse(one.address(f"/f/{sent.number}"), 303)


def _take_in(one: _Visit, clock: Clock) -> None:
    """Runs the stream, unless another run holds it for long: the file lies in the inbox and the next run takes it."""
    link, still = one.link, one.inbox.settings.minimum_age_seconds
    if still > _LONGEST_STILL_SECONDS:
        return
    time.sleep(still + 0.05 if still else 0)
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with alone(one.engine, stream_lock(link.source, link.stream), wait=False) as is_free:
            pass
        if is_free:
            break
        if time.monotonic() > end:
            return
        time.sleep(0.5)
    try:
        sync(one.pages.home, one.engine, link.source, link.stream, clock=clock)
    except CrossdockError as error:
        log.error("upload.not_taken_in", code=error.problem_code, error=error.render(Language.EN))
