"""Working out the next items while the last one is used."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import TypeVar

_Item = TypeVar("_Item")


def fetch_ahead(beside: Executor, items: Iterator[_Item], count: int = 1) -> Iterator[_Item]:
    """The items, none of which is None; the next `count` are worked out by `beside`, one after the other, from now on."""
    coming = deque(beside.submit(next, items, None) for _ in range(count))

    def fetched() -> Iterator[_Item]:
        while (item := coming.popleft().result()) is not None:
            coming.append(beside.submit(next, items, None))
            yield item

    return fetched()
