"""Template cards: what a sender states, and the JSON that WeCom shows, within its documented lengths.

Lengths are those of developer.work.weixin.qq.com/document/path/90236 (cards of an app) and 91770 (cards of a robot).
A longer text is cut with an ellipsis, since WeCom would refuse the card or hide the end without a sign.
"""

import re
from dataclasses import dataclass

from canonical_model.language import Text
from canonical_model.text import JsonValue, clip
from wecom_notify._wording import clean
from wecom_notify.errors import MessageError

MAX_ROWS = 6
MAX_BUTTONS = 6
MAX_JUMPS = 3
MAX_KEY_BYTES = 1024
MAX_URL_BYTES = 1024
_TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")

Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Limits:
    """Characters that a channel shows of each part of a card."""

    source: int
    title: int
    description: int
    sub_title: int
    value: int
    emphasis: int
    emphasis_note: int
    jump: int
    keyname: int = 5
    button: int = 10


APP_LIMITS = Limits(
    source=20, title=36, description=44, sub_title=160, value=30, emphasis=14, emphasis_note=22, jump=18
)
ROBOT_LIMITS = Limits(
    source=13, title=26, description=30, sub_title=112, value=26, emphasis=10, emphasis_note=15, jump=13
)


@dataclass(frozen=True, slots=True)
class Button:
    """One button of a card.

    Attributes:
        key: Comes back as `event_key` when it is pressed; at most 1024 bytes, unique in the card.
        text: Label, at most 10 characters.
        style: 1 to 4, WeCom's own looks; 1 is the main one.
        url: Opens this page instead of calling back.
    """

    key: str
    text: str
    style: int = 1
    url: str = ""


@dataclass(frozen=True, slots=True)
class ButtonCard:
    """A card of an app to members, with buttons that call back.

    Attributes:
        task_id: Unique in the app; letters, digits and `_-@`, at most 128.
        title: First line, at most 36 characters.
        description: Grey line below it, at most 44 characters.
        source_desc: Where it comes from, at most 20 characters.
        rows: Up to six (name, value), at most 5 and 30 characters.
        sub_title: Text of several lines, at most 160 characters.
        url: Page that opens when the card is tapped.
        buttons: One to six.
        quote: Quoted text in a grey box.
        source_color: Colour of `source_desc`: 0 grey, 1 black, 2 red, 3 green.
    """

    task_id: str
    title: str
    description: str = ""
    source_desc: str = ""
    rows: tuple[Row, ...] = ()
    sub_title: str = ""
    url: str = ""
    buttons: tuple[Button, ...] = ()
    quote: str = ""
    source_color: int = 0


@dataclass(frozen=True, slots=True)
class NoticeCard:
    """A card without buttons, for members and for groups.

    Attributes:
        title: First line.
        url: Page that opens when the card is tapped; WeCom requires one.
        description: Grey line below the title.
        source_desc: Where it comes from.
        rows: Up to six (name, value).
        sub_title: Text of several lines.
        quote: Quoted text in a grey box.
        emphasis: (large figure, what it counts).
        jumps: Up to three (label, page) below the card.
        task_id: Unique in the app, as for `ButtonCard`; without one, the same card within four hours is taken for a
            repetition and dropped without a sign.
        source_color: Colour of `source_desc`: 0 grey, 1 black, 2 red, 3 green.
    """

    title: str
    url: str
    description: str = ""
    source_desc: str = ""
    rows: tuple[Row, ...] = ()
    sub_title: str = ""
    quote: str = ""
    emphasis: tuple[str, str] | None = None
    jumps: tuple[tuple[str, str], ...] = ()
    source_color: int = 0
    task_id: str = ""


def render_card(card: ButtonCard | NoticeCard, limits: Limits = APP_LIMITS) -> dict[str, JsonValue]:
    """The `template_card` object of `card`.

    Raises:
        MessageError: A title, task id, key or address breaks a rule that cutting cannot mend.
    """
    if not card.title.strip():
        raise MessageError(Text("卡片没有标题。", "The card has no title."))
    body: dict[str, JsonValue] = {
        "card_type": "button_interaction" if isinstance(card, ButtonCard) else "text_notice",
        "main_title": _filled(title=_line(card.title, limits.title), desc=_line(card.description, limits.description)),
    }
    if card.task_id or isinstance(card, ButtonCard):
        body["task_id"] = _task_id(card.task_id)
    if card.source_desc:
        body["source"] = {"desc": _line(card.source_desc, limits.source), "desc_color": card.source_color}
    if card.sub_title:
        body["sub_title_text"] = clip(clean(card.sub_title), limits.sub_title)
    if card.quote:
        body["quote_area"] = {"type": 0, "quote_text": clean(card.quote)}
    if card.rows:
        body["horizontal_content_list"] = [
            {"keyname": _line(name, limits.keyname), "value": _line(value, limits.value) or "—"}
            for name, value in _shown(card.rows)
        ]
    if card.url or isinstance(card, NoticeCard):
        body["card_action"] = {"type": 1, "url": _address(card.url)}
    return body | (_buttons(card, limits) if isinstance(card, ButtonCard) else _notice(card, limits))


def _shown(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows that fit; of too many, the last place counts those that do not, in no language."""
    return rows if len(rows) <= MAX_ROWS else (*rows[: MAX_ROWS - 1], ("…", f"+{len(rows) - MAX_ROWS + 1}"))


def _buttons(card: ButtonCard, limits: Limits) -> dict[str, JsonValue]:
    keys = [button.key for button in card.buttons if not button.url]
    if not 1 <= len(card.buttons) <= MAX_BUTTONS:
        raise MessageError(
            Text("卡片要有 1 到 6 个按钮。", "A card takes one to six buttons."), where=str(len(card.buttons))
        )
    if len(set(keys)) < len(keys) or not all(0 < len(key.encode()) <= MAX_KEY_BYTES for key in keys):
        raise MessageError(
            Text(
                "按钮的 key 要有、不重复，最长 1024 字节。", "Button keys are required, unique and at most 1024 bytes."
            ),
            where=clip(", ".join(keys)),
        )
    buttons: list[JsonValue] = []
    for button in card.buttons:
        target: dict[str, JsonValue] = (
            {"type": 1, "url": _address(button.url)} if button.url else {"type": 0, "key": clean(button.key)}
        )
        label: dict[str, JsonValue] = {"text": _line(button.text, limits.button), "style": button.style}
        buttons.append(label | target)
    return {"button_list": buttons}


def _notice(card: NoticeCard, limits: Limits) -> dict[str, JsonValue]:
    body: dict[str, JsonValue] = {}
    if card.emphasis:
        figure, note = card.emphasis
        body["emphasis_content"] = {
            "title": _line(figure, limits.emphasis),
            "desc": _line(note, limits.emphasis_note),
        }
    if card.jumps:
        body["jump_list"] = [
            {"type": 1, "title": _line(label, limits.jump), "url": _address(url)}
            for label, url in card.jumps[:MAX_JUMPS]
        ]
    return body


def _task_id(text: str) -> str:
    if not _TASK_ID.fullmatch(text):
        raise MessageError(
            Text("卡片编号只能用字母、数字和 _-@，最长 128。", "A task id takes letters, digits and _-@, at most 128."),
            where=clip(clean(text)),
        )
    return text


def _line(text: str, length: int) -> str:
    return clip(" ".join(clean(text).split()), length)


def _filled(**parts: str) -> dict[str, JsonValue]:
    return {name: part for name, part in parts.items() if part}


def _address(url: str) -> str:
    if not url.startswith(("https://", "http://")) or len(url.encode()) > MAX_URL_BYTES or clean(url) != url:
        raise MessageError(
            Text(
                "链接须以 http:// 或 https:// 开头，最长 1024 字节。",
                "A link starts with http(s):// and has at most 1024 bytes.",
            ),
            where=clip(clean(url)),
        )
    return url
