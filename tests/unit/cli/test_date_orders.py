"""How an ambiguous date or number was read, and what had no column, reaches the reader: in `sync`, in `runs show`, and in the store."""

import pytest

from tests.integration.hub import LEAN, Hub, order_row
from tests.unit.cli.conftest import Cli

pytestmark = pytest.mark.store

BY_COLUMN = "“交期”里 03/04/2026 这样的日期读作 4 月 3 日：这一列有日期的第一个数大于 12"


@pytest.fixture
def home(hub: Hub) -> Cli:
    """The command line over a hub without a record."""
    url = str(hub.engine.url.render_as_string(hide_password=False))
    return Cli({"CROSSDOCK_HOME": str(hub.path), "CROSSDOCK_DATABASE_URL": url})


def test_what_a_column_proved_is_said_by_sync_and_by_runs_show(home: Cli, hub: Hub) -> None:
    hub.put("a.csv", [order_row("PO-1", due="03/04/2026"), order_row("PO-2", due="25/12/2026")])

    synced = home("sync")
    run = str(hub.one("SELECT max(id) FROM crossdock.run"))
    shown = home("runs", "show", run)
    (file,) = home.json("runs", "show", run)["files"]

    assert hub.line("requested_on::text") == "2026-04-03"
    for result in (synced, shown):
        assert BY_COLUMN in result.stdout
        assert "订单日期" not in result.stdout  # its dates are clear by themselves
    assert [(one["column"], one["order"], one["reason"]) for one in file["date_orders"]] == [("交期", "dmy", "column")]
    assert (
        "were read as 3 April: the first number of a date in this column is above 12"
        in (file["date_orders"][0]["text"]["en"])
    )


def test_a_point_that_a_column_shows_is_kept_and_not_told(home: Cli, hub: Hub) -> None:
    lines = LEAN["purchase_order_line"]["fields"] | {"unit_price": "money(单价, 'CNY')"}
    hub.mapping("own/orders", LEAN | {"purchase_order_line": {"fields": lines}}, columns={"unit": ["单位"]})
    hub.put("a.csv", [["PO-1", "10", "12,5", "个", "12.75"]], header=["订单号", "行号", "数量", "单位", "单价"])

    (file,) = home.json("sync")["runs"][0]["files"]

    assert [(one["column"], one["order"]) for one in file["date_orders"]] == [("数量", ",")]
    kept = hub.one("SELECT date_orders FROM crossdock.batch")
    assert {"column": "单价", "order": ".", "reason": "column"} in kept


@pytest.mark.parametrize(
    ("setting", "dates", "order", "reason", "said"),
    [
        ("", ["12/25/2026"], "mdy", "column", "读作 3 月 4 日：这一列有日期的第二个数大于 12"),
        ("mdy", ["2026-05-01"], "mdy", "setting", "读作 3 月 4 日：这一列自己定不下来，按设置 date_order: mdy"),
        ("", ["2026-05-01"], "", "unclear", "分不清日和月：这一列没有大于 12 的数来证明，所以没有猜"),
        ("", ["12/25/2026", "25/12/2026"], "", "contradiction", "分不清日和月：这一列两种顺序都有，所以没有猜"),
    ],
)
def test_each_reason_has_its_sentence(
    home: Cli, hub: Hub, setting: str, dates: list[str], order: str, reason: str, said: str
) -> None:
    source = hub.path / "sources" / "erp.yaml"
    source.write_text(source.read_text(encoding="utf-8") + f"date_order: '{setting}'\n", encoding="utf-8")
    rows = [order_row(f"PO-{number}", due=due) for number, due in enumerate(["03/04/2026", *dates], start=1)]
    hub.put("a.csv", rows)

    (file,) = home.json("sync", exit_code=0)["runs"][0]["files"]

    (told,) = file["date_orders"]
    assert (told["order"], told["reason"]) == (order, reason)
    assert said in told["text"]["zh"]
    assert "03/04/2026" in told["text"]["en"]


def test_a_file_of_clear_dates_says_nothing_of_them(home: Cli, hub: Hub) -> None:
    hub.put("a.csv", [order_row("PO-1", due="03/04/2026"), order_row("PO-2", due="25/12/2026")])
    hub.put("b.csv", [order_row("PO-3", due="2026-04-03")])

    files = home.json("sync")["runs"][0]["files"]

    assert {one["name"]: len(one["date_orders"]) for one in files} == {"a.csv": 1, "b.csv": 0}


@pytest.mark.parametrize("setting", ["", "mdy"])
def test_rows_that_are_judged_again_are_read_as_their_whole_column(hub: Hub, setting: str) -> None:
    lookup = {"entity": "item", "match": {"gtin": "item"}, "give": "item_number", "source": "erp"}
    lines = {"purchase_order_line": {"fields": {**LEAN["purchase_order_line"]["fields"], "item": "our_item"}}}
    options: dict[str, object] = {"lookups": {"our_item": lookup}, "date_order": setting}
    hub.mapping("own/by_barcode", lines, columns={"unit": ["单位"]}, **options)
    hub.mapping("own/items", {"item": {"fields": {"item_number": "料号", "gtin": "条码"}}})
    hub.stream("own/items", "own/by_barcode")
    hub.put("items.csv", [("A", "6291041500213")], header=("料号", "条码"))
    hub.sync()
    hub.load(
        order_row("PO-1", item="6291041500213", due="25/12/2026"),
        order_row("PO-2", item="4006381333931", due="03/04/2026"),
    )
    assert hub.one("SELECT count(*) FROM canonical.purchase_order_line") == 1
    hub.put("more.csv", [("B", "4006381333931")], header=("料号", "条码"))
    hub.mapping("own/by_barcode", lines, columns={"unit": ["单位", "UOM"]}, **options)
    hub.sync()

    assert hub.line("requested_on::text", "PO-2|10") == "2026-04-03"
    assert hub.column("SELECT date_orders FROM crossdock.batch WHERE name = '订单.csv'") == [
        [{"column": "交期", "order": "dmy", "reason": "column"}]
    ]


def test_a_decimal_comma_and_what_has_no_column_are_said_by_sync_and_by_runs_show(home: Cli, hub: Hub) -> None:
    hub.put("a.csv", [order_row("PO-1", quantity="12,50"), order_row("PO-2", quantity="3")])
    fields = LEAN["purchase_order_line"]["fields"] | {"location": "仓位"}
    hub.mapping("own/orders", LEAN | {"purchase_order_line": {"fields": fields}}, columns={"unit": ["单位"]})

    synced = home("sync")
    run = str(hub.one("SELECT max(id) FROM crossdock.run"))
    shown = home("runs", "show", run)

    for result in (synced, shown):
        assert "number(数量, ',')" in result.stdout
        assert "这些字段不写：purchase_order_line.location" in result.stdout
    (file,) = home.json("runs", "show", run)["files"]
    assert (file["absent"], file["date_orders"][0]["order"]) == (["purchase_order_line.location"], ",")
