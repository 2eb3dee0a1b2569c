"""Which characters stand between two values of a text file."""

import csv
import io
import re
from collections import Counter
from itertools import islice

_USUAL, _RARE = ",;\t|", "，；^~\x01"
_LOOKED_AT = 200
_HALF, _NEARLY_ALL = 0.5, 0.8
_RUN = re.compile(r"[|~^#@$*;+!%&:]{2,4}")


def sniff_delimiter(text: str) -> str:
    """What splits the most records of `text` into the same number of values; a comma when nothing does.

    One of the usual characters, or several such as || and ~|~ that never stand apart.
    """
    if hint := re.match(r"sep=(.+)\r?\n", text):
        return hint[1].rstrip("\r")
    if (several := _several(text)) and not _is_split_otherwise(text, several):
        return several
    usual, rare = (max(each, key=lambda delimiter: _regularity(text, delimiter)) for each in (_USUAL, _RARE))
    return rare if _regularity(text, usual)[0] < _HALF <= _regularity(text, rare)[0] else usual


def _several(text: str) -> str | None:
    lines = [line for line in text.splitlines()[:_LOOKED_AT] if line.strip()]
    runs = Counter(run for line in lines[:3] for run in _RUN.findall(line))
    run: str
    for run, _ in runs.most_common():
        counts = Counter(line.count(run) for line in lines)
        usual, many = counts.most_common(1)[0]
        is_whole = all(_is_whole(line, run) for line in lines)
        if usual and is_whole and 10 * many >= 8 * len(lines) - 20:
            return run
        first = next(line for line in lines if run in line)  # A|1 may stand in a value below a header of a||b||c
        if usual > 1 and _is_whole(first, run) and many == len(lines):
            return run
    return None


def _is_whole(line: str, run: str) -> bool:
    """Whether no character of the run stands apart in the line."""
    return not any(letter in line.replace(run, "") for letter in run)


def _is_split_otherwise(text: str, several: str) -> bool:
    """Whether a usual character splits nearly all records into more than two values: then ** is part of 王**."""
    shares = [_regularity(text, one) for one in _USUAL if one not in several]
    return any(share >= _NEARLY_ALL and width > 2 for share, width in shares)


def _regularity(text: str, delimiter: str) -> tuple[float, int]:
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        widths = [len(row) for row in islice(rows, _LOOKED_AT) if row]
    except csv.Error:
        return 0.0, 0
    split = Counter(width for width in widths if width > 1)
    if not split:
        return 0.0, 0
    width, count = split.most_common(1)[0]
    return count / len(widths), width
