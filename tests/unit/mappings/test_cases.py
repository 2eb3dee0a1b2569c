"""Each shipped mapping keeps its promises: mappings/<system>/<name>.cases/<case>/ holds input, records and issues.

`pytest tests/unit/mappings/test_cases.py --regen-cases` writes what is expected anew; never under CI.
"""

import csv
import json
from pathlib import Path

import pytest

from canonical_model.language import Language
from canonical_model.text import parse_json
from mappings.spec import shipped_mappings
from tests.unit.mappings.conftest import Map

ROOT = Path(__file__).resolve().parents[3] / "mappings"
CASES = sorted(path for path in ROOT.glob("*/*.cases/*") if path.is_dir())


def _input(case: Path) -> tuple[list[dict[str, str | None]], bool]:
    sheet, document = case / "input.csv", case / "input.json"
    if sheet.is_file():
        with sheet.open(encoding="utf-8", newline="") as file:
            return [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)], False
    documents = parse_json(document.read_text(encoding="utf-8"))
    assert isinstance(documents, list)
    return [{"json": json.dumps(one, ensure_ascii=False)} for one in documents], True


def _lines(values: list[dict[str, object]]) -> str:
    return "".join(json.dumps(value, ensure_ascii=False, default=str) + "\n" for value in values)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.parent.name}/{case.parent.stem}/{case.name}")
def test_a_case_gives_its_records_and_issues(run_mapping: Map, case: Path, request: pytest.FixtureRequest) -> None:
    mapping = case.parent.with_suffix(".yaml")
    rows, is_json = _input(case)
    outcome = run_mapping(mapping.read_text(encoding="utf-8"), rows, is_json=is_json)
    assert outcome.accounts_hold()
    records = [
        {"entity": name, **{k: v for k, v in record.items() if k not in ("batch", "version") and v is not None}}
        for name, good in outcome.good.items()
        for record in good
    ]
    issues = [
        {"code": one.code, "entity": one.entity, "place": one.place, "says": one.render(Language.ZH)}
        for one in outcome.issues
    ]
    made = {"expected.jsonl": _lines(records), "issues.json": json.dumps(issues, ensure_ascii=False, indent=2) + "\n"}
    for name, text in made.items():
        path = case / name
        if request.config.getoption("--regen-cases", default=False):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, f"{path.relative_to(ROOT)} differs; see --regen-cases"


def test_every_shipped_mapping_has_a_case() -> None:
    tested = {f"{case.parent.parent.name}/{case.parent.stem}" for case in CASES}
    assert tested == set(shipped_mappings())
