"""What WeCom refuses in a payload, by its documented codes.

Source: developer.work.weixin.qq.com/document/path/90236 (fields), 90313 (codes). Lengths that the page calls advice
are not refused, since WeCom does not.
"""

import re
from typing import cast

from pydantic_core import from_json

from canonical_model.text import JsonValue

Body = dict[str, JsonValue]

TEXT_BYTES = 2048
CARD_TYPES = {"text_notice", "news_notice", "button_interaction", "vote_interaction", "multiple_interaction"}
INTERACTIVE = CARD_TYPES - {"text_notice", "news_notice"}
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")
_TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")


class RefusedError(Exception):
    """WeCom answers this code instead of doing what was asked."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(errcode, errmsg)
        self.errcode = errcode
        self.errmsg = errmsg


def parse(raw: bytes) -> Body:
    """The JSON object in a request body.

    Raises:
        RefusedError: 40058, not JSON.
    """
    try:
        body = from_json(raw)
    except ValueError as error:
        raise RefusedError(40058, "invalid json") from error
    if not isinstance(body, dict):
        raise RefusedError(40058, "invalid json, an object is expected")
    return cast(Body, body)


def refuse_escapes(raw: bytes) -> None:
    r"""Refuses `\uXXXX` in a request body (40033)."""
    if _ESCAPE.search(raw):
        raise RefusedError(40033, "invalid encoding, the body contains \\u escapes")


def part(body: Body, name: str) -> Body:
    """The object `name` of `body`; empty when it is missing or something else."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def parts(body: Body, name: str) -> list[Body]:
    """The objects in the array `name` of `body`."""
    value = body.get(name)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def text(body: Body, name: str) -> str:
    """The text `name` of `body`; empty when it is missing."""
    value = body.get(name)
    return "" if value is None else str(value)


def content(body: Body, kind: str, limit: int | None) -> str:
    """The content of a text or markdown message.

    Raises:
        RefusedError: 44004 empty, 40058 longer than `limit` bytes.
    """
    value = text(part(body, kind), "content")
    if not value:
        raise RefusedError(44004, "empty content")
    if limit is not None and len(value.encode()) > limit:
        raise RefusedError(40058, f"{kind}.content exceed max length {limit}")
    return value


def textcard(body: Body) -> None:
    """Refuses a textcard without title, description or a whole address."""
    card = part(body, "textcard")
    if not text(card, "title"):
        raise RefusedError(41016, "missing title")
    if not text(card, "description"):
        raise RefusedError(40035, "missing description")
    _url(card, 40035)


def template_card(card: Body, allowed: set[str]) -> None:
    """Refuses a template card against the field table.

    Args:
        card: The `template_card` object.
        allowed: Card types that the channel takes.
    """
    kind = text(card, "card_type")
    if kind not in allowed:
        raise RefusedError(42031, "template_card.card_type invalid")
    menu = parts(part(card, "action_menu"), "action_list")
    if (kind in INTERACTIVE or menu) and not _TASK_ID.fullmatch(text(card, "task_id")):
        raise RefusedError(42014, "invalid task_id")
    title = text(part(card, "main_title"), "title")
    if not title and (kind != "text_notice" or not text(card, "sub_title_text")):
        raise RefusedError(42033, "template_card.main_title.title missing")
    _rows(card)
    _length(parts(card, "vertical_content_list"), 4, 42036, "vertical_content_list")
    _length(parts(card, "jump_list"), 3, 42042, "jump_list")
    for jump in parts(card, "jump_list"):
        if not text(jump, "title"):
            raise RefusedError(42033, "jump_list.title missing")
        _target(jump)
    action = part(card, "card_action")
    if kind not in INTERACTIVE and action.get("type") not in {1, 2}:
        raise RefusedError(42045, "template_card.card_action invalid")
    _target(action)
    if kind == "news_notice" and not (text(part(card, "card_image"), "url") or part(card, "image_text_area")):
        raise RefusedError(42044, "template_card.card_image.url missing")
    if kind == "button_interaction":
        _buttons(parts(card, "button_list"))
    elif kind in INTERACTIVE:
        _submit(part(card, "submit_button"))


def _rows(card: Body) -> None:
    rows = parts(card, "horizontal_content_list")
    _length(rows, 6, 42035, "horizontal_content_list")
    for row in rows:
        if not text(row, "keyname"):
            raise RefusedError(42027, "horizontal_content_list.keyname missing")
        needed, code = {1: ("url", 42028), 2: ("media_id", 42029), 3: ("userid", 42050)}.get(
            cast(int, row.get("type")), ("", 0)
        )
        if needed and not text(row, needed):
            raise RefusedError(code, f"horizontal_content_list.{needed} missing")


def _buttons(buttons: list[Body]) -> None:
    if not 1 <= len(buttons) <= 6:
        raise RefusedError(40058, "template_card.button_list length invalid")
    for button in buttons:
        if not text(button, "text"):
            raise RefusedError(42038, "button_list.text missing")
        if button.get("type") == 1:
            _url(button, 42028)
        elif not 0 < len(text(button, "key").encode()) <= 1024:
            raise RefusedError(42039, "button_list.key missing or invalid")
    keys = [text(button, "key") for button in buttons if button.get("type") != 1]
    if len(set(keys)) < len(keys):
        raise RefusedError(42039, "button_list.key repeated")


def _submit(button: Body) -> None:
    if not 0 < len(text(button, "key").encode()) <= 1024:
        raise RefusedError(42046, "submit_button.key missing or invalid")


def _target(action: Body) -> None:
    if action.get("type") == 1:
        _url(action, 42028)
    if action.get("type") == 2 and not text(action, "appid"):
        raise RefusedError(42030, "appid missing")


def _url(body: Body, missing: int) -> None:
    url = text(body, "url")
    if not url:
        raise RefusedError(missing, "url missing")
    if not re.match(r"[a-z][a-z0-9+.-]*://", url):
        raise RefusedError(45034, "url must have a scheme")
    if len(url.encode()) > 2048:
        raise RefusedError(40039, "invalid url size")


def _length(entries: list[Body], most: int, code: int, name: str) -> None:
    if len(entries) > most:
        raise RefusedError(code, f"template_card.{name} length invalid")
