"""Whatever a mapping author writes: it is compiled by us, or it is a MappingError; nothing reaches another file."""

from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from canonical_model.entities import SPECS
from canonical_model.errors import MappingError
from mappings.columns import JsonColumns, SheetColumns
from mappings.compiled import Atom, Columns, MissingColumnError
from mappings.database import translate_error
from mappings.engine import MappingRun
from mappings.expressions import ExpressionCompiler
from mappings.landed import LandedRows
from mappings.plan import make_plan
from mappings.spec import EntityMapping, MappingFile, parse_mapping
from mappings.syntax import MAX_LENGTH

MAPPING = "mapping: t/t\nentities:\n  purchase_order_line:\n    fields: {order_number: 单号, line_number: 行号}\n"
SPEC = parse_mapping(MAPPING, "t.yaml")
HEADER = ["单号", "行号", "a", "b", "x", "数量"]

ATTACKS = [
    # other tables, files and the network
    "(select 1)", "select 1", "(select a from source)", "a from source", "from source", "table source", "values (1)",
    "read_csv('/etc/passwd')", "read_text('/etc/passwd')", "read_parquet('x')", "read_blob('x')", "glob('/*')",
    "a in (select 1)", "exists (select 1)", "any (select 1)", "(with t as (select 1) select * from t)", "a union select b",
    "scalar((select 1))", "read_json('http://example.com')", "query('select 1')", "query_table('source')",
    # what is not one value of this row
    "*", "COLUMNS(*)", "COLUMNS('a')", "source.*", "* exclude (a)", "sum(number(a))", "count(*)", "row_number() over ()",
    "lag(a) over (order by b)", "first(a)", "list(a)", "unnest([1, 2])", "a order by b", "distinct a",
    # state of the engine
    "$1", "?", ":name", "@x", "getvariable('x')", "current_setting('threads')", "set threads = 1", "pragma version",
    "getenv('HOME')", "version()", "current_user", "session_user", "pg_catalog.version()",
    # time, chance and time-wasting
    "now()", "random()", "current_date", "current_timestamp", "uuid()", "setseed(0.5)", "sleep(10)", "nextval('s')",
    "repeat('a', 1000000000)", "range(1000000000)", "generate_series(1, 10)", "hash(a)", "md5(a)",
    # statements
    "a; drop table x", "drop table x", "attach 'x.db'", "ATTACH ':memory:' AS y", "copy source to 'x'", "install httpfs",
    "load httpfs", "create table x (a int)", "insert into x values (1)", "delete from source", "call pragma_version()",
    "export database 'x'", "checkpoint", "begin", "a; b", "a;;b", "use x", "explain select 1", "describe source",
    # types and containers
    "cast(a as integer)", "a::integer", "try_cast(a as date)", "a::json", "date '2026-01-01'", "timestamp '2026-01-01'",
    "interval '1' day", "interval 1 day", "INTERVAL a DAY", "b'00'", "x'00'", "e'\\n'", "U&'\\0061'", "[a, b]", "[x for x in a]",
    "{'k': a}", "struct_pack(k := a)", "row(a, b)", "(a, b)", "map {'a': 1}", "array[1, 2]", "a[1]", "a[1:2]", "a.b.c[1]",
    "x -> x + 1", "lambda x: x", "list_transform([a], x -> x)", "a ->> 'k'", "a -> 'k'", "json_extract(a, '$')",
    # operators outside the list
    "a like '%'", "a ilike '%'", "a ~ 'x'", "a similar to 'x'", "regexp_matches(a, '(x+x+)+y')", "a between b and x",
    "a collate nocase", "a is distinct from b", "number(a) % 2", "number(a) // 2", "number(a) ** 2", "number(a) ^ 2",
    "number(a) & 1", "number(a) | 1", "number(a) << 40", "~number(a)", "a is true", "not a glob 'x'", "if(a, b, x)", "iif(a, b)",
    "nullif(a, b)", "greatest(a, b)", "case a when", "a as b", "a b", "a at time zone 'UTC'", "extract(year from a)",
    # hidden in quotes, comments and names
    "text(a, (select 1))", "upper((select 1))", "case when (select true) then a end", "a || (select 1)", "coalesce(a, now())",
    "quantity(a, (select 'KGM'))", "code('currency', (select 'CNY'))", "code((select 'currency'), a)", "code(a, b)",
    "code('nothing', a)", "code('list_unit; drop table x', a)", "a /* x", "'a", '"a', "a)", "(a",
    "", " ", "--", "-- a", "/* a */", ";", "a,b", "a, b", "`a`", "#a", "a\\", "\\", "{{ a }}", "${a}", "%s", "a %", "a\x00b",
    "'\x00'", "xd_number(a)", "xd_key(a)", "xd_over(1, 0)", "_lookup0.code", "重量(kg)", "1,200",
]  # fmt: skip


def compiler(columns: Columns) -> ExpressionCompiler:
    return ExpressionCompiler(SPEC, columns, "Asia/Shanghai")


def sheet() -> Columns:
    return SheetColumns(HEADER, {}, "purchase_order_line")


def refusals(text: str, columns: Sequence[Columns]) -> list[str]:
    """What compiling `text` says, once per kind of columns and target."""
    found = []
    for one in columns:
        for field in ("remark", "price_base", "requested_on", "is_tax_included"):
            try:
                compiler(one).compile(text, SPECS["purchase_order_line"].fields[field])
            except MappingError as error:
                found.append(error.problem_code)
            except MissingColumnError:
                found.append("missing")
            else:
                found.append("taken")
    return found


def test_there_are_enough_attacks() -> None:
    assert len(set(ATTACKS)) == len(ATTACKS) > 150


MERE_NAMES = {
    "重量(kg)",
    "$1",
    "source.*",
    "current_user",
    "session_user",
    "begin",
    "checkpoint",
    "_lookup0.code",
    "current_date",
    "current_timestamp",
}
"""Names of columns that the header does not carry: the mapping does not fit, and nothing is evaluated."""


@pytest.mark.parametrize("text", ATTACKS)
def test_an_attack_on_a_sheet_is_a_mapping_error(text: str) -> None:
    found = set(refusals(text, [sheet()]))
    assert found <= ({"XD-MAP-005", "missing"} if text in MERE_NAMES else {"XD-MAP-005"}), found


@pytest.mark.parametrize("text", ATTACKS)
def test_an_attack_on_json_is_at_most_a_path_into_the_document(text: str) -> None:
    columns = JsonColumns([], nested=True)
    found = set(refusals(text, [columns]))
    assert found <= ({"XD-MAP-005", "missing", "taken"} if text in MERE_NAMES else {"XD-MAP-005"}), found
    if "taken" in found:
        one = compiler(columns)
        one.compile_text(text)
        assert [str(step.sql)[:39] for step in one.steps if isinstance(step, Atom)] == [
            "xd_tidy(json_extract_string(_element, '"
        ]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 400 + "a" + ")" * 400,
        "upper(" * 100 + "a" + ")" * 100,
        " + ".join(["number(a)"] * 150),
        " || ".join(["a"] * 300),
        " and ".join(["a = b"] * 200),
        "case when a = b then " * 60 + "a" + " end" * 60,
        "not " * 200 + "(a = b)",
        "- " * 300 + "number(a)",
        "number(a)" + " / number(b)" * 30,
        "number(text(" * 12 + "a" + "))" * 12,
        "text(number(" * 12 + "a" + "))" * 12,
        "upper(" * 40000 + "a" + ")" * 40000,
        "a" * (MAX_LENGTH + 1),
        "'" + "x" * 10**6 + "'",
        "a = b or " * 20000 + "a = b",
    ],
    ids=range(15),
)
def test_what_is_too_long_or_too_deep_is_a_mapping_error(text: str) -> None:
    with pytest.raises(MappingError, match="XD-MAP-005") as caught:
        compiler(sheet()).compile(text, SPECS["purchase_order_line"].fields["remark"])
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "text",
    ["a", "数量", '"a"', "number(a) * number(b)", "case when a = 'x' then b else '-' end", "a || '; drop table x --'",
     "upper('(select 1)')", "''' || (select 1) || '''", "replace(a, '''', '\"')", "a in ('x', 'y')", "a is null", "not (a = b)", "(((a)))",
     "left(a, 2)", "coalesce(a, b)", "text(date(a))", "a /* a comment */", "a -- a comment"],
)  # fmt: skip
def test_what_is_allowed_compiles(text: str) -> None:
    one = compiler(sheet())
    compiled = one.compile_text(text)
    with duckdb.connect() as db:  # our own SQL at least parses
        for sql in (compiled.sql, *(step.sql for step in one.steps if isinstance(step, Atom))):
            assert len(db.extract_statements(f"SELECT {sql}")) == 1


HOSTILE = [
    "x'); drop table source; --", 'a"b', "a''b", '"', "'", "重量(kg)", "PO No.", "c:x", "😀 emoji", "a;b", "--", "/*", "$1", "*", "?",
    "select", "_row ", "key", "batch", "outcome", "order_number", "version", " leading", "a\nb", "a\tb", "{x}", "%s", "\\", "COLUMNS(*)",
    "x" * 300, "Qty", "QTY", "qty", "０", "null", "1", "a.b.c.d.e",
]  # fmt: skip


TEXT_FIELDS = ["name", "name_alternative", "legal_name", "address", "city", "region", "contact_name", "contact_email"]


@pytest.mark.parametrize("is_quoted", [False, True], ids=["letter for letter", "quoted"])
def test_hostile_column_names_are_data(tmp_path: Path, *, is_quoted: bool) -> None:
    path = tmp_path / "it's a [strange] path.parquet"
    values = {name: f"<{i}>" for i, name in enumerate(HOSTILE)}
    pq.write_table(pa.table({"_row": [2], "编号": ["A"], **{name: [value] for name, value in values.items()}}), path)
    for start in range(0, len(HOSTILE), len(TEXT_FIELDS)):
        mapped = dict(zip(TEXT_FIELDS, HOSTILE[start:], strict=False))
        texts = {field: '"' + name.replace('"', '""') + '"' if is_quoted else name for field, name in mapped.items()}
        entity = EntityMapping(fields={"party_number": "编号", **texts})
        spec = MappingFile(mapping="t/t", entities={"party": entity})
        plan = make_plan(spec, header=["编号", *HOSTILE], is_json=False, timezone="UTC")
        with MappingRun(plan, [LandedRows(1, path, 1, "f", "", {}, None)]) as run:
            (record,) = run.good(plan.entities[0]).read_all().to_pylist()
        assert {field: record[field] for field in mapped} == {field: values[name] for field, name in mapped.items()}


def run_over(tmp_path: Path, *, fresh: Collection[str] = ()) -> MappingRun:
    """A run over one landed row, beside another file; `fresh` as for `MappingRun`."""
    path = tmp_path / "landed.parquet"
    pq.write_table(pa.table({"_row": [2], "单号": ["A"], "行号": ["1"]}), path)
    (tmp_path / "other.parquet").write_bytes(path.read_bytes())
    plan = make_plan(SPEC, header=["单号", "行号"], is_json=False, timezone="UTC")
    return MappingRun(plan, [LandedRows(1, path, 1, "f", "", {}, None)], fresh=fresh)


@pytest.fixture
def running(tmp_path: Path) -> MappingRun:
    return run_over(tmp_path)


@pytest.mark.parametrize(
    "statement",
    [
        "FROM '{folder}/other.parquet'",
        "SELECT * FROM read_parquet('{folder}/other.parquet')",
        "SELECT * FROM read_parquet('{folder}/*.parquet')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/proc/self/environ')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_parquet('http://127.0.0.1:1/x')",
        "ATTACH '{folder}/x.db'",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "COPY rows_purchase_order_line TO '{folder}/out.parquet'",
        "EXPORT DATABASE '{folder}/out'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/passwd']",
        "SET lock_configuration = false",
        "SET memory_limit = '10GB'",
        "SET threads = 9",
        "RESET memory_limit",
        "PRAGMA enable_profiling",
        "CREATE TABLE functions.x AS SELECT 1",
        "CREATE OR REPLACE MACRO functions.xd_number(s) AS 1",
    ],
)
def test_a_running_engine_refuses(running: MappingRun, tmp_path: Path, statement: str) -> None:
    with running as run:
        with pytest.raises(duckdb.Error):
            run._db.execute(statement.format(folder=tmp_path)).fetchall()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["landed.parquet", "other.parquet"]


def test_what_fails_while_records_are_streamed_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mappings.engine.STREAMED_ROWS", 1)
    running = run_over(tmp_path, fresh={"purchase_order_line"})
    (lines,) = (entity for entity in running.plan.entities if entity.entity.name == "purchase_order_line")
    with running as run:
        run._db.execute("DROP TABLE suspects")
        records = run.stream(lines, {})
        with pytest.raises(MappingError, match="XD-MAP-009"):
            records.read_all()
        run._db.execute("DROP TABLE issues")
        with pytest.raises(MappingError, match="XD-MAP-009"):
            run.stream(lines, {})


def test_a_running_engine_reads_its_landed_file_and_the_file_stays_as_it_is(
    running: MappingRun, tmp_path: Path
) -> None:
    before = (tmp_path / "landed.parquet").read_bytes()
    with running as run:
        assert run._db.execute(f"SELECT count(*) FROM '{tmp_path}/landed.parquet'").fetchall() == [(1,)]
    assert (tmp_path / "landed.parquet").read_bytes() == before


def test_an_allowed_path_that_does_not_exist_is_never_opened(tmp_path: Path) -> None:
    """DuckDB would let a mapping write there: the run refuses, so every path that it allows is a file."""
    plan = make_plan(SPEC, header=["单号", "行号"], is_json=False, timezone="UTC")
    with (
        pytest.raises(FileNotFoundError),
        MappingRun(plan, [LandedRows(1, tmp_path / "no.parquet", 1, "f", "", {}, None)]),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_duckdb_cannot_do_is_a_mapping_error() -> None:
    assert translate_error(duckdb.OutOfMemoryException("x"), "t/t").problem_code == "XD-MAP-008"
    for full in (
        duckdb.IOException("IO Error: Could not write to “x”: No space left on device"),
        duckdb.OutOfMemoryException("failed to offload data block; the limit was set by 'max_temp_directory_size'"),
    ):
        assert translate_error(full, "t/t").problem_code == "XD-STO-004"
    other = translate_error(duckdb.ConversionException("Conversion Error: y\nmore"), "t/t")
    assert other.problem_code == "XD-MAP-009"
    assert "more" not in str(other)
