"""Each database and file operation of a run fails once; a rerun then gives what an undisturbed run gives."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

import pytest

from canonical_model.errors import CrossdockError
from canonical_model.language import Language
from crossdock.pipeline import RunReport, sync
from tests.integration.failing import Fault, failing_disk, lost_answer, lost_connection
from tests.integration.hub import LEANEST, NOW, Hub, StoreServer, counts, order_row
from tests.integration.scene import Outcome, Scene, decided, difference

pytestmark = [pytest.mark.store, pytest.mark.timeout(300)]
MOST_OPERATIONS = 400
LATER = NOW.replace(hour=3)


def begin(hub: Hub) -> None:
    """A first load; then changed and new orders, a rejected row, one key twice, and a file that nobody can read."""
    hub.mapping("own/orders", LEANEST)
    hub.put("o1.csv", [order_row("PO-1"), order_row("PO-2", buyer="王五")], at=NOW)
    assert counts(hub.sync())["created"] == 2
    news = [
        order_row("PO-1", quantity="300"),
        order_row("PO-3", quantity="?"),
        order_row("PO-2", line="20"),
        order_row("PO-2", line="20", quantity="70"),
    ]
    hub.put("o2.csv", news, at=NOW.replace(minute=45))
    hub.put_bytes("o3.csv", b"1,2,3\n4,5,6\n", at=NOW.replace(minute=46))
    hub.engine.dispose()


def run(hub: Hub) -> RunReport:
    def clock() -> datetime:
        return LATER

    return sync(hub.home, hub.engine, "erp", "orders", clock=clock)


@pytest.fixture
def scene(hub: Hub, tmp_path: Path) -> Iterator[Scene]:
    begin(hub)
    with Scene.of(hub, tmp_path / "kept") as scene:
        yield scene


def check_sentence(error: CrossdockError) -> None:
    for language in Language:
        said = error.render(language)
        assert said.startswith("[XD-")
        assert "\n" not in said
        assert not any(word in said for word in ("Error", "psycopg", "sqlalchemy", "Errno", "Traceback")), said


def check_operations(
    hub: Hub, scene: Scene, failing: Callable[[int], AbstractContextManager[Fault]], *, step: int = 1
) -> list[str]:
    """Fails each operation in turn, or every third; gives what the errors said.

    Where two failures leave the very same state behind, it is gone on from once.
    """
    before = scene.outcome()
    run(hub)
    wanted = scene.outcome()
    assert difference(decided(before), decided(wanted)) != {}
    continued: list[Outcome] = []
    sentences = []
    for number in range(1, MOST_OPERATIONS, step):
        scene.restore()
        error = None
        with failing(number) as fault:
            try:
                run(hub)
            except CrossdockError as raised:
                error = raised
                check_sentence(raised)
                sentences.append(raised.render(Language.EN))
        hub.engine.dispose()
        scene.wait_until_alone()
        left = scene.outcome()
        if not fault.has_struck:
            assert error is None
            assert difference(left, wanted) == {}
            return sentences
        where = f"operation {number}, {fault.said[number - 1]}, {error}"
        if error is None:
            assert difference(left, wanted) == {}, where
            continue
        assert decided(left) in (decided(before), decided(wanted)), where
        if left not in continued:
            continued.append(left)
            run(hub)
            assert difference(scene.outcome(), wanted) == {}, where
    pytest.fail("no run came through untouched")


# Every operation in turn takes a minute, so `make test` takes every fourth; most are of one transaction.
@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.e2e)])
def test_a_run_whose_connection_is_lost_at_any_operation_is_whole_or_not_at_all(
    hub: Hub, scene: Scene, store_server: StoreServer, step: int
) -> None:
    sentences = check_operations(
        hub, scene, lambda number: lost_connection(hub.engine, store_server.admin, number), step=step
    )

    assert len(sentences) > 60 / step
    assert {sentence[:11] for sentence in sentences} == {"[XD-TMP-002"}


def test_a_commit_whose_answer_is_lost_is_neither_lost_nor_done_twice(hub: Hub, scene: Scene) -> None:
    assert len(check_operations(hub, scene, lost_answer)) > 5


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.e2e)])
def test_a_run_whose_disk_fails_at_any_operation_is_whole_or_not_at_all(hub: Hub, scene: Scene, step: int) -> None:
    sentences = check_operations(hub, scene, lambda number: failing_disk(hub.path, number), step=step)

    assert len(sentences) > 45 / step
    said = {sentence[:11] for sentence in sentences}
    unread = {"[XD-CFG-004", "[XD-MAP-001"}  # a settings or mapping file on that disk
    assert {"[XD-STO-004", "[XD-STO-005"} <= said <= {"[XD-STO-004", "[XD-STO-005", *unread}
    assert any("Free some space" in sentence for sentence in sentences)
