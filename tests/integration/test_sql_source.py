"""A database as a source, through the whole pipeline: native types, only news the second time, a landing cut off."""

from collections.abc import Iterator

import pytest

from canonical_model.errors import TransientError
from canonical_model.language import Text
from connectors.base import Batch, Cursor
from connectors.sql import SqlConnector
from tests.integration.hub import LEAN, Hub, counts, refused

pytestmark = pytest.mark.store


@pytest.fixture
def erp(hub: Hub) -> Hub:
    """A deployment whose source `erp` is the table po of PostgreSQL, with five order lines, in pages of two."""
    hub.mapping("own/orders", LEAN)
    config = {"table": "public.po", "key": ["order_number", "line_number"], "watermark": "changed", "batch_rows": 2}
    stream = {"config": config, "mapping": "own/orders"}
    hub.write("sources/erp.yaml", {"source": "erp", "connector": "sql", "connection": "db", "streams": {"po": stream}})
    hub.connections["db"] = {"url": hub.engine.url.render_as_string(hide_password=False)}
    hub.do(
        "CREATE TABLE public.po (order_number char(6), line_number int, ordered_on date, item text, buyer_contact text,"
        " ordered numeric(12,3), unit text, requested_on timestamptz, changed timestamptz, note jsonb)"
    )
    hub.do(
        "INSERT INTO public.po SELECT 'PO-1', n, '2026-11-01', '00012' || n, '张三', n * 100.125, '个',"
        " '2026-12-01 00:00+08', now() - interval '1 day', '{\"price\": 1.10}' FROM generate_series(1, 5) n"
    )
    return hub


def ordered(hub: Hub) -> list[str]:
    return [str(value) for value in hub.column("SELECT ordered FROM canonical.purchase_order_line ORDER BY key")]


def test_native_types_arrive_exact_and_only_news_comes_the_second_time(erp: Hub) -> None:
    assert counts(erp.sync("po")) == {"read": 5, "created": 5}
    assert [float(value) for value in ordered(erp)] == [100.125, 200.25, 300.375, 400.5, 500.625]
    assert erp.column("SELECT item FROM canonical.purchase_order_line ORDER BY key")[0] == "000121"
    erp.do("UPDATE public.po SET ordered = 7, changed = now() WHERE line_number = 3")
    erp.do("UPDATE public.po SET changed = changed + interval '1 hour' WHERE line_number <> 3")
    assert counts(erp.sync("po")) == {"read": 5, "updated": 1, "unchanged": 4}
    assert counts(erp.sync("po")) == {"read": 1, "unchanged": 1}


def test_a_landing_cut_off_goes_on_though_the_rows_behind_it_are_gone(
    erp: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = SqlConnector.read

    def cut_off(self: SqlConnector, stream: str, since: Cursor) -> Iterator[Batch]:
        yield next(iter(whole(self, stream, since)))
        raise TransientError(Text("断了", "cut off"))

    with monkeypatch.context() as patch:
        patch.setattr(SqlConnector, "read", cut_off)
        refused(lambda: erp.sync("po"))
    erp.do("DELETE FROM public.po WHERE line_number > 2")
    assert counts(erp.sync("po")) == {"read": 2, "created": 2}
    erp.do(
        "INSERT INTO public.po SELECT 'PO-0', 1, ordered_on, item, buyer_contact, 9, unit, requested_on, changed"
        " FROM public.po WHERE line_number = 1"
    )
    assert counts(erp.sync("po"))["created"] == 1
