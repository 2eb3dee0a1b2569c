"""What every test may use: sample files, parts of the operating system, a fresh store, and retries switched off."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import stamina
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tests.integration.hub import Hub, StoreServer
    from wecom_notify.testing import RunningWeCom, Switchboard

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell that starts the tests in the background ignores Ctrl-C, and so would the programs that they run
    signal.signal(signal.SIGINT, signal.default_int_handler)

# how long an example takes says something of the machine, not of the code
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

RequireSystem = Callable[[str, bool], None]
"""Called as require_system("Chromium", shutil.which("chromium") is not None)."""


@pytest.fixture(autouse=True)
def no_retries() -> Iterator[None]:
    """Retries make a failing test slow and a flaky one green."""
    stamina.set_active(False)
    yield
    stamina.set_active(True)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of files that nobody on this project wrote; CROSSDOCK_SAMPLES names it, nothing of it is copied."""
    named = os.environ.get("CROSSDOCK_SAMPLES", "")
    if not named:
        pytest.skip("CROSSDOCK_SAMPLES names no folder of sample files")
    folder = Path(named)
    assert folder.is_dir(), f"CROSSDOCK_SAMPLES names {folder}, which is no folder"
    return folder


@pytest.fixture(scope="session")
def require_system() -> RequireSystem:
    """Skips a test for a part that this machine lacks; with CROSSDOCK_REQUIRE_SYSTEM=1 (see .ci/run) it fails."""

    def require(name: str, found: bool) -> None:
        if found:
            return
        if os.environ.get("CROSSDOCK_REQUIRE_SYSTEM") == "1":
            pytest.fail(f"{name} is missing on this machine, and CROSSDOCK_REQUIRE_SYSTEM=1 asks for it", pytrace=False)
        pytest.skip(f"{name} is missing on this machine")

    return require


@pytest.fixture(scope="session")
def store_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[StoreServer]":
    """One embedded server for all tests, with a migrated database to copy."""
    from tests.integration.hub import StoreServer

    with StoreServer.running(tmp_path_factory.mktemp("store") / ".crossdock") as server:
        yield server


@pytest.fixture
def fresh_store(store_server: "StoreServer") -> "Iterator[Engine]":
    """A migrated store with nothing in it, for one test alone."""
    with store_server.fresh() as engine:
        yield engine


@pytest.fixture
def hub(tmp_path: Path, fresh_store: "Engine") -> "Hub":
    """A deployment in a folder of its own, over a fresh store."""
    from tests.integration.hub import Hub

    return Hub(tmp_path / "home", fresh_store)


@pytest.fixture(scope="session")
def _wecom_server() -> "Iterator[tuple[Switchboard, str]]":
    """One HTTP server for all tests; starting and stopping one costs more than most tests."""
    from wecom_notify.testing import Switchboard, serving

    board = Switchboard()
    with serving(board) as url:
        yield board, url


@pytest.fixture
def wecom(_wecom_server: "tuple[Switchboard, str]") -> "RunningWeCom":
    """A fresh corp for each test, behind real HTTP."""
    board, url = _wecom_server
    return board.fresh(url)


@pytest.fixture
def online(hub: "Hub", wecom: "RunningWeCom") -> "Hub":
    """A deployment that reaches the simulated WeCom and goes by its clock."""
    hub.join(wecom)
    return hub
