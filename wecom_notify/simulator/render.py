"""Message text as HTML, the way WeCom's own small languages show it; everything else in it is escaped."""

import re
from collections.abc import Callable

from markupsafe import Markup, escape

from wecom_notify.simulator import checks
from wecom_notify.simulator.state import Copy

_COLOURS = re.compile(r"&lt;font color=(?:&#34;|&#39;)(info|comment|warning)(?:&#34;|&#39;)&gt;(.*?)&lt;/font&gt;")
_LINK = re.compile(r"\[([^\]\n]+)\]\((https?://[^\s)]+)\)")
_ANCHOR = re.compile(r"&lt;a href=(?:&#34;|&#39;)(https?://.+?)(?:&#34;|&#39;)&gt;(.*?)&lt;/a&gt;")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_ITALIC = re.compile(r"(?<!\*)\*([^*\n]+)\*(?!\*)")
_CODE = re.compile(r"`([^`\n]+)`")
_MENTION = re.compile(r"&lt;@([0-9A-Za-z_.@-]{1,64})&gt;")
_DIVISION = re.compile(
    r"&lt;div class=(?:&#34;|&#39;)(gray|normal|highlight)(?:&#34;|&#39;)&gt;(.*?)&lt;/div&gt;", re.DOTALL
)
_OPEN = r'<a href="\2" target="_blank" rel="noopener">\1</a>'


def address(url: object) -> str:
    """`url` where it leads to a web page; "#" for anything else, such as javascript:."""
    return url if isinstance(url, str) and url.startswith(("http://", "https://")) else "#"


def text(source: str) -> Markup:
    """A text message: line ends and `<a href>` count, nothing else."""
    html = _ANCHOR.sub(r'<a href="\1" target="_blank" rel="noopener">\2</a>', str(escape(source)))
    return Markup(html.replace("\n", "<br>"))  # noqa: S704  # escaped above


def description(source: str) -> Markup:
    """The description of a textcard: `<div class>` and `<br>` count."""
    html = _DIVISION.sub(r'<div class="\1">\2</div>', str(escape(source)))
    return Markup(html.replace("&lt;br&gt;", "<br>").replace("\n", "<br>"))  # noqa: S704  # escaped above


def markdown(source: str, called: Callable[[str], str], *, version: int = 1) -> Markup:
    """A markdown message of an app or robot.

    Args:
        source: The content.
        called: Gives the name of a mentioned user id.
        version: 2 knows tables, lists and rules, but no colours and mentions.
    """
    blocks: list[str] = []
    table: list[str] = []
    for line in [*source.split("\n"), None]:
        if version == 2 and line is not None and line.strip().startswith("|"):
            table.append(line)
            continue
        if table:
            blocks.append(_table(table))
            table = []
        if line is not None:
            blocks.append(_block(line, version))
    html = _MENTION.sub(lambda found: f'<span class="mention">@{escape(called(found[1]))}</span>', "".join(blocks))
    return Markup(html if version == 1 else "".join(blocks))  # noqa: S704  # every line is escaped in _inline


def preview(copy: Copy) -> str:
    """One line for the list of chats."""
    if copy.kind == "template_card":
        card = copy.body
        return checks.text(checks.part(card, "main_title"), "title") or checks.text(card, "sub_title_text")
    if copy.kind == "textcard":
        return checks.text(copy.body, "title")
    plain = re.sub(r"<[^>]*>|[*`#>]", "", checks.text(copy.body, "content"))
    return " ".join(plain.split())[:60]


def _block(line: str, version: int) -> str:
    if heading := re.match(r"(#{1,6}) +(.*)", line):
        return f'<p class="h{len(heading[1])}">{_inline(heading[2], version)}</p>'
    if quote := re.match(r">+ ?(.*)", line):
        return f"<blockquote>{_inline(quote[1], version)}</blockquote>"
    if version == 2:
        if re.fullmatch(r"-{3,}", line.strip()):
            return "<hr>"
        if item := re.match(r"( *)(?:[-*]|(\d+)\.) +(.*)", line):
            mark = f"{item[2]}." if item[2] else "•"
            return f'<p class="item"><span>{mark}</span>{_inline(item[3], version)}</p>'
    return f"<p>{_inline(line, version)}</p>" if line.strip() else '<p class="gap"></p>'


def _inline(line: str, version: int) -> str:
    html = str(escape(line))
    html = _COLOURS.sub(r'<span class="\1">\2</span>', html) if version == 1 else _ITALIC.sub(r"<i>\1</i>", html)
    return _LINK.sub(_OPEN, _CODE.sub(r"<code>\1</code>", _BOLD.sub(r"<b>\1</b>", html)))


def _table(lines: list[str]) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    rows = [row for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    body = "".join("<tr>" + "".join(f"<td>{_inline(cell, 2)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class='scroll'><table>{body}</table></div>"
