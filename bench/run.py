"""Measures a first load and re-syncs side by side with a bare COPY of the same file, in interleaved rounds.

    python bench/run.py [ROWS] [ROUNDS]

One source file of 11 columns, one entity (purchase_order_line). Ours includes landing, checks, issues, changes and
accounting. The COPY goes into a table of the same eleven columns with the same primary key on the same server. Each
round compares the number of rows before it counts. Results: bench/results.json.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, text

from crossdock.home import Home
from crossdock.pipeline import RunReport, sync
from crossdock.store.database import open_store
from crossdock.store.embedded import remove

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
HEADER = "order_number,line_number,item,description,ordered,unit,unit_price,currency,requested_on,location,remark"
MAPPING = """
mapping: bench/lines
entities:
  purchase_order_line:
    fields:
      order_number: order_number
      line_number: line_number
      item: item
      description: description
      ordered: quantity(ordered, unit)
      unit_price: money(unit_price, currency)
      requested_on: date(requested_on)
      location: location
      remark: remark
"""
SOURCE = """
source: bench
connector: folder
config: {path: inbox}
streams:
  lines: {config: {files: "*.csv", minimum_age_seconds: 0}, mapping: bench/lines}
"""
FIRST_DAY = date(2026, 1, 1)


def make_file(path: Path, *, changed: float = 0.0, quote: str = "") -> None:
    """Writes ROWS lines; `changed` of them, scattered, have another quantity; `quote` makes other bytes of one value."""
    every = int(1 / changed) if changed else 0
    with path.open("w", encoding="utf-8") as out:
        out.write(HEADER + "\n")
        for i in range(ROWS):
            quantity = i % 997 + (1000 if every and i % every == 0 else 1)
            day = FIRST_DAY + timedelta(days=i % 300)
            out.write(
                f"PO-{i // 10:08d},{i % 10 + 1},{i % 5000:06d},{quote}轴承 6204-2RS{quote},{quantity},EA,"
                f"{i % 900 + 0.25},CNY,{day},WH{i % 20:02d},\n"
            )


def copy_bare(engine: Engine, path: Path) -> float:
    """Seconds of a bare COPY of the file into a table of the same shape and primary key."""
    columns = ", ".join(f"{name} text" for name in HEADER.split(","))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS bare"))
        connection.execute(text(f"CREATE TABLE bare ({columns}, PRIMARY KEY (order_number, line_number))"))
    started = time.monotonic()
    with engine.begin() as connection:
        cursor = connection.connection.driver_connection.cursor()
        with cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy, path.open("rb") as source:
            while block := source.read(1 << 20):
                copy.write(block)
        taken = cursor.rowcount
    seconds = time.monotonic() - started
    if taken != ROWS:
        raise SystemExit(f"COPY took {taken} rows of {ROWS}")
    return seconds


def load(home: Home, engine: Engine, path: Path, expected: dict[str, int]) -> float:
    """Seconds of one sync of the file; refuses a result that is not `expected`."""
    shutil.copy(path, home.path / "inbox" / f"{time.monotonic_ns()}.csv")
    started = time.monotonic()
    report: RunReport = sync(home, engine, "bench", "lines")
    seconds = time.monotonic() - started
    (counts,) = report.entities
    got = {name: getattr(counts, name) for name in expected}
    if got != expected:
        raise SystemExit(f"expected {expected}, got {got}")
    return seconds


def measure(folder: Path) -> dict[str, list[float]]:
    """Ratios to the COPY of the same round, by measure."""
    files = {
        "first_load": folder / "first.csv",
        "resync_1pct": folder / "changed.csv",
        "resync_0pct": folder / "same.csv",
    }
    make_file(files["first_load"])
    make_file(files["resync_1pct"], changed=0.01)
    make_file(files["resync_0pct"], changed=0.01, quote='"')
    touched = len(range(0, ROWS, 100))
    expected = {
        "first_load": {"created": ROWS},
        "resync_1pct": {"updated": touched, "unchanged": ROWS - touched},
        "resync_0pct": {"updated": 0, "unchanged": ROWS},
    }
    ratios: dict[str, list[float]] = {f"{name}_vs_copy": [] for name in files}
    for round_number in range(ROUNDS):
        home_folder = folder / f"home{round_number}"
        for name, content in (
            ("crossdock.yaml", "company: bench\n"),
            ("sources/bench.yaml", SOURCE),
            ("mappings/bench/lines.yaml", MAPPING),
        ):
            (home_folder / name).parent.mkdir(parents=True, exist_ok=True)
            (home_folder / name).write_text(content, encoding="utf-8")
        (home_folder / "inbox").mkdir()
        home = Home.find(home_folder)
        with open_store(home) as engine:
            bare = copy_bare(engine, files["first_load"])
            shown = [f"COPY {bare:.2f} s"]
            for name, path in files.items():
                seconds = load(home, engine, path, expected[name])
                ratios[f"{name}_vs_copy"].append(seconds / bare)
                shown.append(f"{name} {seconds:.2f} s ({seconds / bare:.2f})")
        remove(home.state)
        print(f"round {round_number + 1}: " + ", ".join(shown), flush=True)
    return ratios


def main() -> None:
    """Runs the rounds and writes the results."""
    folder = Path(tempfile.mkdtemp(prefix="crossdock-bench-"))
    try:
        ratios = measure(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    results: dict[str, object] = {
        name: {
            "min": round(min(values), 2),
            "median": round(statistics.median(values), 2),
            "max": round(max(values), 2),
        }
        for name, values in ratios.items()
    }
    results |= {"rows": ROWS, "rounds": ROUNDS, "date": datetime.now(UTC).date().isoformat(), "cores": os.cpu_count()}  # noqa: TID251
    target = Path(__file__).with_name("results.json")
    target.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
