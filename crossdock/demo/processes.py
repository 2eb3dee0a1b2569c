"""Programs and servers of the demonstration: each ends with us, whatever ends us."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from canonical_model.errors import StoreError, TransientError
from canonical_model.language import Text
from crossdock.demo import _leash

STOP_SECONDS = 3.0
"""What a program has to end in order; nothing that it leaves half done is needed again."""
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ChildError(TransientError):
    """A program of the demonstration ended too early."""

    code = "XD-TMP-050"


class Child:
    """A running program on a leash (`_leash.py`).

    Args:
        name: What it is called in messages.
        command: Program and arguments.
        environment: All its variables.
        log: File that takes what it says.
    """

    def __init__(self, name: str, command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> None:
        self.name, self.log = name, log
        log.parent.mkdir(parents=True, exist_ok=True)
        leash = [sys.executable, "-I", "-S", str(Path(_leash.__file__).resolve()), str(STOP_SECONDS)]
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                [*leash, *command],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,  # Ctrl-C is for us; we then stop the child in order
            )

    @property
    def pid(self) -> int:
        """Process id of the leash."""
        return self._process.pid

    def check(self) -> None:
        """Returns while it runs.

        Raises:
            ChildError: It has ended; gives its last words.
        """
        status = self._process.poll()
        if status is not None:
            raise self._failure(status)

    def wait(self) -> None:
        """Returns when it has ended well.

        Raises:
            ChildError: It ended with an error.
        """
        status = self._process.wait()
        self.stop()
        if status:
            raise self._failure(status)

    def stop(self) -> None:
        """Ends it and everything that it started."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _failure(self, status: int) -> ChildError:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
        return ChildError(
            Text(
                f"{self.name} 意外结束（{status}）：\n" + "\n".join(lines),
                f"{self.name} ended early ({status}):\n" + "\n".join(lines),
            ),
            where=str(self.log),
        )


class Listener:
    """A free port of this machine, held from now on, for a server that starts later."""

    def __init__(self) -> None:
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


@contextmanager
def serving(app: ASGIApp, listener: Listener) -> Iterator[None]:
    """`app` behind HTTP in a thread of ours, for the length of a `with`.

    Raises:
        StoreError: It does not start.
    """
    config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener.socket],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise StoreError(Text("演示的网页服务没有启动。", "A server of the demonstration did not start."))
        time.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        thread.join(5)
        listener.socket.close()


@contextmanager
def orderly_end() -> Iterator[list[int]]:
    """Lets SIGTERM and a closed terminal end us as Ctrl-C does, so that every `with` is left in order.

    Only the first of these signals counts: an impatient second Ctrl-C does not disturb the end. Gives a list that
    holds it then: a library in whose midst it came may have made another error of it.
    """
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    signals = [one for one in _ENDINGS if signal.getsignal(one) is not signal.SIG_IGN]

    def leave(number: int, _: FrameType | None) -> None:
        asked.append(number)
        for one in signals:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in signals}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def own_environment() -> Iterator[None]:
    """Hides settings of the user's own deployment: the demonstration never touches another store."""
    hidden = {name: os.environ.pop(name) for name in ("CROSSDOCK_DATABASE_URL", "CROSSDOCK_HOME") if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)
