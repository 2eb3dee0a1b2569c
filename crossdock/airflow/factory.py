"""DAGs made from a deployment's files: one for each source, one each for incidents, delivery and retention.

    crossdock_<source>     <stream>.land → <stream>.apply ──▶ Asset postgres://<store>/crossdock/canonical/<entity>
    crossdock_incidents    evaluate (any of these, and hourly) ──▶ Asset postgres://<store>/crossdock/crossdock/alert
    crossdock_delivery     deliver (that one, and every two minutes for what is to be tried again)
    crossdock_retention    prune (nightly; only where crossdock.yaml has a `retention:`)

The parser loads this every half minute: it reads YAML, and never a database, a network or a connection.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict, cast

from airflow.sdk import (
    DAG,
    Asset,
    AssetAny,
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    MultipleCronTriggerTimetable,
    RetryAction,
    RetryRule,
    TaskGroup,
    get_parsing_context,
    task,
)

from canonical_model.errors import TransientError
from crossdock.airflow import tasks
from crossdock.home import Home, Retention, SourceFile
from mappings.spec import find_mapping

START = datetime(2026, 1, 1, tzinfo=UTC)
INCIDENTS_CRON = "7 * * * *"  # clock rules; not at :00 or :30, when everybody else runs
DELIVERY_CRON = "1-59/2 * * * *"  # what WeCom could not take is tried again; odd minutes, so never :00 or :30
RETENTION_CRON = "17 3 * * *"  # in the deployment's zone, when few syncs run
POOL_SLOTS = 2
RETRIES = 2


class _Effort(TypedDict):
    retries: int
    retry_delay: timedelta
    retry_policy: ExceptionRetryPolicy


def pools(home: Home) -> Mapping[str, int]:
    """Pool -> slots that the DAGs of a deployment need; Airflow never runs a task whose pool does not exist."""
    return {pool_name(source): POOL_SLOTS for source in home.sources}


def pool_name(source: str) -> str:
    """The pool that bounds how many tasks speak to a source at once."""
    return f"crossdock_{source}"


def build_dags(home_path: Path | None = None) -> dict[str, DAG]:
    """DAG id -> DAG for everything that the deployment's folder declares.

    Args:
        home_path: The folder; else CROSSDOCK_HOME.

    Raises:
        ConfigError: crossdock.yaml or a source is wrong; Airflow shows the sentence as import error.
        MappingError: A mapping is missing or wrong.
    """
    home = Home.find(home_path)
    wanted = get_parsing_context().dag_id  # a task's process needs only its own DAG
    builders = {
        **{f"crossdock_{name}": (_source_dag, name) for name in home.sources},
        "crossdock_incidents": (_incidents_dag, ""),
        "crossdock_delivery": (_delivery_dag, ""),
    }
    if home.settings.retention != Retention():
        builders["crossdock_retention"] = (_retention_dag, "")
    return {dag_id: build(home, dag_id, name) for dag_id, (build, name) in builders.items() if wanted in (None, dag_id)}


def entity_asset(home: Home, entity: str) -> Asset:
    """The asset of an entity's canonical table, named by the store's lasting name."""
    return Asset(name=f"canonical.{entity}", uri=f"postgres://{home.settings.store_name}/crossdock/canonical/{entity}")


def alert_asset(home: Home) -> Asset:
    """The asset of the outbox."""
    return Asset(name="crossdock.alert", uri=f"postgres://{home.settings.store_name}/crossdock/crossdock/alert")


def stream_entities(home: Home, source: str, stream: str) -> list[str]:
    """The entities that the mappings of a stream state."""
    names = home.stream(source, stream).mappings
    return sorted({entity for name in names for entity in find_mapping(name, home.mappings).entities})


def _source_dag(home: Home, dag_id: str, source: str) -> DAG:
    spec = home.source(source)
    crons = _crons(spec)
    dag = DAG(
        dag_id=dag_id,
        description=spec.title or source,
        schedule=_timetable(crons, home.timezone(source)),
        start_date=START,
        catchup=False,
        max_active_runs=1,
        tags={"crossdock", "source"},
        doc_md=f"`sources/{source}.yaml`",
    )
    with dag:
        for stream in spec.streams:
            cron = spec.streams[stream].schedule
            outlets = [entity_asset(home, entity) for entity in stream_entities(home, source, stream)]
            with TaskGroup(stream):
                run_id = task(task_id="land", pool=pool_name(source), **_effort())(tasks.land)(
                    str(home.path), source, stream, cron if len(crons) > 1 else None
                )
                task(task_id="apply", pool=pool_name(source), outlets=outlets, **_effort())(tasks.apply)(
                    str(home.path),
                    cast(int, run_id),  # an XCom, the number once it runs
                )
    return dag


def _crons(spec: SourceFile) -> list[str]:
    """The schedules of a source's streams, each once: the DAG runs at all of them, each stream at its own."""
    return sorted({stream.schedule for stream in spec.streams.values() if stream.schedule})


def _timetable(crons: Sequence[str], timezone: str) -> CronTriggerTimetable | MultipleCronTriggerTimetable | None:
    if len(crons) > 1:
        return MultipleCronTriggerTimetable(*crons, timezone=timezone)
    return CronTriggerTimetable(crons[0], timezone=timezone) if crons else None


def _incidents_dag(home: Home, dag_id: str, _: str) -> DAG:
    entities = sorted(
        {e for s, spec in home.sources.items() for stream in spec.streams for e in stream_entities(home, s, stream)}
    )
    hourly = CronTriggerTimetable(INCIDENTS_CRON, timezone="UTC")
    dag = DAG(
        dag_id=dag_id,
        description="规则、异常事件 · rules and incidents",
        schedule=AssetOrTimeSchedule(timetable=hourly, assets=AssetAny(*(entity_asset(home, e) for e in entities)))
        if entities
        else hourly,
        start_date=START,
        catchup=False,
        max_active_runs=1,
        tags={"crossdock"},
    )
    with dag:
        task(task_id="evaluate", outlets=[alert_asset(home)], **_effort())(tasks.evaluate)(str(home.path))
    return dag


def _delivery_dag(home: Home, dag_id: str, _: str) -> DAG:
    dag = DAG(
        dag_id=dag_id,
        description="发送企业微信消息 · WeCom messages",
        schedule=AssetOrTimeSchedule(
            timetable=CronTriggerTimetable(DELIVERY_CRON, timezone="UTC"), assets=AssetAny(alert_asset(home))
        ),
        start_date=START,
        catchup=False,
        max_active_runs=1,
        tags={"crossdock"},
    )
    with dag:
        task(task_id="deliver", **_effort())(tasks.deliver)(str(home.path))
    return dag


def _retention_dag(home: Home, dag_id: str, _: str) -> DAG:
    dag = DAG(
        dag_id=dag_id,
        description="清理过了保留期的落地文件和历史 · landed files and history that have had their time",
        schedule=CronTriggerTimetable(RETENTION_CRON, timezone=home.settings.timezone),
        start_date=START,
        catchup=False,
        max_active_runs=1,
        tags={"crossdock"},
        doc_md="`retention:` · `crossdock.yaml`",
    )
    with dag:
        task(task_id="prune", **_effort())(tasks.prune)(str(home.path))
    return dag


def _effort() -> _Effort:
    """The pipeline itself retries within seconds; here only what may be well minutes later, and lost workers."""
    rules = [
        RetryRule(exception=TransientError, action=RetryAction.RETRY, reason="a later try may succeed"),
        RetryRule(
            exception=Exception, action=RetryAction.FAIL, reason="another try would fail alike, and locks accounts"
        ),
    ]
    return {"retries": RETRIES, "retry_delay": timedelta(minutes=3), "retry_policy": ExceptionRetryPolicy(rules=rules)}
