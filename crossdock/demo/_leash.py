"""Holds one program on a leash: when our parent ends, in whatever way, the program and all that it started end too.

Run as `python -I -S _leash.py <seconds> <program> <argument>…` with a pipe as standard input. The parent keeps the
other end of the pipe; the kernel closes it when the parent dies. Only the standard library, since it starts in an
instant.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: orphans below us become our children, so none is out of sight (Linux)
_TICK_SECONDS = 0.1


def main() -> int:
    """Runs the program; gives its exit code."""
    patience = float(sys.argv[1])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    # A shell starts background jobs with SIGINT ignored; the program is to understand it all the same.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the pipe alone decides
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        while child.poll() is None and not selector.select(_TICK_SECONDS):
            pass
    _end_all(child, patience)
    return child.poll() or 0


def _end_all(program: subprocess.Popen[bytes], patience: float) -> None:
    """Asks the program and all that it started to end, all at once, then makes them."""
    deadline, asked = time.monotonic() + patience, set[int]()
    program.poll()
    while alive := _descendants(os.getpid()):
        is_late = time.monotonic() > deadline
        for pid in alive if is_late else alive - asked:
            wish = signal.SIGKILL if is_late else signal.SIGINT if pid == program.pid else signal.SIGTERM
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, wish)
        asked |= alive
        time.sleep(_TICK_SECONDS)
        program.poll()
        _reap()


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _descendants(root: int) -> set[int]:
    """All living processes below `root`."""
    children: dict[int, list[int]] = {}
    for pid, parent, state in _processes():
        if not state.startswith("Z"):
            children.setdefault(parent, []).append(pid)
    found, frontier = set(), [root]
    while frontier:
        below = children.get(frontier.pop(), [])
        found |= set(below)
        frontier += below
    return found


def _processes() -> list[tuple[int, int, str]]:
    """(pid, parent, state) of every process."""
    if sys.platform == "linux":
        listed = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    state, parent = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
                    listed.append((int(entry.name), int(parent), state))
        return listed
    done = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=False)
    rows = [line.split() for line in done.stdout.splitlines()]
    return [(int(pid), int(parent), state) for pid, parent, state in rows]


if __name__ == "__main__":
    sys.exit(main())
