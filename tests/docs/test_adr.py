"""The architecture decisions are numbered without gaps, short, and all in one form."""

import re
from pathlib import Path

import pytest

ADR = Path(__file__).resolve().parents[2] / "docs" / "adr"
FILES = sorted(ADR.glob("*.md"))
SECTIONS = ["Status", "Context", "Decision", "Consequences", "A change violates this when"]


def complaints(name: str, text: str) -> list[str]:
    """What is wrong with the form of one decision."""
    found = []
    if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name):
        found.append("the file is not named NNNN-words.md")
    if not re.match(rf"# {name[:4]} \S", text):
        found.append(f"the title does not begin with # {name[:4]}")
    if re.findall(r"^## (.+)$", text, re.MULTILINE) != SECTIONS:
        found.append(f"the sections are not {SECTIONS}")
    if not re.search(r"^## Status\n\n(Proposed|Accepted|Superseded by \d{4})\.$", text, re.MULTILINE):
        found.append("the status is none of Proposed, Accepted, Superseded by NNNN")
    if not re.search(r"^- \S", text.rpartition("## ")[2], re.MULTILINE):
        found.append("the last section lists nothing to look for")
    if len(text.splitlines()) > 40:
        found.append("it is longer than 40 lines")
    return found


def test_decisions_are_numbered_without_gaps() -> None:
    assert len(FILES) >= 7
    assert [int(path.name[:4]) for path in FILES] == list(range(1, len(FILES) + 1))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_decision_has_the_agreed_form(path: Path) -> None:
    assert complaints(path.name, path.read_text(encoding="utf-8")) == []


def test_a_decision_in_another_form_is_refused() -> None:
    assert len(complaints("1-x.md", "# 2 Something\n\n## Why\n\nBecause.\n" + "\n" * 40)) == 6


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_decision_names_only_decisions_that_exist(path: Path) -> None:
    named = re.findall(r"(?:ADR|Superseded by) (\d{4})", path.read_text(encoding="utf-8"))

    assert set(named) <= {other.name[:4] for other in FILES}
