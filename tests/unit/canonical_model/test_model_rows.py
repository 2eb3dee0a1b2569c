"""Every row of the reference tables is a field or an omission with its reason, and every state machine a code list."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from canonical_model.codes import code_list
from canonical_model.entities import SPECS

OMITTED = "omitted"
BASES = {
    "order": "purchase_order",
    "order_line": "purchase_order_line",
    "order_schedule": "purchase_order_schedule",
}
"""What both kinds of order share is listed once; one of them stands for both."""

Rows = Mapping[str, Mapping[str, str]]


def listed() -> Rows:
    loaded: Rows = yaml.safe_load(Path(__file__).with_name("model_rows.yaml").read_text(encoding="utf-8"))
    return loaded


def explained() -> list[tuple[str, str, str, str]]:
    """(entity, row, reason in Chinese, reason in English) of each line of the omissions page."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "model-omissions.md").read_text(encoding="utf-8")
    lines = [re.split(r"\s*\|\s*", line.strip().strip("|").strip()) for line in page.splitlines() if line[:2] == "| "]
    return [(a, b, c, d) for a, b, c, d in lines[1:]]


def problems(rows: Rows, omissions: list[tuple[str, str, str, str]]) -> Iterator[str]:
    """What does not add up between the rows, the declared fields and the omissions page."""
    told = {(entity, row): (zh, en) for entity, row, zh, en in omissions}
    if len(told) != len(omissions):
        yield "an omission stands twice"
    for entity, fields in rows.items():
        for row, held in fields.items():
            if held == OMITTED:
                if entity not in ("purchase_order_line", "sales_order_line") and (entity, row) not in told:
                    yield f"{entity}, {row}: no reason for its omission"
                continue
            if (entity, row) in told:
                yield f"{entity}, {row}: both a field and an omission"
            for name in re.split(r",\s*", held):
                owner, _, field = name.rpartition(".")
                if field not in SPECS[owner or BASES.get(entity, entity)].fields:
                    yield f"{entity}, {row}: there is no field {name}"
    for (entity, row), reasons in told.items():
        if rows.get(entity, {}).get(row) is None:
            yield f"{entity}, {row}: an omission of nothing that is listed"
        if not all(reasons):
            yield f"{entity}, {row}: its omission has no reason"


def test_every_row_is_a_field_or_an_omission_with_its_reason() -> None:
    rows = listed()
    assert sum(map(len, rows.values())) > 200
    assert list(problems(rows, explained())) == []


def test_every_entity_has_rows() -> None:
    named = {name.rpartition(".")[0] or entity for entity, rows in listed().items() for held in rows.values()
             for name in re.split(r",\s*", held)}  # fmt: skip
    assert set(SPECS) - named == set()


@pytest.mark.parametrize(
    ("rows", "omissions", "said"),
    [
        ({"party": {"a": "colour"}}, [], "no field colour"),
        ({"party": {"a": "item.colour"}}, [], "no field item.colour"),
        ({"party": {"a": OMITTED}}, [], "no reason"),
        ({"party": {"a": "name"}}, [("party", "a", "因", "why")], "both"),
        ({"party": {}}, [("party", "a", "因", "why")], "nothing that is listed"),
        ({"party": {"a": OMITTED}}, [("party", "a", "因", "")], "has no reason"),
        ({"party": {"a": OMITTED}}, [("party", "a", "因", "why")] * 2, "twice"),
    ],
)
def test_what_does_not_add_up_is_seen(rows: Rows, omissions: list[tuple[str, str, str, str]], said: str) -> None:
    (problem,) = problems(rows, omissions)
    assert said in problem


STATES = {
    "party_status": "prospect active on_hold blocked",
    "item_status": "draft active phase_out obsolete",
    "document_status": "draft pending_approval approved reopened cancelled rejected",
    "fulfilment_status": "none partial full over",
    "billing_status": "none partial full over",
    "close_status": "open closed reopened short_closed",
    "line_status": "open confirmed confirmed_changed backordered rejected partially_shipped shipped partially_received "
    "received closed",
    "shipment_status": "planned released picking packed dispatched in_transit exception arrived delivered returned lost "
    "cancelled",
    "package_status": "open sealed loaded in_transit received unpacked",
    "receipt_status": "expected arrived counting under_inspection accepted partial rejected put_away posted reversed",
    "lot_status": "quarantine released hold recalled expired consumed",
    "production_status": "planned released started paused completed closed cancelled",
    "operation_status": "queued setup running paused done skipped",
    "inspection_status": "pending sampling testing decided dispositioned reopened",
    "invoice_status": "draft issued verified matched disputed approved part_paid paid red_reversed void",
    "xref_state": "proposed confirmed rejected superseded",
    "incoterm": "EXW FCA FAS FOB CFR CIF CPT CIP DAP DPU DDP",
    "movement_kind": "receipt issue transfer adjust count scrap return production_in production_out status_change",
    "inspection_kind": "incoming in_process final outgoing return",
    "inspection_decision": "accepted concession partial rejected rework hold",
    "transport_status": "info_received picked_up in_transit customs customs_failed on_hold damaged lost exception "
    "out_for_delivery ready_for_pickup attempt_failed delivered refused returning returned stale",
}
"""Code list -> states that it must have."""


@pytest.mark.parametrize("name", STATES)
def test_a_list_has_every_state_of_its_machine(name: str) -> None:
    assert set(STATES[name].split()) - set(code_list(name).entries) == set()
