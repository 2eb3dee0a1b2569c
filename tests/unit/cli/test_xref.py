"""`crossdock xref`: what it shows, what it does, and its sentences for what cannot be done."""

import pytest

from tests.unit.cli.conftest import Deployed

pytestmark = pytest.mark.store


def test_codes_are_found_shown_rejected_confirmed_and_compared(deployed: Deployed) -> None:
    cli = deployed.cli
    assert "没有这样的编码对照" in cli("xref", "list").output

    found = cli("xref", "propose")
    assert found.exit_code == 0
    assert "新提出 1 条" in found.output
    assert "同单据配对" in found.output
    assert cli.json("xref", "propose")["proposed"] == "0"

    (waiting,) = cli.json("xref", "list", "--entity", "item")["references"]
    assert {waiting["system"], waiting["same_as"].split()[0]} == {"erp", "suppliers"}
    assert (waiting["code"], waiting["state"], waiting["evidence"]["documents"]) == ("000123", "proposed", "10")
    listed = cli("xref", "list").output
    assert waiting["id"] in listed
    assert "同单据配对" in listed

    done = cli.json("xref", "confirm", waiting["id"], "--as", "李伟")
    assert int(done["resolved"]) >= 20
    assert (done["decided"][0]["state"], done["decided"][0]["decided_by"]) == ("confirmed", "李伟")
    assert cli.json("xref", "list", "--state", "all")["total"] == "2"

    again = cli("xref", "reject", waiting["id"])
    assert again.exit_code == 2
    assert "XD-XRF-001" in again.output

    shown = cli("xref", "conflicts")
    assert shown.exit_code == 0
    assert "PO-18 10" in shown.output
    assert "300 H87（erp，20" in shown.output
    (conflict,) = [one for one in cli.json("xref", "conflicts")["conflicts"] if one["field"] == "ordered"]
    assert (conflict["ours"]["value"], conflict["theirs"]["value"]) == ("300 H87", "500 H87")
    assert conflict["ours"]["changed_at"] > conflict["theirs"]["changed_at"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("confirm", "ffffffff"), "XD-XRF-001", "ffffffff"),
        (("reject",), "XD-XRF-005", "--method"),
        (("confirm", "ffffffff", "--method", "fuzzy"), "XD-XRF-005", "--method"),
        (("confirm", "--method", "guess"), "XD-XRF-004", "strong_key"),
        (("list", "--state", "done"), "XD-XRF-004", "confirmed"),
        (("propose", "--entity", "lot"), "XD-XRF-004", "party"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    deployed: Deployed, arguments: tuple[str, ...], code: str, said: str
) -> None:
    result = deployed.cli("xref", *arguments)
    assert result.exit_code == 2
    assert code in result.output
    assert said in result.output
