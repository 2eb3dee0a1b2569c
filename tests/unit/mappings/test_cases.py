"""Each shipped mapping keeps its promises: mappings/<system>/<name>.cases/<case>/ holds input, records and issues.

The runner is that of `crossdock mapping test`. `pytest tests/unit/mappings/test_cases.py --regen-cases` writes what is
expected anew; never under CI.
"""

from collections import Counter

import pytest

from crossdock.pipeline.cases import Case, find_cases, run_case, write_expected
from mappings.spec import shipped_mappings

CASES = find_cases(None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.mapping}/{case.name}")
def test_a_case_gives_its_records_and_issues(case: Case, request: pytest.FixtureRequest) -> None:
    outcome = run_case(case)
    if request.config.getoption("--regen-cases", default=False) and not outcome.holds:
        write_expected(outcome)
        outcome = run_case(case)
    assert outcome.problem is None, outcome.problem
    assert outcome.differences == (), f"{case.mapping}/{case.name} differs; see --regen-cases"


def test_every_shipped_mapping_has_two_cases_and_one_of_them_bad_cells() -> None:
    count = Counter(case.mapping for case in CASES)
    bad = {case.mapping for case in CASES if (case.folder / "issues.json").read_text(encoding="utf-8") != "[]\n"}
    assert set(count) == set(shipped_mappings())
    assert {name for name, cases in count.items() if cases < 2} == set()
    assert bad == set(count)
