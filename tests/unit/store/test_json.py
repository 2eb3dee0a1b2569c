"""JSON as it is stored: what PostgreSQL refuses in it is left out, and nothing else."""

from decimal import Decimal

import pytest

from canonical_model.text import parse_json
from crossdock.store.database import dump_json


@pytest.mark.parametrize(
    ("value", "read_back"),
    [
        ("物\0料\0\0", "物料"),
        (r"\u0000", r"\u0000"),
        ("\\\0", "\\"),
        ("\\\\\0x", "\\\\x"),
        ({"a\0b": ["\0", Decimal("1.10")]}, {"ab": ["", "1.10"]}),
    ],
)
def test_null_bytes_alone_are_left_out(value: object, read_back: object) -> None:
    written = dump_json(value)
    assert parse_json(written) == read_back
    assert "\0" not in str(parse_json(written))
