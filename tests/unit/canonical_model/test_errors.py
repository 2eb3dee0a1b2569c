"""Every code of an error or issue has one meaning: it is written in one file only."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from canonical_model import errors
from canonical_model.errors import CrossdockError
from canonical_model.issues import CATALOGUE
from canonical_model.language import Language, Text
from tests.syntax import parse

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("canonical_model", "connectors", "mappings", "wecom_notify", "crossdock")
SEVERAL_FILES: dict[str, str] = {
    "XD-CFG-020": "one meaning (there is no such connection), told by each place that looks connections up",
    "XD-RUN-001": "one meaning (a fault of the program), told on the screen and, without what it says, by its run",
}
"""Code -> why more than one file gives it. An entry that is no longer true fails, too."""


def codes_in(source: str) -> Iterator[tuple[str, int]]:
    """(code, line) of every code that the source gives to an error or to the catalogue."""
    for node in ast.walk(parse(source)):
        given: list[ast.expr] = []
        if isinstance(node, ast.Call):
            given = [word.value for word in node.keywords if word.arg in ("code", "problem_code")]
            if isinstance(node.func, ast.Name) and node.func.id == "_kind":
                given.append(node.args[0])
        elif isinstance(node, ast.ClassDef):
            for line in node.body:
                targets = (
                    line.targets
                    if isinstance(line, ast.Assign)
                    else [line.target]
                    if isinstance(line, ast.AnnAssign)
                    else []
                )
                if isinstance(line, ast.Assign | ast.AnnAssign) and line.value is not None:
                    given += [line.value for t in targets if isinstance(t, ast.Name) and t.id == "code"]
        for value in given:
            if isinstance(value, ast.Constant) and re.fullmatch(r"XD-[A-Z]+-\d+", str(value.value)):
                yield str(value.value), value.lineno


def uses() -> dict[str, set[str]]:
    """Code -> files that give it."""
    found: dict[str, set[str]] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for code, _ in codes_in(path.read_text(encoding="utf-8")):
                found.setdefault(code, set()).add(path.relative_to(ROOT).as_posix())
    return found


def test_every_code_is_given_in_one_file() -> None:
    found = uses()
    assert len(found) > 40
    clashes = {code: sorted(files) for code, files in found.items() if len(files) > 1}
    assert {code: files for code, files in clashes.items() if code not in SEVERAL_FILES} == {}
    assert set(SEVERAL_FILES) <= set(clashes), "given in one file now: take it out of SEVERAL_FILES"


def test_codes_of_calls_classes_and_the_catalogue_are_found() -> None:
    source = 'class E(X):\n    code = "XD-A-1"\nE(code="XD-B-2")\n_kind("XD-C-3", 1)\nE("XD-D-4")\n'
    assert sorted(code for code, _ in codes_in(source)) == ["XD-A-1", "XD-B-2", "XD-C-3"]


def test_no_error_takes_the_code_of_an_issue() -> None:
    assert not {code for code, files in uses().items() if code in CATALOGUE and files != {"canonical_model/issues.py"}}


def test_every_issue_code_that_a_module_names_is_in_the_catalogue() -> None:
    families = {code[:6] for code in CATALOGUE}
    named = {
        code
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for code in re.findall(r"\"(XD-[A-Z]{3}-\d{3})\"", path.read_text(encoding="utf-8"))
    }
    unknown = {code for code in named if code[:6] in families and code not in CATALOGUE}
    assert named
    assert unknown == set()


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    drawn = re.findall(r"(\w+Error)\b", str(errors.__doc__))

    def walk(cls: type[CrossdockError]) -> Iterator[str]:
        yield cls.__name__
        for child in cls.__subclasses__():
            if child.__module__ == errors.__name__:
                yield from walk(child)

    assert drawn == list(walk(CrossdockError))


def test_an_error_reads_as_code_what_where_and_hint() -> None:
    error = errors.ConfigError(
        Text("没有。", "None."), where="a.yaml:3", hint=Text("写上。", "Add it."), code="XD-CFG-999"
    )
    assert error.render(Language.ZH) == "[XD-CFG-999] 没有。（a.yaml:3）写上。"
    assert error.render(Language.EN) == str(error) == "[XD-CFG-999] None. (a.yaml:3) Add it."
    assert errors.AuthError(Text("拒绝。", "Refused.")).render(Language.EN) == "[XD-AUT-001] Refused."
