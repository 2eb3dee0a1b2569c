"""A deployment for tests: its folder, its store and a clock, with one call for each thing that a person does."""

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from sqlalchemy import Engine, create_engine, text

from canonical_model.errors import ConfigError, CrossdockError
from canonical_model.language import Language, Text
from canonical_model.text import parse_json
from crossdock.delivery import DeliveryReport, deliver
from crossdock.home import Home
from crossdock.incidents import Evaluation, evaluate
from crossdock.pipeline import EntityCounts, RunReport, sync
from crossdock.store.database import SESSION, dump_json, migrate
from crossdock.store.embedded import EmbeddedServer, remove
from crossdock.store.partitions import ensure_partitions
from wecom_notify.testing import CALLBACK_AES_KEY, CALLBACK_TOKEN, ROBOT_KEY, SECRET, RunningWeCom, StillClock

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
Rows = Sequence[Sequence[object]]

ROOM_BYTES = 2_000_000_000
"""Free memory from which on the databases of tests lie there."""

HEADER = ("采购单号", "行号", "订单日期", "供应商编码", "采购员", "物料编码", "数量", "单位", "交期")
COUNTED = ("read", "created", "updated", "unchanged", "stale", "folded", "parked", "rejected")

SETTINGS: dict[str, Any] = {
    "company": "示例机电有限公司",
    "language": "zh",
    "people": {
        "zhangsan": {"name": "张三", "wecom": "ZhangSan", "also": ["E017"]},
        "lisi": {"name": "Li Si", "wecom": "lisi", "language": "en"},
        "wangwu": {"name": "王五", "wecom": "wangwu"},
    },
    "groups": {"purchasing": {"name": "采购群", "connection": "wecom_purchasing"}},
    "roles": {"buyer": {"person_of": "buyer_contact", "group": "purchasing"}, "owner": {"group": "purchasing"}},
}


LEAN: dict[str, Any] = {
    "purchase_order": {
        "fields": {"order_number": "order_number", "ordered_on": "date(ordered_on)", "buyer_contact": "buyer_contact"}
    },
    "purchase_order_line": {
        "fields": {
            "order_number": "order_number",
            "line_number": "line_number",
            "item": "item",
            "ordered": "quantity(ordered, unit)",
            "requested_on": "date(requested_on)",
        }
    },
}
"""The shipped order mapping with fewer fields: DuckDB plans it in a third of the time."""

LEANEST: dict[str, Any] = {
    "purchase_order": {"fields": {"order_number": "order_number", "buyer_contact": "buyer_contact"}},
    "purchase_order_line": {
        "fields": {"order_number": "order_number", "line_number": "line_number", "ordered": "quantity(ordered, 'EA')"}
    },
}
"""Still fewer, for tests of many runs."""


def order_row(number: object = "PO-1", line: object = "10", **changed: object) -> list[object]:
    """One row of an order sheet with the columns of `HEADER`; `changed` by the header's English meaning."""
    row: dict[str, object] = {
        "number": number,
        "line": line,
        "ordered_on": "2026-11-21",
        "supplier": "S001",
        "buyer": "张三",
        "item": "000123",
        "quantity": "500",
        "unit": "个",
        "due": "2026-12-01",
    }
    assert set(changed) <= set(row), changed
    return list((row | changed).values())


@contextmanager
def _memory() -> Iterator[Path | None]:
    """A folder that lies in memory, where there is room; ext4 is slow to make files where many were just removed."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or shutil.disk_usage(shared).free < ROOM_BYTES:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="crossdock-tests-", dir=shared, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


class StoreServer:
    """The embedded server, and a migrated database of which each test gets a copy."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self._numbers = count(1)
        self._tablespace = "pg_default"
        self._done: list[str] = []
        self.admin = self._engine("postgres", isolation_level="AUTOCOMMIT")

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator["StoreServer"]:
        with EmbeddedServer.start(folder) as embedded, _memory() as memory:
            server = cls(embedded)
            server._hurry(memory)
            template = server._engine("crossdock")
            migrate(template)
            with template.begin() as connection:
                ensure_partitions(connection, NOW)
            template.dispose()
            try:
                yield server
            finally:
                server.admin.dispose()
        remove(folder)

    def _hurry(self, memory: Path | None) -> None:
        """Spares the disk: the databases of tests need to outlive any process, but not the machine."""
        with self.admin.connect() as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
            if memory is not None:
                data = Path(str(connection.scalar(text("SHOW data_directory"))))
                os.chown(memory, data.stat().st_uid, data.stat().st_gid)
                connection.execute(text(f"CREATE TABLESPACE memory LOCATION '{memory}'"))
                self._tablespace = "memory"

    def url(self, database: str) -> str:
        """Where a database is, with its password."""
        return self._server.url(database).render_as_string(hide_password=False)

    def _engine(self, database: str, **options: Any) -> Engine:
        return create_engine(
            self.url(database),
            json_serializer=dump_json,
            json_deserializer=parse_json,
            connect_args={"options": SESSION},
            pool_pre_ping=True,
            **options,
        )

    @contextmanager
    def fresh(self, template: str = "crossdock") -> Iterator[Engine]:
        """A database of its own: a copy of the migrated one, or an empty one from "template1".

        Those of earlier tests are dropped now: a database that somebody just left makes the server wait 0.1 s.
        """
        name = f"test_{next(self._numbers)}"
        with self.admin.connect() as connection:
            while self._done:
                connection.execute(text(f"DROP DATABASE {self._done.pop()} WITH (FORCE)"))
            copied = f"TEMPLATE {template} STRATEGY file_copy TABLESPACE {self._tablespace}"
            connection.execute(text(f"CREATE DATABASE {name} {copied}"))
        engine = self._engine(name)
        try:
            yield engine
        finally:
            engine.dispose()
            self._done.append(name)


@dataclass
class Hub:
    """A deployment: `sources/erp.yaml` with the stream `orders`, people, roles, and no shipped rule."""

    path: Path
    engine: Engine
    clock: StillClock = field(default_factory=lambda: StillClock(NOW))
    connections: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.inbox.mkdir(parents=True)
        for folder in ("sources", "rules", "mappings"):
            (self.path / folder).mkdir()
        self.settings()
        self.mapping("own/orders", LEAN, columns={"unit": ["单位"]})
        self.stream("own/orders")
        for shipped in (
            "confirmation_overdue",
            "order_changed_after_confirmation",
            "receipt_short",
            "response_differs",
            "run_parked",
        ):
            self.rule(shipped, enabled=False)

    @property
    def inbox(self) -> Path:
        return self.path / "inbox"

    @property
    def home(self) -> Home:
        """The deployment as its files stand now."""
        return Home(self.path, self._connect)

    def _connect(self, name: str) -> Mapping[str, str]:
        if name not in self.connections:
            raise ConfigError(Text(f"没有连接“{name}”。", f"There is no connection “{name}”."), code="XD-CFG-020")
        return self.connections[name]

    def join(self, wecom: RunningWeCom, *, url: str = "") -> None:
        """Sends through `wecom` from now on, and goes by its clock; another `url` is that of a broken line."""
        self.clock = wecom.clock
        self.connections["wecom_default"] = {
            "corp_id": wecom.corp_id,
            "agent_id": str(wecom.agent_id),
            "secret": SECRET.get_secret_value(),
            "token": CALLBACK_TOKEN.get_secret_value(),
            "aes_key": CALLBACK_AES_KEY.get_secret_value(),
        }
        self.connections["wecom_purchasing"] = {"key": ROBOT_KEY.get_secret_value()}
        self.settings(wecom={"base_url": url or wecom.url})

    # its files

    def write(self, name: str, content: object) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")

    def settings(self, **changed: object) -> None:
        self.write("crossdock.yaml", SETTINGS | changed)

    def stream(
        self, *mappings: str, source: str = "erp", files: str | list[str] = "*.*", **more: Mapping[str, object]
    ) -> None:
        """One stream `orders` with these mappings; `more` are other streams, whole."""
        orders = {"config": {"files": files, "minimum_age_seconds": 0}, "mapping": list(mappings)}
        self.write(
            f"sources/{source}.yaml",
            {
                "source": source,
                "connector": "folder",
                "config": {"path": "inbox"},
                "streams": {"orders": orders, **more},
            },
        )

    def mapping(self, name: str, entities: Mapping[str, object], **more: object) -> None:
        self.write(f"mappings/{name}.yaml", {"mapping": name, "entities": entities, **more})

    def rule(self, name: str, **changed: object) -> None:
        """A rule; left to itself it finds every order line of fewer than 400."""
        query = """
            SELECT l.order_number || ' ' || l.line_number AS subject, l.order_number, l.ordered, o.buyer_contact
            FROM facts.purchase_order_line l JOIN facts.purchase_order o USING (source, order_number)
            WHERE l.ordered < 400 ORDER BY subject"""
        rule: dict[str, object] = {
            "rule": name,
            "title": {"zh": "数量太少", "en": "Too few"},
            "watches": ["purchase_order_line"],
            "notify": ["buyer"],
            "query": query,
            "sentence": {
                "zh": "{{ order_number }} 只有 {{ ordered | quantity }}",
                "en": "{{ order_number }}: only {{ ordered | quantity }}",
            },
        }
        self.write(f"rules/{name}.yaml", rule | changed)

    def put(self, name: str, rows: Rows, *, header: Sequence[str] = HEADER, at: datetime | None = None) -> Path:
        """Lays a CSV file or workbook into the inbox, changed at `at`."""
        if name.endswith(".xlsx"):
            book = openpyxl.Workbook()
            sheet = book.worksheets[0]
            for row in ([*header], *rows):
                sheet.append(list(row))
            memory = io.BytesIO()
            book.save(memory)
            book.close()
            return self.put_bytes(name, memory.getvalue(), at=at)
        text_ = io.StringIO()
        csv.writer(text_).writerows([header, *rows])
        return self.put_bytes(name, text_.getvalue().encode(), at=at)

    def put_bytes(self, name: str, content: bytes, *, at: datetime | None = None) -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if at is not None:
            os.utime(path, (at.timestamp(), at.timestamp()))
        return path

    # what it does

    def sync(self, stream: str = "orders", source: str = "erp") -> RunReport:
        self.clock.forward(minutes=1)
        return sync(self.home, self.engine, source, stream, clock=self.clock)

    def evaluate(self) -> Evaluation:
        self.clock.forward(seconds=1)
        return evaluate(self.home, self.engine, clock=self.clock)

    def deliver(self) -> DeliveryReport:
        return deliver(self.home, self.engine, clock=self.clock)

    def load(self, *rows: Sequence[object], name: str = "订单.csv", at: datetime | None = None) -> RunReport:
        """One file of order rows, landed and applied."""
        self.put(name, rows, at=at)
        return self.sync()

    # what came of it

    def query(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(sql), values)]

    def one(self, sql: str, **values: object) -> Any:
        ((value,),) = self.query(sql, **values)
        return value

    def column(self, sql: str, **values: object) -> list[Any]:
        return [value for (value,) in self.query(sql, **values)]

    def do(self, sql: str, **values: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(sql), values)

    def line(self, column: str, key: str = "PO-1|10") -> Any:
        return self.one(f"SELECT {column} FROM canonical.purchase_order_line WHERE key = :key", key=key)

    @property
    def changes(self) -> list[tuple[str, str, Any]]:
        """(entity, key, fields) of every change, oldest first."""
        return [tuple(row) for row in self.query("SELECT entity, key, fields FROM crossdock.change ORDER BY id")]

    @property
    def files(self) -> list[str]:
        """Every file below the inbox."""
        return sorted(p.relative_to(self.inbox).as_posix() for p in self.inbox.rglob("*") if p.is_file())


def counts(report: RunReport, entity: str = "purchase_order_line") -> dict[str, int]:
    """Where the records of one entity went, without the zeros."""
    (found,) = (one for one in report.entities if one.entity == entity)
    return accounted(found)


def accounted(found: EntityCounts) -> dict[str, int]:
    """The counts that are not zero, after checking that they add up."""
    listed = {name: int(getattr(found, name)) for name in COUNTED}
    assert listed["read"] == sum(number for name, number in listed.items() if name != "read")
    return {name: number for name, number in listed.items() if number}


def codes(report: RunReport) -> list[str]:
    return [issue.code for issue in report.issues]


def refused(call: Callable[[], object]) -> CrossdockError:
    """The error of ours with which `call` ends; it reads well in both languages."""
    with pytest.raises(CrossdockError) as caught:
        call()
    for language in Language:
        assert caught.value.problem_code in caught.value.render(language)
    return caught.value
