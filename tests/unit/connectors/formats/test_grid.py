"""Quick looks at whole columns."""

import pyarrow as pa
import pytest

from connectors.formats.grid import holds_match, is_ascii

EMPTY = pa.chunked_array([], pa.string())


@pytest.mark.parametrize("chunks", [[["a", "小计"]], [["a"], ["b", "x小计y"]], [[""], ["小计", ""]]])
def test_a_match_in_any_value_of_any_chunk_is_found(chunks: list[list[str]]) -> None:
    column = pa.chunked_array(chunks, pa.string())
    assert holds_match(column, "[小总]计|total")
    assert not holds_match(column, "共|page")
    assert not is_ascii(column)


def test_a_column_without_values_holds_nothing() -> None:
    for column in (EMPTY, pa.chunked_array([[""], []], pa.string()), pa.chunked_array([pa.nulls(3, pa.string())])):
        assert not holds_match(column, "a")
        assert is_ascii(column)
