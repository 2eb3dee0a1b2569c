"""Files that come late: by their time they are older than what went in before."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock.pipeline import late
from crossdock.pipeline.chosen import Chosen
from crossdock.pipeline.merge import Stage
from crossdock.pipeline.replay import replay
from crossdock.pipeline.retention import prune
from crossdock.pipeline.work import Work
from tests.integration.hub import HEADER, LEAN, NOW, Hub, counts, order_row
from tests.unit.pipeline.test_complete import alive, says

pytestmark = pytest.mark.store

LINES = {
    "purchase_order": {"fields": {"order_number": "no"}},
    "purchase_order_line": {"each": "lines", "fields": {"order_number": "parent.no", "line_number": "n"}},
}


def put_documents(hub: Hub, name: str, *lines: str, days: int) -> None:
    """An order in JSON with these lines."""
    content = json.dumps([{"no": "PO-1", "lines": [{"n": line} for line in lines]}])
    hub.put_bytes(name, content.encode(), at=NOW - timedelta(days=days))


@pytest.fixture
def nested(hub: Hub) -> Hub:
    hub.mapping("own/nested", LINES)
    hub.stream("own/nested", files="*.json")
    return hub


def load(hub: Hub, name: str, *rows: Sequence[object], days: int) -> dict[str, int]:
    return counts(hub.load(*rows, name=name, at=NOW - timedelta(days=days)))


def test_what_a_newer_file_repeats_unchanged_an_older_one_does_not_change(hub: Hub) -> None:
    load(hub, "a.csv", order_row("PO-1", quantity="500"), order_row("PO-2", quantity="1"), days=10)
    load(hub, "c.csv", order_row("PO-1", quantity="500"), order_row("PO-9"), days=1)
    changed = load(hub, "b.csv", order_row("PO-1", quantity="300"), order_row("PO-2", quantity="2"), days=5)
    assert (hub.line("ordered", "PO-1|10"), hub.line("ordered", "PO-2|10")) == (500, 2)
    assert changed == {"read": 2, "updated": 1, "stale": 1}


def test_a_newer_complete_file_of_another_kind_is_not_silent_about_a_late_one(hub: Hub) -> None:
    hub.mapping("own/items", {"item": {"fields": {"item_number": "料号", "name": "品名"}}})
    says(hub, complete=True, mapping=["own/orders", "own/items"])
    header = ["料号", "品名"]
    hub.put("a.csv", [["A1", "螺丝"], ["A2", "螺母"]], header=header, at=NOW - timedelta(days=9))
    hub.sync()
    load(hub, "c.csv", order_row("PO-1"), order_row("PO-2"), days=1)
    hub.put("b.csv", [["A1", "螺丝"], ["A3", "垫片"]], header=header, at=NOW - timedelta(days=5))
    hub.sync()
    assert hub.column("SELECT key FROM canonical.item ORDER BY key") == ["A1", "A2", "A3"]


def test_a_late_document_does_not_delete_lines_that_a_newer_one_holds(hub: Hub) -> None:
    says(hub, complete="document")
    whole = (order_row("PO-1", "10"), order_row("PO-1", "20"))
    load(hub, "a.csv", *whole, days=9)
    load(hub, "c.csv", *whole, order_row("PO-3"), days=1)
    load(hub, "b.csv", order_row("PO-1", "10"), days=5)
    assert alive(hub) == ["PO-1|10", "PO-1|20", "PO-3|10"]


def test_an_older_file_does_not_bring_back_what_a_complete_one_dropped(hub: Hub) -> None:
    says(hub, complete=True)
    load(hub, "a.csv", order_row("PO-1"), order_row("PO-2"), days=10)
    load(hub, "c.csv", order_row("PO-2"), days=1)
    load(hub, "b.csv", order_row("PO-1", quantity="7"), order_row("PO-2"), days=5)
    assert alive(hub) == ["PO-2|10"]


def test_an_older_complete_file_makes_nothing_that_a_newer_one_does_not_hold(hub: Hub) -> None:
    says(hub, complete=True)
    load(hub, "new.csv", order_row("PO-1"), order_row("PO-2"), days=1)
    late = load(hub, "old.csv", order_row("PO-1"), order_row("PO-9"), days=5)
    assert late == {"read": 2, "unchanged": 1, "stale": 1}
    assert alive(hub) == ["PO-1|10", "PO-2|10"]


def test_a_newer_complete_file_with_a_row_that_nobody_can_read_is_silent_about_nothing(hub: Hub) -> None:
    says(hub, complete=True)
    load(hub, "new.csv", order_row("PO-1"), order_row("PO-3", line=""), days=1)
    load(hub, "old.csv", order_row("PO-1"), order_row("PO-9"), days=5)
    assert alive(hub) == ["PO-1|10", "PO-9|10"]


def test_a_row_that_waited_is_not_made_where_a_newer_complete_file_has_it_no_more(hub: Hub) -> None:
    says(hub, complete=True)
    load(hub, "a.csv", order_row("PO-1", unit="坨"), order_row("PO-2"), days=9)
    load(hub, "b.csv", order_row("PO-2"), days=5)
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]}, codes={"unit": {"坨": "EA"}})
    hub.sync()
    assert alive(hub) == ["PO-2|10"]


def test_a_newer_file_is_asked_once_in_a_run_however_many_older_ones_come(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(hub, complete="document")  # each file is merged by itself
    load(hub, "a.csv", *(order_row(f"PO-{i}", quantity="500") for i in range(3)), days=9)
    load(hub, "z.csv", *(order_row(f"PO-{i}", quantity="500") for i in range(3)), days=1)
    asked: list[str] = []
    note = late._note_newer

    def noted(work: Work, one: Chosen, stages: Mapping[str, Stage]) -> None:
        asked.append(one.row.name)
        note(work, one, stages)

    monkeypatch.setattr(late, "_note_newer", noted)
    for i in range(3):
        hub.put(f"b{i}.csv", [order_row(f"PO-{i}", quantity="300")], at=NOW - timedelta(days=5, hours=i))
    assert counts(hub.sync()) == {"read": 3, "stale": 3}
    assert asked == ["z.csv"]


def test_of_two_complete_statements_in_one_run_the_second_deletes(hub: Hub) -> None:
    says(hub, complete="document")
    hub.put("a.csv", [order_row("PO-1", "10"), order_row("PO-1", "20")], at=NOW - timedelta(days=9))
    hub.put("b.csv", [order_row("PO-1", "10")], at=NOW - timedelta(days=5))
    hub.sync()
    assert alive(hub) == ["PO-1|10"]


def test_of_two_nested_documents_in_one_run_the_second_deletes(nested: Hub) -> None:
    put_documents(nested, "a.json", "10", "20", days=9)
    put_documents(nested, "b.json", "10", days=5)
    nested.sync()
    assert alive(nested) == ["PO-1|10"]


def test_a_replay_leaves_tombstones_as_they_are(nested: Hub) -> None:
    put_documents(nested, "a.json", "10", "20", days=9)
    nested.sync()
    put_documents(nested, "b.json", "10", days=5)
    nested.sync()
    before = len(nested.changes)
    replay(nested.home, nested.engine, "erp", "orders", clock=nested.clock)
    assert alive(nested) == ["PO-1|10"]
    assert len(nested.changes) == before


def test_a_replay_of_complete_files_writes_no_changes(hub: Hub) -> None:
    says(hub, complete=True)
    load(hub, "a.csv", order_row("PO-1"), order_row("PO-2"), days=9)
    load(hub, "b.csv", order_row("PO-2"), days=5)
    before = len(hub.changes)
    replay(hub.home, hub.engine, "erp", "orders", clock=hub.clock)
    assert (alive(hub), len(hub.changes)) == (["PO-2|10"], before)


def test_a_newer_file_in_which_the_record_is_held_is_not_silent_about_it(hub: Hub) -> None:
    says(hub, complete=True)
    load(hub, "a.csv", order_row("PO-1", unit="坨"), order_row("PO-2"), days=9)
    load(hub, "b.csv", order_row("PO-1", quantity="?"), order_row("PO-2"), days=5)
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]}, codes={"unit": {"坨": "EA"}})
    hub.sync()
    assert alive(hub) == ["PO-1|10", "PO-2|10"]


def test_a_newer_file_that_is_gone_says_nothing(hub: Hub) -> None:
    says(hub, complete=True)
    load(hub, "a.csv", order_row("PO-1", unit="坨"), order_row("PO-2"), days=9)
    load(hub, "b.csv", order_row("PO-2"), days=5)
    Path(hub.one("SELECT data_url FROM crossdock.batch WHERE name = 'b.csv'").removeprefix("file://")).unlink()
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]}, codes={"unit": {"坨": "EA"}})
    hub.sync()
    assert alive(hub) == ["PO-1|10", "PO-2|10"]


@pytest.mark.parametrize("complete", [False, True])
def test_a_file_that_waited_for_its_mapping_is_as_old_as_it_is(hub: Hub, *, complete: bool) -> None:
    says(hub, complete=complete)
    load(hub, "a.csv", order_row("PO-1"), order_row("PO-9"), days=3)
    header = tuple("采购单号码？" if name == "采购单号" else name for name in HEADER)
    hub.put("b.csv", [order_row("PO-1", quantity="300")], header=header, at=NOW - timedelta(days=2))
    assert hub.sync().status == "parked"
    load(hub, "c.csv", order_row("PO-1"), order_row("PO-2"), order_row("PO-9"), days=1)
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"], "order_number": ["采购单号", "采购单号码？"]})
    assert counts(hub.sync()) == {"read": 1, "stale": 1}
    assert hub.line("ordered", "PO-1|10") == 500
    assert alive(hub) == ["PO-1|10", "PO-2|10", "PO-9|10"]


def strict(hub: Hub) -> None:
    """The mapping from now on does not know the unit of line 20."""
    unit = "quantity(ordered, CASE WHEN line_number = '20' THEN concat(unit, '坨') ELSE unit END)"
    lines = LEAN["purchase_order_line"] | {"fields": LEAN["purchase_order_line"]["fields"] | {"ordered": unit}}
    hub.mapping("own/orders", LEAN | {"purchase_order_line": lines}, columns={"unit": ["单位"]})


def test_a_replay_does_not_delete_what_a_newer_file_states_in_a_row_that_is_held_today(hub: Hub) -> None:
    says(hub, complete=True)
    load(hub, "a.csv", order_row("PO-1"), days=9)
    load(hub, "b.csv", order_row("PO-1"), order_row("PO-1", "20"), order_row("PO-2"), days=5)
    strict(hub)
    replay(hub.home, hub.engine, "erp", "orders", clock=hub.clock)
    assert alive(hub) == ["PO-1|10", "PO-1|20", "PO-2|10"]


def test_a_replay_does_not_delete_what_a_newer_file_states_that_no_mapping_fits_today(hub: Hub) -> None:
    says(hub, complete=True)
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"], "order_number": ["采购单号", "Bestellung"]})
    load(hub, "a.csv", order_row("PO-1"), days=9)
    hub.put(
        "b.csv", [order_row("PO-1"), order_row("PO-2")], header=["Bestellung", *HEADER[1:]], at=NOW - timedelta(days=5)
    )
    hub.sync()
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"]})
    replay(hub.home, hub.engine, "erp", "orders", clock=hub.clock)
    assert alive(hub) == ["PO-1|10", "PO-2|10"]


def test_an_old_complete_file_does_not_delete_what_a_newer_one_stated_that_has_expired(hub: Hub) -> None:
    says(hub, complete=True)
    hub.settings(retention={"landing_days": 30})
    load(hub, "a.csv", order_row("PO-1"), order_row("PO-2"), days=9)
    load(hub, "c.csv", order_row("PO-1", quantity="9"), order_row("PO-2"), days=1)
    hub.clock.forward(hours=24 * 40)
    assert prune(hub.home, hub.engine, clock=hub.clock).batches == 2
    load(hub, "b.csv", order_row("PO-1", quantity="8"), days=5)
    assert (alive(hub), hub.line("ordered")) == (["PO-1|10", "PO-2|10"], 9)


def test_a_complete_file_that_waited_deletes_what_only_an_older_one_states(hub: Hub) -> None:
    says(hub, complete=True)
    load(hub, "a.csv", order_row("PO-1"), days=9)
    header = tuple("采购单号码？" if name == "采购单号" else name for name in HEADER)
    hub.put("c.csv", [order_row("PO-1")], header=header, at=NOW - timedelta(days=1))
    assert hub.sync().status == "parked"
    load(hub, "b.csv", order_row("PO-1"), order_row("PO-3"), days=5)
    assert alive(hub) == ["PO-1|10", "PO-3|10"]
    hub.mapping("own/orders", LEAN, columns={"unit": ["单位"], "order_number": ["采购单号", "采购单号码？"]})
    hub.sync()
    assert alive(hub) == ["PO-1|10"]
