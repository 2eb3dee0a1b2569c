"""Small text forms: numbers of JSON as received, half-width, clipping, language."""

import pytest

from canonical_model.language import Language, choose_language
from canonical_model.text import clip, half_width, parse_json, passwords_in, simplified


def test_numbers_of_json_keep_their_digits() -> None:
    assert parse_json('{"a": [1.10, 12345678901234.123456, 1e5, -0], "b": true, "c": null}') == {
        "a": ["1.10", "12345678901234.123456", "1e5", "-0"],
        "b": True,
        "c": None,
    }


def test_full_width_becomes_half_width() -> None:
    assert half_width("　ＰＯ－１２ ") == "PO-12"


def test_traditional_characters_become_simplified_ones() -> None:
    assert simplified("採購單號 PO") == "采购单号 PO"
    assert simplified("PO No.") == "PO No."


@pytest.mark.parametrize(("length", "clipped"), [(80, "abc"), (3, "abc"), (2, "a…")])
def test_a_cut_is_marked(length: int, clipped: str) -> None:
    assert clip("abc", length) == clipped


@pytest.mark.parametrize(
    ("setting", "lang", "language"),
    [("en", "zh_CN.UTF-8", "en"), (None, "en_US.UTF-8", "en"), (None, "C", "zh"), ("", "", "zh"), ("zh", "en", "zh")],
)
def test_the_setting_wins_then_english_where_lang_says_so_then_chinese(
    setting: str | None, lang: str, language: str
) -> None:
    assert choose_language(setting, {"LANG": lang}) is Language(language)


@pytest.mark.parametrize(
    ("address", "passwords"),
    [
        ("postgresql://me:p%3Bw@h/x?a=b", {"p%3Bw", "p;w"}),
        ("Driver=x;Pwd = {a;b}}c};UID=y", {"{a;b}}c}", "a;b}c"}),
        ("DSN=erp;password=plain;x=1", {"plain"}),
        ("postgresql://me@h/x", set()),
        ("sqlite:///C:/a.db", set()),
        ("postgresql://me:p ss@h/x", {"p ss", "p%20ss"}),
        ("postgresql://me:pa@Secr3t@h/x", {"pa@Secr3t", "pa%40Secr3t", "pa", "Secr3t"}),
        ("postgresql://me@azure:Secr3t@h/x", {"Secr3t"}),
    ],
)
def test_passwords_inside_addresses_are_found_as_written_and_as_meant(address: str, passwords: set[str]) -> None:
    assert passwords_in(address) == passwords
