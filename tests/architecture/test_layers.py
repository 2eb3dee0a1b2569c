"""The import arrows of the design hold, and the contracts that say so can fail."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("canonical_model", "connectors", "crossdock", "mappings", "wecom_notify")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("lint-imports"))
    command = [program, "--config", str(folder / "setup.cfg"), "--no-cache"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def modules_in_contracts() -> set[str]:
    """Every module of ours that a contract in setup.cfg names."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    found = set(PACKAGES)
    for section in (settings[name] for name in settings.sections() if name.startswith("importlinter:contract:")):
        named = [
            word for key in ("modules", "source_modules", "forbidden_modules") for word in section.get(key, "").split()
        ]
        for container in section.get("containers", "").split():
            named += [f"{container}.{layer}" for layer in section["layers"].replace("|", " ").split()]
        found |= {name for name in named if name.split(".")[0] in PACKAGES}
    return found


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """The project's contracts over empty packages."""
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    for name in modules_in_contracts():
        package = tmp_path / name.replace(".", "/")
        package.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").touch()
    return tmp_path


def test_every_import_follows_the_arrows() -> None:
    result = lint_imports(ROOT)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


def test_the_empty_skeleton_passes(skeleton: Path) -> None:
    result = lint_imports(skeleton)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("package", "imported"),
    [
        ("canonical_model", "crossdock"),
        ("canonical_model", "connectors"),
        ("connectors", "mappings"),
        ("connectors", "airflow"),
        ("connectors.folder", "connectors.sql"),
        ("mappings", "crossdock.pipeline"),
        ("wecom_notify", "crossdock.store"),
        ("crossdock.store", "crossdock.pipeline"),
        ("crossdock.store", "wecom_notify"),
        ("crossdock.delivery", "crossdock.incidents"),
        ("crossdock.incidents", "crossdock.pipeline"),
        ("crossdock.pipeline", "airflow"),
        ("crossdock.portal", "crossdock.cli"),
    ],
)
def test_an_import_against_an_arrow_is_caught(skeleton: Path, package: str, imported: str) -> None:
    (skeleton / package.replace(".", "/") / "wrong.py").write_text(f"import {imported}\n")

    result = lint_imports(skeleton)

    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{package}.wrong -> {imported}" in result.stdout
