"""A mapping run over rows written in the test."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canonical_model.issues import Issue
from mappings.dates import DateOrder
from mappings.engine import MappingRun
from mappings.landed import HeldRow, LandedRows
from mappings.plan import Plan, make_plan
from mappings.spec import parse_mapping

Row = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the rows.

    Attributes:
        plan: The compiled mapping.
        good: Entity -> records that went in, by key, without their source_hash.
        held: Rows that did not.
        issues: All issues in order.
        read: Entity -> records in the landed files.
        folded: Entity -> records that another one replaced.
        date_orders: How dates that could be either were read.
    """

    plan: Plan
    good: Mapping[str, list[dict[str, object]]]
    held: list[HeldRow]
    issues: list[Issue]
    read: Mapping[str, int]
    folded: Mapping[str, int]
    date_orders: Sequence[DateOrder]

    def codes(self) -> list[str]:
        """The issue codes in order."""
        return [issue.code for issue in self.issues]

    def accounts_hold(self) -> bool:
        """Whether each entity's records are all accounted for."""
        return all(
            self.read[name] == len(good) + self.folded[name] + sum(row.entity == name for row in self.held)
            for name, good in self.good.items()
        )


@dataclass(frozen=True, slots=True)
class Landed:
    """One landed file: its rows, and what is said about it."""

    rows: Sequence[Row]
    modified_at: datetime | None = None
    suspects: tuple[tuple[int, str, str], ...] = ()
    places: Mapping[str, str] | None = None
    part_of: str = ""


Map = Callable[..., Outcome]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --regen-cases."""
    parser.addoption("--regen-cases", action="store_true", help="write the expected files of mapping cases anew")


def pytest_configure(config: pytest.Config) -> None:
    """Refuses --regen-cases where nobody would read the difference."""
    if os.environ.get("CI") and config.getoption("--regen-cases", default=False):
        pytest.exit("--regen-cases is for people, not for CI", returncode=2)


@pytest.fixture
def run_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Map:
    """What becomes of rows under a mapping: call it with the YAML and rows, or files; rows begin in row 2."""
    monkeypatch.setattr("mappings.engine.STREAMED_ROWS", 0)

    def run(
        text: str,
        landed: Sequence[Row] | Sequence[Landed],
        *,
        is_json: bool = False,
        key_parts: Sequence[str] = (),
        timezone: str = "Asia/Shanghai",
        currency: str = "",
    ) -> Outcome:
        files = [one if isinstance(one, Landed) else Landed([one]) for one in landed]
        if landed and not isinstance(landed[0], Landed):
            files = [Landed([row for one in files for row in one.rows])]
        batches = []
        header = list(dict.fromkeys(name for one in files for row in one.rows for name in row))
        for number, one in enumerate(files, start=1):
            names = list(dict.fromkeys(name for row in one.rows for name in row)) or header
            table = pa.table(
                [pa.array(range(2, len(one.rows) + 2), pa.int64())]
                + [pa.array([row.get(name) for row in one.rows], pa.string()) for name in names],
                names=["_row", *names],
            )
            path = tmp_path / f"{number}.parquet"
            pq.write_table(table, path, use_dictionary=False)
            pq.write_table(table, path.with_suffix(".dictionary"))
            batches.append(
                LandedRows(
                    number,
                    path,
                    len(one.rows),
                    one.part_of or f"f{number}.csv",
                    "",
                    one.places or {},
                    one.modified_at,
                    one.suspects,
                    sha256=one.part_of,
                )
            )
        columns = [name for name in header if name != "json"] if is_json else header
        plan = make_plan(
            parse_mapping(text, "t.yaml"),
            header=columns,
            is_json=is_json,
            timezone=timezone,
            key_parts=key_parts,
            currency=currency,
        )
        with monkeypatch.context() as unseen:
            unseen.setattr("mappings.odd._FEW_ROWS", 0)  # every value is then read in every way there is
            kept = _outcome(plan, batches, is_fresh=False)
        if sum(batch.rows for batch in batches) > 1 or is_json:  # else no row can touch another
            repeating = [replace(batch, parquet=batch.parquet.with_suffix(".dictionary")) for batch in batches]
            fresh = _outcome(plan, repeating, is_fresh=True)
            assert fresh == kept, "a first load must give what a look-up gives, however the rows were landed"
        return kept

    return run


def _outcome(plan: Plan, batches: Sequence[LandedRows], *, is_fresh: bool) -> Outcome:
    """What becomes of the rows, kept to be looked up or streamed into a store that holds nothing."""
    with MappingRun(plan, batches, fresh=[e.entity.name for e in plan.entities if is_fresh]) as mapped:
        good = {}
        for entity in plan.entities:
            records = mapped.stream(entity, {}) if mapped.is_streamed(entity) else mapped.good(entity)
            good[entity.entity.name] = sorted(records.read_all().to_pylist(), key=itemgetter("key", "batch", "row"))
            for record in good[entity.entity.name]:
                del record["source_hash"]
        return Outcome(
            plan,
            good,
            [row for entity in plan.entities for row in mapped.held(entity)],
            [placed.issue for placed in mapped.issues()],
            {entity.entity.name: mapped.read_count(entity) for entity in plan.entities},
            {entity.entity.name: mapped.folded_count(entity) for entity in plan.entities},
            mapped.date_orders,
        )


def one_field(field: str, expression: str, entity: str = "purchase_order_line") -> str:
    """A mapping with the key and one field."""
    return (
        f"mapping: t/t\nentities:\n  {entity}:\n    fields:\n"
        f"      order_number: 单号\n      line_number: 行号\n      {field}: {expression!r}\n"
    )
