"""Number formats that show more than the number: zeros and fixed text in front, as codes are often formatted."""

import re

_FIRST = re.compile(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[])*')
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[[^\]]*\]|[_*].|(?P<place>[0#?])|(?P<plain>[-/ ()+])|(?P<other>.)'
)
_PREFIXED = re.compile(r"[A-Za-z][A-Za-z0-9]*[-_/]\0")


def padded(code: str) -> str | None:
    """The positive section of a format as a pattern of 0 and text, where it makes a code; None for all others.

    It does where it pads with zeros or puts letters and a dash in front.

    Args:
        code: As in the workbook: 00000, "PO-"0000, "PO-"0, 000-0000.
    """
    first = _FIRST.match(code)
    pattern: list[str] = []
    zeros = 0
    for token in _TOKEN.finditer(first[0] if first else ""):
        if token["other"] is not None:
            return None
        if token["place"]:
            zeros += token["place"] == "0"
            pattern.append("\0")
        else:
            pattern.append(token["quoted"] or token["escaped"] or token["plain"] or "")
    shown = "".join(pattern)
    is_code = zeros > 1 or _PREFIXED.fullmatch(shown)
    return shown if is_code and zeros == pattern.count("\0") else None


def show(digits: str, pattern: str) -> str:
    """`digits` as the pattern shows them: 12 in 00000 is 00012; what is too long runs over in front."""
    places = pattern.count("\0")
    digits = digits.zfill(places)
    front, rest = digits[: len(digits) - places + 1], list(digits[len(digits) - places + 1 :])
    shown, is_first = [], True
    for letter in pattern:
        if letter != "\0":
            shown.append(letter)
        elif is_first:
            shown.append(front)
            is_first = False
        else:
            shown.append(rest.pop(0))
    return "".join(shown)
