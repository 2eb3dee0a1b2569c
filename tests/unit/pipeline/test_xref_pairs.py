"""Evidence that two codes mean one thing, without a store."""

import pytest

from canonical_model.validity import is_restricted_gtin
from crossdock.pipeline.xref.pairs import Code, by_name, by_prior_pair, by_strong_key, contradiction, norm, plain_name

GTIN, OTHER_GTIN, LOCAL_GTIN = "5410738000152", "3312345501102", "2000100873151"
ERP, WMS, SECOND = Code("erp", "000123"), Code("wms", "W-9"), Code("wms", "W-10")


@pytest.mark.parametrize(
    ("gtin", "is_restricted"),
    [(GTIN, False), (LOCAL_GTIN, True), ("0" + LOCAL_GTIN, True), ("0212345678903", True), ("412345678903", True),
     ("20123451", True), ("96385074", False), ("012345678905", False)],
)  # fmt: skip
def test_restricted_bar_codes_are_told_by_their_prefix(gtin: str, is_restricted: bool) -> None:
    assert is_restricted_gtin(gtin) is is_restricted


def test_a_strong_key_pairs_codes_of_different_sources() -> None:
    (pair,) = by_strong_key({ERP: {"gtin": {GTIN}}, WMS: {"gtin": {GTIN, OTHER_GTIN}}, SECOND: {"gtin": {"1"}}})
    assert pair.codes == {ERP, WMS}
    assert pair.evidence == {"gtin": GTIN}


def test_a_key_that_one_source_gives_to_two_codes_proves_nothing() -> None:
    assert list(by_strong_key({ERP: {"gtin": {GTIN}}, WMS: {"gtin": {GTIN}}, SECOND: {"gtin": {GTIN}}})) == []


def test_strong_keys_contradict_each_other_when_none_is_shared() -> None:
    keys = {ERP: {"gtin": {GTIN}, "gln": {"1"}}, WMS: {"gtin": {OTHER_GTIN}}, SECOND: {"gtin": {GTIN, OTHER_GTIN}}}
    assert contradiction(keys, [ERP, WMS]) == ("gtin", GTIN, OTHER_GTIN)
    assert contradiction(keys, [ERP, SECOND]) is None
    assert contradiction(keys, [ERP, Code("mes", "1")]) is None


@pytest.mark.parametrize(
    ("code", "is_proposed"), [("00-0123", True), ("０００１２３", True), ("123", False), ("000124", False)]
)
def test_a_code_confirmed_elsewhere_is_proposed_where_it_is_spelled_alike(code: str, is_proposed: bool) -> None:
    assert bool(list(by_prior_pair([Code("qms", code)], [ERP]))) is is_proposed
    assert list(by_prior_pair([Code("erp", code)], [ERP])) == []
    assert list(by_prior_pair([Code("qms", "7")], [Code("erp", "7")])) == [], "short codes are everywhere"


def test_codes_are_compared_without_width_blanks_and_dashes_but_with_their_zeros() -> None:
    assert norm(" ａb-01 / 2") == "AB012"
    assert norm("00012") != norm("12")


@pytest.mark.parametrize(
    ("name", "other", "is_proposed"),
    [
        ("六角螺栓 M8×20 不锈钢", "不锈钢 六角螺栓 M8×20", True),
        ("华东精密机械有限公司", "华东精密机械", True),
        ("六角螺栓 M8×20 不锈钢", "六角螺栓 M8×25 不锈钢", False),
        ("六角螺栓 M8×20", "深沟球轴承 M8×20", False),
    ],
)
def test_names_that_read_alike_are_proposed_when_their_numbers_agree(name: str, other: str, is_proposed: bool) -> None:
    names = {ERP: plain_name(other), WMS: plain_name(name)}
    assert [pair.codes for pair in by_name(names, {WMS}, {ERP})] == [frozenset((ERP, WMS))] * is_proposed


def test_of_two_names_that_are_as_good_none_is_taken() -> None:
    names = dict.fromkeys((ERP, Code("erp", "2"), WMS), "bolt m8")
    assert list(by_name(names, {WMS}, set(names) - {WMS})) == []
