"""The environment is made by `tools/bootstrap.py`, and made anew where it belongs to another Python."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools" / "bootstrap.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_environment_of_this_python_is_usable(bootstrap: ModuleType) -> None:
    assert bootstrap.is_usable(Path(sys.prefix))


@pytest.mark.parametrize(
    "says", ["echo 3.11.0 /usr", "exit 127", "echo broken >&2; exit 1"], ids=["another", "missing", "broken"]
)
def test_the_environment_of_another_python_is_not(bootstrap: ModuleType, tmp_path: Path, says: str) -> None:
    assert not bootstrap.is_usable(tmp_path)
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(0o755)

    assert not bootstrap.is_usable(tmp_path)
