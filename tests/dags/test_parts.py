"""What the DAGs are made of: connections, retries, the WeCom notifier and the form for its connection."""

import inspect
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from canonical_model.errors import AuthError, ConfigError, StoreError, TransientError
from canonical_model.language import Text
from wecom_notify.testing import AGENT, CORP, ROBOT_KEY, SECRET, RunningWeCom, running_wecom

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore"),  # Airflow's own warnings are not ours to raise
]


@pytest.fixture(scope="module", autouse=True)
def airflow() -> None:
    """Settings before the first import of Airflow, which reads them while it is imported."""
    if "airflow" not in sys.modules:
        place = tempfile.mkdtemp(prefix="crossdock-airflow-")
        os.environ.update(AIRFLOW_HOME=place, AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{place}/none.db")


@pytest.fixture
def wecom() -> Iterator[RunningWeCom]:
    with running_wecom() as running:
        yield running


def app_connection(url: str) -> str:
    return (
        f'{{"conn_type": "wecom", "extra": {{"corp_id": "{CORP}", "agent_id": "{AGENT}", '
        f'"secret": "{SECRET.get_secret_value()}", "base_url": "{url}"}}}}'
    )


def test_a_connection_of_airflow_gives_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    from crossdock.airflow.connections import airflow_connection

    monkeypatch.setenv(
        "AIRFLOW_CONN_ERP_DB",
        '{"conn_type": "postgres", "host": "db", "port": 5433, "schema": "erp", "login": "reader", "password": "p", "extra": {"odbc": "x"}}',
    )
    assert airflow_connection("erp_db") == {
        "host": "db", "port": "5433", "schema": "erp", "login": "reader", "user": "reader", "password": "p",
        "url": "postgresql+psycopg://db:5433/erp", "odbc": "x",
    }  # fmt: skip


def test_a_connection_unknown_to_airflow_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    from crossdock.airflow.connections import airflow_connection

    monkeypatch.setenv("CROSSDOCK_CONN_ONLY_HERE", '{"key": "abc"}')
    assert airflow_connection("only_here") == {"key": "abc"}
    with pytest.raises(ConfigError, match="XD-CFG-020"):
        airflow_connection("nowhere")


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (TransientError(Text("", "")), "retry"),
        (AuthError(Text("", "")), "fail"),
        (ConfigError(Text("", "")), "fail"),
        (StoreError(Text("", "")), "fail"),
        (KeyError("bug"), "fail"),
    ],
)
def test_only_what_may_be_well_later_is_tried_again(error: Exception, action: str) -> None:
    from crossdock.airflow.factory import _effort

    effort = _effort()
    decision = effort["retry_policy"].evaluate(error, 1, effort["retries"])
    assert decision.action.value == action


def test_no_parameter_of_a_task_has_a_name_that_airflow_keeps_for_itself() -> None:
    from airflow.sdk.definitions.context import Context

    from crossdock.airflow import tasks

    functions = (tasks.land, tasks.apply, tasks.evaluate, tasks.deliver, tasks.prune)
    names = {name for function in functions for name in inspect.signature(function).parameters}
    assert {"home", "source", "stream"} <= names
    assert names & set(Context.__annotations__) == set()


def test_the_pools_are_those_that_the_tasks_name() -> None:
    from crossdock.airflow.factory import build_dags, pools
    from crossdock.home import Home

    home = Path(__file__).resolve().parents[2] / "crossdock" / "demo" / "home"
    named = {task.pool for dag in build_dags(home).values() for task in dag.tasks}
    assert set(pools(Home.find(home))) == named - {"default_pool"}


def test_the_notifier_reaches_a_member_with_its_template_filled(
    wecom: RunningWeCom, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crossdock.airflow.notifier import WeComNotifier

    monkeypatch.setenv("AIRFLOW_CONN_WECOM_DEFAULT", app_connection(wecom.url))
    WeComNotifier("运行 {{ what }} 失败", to="{{ who }}")({"what": "erp", "who": "lisi", "run_id": "r1"})

    (message,) = wecom.records("inbox", user="lisi")
    assert "运行 erp 失败" in str(message)


def test_the_notifier_reaches_a_group_from_the_triggerer(wecom: RunningWeCom, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    from crossdock.airflow.notifier import WeComNotifier

    key = ROBOT_KEY.get_secret_value()
    monkeypatch.setenv(
        "AIRFLOW_CONN_GROUP", f'{{"conn_type": "wecom", "extra": {{"key": "{key}", "base_url": "{wecom.url}"}}}}'
    )

    async def notify() -> None:
        await WeComNotifier("晚了", wecom_conn_id="group", occurrence="")

    asyncio.run(notify())

    (message,) = wecom.records("inbox", robot=key)
    assert "晚了" in str(message)


def test_an_app_without_a_recipient_is_refused_in_words(wecom: RunningWeCom, monkeypatch: pytest.MonkeyPatch) -> None:
    from crossdock.airflow.notifier import WeComNotifier

    monkeypatch.setenv("AIRFLOW_CONN_WECOM_DEFAULT", app_connection(wecom.url))
    with pytest.raises(ConfigError, match="No recipient"):
        WeComNotifier("x", occurrence="")({})


def test_a_connection_that_lacks_a_value_says_which() -> None:
    from crossdock.airflow.hook import client_of

    with pytest.raises(ConfigError, match="agent_id, secret"):
        client_of({"corp_id": "ww1"}, "wecom_default")
    with pytest.raises(ConfigError, match="agent_id"):
        client_of({"corp_id": "ww1", "agent_id": "x", "secret": "s"}, "wecom_default")


def test_airflow_accepts_the_description_of_the_provider() -> None:
    from airflow.providers_manager import ProvidersManager

    make: Any = ProvidersManager  # it ships no types for this call
    manager = make()  # it checks what we say against its schema, and drops us where that fails
    assert "crossdock" in manager.providers
    form = manager.hooks["wecom"]
    assert form is not None
    assert form.hook_class_name == "crossdock.airflow.hook.WeComHook"
    assert "crossdock.airflow.notifier.WeComNotifier" in set(manager.notification)


def test_the_form_hides_every_secret() -> None:
    from crossdock.airflow.provider import get_provider_info

    (form,) = cast(list[dict[str, Any]], get_provider_info()["connection-types"])
    hidden = {name for name, field in form["conn-fields"].items() if field["schema"].get("format") == "password"}
    assert hidden == {"secret", "token", "aes_key", "key"}
