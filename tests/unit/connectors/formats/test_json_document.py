"""JSON: every number keeps its digits, every record its position."""

from pathlib import Path

import pytest

from connectors.base import ROW
from connectors.formats import FormatOptions, SheetRead, read_file
from connectors.formats.json_document import read_json


def read(tmp_path: Path, content: str, *, name: str = "a.json", records: str | None = None) -> SheetRead:
    (tmp_path / name).write_text(content, encoding="utf-8")
    (only,) = read_file(tmp_path / name, options=FormatOptions(records=records))
    return only


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    only = read(tmp_path, '[{"数量": 1.10, "条码": 6932169358293014567, "x": null, "y": true, "z": 1e5}]')
    assert only.table.to_pylist() == [
        {"json": '{"数量":"1.10","条码":"6932169358293014567","x":null,"y":true,"z":"1e5"}', ROW: 1}
    ]


def test_the_list_may_lie_deeper(tmp_path: Path) -> None:
    only = read(tmp_path, '{"d": {"results": [{"a": 1}, {"a": 2}]}}', records="d.results")
    assert (only.counts.total, only.counts.read, only.table[ROW].to_pylist()) == (2, 2, [1, 2])


def test_one_record_is_a_list_of_one(tmp_path: Path) -> None:
    assert read(tmp_path, '{"a": 1}').counts.read == 1


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_one_record_per_line(tmp_path: Path, name: str) -> None:
    only = read(tmp_path, '{"a": 1}\n\n{"a": 2}\n', name=name)
    assert only.table[ROW].to_pylist() == [1, 3]
    assert only.counts.skipped == {"blank": (2,)}


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    said = "甲\u2028乙\x85丙\u2029丁"
    (tmp_path / "a.jsonl").write_bytes(f'{{"a": "{said}"}}\r\n\x0b\r\n{{"a": 2}}\r\n'.encode())
    (only,) = read_file(tmp_path / "a.jsonl", options=FormatOptions())
    assert only.problem is None
    assert only.table.to_pylist() == [{"json": f'{{"a":"{said}"}}', ROW: 1}, {"json": '{"a":"2"}', ROW: 3}]
    assert (only.counts.total, only.counts.skipped) == (3, {"blank": (2,)})


@pytest.mark.parametrize(
    ("content", "records", "word"),
    [
        ('[{"a": 1}, {"a":', None, "第 1 行"),
        ("[1, 2]", None, "对象"),
        ('{"value": []}', "d.results", "value"),
        ("[]", None, "没有数据行"),
        ('{"a": 1}\n{"a":', None, "第 2 行"),
    ],
)
def test_a_broken_document_is_a_problem_with_its_place(
    tmp_path: Path, content: str, records: str | None, word: str
) -> None:
    problem = read(tmp_path, content, records=records).problem
    assert problem is not None
    assert word in problem.zh
    assert problem.en


@pytest.mark.parametrize(
    ("content", "name", "line"),
    [
        ('[{"数量": 1}, {"单": {"数量": 1, "数量": 2}}]', "a.json", ""),
        ('{"数量": 1}\n{"数量": 1, "数量": 1}', "a.jsonl", "第 2 行"),
        ('{"数量": 1, "数量": 1}\n{"数量": 1}', "a.json", ""),
    ],
)
def test_a_key_that_stands_twice_in_one_object_is_a_problem_that_names_it(
    tmp_path: Path, content: str, name: str, line: str
) -> None:
    problem = read(tmp_path, content, name=name).problem
    assert problem is not None
    assert "“数量”" in problem.zh
    assert "“数量”" in problem.en
    assert line in problem.zh


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("[" * 100_000, "a.json"),
        ("[" * 100_000, "a.jsonl"),
        ('[{"a": ' + "[" * 900 + "]" * 900 + "}]", "a.json"),  # here it could be read, further in not
        ('{"a": 1}\n{"a": ' + "[" * 900 + "]" * 900 + "}", "a.jsonl"),
    ],
)
def test_what_is_nested_without_end_is_a_problem(tmp_path: Path, content: str, name: str) -> None:
    problem = read(tmp_path, content, name=name).problem
    assert problem is not None
    assert "层" in problem.zh
    assert "deep" in problem.en


def test_brackets_in_texts_and_side_by_side_do_not_count_as_depth(tmp_path: Path) -> None:
    only = read(tmp_path, '[{"a": "' + r"\"[" * 200 + '", "lines": [' + ", ".join(["{}"] * 200) + "]}]")
    assert (only.problem, only.counts.read) == (None, 1)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_half_of_a_character_is_shown_as_one_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    only = read(tmp_path, r'{"备注": "加急\ud83d", "b\ude00": "\ud83d\ude00"}', name=name)
    assert only.table["json"].to_pylist() == ['{"备注":"加急\ufffd","b\ufffd":"😀"}']


@pytest.mark.parametrize(("content", "records"), [(r'["\ud83d"]', None), (r'{"\ud83d": 1}', "a.b")])
def test_half_of_a_character_is_in_no_sentence(tmp_path: Path, content: str, records: str | None) -> None:
    problem = read(tmp_path, content, records=records).problem
    assert problem is not None
    assert problem.zh.encode()
    assert problem.en.encode()


def test_a_large_file_of_lines_comes_in_parts(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("".join(f'{{"a": {n}}}\n\n' for n in range(5)), encoding="utf-8")
    parts = list(read_json(tmp_path / "a.jsonl", FormatOptions(), part_bytes=16))
    assert [one.table[ROW].to_pylist() for one in parts] == [[1, 3], [5, 7], [9]]
    assert [one.counts.skipped["blank"] for one in parts] == [(2,), (4, 6), (8, 10)]
    assert sum(one.counts.total for one in parts) == 10


def test_a_broken_line_of_a_later_part_is_named_and_all_lines_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n{"a": 2}\n{"a": 3}\n{"a":\n{"a": 5}\n', encoding="utf-8")
    *good, last = read_json(tmp_path / "a.jsonl", FormatOptions(), part_bytes=16)
    assert last.problem is not None
    assert "第 4 行" in last.problem.zh
    assert sum(one.counts.total for one in (*good, last)) == 5
