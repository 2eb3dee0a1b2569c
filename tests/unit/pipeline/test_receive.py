"""Where an uploaded file goes in the folder of its stream."""

import errno
import os
from pathlib import Path

import pytest

from canonical_model.errors import TransientError
from crossdock.home import Home
from crossdock.pipeline.receive import Inbox
from tests.integration.hub import refused

SOURCE = """
source: erp
connector: {connector}
config: {{path: inbox}}
streams:
  orders:
    config: {{files: {files}}}
    mapping: generic/purchase_order
"""


def inbox(home: Path, files: list[str], connector: str = "folder", **parts: str) -> Inbox:
    (home / "sources").mkdir(exist_ok=True)
    (home / "crossdock.yaml").write_text("{}", encoding="utf-8")
    text = SOURCE.format(connector=connector, files=files)
    (home / "sources" / "erp.yaml").write_text(text, encoding="utf-8")
    return Inbox(Home(home), "erp", "orders", parts)


@pytest.mark.parametrize(
    ("pattern", "name", "place"),
    [
        ("{partner}/*.xlsx", "订单 3.xlsx", "acme/订单 3.xlsx"),
        ("inbox/{partner}/*.xlsx", "a.xlsx", "inbox/acme/a.xlsx"),
        ("{partner}/**/*.xlsx", "a.xlsx", "acme/a.xlsx"),
        ("{partner}_*.xlsx", "a.xlsx", "acme_a.xlsx"),
        ("in/{partner}.csv", "whatever.csv", "in/acme.csv"),
        ("{partner}/*", "a.anything", "acme/a.anything"),
        ("{partner}/*.xlsx", "a.csv", None),
        ("{partner}/*", "a.tmp", None),
        ("{partner}/*", "~a.xlsx", None),
        ("{partner}/*", ".a.csv", None),
        ("{partner}/订单*.xlsx", "a.xlsx", "acme/订单a.xlsx"),
    ],
)
def test_a_file_gets_the_place_that_its_pattern_gives_it(
    tmp_path: Path, pattern: str, name: str, place: str | None
) -> None:
    assert inbox(tmp_path, [pattern], partner="acme").place(name) == place


def test_the_pattern_that_fits_is_taken_among_several(tmp_path: Path) -> None:
    one = inbox(tmp_path, ["{partner}/*.xlsx", "{partner}/{year}/*.csv", "{partner}/*.tsv"], partner="acme")

    assert one.extensions == [".tsv", ".xlsx"]
    assert [one.place("a.tsv"), one.place("a.csv")] == ["acme/a.tsv", None]


@pytest.mark.parametrize("value", ["", "..", ".a", "done", "failed", "a/b", "a\\b", "a*", "{x}", "a\x00", " a"])
def test_a_value_that_would_lead_elsewhere_is_refused(tmp_path: Path, value: str) -> None:
    assert refused(lambda: inbox(tmp_path, ["{partner}/*.xlsx"], partner=value)).problem_code == "XD-CFG-163"


def test_only_folders_take_uploads(tmp_path: Path) -> None:
    error = refused(lambda: inbox(tmp_path, ["{partner}/*.xlsx"], "sql", partner="acme"))

    assert (error.problem_code, error.where) == ("XD-CFG-163", "sources/erp.yaml")


def test_a_file_appears_whole_and_never_in_the_place_of_another(tmp_path: Path) -> None:
    one = inbox(tmp_path, ["{partner}/*.xlsx"], partner="acme")
    file = tmp_path / "given"
    file.write_bytes(b"1")

    places = [one.put(file, "a.xlsx"), one.put(file, "a.xlsx")]

    assert places == ["acme/a.xlsx", "acme/a-2.xlsx"]
    assert sorted(path.name for path in (tmp_path / "inbox" / "acme").iterdir()) == ["a-2.xlsx", "a.xlsx"]
    assert one.waiting() == ["a-2.xlsx", "a.xlsx"]
    assert file.exists()
    assert refused(lambda: one.put(file, "a.pdf")).problem_code == "XD-CFG-164"


def test_a_file_is_put_on_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_paths: object, **_more: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    (tmp_path / "given").write_bytes(b"PK one")
    one = inbox(tmp_path, ["{partner}/*.xlsx"], partner="acme")
    monkeypatch.setattr(os, "link", link)

    places = [one.put(tmp_path / "given", "a.xlsx"), one.put(tmp_path / "given", "a.xlsx")]

    assert places == ["acme/a.xlsx", "acme/a-2.xlsx"]
    assert sorted(path.name for path in (one.root / "acme").iterdir()) == ["a-2.xlsx", "a.xlsx"]


def test_a_folder_that_leads_out_of_the_inbox_is_not_followed(tmp_path: Path) -> None:
    one = inbox(tmp_path, ["{partner}/*.xlsx"], partner="acme")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "inbox" / "acme").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "given").write_bytes(b"1")

    assert isinstance(refused(lambda: one.put(tmp_path / "given", "a.xlsx")), TransientError)
    assert list((tmp_path / "elsewhere").iterdir()) == []
