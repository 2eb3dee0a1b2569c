"""Prints the pools that the DAGs of a deployment need, as `airflow pools import` takes them.

python -m crossdock.airflow.pools > pools.json && airflow pools import pools.json
"""

import json
import sys

from crossdock.airflow.factory import pools
from crossdock.home import Home


def main() -> None:
    """Writes one JSON object: pool -> slots and description."""
    listed = {
        name: {"slots": slots, "description": "crossdock", "include_deferred": False}
        for name, slots in pools(Home.find()).items()
    }
    json.dump(listed, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
