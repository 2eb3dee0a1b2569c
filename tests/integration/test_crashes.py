"""kill -9 at every commit, before it and after it; then a rerun gives what an undisturbed run gives."""

import multiprocessing
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from crossdock.pipeline import land
from crossdock.store.tables import metadata
from tests.integration import crashing
from tests.integration.hub import NOW, Hub, StoreServer, counts, order_row
from wecom_notify.testing import RunningWeCom, Switchboard

pytestmark = pytest.mark.store
MOST_COMMITS = 60

# what two runs cannot share, by column name: numbers from sequences and runs, names drawn at random
DRAWN = {
    "id", "run_id", "landed_run", "applied_run", "created_run", "changed_run", "batch_id", "delivery_id",
    "incident_id", "data_url", "task_id", "message_id", "response_code",
}  # fmt: skip
# A run that was killed stays in the list of runs, and the next one is another run.
LEFT_OUT = {"crossdock.run", "crossdock.signing_key"}
_DRAWN_TEXT = re.compile(r'xd-[0-9a-f]{32}|/i/[\w.-]+|"ack:\d+"|"task_id":"[^"]*"')


LEANEST = {
    "purchase_order": {"fields": {"order_number": "order_number", "buyer_contact": "buyer_contact"}},
    "purchase_order_line": {
        "fields": {"order_number": "order_number", "line_number": "line_number", "ordered": "quantity(ordered, 'EA')"}
    },
}

# Forked from a process that has everything imported and runs no thread: a start costs milliseconds.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.integration.crashing"])


def begin(hub: Hub, wecom: RunningWeCom) -> None:
    """A first load, and then news: a changed order, two of one key, a bad row, and a file that nobody can read."""
    hub.join(wecom)
    hub.settings(
        wecom={"base_url": wecom.url}, roles={"buyer": {"person_of": "buyer_contact"}, "owner": {"person": "wangwu"}}
    )
    hub.mapping("own/orders", LEANEST)
    hub.rule("few")
    hub.put("o1.csv", [order_row("PO-1"), order_row("PO-2", buyer="王五"), order_row("PO-3", buyer="Li Si")], at=NOW)
    assert counts(hub.sync())["created"] == 3
    hub.evaluate()
    at = NOW.replace(minute=45)
    changed = [
        order_row("PO-1", quantity="300"),
        order_row("PO-4", quantity="?"),
        order_row("PO-2", quantity="100", buyer="王五"),
    ]
    hub.put("o2.csv", changed, at=at)
    hub.put("o3.csv", [order_row("PO-3", buyer="Li Si", quantity="200")], at=at.replace(minute=46))
    hub.put_bytes("o4.csv", b"1,2,3\n4,5,6\n", at=at.replace(minute=47))
    hub.engine.dispose()


@dataclass
class Story:
    """A copy of a deployment in which news waits."""

    hub: Hub
    wecom: RunningWeCom

    @property
    def url(self) -> str:
        return self.hub.engine.url.render_as_string(hide_password=False)

    def run(self) -> None:
        crashing.run(self.hub.path, self.url)

    def die(self, commit: int, moment: str) -> bool:
        """Runs until it kills itself; whether it came through."""
        process = PROCESSES.Process(target=crashing.run_and_die, args=(self.hub.path, self.url, commit, moment))
        process.start()
        process.join(60)
        assert process.exitcode in {0, -signal.SIGKILL}
        return process.exitcode == 0

    def outcome(self) -> dict[str, Any]:
        """All that a reader could see afterwards: tables, files, phones."""
        tables = {}
        for table in metadata.sorted_tables:
            name = f"{table.schema}.{table.name}"
            if name not in LEFT_OUT:
                kept = [column.name for column in table.columns if column.name not in DRAWN]
                rows = self.hub.query(f"SELECT {', '.join(map(_quoted, kept))} FROM {name}")
                shown = (_shown(dict(zip(kept, row, strict=True))) for row in rows)
                tables[name] = sorted(row.replace(str(self.hub.path), "") for row in shown)
        phones = [
            _shown({k: v for k, v in m.items() if k not in {"msgid", "task_id"}}) for m in self.wecom.records("inbox")
        ]
        return {"tables": tables, "files": self.hub.files, "phones": sorted(phones)}


def _quoted(name: str) -> str:
    return f'"{name}"'


def _shown(row: dict[str, Any]) -> str:
    if isinstance(row.get("payload"), bytes):
        row["payload"] = row["payload"].decode()
    if "position" in row or "cursor" in row:  # times at which files came to lie there
        row = {name: re.sub(r"\d{12,}", "…", str(value)) for name, value in row.items()}
    return _DRAWN_TEXT.sub("…", repr(row))


@pytest.fixture
def stories(
    hub: Hub, store_server: StoreServer, tmp_path: Path, wecom: RunningWeCom, _wecom_server: tuple[Switchboard, str]
) -> Iterator[Iterator[Story]]:
    """As many equal stories as are asked for, each with a store, a home and a corp of its own, one at a time."""
    begin(hub, wecom)
    board, url = _wecom_server

    def make() -> Iterator[Story]:
        for number in count():
            copy = tmp_path / f"copy{number}"
            shutil.copytree(hub.path, copy)
            with store_server.fresh(str(hub.engine.url.database)) as engine:
                one = Hub.__new__(Hub)
                one.path, one.engine = copy, engine
                yield Story(one, board.fresh(url))

    made = make()
    yield made
    made.close()  # type: ignore[attr-defined]  # a generator


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.timeout(240)
def test_a_kill_at_any_commit_and_a_rerun_give_what_an_undisturbed_run_gives(
    stories: Iterator[Story], moment: str
) -> None:
    undisturbed = next(stories)
    undisturbed.run()
    wanted = undisturbed.outcome()
    assert wanted["files"] == [
        "done/o1.csv",
        "done/o2.csv",
        "done/o3.csv",
        "failed/o4.csv",
        "failed/o4.csv.reason.txt",
    ]
    assert len(wanted["phones"]) == 3
    assert len(wanted["tables"]["crossdock.incident"]) == 3
    killed = 0
    for commit in range(1, MOST_COMMITS):
        story = next(stories)
        came_through = story.die(commit, moment)
        if not came_through:
            killed += 1
            story.run()
        found = story.outcome()
        where = f"after a kill {moment} commit {commit}"
        for name, rows in wanted["tables"].items():
            assert set(found["tables"][name]) ^ set(rows) == set(), f"{name} {where}"
            assert found["tables"][name] == rows, f"{name} {where}"
        assert found["files"] == wanted["files"], where
        assert found["phones"] == wanted["phones"], where
        if came_through:
            break
    else:
        pytest.fail("no run came through untouched")
    assert killed > 10


def test_the_comparison_sees_a_row_that_is_missing(stories: Iterator[Story]) -> None:
    story = next(stories)
    before = story.outcome()
    story.hub.do("DELETE FROM canonical.purchase_order WHERE key = 'PO-1'")
    assert story.outcome() != before


def test_what_was_landed_is_not_landed_again(hub: Hub) -> None:
    hub.put("a.csv", [order_row()])
    land(hub.home, hub.engine, "erp", "orders", clock=hub.clock)
    land(hub.home, hub.engine, "erp", "orders", clock=hub.clock)
    with hub.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM crossdock.batch")) == 1
    assert counts(hub.sync()) == {"read": 1, "created": 1}
