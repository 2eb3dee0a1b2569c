"""Who waits for a sync sees its phase and how many rows went through, on a terminal only."""

import pytest

from tests.integration.hub import Hub, order_row
from tests.unit.cli.conftest import Cli

pytestmark = pytest.mark.store


@pytest.fixture
def home(hub: Hub) -> Cli:
    """The command line over a hub with a file of two orders in its inbox, on a terminal."""
    hub.put("a.csv", [order_row("PO-1"), order_row("PO-2")])
    url = str(hub.engine.url.render_as_string(hide_password=False))
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm"}
    return Cli({"CROSSDOCK_HOME": str(hub.path), "CROSSDOCK_DATABASE_URL": url, **terminal})


def test_a_sync_shows_how_far_it_is(home: Cli) -> None:
    result = home("sync")

    assert "erp.orders：合并 2 行" in result.stderr
    assert "合并 2 行" not in result.stdout


def test_a_program_that_reads_is_told_nothing_of_it(home: Cli) -> None:
    result = home("sync", "--json")

    assert result.exit_code == 0
    assert result.stderr == ""


def test_an_approved_run_shows_how_far_it_is(home: Cli, hub: Hub) -> None:
    source = hub.path / "sources" / "erp.yaml"
    guard = source.read_text(encoding="utf-8").replace("mapping:", "guard: {changed: 50%, rows: 2}\n    mapping:")
    source.write_text(guard, encoding="utf-8")
    home("sync")
    hub.put("b.csv", [order_row("PO-1", quantity="7"), order_row("PO-2", quantity="8")])
    assert home("sync").exit_code == 3

    approved = home("run", "approve", str(hub.one("SELECT max(id) FROM crossdock.run")))

    assert approved.exit_code == 0, approved.output
    assert "erp.orders：合并 2 行" in approved.stderr
