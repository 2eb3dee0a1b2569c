"""Whatever ends the demonstration, nothing of it goes on running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crossdock.demo.processes import Child, ChildError, free_ports

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

# A program that ignores Ctrl-C and leaves a grandchild in a session of its own.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", {mark!r}], start_new_session=True)
print("ready", flush=True)
time.sleep(600)
"""


def start(mark: str, log: Path) -> Child:
    return Child("probe", [sys.executable, "-c", STUBBORN.format(mark=mark), mark], environment=os.environ, log=log)


def living(mark: str) -> list[int]:
    """Processes with `mark` on their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if mark.encode() in words and state != "Z":
                found.append(int(entry.name))
    return found


def until(wanted: int, mark: str, seconds: float = 60) -> list[int]:
    deadline = time.monotonic() + seconds
    while len(found := living(mark)) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_stop_ends_the_program_and_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossdock.demo.processes.STOP_SECONDS", 0.5)
    mark = f"mark-{tmp_path.name}-{os.getpid()}"
    child = start(mark, tmp_path / "log")
    assert len(until(3, mark)) == 3  # the leash, the program, the grandchild

    child.stop()

    assert until(0, mark) == []


def test_a_killed_parent_takes_everything_with_it(tmp_path: Path) -> None:
    mark = f"mark-{tmp_path.name}-{os.getpid()}"
    script = (
        "import os, sys, time; from pathlib import Path\n"
        "from crossdock.demo import processes; processes.STOP_SECONDS = 0.5\n"
        f"processes.Child('x', [sys.executable, '-c', {STUBBORN.format(mark=mark)!r}, {mark!r}], "
        f"environment=os.environ, log=Path({str(tmp_path / 'log')!r}))\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script])
    assert len(until(3, mark)) == 3

    parent.send_signal(signal.SIGKILL)
    parent.wait()

    assert until(0, mark) == []


def test_a_program_that_ends_early_gives_its_last_words(tmp_path: Path) -> None:
    with Child(
        "probe", [sys.executable, "-c", "print('bad luck'); exit(3)"], environment=os.environ, log=tmp_path / "log"
    ) as child:
        with pytest.raises(ChildError, match="bad luck"):
            child.wait()
        with pytest.raises(ChildError, match=r"\(3\)"):
            child.check()


def test_a_program_that_ends_well_is_no_error(tmp_path: Path) -> None:
    with Child("probe", [sys.executable, "-c", "pass"], environment=os.environ, log=tmp_path / "log") as child:
        child.wait()


def test_a_program_understands_ctrl_c_even_when_we_were_started_with_it_ignored(tmp_path: Path) -> None:
    words = "import time\ntry:\n    print('ready', flush=True); time.sleep(600)\nexcept KeyboardInterrupt:\n    print('in order')"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        child = Child("probe", [sys.executable, "-c", words], environment=os.environ, log=tmp_path / "log")
    finally:
        signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 60
    while "ready" not in (tmp_path / "log").read_text() and time.monotonic() < deadline:
        time.sleep(0.05)

    child.stop()

    assert "in order" in (tmp_path / "log").read_text()


def test_free_ports_are_all_different() -> None:
    assert len(set(free_ports(20))) == 20


def test_a_program_and_what_it_started_are_asked_at_the_same_time(tmp_path: Path) -> None:
    inner = (
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('inner in order', flush=True))); "
        "print('ready', flush=True); signal.pause()"
    )
    outer = (
        "import signal, subprocess, sys\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"  # it ends when the other one does, and never tells it
        f"subprocess.run([sys.executable, '-c', {inner!r}]); print('outer in order', flush=True)"
    )
    child = Child("probe", [sys.executable, "-c", outer], environment=os.environ, log=tmp_path / "log")
    deadline = time.monotonic() + 60
    while "ready" not in (tmp_path / "log").read_text() and time.monotonic() < deadline:
        time.sleep(0.05)

    child.stop()

    assert (tmp_path / "log").read_text().split("\n")[1:3] == ["inner in order", "outer in order"]
