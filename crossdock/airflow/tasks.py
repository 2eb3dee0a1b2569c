"""What the generated tasks run: one call into the pipeline each, with the connections that Airflow keeps.

Everything heavy is imported inside the functions: the scheduler's parser loads this module every half minute.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from canonical_model.clock import utc_now
from crossdock.airflow.connections import airflow_connection
from crossdock.home import Home

if TYPE_CHECKING:
    from sqlalchemy import Engine


def land(home: str, source: str, stream: str, cron: str | None = None) -> int:
    """Lands what is new in a stream and gives the number of the run, all that travels between the tasks.

    Args:
        home: The deployment's folder.
        source: Source id.
        stream: Stream name.
        cron: The stream's own schedule, where the DAG's other streams have another one: then a scheduled run passes
            over the stream until one of its own moments has come.

    Raises:
        AirflowSkipException: It is not this stream's turn.
        CrossdockError: The source cannot be read.
    """
    from crossdock import pipeline
    from crossdock.store.database import open_store

    kind = get_current_context()["dag_run"].run_type
    deployment = Home.find(Path(home), airflow_connection)
    with open_store(deployment) as engine:
        if cron and kind == "scheduled" and not _is_due(engine, deployment, source, stream, cron):
            raise AirflowSkipException(f"{source}.{stream}: 还没到时间 / not due yet ({cron})")
        # old news of a backfill: the evaluation takes it in without telling anybody
        return pipeline.land(deployment, engine, source, stream, kind="backfill" if kind == "backfill" else "sync")


def apply(home: str, number: int) -> None:
    """Maps and merges what was landed.

    Args:
        home: The deployment's folder.
        number: The run, as `land` gave it; `run_id` is a name that Airflow keeps for itself.

    Raises:
        AirflowSkipException: There was nothing new, so nobody downstream is to be woken.
        CrossdockError: Nothing was written; what was landed waits for the next run.
    """
    from crossdock import pipeline
    from crossdock.store.database import open_store

    deployment = Home.find(Path(home), airflow_connection)
    with open_store(deployment) as engine:
        report = pipeline.apply(deployment, engine, number)
    for counts in report.entities:
        print(counts)  # noqa: T201  # the task's log in Airflow
    if report.status == "idle":
        raise AirflowSkipException(f"{report.source}.{report.stream}: 没有新内容 / nothing new")


def evaluate(home: str) -> None:
    """Asks the rules about everything since the last evaluation.

    Raises:
        CrossdockError: A rule is wrong, or the store is gone; nothing was written.
    """
    from crossdock import incidents
    from crossdock.store.database import open_store

    deployment = Home.find(Path(home), airflow_connection)
    with open_store(deployment) as engine:
        found = incidents.evaluate(deployment, engine)
    print(found)  # noqa: T201  # the task's log in Airflow
    if not (found.alerts or found.resolved):
        raise AirflowSkipException("没有要提醒的 / nothing to tell")


def deliver(home: str) -> None:
    """Sends what waits in the outbox; what WeCom refuses is recorded and never fails the task.

    Raises:
        CrossdockError: A setting is wrong, or the store is gone.
    """
    from crossdock import delivery
    from crossdock.store.database import open_store

    deployment = Home.find(Path(home), airflow_connection)
    with open_store(deployment) as engine:
        print(delivery.deliver(deployment, engine))  # noqa: T201  # the task's log in Airflow


def prune(home: str) -> None:
    """Removes landed files and history that have had their time.

    Raises:
        AirflowSkipException: Nothing is that old.
        CrossdockError: A setting is wrong, or the store is gone; nothing was removed.
    """
    from crossdock.pipeline.retention import prune as remove
    from crossdock.store.database import open_store

    deployment = Home.find(Path(home), airflow_connection)
    with open_store(deployment) as engine:
        gone = remove(deployment, engine)
    print(gone)  # noqa: T201  # the task's log in Airflow
    if not (gone.batches or gone.partitions):
        raise AirflowSkipException("没有过期的 / nothing is past its time")


_QUARTERLY = {"@quarterly": "0 0 1 */3 *"}
"""What Airflow calls so and croniter does not know."""


def _is_due(engine: "Engine", home: Home, source: str, stream: str, cron: str) -> bool:
    """Whether a moment of `cron` has passed since the stream was last read."""
    from zoneinfo import ZoneInfo

    from croniter import croniter  # type: ignore[import-untyped]  # it ships no types
    from sqlalchemy import func, select

    from crossdock.store.tables import run

    ended = run.c.status.in_(("succeeded", "parked", "idle"))  # a try that failed has read nothing
    mine = (run.c.source == source, run.c.stream == stream, run.c.kind != "replay")  # which reads what was landed
    last = select(func.max(run.c.started_at)).where(*mine, ended)
    with engine.connect() as connection:
        before = connection.scalar(last)
    now = utc_now().astimezone(ZoneInfo(home.timezone(source)))
    return before is None or before < croniter(_QUARTERLY.get(cron, cron), now).get_prev(type(now))
