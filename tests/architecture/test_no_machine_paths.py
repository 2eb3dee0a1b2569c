"""No file of the project names a folder of somebody's machine or the host of a package registry."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Taken apart, so that this file passes its own test.
FOLDERS = re.compile(rb"(?<![\w.$})-])/(?:" + rb"work" + rb"|root)/")
HOSTS = re.compile(
    rb"(?<![\w-])(?:" + rb"|".join([rb"py" + rb"pi\.org", rb"python" + rb"hosted\.org", rb"npm" + rb"js\.(?:org|com)"])
    + rb"|deb\.debian" + rb"\.org)"
)  # fmt: skip


def machine_paths(content: bytes) -> list[str]:
    return [found.group().decode() for pattern in (FOLDERS, HOSTS) for found in pattern.finditer(content)]


def project_files() -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_folder_of_a_machine_or_a_registry() -> None:
    files = project_files()
    assert ROOT / "setup.cfg" in files

    found = {str(path.relative_to(ROOT)): machine_paths(path.read_bytes()) for path in files}

    assert {name: places for name, places in found.items() if places} == {}


@pytest.mark.parametrize(
    "text",
    ["cd /" + "work/main", "file:///" + "root/.cache", "https://py" + "pi.org/simple", "x.python" + "hosted.org"],
)
def test_a_machine_path_is_noticed(text: str) -> None:
    assert machine_paths(text.encode())


@pytest.mark.parametrize(
    "text", ["https://work.weixin.qq.com/api", "$HOME/" + "work/orders", "network/" + "root/x", "a/" + "work/"]
)
def test_other_paths_are_left_alone(text: str) -> None:
    assert machine_paths(text.encode()) == []
