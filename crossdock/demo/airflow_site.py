"""A whole Airflow beside us: its metadata in the embedded server, its processes on a leash, spoken to by REST.

Nothing here imports Airflow; it costs seconds, and the demonstration lies below it.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import cast

import requests
from sqlalchemy import Engine, create_engine, text

from canonical_model.errors import ConfigError, TransientError
from canonical_model.language import Text
from canonical_model.text import JsonValue, parse_json
from crossdock.demo.processes import Child, free_ports
from crossdock.store.embedded import EmbeddedServer

DAGS = Path(__file__).resolve().parents[2] / "dags"
DATABASE = "airflow"
START_SECONDS = 240.0
RUN_SECONDS = 240.0
_POLL_SECONDS = 0.5
_COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")

Tell = Callable[[Text], None]
Row = Mapping[str, JsonValue]


def airflow_version() -> str:
    """The version of Airflow that is installed.

    Raises:
        ConfigError (XD-CFG-070): None is, or this is no clone of the project.
    """
    try:
        found = version("apache-airflow")
    except PackageNotFoundError:
        raise ConfigError(
            Text("没有安装 Apache Airflow。", "Apache Airflow is not installed."),
            hint=Text(
                "请运行 make demo，或 pip install 'crossdock[airflow]'。",
                "Run make demo, or pip install 'crossdock[airflow]'.",
            ),
            code="XD-CFG-085",
        ) from None
    if not DAGS.is_dir():
        raise ConfigError(
            Text("找不到 dags/ 文件夹。", "There is no folder dags/."),
            where=str(DAGS),
            hint=Text("请在项目的克隆里运行 make demo。", "Run make demo in a clone of the project."),
            code="XD-CFG-086",
        )
    return found


class Metadata:
    """Airflow's metadata database: migrated once for each version, then copied for each performance.

    Args:
        server: The embedded server.
        folder: Folder for Airflow's files of this version.
    """

    def __init__(self, server: EmbeddedServer, folder: Path) -> None:
        self._server, self._folder = server, folder
        self._template = "airflow_" + re.sub(r"\W", "_", folder.name)
        self._migration: Child | None = None

    def begin(self) -> None:
        """Begins to migrate in the background, where that has not been done for this version."""
        with _admin(self._server) as engine, engine.connect() as connection:
            if connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": self._template}):
                return
            connection.execute(text(f"DROP DATABASE IF EXISTS {self._template}_draft WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {self._template}_draft"))
        environment = site_environment(self._server, f"{self._template}_draft", self._folder, [0, 0, 0])
        log = self._folder / "migrate.log"
        self._migration = Child("airflow db migrate", [_airflow(), "db", "migrate"], environment=environment, log=log)

    def finish(self) -> None:
        """Waits for the migration and makes a fresh copy of its result.

        Raises:
            ChildError: The migration failed.
        """
        if self._migration:
            self._migration.wait()
            self._migration = None
        with _admin(self._server) as engine, engine.connect() as connection:
            draft = {"name": f"{self._template}_draft"}
            if connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), draft):
                connection.execute(text(f"ALTER DATABASE {self._template}_draft RENAME TO {self._template}"))
            connection.execute(text(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {DATABASE} TEMPLATE {self._template}"))

    def close(self) -> None:
        """Ends a migration that is still under way."""
        if self._migration:
            self._migration.stop()


@contextmanager
def _admin(server: EmbeddedServer) -> Iterator[Engine]:
    engine = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    try:
        yield engine
    finally:
        engine.dispose()


def _airflow() -> str:
    return str(Path(sys.executable).with_name("airflow"))


def site_environment(server: EmbeddedServer, database: str, folder: Path, ports: Sequence[int]) -> dict[str, str]:
    """All variables of Airflow's processes: ours, without what the user has set for another Airflow or deployment.

    Args:
        server: The embedded server, reached by its socket.
        database: Database of the metadata.
        folder: AIRFLOW_HOME.
        ports: Of the API, of the workers' logs and of the triggerer's logs.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CROSSDOCK"))}
    near = ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1,localhost"]))
    url = server.url(database)
    api, worker_logs, trigger_logs = ports
    return (
        kept
        | {
            "NO_PROXY": near,
            "no_proxy": near,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",  # standalone looks there
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url.set(drivername="postgresql+psycopg2").render_as_string(
                hide_password=False
            ),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": url.set(drivername="postgresql+asyncpg").render_as_string(
                hide_password=False
            ),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(api),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{api}",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(worker_logs),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_logs),
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "NO_COLOR": "1",
        }
    )


@dataclass
class Site:
    """A running Airflow.

    Attributes:
        url: Address of its pages and API.
        child: Its processes.
        password: Of the user "admin".
    """

    url: str
    child: Child
    folder: Path
    password: str = ""

    def __post_init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False

    def wait_until_up(self, tell: Tell) -> None:
        """Returns when all components are healthy and we are logged in.

        Raises:
            ChildError: It ended.
            TransientError: It takes too long.
        """
        began = time.monotonic()
        while True:
            self.child.check()
            healthy = self._healthy()
            if len(healthy) == len(_COMPONENTS):
                break
            if time.monotonic() - began > START_SECONDS:
                raise _slow(f"airflow standalone: {', '.join(sorted(healthy))}", self.child.log)
            done = f"{len(healthy)}/{len(_COMPONENTS)}"
            tell(Text(f"Airflow 正在启动 {done} 个组件就绪", f"Airflow is starting, {done} components are up"))
            time.sleep(_POLL_SECONDS)
        self._log_in()

    def wait_for_dags(self, wanted: Sequence[str], tell: Tell) -> None:
        """Returns when Airflow knows the DAGs `wanted` and the pools that their tasks name.

        Raises:
            ConfigError (XD-CFG-071): A DAG file cannot be imported; gives Airflow's words.
            TransientError: It takes too long.
        """
        began = time.monotonic()
        while missing := set(wanted) - {str(row["dag_id"]) for row in self._rows("dags", "dags")}:
            self.child.check()
            for error in self._rows("importErrors", "import_errors"):
                raise ConfigError(
                    Text(
                        f"DAG 文件无法导入：{error['stack_trace']}",
                        f"A DAG file cannot be imported: {error['stack_trace']}",
                    ),
                    where=str(error["filename"]),
                    code="XD-CFG-071",
                )
            if time.monotonic() - began > START_SECONDS:
                raise _slow(f"DAG {', '.join(sorted(missing))}", self.child.log)
            tell(Text(f"等待 Airflow 读取 {len(missing)} 个 DAG", f"waiting for Airflow to read {len(missing)} DAGs"))
            time.sleep(_POLL_SECONDS)
        pools = {str(row["name"]) for row in self._rows("pools", "pools")}
        named = {str(row["pool"]) for dag_id in wanted for row in self._rows(f"dags/{dag_id}/tasks", "tasks")}
        for name in sorted(named - pools):
            self._call("POST", "pools", {"name": name, "slots": 2, "description": "", "include_deferred": False})

    def set_paused(self, dag_id: str, *, is_paused: bool) -> None:
        """Pauses a DAG, or lets it run."""
        self._call("PATCH", f"dags/{dag_id}", {"is_paused": is_paused})

    def trigger(self, dag_id: str) -> str:
        """Starts a run by hand and gives its id.

        Raises:
            TransientError (XD-TMP-051): Airflow refused, for instance since there is no such DAG.
        """
        return str(self._call("POST", f"dags/{dag_id}/dagRuns", {"logical_date": None})["dag_run_id"])

    def wait_for_run(self, dag_id: str, run_id: str) -> None:
        """Returns when a run has succeeded.

        Raises:
            TransientError: It failed (XD-TMP-052, names the tasks) or takes too long (XD-TMP-053).
        """
        deadline = time.monotonic() + RUN_SECONDS
        while True:
            self.child.check()
            state = self._call("GET", f"dags/{dag_id}/dagRuns/{run_id}")["state"]
            if state == "success":
                return
            if state == "failed":
                tasks = self._rows(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances")
                failed = ", ".join(str(row["task_id"]) for row in tasks if row["state"] == "failed")
                raise TransientError(
                    Text(
                        f"Airflow 的运行失败了：{dag_id}（{failed}）。",
                        f"A run failed in Airflow: {dag_id} ({failed}).",
                    ),
                    where=f"{self.folder / 'logs'}/dag_id={dag_id}",
                    code="XD-TMP-052",
                )
            if time.monotonic() > deadline:
                raise _slow(f"{dag_id} {run_id}: {state}", self.child.log)
            time.sleep(_POLL_SECONDS)

    def active_runs(self, *dag_ids: str) -> int:
        """How many runs of these DAGs wait or run."""
        return sum(
            len(self._rows(f"dags/{dag_id}/dagRuns?state=queued&state=running", "dag_runs")) for dag_id in dag_ids
        )

    def failed_runs(self) -> list[str]:
        """The DAG runs that failed."""
        return [str(row["dag_run_id"]) for row in self._rows("dags/~/dagRuns?state=failed", "dag_runs")]

    def close(self) -> None:
        """Ends our conversation with it; its processes go on."""
        self._session.close()

    def _healthy(self) -> set[str]:
        try:
            health = self._call("GET", "monitor/health")
        except TransientError:
            return set()
        parts = {name: cast(Row, health.get(name) or {}) for name in _COMPONENTS}
        return {name for name, part in parts.items() if part.get("status") == "healthy"}

    def _log_in(self) -> None:
        passwords = parse_json(
            (self.folder / "simple_auth_manager_passwords.json.generated").read_text(encoding="utf-8")
        )
        self.password = str(cast(Row, passwords)["admin"])
        answer = self._session.post(
            f"{self.url}/auth/token", json={"username": "admin", "password": self.password}, timeout=30
        )
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def _rows(self, path: str, key: str) -> Sequence[Row]:
        return cast(Sequence[Row], self._call("GET", path)[key])

    def _call(self, method: str, path: str, body: Row | None = None) -> Row:
        try:
            answer = self._session.request(method, f"{self.url}/api/v2/{path}", json=body, timeout=30)
        except requests.RequestException as error:
            raise TransientError(
                Text(f"Airflow 没有回答 {path}。", f"Airflow does not answer {path}."), code="XD-TMP-051"
            ) from error
        if not answer.ok:
            said = answer.text[:300]
            raise TransientError(
                Text(f"Airflow 拒绝了 {path}：{said}", f"Airflow refused {path}: {said}"), code="XD-TMP-051"
            )
        return cast(Row, parse_json(answer.content))


@contextmanager
def running_site(server: EmbeddedServer, folder: Path, environment: Mapping[str, str]) -> Iterator[Site]:
    """Airflow's processes, for the length of a `with`; nothing of them is left afterwards.

    Args:
        server: The embedded server with Airflow's metadata.
        folder: AIRFLOW_HOME.
        environment: What the tasks need besides.
    """
    ports = free_ports(3)
    log = folder / "standalone.log"
    log.unlink(missing_ok=True)
    variables = site_environment(server, DATABASE, folder, ports) | dict(environment)
    with Child("airflow standalone", [_airflow(), "standalone"], environment=variables, log=log) as child:
        site = Site(f"http://127.0.0.1:{ports[0]}", child, folder)
        try:
            yield site
        finally:
            site.close()


def _slow(what: str, log: Path) -> TransientError:
    return TransientError(
        Text(f"等得太久：{what}。", f"It takes too long: {what}."),
        where=str(log),
        hint=Text("机器可能太忙，请再试一次。", "The machine may be too busy; try again."),
        code="XD-TMP-053",
    )
