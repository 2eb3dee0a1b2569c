"""run approve and discard, replay, db prune: their output and their worst errors."""

import pytest

from tests.integration.hub import LEAN, Hub, order_row
from tests.unit.cli.conftest import Cli

pytestmark = pytest.mark.store


@pytest.fixture
def home(hub: Hub) -> Cli:
    """The command line over a hub whose stream stops where more than half would be deleted."""
    orders = {
        "config": {"files": "*.*", "minimum_age_seconds": 0},
        "mapping": ["own/orders"],
        "complete": True,
        "guard": {"deleted": "50%", "rows": 2},
    }
    hub.write(
        "sources/erp.yaml",
        {"source": "erp", "connector": "folder", "config": {"path": "inbox"}, "streams": {"orders": orders}},
    )
    hub.load(order_row("PO-1"), order_row("PO-2"), order_row("PO-3"), name="a.csv")
    url = str(hub.engine.url.render_as_string(hide_password=False))
    return Cli({"CROSSDOCK_HOME": str(hub.path), "CROSSDOCK_DATABASE_URL": url})


def test_a_stopped_run_asks_shows_a_sample_and_goes_in_when_approved(home: Cli, hub: Hub) -> None:
    hub.put("b.csv", [order_row("PO-3")])
    asked = home("sync")
    assert asked.exit_code == 3
    assert "3 条里有 2 条要删除，超过了上限 50%" in asked.stdout + asked.stderr
    run = hub.one("SELECT max(id) FROM crossdock.run")
    shown = home("runs", "show", str(run))
    assert "PO-1" in shown.stdout
    assert f"确认无误：crossdock run approve {run}；文件有误：crossdock run discard {run}。" in shown.stdout

    approved = home("run", "approve", str(run))
    assert approved.exit_code == 0, approved.output
    assert "已删除" in approved.stdout
    assert hub.column("SELECT key FROM canonical.purchase_order WHERE deleted_at IS NULL") == ["PO-3"]

    again = home("run", "approve", str(run))
    assert again.exit_code == 2
    assert "[XD-CFG-140]" in again.stderr


def test_a_stopped_run_is_set_aside_when_discarded(home: Cli, hub: Hub) -> None:
    hub.put("b.csv", [order_row("PO-3")])
    home("sync")
    run = hub.one("SELECT max(id) FROM crossdock.run")
    result = home("run", "discard", str(run))
    assert result.exit_code == 0
    assert "已放弃" in result.stdout
    assert home("sync").exit_code == 0
    assert hub.one("SELECT count(*) FROM canonical.purchase_order WHERE deleted_at IS NULL") == 3


def test_a_large_file_that_waits_is_told_once(home: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.formats.delimited._BLOCK_BYTES", 512)
    monkeypatch.setattr("connectors.formats.delimited.read_delimited.__kwdefaults__", {"part_bytes": 1})
    lines = [",".join(str(cell) for cell in row) for row in (["x", "y"], *([f"P{n}", "a" * 40] for n in range(60)))]
    hub.put_bytes("b.csv", "\n".join(lines).encode())
    assert home("sync").exit_code == 3
    assert hub.one("SELECT count(*) FROM crossdock.batch WHERE status = 'parked'") > 1
    assert home("issues").stdout.count("b.csv：") == 1


def test_a_replay_is_looked_at_before_it_is_done(home: Cli, hub: Hub) -> None:
    looked = home("replay", "erp", "orders", "--dry-run")
    assert looked.exit_code == 0, looked.output
    assert "什么都没有写入" in looked.stdout
    assert "=3" in looked.stdout
    document = home.json("replay", "erp", "orders")
    assert document["is_kept"] is True
    assert hub.one("SELECT count(*) FROM crossdock.run WHERE kind = 'replay'") == 2
    refused = home("replay", "erp", "nothing")
    assert refused.exit_code == 2
    assert "[XD-CFG-003]" in refused.stderr


def test_a_changed_key_is_asked_about_and_goes_in_when_answered(home: Cli, hub: Hub) -> None:
    lines = {**LEAN["purchase_order_line"], "key": ["order_number", "item"]}
    hub.mapping("own/orders", {**LEAN, "purchase_order_line": lines}, columns={"unit": ["单位"]})
    hub.put("b.csv", [order_row("PO-1"), order_row("PO-2"), order_row("PO-3"), order_row("PO-4")])
    asked = home("sync")
    assert asked.exit_code == 3
    assert "? [XD-MAP-010]" in asked.stderr
    assert "crossdock replay erp orders --rekey --dry-run" in asked.stderr
    assert "failed/" not in asked.stdout
    assert home.json("sync", exit_code=3)["runs"][0]["question"]["zh"].startswith("[XD-MAP-010]")
    refused = home("replay", "erp", "orders")
    assert refused.exit_code == 2
    assert "[XD-MAP-010]" in refused.stderr
    assert home("replay", "erp", "orders", "--rekey").exit_code == 0
    assert home("sync").exit_code == 0
    assert hub.one("SELECT count(*) FROM canonical.purchase_order_line WHERE deleted_at IS NULL") == 4


def test_what_has_had_its_time_is_listed_and_removed(home: Cli, hub: Hub) -> None:
    hub.settings(retention={"landing_days": 1})
    hub.do("UPDATE crossdock.batch SET landed_at = landed_at - interval '400 days'")
    listed = home("db", "prune", "--dry-run")
    assert "会删除 2 个落地文件（1 批）" in listed.stdout
    removed = home("db", "prune")
    assert "已删除 2 个落地文件（1 批）" in removed.stdout
    assert hub.column("SELECT status FROM crossdock.batch") == ["expired"]
