"""Finds what matters in an incident's sentence: the old value, the new value, and how late."""

import re
from dataclasses import dataclass

# A value is a number with what clings to it (3月1日, 1,200.5, 500 EA), or else one word (已审核).
_STOP = r"\s，。；、,;：:→（）()"
_NUMBER = rf"[0-9¥$](?:[^{_STOP}]|[,.:](?=\d))*(?: (?:[A-Za-z]{{1,3}}|[一-鿿])(?=[{_STOP}]|$))?"
_VALUE = rf"(?:{_NUMBER}|[^{_STOP}0-9]+)"
_CHANGE = re.compile(rf"(?P<old>{_VALUE})\s*→\s*(?P<new>{_VALUE})")
_DELAY = re.compile(
    r"(?:晚|早|迟|逾期|超期|延误|提前)\s?\d+\s?(?:个?工作日|天|小时|分钟)|\d+ (?:days?|hours?) (?:later?|early|earlier|overdue)|少 ?\d[\d,.]*\d*|\d[\d,.]* short"
)
_FINDS = re.compile(f"{_CHANGE.pattern}|(?P<delay>{_DELAY.pattern})")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the sentence; `kind` is "text", "old", "arrow", "new" or "delay"."""

    kind: str
    text: str


def pieces(sentence: str) -> list[Piece]:
    """The sentence in runs which, joined, say the same."""
    found: list[Piece] = []
    end = 0
    for match in _FINDS.finditer(sentence):
        if match.start() > end:
            found.append(Piece("text", sentence[end : match.start()]))
        if match["delay"]:
            found.append(Piece("delay", match["delay"]))
        else:
            between = sentence[match.end("old") : match.start("new")]
            found += [Piece("old", match["old"]), Piece("arrow", between), Piece("new", match["new"])]
        end = match.end()
    if end < len(sentence):
        found.append(Piece("text", sentence[end:]))
    return found
