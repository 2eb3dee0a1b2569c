"""Check digits against published examples, and the limits of numbers and texts."""

from decimal import Decimal

import pytest

from canonical_model.entities import SPECS
from canonical_model.validity import first_problem, is_gln, is_gtin, is_uscc
from canonical_model.values import Money, Quantity

LINE = SPECS["purchase_order_line"].fields


@pytest.mark.parametrize(
    "code",
    [
        "6291041500213",  # GS1, "How to calculate a check digit manually", GTIN-13
        "629104150021" + "3",
        "036000291452",  # the UPC-A example of GS1 US
        "96385074",  # the EAN-8 example of the GS1 General Specifications
        "00012345600012",  # GS1 US, GTIN-14
        "10614141000415",  # EPC Tag Data Standard, SGTIN example
    ],
)
def test_published_gtins_are_right_and_any_other_check_digit_is_wrong(code: str) -> None:
    assert is_gtin(code)
    for digit in set("0123456789") - {code[-1]}:
        assert not is_gtin(code[:-1] + digit)


def test_published_gln_is_right() -> None:
    assert is_gln("0614141000012")  # EPC Tag Data Standard, SGLN example: 0614141.00001
    assert not is_gln("0614141000013")
    assert not is_gln("96385074")


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91110000600037341L"])
def test_published_uscc_are_right_and_another_character_is_wrong(code: str) -> None:
    # GB 32100-2015 annex; python-stdnum's documentation
    assert is_uscc(code)
    assert not is_uscc(code[:-1] + ("0" if code[-1] != "0" else "1"))


@pytest.mark.parametrize(
    "code", ["", "629104150021", "６２９１０４１５００２１３", "6291041500213 ", "6291-041500213", "1234567"]
)
def test_what_is_no_gtin_is_refused(code: str) -> None:
    assert not is_gtin(code)
    assert not is_gln(code)
    assert not is_uscc(code)


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("0", None),
        ("999999999999999999.999999", None),
        ("999999999999999999.9999994", None),
        ("999999999999999999.9999995", "XD-NUM-002"),
        ("1e18", "XD-NUM-002"),
        ("NaN", "XD-NUM-002"),
        ("Infinity", "XD-NUM-002"),
        ("-0.000001", "XD-NUM-003"),
        ("-0.0000004", None),
    ],
)
def test_numbers_have_limits(number: str, problem: str | None) -> None:
    assert first_problem(LINE["price_base"], Decimal(number)) == problem
    assert first_problem(LINE["ordered"], Quantity(value=Decimal("1"), unit="KGM", source_unit="kg")) is None


def test_a_quantity_needs_a_known_unit_and_money_a_known_currency() -> None:
    assert first_problem(LINE["ordered"], Quantity(value=Decimal(1), unit="kg", source_unit="kg")) == "XD-UNT-001"
    assert first_problem(LINE["ordered"], Quantity(value=Decimal(1), unit="KGM", source_unit="\0")) == "XD-TXT-002"
    assert first_problem(LINE["unit_price"], Money(amount=Decimal(1), currency="RMB")) == "XD-COD-001"
    assert first_problem(LINE["unit_price"], Money(amount=Decimal(1), currency="CNY")) is None
