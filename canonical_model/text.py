"""Text forms that more than one layer must agree on."""

import json
import re
import unicodedata
from collections import Counter
from functools import cache, partial
from urllib.parse import quote, unquote

from opencc import OpenCC

JsonValue = None | bool | int | str | list["JsonValue"] | dict[str, "JsonValue"]


class RepeatedKeyError(ValueError):
    """A key that stands twice in one object of a JSON document."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(key)


def parse_json(text: str | bytes, *, unique: bool = False) -> JsonValue:
    """The JSON document with every number as the text that was received, so 1.10 stays "1.10".

    Args:
        text: The document.
        unique: Refuse a key that stands twice in one object, whose last value counts otherwise; takes up to twice as long.

    Raises:
        json.JSONDecodeError: `text` is not JSON.
        RepeatedKeyError: A key stands twice.
    """
    pairs = _unique if unique else None
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=pairs)  # type: ignore[no-any-return]  # noqa: TID251  # this is the replacement


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RepeatedKeyError(next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1))
    return found


UNSEEN = r"\x{AD}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{FEFF}"
"""Signs that nobody sees, as they come with what is copied from chats and web pages: members of a class of RE2."""
_UNSEEN = re.compile("[" + re.sub(r"\\x\{(\w+)\}", lambda code: chr(int(code[1], 16)), UNSEEN) + "]")


def half_width(text: str) -> str:
    """`text` with full-width letters, digits and signs as their plain forms (NFKC), trimmed and without unseen signs."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text)).strip()


_TO_SIMPLIFIED = cache(partial(OpenCC, "t2s"))


def simplified(text: str) -> str:
    """`text` in the characters of the mainland: 採購單號 is 采购单号, word for word."""
    return text if text.isascii() else _TO_SIMPLIFIED().convert(text)


_HAN, _LATIN = r"[^A-Za-z]*?[\u3400-\u9fff][^A-Za-z]*?", r"[A-Za-z][^\u3400-\u9fff]*?"
_BETWEEN = r"\s*[\s/|(（]\s*"
_TWICE = re.compile(
    rf"(?P<han>{_HAN}){_BETWEEN}(?P<latin>{_LATIN})[)）]?|(?P<en>{_LATIN}){_BETWEEN}(?P<zh>{_HAN})[)）]?"
)


def in_two_languages(name: str) -> tuple[str, ...]:
    """Both parts of a name in Chinese characters and in Latin letters, as they stand: 数量 and Qty of 数量(Qty); none of others."""
    found = _TWICE.fullmatch(name.strip())
    return tuple(part for part in found.groups() if part) if found else ()


def clip(text: str, length: int = 80) -> str:
    """`text`, at most `length` characters, the cut marked with an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


_IN_URL = re.compile(r"://[^:]*:(.*)@", re.DOTALL)
_IN_ODBC = re.compile(r"(?i)(?:pwd|password)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*)")
_SHORTEST_PART = 4


def has_bare_at(address: str) -> bool:
    """Whether the password in a URL holds an @ that is not written as %40: a parser takes what is behind it for the host."""
    return any("@" in written for written in _IN_URL.findall(address))


def passwords_in(address: str) -> set[str]:
    """Passwords inside a URL or an ODBC connection string, as written and as meant; what must never show.

    Of one with bare signs (@ : / ? #) also the parts, of four letters or more: parsers differ in where it ends.
    """
    found = set()
    for written in _IN_URL.findall(address):
        parts = [part for part in re.split(r"[@:/?#]", written) if len(part) >= _SHORTEST_PART]
        for one in (written, written.partition("@")[0], *parts):
            found |= {one, unquote(one), quote(unquote(one), safe="")}
    for written in _IN_ODBC.findall(address):
        found |= {written, written.removeprefix("{").removesuffix("}").replace("}}", "}")}
    return found - {""}
