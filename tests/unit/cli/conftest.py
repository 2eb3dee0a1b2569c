"""Fixtures: the command line as a person runs it, and one deployment with a story behind it."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from canonical_model.text import parse_json
from crossdock.cli._app import app
from crossdock.store.embedded import EmbeddedServer, remove
from wecom_notify.testing import (
    AGENT,
    CALLBACK_AES_KEY,
    CALLBACK_TOKEN,
    CORP,
    ROBOT_KEY,
    SECRET,
    RunningWeCom,
    running_wecom,
)

CANARIES = (SECRET, ROBOT_KEY, CALLBACK_TOKEN, CALLBACK_AES_KEY)
ORDER_HEADER = [
    "采购单号",
    "行号",
    "订单日期",
    "供应商编码",
    "采购员",
    "物料编码",
    "数量",
    "单位",
    "单价",
    "币种",
    "交期",
]
REPLY_HEADER = ["采购单号", "行号", "物料编码", "确认数量", "单位", "承诺交期"]
SETTINGS = """
company: 华东精密
language: zh
wecom: {{base_url: "{url}"}}
people:
  zhangsan: {{name: 张三, wecom: ZhangSan, also: ["E017"]}}
groups:
  purchasing: {{name: 采购群, connection: wecom_purchasing}}
roles:
  buyer: {{person_of: buyer_contact, group: purchasing}}
  owner: {{group: purchasing}}
"""
ERP = """
source: erp
connector: folder
config: {path: inbox/erp}
streams:
  purchase_orders:
    config: {files: "*", minimum_age_seconds: 0}
    mapping: generic/purchase_order
"""
SUPPLIERS = """
source: suppliers
connector: folder
config: {path: inbox/suppliers}
streams:
  order_responses:
    config: {files: "{partner}/*.xlsx", minimum_age_seconds: 0}
    mapping: generic/order_response
"""


@dataclass
class Cli:
    """The command line with an environment of its own."""

    environment: dict[str, str | None] = field(default_factory=dict)

    def __call__(self, *arguments: str | Path, **environment: str) -> Result:
        """Runs `crossdock` with `arguments`; nothing it prints holds a secret or a traceback."""
        plain: dict[str, str | None] = {"LANG": "C", "CROSSDOCK_HOME": None, "COLUMNS": "200"}
        result = CliRunner().invoke(app, [str(one) for one in arguments], env=plain | self.environment | environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        for canary in CANARIES:
            assert canary.get_secret_value() not in result.output
        return result

    def json(self, *arguments: str | Path, exit_code: int = 0, **environment: str) -> Any:
        """The document that a command prints with --json; stdout holds nothing else."""
        result = self(*arguments, "--json", **environment)
        assert result.exit_code == exit_code, result.output
        json.loads(result.stdout)  # noqa: TID251  # strict: nothing before or behind the document
        return parse_json(result.stdout)


@pytest.fixture(scope="session")
def cli() -> Cli:
    return Cli()


def write_workbook(path: Path, rows: Sequence[Sequence[object]], *, sheet: str = "明细") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = sheet
    for row in rows:
        book.active.append(list(row))
    book.save(path)


def order_row(number: int, *, quantity: object = 500, due: object = datetime(2026, 3, 1)) -> list[object]:  # noqa: DTZ001  # a day in a cell
    return [f"PO-{number}", "10", date(2026, 2, 1), "S001", "张三", "000123", quantity, "个", 1.5, "人民币", due]


def orders_sheet(rows: Sequence[Sequence[object]]) -> list[Sequence[object]]:
    return [["华东精密采购订单"], ["制表人：王五"], ORDER_HEADER, *rows, ["合计", *[None] * 5, 2500], ["审核：赵六"]]


@dataclass
class Deployed:
    """A deployment that has lived through a story; `steps` holds what each command said."""

    path: Path
    cli: Cli
    wecom: RunningWeCom
    steps: dict[str, Any] = field(default_factory=dict)

    def text(self, step: str) -> str:
        """What a step said to a person."""
        result = self.steps[step]
        assert isinstance(result, Result)
        return result.output


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """One store for all: a first load, a changed workbook with bad rows, a broken file, cards sent."""
    home = tmp_path_factory.mktemp("cli") / "hub"
    with running_wecom() as wecom:
        (home / "sources").mkdir(parents=True)
        (home / "crossdock.yaml").write_text(SETTINGS.format(url=wecom.url), encoding="utf-8")
        (home / "sources" / "erp.yaml").write_text(ERP, encoding="utf-8")
        (home / "sources" / "suppliers.yaml").write_text(SUPPLIERS, encoding="utf-8")
        connections: Mapping[str, Mapping[str, str]] = {
            "WECOM_DEFAULT": {
                "corp_id": CORP,
                "agent_id": str(AGENT),
                "secret": SECRET.get_secret_value(),
                "token": CALLBACK_TOKEN.get_secret_value(),
                "aes_key": CALLBACK_AES_KEY.get_secret_value(),
            },
            "WECOM_PURCHASING": {"key": ROBOT_KEY.get_secret_value()},
        }
        environment: dict[str, str | None] = {f"CROSSDOCK_CONN_{n}": json.dumps(v) for n, v in connections.items()}
        cli = Cli(environment | {"CROSSDOCK_HOME": str(home), "CROSSDOCK_DATABASE_URL": None})
        with EmbeddedServer.start(home / ".crossdock"):
            deployed = Deployed(home, cli, wecom)
            _tell_story(deployed)
            yield deployed
    remove(home / ".crossdock")


def _tell_story(deployed: Deployed) -> None:
    cli, steps, inbox = deployed.cli, deployed.steps, deployed.path / "inbox"
    orders = [order_row(number) for number in range(10, 20)]
    write_workbook(inbox / "erp" / "1.xlsx", orders_sheet(orders))
    replies = [[f"PO-{number}", "10", "000123", 500, "个", date(2026, 3, 1)] for number in range(10, 20)]
    write_workbook(inbox / "suppliers" / "huaxin" / "1.xlsx", [REPLY_HEADER, *replies])
    steps["first sync"] = cli.json("sync")
    steps["first notify"] = cli("notify")
    orders[8] = order_row(18, quantity=300, due=datetime(2026, 3, 5))  # noqa: DTZ001  # a day in a cell
    orders[2] = order_row(12, due="月底")
    orders[3] = order_row(13, quantity="五百左右")
    write_workbook(inbox / "erp" / "2.xlsx", orders_sheet(orders))
    (inbox / "erp" / "broken.xlsx").write_bytes((inbox / "erp" / "2.xlsx").read_bytes()[:2000])
    steps["second sync"] = cli("sync", "erp.purchase_orders")
    steps["notify without WeCom"] = cli("notify", CROSSDOCK_CONN_WECOM_DEFAULT="{}")
    steps["status in between"] = cli("status")
    steps["second notify"] = cli("notify")
    steps["third sync"] = cli("sync", "erp")
    steps["incidents"] = cli.json("alerts")
    (number,) = [one["id"] for one in steps["incidents"]["incidents"]]
    steps["number"] = number
    steps["explain open"] = cli("alerts", "explain", number)
    steps["ack"] = cli("alerts", "ack", number, "--as", "E017")
    steps["ack again"] = cli("alerts", "ack", number, "--as", "李四")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    """A home without a store, whose store goes with it if a test makes one."""
    home = tmp_path / "hub"
    home.mkdir()
    yield home
    if (home / ".crossdock").exists():
        remove(home / ".crossdock")


@pytest.fixture(autouse=True)
def nowhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test begins in an empty folder, without settings of the machine."""
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    for name in list(os.environ):
        if name.startswith("CROSSDOCK_") and name not in {"CROSSDOCK_SAMPLES", "CROSSDOCK_REQUIRE_SYSTEM"}:
            monkeypatch.delenv(name)
