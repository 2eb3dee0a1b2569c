"""The tasks themselves, called as Airflow calls them, over a real store."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, text

from canonical_model.clock import utc_now
from crossdock.demo import workbooks
from crossdock.pipeline.runs import begin_run, end_run

HOME = Path(__file__).resolve().parents[2] / "crossdock" / "demo" / "home"
TODAY = datetime(2026, 11, 22, tzinfo=UTC).date()

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.store,
    pytest.mark.filterwarnings("ignore"),  # Airflow's own warnings are not ours to raise
]


@pytest.fixture
def home(tmp_path: Path, fresh_store: Engine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's home with one order list in the inbox, over a fresh store."""
    if "airflow" not in sys.modules:
        place = tempfile.mkdtemp(prefix="crossdock-airflow-")
        os.environ.update(AIRFLOW_HOME=place, AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{place}/none.db")
    folder = tmp_path / "home"
    shutil.copytree(HOME, folder)
    (folder / "inbox" / "suppliers").mkdir(parents=True)
    path = folder / "inbox" / "erp" / "采购订单.xlsx"
    workbooks.write_orders(path, workbooks.first_orders(TODAY), TODAY)
    os.utime(path, (1, 1))
    source = folder / "sources" / "erp.yaml"
    source.write_text(
        source.read_text(encoding="utf-8").replace("minimum_age_seconds: 0.2", "minimum_age_seconds: 0"),
        encoding="utf-8",
    )
    monkeypatch.setenv("CROSSDOCK_DATABASE_URL", fresh_store.url.render_as_string(hide_password=False))
    return folder


@pytest.fixture
def run_type(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Says what kind of DAG run this is."""

    def choose(kind: str) -> None:
        from crossdock.airflow import tasks

        monkeypatch.setattr(tasks, "get_current_context", lambda: {"dag_run": SimpleNamespace(run_type=kind)})

    return choose


def status(engine: Engine, number: int) -> tuple[str, str]:
    with engine.connect() as connection:
        return tuple(
            connection.execute(text("SELECT kind, status FROM crossdock.run WHERE id = :id"), {"id": number}).one()
        )


def test_land_gives_a_number_and_apply_stores_what_it_landed(
    home: Path, run_type: Callable[[str], None], fresh_store: Engine
) -> None:
    from crossdock.airflow import tasks

    run_type("manual")
    number = tasks.land(str(home), "erp", "purchase_orders")
    tasks.apply(str(home), number)

    assert status(fresh_store, number) == ("sync", "succeeded")


def test_an_idle_run_is_skipped_so_that_it_wakes_nobody(home: Path, run_type: Callable[[str], None]) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from crossdock.airflow import tasks

    run_type("manual")
    number = tasks.land(str(home), "suppliers", "order_responses")
    with pytest.raises(AirflowSkipException):
        tasks.apply(str(home), number)


def test_a_backfill_is_marked_as_one_so_that_nobody_is_told(
    home: Path, run_type: Callable[[str], None], fresh_store: Engine
) -> None:
    from crossdock.airflow import tasks

    run_type("backfill")
    number = tasks.land(str(home), "erp", "purchase_orders")
    tasks.apply(str(home), number)

    assert status(fresh_store, number) == ("backfill", "succeeded")


def test_a_stream_with_its_own_schedule_waits_for_its_turn(
    home: Path, run_type: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, fresh_store: Engine
) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from crossdock.airflow import tasks

    replayed = begin_run(
        fresh_store, "erp", "purchase_orders", utc_now, "replay"
    )  # reads what was landed, not the source
    with fresh_store.begin() as connection:
        end_run(connection, replayed, "succeeded", utc_now(), is_baseline=False)
    run_type("scheduled")
    number = tasks.land(str(home), "erp", "purchase_orders", "0 6 1 1 *")  # it was never read, so it is due
    # a worker that was killed has read nothing: the next try is due, too
    assert tasks.land(str(home), "erp", "purchase_orders", "0 6 1 1 *") > number
    with suppress(AirflowSkipException):
        tasks.apply(str(home), number)
    with pytest.raises(AirflowSkipException, match="not due"):
        tasks.land(str(home), "erp", "purchase_orders", "0 6 1 1 *")
    monkeypatch.setattr(tasks, "utc_now", lambda: datetime(2099, 1, 2, tzinfo=UTC))
    tasks.land(str(home), "erp", "purchase_orders", "@quarterly")  # its moment has passed since
    run_type("manual")
    tasks.land(str(home), "erp", "purchase_orders", "0 6 1 1 *")  # by hand it is always read


def test_evaluate_with_nothing_to_tell_is_skipped(home: Path) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from crossdock.airflow import tasks

    with pytest.raises(AirflowSkipException):
        tasks.evaluate(str(home))


def test_what_has_had_its_time_is_removed_and_nothing_else(
    home: Path, run_type: Callable[[str], None], fresh_store: Engine
) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    from crossdock.airflow import tasks

    settings = home / "crossdock.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + "retention: {landing_days: 30}\n", encoding="utf-8")
    run_type("manual")
    tasks.apply(str(home), tasks.land(str(home), "erp", "purchase_orders"))
    with pytest.raises(AirflowSkipException):
        tasks.prune(str(home))
    with fresh_store.begin() as connection:
        connection.execute(text("UPDATE crossdock.batch SET landed_at = landed_at - interval '31 days'"))
    tasks.prune(str(home))

    with fresh_store.connect() as connection:
        assert connection.scalars(text("SELECT DISTINCT status FROM crossdock.batch")).all() == ["expired"]
