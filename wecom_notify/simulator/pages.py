"""The phones: what each member and each group would see in WeCom, with buttons that work."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader

from canonical_model.language import Language, Text
from wecom_notify.simulator import checks, clicks, render
from wecom_notify.simulator.state import Copy, State

_HERE = Path(__file__).parent
STATIC = StaticFiles(directory=_HERE / "static")
_SILENCE = timedelta(minutes=5)  # a longer pause shows the time again
_COLOURS = 6
_HEADERS = {"Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'", "Cache-Control": "no-store"}

WORDS = {
    "title": Text("企业微信模拟器", "WeCom simulator"),
    "messages": Text("消息", "Messages"),
    "members": Text("成员", "Members"),
    "groups": Text("群聊", "Groups"),
    "group": Text("群聊", "group"),
    "back": Text("返回", "Back"),
    "nothing": Text("还没有消息", "No messages yet"),
    "choose": Text("选择左边的成员或群，查看他们手机上的消息", "Choose a member or a group to see their phone"),
    "honest": Text("模拟环境，消息不会发到真实的企业微信", "Simulation: nothing reaches the real WeCom"),
    "robot": Text("机器人", "robot"),
    "sending": Text("已按下，等待系统处理…", "Pressed, waiting for the system…"),
    "everybody": Text("所有人", "all"),
    "image": Text("图片", "image"),
    "details": Text("详情", "Details"),
    "unsupported": Text("模拟器不显示这类卡片的选项", "The simulator does not show this card's choices"),
    "accepted": Text("已提交", "Submitted"),
    "failed": Text("没有送达，请稍后再试", "Not delivered; try again later"),
    "grey": Text("这张卡片已经处理过了", "This card has been dealt with"),
}


@dataclass(frozen=True, slots=True)
class Chat:
    """One line of the list of chats."""

    name: str
    url: str
    colour: int
    is_group: bool
    preview: str
    at: datetime | None
    unread: int


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message of a chat; `at` is set where the time is shown above it."""

    copy: Copy
    at: datetime | None


def create_pages(state: State) -> APIRouter:
    """The pages for people."""
    router = APIRouter(default_response_class=HTMLResponse)
    pages = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=True)
    language = state.config.language
    words = {name: word.get(language) for name, word in WORDS.items()}
    zone = ZoneInfo(state.config.timezone)
    pages.globals |= {"w": words, "language": "zh-CN" if language is Language.ZH else "en", "checks": checks}
    pages.filters |= {"wecom_text": render.text, "wecom_markdown": render.markdown, "divisions": render.description}
    names = {"@all": words["everybody"]} | {user.lower(): name for user, name in state.config.members.items()}

    def called(user: str) -> str:
        return names.get(user.lower(), user)

    pages.globals["called"] = pages.filters["called"] = called
    pages.filters["address"] = render.address
    pages.filters["moment"] = lambda at: _moment(at.astimezone(zone), state.config.clock().astimezone(zone), language)

    def page(template: str, **values: object) -> HTMLResponse:
        with state.lock:
            html = pages.get_template(template).render(chats=_chats(state), version=state.version, **values)
        return HTMLResponse(html, headers=_HEADERS)

    def chat(key: str, name: str, notice: str, *, is_group: bool) -> HTMLResponse:
        with state.lock:
            copies = state.chat(key)
            state.seen[key] = len(copies)
            bubbles = list(_bubbles(copies))
            return page(
                "chat.html", name=name, key=key, bubbles=bubbles, is_group=is_group, notice=words.get(notice, "")
            )

    @router.get("/")
    def phones() -> HTMLResponse:
        return page("phones.html", name="", notice="")

    @router.get("/inbox/{user}")
    def inbox(user: str, notice: str = "") -> HTMLResponse:
        known = next((member for member in state.config.members if member.lower() == user.lower()), None)
        if known is None:
            raise HTTPException(404, "no such member")
        return chat(known, state.config.members[known], notice, is_group=False)

    @router.get("/group/{name}")
    def group(name: str) -> HTMLResponse:
        key = next((key for key, group in state.config.robots.items() if group == name), None)
        if key is None:
            raise HTTPException(404, "no such group")
        return chat(key, name, "", is_group=True)

    @router.post("/inbox/{user}/press")
    def press(
        user: str, task_id: Annotated[str, Form()], key: Annotated[str, Form()], request: Request
    ) -> RedirectResponse:
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            raise HTTPException(403, "only from the simulator's own pages")
        try:
            notice = "accepted" if clicks.press(state, task_id, user, key)["is_accepted"] else "failed"
        except clicks.NotClickableError:
            notice = "grey"
        return RedirectResponse(f"/inbox/{quote(user)}?notice={notice}", 303)

    @router.get("/version")
    def version() -> JSONResponse:
        return JSONResponse({"version": state.version})

    @router.get("/favicon.ico")
    def favicon() -> FileResponse:
        return FileResponse(_HERE / "static" / "favicon.svg", media_type="image/svg+xml")

    return router


def _chats(state: State) -> list[Chat]:
    chats = [(user, name, f"/inbox/{quote(user)}", False) for user, name in state.config.members.items()]
    chats += [(key, name, f"/group/{quote(name)}", True) for key, name in state.config.robots.items()]
    lines = []
    for index, (key, name, url, is_group) in enumerate(chats):
        copies = state.chat(key)
        last = copies[-1] if copies else None
        lines.append(
            Chat(
                name=name,
                url=url,
                colour=index % _COLOURS,
                is_group=is_group,
                preview=render.preview(last) if last else "",
                at=last.sent_at if last else None,
                unread=len(copies) - state.seen.get(key, 0),
            )
        )
    return lines


def _bubbles(copies: list[Copy]) -> Iterator[Bubble]:
    before: datetime | None = None
    for copy in copies:
        is_shown = before is None or copy.sent_at - before >= _SILENCE
        yield Bubble(copy, copy.sent_at if is_shown else None)
        before = copy.sent_at


def _moment(at: datetime, now: datetime, language: Language) -> str:
    if at.date() == now.date():
        return f"{at:%H:%M}"
    if at.date() == now.date() - timedelta(days=1):
        return f"昨天 {at:%H:%M}" if language is Language.ZH else f"Yesterday {at:%H:%M}"
    return f"{at.month}月{at.day}日 {at:%H:%M}" if language is Language.ZH else f"{at:%b} {at.day}, {at:%H:%M}"
