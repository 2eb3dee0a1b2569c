"""The demonstration without Airflow: it holds, it holds again, it fails aloud, and it can be removed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from canonical_model.errors import ConfigError
from crossdock import demo
from crossdock.demo import show
from crossdock.demo.story import Direct
from crossdock.store import embedded

pytestmark = [pytest.mark.store, pytest.mark.timeout(240)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path / ".demo"
    demo.remove()


@pytest.mark.e2e
def test_it_plays_twice_in_one_folder_and_is_removed_whole(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROSSDOCK_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")  # never the user's own store

    assert demo.run() == 0
    assert demo.run() == 0

    said = capsys.readouterr().out
    assert said.count("PO-18 行3 数量 500→300个，交期 3/1→3/5，晚4天") == 2
    assert said.count(" preview ") == 2, "what to do next"
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
    assert " preview " not in said
    assert "库里的订单行: 应为 42, 实为 0" in said


def test_two_at_once_in_one_folder_are_refused_in_words(folder: Path) -> None:
    with show._alone(folder), pytest.raises(ConfigError, match="XD-CFG-072"):
        demo.run()


def test_ctrl_c_twice_ends_everything_in_order_and_leaves_no_server(folder: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell starts background jobs with SIGINT ignored
    with subprocess.Popen(
        [str(Path(sys.executable).with_name("crossdock")), "demo"],
        cwd=folder.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        signal.signal(signal.SIGINT, before)
        assert process.stdout
        assert any("✓" in line for line in process.stdout)
        os.killpg(process.pid, signal.SIGINT)
        os.killpg(process.pid, signal.SIGINT)  # an impatient one
        said, _ = process.communicate(timeout=60)

    assert process.returncode == 130, said
    assert said.strip().splitlines()[-1] in {"已停止。", "Stopped."}
    assert "Traceback" not in said
    assert embedded.wait_until_stopped(folder / "home" / ".crossdock", seconds=0)
