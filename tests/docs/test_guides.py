"""What the guides say is true: examples validate, commands exist, links lead somewhere, every code has an entry."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from canonical_model.entities import SPECS
from canonical_model.errors import ConfigError
from canonical_model.language import Text
from connectors.base import load_connector
from crossdock.home import Settings, SourceFile, check_model
from crossdock.incidents.rules import RuleFile
from crossdock.incidents.rules import _check_query as check_query
from crossdock.incidents.sentences import SentenceTemplate
from mappings.columns import AnySheet, JsonColumns
from mappings.compiled import Columns
from mappings.engine import MappingRun
from mappings.expressions import ExpressionCompiler
from mappings.landed import LandedRows
from mappings.plan import make_plan
from mappings.spec import MappingFile, code_table, parse_mapping

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted((DOCS / "guide").glob("*.md")), DOCS / "architecture.md"]
PACKAGES = ("canonical_model", "connectors", "crossdock", "dags", "mappings", "wecom_notify")
CODE = re.compile(r"XD-[A-Z]{3}-[0-9]{3}")


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    line: int
    info: str
    text: str


def blocks(page: str, text: str) -> Iterator[Block]:
    for found in re.finditer(r"^```(\S[^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2])


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


BLOCKS = [block for page in PAGES for block in blocks(page.name, text_of(page))]
YAML = [block for block in BLOCKS if block.info == "yaml"]
EXAMPLES = [block for block in BLOCKS if block.info.startswith("examples ")]


def name_of(block: Block) -> str:
    return f"{block.page}:{block.line}"


# YAML


class Headers(AnySheet):
    """A sheet whose headers may also be written as they are, brackets and all."""

    def whole(self, text: str) -> tuple[str, str] | None:
        looks_like_code = re.search(r"['\"|=<>]|^[a-z]+\(", text)
        return None if looks_like_code else self.find((text,))


def check_mapping(text: str) -> None:
    spec = parse_mapping(text, "docs")
    is_json = any(mapped.each for mapped in spec.entities.values())
    for table in spec.codes:
        assert code_tables(spec, table), f"codes.{table} serves nothing"
    for name, mapped in spec.entities.items():
        columns: Columns = JsonColumns([], nested=mapped.each is not None) if is_json else Headers()
        compiler = ExpressionCompiler(spec, columns, "Asia/Shanghai")
        for field, expression in mapped.fields.items():
            compiler.compile(str(expression), SPECS[name].fields[field])
        for expression in mapped.key:
            compiler.compile_text(expression)


def code_tables(spec: MappingFile, table: str) -> list[str]:
    """The code lists that a table of a mapping serves: by its own name, or by code('…') of a field."""
    serves = {
        str(SPECS[entity].fields[field].codes)
        for entity, mapped in spec.entities.items()
        for field, expression in mapped.fields.items()
        if f"code('{table}'" in str(expression) or SPECS[entity].fields[field].codes == table
    } | ({table} & {"unit", "currency"})
    for list_name in serves:
        code_table(spec, table, list_name)
    return sorted(serves)


def check_source(raw: object) -> None:
    source = check_model(raw, SourceFile, "docs")
    connector = load_connector(source.connector)
    connector.config_model.model_validate(source.config)
    for stream in source.streams.values():
        connector.stream_model.model_validate(stream.config)


def check_rule(raw: object) -> None:
    rule = check_model(raw, RuleFile, "docs")
    check_query(rule.query, "docs")
    SentenceTemplate(Text(rule.sentence.zh, rule.sentence.en), "docs")


def check_yaml(text: str) -> None:
    """Checks a block by its first key."""
    raw = yaml.safe_load(text)
    match next(iter(raw)):
        case "mapping":
            check_mapping(text)
        case "source":
            check_source(raw)
        case "rule":
            check_rule(raw)
        case _:
            settings = check_model(raw, Settings, "docs")
            named = {role.person for role in settings.roles.values()} - {None}
            assert named <= set(settings.people), "a role names a person who is not listed"


@pytest.mark.parametrize("block", YAML, ids=name_of)
def test_a_yaml_example_is_valid(block: Block) -> None:
    check_yaml(block.text)


def test_there_are_examples_of_every_kind() -> None:
    first = {next(iter(yaml.safe_load(block.text))) for block in YAML}

    assert {"mapping", "source", "rule"} <= first
    assert first & set(Settings.model_fields)


@pytest.mark.parametrize(
    "text",
    [
        "mapping: a/b\nentities: {purchase_order: {fields: {order_number: dat(x)}}}",
        "mapping: a/b\nentities: {purchase_order: {fields: {order_nr: x}}}",
        "source: a\nconnector: folder\nconfig: {path: x}\nstreams: {s: {mapping: a/b, config: {file: x}}}",
        "rule: a\ntitle: {zh: a, en: a}\nwatches: [item]\nnotify: [owner]\nquery: DELETE FROM facts.item\nsentence: {zh: a, en: a}",
        "companie: x",
    ],
)
def test_a_wrong_yaml_example_is_refused(text: str) -> None:
    with pytest.raises((ConfigError, ValueError)):
        check_yaml(text)


# what the functions of a mapping give


def give(entity: str, field: str, expression: str, rows: list[tuple[str, str]]) -> list[str]:
    """What an expression over 值 and 单位 makes of each row: "1200 EA", or the code of the issue."""
    spec = SPECS[entity]
    keys = [key for key in spec.fields if spec.fields[key].is_required and key != field]
    fields = {**dict.fromkeys(keys, "编号"), field: expression}
    mapping = MappingFile.model_validate({"mapping": "docs/example", "entities": {entity: {"fields": fields}}})
    header = ["编号", "值", "单位"]
    plan = make_plan(mapping, header=header, is_json=False, timezone="Asia/Shanghai")
    columns = [[f"N{i}" for i in range(len(rows))], [row[0] for row in rows], [row[1] for row in rows]]
    table = pa.table({name: pa.array(column, pa.string()) for name, column in zip(header, columns, strict=True)})
    table = table.append_column("_row", pa.array(range(len(rows)), pa.int64()))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        pq.write_table(table, path)
        with MappingRun(plan, [LandedRows(1, path, len(rows), "a.xlsx", "", {}, None)]) as run:
            good = {row["row"]: row for row in run.good(plan.entities[0]).read_all().to_pylist()}
            issues = {placed.row: placed.issue.code for placed in run.issues()}
    names = [column.name for column in spec.fields[field].columns[:2] if column.name.endswith(("_unit", "_currency"))]
    return [
        issues.get(i, "") if i not in good else " ".join(filter(None, (show(good[i].get(n)) for n in (field, *names))))
        for i in range(len(rows))
    ]


def show(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value)


def read_examples(text: str) -> list[tuple[tuple[str, str], str]]:
    found = []
    for line in text.splitlines():
        given, arrow, gives = line.partition("→")
        assert arrow, f"no arrow in {line!r}"
        value, _, unit = given.partition("|")
        found.append(((value.strip(), unit.strip()), gives.strip()))
    return found


@pytest.mark.parametrize("block", EXAMPLES, ids=name_of)
def test_a_function_gives_what_the_guide_says(block: Block) -> None:
    target, _, expression = block.info.removeprefix("examples ").partition(" = ")
    entity, _, field = target.partition(".")
    examples = read_examples(block.text)

    assert give(entity, field, expression, [row for row, _ in examples]) == [gives for _, gives in examples]


def test_every_function_is_described() -> None:
    from mappings.expressions import FUNCTION_NAMES

    text = text_of(DOCS / "guide" / "mapping.md")

    assert len(EXAMPLES) > 10
    assert [name for name in FUNCTION_NAMES if not re.search(rf"\b{name}\b", text)] == []


# commands


def known_commands() -> Mapping[str, object]:
    """Command name -> command; subcommands as "alerts ack"."""
    from typer.main import get_command

    app = import_module("crossdock.cli._app").app
    found: dict[str, object] = {}
    waiting: list[tuple[tuple[str, ...], object]] = [((), get_command(app))]
    while waiting:
        path, command = waiting.pop()
        found[" ".join(path)] = command
        waiting += [((*path, name), sub) for name, sub in getattr(command, "commands", {}).items()]
    return found


def named_commands(text: str) -> set[tuple[str, str]]:
    """(command, option) of every `crossdock …` in code: the option is empty where none is named."""
    spans = [span for span in re.findall(r"`([^`\n]*)`", text) if "crossdock " in span]
    fenced = [line for block in blocks("", text) if block.info == "sh" for line in block.text.splitlines()]
    found = set()
    for line in [*spans, *fenced]:
        for words in re.findall(r"(?:^|[\s/&|])crossdock ((?:[a-z-]+ ?)*)([^`#]*)", line):
            names = words[0].split()
            options = re.findall(r"--[a-z-]+", words[1] + " " + " ".join(n for n in names if n.startswith("--")))
            plain = [name for name in names if not name.startswith("-")]
            found |= {(" ".join(plain), option) for option in ["", *options]} if plain else set()
    return found


def resolve(command: str, known: Mapping[str, object]) -> str | None:
    """The longest known command that `command` begins with; None where the rest names no argument of it."""
    words = command.split()
    for length in range(len(words), 0, -1):
        name = " ".join(words[:length])
        if name in known:
            is_group = bool(getattr(known[name], "commands", None))
            return None if is_group and length < len(words) else name
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_named_exists(page: Path) -> None:
    known = known_commands()
    missing = []
    for command, option in sorted(named_commands(text_of(page))):
        name = resolve(command, known)
        options = {one for p in getattr(known.get(name or ""), "params", []) for one in p.opts} | {"--help"}
        if name is None or (option and option not in options):
            missing.append(f"{command} {option}".strip())

    assert missing == []


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    found = named_commands("`crossdock snyc erp` and `crossdock alerts explain 7`, `crossdock demo --once`")

    assert {name for name, _ in found} == {"snyc erp", "alerts explain", "demo"}
    assert ("demo", "--once") in found
    assert resolve("snyc erp", {"sync": object()}) is None
    assert resolve("sync erp", {"sync": object()}) == "sync"


def test_every_command_is_named_somewhere() -> None:
    known = known_commands()
    named = {resolve(command, known) for page in PAGES for command, _ in named_commands(text_of(page))}
    top = {name for name in known if name and " " not in name}

    assert len(top) >= 10
    assert sorted(top - {str(name).split()[0] for name in named if name}) == []


# links


def links(text: str) -> list[str]:
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", outside) if "://" not in link]


def broken_links(page: Path, text: str) -> list[str]:
    targets = {link: (page.parent / link.partition("#")[0]).resolve() for link in links(text)}
    # reference pages are generated; without a generator there are none to lead to
    unmade = () if (DOCS / "generate.py").exists() else (DOCS / "reference",)
    return [link for link, target in targets.items() if not target.exists() and target.parent not in unmade]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    assert broken_links(page, text_of(page)) == []


def test_a_broken_link_would_be_noticed() -> None:
    assert broken_links(DOCS / "x.md", "[a](vocabulary.md) [b](nowhere.md#a) [c](https://x.y)") == ["nowhere.md#a"]


# error codes


def codes_in_use() -> set[str]:
    files = [path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.suffix in {".py", ".yaml"}]
    return {code for path in files for code in CODE.findall(path.read_text(encoding="utf-8"))}


def entries(runbook: str) -> dict[str, str]:
    """Code -> text of its entry."""
    parts = re.split(r"^### (XD-.*)$", runbook, flags=re.MULTILINE)[1:]
    found = {}
    for heading, text in zip(parts[::2], parts[1::2], strict=True):
        for code in CODE.findall(heading):
            assert code not in found, f"{code} has two entries"
            found[code] = re.split(r"^## ", text, flags=re.MULTILINE)[0].strip()
    return found


def test_every_code_has_a_runbook_entry_in_both_languages() -> None:
    found, used = entries(text_of(DOCS / "guide" / "runbook.md")), codes_in_use()
    one_language = [
        code
        for code, text in found.items()
        if not (re.search(r"[一-龥]{4}", text) and re.search(r"[a-z]{3} [a-z]+", text))
    ]

    assert len(used) > 80
    assert sorted(used - set(found)) == []
    assert sorted(set(found) - used) == []
    assert one_language == []


def test_every_code_named_in_a_guide_exists() -> None:
    used = codes_in_use()

    assert [(p.name, c) for p in PAGES for c in sorted(set(CODE.findall(text_of(p))) - used)] == []


# words

# word of docs/vocabulary.md -> what must not stand in its place
SYNONYMS = {
    "数据源": ("数据来源", "来源系统", "源系统"),
    "数据流": ("数据管道", "流水线"),
    "落地区": ("暂存区", "着陆区"),
    "映射": ("对照规则", "转换脚本"),
    "搁置": ("挂起", "隔离区"),
    "拒收": ("丢弃行", "驳回行"),
    "异常": ("告警", "预警"),
    "提醒": ("报警", "警报"),
    "发件箱": ("消息队列",),
    "合作方": ("合作伙伴", "交易伙伴"),
    "物料": ("料件",),
    "parked": ("quarantined",),
    "incident": ("alarm",),
    "partner": ("counterparty", "trading partner"),
    "landing": ("staging area", "raw zone"),
}


def vocabulary() -> list[tuple[str, str]]:
    """(Chinese, English) of every row."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", text_of(DOCS / "vocabulary.md"), re.MULTILINE)
    return [(zh.strip(), en.strip()) for zh, en in rows if zh.strip() != "中文"]


def wrong_words(text: str) -> list[str]:
    return [f"{other} → {word}" for word, others in SYNONYMS.items() for other in others if other in text]


def test_the_vocabulary_has_one_word_per_idea() -> None:
    rows = vocabulary()

    assert len(rows) > 20
    assert len({zh for zh, _ in rows}) == len({en for _, en in rows}) == len(rows)
    assert set(SYNONYMS) <= {word for row in rows for word in row}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_guide_uses_the_words_of_the_vocabulary(page: Path) -> None:
    assert wrong_words(text_of(page)) == []


def test_another_word_would_be_noticed() -> None:
    assert wrong_words("发一条告警 from the staging area") == ["告警 → 异常", "staging area → landing"]


def test_every_guide_is_there_and_in_both_languages() -> None:
    names = {page.stem for page in PAGES}

    assert {
        "quickstart",
        "first-source",
        "mapping",
        "rules",
        "wecom",
        "airflow",
        "runbook",
        "operations",
        "xref",
        "architecture",
    } <= names
    for page in PAGES:
        text = text_of(page)
        assert len(re.findall(r"[一-龥]", text)) > 500, page.name
        assert len(re.findall(r"[A-Za-z]{3,}", text)) > 200, page.name
