"""Which codes mean one thing: proposed with evidence, decided once, applied backwards; and where numbers differ."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from crossdock.pipeline import xref
from crossdock.pipeline.xref import Reference
from crossdock.pipeline.xref.propose import envelope
from crossdock.store.partitions import make_partition
from crossdock.store.tables import canonical
from tests.integration.hub import NOW, Hub, refused

pytestmark = pytest.mark.store

GTIN, OTHER_GTIN, LOCAL_GTIN = "5410738000152", "3312345501102", "2000100873151"


def state(hub: Hub, entity: str, source: str, **fields: Any) -> None:
    """One stored record, as if its source had stated it."""
    row = {"source": source, "key": "|".join(map(str, fields.values())), **envelope(NOW), **fields}
    with hub.engine.begin() as connection:
        make_partition(connection, canonical[entity], source)
        connection.execute(insert(canonical[entity]).values(row))


def find(hub: Hub) -> dict[str, int]:
    """Proposals that a search makes, by method."""
    made = xref.propose(hub.engine, clock=hub.clock).made
    return {method: sum(n for (_, m), n in made.items() if m == method) for _, method in made}


def waiting(hub: Hub) -> list[Reference]:
    return xref.listed(hub.engine)


def says(reference: Reference) -> str:
    return f"{reference.system} {reference.code} = {reference.same_as}"


def confirm(hub: Hub, *references: Reference) -> xref.Decision:
    return xref.confirm(hub.engine, [one.id for one in references], "李伟", clock=hub.clock)


@pytest.fixture
def twice(hub: Hub) -> Hub:
    """One item that two sources know under codes of their own, by its bar code, each with an order line."""
    state(hub, "item", "erp", item_number="000123", name="轴承", gtin=GTIN)
    state(hub, "item", "erp", item_number="000124", name="螺母")
    state(hub, "item", "wms", item_number="W-9", name="bearing", gtin=f"0{GTIN}")
    for source, item in (("erp", "000123"), ("wms", "W-9")):
        state(hub, "purchase_order_line", source, order_number=f"PO-{source}", line_number="10", item=item)
    return hub


# proposals


def test_a_bar_code_that_two_sources_share_is_proposed_and_nothing_takes_effect_yet(twice: Hub) -> None:
    assert find(twice) == {"strong_key": 1}

    (one,) = waiting(twice)

    assert (says(one), one.method, one.state) == ("wms W-9 = erp 000123", "strong_key", "proposed")
    assert one.score == 1
    assert isinstance(one.evidence, dict)
    assert one.evidence["gtin"] == GTIN.zfill(14)
    assert set(twice.column("SELECT item_id FROM canonical.purchase_order_line")) == {None}
    assert find(twice) == {}


def test_parties_meet_by_their_registered_number_and_local_bar_codes_prove_nothing(hub: Hub) -> None:
    for source in ("erp", "wms"):
        state(hub, "item", source, item_number=f"{source}-1", gtin=LOCAL_GTIN)
    for source in ("erp", "crm"):
        state(hub, "party", source, party_number=f"{source}-7", uscc="91350100M000100Y43")
    assert find(hub) == {"strong_key": 1}


def test_two_codes_on_one_line_are_a_pair(hub: Hub) -> None:
    state(hub, "item", "portal", item_number="HX-77")
    for number in ("PO-1", "PO-2"):
        state(
            hub,
            "purchase_order_line",
            "erp",
            order_number=number,
            line_number="10",
            item="A",
            partner_item_number="hx 77",
        )
    assert find(hub) == {"doc_pair": 1}
    (one,) = waiting(hub)
    assert {one.system, one.code, *one.same_as.split()} == {"erp", "A", "portal", "HX-77"}
    assert isinstance(one.evidence, dict)
    assert one.evidence["documents"] == "2"


def test_an_order_line_and_its_answer_pair_items_and_suppliers(hub: Hub) -> None:
    state(hub, "purchase_order", "erp", order_number="PO-1", supplier="S001")
    state(hub, "order_response", "portal", order_number="PO-1", supplier="HUAXIN")
    state(hub, "purchase_order_line", "erp", order_number="PO-1", line_number="10", item="A")
    state(hub, "order_response_line", "portal", order_number="PO-1", line_number="10", item="HX-77")
    assert find(hub) == {"doc_pair": 2}


def test_a_code_paired_with_two_others_is_proposed_with_less_certainty(hub: Hub) -> None:
    for number, theirs in (("PO-1", "X"), ("PO-2", "Y")):
        state(hub, "purchase_order_line", "erp", order_number=number, line_number="10", item="A")
        state(hub, "order_response_line", "portal", order_number=number, line_number="10", item=theirs)
    find(hub)
    assert {one.score for one in waiting(hub)} == {Decimal("0.48")}


def test_a_code_confirmed_for_one_source_is_proposed_for_another_that_uses_it(twice: Hub) -> None:
    find(twice)
    confirm(twice, *waiting(twice))
    state(twice, "item", "mes", item_number="w９", name="")
    state(twice, "item", "mes", item_number="Ｗ-9000")
    state(twice, "item", "qms", item_number="00-0123")
    assert find(twice) == {"prior_pair": 1}
    (one,) = waiting(twice)
    assert says(one) == "qms 00-0123 = erp 000123"


def test_names_that_read_alike_only_propose(hub: Hub) -> None:
    for source, number, name, size in (
        ("erp", "1", "六角螺栓", "M8×20"),
        ("erp", "2", "六角螺栓", "M8×25"),
        ("wms", "W", "六角螺栓", "Ｍ8×20"),
    ):
        state(hub, "item", source, item_number=number, name=name, specification=size)
    assert find(hub) == {"fuzzy": 1}
    (one,) = waiting(hub)
    assert (says(one), one.state) == ("wms W = erp 1", "proposed")


def test_different_strong_keys_block_a_pair_and_are_said(twice: Hub) -> None:
    state(twice, "item", "erp", item_number="A", gtin=OTHER_GTIN)
    state(twice, "order_response_line", "wms", order_number="PO-erp", line_number="10", item="W-9")
    state(twice, "order_response_line", "wms", order_number="PO-x", line_number="10", item="W-9")
    state(twice, "purchase_order_line", "erp", order_number="PO-x", line_number="10", item="A")

    (blocked,) = xref.propose(twice.engine, clock=twice.clock).blocked

    assert [code.raw for code in blocked.codes] == ["A", "W-9"]
    assert (blocked.key, blocked.method, set(blocked.values)) == (
        "gtin",
        "doc_pair",
        {OTHER_GTIN.zfill(14), GTIN.zfill(14)},
    )


# decisions


def test_a_confirmation_reaches_everything_that_is_stored_at_once(twice: Hub) -> None:
    find(twice)
    done = confirm(twice, *waiting(twice))

    assert (done.resolved, [one.state for one in done.decided]) == (2, ["confirmed"])
    (golden,) = set(twice.column("SELECT item_id FROM canonical.purchase_order_line"))
    assert golden == UUID(done.decided[0].golden_id)
    assert {(one.system, one.code, one.decided_by) for one in xref.listed(twice.engine, state="confirmed")} == {
        ("erp", "000123", "李伟"),
        ("wms", "W-9", "李伟"),
    }
    assert [(entity, fields["state"]) for entity, _, fields in twice.changes] == [
        ("code_xref", ["proposed", "confirmed"])
    ]
    assert find(twice) == {}


def test_a_third_source_joins_the_identity_that_is_there(twice: Hub) -> None:
    find(twice)
    golden = confirm(twice, *waiting(twice)).decided[0].golden_id
    state(twice, "item", "mes", item_number="M-1", gtin=GTIN)
    assert find(twice) == {"strong_key": 1}
    (one,) = waiting(twice)
    assert (one.system, one.golden_id) == ("mes", golden)


def test_three_sources_that_share_a_bar_code_become_one_whatever_is_confirmed_first(twice: Hub) -> None:
    state(twice, "item", "mes", item_number="M-1", gtin=GTIN)
    assert find(twice) == {"strong_key": 2}, "two pairs join three codes"

    confirm(twice, *waiting(twice))

    confirmed = xref.listed(twice.engine, state="confirmed")
    assert {one.system for one in confirmed} == {"erp", "mes", "wms"}
    assert len({one.golden_id for one in confirmed}) == 1
    assert find(twice) == {}


def test_a_pair_takes_the_identity_that_one_of_its_codes_was_given_meanwhile(hub: Hub) -> None:
    for number, systems in (("PO-1", ("erp", "portal")), ("PO-2", ("srm", "portal"))):
        state(hub, "purchase_order_line", systems[0], order_number=number, line_number="10", item=f"{systems[0]}-A")
        state(hub, "order_response_line", systems[1], order_number=number, line_number="10", item="X")
    assert find(hub) == {"doc_pair": 2}
    for one in waiting(hub):
        confirm(hub, one)
    confirmed = xref.listed(hub.engine, state="confirmed")
    assert {one.code for one in confirmed} == {"X", "erp-A", "srm-A"}
    assert len({one.golden_id for one in confirmed}) == 1


def test_a_rejected_pair_is_never_proposed_again_whatever_the_evidence(twice: Hub) -> None:
    find(twice)
    xref.reject(twice.engine, [one.id for one in waiting(twice)], "李伟", clock=twice.clock)
    state(
        twice,
        "purchase_order_line",
        "erp",
        order_number="PO-2",
        line_number="10",
        item="000123",
        partner_item_number="W-9",
    )
    assert find(twice) == {}
    assert [one.state for one in xref.listed(twice.engine, state=None)] == ["rejected"]


def test_a_code_has_one_identity_and_other_proposals_fall_away(hub: Hub) -> None:
    for number, ours in (("PO-1", "A"), ("PO-2", "B")):
        state(hub, "purchase_order_line", "erp", order_number=number, line_number="10", item=ours)
        state(hub, "order_response_line", "portal", order_number=number, line_number="10", item="X")
    find(hub)
    first, second = waiting(hub)
    error = refused(lambda: confirm(hub, first, second))
    assert error.problem_code == "XD-XRF-002"

    assert confirm(hub, first).superseded == 1
    error = refused(lambda: confirm(hub, second))
    assert error.problem_code == "XD-XRF-001"


def test_a_code_that_a_source_itself_confirmed_as_another_thing_is_not_confirmed(twice: Hub) -> None:
    find(twice)
    for system, code, golden in (("wms", "W-9", "1" * 8), ("erp", "000123", "2" * 8)):
        state(
            twice, "code_xref", "codes", entity_type="item", system=system, scheme="internal", raw_code=code,
            golden_id=f"{golden}-1111-4111-8111-111111111111", state="confirmed",
        )  # fmt: skip
    error = refused(lambda: confirm(twice, *waiting(twice)))
    assert error.problem_code == "XD-XRF-002"
    assert "W-9" in str(error)
    assert set(twice.column("SELECT item_id FROM canonical.purchase_order_line")) == {None}


def test_strong_keys_that_came_to_differ_stop_a_confirmation(twice: Hub) -> None:
    find(twice)
    twice.do("UPDATE canonical.item SET gtin = :gtin WHERE source = 'wms'", gtin=OTHER_GTIN)
    error = refused(lambda: confirm(twice, *waiting(twice)))
    assert error.problem_code == "XD-XRF-003"
    assert OTHER_GTIN in str(error)


def test_an_id_that_nobody_knows_is_refused_and_nothing_of_the_others_is_done(twice: Hub) -> None:
    find(twice)
    ids = [waiting(twice)[0].id, "ffffffff"]
    error = refused(lambda: xref.confirm(twice.engine, ids, "李伟", clock=twice.clock))
    assert error.problem_code == "XD-XRF-001"
    assert "ffffffff" in str(error)
    assert len(waiting(twice)) == 1


# conflicts


def test_our_numbers_and_theirs_stand_side_by_side_with_their_freshness(hub: Hub) -> None:
    line = {"order_number": "PO-1", "line_number": "10"}
    state(hub, "purchase_order_line", "erp", **line, ordered=500, ordered_unit="H87", requested_on=date(2026, 3, 1))
    state(
        hub, "order_response_line", "portal", **line, confirmed=300, confirmed_unit="H87", promised_on=date(2026, 3, 1)
    )

    (conflict,) = xref.find_conflicts(hub.engine)

    assert (conflict.subject, conflict.field) == ("PO-1 10", "ordered")
    assert (conflict.ours.source, conflict.ours.value) == ("erp", "500 H87")
    assert (conflict.theirs.source, conflict.theirs.value) == ("portal", "300 H87")
    assert conflict.theirs.changed_at == NOW
    assert hub.query("SELECT ordered, ordered_unit FROM canonical.purchase_order_line") == [(500, "H87")]


def test_two_sources_of_one_document_are_compared_unless_they_speak_of_different_items(hub: Hub) -> None:
    line = {"order_number": "PO-1", "line_number": "10"}
    state(hub, "purchase_order_line", "erp", **line, ordered=500, ordered_unit="H87")
    state(hub, "purchase_order_line", "srm", **line, ordered=Decimal("500.000"), ordered_unit="XCT")
    assert [one.theirs.value for one in xref.find_conflicts(hub.engine)] == ["500 XCT"]
    hub.do("UPDATE canonical.purchase_order_line SET item_id = gen_random_uuid()")
    assert xref.find_conflicts(hub.engine) == []


def test_stock_is_compared_where_item_and_place_have_one_identity(hub: Hub) -> None:
    for source, item, amount in (("erp", "A", 10), ("wms", "W", 12)):
        state(hub, "inventory_balance", source, item=item, location=source, on_hand=amount, on_hand_unit="H87")
    assert xref.find_conflicts(hub.engine) == []
    golden = "11111111-1111-4111-8111-111111111111"
    hub.do("UPDATE canonical.inventory_balance SET item_id = :golden, location_id = :golden", golden=golden)
    (conflict,) = xref.find_conflicts(hub.engine)
    assert (conflict.ours.value, conflict.theirs.value) == ("10 H87", "12 H87")


def test_sources_that_agree_are_no_conflict(hub: Hub) -> None:
    for source in ("erp", "srm"):
        state(hub, "purchase_order_line", source, order_number="PO-1", line_number="10", ordered=5, ordered_unit="H87")
    assert xref.find_conflicts(hub.engine) == []
