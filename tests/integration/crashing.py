"""A run from reading to delivering in a process of its own, which is killed there.

The processes are forked from one that has everything imported and runs no thread, so that a start costs milliseconds.
"""

import multiprocessing
import os
import signal
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine.default import DefaultDialect

from canonical_model.text import parse_json
from connectors.base import load_connector
from crossdock.delivery import deliver
from crossdock.home import Home
from crossdock.incidents import evaluate
from crossdock.pipeline import sync
from crossdock.store.database import dump_json
from wecom_notify.testing import AGENT, CORP, ROBOT_KEY, SECRET

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.integration.crashing"])
load_connector("folder")  # so that no child has to


def kill_at(number: int, moment: str) -> None:
    """Makes the commit of this number the last thing that this process does, or the first that it does not."""
    commit = DefaultDialect.do_commit
    counted = 0

    def dying(self: DefaultDialect, dbapi_connection: object) -> None:
        nonlocal counted
        counted += 1
        if counted == number and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        commit(self, dbapi_connection)  # type: ignore[no-untyped-call]  # SQLAlchemy's own
        if counted == number and moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)

    DefaultDialect.do_commit = dying  # type: ignore[method-assign]  # the whole point


def connect(name: str) -> dict[str, str]:
    if name == "wecom_default":
        return {"corp_id": CORP, "agent_id": str(AGENT), "secret": SECRET.get_secret_value()}
    return {"key": ROBOT_KEY.get_secret_value()}


def run(folder: Path, url: str) -> None:
    """Syncs, evaluates and delivers once, at one fixed moment."""
    home = Home(folder, connect)
    engine = create_engine(
        url,
        json_serializer=dump_json,
        json_deserializer=parse_json,
        connect_args={"options": "-c timezone=UTC"},
    )

    def clock() -> datetime:
        return NOW

    try:
        for name, source in home.sources.items():
            for stream in source.streams:
                sync(home, engine, name, stream, clock=clock)
        evaluate(home, engine, clock=clock)
        deliver(home, engine, clock=clock)
    finally:
        engine.dispose()


def _run_and_die(folder: Path, url: str, commit: int, moment: str) -> None:
    kill_at(commit, moment)
    run(folder, url)


def _run_and_tell(folder: Path, url: str, began: Connection) -> None:
    began.send(None)
    run(folder, url)


def die_at(folder: Path, url: str, commit: int, moment: str) -> bool:
    """A run that kills itself at a commit; whether it came through."""
    process = PROCESSES.Process(target=_run_and_die, args=(folder, url, commit, moment))
    process.start()
    return _came_through(process)


def die_after(folder: Path, url: str, seconds: float) -> tuple[bool, float]:
    """A run that is killed so long after its beginning; whether it came through, and how long it ran."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    with ours, theirs:
        process = PROCESSES.Process(target=_run_and_tell, args=(folder, url, theirs))
        process.start()
        ours.recv()
        began = time.monotonic()
        process.join(seconds)
        took = time.monotonic() - began
        process.kill()
    return _came_through(process), took


def _came_through(process: multiprocessing.process.BaseProcess) -> bool:
    process.join(60)
    assert process.exitcode in {0, -signal.SIGKILL}
    return process.exitcode == 0
