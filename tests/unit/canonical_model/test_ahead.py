"""Items that are worked out ahead come in order, once each, and with what went wrong."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from canonical_model.ahead import fetch_ahead


def test_so_many_items_are_worked_out_before_the_first_is_asked_for() -> None:
    third = Event()

    def items() -> Iterator[int]:
        yield 1
        yield 2
        third.set()
        yield 3
        yield 4

    with ThreadPoolExecutor(1) as beside:
        ahead = fetch_ahead(beside, items(), 3)
        assert third.wait(10)
        assert list(ahead) == [1, 2, 3, 4]


def test_an_error_comes_where_its_item_would_have_come() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with ThreadPoolExecutor(1) as beside:
        ahead = fetch_ahead(beside, items(), 2)
        assert next(ahead) == 1
        with pytest.raises(ValueError, match="broken"):
            next(ahead)
