"""The demonstration without Airflow: it holds, it holds again, it fails aloud, and it can be removed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from canonical_model.errors import ConfigError
from crossdock import demo
from crossdock.demo import show
from crossdock.demo.story import Direct

pytestmark = [pytest.mark.store, pytest.mark.timeout(240)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path / ".demo"
    demo.remove()


def test_it_plays_twice_in_one_folder_and_is_removed_whole(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSDOCK_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")  # never the user's own store

    assert demo.run() == 0
    assert demo.run() == 0

    said = capsys.readouterr().out
    assert said.count("PO-18 行3 数量 500→300个，交期 3/1→3/5，晚4天") == 2
    assert os.environ["CROSSDOCK_DATABASE_URL"].endswith("/none")
    demo.remove()
    assert not folder.exists()


def test_a_step_that_goes_wrong_is_named_and_ends_with_1(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Direct, "run", lambda self, source: None)

    assert demo.run() == 1

    said = capsys.readouterr().out
    assert "✗ 首次载入" in said
    assert "库里的订单行: 应为 42, 实为 0" in said


def test_two_at_once_in_one_folder_are_refused_in_words(folder: Path) -> None:
    with show._alone(folder), pytest.raises(ConfigError, match="XD-CFG-072"):
        demo.run()
