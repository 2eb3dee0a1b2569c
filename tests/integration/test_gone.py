"""PostgreSQL gone in mid-run, a disk that fills, and both: one sentence, an exit code, no hang, and then a whole rerun."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text

from canonical_model.disk import disk_error
from canonical_model.errors import StoreError, TransientError
from crossdock.pipeline import RunReport
from crossdock.store import database
from tests.integration.failing import failing_disk, lost_connection
from tests.integration.hub import Hub, StoreServer, refused
from tests.integration.scene import Scene, decided, difference
from tests.integration.test_faults import begin, check_sentence, run

pytestmark = pytest.mark.store
PAGE = 4096
MOST_PAGES = 60


def kill_server(engine: Engine) -> None:
    with engine.connect() as connection:
        data = Path(str(connection.scalar(text("SHOW data_directory"))))
    os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)


@contextmanager
def started(hub: Hub) -> Iterator[subprocess.Popen[str]]:
    """`crossdock sync` in a process of its own, held up in mid-run: it waits for a lock that we have."""
    url = hub.engine.url.render_as_string(hide_password=False)
    command = [str(Path(sys.executable).with_name("crossdock")), "sync", "--home", str(hub.path)]
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with hub.engine.connect() as connection:
        database.lock(connection, ["entity:purchase_order_line"])
        with subprocess.Popen(
            command,
            env=os.environ | {"CROSSDOCK_DATABASE_URL": url, "LANG": "en_GB.UTF-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                deadline = time.monotonic() + 60
                while not connection.scalar(waiting):
                    assert process.poll() is None, process.communicate()[0]
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
                yield process
            finally:
                process.kill()
                connection.invalidate()


def test_a_server_that_is_killed_in_mid_run_gives_one_sentence_and_an_exit_code(hub: Hub) -> None:
    begin(hub)
    hub.settings(language="en")
    with started(hub) as process:
        kill_server(hub.engine)
        said = process.communicate(timeout=30)[0]

    assert process.returncode == 1, said
    assert "[XD-TMP-002] The store (PostgreSQL) is gone" in said
    assert "Traceback" not in said
    hub.engine.dispose()
    assert run_when_back(hub).status == "succeeded"
    assert hub.files == ["done/o1.csv", "done/o2.csv", "failed/o3.csv", "failed/o3.csv.reason.txt"]


def run_when_back(hub: Hub) -> RunReport:
    """The embedded server is started again by its supervisor within a second or two."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return run(hub)
        except TransientError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that is a disk of one megabyte; only root can make one."""
    folder = tmp_path / "home"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "crossdock-test", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user cannot mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, free: int) -> Path:
    """Takes all space but so many bytes."""
    disk = os.statvfs(folder)
    filler = folder / "filler"
    filler.write_bytes(bytes(disk.f_bavail * disk.f_frsize - free))
    return filler


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.e2e)])
def test_a_disk_that_fills_at_any_page_is_said_with_the_remedy_and_then_nothing_is_missing(
    small_disk: Path, fresh_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    hub = Hub(small_disk, fresh_store)
    begin(hub)
    with Scene.of(hub, tmp_path / "kept") as scene:
        before = scene.outcome()
        run(hub)
        wanted = scene.outcome()
        sentences: set[str] = set()
        for pages in range(0, MOST_PAGES, step):
            scene.restore()
            (small_disk / "tmp").mkdir()
            monkeypatch.setattr("tempfile.tempdir", str(small_disk / "tmp"))
            filler = fill(small_disk, pages * PAGE)
            try:
                run(hub)
            except StoreError as error:
                check_sentence(error)
                sentences.add(error.what.en + error.hint.en)
                left = scene.outcome()
                assert decided(left) in (decided(before), decided(wanted))
                filler.unlink()
                run(hub)
                assert difference(scene.outcome(), wanted) == {}, f"{pages} pages"
            else:
                assert difference(scene.outcome(), wanted) == {}
                break
        assert pages > 3
        assert sentences == {"The disk is full.Free some space. Then run again; it goes on where it was."}


def test_a_full_disk_then_a_lost_connection_then_a_rerun_lose_nothing(
    hub: Hub, store_server: StoreServer, tmp_path: Path
) -> None:
    begin(hub)
    with Scene.of(hub, tmp_path / "kept") as scene:
        run(hub)
        wanted = scene.outcome()
        scene.restore()

        with failing_disk(hub.path, 1, among="ParquetWriter.write_table"):  # the first rows are being kept
            assert refused(lambda: run(hub)).problem_code.startswith("XD-STO-00")
        with lost_connection(hub.engine, store_server.admin, 50):
            assert refused(lambda: run(hub)).problem_code == "XD-TMP-002"
        run(hub)

        assert difference(scene.outcome(), wanted) == {}


def test_a_full_disk_of_the_database_is_said_with_the_remedy() -> None:
    def full() -> None:
        with database.translate_errors():
            raise psycopg.errors.DiskFull("could not extend file: No space left on device")

    error = refused(full)

    assert error.problem_code == "XD-STO-003"
    assert "Free space" in str(error)


def test_a_database_that_runs_out_of_locks_says_which_setting_helps(fresh_store: Engine) -> None:
    def lock_all() -> None:
        with database.translate_errors(), fresh_store.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(i) FROM generate_series(1, 200000) i"))

    error = refused(lock_all)

    assert error.problem_code == "XD-STO-003"
    assert "out of shared memory" in str(error)
    assert "max_locks_per_transaction" in str(error)


def test_a_disk_that_refuses_otherwise_is_said_in_its_own_words() -> None:
    error = disk_error(OSError(errno.EROFS, os.strerror(errno.EROFS), "/data/x"))

    assert str(error).startswith("[XD-STO-005] A file could not be read or written: Read-only file system. (/data/x)")


def test_a_server_that_vanishes_without_a_word_is_noticed(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSDOCK_DATABASE_URL", hub.engine.url.render_as_string(hide_password=False))
    with database.open_store(hub.home) as engine, engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        assert {"keepalives_idle", "keepalives_count", "tcp_user_timeout"} <= driver.info.get_parameters().keys()
