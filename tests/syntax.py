"""Reading Python code in tests."""

import ast
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def nothing_collected() -> Iterator[None]:
    """Collects no garbage meanwhile.

    Before Python 3.12 a collection while `ast.parse` builds its tree may let another thread parse into the same state:
    SystemError "AST constructor recursion depth mismatch" (python/cpython#106905).
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def parse(source: str) -> ast.Module:
    """The tree of a module's source."""
    with nothing_collected():
        return ast.parse(source)
