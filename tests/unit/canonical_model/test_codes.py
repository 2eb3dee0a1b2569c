"""Every code list loads, and no spelling of a list means two things."""

import csv
from decimal import Decimal
from importlib.resources import files

import pytest
from opencc import OpenCC

from canonical_model.codes import code_list, forms, list_names, normalise
from canonical_model.declaration import Kind
from canonical_model.entities import SPECS
from canonical_model.text import simplified


def rows_of(name: str) -> list[dict[str, str]]:
    lines = (files("canonical_model.codes") / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines[1:], delimiter="\t"))


def double_claims(rows: list[dict[str, str]]) -> list[str]:
    """Spellings that two codes claim."""
    owner: dict[str, str] = {}
    found = []
    for row in rows:
        for spelling in (row["code"], row["zh"], row["en"], *filter(None, row["spellings"].split(";"))):
            words = forms(spelling.partition("*")[0])
            claimed = [word for word in words if owner.setdefault(word, row["code"]) != row["code"]]
            found += [f"{word}: {owner[word]} and {row['code']}" for word in claimed]
    return found


@pytest.mark.parametrize("name", list_names())
def test_what_is_known_is_known_in_traditional_characters(name: str) -> None:
    listed = code_list(name)
    for form in ("s2t", "s2tw"):
        convert = OpenCC(form).convert
        own = [word for word in listed.spellings if simplified(word) == word]
        assert [word for word in own if convert(word) not in listed.spellings] == []


def test_there_are_lists() -> None:
    assert {"unit", "currency", "country", "document_status"} <= set(list_names())


def test_a_country_is_known_by_its_own_name() -> None:
    names = {"Deutschland": "DE", "台灣": "TW", "Schweiz": "CH", "España": "ES"}
    spellings = code_list("country").spellings
    assert {name: spellings[normalise(name)][0] for name in names} == names


@pytest.mark.parametrize("name", list_names())
def test_a_list_is_well_formed(name: str) -> None:
    listed = code_list(name)
    assert listed.name == name
    assert listed.source
    assert len(listed.entries) >= 2
    for row in rows_of(name):
        assert None not in row, row  # a surplus tab
        assert row["code"] == row["code"].strip()
        assert row["zh"], row
        assert row["en"], row
        assert row["spellings"] is not None, row
    assert len(rows_of(name)) == len(listed.entries), "a code stands twice"


@pytest.mark.parametrize("name", list_names())
def test_no_spelling_is_claimed_by_two_codes(name: str) -> None:
    """A canonical code or name wins: the other code must not list it as a spelling."""
    assert double_claims(rows_of(name)) == []


def test_a_double_claim_is_seen() -> None:
    rows = [
        {"code": "A", "zh": "甲", "en": "a one", "spellings": "x;Ｙ"},
        {"code": "B", "zh": "乙", "en": "b two", "spellings": "y"},
    ]
    assert double_claims(rows) == ["y: A and B"]


@pytest.mark.parametrize("name", list_names())
def test_every_code_and_name_means_its_own_code(name: str) -> None:
    listed = code_list(name)
    for code, label in listed.entries.items():
        for spelling in (code, label.zh, label.en):
            assert listed.spellings[normalise(spelling)] == (code, Decimal(1)), spelling


def test_every_list_is_used_and_every_used_list_exists() -> None:
    used = {spec.codes for entity in SPECS.values() for spec in entity.fields.values() if spec.codes}
    assert used == set(list_names())
    assert all(spec.kind is Kind.CODE or spec.codes in ("unit", "currency")
               for entity in SPECS.values() for spec in entity.fields.values() if spec.codes)  # fmt: skip


def test_an_unknown_list_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="colour"):
        code_list("colour")


@pytest.mark.parametrize(
    ("spelling", "code", "factor"),
    [
        ("公斤", "KGM", "1"),
        ("ＫＧ", "KGM", "1"),
        ("斤", "KGM", "0.5"),
        ("㎡", "MTK", "1"),
        ("m2", "MTK", "1"),
        ("箱", "XCT", "1"),
        ("PCS", "H87", "1"),
        ("MTS", "MTR", "1"),  # on order lists metres, not metres per second
    ],
)
def test_units_are_known_by_their_spellings(spelling: str, code: str, factor: str) -> None:
    assert code_list("unit").spellings[normalise(spelling)] == (code, Decimal(factor))


def test_only_units_have_factors() -> None:
    for name in list_names():
        if name != "unit":
            assert {factor for _, factor in code_list(name).spellings.values()} == {Decimal(1)}, name
