"""The page on cross-references, played as it is written: its files are taken, its commands run, its output is printed."""

import re
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from crossdock.cli._app import app
from tests.docs.test_quickstart import squeeze

pytestmark = pytest.mark.store
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "xref.md"


def test_the_page_on_cross_references_does_and_prints_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_store: Engine
) -> None:
    url = fresh_store.url.render_as_string(hide_password=False)
    monkeypatch.chdir(tmp_path)
    environment: dict[str, str | None] = {
        "LANG": "C", "CROSSDOCK_HOME": "my-hub", "COLUMNS": "200", "CROSSDOCK_DATABASE_URL": url,
    }  # fmt: skip
    assert CliRunner().invoke(app, ["init", "my-hub"], env=environment).exit_code == 0
    home = tmp_path / "my-hub"
    (home / "sources" / "excel.yaml").unlink()
    played, printed = set(), ""
    for kind, content in re.findall(r"^```(\S[^\n]*)\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        match kind.split():
            case ["csv", path]:
                (home / path).parent.mkdir(parents=True, exist_ok=True)
                (home / path).write_text(content, encoding="utf-8")
            case ["yaml"]:
                source = yaml.safe_load(content)
                for stream in source["streams"].values():
                    stream["config"]["minimum_age_seconds"] = 0  # nobody waits two seconds here
                (home / "sources" / f"{source['source']}.yaml").write_text(yaml.safe_dump(source), encoding="utf-8")
            case ["text"]:
                lines = [line for line in content.splitlines() if not line.strip().startswith("─")]
                missing = [line for line in lines if timeless(line) not in timeless(printed)]
                assert missing == [], printed
            case _:
                for line in content.splitlines():
                    words = line.split()[1:]
                    result = CliRunner().invoke(app, words, env=environment)
                    assert result.exit_code == 0, result.output
                    played.add(" ".join(words[:2]))
                    printed = result.output

    assert played == {"sync", *(f"xref {word}" for word in ("propose", "list", "confirm", "reject", "conflicts"))}
    with fresh_store.connect() as connection:
        identities = text(
            "SELECT count(DISTINCT item_id) FROM (SELECT item, item_id FROM canonical.purchase_order_line UNION ALL "
            "SELECT item, item_id FROM canonical.order_response_line) l WHERE item IN ('000123', 'HX-M820')"
        )
        assert connection.scalar(identities) == 1


def timeless(printed: str) -> str:
    """Without what depends on the width and on the hour."""
    return squeeze(re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "", printed))
