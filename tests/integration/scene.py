"""A deployment that can be brought back to where it was, and all of it that a reader could see."""

import hashlib
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from crossdock.store.tables import metadata
from tests.integration.hub import Hub
from wecom_notify.testing import RunningWeCom

Outcome = dict[str, list[str]]

# what two runs cannot share, by column name: numbers from sequences and runs, names drawn at random
DRAWN = [
    "id", "run_id", "landed_run", "applied_run", "created_run", "changed_run", "batch_id", "delivery_id",
    "incident_id", "data_url", "task_id", "message_id", "response_code",
]  # fmt: skip
# A run that was cut off stays in the list of runs, and the next one is another run.
LEFT_OUT = {"crossdock.run", "crossdock.signing_key"}
_DRAWN_TEXT = re.compile(r'xd-[0-9a-f]{32}|/i/[\w.-]+|"ack:\d+"|"task_id": ?"[^"]*"')
_TIMES_OF_FILES = {"crossdock.batch", "crossdock.cursor"}
_BYTES = "payload"


class Scene:
    """A deployment as it stands now; whatever happens to it then, `restore` undoes.

    Args:
        hub: The deployment.
        aside: Folder for a copy of its files.
    """

    def __init__(self, hub: Hub, aside: Path) -> None:
        self._hub, self._kept = hub, aside
        self._engine = create_engine(hub.engine.url, isolation_level="AUTOCOMMIT")
        shutil.copytree(hub.path, self._kept)
        self._restore = "; ".join(["BEGIN", "SET LOCAL session_replication_role = replica", *self._keep(), "COMMIT"])

    @classmethod
    @contextmanager
    def of(cls, hub: Hub, aside: Path) -> Iterator["Scene"]:
        """The scene, for the length of a `with`."""
        scene = cls(hub, aside)
        try:
            yield scene
        finally:
            scene._engine.dispose()

    def _keep(self) -> Iterator[str]:
        """Copies every row aside; gives the statements that bring them back."""
        with self._engine.connect() as connection:
            connection.execute(text("CREATE SCHEMA kept"))
            for number, table in enumerate(metadata.sorted_tables):
                yield f"DELETE FROM {table.fullname}"
                if connection.scalar(text(f"SELECT EXISTS (SELECT FROM {table.fullname})")):
                    connection.execute(text(f"CREATE TABLE kept.t{number} AS TABLE {table.fullname}"))
                    yield f"INSERT INTO {table.fullname} OVERRIDING SYSTEM VALUE SELECT * FROM kept.t{number}"
            found = connection.execute(
                text("SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences")
            )
            for name, last in found.all():
                yield f"SELECT setval('{name}', {last or 1}, {last is not None})"

    def restore(self) -> None:
        """Brings files and tables back."""
        self._hub.engine.dispose()
        for path in self._hub.path.iterdir():  # the folder itself may be a disk of its own
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self._kept, self._hub.path, dirs_exist_ok=True)
        with self._engine.connect() as connection:
            connection.exec_driver_sql(self._restore, execution_options={"no_parameters": True})

    def wait_until_alone(self) -> None:
        """Returns when the server has noticed that everybody else is gone, and has finished what they had begun."""
        others = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with self._engine.connect() as connection:
            deadline = time.monotonic() + 10
            while connection.scalar(others):
                assert time.monotonic() < deadline
                time.sleep(0.005)

    def outcome(self, wecom: RunningWeCom | None = None) -> Outcome:
        """Every row but what is drawn, every file, what the landing zone holds of them, every phone."""
        seen: Outcome = {table.fullname: [] for table in metadata.sorted_tables if table.fullname not in LEFT_OUT}
        with self._engine.connect() as connection:
            rows = connection.execute(text(_everything(list(seen))), {"drawn": DRAWN})
            for name, row, url in rows:
                shown = _DRAWN_TEXT.sub("…", row)
                seen[name].append(re.sub(r"\d{12,}", "…", shown) if name in _TIMES_OF_FILES else shown)
                if url:
                    seen.setdefault("landed rows", []).append(_digest(Path(url)))
        seen["landed originals"] = [
            f"{path.stem} {_digest(path)}"
            for path in self._hub.path.glob(".crossdock/landing/**/original/*")
            if path.suffix != ".part"
        ]
        seen["files"] = [f"{name} {_digest(self._hub.inbox / name)}" for name in self._hub.files]
        if wecom:
            mine = ({k: v for k, v in one.items() if k not in {"msgid", "task_id"}} for one in wecom.records("inbox"))
            seen["phones"] = [_DRAWN_TEXT.sub("…", repr(one)) for one in mine]
        return {name: sorted(rows) for name, rows in seen.items()}


def _everything(names: list[str]) -> str:
    """One query for the rows of all tables, as JSON; a batch that was set aside counts as little as its run."""
    parts = []
    for name in names:
        columns = set(metadata.tables[name].columns.keys())
        text_of = (
            f" || jsonb_build_object('{_BYTES}', convert_from(t.{_BYTES}, 'UTF8')::json)" if _BYTES in columns else ""
        )
        url = "t.data_url" if "data_url" in columns else "NULL"
        where = " WHERE t.status <> 'superseded'" if name == "crossdock.batch" else ""
        parts.append(
            f"SELECT '{name}', (to_jsonb(t) - CAST(:drawn AS text[]){text_of})::text, {url} FROM {name} t{where}"
        )
    return " UNION ALL ".join(parts)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def decided(outcome: Outcome) -> Outcome:
    """What one transaction decides: all of it is there or nothing; landing and acknowledging have their own."""
    kept = {
        name: rows
        for name, rows in outcome.items()
        if name.startswith("canonical.")
        or name
        in {"crossdock.issue", "crossdock.change", "crossdock.held_row", "crossdock.run_entity", "crossdock.statement"}
    }
    batches = [row for row in outcome["crossdock.batch"] if '"status": "landed"' not in row]
    told = [re.sub(r'"is_acknowledged": \w+|"position": \{.*?\}+', "…", row) for row in outcome["crossdock.cursor"]]
    return {**kept, "crossdock.batch": batches, "crossdock.cursor": told}


def difference(found: Outcome, wanted: Outcome) -> dict[str, tuple[list[str], list[str]]]:
    """Table -> (rows too many, rows too few)."""
    apart = {}
    for name in sorted(found.keys() | wanted.keys()):
        left, right = found.get(name, []), wanted.get(name, [])
        if left != right:
            apart[name] = ([row for row in left if row not in right], [row for row in right if row not in left])
    return apart
