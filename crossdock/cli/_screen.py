"""What a command shows: sentences and tables for a person, or one JSON document for a program."""

import contextlib
import dataclasses
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from canonical_model.language import Language, Text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Words = Text | str
Cell = Words | int
Document = dict[str, object]

WIDTH_WITHOUT_TERMINAL = 120
_WHOLE = 36
_READABLE = 14  # a column of text narrower than this is no pleasure
_SIGNS = " =+"  # headers of an equation carry its signs
# What files and systems send may hold sequences that a terminal obeys, or that turn the reading direction around.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """`text` with control characters as pictures of themselves, so that no value can steer the terminal."""
    return _UNSEEN.sub(lambda found: chr(0x2400 + ord(found[0])) if ord(found[0]) < 32 else "\ufffd", text)


def plain(value: object) -> object:
    """`value` as JSON can hold it: decimals and instants as text, spans in seconds."""
    match value:
        case Text():
            return value._asdict()
        case None | bool() | int() | str():
            return value
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return int(value.total_seconds())
        case Mapping():
            return {str(key): plain(one) for key, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(one) for one in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return str(value)


class Tell(Protocol):
    """Says what is going on now, after `steps` further steps."""

    def __call__(self, words: Words, *, steps: int = 1) -> None: ...


class Screen:
    """Where one command speaks.

    Args:
        language: The reader's.
        as_json: Only one JSON document goes to stdout; sentences are left out.

    Attributes:
        language: The reader's.
        as_json: Whether a program reads.
        document: What the JSON document will say.
    """

    def __init__(self, language: Language, *, as_json: bool) -> None:
        self.language, self.as_json = language, as_json
        self.document: Document = {}
        self._is_published = False
        self._out, self._err = _console(is_error=False), _console(is_error=True)

    def get(self, words: Words) -> str:
        """The words in the reader's language, safe for a terminal."""
        return visible(words.get(self.language) if isinstance(words, Text) else words)

    def say(self, words: Words = "", *, style: str = "", indent: int = 0) -> None:
        """One sentence or line for a person."""
        if not self.as_json:
            _line(self._out, self.get(words), style, indent)

    def heading(self, words: Words) -> None:
        """The title of what follows, behind a blank line."""
        self.say()
        self.say(words, style="bold")

    def rows(self, columns: Sequence[Words], rows: Sequence[Sequence[Cell]], *, indent: int = 2) -> None:
        """A table; numbers stand to the right, long texts are folded and never cut.

        Where the terminal is too narrow for it, each row becomes a block of lines.
        """
        if self.as_json or not rows:
            return
        if self._needed(columns, rows) + indent > self._out.width:
            self._blocks(columns, rows, indent)
            return
        from rich.padding import Padding

        self._out.print(Padding(self._table(columns, rows), (0, 0, 0, indent), expand=False))

    def note(self, words: Words) -> None:
        """What is going on, for somebody who waits; on stderr."""
        _line(self._err, self.get(words), "dim", 0)

    def warn(self, words: Words) -> None:
        """A problem; on stderr where a program reads stdout."""
        _line(self._err if self.as_json else self._out, self.get(words), "yellow", 0)

    def fail(self, words: Words) -> None:
        """Why the command cannot go on, in red on stderr."""
        _line(self._err, self.get(words), "bold red", 0)

    @contextmanager
    def busy(self, words: Words, *, done: int = 0, steps: int = 0) -> Iterator[Tell]:
        """A moving sign beside `words`, and for how long already; only on a terminal.

        Args:
            words: What is going on.
            done: Steps done before.
            steps: Steps in all, shown as a bar; 0 for no bar.

        Yields:
            Call it with the words of each further step, or of what goes on within this one (`steps=0`).
        """
        if self.as_json or not self._err.is_terminal:
            yield lambda words, *, steps=1: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        bar = (BarColumn(bar_width=20), MofNCompleteColumn()) if steps > 1 else ()
        shown = (SpinnerColumn(), TextColumn("{task.description}", markup=False), *bar, TimeElapsedColumn())
        with Progress(*shown, console=self._err, transient=True) as progress:
            task = progress.add_task(self.get(words), total=steps or None, completed=done)
            yield lambda words, *, steps=1: progress.update(task, description=self.get(words), advance=steps)

    def publish(self) -> None:
        """Prints the document where one was asked for; once, so a command that goes on serving does it early."""
        if self.as_json and not self._is_published:
            self._is_published = True
            emit(self.document)

    @contextmanager
    def out_of_the_way(self) -> Iterator[int | None]:
        """Lets others print meanwhile: on stdout, or on stderr where stdout is for the document alone.

        Yields:
            The file descriptor that a program started meanwhile writes to; None for stdout.
        """
        if not self.as_json:
            sys.stdout.flush()
            yield None
            return
        with contextlib.redirect_stdout(sys.stderr):
            yield 2

    def _needed(self, columns: Sequence[Words], rows: Sequence[Sequence[Cell]]) -> int:
        """The least width at which a table of these can be read."""
        total = 3 * (len(columns) - 1)
        for place, column in enumerate(columns):
            header = max(map(_width, self.get(column).split()), default=0)
            cells = [row[place] for row in rows]
            numbers = [len(f"{cell:,}") for cell in cells if isinstance(cell, int)]
            texts = [min(_width(self.get(cell)), _READABLE) for cell in cells if not isinstance(cell, int)]
            total += max([header, *numbers, *texts])
        return total

    def _blocks(self, columns: Sequence[Words], rows: Sequence[Sequence[Cell]], indent: int) -> None:
        for row in rows:
            shown = [f"{cell:,}" if isinstance(cell, int) else _flat(self.get(cell)) for cell in row]
            named = [
                f"{self.get(column).rstrip(_SIGNS)}: {cell}".removeprefix(": ")
                for column, cell in zip(columns, shown, strict=True)
            ]
            self.say(named[0], style="bold", indent=indent)
            for cell, line in zip(shown[1:], named[1:], strict=True):
                if cell:
                    self.say(line, indent=indent + 2)

    def _table(self, columns: Sequence[Words], rows: Sequence[Sequence[Cell]]) -> "Table":
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text as Styled

        table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
        for place, column in enumerate(columns):
            is_number = all(isinstance(row[place], int) for row in rows)
            cells = [self.get(cell) for row in rows if not isinstance(cell := row[place], int)]
            longest = max(map(_width, cells), default=0)
            words = self.get(column)
            table.add_column(
                Styled(words),
                justify="right" if is_number else "left",
                overflow="fold",
                no_wrap=is_number or (place == 0 and longest <= _WHOLE),
                min_width=max(map(_width, words.split()), default=0),
            )
        for row in rows:
            table.add_row(*(Styled(f"{cell:,}" if isinstance(cell, int) else _flat(self.get(cell))) for cell in row))
        return table


def emit(document: Mapping[str, object]) -> None:
    """The document on stdout, and nothing else."""
    has_all_letters = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(plain(document), ensure_ascii=not has_all_letters, indent=2)
    try:
        print(text, flush=True)  # noqa: T201  # this is the command line's own output
    except BrokenPipeError:
        silence_stdout()


def silence_stdout() -> None:
    """Whoever read our output has gone: the work goes on, quietly."""
    with contextlib.suppress(OSError, ValueError):  # a test's stdout is no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _console(*, is_error: bool) -> "Console":
    from rich.console import Console

    class _Console(Console):
        def on_broken_pipe(self) -> None:
            self.quiet = True
            silence_stdout()

    stream = sys.stderr if is_error else sys.stdout
    is_wide = not stream.isatty() and not os.environ.get("COLUMNS", "").isdigit()
    return _Console(
        stderr=is_error, highlight=False, markup=False, emoji=False, width=WIDTH_WITHOUT_TERMINAL if is_wide else None
    )


def _line(console: "Console", text: str, style: str, indent: int) -> None:
    """Folded within a terminal, with its indent; whole where a program or a file takes it."""
    from rich.padding import Padding
    from rich.text import Text as Styled

    styled = Styled(text, style=style)
    if console.is_terminal:
        console.print(Padding(styled, (0, 0, 0, indent)) if indent else styled)
    else:
        styled.pad_left(indent)
        console.print(styled, soft_wrap=True)


def _width(word: str) -> int:
    from rich.cells import cell_len

    return cell_len(word)


def _flat(text: str) -> str:
    return text.replace("\r\n", "⏎").replace("\n", "⏎").replace("\t", " ")
