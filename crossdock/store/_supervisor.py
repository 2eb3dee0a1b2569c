"""The parent of the embedded server: makes the cluster, runs `postgres`, stops it when the last user has left.

Started by its path with `python -I -S` (so: standard library only, 15 ms, 10 MB), it detaches itself and holds
`supervisor.lock` for as long as it lives. Users hold a shared lock on `users.lock`; the kernel drops locks at
`kill -9`, so the exclusive lock can be had exactly when nobody uses the server any more.
"""

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

PORT = 5432  # only a part of the socket's name: no TCP port is opened
OWNER = "crossdock"  # the cluster's superuser, in PostgreSQL
SOCKET = f".s.PGSQL.{PORT}"

SHARED, EXCLUSIVE = fcntl.LOCK_SH, fcntl.LOCK_EX

# keep in step with man prctl(2)
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_POLL_SECONDS = 0.1
_MAX_LOG_BYTES = 8_000_000
_STOP_SECONDS = 60.0  # a fast stop that takes longer becomes an immediate one; recovery then replays the log
_QUICK_DEATH_SECONDS = 10.0
_MAX_QUICK_DEATHS = 3

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_locks_per_transaction": "256",  # reading an entity locks the partition of each source
    "wal_level": "minimal",  # nobody follows this server, so a table that is new need not be written twice
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "io_method": "sync",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_statement": "none",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",  # the supervisor bounds the log
}


class Place(NamedTuple):
    """Where one embedded server lives, and as whom it runs.

    Args:
        state: The home's own folder: locks, password, pointers.
        instance: Folder of data and log.
        programs: Folder of `postgres` and `initdb`.
        run: Folder of the socket.
        uid: User of the server process.
        gid: Group of the server process.
    """

    state: Path
    instance: Path
    programs: Path
    run: Path
    uid: int
    gid: int

    @property
    def data(self) -> Path:
        """The cluster; it has this name only once initdb has finished."""
        return self.instance / "data"

    @property
    def log(self) -> Path:
        """What the server and the supervisor say."""
        return self.instance / "postgres.log"

    @property
    def password(self) -> Path:
        """The file with the owner's password."""
        return self.state / "password"


def hold_lock(path: Path, kind: int, *, seconds: float = 0.0) -> int | None:
    """A file descriptor that holds the lock, closed by exec; None when it could not be had in time.

    Release it with `os.close` only: an explicit unlock would also take it from a forked child's copy.
    """
    deadline = time.monotonic() + seconds
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if _try_lock(descriptor, kind) and _is_same_file(path, descriptor):
            return descriptor
        os.close(descriptor)
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.02)


def is_locked(path: Path) -> bool:
    """Whether somebody else holds the exclusive lock."""
    descriptor = hold_lock(path, SHARED)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def running_in(data: Path) -> list[int]:
    """Live processes of a server on this data folder, the postmaster's and its children's; zombies are not live."""
    if not Path("/proc/self/cwd").exists():
        recorded = recorded_pid(data / "postmaster.pid")
        return [recorded] if recorded and _is_server_by_ps(recorded, data) else []
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):  # gone, a zombie, or somebody else's
                if (entry / "cwd").readlink() == data and _runs_postgres(entry):
                    found.append(int(entry.name))
    return found


def stop_leftovers(data: Path) -> None:
    """Gives back a data folder that no process uses: what a killed supervisor or postmaster left is stopped.

    A second server beside backends that still write would destroy the data, so this waits as long as it takes.
    """
    asked: dict[int, float] = {}
    while left := running_in(data):
        postmaster = recorded_pid(data / "postmaster.pid")
        # orphans of a dead postmaster only notice when idle; SIGQUIT is what the postmaster itself would send
        for pid in [postmaster] if postmaster in left else left:
            if pid is not None and time.monotonic() - asked.get(pid, -9.0) > 1.0:
                asked[pid] = time.monotonic()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT if pid == postmaster else signal.SIGQUIT)
        time.sleep(0.02)


def recorded_pid(path: Path) -> int | None:
    """The process id in the first line of a lock file of PostgreSQL; None where there is none."""
    try:
        return abs(int(path.read_text(encoding="ascii", errors="replace").split("\n", 1)[0]))
    except (OSError, ValueError):
        return None


def is_ready(data: Path) -> bool:
    """Whether the server says of itself that it takes connections (line 8 of its lock file)."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_same_file(path: Path, descriptor: int) -> bool:
    """Whether `path` still names the open file: it may have been deleted while we waited for its lock."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _runs_postgres(entry: Path) -> bool:
    return (entry / "comm").read_text(encoding="utf-8", errors="replace").strip() in {"postgres", "initdb"}


def _is_server_by_ps(pid: int, data: Path) -> bool:
    """The same question where there is no /proc (macOS)."""
    answer = subprocess.run(
        ["ps", "-o", "stat=,args=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return not answer.startswith("Z") and "postgres" in answer and str(data) in answer


def _remove_stale_lock_file(path: Path) -> None:
    """Removes a lock file of PostgreSQL whose process id lives on as a zombie or as another program.

    PostgreSQL itself handles a process id that is not there at all. Call it only when no server runs.
    """
    pid = recorded_pid(path)
    if pid is None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 0)
        path.unlink(missing_ok=True)


def _die_with_parent() -> Callable[[], None]:
    """What a child does before exec: SIGINT when its parent dies, and no set-uid programs. Linux only."""
    parent = os.getpid()
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def prepare() -> None:
        if libc is None:
            return
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)  # after the change of user: the kernel clears it there
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return prepare


def _spawn(arguments: Sequence[str], place: Place) -> subprocess.Popen[bytes]:
    is_root = os.geteuid() == 0
    return subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        cwd=place.run,
        env={"HOME": str(place.run), "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        user=place.uid if is_root else None,
        group=place.gid if is_root else None,
        extra_groups=[] if is_root else None,
        umask=0o077,
        preexec_fn=_die_with_parent(),  # noqa: PLW1509 - this process has one thread
    )


def create_cluster(place: Place) -> None:
    """Makes the cluster under another name and renames it: an interrupted initdb leaves no half cluster."""
    draft, secret = place.instance / "data.tmp", place.instance / "password.tmp"
    stop_leftovers(draft)
    stop_leftovers(place.run)  # an initdb that is still clearing up behind itself
    shutil.rmtree(draft, ignore_errors=True)
    secret.unlink(missing_ok=True)
    try:
        draft.mkdir(mode=0o700)
        descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(place.password.read_bytes())
        if os.geteuid() == 0:
            os.chown(draft, place.uid, place.gid)
            os.chown(secret, place.uid, place.gid)
        arguments = [
            *(str(place.programs / "initdb"), "-D", str(draft), "-U", OWNER, f"--pwfile={secret}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"),
            *("--builtin-locale=C.UTF-8", "--no-instructions"),
        ]
        code = _spawn(arguments, place).wait()
    finally:
        secret.unlink(missing_ok=True)
    if code:
        shutil.rmtree(draft, ignore_errors=True)
        _say(f"initdb failed with exit code {code}")
        raise SystemExit(1)
    draft.rename(place.data)


def serve(place: Place, *, stop_asked: Callable[[], bool]) -> int:
    """Runs the server until the last user has left; starts it again when it dies under its users.

    Returns:
        The exit code: 0 after an orderly stop, 1 when the server does not stay up.
    """
    users = os.open(place.state / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not place.data.is_dir():
        create_cluster(place)
    quoted_run = '"' + str(place.run).replace('"', '""') + '"'
    settings = _SETTINGS | {"port": str(PORT), "unix_socket_directories": quoted_run}
    arguments = [str(place.programs / "postgres"), "-D", str(place.data)]
    for name, value in settings.items():
        arguments += ["-c", f"{name}={value}"]
    quick_deaths = 0
    while quick_deaths < _MAX_QUICK_DEATHS:
        stop_leftovers(place.data)
        _remove_stale_lock_file(place.data / "postmaster.pid")
        _remove_stale_lock_file(place.run / f"{SOCKET}.lock")
        started = time.monotonic()
        server = _spawn(arguments, place)
        was_up = False
        while server.poll() is None:
            is_up = (place.run / SOCKET).exists()
            # a socket that somebody deleted cannot be made again by a running server
            if stop_asked() or (was_up and not is_up) or _try_lock(users, EXCLUSIVE):
                _stop(server)
                return 0
            was_up = was_up or is_up
            _bound_log(place.log)
            time.sleep(_POLL_SECONDS)
        _say(f"postgres ended by itself with exit code {server.returncode}")
        quick_deaths = quick_deaths + 1 if time.monotonic() - started < _QUICK_DEATH_SECONDS else 0
    return 1


def _stop(server: subprocess.Popen[bytes]) -> None:
    for wish in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        server.send_signal(wish)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(_STOP_SECONDS)
            return


def _open_log(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, 0o600)


def _bound_log(path: Path) -> None:
    """Keeps one older part beside the log; the server appends, so its open file may be cut to nothing."""
    with contextlib.suppress(OSError):
        if path.stat().st_size > _MAX_LOG_BYTES:
            shutil.copyfile(path, path.with_suffix(".log.1"), follow_symlinks=False)
            os.truncate(path, 0)


def _say(sentence: str) -> None:
    sys.stderr.write(f"supervisor: {sentence}\n")
    sys.stderr.flush()


@contextlib.contextmanager
def _stop_on_signal() -> Iterator[Callable[[], bool]]:
    asked: list[int] = []
    for wish in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(wish, lambda number, _frame: asked.append(number))
    yield lambda: bool(asked)


def main(arguments: Sequence[str]) -> int:
    """Detaches and serves. Arguments: state, instance, programs, run, uid, gid.

    The caller's child returns once `supervisor.lock` is held, so whoever sees it end can rely on the lock.
    """
    state, instance, programs, run = map(Path, arguments[:4])
    place = Place(state, instance, programs, run, int(arguments[4]), int(arguments[5]))
    os.umask(0o077)
    os.chdir("/")
    if hold_lock(place.state / "supervisor.lock", EXCLUSIVE, seconds=5.0) is None:
        return 0  # another one lives: just as good
    log = _open_log(place.log)
    _bound_log(place.log)
    if os.fork():
        os._exit(0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    with _stop_on_signal() as stop_asked:
        return serve(place, stop_asked=stop_asked)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
