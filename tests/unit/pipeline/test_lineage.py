"""Lineage in the store: kept once, found again from a run."""

import pytest
from sqlalchemy import Engine, func, insert, select

from crossdock.pipeline.lineage import keep_lineage, lineage_of_run
from crossdock.store import tables
from mappings.lineage import lineage
from mappings.plan import make_plan
from mappings.spec import find_mapping
from tests.integration.hub import NOW

pytestmark = pytest.mark.store
HEADER = ["采购单号", "行号", "物料编码", "数量", "单位"]
BATCH = {
    "landed_at": NOW, "landed_run": 1, "source": "erp", "stream": "orders", "name": "a.csv", "rows_total": 0,
    "rows_above": 0, "rows_header": 0, "rows_skipped": 0, "rows_read": 0, "data_url": "x", "cursor": {}, "status": "applied", "applied_run": 1,
}  # fmt: skip


def test_lineage_is_kept_once_and_found_from_a_run(fresh_store: Engine) -> None:
    spec = find_mapping("generic/purchase_order", None)
    plan = make_plan(spec, header=HEADER, is_json=False, timezone="UTC")
    with fresh_store.begin() as connection:
        digest = keep_lineage(connection, plan)
        assert keep_lineage(connection, plan) == digest
        for batch in ({"lineage": digest}, {"lineage": digest}, {"applied_run": 2}):
            connection.execute(insert(tables.batch).values(BATCH | batch))

        kept = lineage_of_run(connection, 1, "generic/purchase_order")
        count = connection.scalar(select(func.count()).select_from(tables.mapping_lineage))

        assert sorted(kept, key=repr) == sorted(lineage(plan), key=repr)
        assert count == len(kept) == 5
        assert lineage_of_run(connection, 1, "generic/inventory") == []
        assert lineage_of_run(connection, 2, "generic/purchase_order") == []
