"""A mapping that makes other keys: its batches wait, every run asks, and either answer lets them in."""

import secrets

import pytest

from canonical_model.language import Language
from crossdock.delivery.links import UploadLink
from crossdock.pipeline.guard import approve, discard
from crossdock.pipeline.replay import replay
from crossdock.portal._sent import SentFiles
from crossdock.returned import find_files
from tests.integration.hub import HEADER, LEAN, Hub, order_row, refused

pytestmark = pytest.mark.store

OTHER = {**LEAN, "purchase_order_line": {**LEAN["purchase_order_line"], "key": ["order_number", "item"]}}


def mapped(hub: Hub, entities: dict[str, object] = LEAN, **more: object) -> None:
    hub.mapping("own/orders", entities, columns={"unit": ["单位"]}, **more)


def keys(hub: Hub) -> list[str]:
    return hub.column("SELECT key FROM canonical.purchase_order_line WHERE deleted_at IS NULL ORDER BY key")


def statuses(hub: Hub) -> list[str]:
    return hub.column("SELECT status FROM crossdock.batch ORDER BY id")


@pytest.fixture
def asked(hub: Hub) -> Hub:
    """PO-1 is stored; PO-2 came after the mapping began to make keys of the item instead of the line number."""
    hub.load(order_row("PO-1"), name="a.csv")
    mapped(hub, OTHER)
    hub.put("b.csv", [order_row("PO-2")])
    return hub


def test_a_changed_key_parks_the_run_and_every_run_asks_until_there_is_an_answer(asked: Hub) -> None:
    for _ in range(2):
        report = asked.sync()
        assert report.status == "parked"
        assert report.question is not None
        said = report.question.get(Language.ZH)
        assert (
            "[XD-MAP-010] purchase_order_line 的键从（order_number, line_number）改成了（order_number, item）" in said
        )
        assert "crossdock replay erp orders --rekey --dry-run" in said
        assert [file.status for file in report.files] == ["parked"]
        problem = asked.one("SELECT problem FROM crossdock.run WHERE id = :run", run=report.run_id)
        assert (problem["code"], problem["where"]) == ("XD-MAP-010", "mappings/own/orders.yaml")
    assert keys(asked) == ["PO-1|10"]
    assert statuses(asked) == ["applied", "parked"]
    assert asked.one("SELECT count(*) FROM crossdock.change") == 0


def test_put_back_what_waits_goes_in(asked: Hub) -> None:
    asked.sync()
    asked.put("c.csv", [order_row("PO-2", quantity="7")])
    asked.sync()
    mapped(asked)
    report = asked.sync()
    assert (report.status, report.question) == ("succeeded", None)
    assert keys(asked) == ["PO-1|10", "PO-2|10"]
    assert asked.line("ordered", "PO-2|10") == 7, "in landing order"
    assert asked.sync().status == "idle"


def test_made_anew_under_the_new_key_what_waits_goes_in_beside_what_comes(asked: Hub) -> None:
    asked.sync()
    for is_dry in (True, False):
        report = replay(asked.home, asked.engine, "erp", "orders", rekey=True, dry_run=is_dry, clock=asked.clock)
        lines = next(one for one in report.differences if one.entity == "purchase_order_line")
        assert (lines.added, lines.removed) == (1, 1)
        assert keys(asked) == ["PO-1|10" if is_dry else "PO-1|000123"]
        if is_dry:
            assert asked.sync().status == "parked", "a look answers nothing"
    asked.put("c.csv", [order_row("PO-3")])
    report_after = asked.sync()
    assert (report_after.status, report_after.question) == ("succeeded", None)
    assert keys(asked) == ["PO-1|000123", "PO-2|000123", "PO-3|000123"]


def test_a_replay_that_does_not_say_rekey_is_refused_and_what_went_in_stays_so(asked: Hub) -> None:
    error = refused(lambda: replay(asked.home, asked.engine, "erp", "orders", clock=asked.clock))
    assert error.problem_code == "XD-MAP-010"
    assert keys(asked) == ["PO-1|10"]
    assert statuses(asked) == ["applied"]


def test_an_approval_answers_another_question(asked: Hub) -> None:
    approve(asked.engine, asked.sync().run_id)
    assert asked.sync().status == "parked"
    assert asked.column("SELECT is_approved FROM crossdock.batch") == [False, False]
    assert keys(asked) == ["PO-1|10"]


def test_what_waits_for_a_key_can_be_discarded(asked: Hub) -> None:
    discard(asked.engine, asked.sync().run_id)
    assert asked.sync().status == "idle"
    assert statuses(asked) == ["applied", "superseded"]


def test_batches_of_another_mapping_go_in(hub: Hub) -> None:
    hub.mapping("own/german", LEAN, columns={"order_number": ["Bestellung"], "unit": ["单位"]})
    hub.stream("own/orders", "own/german")
    german = ["Bestellung", *HEADER[1:]]
    hub.load(order_row("PO-1"), name="a.csv")
    hub.put("b.csv", [order_row("PO-2")], header=german)
    hub.sync()
    mapped(hub, OTHER)
    hub.put("c.csv", [order_row("PO-3")])
    hub.put("d.csv", [order_row("PO-4")], header=german)
    report = hub.sync()
    assert report.status == "succeeded"
    assert report.question is not None
    assert [file.status for file in report.files] == ["parked", "applied"]
    assert keys(hub) == ["PO-1|10", "PO-2|10", "PO-4|10"]


def test_parked_rows_are_not_judged_under_another_key(hub: Hub) -> None:
    hub.load(order_row("PO-1"), order_row("PO-2", unit="噗"))
    mapped(hub, OTHER, codes={"unit": {"噗": "XCS"}})
    assert hub.sync().status == "idle"
    assert keys(hub) == ["PO-1|10"]
    mapped(hub, codes={"unit": {"噗": "XCS"}})
    assert hub.sync().waited == 1
    assert keys(hub) == ["PO-1|10", "PO-2|10"]


def test_who_sent_the_file_is_not_told_that_it_is_wrong(asked: Hub) -> None:
    report = asked.sync()
    assert find_files(asked.engine, report.run_id) == []
    newest, _ = SentFiles(asked.engine, UploadLink("erp", "orders", {}, asked.clock())).newest()
    assert (newest.status, newest.problem) == ("landed", None)
    assert not [name for name in asked.files if name.startswith("failed/")]


def test_a_list_of_keys_deletes_nothing_while_the_question_is_open(hub: Hub) -> None:
    config = {"table": "public.po", "key": ["采购单号", "行号"], "watermark": "changed"}
    orders = {"config": config, "mapping": "own/orders", "complete": True}
    hub.write(
        "sources/erp.yaml", {"source": "erp", "connector": "sql", "connection": "db", "streams": {"orders": orders}}
    )
    hub.connections["db"] = {"url": hub.engine.url.render_as_string(hide_password=False)}
    columns = ", ".join(f"{name} text" for name in HEADER)
    hub.do(f"CREATE TABLE public.po ({columns}, changed timestamptz)")
    for number in ("PO-1", "PO-2"):
        hub.do(f"INSERT INTO public.po VALUES ({str(order_row(number))[1:-1]}, now())")
    hub.sync()
    assert keys(hub) == ["PO-1|10", "PO-2|10"]
    mapped(
        hub, {**LEAN, "purchase_order_line": {**LEAN["purchase_order_line"], "key": ["line_number", "order_number"]}}
    )
    hub.do("DELETE FROM public.po WHERE 采购单号 = 'PO-1'")
    assert hub.sync().question is not None
    assert keys(hub) == ["PO-1|10", "PO-2|10"]
    mapped(hub)
    hub.sync()
    assert keys(hub) == ["PO-2|10"]


def test_a_version_that_is_made_of_something_else_is_asked_about(hub: Hub) -> None:
    header = [*HEADER, "rev"]
    mapped(hub)
    hub.put("a.csv", [[*order_row(), "1"]], header=header)
    hub.sync()
    mapped(hub, version="number(rev)")
    hub.put("b.csv", [[*order_row(quantity="7"), "2"]], header=header)
    report = hub.sync()
    assert report.status == "parked"
    assert "version 从（-）改成了（number(rev)）" in str(report.question)
    replay(hub.home, hub.engine, "erp", "orders", rekey=True, clock=hub.clock)
    assert hub.sync().status == "succeeded"
    assert hub.line("ordered") == 7
    hub.put("c.csv", [[*order_row(quantity="8"), "1"]], header=header)
    hub.sync()
    assert hub.line("ordered") == 7, "older by its version"


def test_a_statement_without_a_version_leaves_the_stored_one(hub: Hub) -> None:
    header = [*HEADER, "rev"]
    mapped(hub, version="number(rev)")
    for quantity, version in (("5", "5"), ("3", ""), ("1", "4")):
        hub.put(f"{quantity}.csv", [[*order_row(quantity=quantity), version]], header=header)
        hub.sync()
    assert hub.line("ordered") == 3


def test_a_key_beyond_what_the_store_can_index_is_no_lost_connection(hub: Hub) -> None:
    hub.mapping("own/orders", {"purchase_order": {"key": ["长"], "fields": {"order_number": "order_number"}}})
    hub.put("a.csv", [("PO-1", secrets.token_urlsafe(9000))], header=("采购单号", "长"))
    error = refused(hub.sync)
    assert error.problem_code == "XD-STO-001"
    assert "index" in str(error)


FIELDS = {"order_number": "order_number", "line_number": "line_number", "ordered": "quantity(ordered, 'EA')"}
PLAIN = ("order_number", "line_number", "ordered")


def test_a_partner_in_the_path_is_asked_about_where_there_was_none(hub: Hub) -> None:
    hub.mapping("own/orders", {"purchase_order_line": {"fields": FIELDS}})
    hub.stream("own/orders", files="inbox/*.csv")
    hub.put("inbox/a.csv", [["PO-1", "10", "5"]], header=PLAIN)
    hub.sync()
    hub.stream("own/orders", files="inbox/{partner}/*.csv")
    hub.put("inbox/acme/b.csv", [["PO-1", "10", "6"]], header=PLAIN)
    report = hub.sync()
    assert report.status == "parked"
    assert report.question is not None
    assert "路径里的伙伴从（-）改成了（partner）" in report.question.get(Language.ZH)
    hub.stream("own/orders", files=["inbox/*.csv", "inbox/{partner}/*.csv"])
    assert hub.sync().status == "succeeded", "where the settings say both, both are meant"


def test_another_mapping_with_another_key_is_asked_about(hub: Hub) -> None:
    header = ("id", *PLAIN)
    hub.mapping("own/orders", {"purchase_order_line": {"fields": FIELDS}})
    hub.mapping("own/same", {"purchase_order_line": {"fields": FIELDS}})
    hub.mapping("own/other", {"purchase_order_line": {"key": ["id"], "fields": FIELDS}})
    hub.stream("own/orders", files="*.csv")
    hub.put("a.csv", [["a", "PO-1", "10", "5"]], header=header)
    hub.sync()
    hub.stream("own/same", files="*.csv")
    hub.put("b.csv", [["a", "PO-1", "10", "6"]], header=header)
    assert hub.sync().status == "succeeded"
    hub.stream("own/other", files="*.csv")
    hub.put("c.csv", [["a", "PO-1", "10", "7"]], header=header)
    assert hub.sync().status == "parked"
    assert keys(hub) == ["PO-1|10"]
    replay(hub.home, hub.engine, "erp", "orders", rekey=True, clock=hub.clock)
    assert hub.sync().status == "succeeded"
    assert keys(hub) == ["a"]
