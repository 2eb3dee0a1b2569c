"""A store in one file: what is read back is what was written, and nothing happens where that cannot be."""

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from crossdock.store import archive
from crossdock.store.partitions import ensure_partitions
from crossdock.store.tables import metadata
from tests.integration.hub import NOW, Hub, StoreServer, order_row, refused
from wecom_notify.testing import RunningWeCom

pytestmark = pytest.mark.store
LANDING = "/somewhere/landing"


def quiet(_table: str) -> None:
    """Nobody waits."""


def content(engine: Engine) -> dict[str, list[str]]:
    """Table -> its rows as text, of every table there is."""
    with engine.connect() as connection:
        return {
            table.fullname: sorted(connection.scalars(text(f"SELECT t::text FROM {table.fullname} t")))
            for table in metadata.sorted_tables
        }


@pytest.fixture
def empty(store_server: StoreServer) -> Iterator[Engine]:
    with store_server.fresh() as engine:
        yield engine


@pytest.fixture
def lived(online: Hub, wecom: RunningWeCom) -> Hub:
    """A store with rows, changes, issues, an incident, an alert that was delivered, and partitions of two seasons."""
    with online.engine.begin() as connection:
        ensure_partitions(connection, NOW.replace(year=2024))
    online.rule("too_few", watches=["purchase_order_line"])
    online.load(order_row("PO-1"), order_row("PO-2", quantity="五百"))
    online.evaluate()
    online.load(order_row("PO-1", quantity="300"), order_row("引\t号\\\n'\"", item="=1+1"), name="二.csv")
    online.evaluate()
    online.deliver()
    return online


@pytest.fixture
def dumped(lived: Hub, tmp_path: Path) -> Path:
    path = tmp_path / "store.zip"
    archive.dump(lived.engine, path, landing=lived.home.landing, at=NOW, on_table=quiet)
    return path


def test_what_is_restored_equals_what_was_dumped_table_by_table(lived: Hub, dumped: Path, empty: Engine) -> None:
    before = content(lived.engine)
    seen: list[str] = []

    manifest, moved = archive.restore(empty, dumped, landing=lived.home.landing, on_table=seen.append)

    for name in (
        "canonical.purchase_order_line",
        "crossdock.change",
        "crossdock.issue",
        "crossdock.alert",
        "crossdock.run",
    ):
        assert before[name], name
    assert content(empty) == before
    assert {table.name: table.rows for table in manifest.tables} == {name: len(rows) for name, rows in before.items()}
    assert sorted(seen) == sorted(before)
    assert moved == 0
    assert dumped.stat().st_mode & 0o077 == 0


def test_a_restored_store_goes_on_where_the_first_one_was(lived: Hub, dumped: Path, empty: Engine) -> None:
    archive.restore(empty, dumped, landing=lived.home.landing, on_table=quiet)
    last = lived.one("SELECT max(id) FROM crossdock.run")
    lived.engine = empty
    raised_before = lived.one("SELECT sum(raised) FROM crossdock.alert_account")

    report = lived.load(order_row("PO-1", quantity="250"), order_row("PO-4", quantity="9"), name="三.csv")

    assert report.run_id == last + 1
    assert lived.line("ordered") == 250
    lived.evaluate()
    account = "SELECT raised, delivered + merged + silenced + pending + dead FROM crossdock.alert_account"
    accounts = lived.query(account)
    assert all(raised == accounted for raised, accounted in accounts)
    assert sum(raised for raised, _ in accounts) > raised_before  # the trigger that counts is awake again
    assert lived.one("SELECT count(*) FROM pg_tables WHERE tablename = 'run_2024_11'") == 1


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A sound zip archive with changed members; None leaves one out."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(path.with_name("changed.zip"), "w") as new:
        for name in old.namelist():
            made = change(name, old.read(name))
            if made is not None:
                new.writestr(name, made)
    return path.with_name("changed.zip")


def manifest_with(**values: object) -> Callable[[str, bytes], bytes]:
    def change(name: str, old: bytes) -> bytes:
        return json.dumps(json.loads(old) | values).encode() if name == "manifest.json" else old  # noqa: TID251  # no numbers

    return change


def _cut(path: Path) -> Path:
    return _filled(path, path.read_bytes()[:-500])


def _filled(path: Path, content: bytes) -> Path:
    changed = path.with_name("changed.zip")
    changed.write_bytes(content)
    return changed


def _without_last_row(name: str, old: bytes) -> bytes:
    return b"\n".join([*old.split(b"\n")[:-2], b""]) if name == "crossdock.issue.copy" else old


BAD: Mapping[str, tuple[str, Callable[[Path], Path]]] = {
    "cut off": ("XD-CFG-120", _cut),
    "no archive at all": ("XD-CFG-120", lambda path: _filled(path, b"<html>")),
    "another archive": ("XD-CFG-120", lambda path: rewritten(path, lambda n, old: None if n == "manifest.json" else old)),
    "a table is missing": ("XD-CFG-120", lambda path: rewritten(path, lambda n, old: None if "change" in n else old)),
    "a row is missing": ("XD-CFG-120", lambda path: rewritten(path, _without_last_row)),
    "a value differs": ("XD-CFG-120", lambda path: rewritten(path, lambda _, old: old.replace(b"PO-1", b"PO-9"))),
    "a release to come": ("XD-CFG-122", lambda path: rewritten(path, manifest_with(revision="9999"))),
    "another model": ("XD-CFG-122", lambda path: rewritten(path, lambda _, old: old.replace(b'"ordered_on"', b'"due"'))),
    "an evil partition": (
        "XD-CFG-122",
        lambda path: rewritten(
            path,
            manifest_with(partitions=[{"parent": "crossdock.run", "name": "x", "bound": "DEFAULT; DROP TABLE x"}]),
        ),
    ),
}  # fmt: skip


def test_a_bad_dump_or_a_store_in_use_is_one_sentence_and_changes_nothing(
    hub: Hub, tmp_path: Path, empty: Engine
) -> None:
    hub.load(order_row("PO-1"), order_row("PO-2", quantity="五百"))
    dumped = tmp_path / "store.zip"
    archive.dump(hub.engine, dumped, landing=hub.home.landing, at=NOW, on_table=quiet)
    untouched, used = content(empty), content(hub.engine)
    for name, (code, make) in BAD.items():
        bad = make(dumped)
        error = refused(partial(archive.restore, empty, bad, landing=LANDING, on_table=quiet))

        assert error.problem_code == code, name
        assert "changed.zip" in error.where, name
        assert content(empty) == untouched, name

    in_use = refused(partial(archive.restore, hub.engine, dumped, landing=LANDING, on_table=quiet))
    assert in_use.problem_code == "XD-CFG-121"
    assert "canonical.purchase_order" in in_use.what.zh
    assert content(hub.engine) == used

    _, moved = archive.restore(empty, dumped, landing=LANDING, on_table=quiet)
    with empty.connect() as connection:
        ((data, original),) = connection.execute(text("SELECT data_url, original_url FROM crossdock.batch")).all()
    assert moved == 1
    assert data.startswith(f"{LANDING}/erp/orders/")
    assert original.startswith(f"{LANDING}/erp/orders/")


def test_a_dump_that_cannot_be_written_leaves_no_half_file(hub: Hub, tmp_path: Path) -> None:
    def full(_table: str) -> None:
        raise OSError(28, "No space left on device")

    error = refused(lambda: archive.dump(hub.engine, tmp_path / "x.zip", landing=LANDING, at=NOW, on_table=full))

    assert error.problem_code == "XD-STO-120"
    assert list(tmp_path.glob("x.zip*")) == []


def test_a_dump_does_not_depend_on_how_the_database_writes_dates(
    hub: Hub, empty: Engine, store_server: StoreServer, tmp_path: Path
) -> None:
    hub.load(order_row(due="2026-12-05"))
    with store_server.admin.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {hub.engine.url.database} SET datestyle = 'SQL, DMY'"))
    hub.engine.dispose()
    archive.dump(hub.engine, tmp_path / "d.zip", landing="x", at=NOW, on_table=lambda _: None)
    archive.restore(empty, tmp_path / "d.zip", landing="x", on_table=lambda _: None)
    with empty.connect() as connection:
        day = connection.scalar(text("SELECT requested_on::text FROM canonical.purchase_order_line"))
    assert day == "2026-12-05"
