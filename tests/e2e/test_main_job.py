"""The main job, proven: a changed workbook becomes exactly one right card, through real Airflow processes.

Airflow starts once. The steps and what must be true after each stand in `crossdock/demo/story.py`; here they are played
through Airflow, counted once more, and then each link of the chain is taken out in turn: the job must then fail.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from canonical_model.errors import TransientError
from crossdock import incidents, pipeline
from crossdock.demo import workbooks
from crossdock.demo.airflow_site import Metadata, Site, airflow_version, running_site
from crossdock.demo.stage import Stage, open_stage
from crossdock.demo.story import LI_WEI, WANG_FANG, Direct, StepResult, Story
from crossdock.demo.with_airflow import ThroughAirflow
from crossdock.demo.workbooks import CHANGED
from crossdock.store import embedded
from crossdock.store.embedded import EmbeddedServer

pytestmark = [pytest.mark.e2e, pytest.mark.store, pytest.mark.airflow, pytest.mark.timeout(420)]

HEADER = [
    "PurchaseOrderID",
    "RevisionNumber",
    "Status",
    "EmployeeID",
    "VendorID",
    "ShipMethodID",
    "OrderDate",
    "ShipDate",
    "SubTotal",
    "TaxAmt",
    "Freight",
    "TotalDue",
    "ModifiedDate",
]
DETAIL = [
    "PurchaseOrderID",
    "PurchaseOrderDetailID",
    "DueDate",
    "OrderQty",
    "ProductID",
    "UnitPrice",
    "LineTotal",
    "ReceivedQty",
    "RejectedQty",
    "StockedQty",
    "ModifiedDate",
]


@dataclass
class Performance:
    """The running stage with Airflow, and how the story went."""

    stage: Stage
    site: Site
    runner: ThroughAirflow
    results: list[StepResult] = field(default_factory=list)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose embedded server goes with it."""
    folder = tmp_path_factory.mktemp("main-job")
    yield folder
    embedded.remove(folder / "home" / ".crossdock")


@pytest.fixture(scope="module")
def performance(folder: Path) -> Iterator[Performance]:
    """The whole story, played through Airflow from a fresh home."""
    airflow_home = folder / "airflow" / airflow_version()
    with EmbeddedServer.start(folder / "home" / ".crossdock") as server:
        metadata = Metadata(server, airflow_home)
        try:
            metadata.begin()
            metadata.finish()
        finally:
            metadata.close()
        with open_stage(folder / "home") as stage, running_site(server, airflow_home, stage.environment()) as site:
            played = Performance(stage, site, ThroughAirflow(stage, site))
            site.wait_until_up(lambda _: None)
            site.wait_for_dags(played.runner.dags, lambda _: None)
            Story(stage, played.runner).play(played.results.append, lambda _: None)
            yield played


def problems(results: list[StepResult]) -> list[str]:
    """Every expectation that did not hold, in words."""
    return [
        f"{result.title.en}: {problem}"
        for result in results
        for problem in [
            *(
                f"{check.what.en}: wanted {check.wanted}, found {check.found}"
                for check in result.checks
                if not check.holds
            ),
            *([result.problem.en] if result.problem else []),
        ]
    ]


@pytest.fixture
def samples_folder() -> Path | None:
    """The sample files, None where CROSSDOCK_SAMPLES names none; the job is proven without them, too."""
    named = os.environ.get("CROSSDOCK_SAMPLES")
    return Path(named) / "adventureworks" if named else None


def test_main_job(performance: Performance, samples_folder: Path | None) -> None:
    """One test, since everything plays on the one stage, in this order."""
    _the_story_holds(performance)
    _without_the_dag_nothing_is_told(performance)
    if samples_folder:
        _adventureworks_goes_the_same_way(performance, samples_folder)
    assert performance.site.failed_runs() == []


def _the_story_holds(performance: Performance) -> None:
    stage = performance.stage
    assert problems(performance.results) == []
    assert len(performance.results) == len(Story(stage, performance.runner).steps)

    # Counted once more, from the phones and the store, without the story's own words.
    first, second = stage.simulator.inbox(LI_WEI)
    assert all(words in str(first) for words in ("PO-18", "500→300", "3/1→3/5", "晚4天"))
    assert first["replace_name"] == "李伟 已知晓"
    assert all(words in str(second) for words in ("PO-18", "3/5→3/10", "晚5天"))
    (third,) = stage.simulator.inbox(WANG_FANG)
    assert all(words in str(third) for words in ("PO-21", "1200", "1000"))
    assert len(stage.simulator.group()) == 1
    assert len(stage.simulator.inbox()) == 4
    told = "SELECT count(*) FROM crossdock.alert WHERE status IN ('delivered', 'merged')"
    assert stage.count(told) == stage.count("SELECT sum(raised) FROM crossdock.alert_account") == 4
    assert stage.count("SELECT count(*) FROM crossdock.incident WHERE NOT is_baseline") == 3


def _without_the_dag_nothing_is_told(performance: Performance) -> None:
    stage, runner, site = performance.stage, performance.runner, performance.site
    before = len(stage.simulator.inbox())
    site.set_paused("crossdock_incidents", is_paused=True)
    try:
        orders = workbooks.first_orders(stage.today)
        line = next(line for line in orders if line.key == CHANGED)
        changed = workbooks.changed_orders(orders, CHANGED, quantity=250, due=line.due)
        workbooks.write_orders(stage.home.path / "inbox" / "erp" / "采购订单_再改.xlsx", changed, stage.today)
        site.wait_for_run("crossdock_erp", site.trigger("crossdock_erp"))
        with pytest.raises(TransientError, match="XD-TMP-054"):
            runner.settle(seconds=8)
        assert len(stage.simulator.inbox()) == before
    finally:
        site.set_paused("crossdock_incidents", is_paused=False)
    site.trigger("crossdock_incidents")
    runner.settle()
    assert len(stage.simulator.inbox()) == before + 1


def _adventureworks_goes_the_same_way(performance: Performance, samples: Path) -> None:
    stage, runner, site = performance.stage, performance.runner, performance.site
    before = len(stage.simulator.inbox(LI_WEI)) + len(stage.simulator.inbox(WANG_FANG))
    install_adventureworks(stage.home.path, samples)
    site.wait_for_dags(["crossdock_adventureworks"], lambda _: None)
    runner.run("adventureworks")

    lines = "FROM canonical.purchase_order_line WHERE source = 'adventureworks'"
    found = {
        "orders": stage.count("SELECT count(*) FROM canonical.purchase_order WHERE source = 'adventureworks'"),
        "lines": stage.count(f"SELECT count(*) {lines}"),
        "short": stage.count(f"SELECT count(*) {lines} AND received < ordered"),
        "with rejects": stage.count(f"SELECT count(*) {lines} AND rejected > 0"),
        "over": stage.count(f"SELECT count(*) {lines} AND received > ordered"),
    }
    assert found == {"orders": 4012, "lines": 8845, "short": 380, "with rejects": 563, "over": 0}
    # A first load is the baseline: hundreds of incidents, and not one card.
    assert len(stage.simulator.inbox(LI_WEI)) + len(stage.simulator.inbox(WANG_FANG)) == before


def install_adventureworks(home: Path, samples: Path) -> None:
    """The source file and the two files, which have no header and a tab between values."""
    inbox = home / "inbox" / "adventureworks"
    inbox.mkdir(parents=True)
    streams = {}
    for stream, name, names in (
        ("purchase_order", "PurchaseOrderHeader.csv", HEADER),
        ("purchase_order_line", "PurchaseOrderDetail.csv", DETAIL),
    ):
        shutil.copy(samples / name, inbox)
        config = {"files": name, "header": "none", "names": names, "delimiter": "\t", "minimum_age_seconds": 0.2}
        streams[stream] = {"config": config, "mapping": f"adventureworks/{stream}"}
    source = {
        "source": "adventureworks", "connector": "folder", "timezone": "America/Los_Angeles",
        "config": {"path": "inbox/adventureworks"}, "streams": streams,
    }  # fmt: skip
    (home / "sources" / "adventureworks.yaml").write_text(yaml.safe_dump(source), encoding="utf-8")


class Undelivered(Direct):
    """Without the outbox: rules are asked, and nobody sends."""

    def run(self, source: str) -> None:
        for stream in self.stage.home.source(source).streams:
            pipeline.sync(self.stage.home, self.stage.engine, source, stream)
        incidents.evaluate(self.stage.home, self.stage.engine)


def take_out_the_mapping(home: Path) -> None:
    path = home / "sources" / "erp.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("generic/purchase_order", "generic/none"), encoding="utf-8"
    )


def take_out_the_rule(home: Path) -> None:
    shipped = next(Path(incidents.__file__).parent.glob("rules/order_changed*.yaml"))
    (home / "rules").mkdir(exist_ok=True)
    text = shipped.read_text(encoding="utf-8")
    (home / "rules" / shipped.name).write_text(f"enabled: false\n{text}", encoding="utf-8")


def take_out_the_buyer(home: Path) -> None:
    path = home / "crossdock.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("E017", "E999").replace("李伟", "李未"), encoding="utf-8")


def leave_everything(home: Path) -> None:
    assert (home / "crossdock.yaml").is_file()


@pytest.mark.parametrize(
    ("alter", "runner", "said"),
    [
        (take_out_the_mapping, Direct, "First load: orders, replies, receipts: There is no mapping “generic/none”"),
        (take_out_the_rule, Direct, "An order changes: 500→300, 3/1→3/5: cards to LiWei: wanted 1, found 0"),
        (take_out_the_buyer, Direct, "An order changes: 500→300, 3/1→3/5: cards to LiWei: wanted 1, found 0"),
        (
            leave_everything,
            Undelivered,
            "First load: orders, replies, receipts: summaries in the group: wanted 1, found 0",
        ),
        (leave_everything, Direct, None),
    ],
    ids=["mapping", "rule", "routing", "outbox", "nothing"],
)
def test_taking_out_a_link_makes_the_job_fail(
    tmp_path_factory: pytest.TempPathFactory,
    alter: Callable[[Path], None],
    runner: type[Direct],
    said: str | None,
) -> None:
    home = tmp_path_factory.mktemp("taken-out") / "home"
    results: list[StepResult] = []
    try:
        with open_stage(home, alter=alter) as stage:
            holds = Story(stage, runner(stage)).play(results.append, lambda _: None)
    finally:
        embedded.remove(home / ".crossdock")

    assert holds is (said is None)
    assert any(problem.startswith(said) for problem in problems(results)) if said else problems(results) == []
