"""Fixtures: WeCom, as the simulator plays it."""

from collections.abc import Iterator

import pytest

from wecom_notify.testing import RunningWeCom, Switchboard, serving


@pytest.fixture(scope="session")
def _server() -> Iterator[tuple[Switchboard, str]]:
    """One HTTP server for all tests; starting and stopping one costs more than most tests."""
    board = Switchboard()
    with serving(board) as url:
        yield board, url


@pytest.fixture
def wecom(_server: tuple[Switchboard, str]) -> RunningWeCom:
    """A fresh corp for each test, behind real HTTP."""
    board, url = _server
    return board.fresh(url)
