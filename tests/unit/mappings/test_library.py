"""The macros are made once for all processes; what is kept of them is used only where it is whole."""

from pathlib import Path

import duckdb
import pytest

from mappings import functions
from mappings.functions import library


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the macros are kept; each call of `library` is that of a new process."""
    monkeypatch.setattr("mappings.functions.library", library.__wrapped__)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    return tmp_path / "crossdock"


def make_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> bytes:
        raise AssertionError("made again")

    monkeypatch.setattr(functions, "_make", make)


def test_the_next_process_takes_what_is_kept(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = functions.library()
    assert cache.stat().st_mode & 0o777 == 0o700
    make_no_more(monkeypatch)
    assert functions.library() == first
    (tmp_path / "a.duckdb").write_bytes(functions.library())
    with duckdb.connect(tmp_path / "a.duckdb", read_only=True) as db:
        assert db.execute("SELECT xd_date('2026年3月1日', '', '')::VARCHAR").fetchall() == [("2026-03-01",)]


@pytest.mark.parametrize("harm", [b"", b"abc"])
def test_what_is_not_whole_is_made_anew(cache: Path, monkeypatch: pytest.MonkeyPatch, harm: bytes) -> None:
    first = functions.library()
    (kept,) = cache.iterdir()
    kept.write_bytes(harm + kept.read_bytes()[len(harm) + 1 :])
    assert len(functions.library()) == len(first)
    assert list(cache.iterdir()) == [kept]
    make_no_more(monkeypatch)
    assert len(functions.library()) == len(first)


def test_other_macros_are_another_library(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    functions.library()
    monkeypatch.setattr(functions, "MACROS", ("CREATE MACRO xd_one() AS 1",))
    assert functions.library()
    assert len(list(cache.iterdir())) == 2


def test_without_a_place_to_keep_them_they_are_made_each_time(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.write_text("a file where the folder would be", encoding="utf-8")
    assert functions.library()
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: Path("~") / name)
    monkeypatch.chdir(cache.parent)
    assert functions.library()
    assert not Path("~").exists()
