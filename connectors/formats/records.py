"""Counting the records of a text file a second way, by its quotes alone, so that none can get lost unnoticed."""

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass

from connectors.formats.encoding import PlainText, count_line_ends


@dataclass(frozen=True, slots=True)
class RecordCount:
    """How many records a text holds.

    Attributes:
        records: Lines, less the line ends that lie inside quotes.
        open_quote_line: Line on which a quote begins that is never closed; 0 when there is none.
    """

    records: int
    open_quote_line: int = 0


def count_records(text: PlainText, delimiter: str) -> RecordCount:
    """The records of `text`: a quote counts where it begins a value, as in RFC 4180."""
    if not text.lines:
        return RecordCount(0)
    inside = 0
    with text.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for found in _quoted(content, text.offset, delimiter.encode()):
            if not found["closed"]:
                return RecordCount(0, open_quote_line=1 + count_line_ends(content[text.offset : found.start("value")]))
            inside += count_line_ends(found["value"])
    return RecordCount(text.lines - inside)


def first_long_line(text: PlainText, size: int) -> int:
    """The number of the first line of more than `size` bytes; 0 where there is none."""
    with text.path.open("rb") as file:
        file.seek(text.offset)
        number, length = 1, 0
        while piece := file.readline(size):
            length += len(piece)
            if length > size:
                return number
            if piece.endswith(b"\n"):
                number, length = number + 1, 0
    return 0


def _quoted(content: mmap.mmap, position: int, delimiter: bytes) -> Iterator[re.Match[bytes]]:
    """The quoted values, in order; few of those on one line."""
    first, further, others = _patterns(delimiter)
    if found := first.match(content, position):
        yield found
        position = found.end()
    while found := further.match(content, position) or others.match(content, position):
        if found.re is further:
            yield found
        position = found.end()


def _patterns(delimiter: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes], re.Pattern[bytes]]:
    """A quoted value at the very beginning; the next one behind up to 1000 on one line; 1000 others.

    Many are passed over in one match, since a file that quotes every value holds millions of them. They are counted,
    not possessive: before Python 3.11.5 a possessive group of alternatives matches wrongly
    (https://github.com/python/cpython/issues/106052).
    """
    begins = rb'(?:(?<=[\r\n]")|(?<=' + re.escape(delimiter) + rb'"))'
    on_one_line = rb'[^"\r\n]*+(?:""[^"\r\n]*+)*+"(?!")'
    literal = rb'(?<![\r\n]")(?<!' + re.escape(delimiter) + rb'")'
    other = rb'(?:[^"]*+"(?:' + begins + on_one_line + rb"|" + literal + rb"))"
    value = rb'(?P<value>"%s[^"]*+(?:""[^"]*+)*+(?P<closed>"?))'
    further = other + rb'{0,1000}[^"]*+' + value % begins
    return re.compile(value % b""), re.compile(further), re.compile(other + rb"{1000}")
