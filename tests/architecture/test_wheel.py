"""The wheel holds the five packages with everything in their folders, and nothing else at top level (ADR 0001)."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"canonical_model", "connectors", "crossdock", "mappings", "wecom_notify"}


def sources() -> list[str]:
    """Every file of the project that git knows or would take up, below the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    # Built from a copy, since setuptools puts files of earlier builds that lie in ./build into the wheel again.
    checkout, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheel")
    for name in sources():
        target = checkout / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(checkout)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    (wheel,) = out.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_installs_the_five_packages_and_nothing_else(wheel_names: set[str]) -> None:
    top = {name.split("/")[0] for name in wheel_names}

    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES


def test_the_wheel_holds_every_file_of_the_packages(wheel_names: set[str]) -> None:
    expected = {name for name in sources() if name.split("/")[0] in PACKAGES}
    data = {name for name in expected if not name.endswith(".py")}

    assert len(data) > len(PACKAGES), "there were no data files to look for"
    assert expected - wheel_names == set(), "add the missing kind of file to [options.package_data] in setup.cfg"


def test_the_wheel_carries_the_licence(wheel_names: set[str]) -> None:
    assert [name for name in wheel_names if name.endswith(".dist-info/licenses/LICENSE")]
