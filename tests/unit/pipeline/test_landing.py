"""How what was read is kept: the original bytes once, and the rows so that they are soon read again."""

import errno
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canonical_model.errors import StoreError
from canonical_model.language import Text
from connectors.base import ReadsKeys
from crossdock.pipeline.land import _keep_rows, _keys
from tests.integration.hub import Hub, order_row

pytestmark = pytest.mark.store


def landed(hub: Hub) -> tuple[Path, Path]:
    """The files that hold the rows and the original bytes of the one landed batch."""
    ((rows, original),) = hub.query("SELECT data_url, original_url FROM crossdock.batch")
    return Path(rows), Path(original)


def test_values_that_come_again_are_kept_once_and_others_one_by_one(hub: Hub) -> None:
    hub.load(*(order_row(f"PO-{number}") for number in range(100)))
    rows, _ = landed(hub)
    group = pq.read_metadata(rows).row_group(0)
    kept = {
        group.column(place).path_in_schema: group.column(place).has_dictionary_page
        for place in range(group.num_columns)
    }
    assert kept["单位"]
    assert not kept["采购单号"]
    assert not kept["_row"]


def test_the_connector_s_copy_becomes_the_original_without_being_written_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked: list[int] = []
    link = os.link

    def seen(source: Path, place: Path | str, **more: bool) -> None:
        link(source, place, **more)
        if "original" in Path(place).parts:
            linked.append(Path(place).stat().st_ino)

    hub.put("a.csv", [order_row("PO-1")])
    monkeypatch.setattr(os, "link", seen)
    hub.sync()
    _, original = landed(hub)
    assert linked == [original.stat().st_ino]
    assert original.stat().st_nlink == 1


@pytest.mark.parametrize("refusal", [errno.EXDEV, errno.EPERM, errno.ENOSYS])
def test_the_original_is_copied_where_it_cannot_be_linked(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, refusal: int
) -> None:
    def link(*_paths: object, **_more: object) -> None:
        raise OSError(refusal, os.strerror(refusal))

    path = hub.put("a.csv", [order_row("PO-1")])
    content = path.read_bytes()
    monkeypatch.setattr(os, "link", link)
    hub.sync()
    _, original = landed(hub)
    assert original.read_bytes() == content


def test_what_a_full_disk_cut_off_is_not_left_on_it(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(_table: object, sink: Any, **_more: object) -> None:
        sink.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    hub.put("a.csv", [order_row("PO-1")])
    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", write)
        with pytest.raises(StoreError, match="XD-STO-004"):
            hub.sync()
    assert not list(hub.path.rglob("*.part"))
    assert hub.sync().status == "succeeded"


def test_a_disk_that_refuses_to_link_is_said(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(_source: object, place: str, **_more: object) -> None:
        assert str(hub.path) in str(place)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    hub.put("a.csv", [order_row("PO-1")])
    monkeypatch.setattr(os, "link", link)
    with pytest.raises(StoreError, match="XD-STO-004"):
        hub.sync()
    assert not hub.query("SELECT id FROM crossdock.batch")


@pytest.mark.parametrize(("listed", "batches"), [([], 0), ([[]], 0), ([["1"], [], ["2"]], 1)])
def test_a_list_of_keys_without_any_says_nothing(listed: list[list[str]], batches: int) -> None:
    class Source:
        def read_keys(self, _: str) -> Iterator[pa.Table]:
            return iter([pa.table({"number": pa.array(keys, pa.string())}) for keys in listed])

    found = list(_keys(cast(ReadsKeys, Source()), "orders", {}))
    assert len(found) == batches
    assert sum(batch.counts.read for batch in found) == sum(map(len, listed))


def test_a_batch_is_not_noted_where_the_one_before_it_could_not_be_written(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_is_written = Event()
    first: list[str] = []

    def keep(url: str, table: pa.Table) -> None:
        first.append(url)
        if url == first[0]:
            second_is_written.wait(5)
            raise StoreError(Text("坏了", "broken"))
        _keep_rows(url, table)
        second_is_written.set()

    for name in ("a.csv", "b.csv"):
        hub.put(name, [order_row(name)])
    with monkeypatch.context() as broken:
        broken.setattr(import_module("crossdock.pipeline.land"), "_keep_rows", keep)
        with pytest.raises(StoreError, match="broken"):
            hub.sync()
    assert len(first) == 2, "both were under way"
    assert hub.one("SELECT count(*) FROM crossdock.batch") == 0
    hub.sync()
    assert hub.column("SELECT key FROM canonical.purchase_order ORDER BY key") == ["a.csv", "b.csv"]
