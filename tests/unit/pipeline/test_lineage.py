"""Lineage in the store: kept once, found again from a batch."""

import pytest
from sqlalchemy import Engine, func, insert, select

from crossdock.pipeline.lineage import keep_lineage, lineage_of_batch
from crossdock.store import tables
from mappings.lineage import lineage
from mappings.plan import make_plan
from mappings.spec import find_mapping
from tests.integration.hub import NOW

pytestmark = pytest.mark.store
HEADER = ["采购单号", "行号", "物料编码", "数量", "单位"]
BATCH = {
    "landed_at": NOW, "landed_run": 1, "source": "erp", "stream": "orders", "name": "a.csv", "rows_total": 0,
    "rows_above": 0, "rows_header": 0, "rows_skipped": 0, "rows_read": 0, "data_url": "x", "cursor": {}, "status": "applied",
}  # fmt: skip


def test_lineage_is_kept_once_and_found_from_a_batch(fresh_store: Engine) -> None:
    spec = find_mapping("generic/purchase_order", None)
    plan = make_plan(spec, header=HEADER, is_json=False, timezone="UTC")
    with fresh_store.begin() as connection:
        digest = keep_lineage(connection, plan)
        assert keep_lineage(connection, plan) == digest
        told, silent = (
            connection.scalar(insert(tables.batch).values(BATCH | {"lineage": one}).returning(tables.batch.c.id)) or 0
            for one in (digest, None)
        )

        kept = lineage_of_batch(connection, told)
        count = connection.scalar(select(func.count()).select_from(tables.mapping_lineage))

        assert sorted(kept, key=repr) == sorted(lineage(plan), key=repr)
        assert count == len(kept) == 5
        assert lineage_of_batch(connection, silent) == []
