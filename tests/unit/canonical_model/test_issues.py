"""The issue catalogue: both languages, the same places, codes never used twice."""

import re
from string import Formatter

import pytest

from canonical_model.issues import CATALOGUE, Effect, Issue, IssueKind
from canonical_model.language import Language, Text

PLACES = {"value", "field", "detail"}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def complaints(kind: IssueKind) -> list[str]:
    """What is wrong with one entry."""
    found = []
    if not re.fullmatch(r"XD-[A-Z]{3}-\d{3}", kind.code):
        found.append("the code has another form")
    for text in (kind.reason, kind.fix):
        if not text.zh or not text.en:
            found.append("a language is missing")
        if places(text.zh) != places(text.en):
            found.append("the languages name different things")
        if not places(text.zh) <= PLACES:
            found.append("an unknown place")
        if not re.search("[\u4e00-\u9fff]", text.zh) or re.search("[\u4e00-\u9fff]", text.en):
            found.append("a text stands in the wrong language")
    if (
        kind.reason.zh[-1] not in "。}"
        or kind.reason.en[-1] not in ".}"
        or kind.fix.zh[-1] != "。"
        or kind.fix.en[-1] != "."
    ):
        found.append("a sentence does not end")
    return found


def test_codes_are_used_once() -> None:
    source = __import__("canonical_model.issues", fromlist=["_KINDS"])
    codes = [kind.code for kind in source._KINDS]
    assert len(codes) >= 25
    assert len(set(codes)) == len(codes) == len(CATALOGUE)


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=list(CATALOGUE))
def test_an_entry_is_complete(kind: IssueKind) -> None:
    assert complaints(kind) == []


def test_an_incomplete_entry_is_seen() -> None:
    bad = IssueKind("XD-1", Effect.KEEP, Text("{value}。", "{field}."), Text("无", "无"))
    assert len(complaints(bad)) >= 4


@pytest.mark.parametrize("code", CATALOGUE)
@pytest.mark.parametrize("language", Language)
def test_an_issue_reads_as_place_reason_and_remedy(code: str, language: Language) -> None:
    issue = Issue(code, "item", "gtin", "条码", "物料.xlsx [Sheet1] C7", "{0}x", "#9")
    said = issue.render(language)
    assert said.startswith("物料.xlsx [Sheet1] C7")
    assert said.endswith(CATALOGUE[code].fix.get(language))
    assert "{value}" not in said


def test_a_long_value_is_clipped() -> None:
    issue = Issue("XD-NUM-001", "item", "x", "", "a", "9" * 500)
    assert len(issue.render(Language.EN)) < 300
