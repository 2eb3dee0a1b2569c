"""Parses a DAG folder as Airflow does, with the network out of reach; run by the tests in a process of its own.

argv: the folder, and the file that takes the result as JSON.
"""

import json
import socket
import sys
from pathlib import Path


def _refuse(*_: object) -> None:
    raise AssertionError("parsing reached for the network")


def main() -> None:
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.serialization.serialized_objects import DagSerialization

    socket.socket.connect = _refuse  # type: ignore[method-assign]  # the point of the probe
    folder = Path(sys.argv[1])
    bag = BundleDagBag(str(folder), bundle_path=folder, bundle_name="dags-folder")
    result = {
        "import_errors": {str(name): text for name, text in bag.import_errors.items()},
        "dags": {dag_id: DagSerialization.to_dict(dag) for dag_id, dag in sorted(bag.dags.items())},
        "heavy": sorted({"duckdb", "pyarrow", "psycopg", "openpyxl", "crossdock.pipeline"} & set(sys.modules)),
    }
    Path(sys.argv[2]).write_text(json.dumps(result, default=str), encoding="utf-8")


if __name__ == "__main__":
    main()
