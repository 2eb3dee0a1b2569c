"""Text in the form that WeCom takes: no control characters, and parts within a limit of UTF-8 bytes."""

import re

# json.dumps writes these as \uXXXX even with ensure_ascii=False, and WeCom refuses that (40033).
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def clean(text: str) -> str:
    """`text` with line ends as LF and without control characters or lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text).encode("utf-8", "replace").decode()


def without_markup(text: str) -> str:
    """`text` from outside in a form that cannot become a link, a mention or a colour in a message."""
    return text.replace("<", "＜").replace("](", "]（")


def split_bytes(text: str, limit: int) -> list[str]:
    """`text` in parts of at most `limit` UTF-8 bytes, cut between lines, and inside a line only where it is too long.

    Args:
        text: The whole content.
        limit: Most UTF-8 bytes of one part.

    Returns:
        The parts in order; together they hold every character but the line ends at which they were cut.
    """
    parts: list[str] = []
    part: str | None = None
    for line in text.split("\n"):
        joined = line if part is None else f"{part}\n{line}"
        if len(joined.encode()) <= limit:
            part = joined
            continue
        if part is not None:
            parts.append(part)
        *full, part = _cut(line, limit)
        parts += full
    return [kept for kept in (*parts, part or "") if kept.strip()]


def _cut(line: str, limit: int) -> list[str]:
    """`line` in pieces of at most `limit` bytes, never inside a character."""
    pieces = []
    while len(rest := line.encode()) > limit:
        piece = rest[:limit].decode(errors="ignore")
        pieces.append(piece)
        line = line[len(piece) :]
    return [*pieces, line]
