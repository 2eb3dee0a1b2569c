"""Nothing below crossdock.airflow loads Airflow, not even through a third package: it costs seconds and 125 MB."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("canonical_model", "connectors", "mappings", "wecom_notify", "crossdock")

PROBE = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
    if "airflow" in sys.modules:
        sys.exit(f"importing {name} loads Airflow")
print(len(sys.argv) - 1, "modules")
"""


def modules_below_airflow() -> list[str]:
    """Every module of ours but crossdock.airflow and the migrations, which only Alembic can load."""
    names = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            is_importable = all(part.isidentifier() for part in parts) and (path.parent / "__init__.py").is_file()
            if not is_importable or "migrations" in parts or parts[:2] == ("crossdock", "airflow"):
                continue
            names.append(".".join(parts).removesuffix(".__init__"))
    return [name for name in names if not name.endswith("__main__")]


def probe(*names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROBE, *names], check=False, capture_output=True, text=True)


def test_no_module_below_crossdock_airflow_loads_airflow() -> None:
    names = modules_below_airflow()
    assert {"canonical_model.errors", "connectors.base"} <= set(names)

    result = probe(*names)

    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{len(names)} modules\n"


def test_the_probe_notices_a_loaded_module(tmp_path: Path) -> None:
    (tmp_path / "airflow.py").touch()
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{PROBE}", "airflow"]

    result = subprocess.run(command, check=False, capture_output=True, text=True)

    assert result.returncode == 1
    assert "importing airflow loads Airflow" in result.stderr
