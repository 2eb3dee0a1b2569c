"""The word that somebody meant."""

import difflib
from collections.abc import Iterable


def nearest(word: str, words: Iterable[str]) -> str:
    """The word of `words` that is nearest to `word`, or all of them when none is near."""
    listed = sorted(words)
    return near(word, listed) or ", ".join(listed)


def near(word: str, words: Iterable[str]) -> str:
    """The word of `words` that is nearest to `word`; empty where none is near."""
    close = difflib.get_close_matches(word, sorted(words), n=1, cutoff=0.6)
    return close[0] if close else ""
