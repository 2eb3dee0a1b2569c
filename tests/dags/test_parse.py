"""The DAG folder parses alone, without network, store or connection, always the same and quickly."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from canonical_model.text import parse_json

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "crossdock" / "demo" / "home"

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(180)]

Parsed = Mapping[str, Any]


def parse(home: Path, place: Path, seed: str = "0") -> subprocess.Popen[bytes]:
    """Begins to parse dags/ for a home in a process that knows nothing but that home."""
    place.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "PYTHONPATH": str(ROOT),  # this checkout, wherever the package was installed from
        "AIRFLOW_HOME": str(place),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "CROSSDOCK_HOME": str(home),
        "PYTHONHASHSEED": seed,
    }
    command = [
        sys.executable,
        str(Path(__file__).with_name("probe.py")),
        str(ROOT / "dags"),
        str(place / "result.json"),
    ]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def result(process: subprocess.Popen[bytes], place: Path) -> Parsed:
    _, said = process.communicate(timeout=150)
    assert process.returncode == 0, said.decode()
    return cast(Parsed, parse_json((place / "result.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def parses(tmp_path_factory: pytest.TempPathFactory) -> tuple[Parsed, Parsed]:
    """Two parses of the demo's home with different hash seeds."""
    places = [tmp_path_factory.mktemp("parse") / seed for seed in ("1", "2")]
    running = [parse(HOME, place, place.name) for place in places]
    first, second = (result(process, place) for process, place in zip(running, places, strict=True))
    return first, second


def test_every_dag_file_can_be_imported(parses: tuple[Parsed, Parsed]) -> None:
    assert parses[0]["import_errors"] == {}


def test_the_dags_have_this_structure(parses: tuple[Parsed, Parsed]) -> None:
    found = {dag_id: structure(dag["dag"]) for dag_id, dag in parses[0]["dags"].items()}

    orders, receipts = ["purchase_order", "purchase_order_line"], ["goods_receipt", "goods_receipt_line"]
    responses = ["order_response", "order_response_line"]
    assert found == {
        "crossdock_erp": {
            "purchase_orders.land": (["purchase_orders.apply"], "crossdock_erp", []),
            "purchase_orders.apply": ([], "crossdock_erp", canonical(*orders)),
            "goods_receipts.land": (["goods_receipts.apply"], "crossdock_erp", []),
            "goods_receipts.apply": ([], "crossdock_erp", canonical(*receipts)),
        },
        "crossdock_suppliers": {
            "order_responses.land": (["order_responses.apply"], "crossdock_suppliers", []),
            "order_responses.apply": ([], "crossdock_suppliers", canonical(*responses)),
        },
        "crossdock_incidents": {
            "evaluate": ([], "default_pool", ["postgres://crossdock:5432/crossdock/crossdock/alert"])
        },
        "crossdock_delivery": {"deliver": ([], "default_pool", [])},
    }


def test_incidents_and_delivery_wait_for_assets_or_their_time(parses: tuple[Parsed, Parsed]) -> None:
    dags = parses[0]["dags"]
    awaited = {
        dag_id: (
            sorted(asset["uri"].rpartition("/")[2] for asset in schedule["asset_condition"]["objects"]),
            schedule["timetable"]["__var"]["expression"],
        )
        for dag_id in ("crossdock_incidents", "crossdock_delivery")
        for schedule in [dags[dag_id]["dag"]["timetable"]["__var"]]
    }
    entities = ["goods_receipt", "order_response", "purchase_order"]
    assert awaited == {
        "crossdock_incidents": (sorted([*entities, *(f"{name}_line" for name in entities)]), "7 * * * *"),
        "crossdock_delivery": (["alert"], "1-59/2 * * * *"),
    }


def test_every_dag_runs_alone_from_a_fixed_day_and_does_not_catch_up(parses: tuple[Parsed, Parsed]) -> None:
    for dag in parses[0]["dags"].values():
        settings = dag["dag"]
        assert (settings["max_active_runs"], settings["catchup"], settings["start_date"]) == (
            "1",
            False,
            "1767225600.0",
        )
        for task in settings["tasks"]:
            assert task["__var"]["retries"] == "2"
            assert task["__var"]["has_retry_policy"] is True


def test_two_parses_serialise_alike_so_no_new_dag_version_is_made(parses: tuple[Parsed, Parsed]) -> None:
    first, second = ({name: tidy(dag) for name, dag in parsed["dags"].items()} for parsed in parses)

    assert first == second


def test_parsing_loads_nothing_heavy(parses: tuple[Parsed, Parsed]) -> None:
    assert parses[0]["heavy"] == []


def test_a_wrong_source_file_is_an_import_error_in_words(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(HOME, home)
    source = home / "sources" / "erp.yaml"
    source.write_text(
        source.read_text(encoding="utf-8").replace("generic/goods_receipt", "generic/good_receipt"), encoding="utf-8"
    )

    parsed = result(parse(home, tmp_path / "airflow"), tmp_path / "airflow")

    (said,) = parsed["import_errors"].values()
    assert "generic/goods_receipt" in said
    assert "XD-MAP-003" in said


def test_streams_with_different_schedules_make_one_dag_that_runs_at_all_of_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(HOME, home)
    source = home / "sources" / "erp.yaml"
    source.write_text(source.read_text(encoding="utf-8").replace('"*/10 * * * *"', '" 0 6 * * *"', 1), encoding="utf-8")

    parsed = result(parse(home, tmp_path / "airflow"), tmp_path / "airflow")

    dag = parsed["dags"]["crossdock_erp"]["dag"]
    crons = dag["timetable"]["__var"]["expressions"]
    own = {
        task["__var"]["task_id"]: task["__var"]["op_args"][-1]
        for task in dag["tasks"]
        if "land" in task["__var"]["task_id"]
    }
    assert sorted(crons) == ["*/10 * * * *", "0 6 * * *"]
    assert own == {"purchase_orders.land": "0 6 * * *", "goods_receipts.land": "*/10 * * * *"}


def test_what_has_had_its_time_goes_nightly_where_the_settings_say_how_long_it_has(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(HOME, home)
    settings = home / "crossdock.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + "retention: {history_months: 24}\n", encoding="utf-8")

    parsed = result(parse(home, tmp_path / "airflow"), tmp_path / "airflow")

    dag = parsed["dags"]["crossdock_retention"]["dag"]
    timetable = dag["timetable"]["__var"]
    assert structure(dag) == {"prune": ([], "default_pool", [])}
    assert (timetable["expression"], timetable["timezone"]) == ("17 3 * * *", "Asia/Shanghai")
    assert (dag["max_active_runs"], dag["catchup"]) == ("1", False)


def canonical(*entities: str) -> list[str]:
    return [f"postgres://crossdock:5432/crossdock/canonical/{entity}" for entity in entities]


def structure(dag: Parsed) -> dict[str, tuple[list[str], str, list[str]]]:
    """Task -> what comes after it, its pool and its outlets."""
    tasks = [task["__var"] for task in dag["tasks"]]
    return {
        task["task_id"]: (
            task.get("downstream_task_ids", []),
            task.get("pool", "default_pool"),
            sorted(outlet["__var"]["uri"] for outlet in task.get("outlets", [])),
        )
        for task in tasks
    }


def tidy(dag: Parsed) -> Parsed:
    """Without the one value that names the folder of the parsing process."""
    return {**dag, "dag": {key: value for key, value in dag["dag"].items() if key != "_processor_dags_folder"}}
