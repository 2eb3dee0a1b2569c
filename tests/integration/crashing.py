"""A run from reading to delivering, in a process of its own that kills itself at a commit."""

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine.default import DefaultDialect

from canonical_model.text import parse_json
from crossdock.delivery import deliver
from crossdock.home import Home
from crossdock.incidents import evaluate
from crossdock.pipeline import sync
from crossdock.store.database import dump_json
from wecom_notify.testing import AGENT, CORP, ROBOT_KEY, SECRET

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


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


def run_and_die(folder: Path, url: str, commit: int, moment: str) -> None:
    """`run`, but with the kill; ends with 0 where it came through."""
    kill_at(commit, moment)
    run(folder, url)
