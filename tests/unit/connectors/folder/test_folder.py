"""The folder connector: nothing is lost, nothing taken twice, nothing deleted or overwritten."""

import errno
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from canonical_model.clock import utc_now
from canonical_model.errors import ConfigError
from canonical_model.text import JsonValue
from connectors.base import Batch, Cursor
from connectors.folder import FolderConfig, FolderConnector, shelve
from connectors.folder.pattern import PathPattern
from connectors.folder.shelve import seconds_to_tick
from connectors.testing import as_stored

CSV = "单号,数量\n{0},3\n"


def connector(root: Path, *, at: datetime | None = None, **settings: JsonValue) -> FolderConnector:
    """A connector; `at` is its present."""
    stream: dict[str, JsonValue] = {"files": "inbox/{partner}/*.csv", "minimum_age_seconds": 0, **settings}
    clock = partial(as_it_is, at) if at else utc_now
    return FolderConnector(FolderConfig(path=root), {"orders": stream}, {}, clock=clock)


def put(root: Path, name: str, text: str = CSV.format("A1"), *, age: float = 100) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (1e9 - age, 1e9 - age))
    return path


def read(one: FolderConnector, since: Cursor | None = None) -> list[Batch]:
    return list(one.read("orders", since or {}))


def names(batches: list[Batch]) -> list[str]:
    return [batch.origin.name for batch in batches]


def as_it_is(moment: datetime) -> datetime:
    return moment


def tree(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}


def test_files_come_in_the_order_of_their_change_with_their_parts(tmp_path: Path) -> None:
    put(tmp_path, "inbox/acme/2.csv", age=300)
    put(tmp_path, "inbox/beta/1.csv", age=200)
    batches = read(connector(tmp_path))
    assert names(batches) == ["inbox/acme/2.csv", "inbox/beta/1.csv"]
    assert [batch.origin.parts for batch in batches] == [{"partner": "acme"}, {"partner": "beta"}]
    assert batches[0].origin.modified_at == datetime.fromtimestamp(1e9 - 300, UTC)


def test_a_file_from_the_future_is_not_newer_than_all_that_come_until_then(tmp_path: Path) -> None:
    now = datetime.fromtimestamp(1e9, UTC)
    put(tmp_path, "inbox/acme/1.csv", age=-86_400)
    (batch,) = read(connector(tmp_path, at=now))
    assert batch.origin.modified_at == now


def test_the_original_can_be_read_until_the_next_batch(tmp_path: Path) -> None:
    put(tmp_path, "inbox/acme/1.csv")
    for batch in connector(tmp_path).read("orders", {}):
        assert batch.origin.original is not None
        assert batch.origin.original.read_text(encoding="utf-8") == CSV.format("A1")


def test_a_file_that_arrives_late_with_an_earlier_name_and_date_is_still_read(tmp_path: Path) -> None:
    put(tmp_path, "inbox/acme/b.csv")
    cursor = read(connector(tmp_path))[-1].cursor
    put(tmp_path, "inbox/acme/a.csv", age=10_000)
    assert names(read(connector(tmp_path), cursor)) == ["inbox/acme/a.csv"]


def test_a_file_with_new_content_is_read_again_even_with_the_same_size_and_date(tmp_path: Path) -> None:
    put(tmp_path, "inbox/acme/a.csv")
    cursor = read(connector(tmp_path))[-1].cursor
    assert read(connector(tmp_path), cursor) == []
    put(tmp_path, "inbox/acme/a.csv", CSV.format("B2"))
    assert names(read(connector(tmp_path), cursor)) == ["inbox/acme/a.csv"]


def test_a_file_that_stays_is_not_copied_again_with_the_cursor_that_the_store_gives_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "inbox/acme/a.csv")
    one = connector(tmp_path, done=None)
    cursor = as_stored(one.acknowledge("orders", read(one)[-1].cursor, failed={}))
    monkeypatch.setattr("connectors.folder.connector._copy_unchanged", lambda *_: pytest.fail("copied"))
    assert read(one, cursor) == []


def test_a_cursor_with_the_size_as_a_number_as_it_was_written_once_reads_nothing_twice(tmp_path: Path) -> None:
    put(tmp_path, "inbox/acme/a.csv")
    taken = read(connector(tmp_path))[-1].cursor["taken"]
    assert isinstance(taken, dict)
    old: Cursor = {
        "taken": {name: [int(str(entry[0])), *entry[1:]] for name, entry in taken.items() if isinstance(entry, list)}
    }
    assert read(connector(tmp_path), old) == []
    assert read(connector(tmp_path), as_stored(old)) == []


def test_a_file_that_was_only_touched_is_not_read_again(tmp_path: Path) -> None:
    path = put(tmp_path, "inbox/acme/a.csv")
    cursor = read(connector(tmp_path))[-1].cursor
    os.utime(path, (1e9, 1e9))
    assert read(connector(tmp_path), cursor) == []


def test_a_half_written_file_waits(tmp_path: Path) -> None:
    put(tmp_path, "inbox/acme/a.csv")
    settings: dict[str, JsonValue] = {"files": "inbox/{partner}/*.csv", "minimum_age_seconds": 60}
    for later, expected in ((59, []), (61, ["inbox/acme/a.csv"])):
        moment = datetime.now(UTC) + timedelta(seconds=later)  # noqa: TID251  # the file system has its own clock
        one = FolderConnector(FolderConfig(path=tmp_path), {"orders": settings}, {}, clock=partial(as_it_is, moment))
        assert names(read(one)) == expected


def test_locks_and_unfinished_files_are_ignored(tmp_path: Path) -> None:
    for name in ("~$a.csv", ".a.csv", "a.csv.part", "a.tmp", ".~lock.a.csv#"):
        put(tmp_path, f"inbox/acme/{name}")
    assert read(connector(tmp_path, files="inbox/{partner}/*")) == []


def test_a_file_enters_the_cursor_with_its_last_batch_only(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for name in ("三月", "四月"):
        sheet = book.create_sheet(name)
        sheet.append(["单号", "数量"])
        sheet.append([name, 3])
    (tmp_path / "inbox/acme").mkdir(parents=True)
    book.save(tmp_path / "inbox/acme/a.xlsx")
    book.close()
    batches = read(connector(tmp_path, files="inbox/{partner}/*.xlsx"))
    assert batches[0].cursor == {}
    assert "inbox/acme/a.xlsx" in str(batches[1].cursor["taken"])
    assert [batch.origin.sheet for batch in batches] == ["三月", "四月"]


def test_taken_files_move_and_leave_the_cursor(tmp_path: Path) -> None:
    put(tmp_path, "inbox/acme/a.csv")
    put(tmp_path, "inbox/acme/bad.csv", "1,2\n")
    one = connector(tmp_path)
    batches = read(one)
    assert {batch.origin.name: batch.problem is None for batch in batches} == {
        "inbox/acme/a.csv": True,
        "inbox/acme/bad.csv": False,
    }
    for _ in range(2):
        one.acknowledge("orders", batches[-1].cursor, failed={"inbox/acme/bad.csv": "找不到表头"})
        assert tree(tmp_path) == {"done/acme/a.csv", "failed/acme/bad.csv", "failed/acme/bad.csv.reason.txt"}
    assert (tmp_path / "failed/acme/bad.csv.reason.txt").read_text(encoding="utf-8") == "找不到表头\n"
    put(tmp_path, "inbox/acme/c.csv")
    after = read(one, batches[-1].cursor)
    taken = after[-1].cursor["taken"]
    assert isinstance(taken, dict)
    assert list(taken) == ["inbox/acme/c.csv"]


def test_a_name_that_is_taken_is_never_overwritten(tmp_path: Path) -> None:
    one = connector(tmp_path)
    for text in ("A1", "B2", "C3", "A1"):
        put(tmp_path, "inbox/acme/a.csv", CSV.format(text))
        one.acknowledge("orders", read(one)[-1].cursor, failed={})
    kept = sorted(path.read_text(encoding="utf-8") for path in (tmp_path / "done/acme").iterdir())
    assert kept == sorted(map(CSV.format, ("A1", "A1", "B2", "C3")))


def test_a_file_that_changed_since_it_was_taken_stays(tmp_path: Path) -> None:
    put(tmp_path, "inbox/acme/a.csv")
    one = connector(tmp_path)
    cursor = read(one)[-1].cursor
    put(tmp_path, "inbox/acme/a.csv", CSV.format("B2"))
    one.acknowledge("orders", cursor, failed={})
    assert tree(tmp_path) == {"inbox/acme/a.csv"}
    assert read(one, cursor)[0].table["单号"].to_pylist() == ["B2"]


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_that_takes_the_name_while_the_old_one_is_put_away_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    file = put(tmp_path, "inbox/acme/a.csv")
    one = connector(tmp_path)
    cursor = read(one)[-1].cursor
    give_name = shelve.give_name

    def renamed(source: Path, names: Iterator[Path]) -> Path:
        new = put(tmp_path, "new.csv", CSV.format("B2"), age=50)
        new.replace(file)
        return give_name(source, names) if has_links else source.rename(next(names))

    monkeypatch.setattr(shelve, "give_name", renamed)
    one.acknowledge("orders", cursor, failed={})
    assert tree(tmp_path) == {"inbox/acme/a.csv"}
    assert read(one, cursor)[0].table["单号"].to_pylist() == ["B2"]


def test_a_file_with_the_stamp_that_was_taken_is_put_away_without_being_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "inbox/acme/a.csv")
    one = connector(tmp_path)
    cursor = as_stored(read(one)[-1].cursor)
    monkeypatch.setattr("connectors.folder.shelve.digest_of", lambda _: pytest.fail("read"))
    one.acknowledge("orders", cursor, failed={})
    assert tree(tmp_path) == {"done/acme/a.csv"}


@pytest.mark.parametrize(
    ("changed", "past", "seen_for", "seconds"),
    [
        (5.004, 0.005, 0.0, 0.015),
        (5.004, 0.03, 0.0, 0.0),
        (6.0, 0.5, 0.0, 1.5),
        (6.0, 3.0, 0.0, 0.0),
        (6.0, -9.0, 0.0, 2.0),
        (6.0, -9.0, 1.5, 0.5),
        (6.0, -9.0, 2.5, 0.0),
        (5.004, -9.0, 0.0, 0.02),
    ],
)
def test_a_file_is_read_in_a_later_tick_than_it_changed_of_a_clock_that_may_be_as_coarse_as_two_seconds(
    changed: float, past: float, seen_for: float, seconds: float
) -> None:
    moment = round(changed * 1000) * 1_000_000
    status = SimpleNamespace(st_mtime_ns=moment, st_ctime_ns=moment, st_mtime=changed, st_ctime=changed)
    now = datetime.fromtimestamp(changed + past, UTC)
    waits = seconds_to_tick(status, now, seen_for=seen_for)  # type: ignore[arg-type]  # stands in for a stat_result
    assert waits == pytest.approx(seconds, abs=1e-4)


def test_a_file_is_not_read_in_the_tick_in_which_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "inbox/acme/a.csv")
    waited: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: 0.0, sleep=waited.append)
    monkeypatch.setattr("connectors.folder.connector.time", clock)
    changed = datetime.fromtimestamp(path.stat().st_ctime, UTC)
    read(connector(tmp_path, at=changed + timedelta(milliseconds=5)))
    assert waited == [pytest.approx(0.015, abs=1e-4)]


def test_a_crash_between_link_and_removal_is_made_good(tmp_path: Path) -> None:
    path = put(tmp_path, "inbox/acme/a.csv")
    one = connector(tmp_path)
    (tmp_path / "done/acme").mkdir(parents=True)
    os.link(path, tmp_path / "done/acme/a.csv")
    one.acknowledge("orders", read(one)[-1].cursor, failed={})
    assert tree(tmp_path) == {"done/acme/a.csv"}


def test_without_a_done_folder_files_stay_and_are_not_read_again(tmp_path: Path) -> None:
    put(tmp_path, "inbox/acme/a.csv")
    one = connector(tmp_path, done=None)
    cursor = read(one)[-1].cursor
    one.acknowledge("orders", cursor, failed={})
    assert tree(tmp_path) == {"inbox/acme/a.csv"}
    assert read(one, cursor) == []


def test_links_are_refused_aloud_and_never_followed(tmp_path: Path) -> None:
    outside = put(tmp_path, "outside.csv")
    root = tmp_path / "home"
    (root / "inbox/acme").mkdir(parents=True)
    (root / "inbox/acme/a.csv").symlink_to(outside)
    (root / "inbox/beta").symlink_to(tmp_path)
    (only,) = read(connector(root))
    assert only.problem is not None
    assert only.origin.original is None
    assert only.table.num_rows == 0


def test_a_file_that_may_not_be_read_is_said_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = put(tmp_path, "inbox/acme/a.csv")
    put(tmp_path, "inbox/acme/b.csv")
    really = os.open

    def refuse(path: Any, *given: Any, **named: Any) -> int:
        if path == closed:  # who is root may read everything
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return really(path, *given, **named)

    monkeypatch.setattr(os, "open", refuse)
    refused, good = read(connector(tmp_path))
    assert refused.problem is not None
    assert "没有权限读“inbox/acme/a.csv”" in refused.problem.zh
    assert good.problem is None


def test_a_done_folder_that_leads_outside_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "home"
    put(root, "inbox/acme/a.csv")
    (tmp_path / "elsewhere").mkdir()
    (root / "done").symlink_to(tmp_path / "elsewhere")
    one = connector(root)
    cursor = read(one)[-1].cursor
    with pytest.raises(Exception, match="leads out of the folder"):
        one.acknowledge("orders", cursor, failed={})
    assert (root / "inbox/acme/a.csv").exists()


@pytest.mark.parametrize(
    "pattern", ["/etc/*", "../*.csv", "inbox/../x", "inbox/{a}/{a}", "inbox/{a b}", "a//b", "{a/*.csv", "a}/*.csv"]
)
def test_patterns_that_lead_out_or_make_no_sense_are_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ConfigError, match="orders"):
        connector(tmp_path, files=pattern)


def test_a_missing_folder_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="XD-CFG-050"):
        connector(tmp_path / "nowhere").check()


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("inbox/{partner}/*.xlsx", "inbox/甲公司/三月.xlsx", {"partner": "甲公司"}),
        ("inbox/{partner}/*.xlsx", "inbox/a/b/c.xlsx", None),
        ("**/{day}_?.csv", "x/y/0301_a.csv", {"day": "0301"}),
        ("**/*.csv", "a.csv", {}),
        ("a.csv", "aXcsv", None),
    ],
)
def test_patterns_match_whole_paths(pattern: str, path: str, expected: dict[str, str] | None) -> None:
    assert PathPattern(pattern).match(path) == expected
