"""The reference pages are what docs/generate.py makes of the code as it is."""

import re
import runpy
from pathlib import Path

import pytest

from canonical_model.entities import SPECS
from canonical_model.issues import CATALOGUE
from canonical_model.text import parse_json
from mappings.expressions import FUNCTION_NAMES
from mappings.reference import FUNCTIONS
from tests.syntax import nothing_collected

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def generate(*arguments: str, docs: Path = ROOT / "docs") -> int:
    """The exit code of docs/generate.py."""
    with nothing_collected():
        loaded = runpy.run_path(str(ROOT / "docs" / "generate.py"))
        return int(loaded["main"](arguments, docs))


def test_no_reference_page_is_stale(capsys: pytest.CaptureFixture[str]) -> None:
    code = generate("--check")
    assert code == 0, f"Stale docs. Run: make docs\n{capsys.readouterr().out}"


def test_a_stale_a_missing_and_a_surplus_page_are_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate("--check", docs=tmp_path) == 1
    assert list(tmp_path.iterdir()) == []
    assert generate(docs=tmp_path) == 0
    assert generate("--check", docs=tmp_path) == 0
    page = tmp_path / "reference" / "errors.md"
    page.write_text(page.read_text(encoding="utf-8") + "x", encoding="utf-8")
    (page.parent / "old.md").write_text("x", encoding="utf-8")
    capsys.readouterr()
    assert generate("--check", docs=tmp_path) == 1
    said = capsys.readouterr().out
    assert "errors.md" in said
    assert "old.md" in said


def test_pages_hold_what_they_are_about() -> None:
    entities = (REFERENCE / "entities.md").read_text(encoding="utf-8")
    errors = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    for spec in SPECS.values():
        assert all(f"`{column.name}`" in entities for column in spec.columns)
    assert all(f"`{code}`" in errors for code in CATALOGUE)
    assert "`XD-MAP-005`" in errors
    settings = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in settings for name in ("streams.<name>.mapping", "files", "path", "timezone"))


def test_every_function_of_a_mapping_is_explained() -> None:
    assert sorted(FUNCTIONS) == list(FUNCTION_NAMES)
    assert all(one.gives.zh and one.gives.en and one.call.startswith(f"{name}(") for name, one in FUNCTIONS.items())


def test_schemas_are_json() -> None:
    found = sorted((ROOT / "docs" / "schema").rglob("*.json"))
    assert {path.stem for path in found} >= {"mapping", "source", "crossdock", *SPECS}
    for path in found:
        schema = parse_json(path.read_text(encoding="utf-8"))
        assert isinstance(schema, dict)
        assert str(schema["$schema"]).startswith("https://json-schema.org/")


def test_the_schema_of_mappings_knows_every_entity_and_field() -> None:
    schema = parse_json((ROOT / "docs" / "schema" / "mapping.json").read_text(encoding="utf-8"))
    assert isinstance(schema, dict)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert all(re.search("[一-龥]", str(one["description"])) for one in properties.values() if isinstance(one, dict))
    entities = properties["entities"]
    assert isinstance(entities, dict)
    found = entities["properties"]
    assert isinstance(found, dict)
    assert list(found) == list(SPECS)
    for name, entity in found.items():
        assert isinstance(entity, dict)
        inner = entity["properties"]
        assert isinstance(inner, dict)
        fields = inner["fields"]
        assert isinstance(fields, dict)
        described = fields["properties"]
        assert isinstance(described, dict)
        assert list(described) == list(SPECS[name].fields)
        assert fields["additionalProperties"] is False
