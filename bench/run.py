"""Measures first loads and re-syncs side by side with a bare COPY and with dlt, in interleaved rounds of one run.

    python bench/run.py [--rows 1000000] [--rounds 3] [--without-dlt]

One source file of 11 columns and some 93 bytes a row, one entity (purchase_order_line). Ours includes landing, checks,
issues, changes and accounting; the COPY goes into a table of the same eleven columns, typed as ours, with the same
primary key on the same server; dlt merges the same file, read by Arrow, with `upsert`, into columns of text. In the 1 % run a value changes in scattered rows; in the 0 % run
the file holds the same rows in other bytes. Each round compares count and checksum with the file before it counts.

Beside it, once each and at a fifth of the rows: the whole order line of the model, headers with their lines, and a
file in GBK; and an .xlsx of 100,000 × 11 against calamine's bare read. Peak memory is that of our process.

Results: bench/results.json and docs/performance.md.
"""

import argparse
import hashlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench_page import write_page
from sqlalchemy import Engine, text

from crossdock.home import Home
from crossdock.pipeline import sync
from crossdock.pipeline.sources import open_source
from crossdock.store.database import open_store
from crossdock.store.embedded import remove
from crossdock.store.tables import canonical, partition_of

HERE = Path(__file__).resolve().parent
HEADER = "order_number,line_number,item,description,ordered,unit,unit_price,currency,requested_on,location,remark"
LINES = {
    "order_number": "order_number",
    "line_number": "line_number",
    "item": "item",
    "description": "description",
    "ordered": "quantity(ordered, unit)",
    "unit_price": "money(unit_price, currency)",
    "requested_on": "date(requested_on)",
    "location": "location",
    "remark": "remark",
}
WIDE = LINES | {
    "specification": "description",
    "confirmed": "quantity(ordered, unit)",
    "shipped": "quantity(ordered, unit)",
    "received": "quantity(ordered, unit)",
    "accepted": "quantity(ordered, unit)",
    "net_amount": "money(number(unit_price) * number(ordered), currency)",
    "promised_on": "date(requested_on)",
    "first_promised_on": "date(requested_on)",
    "price_base": "number(line_number)",
    "project": "item",
}
ORDERS = {"order_number": "order_number", "currency": "currency", "ship_to": "location"}
ENTITIES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "plain": {"purchase_order_line": LINES},
    "wide": {"purchase_order_line": WIDE},
    "documents": {"purchase_order": ORDERS, "purchase_order_line": LINES},
}
FIRST_DAY = date(2026, 1, 1)
ORDERED = "trim_scale(ordered)::text"


@dataclass(frozen=True)
class Sheet:
    """A file and what a store must hold once it is in."""

    path: Path
    rows: int
    checksum: int


def make_file(
    path: Path, rows: int, *, changed: float = 0.0, quote: str = "", encoding: str = "utf-8", per_order: int = 10
) -> Sheet:
    """Writes `rows` lines; `changed` of them, scattered, have another quantity; `quote` makes other bytes of one value."""
    every = int(1 / changed) if changed else 0
    checksum = 0
    with path.open("w", encoding=encoding) as out:
        out.write(HEADER + "\n")
        for i in range(rows):
            quantity = i % 997 + (1000 if every and i % every == 0 else 1)
            day = FIRST_DAY + timedelta(days=i % 300)
            place = f"WH{i // per_order % 20:02d}"
            order, line, item = f"PO-{i // per_order:08d}", i % per_order + 1, f"{i % 5000:06d}"
            name, remark = f"深沟球轴承 62{i % 50:02d}-2RS/C3", f"送 {i % 20 + 1} 号门" if i % 3 else ""
            out.write(
                f"{order},{line},{item},{quote}{name}{quote},{quantity},EA,{i % 900 + 0.25},CNY,{day},{place},{remark}\n"
            )
            checksum += int(hashlib.md5(f"{order}|{line}|{item}|{quantity}".encode()).hexdigest()[:8], 16)
    return Sheet(path, rows, checksum)


def verify(engine: Engine, table: str, quantity: str, sheet: Sheet) -> None:
    """Ends the run where the table does not hold what the file says."""
    checksum = (
        f"sum(('x' || left(md5(order_number || '|' || line_number || '|' || item || '|' || {quantity}), 8))::bit(32)::bigint"
        " & 4294967295)"
    )
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT count(*), {checksum} FROM {table}")).one()
    if (int(found[0]), int(found[1])) != (sheet.rows, sheet.checksum):
        raise SystemExit(f"{table} holds {found}, the file {sheet.rows} rows of checksum {sheet.checksum}")


def copy_bare(engine: Engine, sheet: Sheet) -> float:
    """Seconds of a bare COPY of the file into a table of the same shape and primary key."""
    ours = canonical["purchase_order_line"].c
    types = {name: ours[name].type.compile(engine.dialect) if name in ours else "text" for name in HEADER.split(",")}
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS bare"))
        connection.execute(text(f"CREATE TABLE bare ({columns}, PRIMARY KEY (order_number, line_number))"))
    started = time.monotonic()
    with engine.begin() as connection:
        cursor = connection.connection.driver_connection.cursor()
        with cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy, sheet.path.open("rb") as source:
            while block := source.read(1 << 20):
                copy.write(block)
    seconds = time.monotonic() - started
    verify(engine, "bare", ORDERED, sheet)
    return seconds


def make_home(folder: Path, kind: str) -> Home:
    """A deployment with one stream of order lines."""
    source = {"source": "bench", "connector": "folder", "config": {"path": "inbox"}}
    source["streams"] = {"lines": {"config": {"files": "*.csv", "minimum_age_seconds": 0}, "mapping": "bench/lines"}}
    mapping = {"mapping": "bench/lines", "entities": {name: {"fields": f} for name, f in ENTITIES[kind].items()}}
    for name, content in (
        ("crossdock.yaml", {"company": "bench"}),
        ("sources/bench.yaml", source),
        ("mappings/bench/lines.yaml", mapping),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    (folder / "inbox").mkdir()
    return Home.find(folder)


def in_child(what: str, *arguments: str) -> dict[str, float]:
    """Runs one measurement in a process of its own, so that its memory is its own: seconds and megabytes."""
    command = [sys.executable, __file__, "--child", what, *arguments]
    environment = os.environ | {"RUNTIME__DLTHUB_TELEMETRY": "false"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(f"{what}: {done.stderr[-2000:]}")
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])  # noqa: TID251  # seconds are floats
    return answer


def load(home: Home, engine: Engine, sheet: Sheet, expected: Mapping[str, int]) -> dict[str, float]:
    """One sync of the file, in a process of its own; refuses a result that is not `expected`."""
    shutil.copy(sheet.path, home.path / "inbox" / f"{time.monotonic_ns()}.csv")
    answer = in_child("sync", str(home.path))
    got = {name: int(answer[name]) for name in expected}
    if got != dict(expected):
        raise SystemExit(f"expected {expected}, got {got}")
    verify(engine, "canonical.purchase_order_line", ORDERED, sheet)
    return answer


def child(what: str, arguments: list[str]) -> None:
    """What `in_child` runs; prints seconds, memory and counts as one JSON line."""
    counts: dict[str, int] = {}
    if what == "sync":
        home = Home.find(Path(arguments[0]))
        open_source(home, "bench")  # what it imports is outside the time that counts, as with dlt
        with open_store(home) as engine:
            started = time.monotonic()
            report = sync(home, engine, "bench", "lines")
            seconds = time.monotonic() - started
        (lines,) = (one for one in report.entities if one.entity == "purchase_order_line")
        counts = {name: getattr(lines, name) for name in ("read", "created", "updated", "unchanged")}
    else:
        if what == "dlt":
            import_module("dlt.destinations")
        started = time.monotonic()
        CHILDREN[what](*arguments)
        seconds = time.monotonic() - started
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "megabytes": megabytes, **counts}))


def with_dlt(path: str, credentials: str, folder: str) -> None:
    """The same file merged by dlt: read by Arrow, `upsert` by the same key."""
    import dlt
    import pyarrow as pa
    import pyarrow.csv as pacsv

    names = HEADER.split(",")

    @dlt.resource(
        name="lines",
        write_disposition={"disposition": "merge", "strategy": "upsert"},
        primary_key=["order_number", "line_number"],
        columns={name: {"data_type": "text"} for name in names},
    )
    def lines() -> Iterator[pa.Table]:
        options = pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
        for batch in pacsv.open_csv(path, convert_options=options):
            yield pa.Table.from_batches([batch])

    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=folder,
        destination=dlt.destinations.postgres(credentials=json.loads(credentials)),  # noqa: TID251  # no numbers
        dataset_name="bench_dlt",
    )
    pipeline.run(lines())


def read_xlsx_bare(path: str) -> None:
    """Calamine alone, to Python values."""
    from python_calamine import CalamineWorkbook

    CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def read_xlsx(path: str) -> None:
    """Our reader: header found, codes as text, places, accounts."""
    from connectors.formats import read_file
    from connectors.formats.options import FormatOptions

    rows = sum(sheet.table.num_rows for sheet in read_file(Path(path), options=FormatOptions(), display_name="a.xlsx"))
    assert rows == 100_000, rows


CHILDREN: Mapping[str, Callable[..., None]] = {
    "dlt": with_dlt,
    "xlsx": read_xlsx,
    "xlsx_bare": read_xlsx_bare,
}


def make_xlsx(path: Path) -> None:
    """A workbook of 100,000 rows in 11 columns."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("采购单")
    sheet.append(HEADER.split(","))
    for i in range(100_000):
        day = FIRST_DAY + timedelta(days=i % 300)
        sheet.append(
            [f"PO-{i // 10:08d}", i % 10 + 1, f"{i % 5000:06d}", "轴承 6204-2RS", i % 997, "EA", i % 900 + 0.25, "CNY", day, "WH01", None]
        )  # fmt: skip
    book.save(path)


class Rounds:
    """Ratios by measure, over rounds, and peak memory."""

    def __init__(self) -> None:
        self.ratios: dict[str, list[float]] = {}
        self.megabytes = 0.0

    def add(self, measure: str, ratio: float) -> str:
        """Notes a ratio, or the seconds of the COPY, and gives it for the screen."""
        self.ratios.setdefault(measure, []).append(ratio)
        return f"{measure} {ratio:.2f}"

    def summary(self) -> dict[str, object]:
        """min, median and max of each measure."""
        return {
            name: {"min": round(min(v), 2), "median": round(statistics.median(v), 2), "max": round(max(v), 2)}
            for name, v in self.ratios.items()
        }


def one_round(found: Rounds, folder: Path, files: Mapping[str, Sheet], *, is_with_dlt: bool) -> None:
    """COPY, ours three times and dlt twice, in a store of their own."""
    rows = files["first"].rows
    touched = len(range(0, rows, 100))
    home = make_home(folder, "plain")
    with open_store(home) as engine:
        bare = copy_bare(engine, files["first"])
        shown = [found.add("bare_copy_seconds", bare)]
        ours = {}
        for name, file, expected in (
            ("first_load", "first", {"created": rows}),
            ("resync_1pct", "changed", {"updated": touched, "unchanged": rows - touched}),
            ("resync_0pct", "same", {"updated": 0, "unchanged": rows}),
        ):
            answer = load(home, engine, files[file], expected)
            ours[name] = answer["seconds"]
            found.megabytes = max(found.megabytes, answer["megabytes"])
            shown.append(found.add(f"{name}_vs_copy", answer["seconds"] / bare))
        if is_with_dlt:
            url = engine.url
            host = url.query.get("host", url.host)  # the embedded server listens at a socket
            login = {"host": quote(str(host), safe=""), "port": url.port, "database": url.database}
            login |= {"username": url.username, "password": url.password}
            for name, file in (("first_load", "first"), ("resync_1pct", "changed")):
                answer = in_child("dlt", str(files[file].path), json.dumps(login), str(folder / "dlt"))
                verify(engine, "bench_dlt.lines", "ordered", files[file])
                shown.append(found.add(f"{name}_vs_dlt", ours[name] / answer["seconds"]))
    remove(home.state)
    shutil.rmtree(folder)
    print(", ".join(shown), flush=True)


def beside(found: Rounds, folder: Path, rows: int) -> None:
    """The wide, the documents' and the GBK case, first load against a COPY of the same values."""
    plain, gbk = make_file(folder / "beside.csv", rows), make_file(folder / "gbk.csv", rows, encoding="gb18030")
    for name, kind, sheet in (("wide", "wide", plain), ("documents", "documents", plain), ("gbk", "plain", gbk)):
        home = make_home(folder / name, kind)
        with open_store(home) as engine:
            bare = copy_bare(engine, plain)
            answer = load(home, engine, sheet, {"created": rows})
            print(found.add(f"{name}_first_load_vs_copy", answer["seconds"] / bare), flush=True)
        remove(home.state)


def small_batch(folder: Path, stored: int) -> dict[str, object]:
    """100 rows, half of them new, against `stored` lines: seconds, and blocks of the table and its indexes."""
    home = make_home(folder, "plain")
    blocks = text(
        "SELECT sum(heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read) FROM pg_statio_user_tables "
        "WHERE relid = CAST(:partition AS regclass)"
    )
    partition = {"partition": partition_of(canonical["purchase_order_line"], "bench")}
    with open_store(home) as engine:
        shutil.copy(make_file(folder / "first.csv", 1000).path, home.path / "inbox" / "first.csv")
        sync(home, engine, "bench", "lines")
        order, line = "'PO-' || lpad((i / 10)::text, 8, '0')", "(i % 10 + 1)::text"
        with engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO canonical.purchase_order_line (source, key, order_number, line_number, ordered, "
                    "ordered_unit, stream, source_hash, version, batch_id, row_number, created_run, changed_run, "
                    f"created_at, changed_at) SELECT 'bench', {order} || '|' || {line}, {order}, {line}, 1, 'EA', 'lines', "
                    f"uuid_send(gen_random_uuid()), 1, 1, i, 1, 1, now(), now() FROM generate_series(1000, {stored}) i"
                )
            )
        numbers = [5000 + k * (stored // 120) if k < 50 else stored + k for k in range(100)]
        lines = [f"PO-{i // 10:08d},{i % 10 + 1},000123,x,7,EA,1.25,CNY,2026-01-01,WH01," for i in numbers]
        (home.path / "inbox" / "small.csv").write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
        time.sleep(2)  # PostgreSQL tells its statistics late
        with engine.connect() as connection:
            before = int(connection.scalar(blocks, partition) or 0)
        started = time.monotonic()
        (counts,) = sync(home, engine, "bench", "lines").entities
        seconds = time.monotonic() - started
        if (counts.created, counts.updated) != (50, 50):
            raise SystemExit(f"expected 50 new and 50 changed rows, got {counts}")
        time.sleep(2)
        with engine.connect() as connection:
            read = int(connection.scalar(blocks, partition) or 0) - before
        if not read:
            raise SystemExit("no block was counted, so the statistics are not those of the table")
    remove(home.state)
    return {"stored": stored, "seconds": round(seconds, 2), "blocks": read}


_ALIKE = 1.25
"""By which factor the time of the COPY may differ on one machine."""


def _another_machine(before: Mapping[str, Any], measured: Mapping[str, Any]) -> object:
    """The medians of the last run on a machine whose COPY is much quicker or slower, since the ratios depend on that."""
    if not all("bare_copy_seconds" in one for one in (before, measured)):
        return before.get("another_machine", {})
    seconds = [one["bare_copy_seconds"]["median"] for one in (before, measured)]
    if max(seconds) <= _ALIKE * min(seconds):
        return before.get("another_machine", {})
    names = ("bare_copy_seconds", "first_load_vs_copy", "resync_1pct_vs_copy", "resync_0pct_vs_copy")
    return {"date": before["date"]} | {name: before[name]["median"] for name in names}


def main() -> None:
    """Runs the rounds and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-dlt", action="store_true")
    parser.add_argument(
        "--small-batch", type=int, metavar="STORED", help="only 100 rows against so many, e.g. 10000000"
    )
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child[0], given.child[1:])
        return
    folder = Path(tempfile.mkdtemp(prefix="crossdock-bench-"))
    target = HERE / "results.json"
    before = json.loads(target.read_text(encoding="utf-8")) if target.is_file() else {}  # noqa: TID251  # seconds are floats
    today = datetime.now(UTC).date().isoformat()  # noqa: TID251  # the real day, not a test's
    if given.small_batch:
        results = before | {"small_batch": small_batch(folder / "home", given.small_batch) | {"date": today}}
        target.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        write_page(results)
        print(json.dumps(results["small_batch"]))
        return
    found = Rounds()
    try:
        files = {
            "first": make_file(folder / "first.csv", given.rows),
            "changed": make_file(folder / "changed.csv", given.rows, changed=0.01),
            "same": make_file(folder / "same.csv", given.rows, changed=0.01, quote='"'),
        }
        for number in range(given.rounds):
            one_round(found, folder / f"home{number}", files, is_with_dlt=not given.without_dlt)
        if given.rows <= 1_000_000:
            beside(found, folder, given.rows // 5)
            make_xlsx(folder / "wide.xlsx")
            for _ in range(given.rounds):
                bare = in_child("xlsx_bare", str(folder / "wide.xlsx"))["seconds"]
                ratio = in_child("xlsx", str(folder / "wide.xlsx"))["seconds"] / bare
                print(found.add("xlsx_vs_calamine", ratio), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    memory = before.get("peak_memory_mb", {})
    memory[str(given.rows)] = {"mb": round(found.megabytes), "date": today}
    suffix = "" if given.rows <= 1_000_000 else f"_{given.rows}"
    measured = {f"{name}{suffix}": value for name, value in found.summary().items()}
    results = before | measured | {"peak_memory_mb": memory} | {"another_machine": _another_machine(before, measured)}
    if given.rows <= 1_000_000:
        results |= {"rows": given.rows, "rounds": given.rounds, "date": today, "cores": os.cpu_count()}
    target.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    write_page(results)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
