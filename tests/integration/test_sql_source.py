"""A database as a source, through the whole pipeline: native types, only news the second time, a landing cut off."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing

import pytest

from canonical_model.errors import TransientError
from canonical_model.language import Text
from connectors.base import Batch, Cursor
from connectors.sql import SqlConnector
from crossdock.pipeline.guard import approve
from crossdock.pipeline.land import land
from crossdock.pipeline.replay import replay
from crossdock.pipeline.report import RunReport
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


@pytest.mark.parametrize("watermark", ["changed", []], ids=["watermark", "full"])
def test_of_a_table_read_whole_changes_come_and_what_is_gone_is_deleted(erp: Hub, watermark: str | list[str]) -> None:
    config = {"table": "public.po", "key": ["order_number", "line_number"], "watermark": watermark}
    stream = {"config": config, "mapping": "own/orders", "complete": True}
    erp.write("sources/erp.yaml", {"source": "erp", "connector": "sql", "connection": "db", "streams": {"po": stream}})
    erp.sync("po")
    erp.do("UPDATE public.po SET ordered = 7 WHERE line_number = 2")  # no newer watermark: the cursor stays where it is
    erp.do("DELETE FROM public.po WHERE line_number = 3")
    report = erp.sync("po")
    assert counts(report) == {"read": 4, "updated": 1, "unchanged": 3}
    assert {one.entity: one.deleted for one in report.entities}["purchase_order_line"] == 1
    assert erp.column("SELECT key FROM canonical.purchase_order_line WHERE deleted_at IS NOT NULL") == ["PO-1|3"]


def test_a_list_of_keys_speaks_only_for_the_rows_that_came_before_it(erp: Hub) -> None:
    stream = erp.home.sources["erp"].model_dump(mode="json")["streams"]["po"] | {"complete": True}
    erp.write("sources/erp.yaml", {"source": "erp", "connector": "sql", "connection": "db", "streams": {"po": stream}})
    erp.sync("po")
    erp.do(
        "INSERT INTO public.po (order_number, line_number, ordered, unit, changed) VALUES ('PO-1', 6, 1, '个', now())"
    )
    land(erp.home, erp.engine, "erp", "po", clock=erp.clock)
    erp.do(
        "INSERT INTO public.po (order_number, line_number, ordered, unit, changed) VALUES ('PO-1', 7, 1, '个', now())"
    )
    erp.sync("po")
    replay(erp.home, erp.engine, "erp", "po", clock=erp.clock)
    alive = erp.column("SELECT key FROM canonical.purchase_order_line WHERE deleted_at IS NULL ORDER BY key")
    assert alive == [f"PO-1|{line}" for line in range(1, 8)]


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


def read_whole(erp: Hub, **more: object) -> None:
    config = {"table": "public.po", "key": ["order_number", "line_number"], "watermark": "changed"}
    stream = {"config": config, "mapping": "own/orders", "complete": True, **more}
    erp.write("sources/erp.yaml", {"source": "erp", "connector": "sql", "connection": "db", "streams": {"po": stream}})


def test_what_a_person_approved_goes_in_without_what_came_since(erp: Hub) -> None:
    read_whole(erp, guard={"deleted": "10%", "rows": 2})
    erp.sync("po")
    erp.do("DELETE FROM public.po WHERE line_number > 2")
    asked = erp.sync("po")
    assert asked.status == "parked"
    approve(erp.engine, asked.run_id)
    assert erp.sync("po").status == "succeeded"
    alive = "SELECT key FROM canonical.purchase_order_line WHERE deleted_at IS NULL ORDER BY key"
    assert erp.column(alive) == ["PO-1|1", "PO-1|2"]
    erp.do("DELETE FROM public.po WHERE line_number = 2")
    assert erp.sync("po").status == "parked", "this was not approved"


def test_a_row_that_was_hidden_and_is_shown_again_comes_back(erp: Hub) -> None:
    read_whole(erp)
    erp.do("UPDATE public.po SET changed = changed - line_number * interval '1 hour'")
    erp.sync("po")
    erp.do("CREATE TABLE public.hidden AS SELECT * FROM public.po WHERE line_number = 3")
    erp.do("DELETE FROM public.po WHERE line_number = 3")
    assert erp.sync("po").status == "succeeded"
    erp.do("INSERT INTO public.po SELECT * FROM public.hidden")
    report = erp.sync("po")
    assert counts(report) == {"read": 2, "unchanged": 1, "updated": 1}
    assert erp.column("SELECT deleted_at FROM canonical.purchase_order_line WHERE key = 'PO-1|3'") == [None]
    change = erp.column("SELECT fields -> 'deleted_at' FROM crossdock.change WHERE key = 'PO-1|3' ORDER BY id")
    assert [one[0] is None for one in change] == [True, False]
    assert change[1] == [change[0][1], None]


def test_an_order_that_comes_back_has_its_lines(erp: Hub) -> None:
    config = {"table": "public.po", "key": ["order_number"], "watermark": "changed"}
    stream = {"config": config, "mapping": "own/orders", "complete": True}
    erp.write("sources/erp.yaml", {"source": "erp", "connector": "sql", "connection": "db", "streams": {"po": stream}})
    erp.do("UPDATE public.po SET order_number = 'PO-2', changed = changed - interval '1 day' WHERE line_number > 3")
    erp.sync("po")
    erp.do("CREATE TABLE public.hidden AS SELECT * FROM public.po WHERE order_number = 'PO-2'")
    erp.do("DELETE FROM public.po WHERE order_number = 'PO-2'")
    erp.sync("po")
    alive = "SELECT key FROM canonical.purchase_order_line WHERE deleted_at IS NULL ORDER BY key"
    assert erp.column(alive) == ["PO-1|1", "PO-1|2", "PO-1|3"]
    erp.do("INSERT INTO public.po SELECT * FROM public.hidden")
    report = erp.sync("po")
    assert {one.entity: one.updated for one in report.entities} == {"purchase_order": 1, "purchase_order_line": 2}
    assert erp.column(alive) == ["PO-1|1", "PO-1|2", "PO-1|3", "PO-2|4", "PO-2|5"]
    lines = LEAN["purchase_order_line"]["fields"] | {"remark": "upper(item)"}
    erp.mapping("own/orders", LEAN | {"purchase_order_line": {"fields": lines}})
    again = replay(erp.home, erp.engine, "erp", "po", clock=erp.clock).run
    assert sum(one.stale for one in again.entities) == 0
    assert erp.one("SELECT count(remark) FROM canonical.purchase_order_line") == 5


def test_keys_of_which_some_are_numbers_are_listed_as_texts(hub: Hub) -> None:
    database = hub.path / "erp.sqlite"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE po (order_number numeric, line_number int, ordered numeric, unit text)")
        rows = [(number, 1, 5, "个") for number in (1, 2, 3, "PO-A")]
        connection.executemany("INSERT INTO po VALUES (?, ?, ?, ?)", rows)
    hub.mapping("own/orders", LEAN)
    hub.connections["db"] = {"url": f"sqlite:///{database}"}
    config = {"table": "po", "key": ["order_number"], "batch_rows": 2}
    stream = {"config": config, "mapping": "own/orders", "complete": True}
    hub.write("sources/erp.yaml", {"source": "erp", "connector": "sql", "connection": "db", "streams": {"po": stream}})
    assert counts(hub.sync("po")) == {"read": 4, "created": 4}
    assert hub.sync("po").status == "succeeded"
    assert hub.column("SELECT key FROM canonical.purchase_order_line WHERE deleted_at IS NULL ORDER BY key") == [
        "1|1",
        "2|1",
        "3|1",
        "PO-A|1",
    ]


def configure(hub: Hub, config: Mapping[str, object], **stream: object) -> None:
    """Another stream in the place of the fixture's."""
    config = {"table": "public.po", "key": ["order_number", "line_number"], "watermark": "changed"} | dict(config)
    streams = {"po": {"config": config, "mapping": "own/orders", **stream}}
    hub.write("sources/erp.yaml", {"source": "erp", "connector": "sql", "connection": "db", "streams": streams})


def alive(hub: Hub) -> list[str]:
    return hub.column("SELECT key FROM canonical.purchase_order_line WHERE deleted_at IS NULL ORDER BY key")


@pytest.mark.parametrize("complete", [False, True])
def test_a_decimal_without_a_scale_keeps_its_digits_whatever_stands_beside_it(erp: Hub, *, complete: bool) -> None:
    configure(erp, {"overlap_seconds": 0}, complete=complete)
    erp.do("ALTER TABLE public.po ALTER line_number TYPE numeric")
    erp.sync("po")
    erp.do(
        "INSERT INTO public.po SELECT order_number, 4.5, ordered_on, item, buyer_contact, ordered, unit, requested_on, "
        "now(), note FROM public.po WHERE line_number = 4; UPDATE public.po SET changed = now() WHERE line_number = 4"
    )
    assert counts(erp.sync("po")) == {"read": 6, "created": 1, "unchanged": 5}
    assert alive(erp) == ["PO-1|1", "PO-1|2", "PO-1|3", "PO-1|4", "PO-1|4.5", "PO-1|5"]


@pytest.mark.parametrize("complete", [False, True])
def test_a_row_that_waited_does_not_overwrite_what_was_read_since(erp: Hub, *, complete: bool) -> None:
    configure(erp, {}, complete=complete)
    erp.do("UPDATE public.po SET unit = '箩筐' WHERE line_number = 1")
    assert counts(erp.sync("po")) == {"read": 5, "created": 4, "parked": 1}
    erp.do("UPDATE public.po SET unit = '个', ordered = 7, changed = now() - interval '5 hours' WHERE line_number = 1")
    erp.sync("po")
    erp.do("UPDATE public.po SET ordered = 9, changed = now() WHERE line_number = 2")
    erp.sync("po")
    erp.mapping("own/orders", LEAN, codes={"unit": {"箩筐": "XCR"}})
    assert erp.column("SELECT count(*) FROM crossdock.held_row WHERE settled_run IS NULL") == [0], (
        "the newer row is stored"
    )
    assert "updated" not in counts(erp.sync("po"))
    assert [float(value) for value in ordered(erp)] == [7, 9, 300.375, 400.5, 500.625]


def test_a_batch_that_waited_for_a_person_does_not_overwrite_a_newer_one(erp: Hub) -> None:
    configure(erp, {"query": "SELECT * FROM public.v", "table": None, "overlap_seconds": 0}, drift="park")
    erp.do("CREATE VIEW public.v AS SELECT * FROM public.po")
    erp.sync("po")

    def change(columns: str, quantity: int, hours: int) -> RunReport:
        erp.do(f"DROP VIEW public.v; CREATE VIEW public.v AS SELECT {columns} FROM public.po")
        erp.do(
            "UPDATE public.po SET ordered = :quantity, changed = now() - make_interval(hours => :hours) "
            "WHERE line_number = 1",
            quantity=quantity,
            hours=hours,
        )
        return erp.sync("po")

    waits = change("*, 'x' AS extra", 50, hours=3)
    assert waits.status == "parked"
    assert change("*", 7, hours=2).status == "succeeded"
    approve(erp.engine, waits.run_id)
    erp.sync("po")
    assert float(ordered(erp)[0]) == 7


def test_a_time_of_change_in_the_future_does_not_hide_what_changes_today(erp: Hub) -> None:
    erp.do("UPDATE public.po SET changed = '2099-12-31' WHERE line_number = 1")
    erp.sync("po")
    erp.do("UPDATE public.po SET ordered = 7, changed = now() WHERE line_number = 2")
    assert counts(erp.sync("po"))["updated"] == 1
    erp.do(
        """UPDATE crossdock.cursor SET position = position || '{"since": ["datetime", "2099-12-31 00:00:00+00:00"]}'"""
    )
    erp.do("UPDATE public.po SET ordered = 8, changed = now() WHERE line_number = 3")
    assert counts(erp.sync("po"))["updated"] == 1, "also where an older program has got stuck there"


def test_a_replay_deletes_nothing_that_was_read_after_the_list_of_keys(erp: Hub) -> None:
    configure(erp, {}, complete=True)
    erp.do(
        "CREATE TABLE public.later AS SELECT * FROM public.po WHERE line_number > 3; DELETE FROM public.po WHERE line_number > 3"
    )
    erp.sync("po")
    erp.do(
        "INSERT INTO public.po SELECT * FROM public.later; UPDATE public.po SET changed = now() WHERE line_number > 3"
    )
    erp.sync("po")
    quantity = "quantity(ordered, CASE WHEN line_number = '4' THEN concat(unit, '箩筐') ELSE unit END)"
    lines = LEAN["purchase_order_line"] | {"fields": LEAN["purchase_order_line"]["fields"] | {"ordered": quantity}}
    erp.mapping("own/orders", LEAN | {"purchase_order_line": lines})
    replay(erp.home, erp.engine, "erp", "po", clock=erp.clock)
    assert alive(erp) == [f"PO-1|{number}" for number in range(1, 6)]


def test_deletions_that_nobody_can_tell_are_refused(erp: Hub) -> None:
    erp.do("ALTER TABLE public.po ADD id int GENERATED ALWAYS AS IDENTITY")
    configure(erp, {"key": ["id"]}, complete=True)
    error = refused(lambda: erp.sync("po"))
    assert (error.problem_code, error.where) == ("XD-CFG-143", "sources/erp.yaml")
    configure(erp, {}, complete=True)
    assert counts(erp.sync("po"))["created"] == 5
    erp.do("DELETE FROM public.po WHERE line_number = 5")
    erp.sync("po")
    assert alive(erp) == [f"PO-1|{number}" for number in range(1, 5)]
    replay(erp.home, erp.engine, "erp", "po", clock=erp.clock)
    assert alive(erp) == [f"PO-1|{number}" for number in range(1, 5)]


def test_a_row_that_waited_goes_in_though_the_source_lists_its_keys(erp: Hub) -> None:
    configure(erp, {}, complete=True)
    erp.do("UPDATE public.po SET unit = '箩筐' WHERE line_number = 1")
    erp.sync("po")
    erp.do("UPDATE public.po SET ordered = 9, changed = now() WHERE line_number = 2")
    erp.sync("po")
    erp.mapping("own/orders", LEAN, codes={"unit": {"箩筐": "XCR"}})
    assert counts(erp.sync("po"))["created"] == 1
    assert alive(erp) == [f"PO-1|{number}" for number in range(1, 6)]


def test_a_replay_goes_through_no_history_and_brings_no_older_value_back(erp: Hub) -> None:
    configure(erp, {}, complete=True)
    erp.sync("po")
    for quantity in (6, 7):
        erp.do(f"UPDATE public.po SET ordered = {quantity}, changed = now() WHERE line_number = 1")
        erp.sync("po")
    erp.do("DELETE FROM public.po WHERE line_number = 2")
    erp.sync("po")
    before = len(erp.changes)
    replay(erp.home, erp.engine, "erp", "po", clock=erp.clock)
    assert len(erp.changes) == before
    assert alive(erp) == ["PO-1|1", "PO-1|3", "PO-1|4", "PO-1|5"]
    held = "quantity(ordered, CASE WHEN number(ordered) = 7 THEN concat(unit, '箩筐') ELSE unit END)"
    lines = LEAN["purchase_order_line"] | {"fields": LEAN["purchase_order_line"]["fields"] | {"ordered": held}}
    erp.mapping("own/orders", LEAN | {"purchase_order_line": lines})
    replay(erp.home, erp.engine, "erp", "po", clock=erp.clock)
    assert float(ordered(erp)[0]) == 7, "held today, and newer than what the mapping still lets in"
