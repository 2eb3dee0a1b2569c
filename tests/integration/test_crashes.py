"""kill -9 at every commit, before it and after it, and at random moments; then a rerun gives what an undisturbed run gives."""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from crossdock.pipeline import land
from tests.integration import crashing
from tests.integration.hub import LEANEST, NOW, Hub, counts, order_row
from tests.integration.scene import Outcome, Scene, decided, difference
from wecom_notify.testing import RunningWeCom, Switchboard

pytestmark = pytest.mark.store
MOST_COMMITS = 60
FEW_KILLS, MANY_KILLS = 10, int(os.environ.get("CROSSDOCK_KILLS", "100"))
LONGEST_SECONDS = 60.0


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
    """A deployment in which news waits; it can be told again and again."""

    hub: Hub
    scene: Scene
    board: Switchboard
    wecom: RunningWeCom

    @property
    def url(self) -> str:
        return self.hub.engine.url.render_as_string(hide_password=False)

    def begin_again(self) -> None:
        self.scene.restore()
        self.wecom = self.board.fresh(self.wecom.url)

    def run(self) -> None:
        crashing.run(self.hub.path, self.url)

    def die_at(self, commit: int, moment: str) -> bool:
        return crashing.die_at(self.hub.path, self.url, commit, moment)

    def die_after(self, seconds: float) -> tuple[bool, float]:
        return crashing.die_after(self.hub.path, self.url, seconds)

    def outcome(self) -> Outcome:
        return self.scene.outcome(self.wecom)


@pytest.fixture
def story(hub: Hub, wecom: RunningWeCom, _wecom_server: tuple[Switchboard, str], tmp_path: Path) -> Iterator[Story]:
    begin(hub, wecom)
    board, url = _wecom_server
    with Scene.of(hub, tmp_path / "kept") as scene:
        yield Story(hub, scene, board, board.fresh(url))


@pytest.mark.parametrize(
    ("moment", "step"),
    [
        ("after", 3),
        pytest.param("after", 1, marks=pytest.mark.e2e),
        pytest.param("before", 1, marks=pytest.mark.e2e),
    ],
)
@pytest.mark.timeout(240)
def test_a_kill_at_any_commit_and_a_rerun_give_what_an_undisturbed_run_gives(
    story: Story, moment: str, step: int
) -> None:
    story.run()
    wanted = story.outcome()
    assert [row.split()[0] for row in wanted["files"]] == [
        "done/o1.csv",
        "done/o2.csv",
        "done/o3.csv",
        "failed/o4.csv",
        "failed/o4.csv.reason.txt",
    ]
    assert len(wanted["phones"]) == 3
    assert len(wanted["crossdock.incident"]) == 3
    killed = 0
    for commit in range(1, MOST_COMMITS, step):
        story.begin_again()
        came_through = story.die_at(commit, moment)
        if not came_through:
            killed += 1
            story.run()
        assert difference(story.outcome(), wanted) == {}, f"after a kill {moment} commit {commit}"
        if came_through:
            break
    else:
        pytest.fail("no run came through untouched")
    assert killed > 10 / step


def check_random_kills(story: Story, kills: int) -> None:
    before = story.outcome()
    came_through, usual = story.die_after(LONGEST_SECONDS)
    assert came_through
    wanted = story.outcome()
    chance = random.Random(kills)
    killed, lengths = 0, [usual]
    for number in range(kills):
        story.begin_again()
        seconds = chance.uniform(0, sorted(lengths)[len(lengths) // 2])
        came_through, took = story.die_after(seconds)
        story.scene.wait_until_alone()
        where = f"kill {number} after {seconds:.4f} s"
        if came_through:
            lengths.append(took)
        else:
            killed += 1
            assert decided(story.outcome()) in (decided(before), decided(wanted)), where
            story.run()
        assert difference(story.outcome(), wanted) == {}, where
    assert killed > kills / 2


@pytest.mark.timeout(240)
def test_a_kill_at_a_random_moment_and_a_rerun_give_what_an_undisturbed_run_gives(story: Story) -> None:
    check_random_kills(story, FEW_KILLS)


@pytest.mark.e2e
@pytest.mark.timeout(3600)
def test_many_kills_at_random_moments_do_no_harm(story: Story) -> None:
    """CROSSDOCK_KILLS=1000 asks for more of them."""
    check_random_kills(story, MANY_KILLS)


def test_the_comparison_sees_a_row_that_is_missing_and_a_file_that_is_another(story: Story) -> None:
    before = story.outcome()
    story.hub.do("DELETE FROM canonical.purchase_order WHERE key = 'PO-1'")
    story.hub.put("o3.csv", [order_row("PO-3", quantity="201")])

    after = story.outcome()

    assert list(difference(before, after)) == ["canonical.purchase_order", "files"]
    assert decided(after) != decided(before)
    story.begin_again()
    assert difference(story.outcome(), before) == {}


def test_what_was_landed_is_not_landed_again(hub: Hub) -> None:
    hub.put("a.csv", [order_row()])
    land(hub.home, hub.engine, "erp", "orders", clock=hub.clock)
    land(hub.home, hub.engine, "erp", "orders", clock=hub.clock)
    with hub.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM crossdock.batch")) == 1
    assert counts(hub.sync()) == {"read": 1, "created": 1}
