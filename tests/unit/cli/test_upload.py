"""`upload link`: what it prints, and what it refuses."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Deployed

pytestmark = pytest.mark.store


def test_a_link_is_printed_with_its_end_and_a_warning_where_only_this_machine_can_open_it(deployed: Deployed) -> None:
    said = deployed.cli("upload", "link", "suppliers", "order_responses", "--partner", "huaxin", "--days", "30")

    assert said.exit_code == 0
    assert said.stdout.startswith("http://127.0.0.1:8600/u/")
    assert "有效至" in said.stdout
    assert "public_url" in said.stdout
    document = deployed.cli.json("upload", "link", "suppliers", "order_responses", "--part", "partner=华新 电子")
    assert document["parts"] == {"partner": "华新 电子"}
    assert document["link"].startswith("http://127.0.0.1:8600/u/")


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["nobody", "orders", "--partner", "a"], "XD-CFG-003", "nobody"),
        (["suppliers", "orders", "--partner", "a"], "XD-CFG-003", "orders"),
        (["suppliers", "order_responses"], "XD-CFG-163", "{partner}/*.xlsx"),
        (["suppliers", "order_responses", "--partner", "../erp"], "XD-CFG-163", "../erp"),
        (["suppliers", "order_responses", "--partner", ".."], "XD-CFG-163", "partner=.."),
        (["suppliers", "order_responses", "--partner", "a/b"], "XD-CFG-163", "a/b"),
        (["suppliers", "order_responses", "--partner", "a", "--part", "plant=1"], "XD-CFG-163", "plant=1"),
        (["suppliers", "order_responses", "--part", "partner"], "XD-CFG-078", "--part partner"),
    ],
)
def test_a_link_that_would_lead_nowhere_is_not_made(
    deployed: Deployed, arguments: list[str], code: str, named: str
) -> None:
    error = deployed.cli.json("upload", "link", *arguments, exit_code=2)["error"]

    assert error["code"] == code
    assert named in error["what"]["zh"]
    assert error["hint"]["zh"]
    assert list(Path().iterdir()) == []
