"""One door per module and kind of database; each test makes its own tables."""

from collections.abc import Iterator

import pytest

from tests.unit.connectors.sql.doors import DOORS, Door, opened


@pytest.fixture(scope="module", params=DOORS)
def _door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(request.param, tmp_path_factory.mktemp("sql"), request) as door:
        yield door


@pytest.fixture
def door(_door: Door) -> Iterator[Door]:
    """A database with the empty table item (id, seen, value)."""
    _door.run("create table item (id varchar(9), seen int, value int)")
    yield _door
    _door.run("drop table item")
