"""Messages as the very bytes that are sent, so that a retry is identical and WeCom can drop the duplicate.

Each payload is serialised once, here; store it and send it as it is. Content that is too long for one message comes
back as several, cut between lines. Limits: developer.work.weixin.qq.com/document/path/90236 and 91770.
"""

import json
from collections.abc import Mapping, Sequence

from canonical_model.language import Text
from canonical_model.text import JsonValue, clip
from wecom_notify._wording import clean, split_bytes
from wecom_notify.cards import ROBOT_LIMITS, ButtonCard, NoticeCard, render_card
from wecom_notify.errors import MessageError

TEXT_BYTES = 2048
APP_MARKDOWN_BYTES = 2048
ROBOT_MARKDOWN_BYTES = 4096
MAX_RECIPIENTS = 1000
MARK_LENGTH = 40
DUPLICATE_CHECK_SECONDS = 14400  # four hours, the longest that WeCom takes

Recipients = str | Sequence[str]


def serialise(message: Mapping[str, JsonValue]) -> bytes:
    r"""`message` as UTF-8 JSON without `\uXXXX`, which WeCom refuses (40033)."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), sort_keys=False).encode()


def app_text(to: Recipients, agent_id: int, content: str, *, occurrence: str = "") -> list[bytes]:
    """Plain text to members, the form that also shows in the WeChat plugin.

    Args:
        to: User ids ("@all" for everybody), at most 1000.
        agent_id: The app that speaks.
        content: Any length; more than 2048 UTF-8 bytes become several messages.
        occurrence: Short mark shown at the end. WeCom takes the same words within four hours for a repetition and
            drops them without a sign; a mark that differs makes them another message.

    Raises:
        MessageError: No content or no recipient, or too many.
    """
    return [_to_members(to, agent_id, "text", {"content": part}) for part in _parts(content, TEXT_BYTES, occurrence)]


def app_markdown(to: Recipients, agent_id: int, content: str, *, occurrence: str = "") -> list[bytes]:
    """Markdown to members; headings, bold, links, inline code, quotes and three colours.

    Args:
        to: User ids ("@all" for everybody), at most 1000.
        agent_id: The app that speaks.
        content: Any length; more than 2048 UTF-8 bytes become several messages.
        occurrence: Short mark shown at the end. WeCom takes the same words within four hours for a repetition and
            drops them without a sign; a mark that differs makes them another message.

    Raises:
        MessageError: No content or no recipient, or too many.
    """
    return [
        _to_members(to, agent_id, "markdown", {"content": part})
        for part in _parts(content, APP_MARKDOWN_BYTES, occurrence)
    ]


def button_card(to: Recipients, agent_id: int, card: ButtonCard) -> bytes:
    """A card with buttons to members.

    Raises:
        MessageError: The card breaks a rule of WeCom, or there is no recipient or too many.
    """
    return _to_members(to, agent_id, "template_card", render_card(card))


def notice_card(to: Recipients, agent_id: int, card: NoticeCard) -> bytes:
    """A card without buttons to members.

    Raises:
        MessageError: The card breaks a rule of WeCom, or there is no recipient or too many.
    """
    return _to_members(to, agent_id, "template_card", render_card(card))


def update_card_button(
    agent_id: int, response_code: str, replace_name: str, *, at_all: bool = True, users: Sequence[str] = ()
) -> bytes:
    """Greys out the buttons of a sent card and shows `replace_name` on them.

    Args:
        agent_id: The app that sent the card.
        response_code: Of the sending or of a click; usable once, for 72 hours.
        replace_name: What the grey button says, "张三 已处理".
        at_all: For everybody who got the card; else only for `users`.
        users: User ids whose copy changes.
    """
    return serialise(
        _update(agent_id, response_code, at_all, users) | {"button": {"replace_name": clean(replace_name)}}
    )


def update_card(
    agent_id: int,
    response_code: str,
    card: ButtonCard | NoticeCard,
    *,
    at_all: bool = True,
    users: Sequence[str] = (),
    replace_text: str = "",
) -> bytes:
    """Replaces a sent card by another.

    Args:
        agent_id: The app that sent the card.
        response_code: Of the sending or of a click; usable once, for 72 hours.
        card: What stands there from now on.
        at_all: For everybody who got the card; else only for `users`.
        users: User ids whose copy changes.
        replace_text: Greys out the new card's buttons and shows this on them; empty leaves them alive.

    Raises:
        MessageError: The card breaks a rule of WeCom.
    """
    rendered = render_card(card) | ({"replace_text": clean(replace_text)} if replace_text else {})
    return serialise(_update(agent_id, response_code, at_all, users) | {"template_card": rendered})


def robot_text(content: str, mentions: Sequence[str] = (), mobiles: Sequence[str] = ()) -> list[bytes]:
    """Plain text to a group; the first part mentions.

    Args:
        content: Any length; more than 2048 UTF-8 bytes become several messages.
        mentions: User ids to mention, or "@all".
        mobiles: Mobile numbers to mention, or "@all".

    Raises:
        MessageError: No content.
    """
    first: dict[str, JsonValue] = {}
    if mentions:
        first["mentioned_list"] = list(mentions)
    if mobiles:
        first["mentioned_mobile_list"] = list(mobiles)
    parts: list[dict[str, JsonValue]] = [{"content": part} for part in _parts(content, TEXT_BYTES)]
    parts[0] |= first
    return [serialise({"msgtype": "text", "text": part}) for part in parts]


def robot_markdown(content: str, *, version: int = 1) -> list[bytes]:
    """Markdown to a group.

    Args:
        content: Any length; more than 4096 UTF-8 bytes become several messages.
        version: 1 knows colours and `<@userid>`, 2 knows tables and lists instead.

    Raises:
        MessageError: No content.
    """
    kind = "markdown" if version == 1 else "markdown_v2"
    return [serialise({"msgtype": kind, kind: {"content": part}}) for part in _parts(content, ROBOT_MARKDOWN_BYTES)]


def robot_notice(card: NoticeCard) -> bytes:
    """A card to a group; robots have no buttons, and show fewer characters.

    Raises:
        MessageError: The card breaks a rule of WeCom.
    """
    return serialise({"msgtype": "template_card", "template_card": render_card(card, ROBOT_LIMITS)})


def _to_members(to: Recipients, agent_id: int, kind: str, body: dict[str, JsonValue]) -> bytes:
    return serialise(
        {
            "touser": _recipients(to),
            "msgtype": kind,
            "agentid": agent_id,
            kind: body,
            "enable_duplicate_check": 1,
            "duplicate_check_interval": DUPLICATE_CHECK_SECONDS,
        }
    )


def _recipients(to: Recipients) -> str:
    names = to.split("|") if isinstance(to, str) else to
    distinct = {name.strip().lower(): name.strip() for name in names if name.strip()}  # user ids ignore case
    if not 1 <= len(distinct) <= MAX_RECIPIENTS:
        raise MessageError(
            Text("收件人要有 1 到 1000 个。", "A message takes 1 to 1000 recipients."), where=str(len(distinct))
        )
    return "|".join(distinct.values())


def _parts(content: str, limit: int, occurrence: str = "") -> list[str]:
    mark = clip(clean(occurrence), MARK_LENGTH)
    parts = split_bytes(clean(content), limit - len(f"\n〔{mark} 999/999〕".encode()) if mark else limit)
    if not parts:
        raise MessageError(Text("消息没有内容。", "The message is empty."), where=clip(repr(content)))
    if not mark:
        return parts
    if len(parts) == 1:
        return [f"{parts[0]}\n〔{mark}〕"]
    return [f"{part}\n〔{mark} {number}/{len(parts)}〕" for number, part in enumerate(parts, 1)]


def _update(agent_id: int, response_code: str, at_all: bool, users: Sequence[str]) -> dict[str, JsonValue]:  # noqa: FBT001  # private
    receivers: dict[str, JsonValue] = {"atall": 1} if at_all else {"userids": list(users), "atall": 0}
    return receivers | {"agentid": agent_id, "response_code": response_code}
