"""Counting the records of a text file a second way, by its quotes alone, so that none can get lost unnoticed."""

import mmap
import re
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
    first, further = _patterns(delimiter.encode())
    inside = 0
    with text.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        position = text.offset
        found = first.match(content, position) or further.match(content, position)
        while found:
            if not found["closed"]:
                return RecordCount(0, open_quote_line=1 + count_line_ends(content[text.offset : found.start("value")]))
            inside += count_line_ends(found["value"])
            position = found.end()
            found = further.match(content, position)
    return RecordCount(text.lines - inside)


def _patterns(delimiter: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """A quoted value at the very beginning; and the next one that holds a line end, with all that lies before it.

    What lies before is passed over in one match, since a file that quotes every value holds millions of them.
    """
    begins = rb'(?:(?<=[\r\n]")|(?<=' + re.escape(delimiter) + rb'"))'
    on_one_line = rb'[^"\r\n]*+(?:""[^"\r\n]*+)*+"(?!")'
    literal = rb'(?<![\r\n]")(?<!' + re.escape(delimiter) + rb'")'
    before = rb'(?:[^"]*+"(?:' + begins + on_one_line + rb"|" + literal + rb"))*+"
    value = rb'(?P<value>"%s[^"]*+(?:""[^"]*+)*+(?P<closed>"?))'
    return re.compile(value % b""), re.compile(before + rb'[^"]*+' + value % begins)
