"""What every connector must do, as a test class to inherit; shipped so that strangers' connectors can be held to it.

class TestMine(ConnectorContract):
    connector = MyConnector
    stream = "orders"
    key = ("number",)
    valid_config = {"address": "…"}

    @pytest.fixture
    def build(self, server): return lambda: MyConnector(…)
"""

# ruff: noqa: D102, S101  # the names of tests are sentences, and asserts are what tests are made of

import gc
import hashlib
import json
import logging
import re
import traceback
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pytest
from pydantic import ValidationError

from canonical_model.errors import AuthError, CrossdockError, TransientError
from canonical_model.text import JsonValue, parse_json
from connectors.base import ROW, Acknowledges, Batch, Connector, ConnectorConfig, Cursor

Row = tuple[object, ...]
Content = dict[Row, dict[str, object]]

SECRET = "s3cr;t}-pässword"  # noqa: S105  # what must never show


def batches_of(connector: Connector, stream: str, since: Cursor) -> list[Batch]:
    """All batches from `since` on, in memory."""
    return list(connector.read(stream, since))


def as_stored(cursor: Cursor) -> Cursor:
    """The cursor as the store gives it back: through JSON, numbers as text."""
    stored = parse_json(json.dumps(cursor))
    assert isinstance(stored, dict)
    return stored


class ConnectorContract:
    """The minimum that every connector does.

    A subclass sets the attributes, and gives the fixtures `build` (a function that gives a new connector over the same
    system, which holds at least two batches), `system_state`, `late_record`, `half_written`, `unreachable` and
    `wrong_password`; instead of one that does not apply, a waiver.

    Attributes:
        connector: The class under test.
        stream: The stream to read.
        key: Columns that name a row.
        valid_config: Settings that are accepted.
        valid_stream: Settings of the stream that are accepted.
        waivers: Test name -> why this connector does not pass it. Strict both ways: a waived test that passes fails,
            and so does a waiver for a test that there is not.
    """

    connector: ClassVar[type[Connector]]
    stream: ClassVar[str]
    key: ClassVar[tuple[str, ...]]
    valid_config: ClassVar[Mapping[str, JsonValue]] = {}
    valid_stream: ClassVar[Mapping[str, JsonValue]] = {}
    waivers: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _waive(self, request: pytest.FixtureRequest) -> None:
        name = getattr(request.node, "originalname", None) or request.node.name
        if name in self.waivers:
            request.applymarker(pytest.mark.xfail(reason=self.waivers[name], strict=True))

    @pytest.fixture
    def build(self) -> Callable[[], Connector]:
        """A function that gives a new connector over the same system."""
        raise NotImplementedError

    @pytest.fixture
    def system_state(self) -> Callable[[], object]:
        """A function that gives something to compare the system by, before and after."""
        raise NotImplementedError

    @pytest.fixture
    def late_record(self) -> Callable[[], Row] | None:
        """A function that adds a record which sorts before those already read (an earlier name or time); its key."""
        return None

    @pytest.fixture
    def half_written(self) -> Callable[[], tuple[Row, Callable[[], object]]] | None:
        """A function that begins to write a record; its key, and a function that ends the writing."""
        return None

    @pytest.fixture
    def unreachable(self) -> Connector | None:
        """A connector whose system does not answer, with `SECRET` as the password."""
        return None

    @pytest.fixture
    def wrong_password(self) -> Connector | None:
        """A connector whose credentials, with `SECRET` as the password, are refused."""
        return None

    def test_waivers_name_tests_that_there_are(self) -> None:
        assert {name for name in self.waivers if not hasattr(self, name)} == set()

    def test_an_unknown_setting_is_refused(self) -> None:
        self.connector.config_model.model_validate(dict(self.valid_config))
        with pytest.raises(ValidationError):
            self.connector.config_model.model_validate({**self.valid_config, "no_such_setting": 1})

    def test_an_unknown_stream_setting_is_refused(self) -> None:
        settings = {**self.valid_stream, "no_such_setting": 1}
        config = self.connector.config_model.model_validate(dict(self.valid_config))
        self.connector(config, {self.stream: self.valid_stream}, {})
        with pytest.raises(CrossdockError, match="no_such_setting"):
            self.connector(config, {self.stream: settings}, {})

    def test_every_setting_is_described_and_frozen(self) -> None:
        stream_model = getattr(self.connector, "stream_model", None)
        for model in (self.connector.config_model, *([stream_model] if stream_model else [])):
            assert issubclass(model, ConnectorConfig)
            assert model.model_config.get("frozen")
            bare = [name for name, field in model.model_fields.items() if not field.description]
            assert bare == []

    def test_the_fixture_gives_at_least_two_batches(self, build: Callable[[], Connector]) -> None:
        assert len(batches_of(build(), self.stream, {})) >= 2

    def test_the_original_is_a_copy_that_nobody_else_keeps_or_changes(
        self, build: Callable[[], Connector], tmp_path: Path
    ) -> None:
        kept: dict[str, str] = {}
        for number, batch in enumerate(build().read(self.stream, {})):
            if batch.origin.original is not None and not batch.origin.original.is_symlink():
                place = tmp_path / f"kept-{number}"
                try:
                    place.hardlink_to(batch.origin.original)
                except OSError:
                    pytest.skip("the temporary folders lie on different file systems")
                kept[place.name] = batch.origin.sha256
        for name, digest in kept.items():
            assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
            names = [one for one in kept if (tmp_path / one).samefile(tmp_path / name)]
            assert (tmp_path / name).stat().st_nlink == len(names)

    def test_it_is_a_connector_and_names_its_stream(self, build: Callable[[], Connector]) -> None:
        connector = build()
        assert isinstance(connector, Connector)
        assert re.fullmatch(r"[a-z][a-z0-9_]*", connector.name)
        assert self.stream in {spec.name for spec in connector.streams()}
        assert all(spec.description.zh and spec.description.en for spec in connector.streams())

    def test_check_leaves_the_system_as_it_was(
        self, build: Callable[[], Connector], system_state: Callable[[], object]
    ) -> None:
        before = system_state()
        build().check()
        assert system_state() == before

    def test_reading_leaves_the_system_as_it_was(
        self, build: Callable[[], Connector], system_state: Callable[[], object]
    ) -> None:
        before = system_state()
        batches_of(build(), self.stream, {})
        assert system_state() == before

    def test_reading_twice_gives_the_same(self, build: Callable[[], Connector]) -> None:
        first, second = (batches_of(build(), self.stream, {}) for _ in range(2))
        assert [(one.table.to_pylist(), one.cursor) for one in first] == [
            (one.table.to_pylist(), one.cursor) for one in second
        ]

    def test_resuming_after_every_batch_equals_the_uninterrupted_read(self, build: Callable[[], Connector]) -> None:
        whole = batches_of(build(), self.stream, {})
        content = self._content(whole)
        for stop in range(1, len(whole)):
            rest = batches_of(build(), self.stream, as_stored(whole[stop - 1].cursor))
            assert self._content([*whole[:stop], *rest]) == content, f"killed after batch {stop}"

    def test_a_record_that_arrives_late_with_an_earlier_name_is_read(
        self, build: Callable[[], Connector], late_record: Callable[[], Row] | None
    ) -> None:
        assert late_record is not None, "give the fixture late_record, or a waiver"
        before = batches_of(build(), self.stream, {})
        key = late_record()
        assert key not in self._content(before)
        assert key in self._content(batches_of(build(), self.stream, as_stored(before[-1].cursor)))

    def test_a_half_written_record_is_read_once_it_is_whole(
        self, build: Callable[[], Connector], half_written: Callable[[], tuple[Row, Callable[[], object]]] | None
    ) -> None:
        assert half_written is not None, "give the fixture half_written, or a waiver"
        key, finish = half_written()
        before = batches_of(build(), self.stream, {})
        assert key not in self._content(before)
        finish()
        assert key in self._content(batches_of(build(), self.stream, as_stored(before[-1].cursor)))

    def test_all_handles_are_closed_also_by_a_reader_that_stops_early(self, build: Callable[[], Connector]) -> None:
        batches_of(build(), self.stream, {})  # what is opened once and for all is open now
        gc.collect()
        before = _open_files()
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            build().check()
            batches_of(build(), self.stream, {})
            batches = build().read(self.stream, {})
            assert isinstance(batches, Generator), "read() gives a generator, so that it can be closed"
            with closing(batches):
                next(batches)
            assert _open_files() == before
            gc.collect()

    def test_cursors_come_back_from_the_store_as_they_were(self, build: Callable[[], Connector]) -> None:
        for batch in batches_of(build(), self.stream, {}):
            assert as_stored(batch.cursor) == batch.cursor, "numbers come back as text: write them as text"

    def test_there_are_no_floats(self, build: Callable[[], Connector]) -> None:
        for batch in batches_of(build(), self.stream, {}):
            assert not [
                field.name for field in batch.table.schema if any(map(pa.types.is_floating, _types(field.type)))
            ]

    def test_every_record_has_its_place_in_the_source(self, build: Callable[[], Connector]) -> None:
        for batch in batches_of(build(), self.stream, {}):
            assert batch.origin.name
            assert batch.table.schema.field(ROW).type == pa.int64()
            rows = batch.table[ROW].to_pylist()
            assert all(row >= 1 for row in rows)
            assert len(set(rows)) == len(rows)

    def test_every_row_of_the_source_is_accounted_for(self, build: Callable[[], Connector]) -> None:
        for batch in batches_of(build(), self.stream, {}):
            counts = batch.counts
            skipped = sum(map(len, counts.skipped.values()))
            assert counts.total == counts.above + counts.header + skipped + counts.read
            assert counts.read == batch.table.num_rows

    def test_acknowledging_twice_is_harmless(
        self, build: Callable[[], Connector], system_state: Callable[[], object]
    ) -> None:
        connector = build()
        last = as_stored(batches_of(connector, self.stream, {})[-1].cursor)
        if not isinstance(connector, Acknowledges):
            return
        connector.acknowledge(self.stream, last, failed={})
        after = system_state()
        connector.acknowledge(self.stream, last, failed={})
        assert system_state() == after

    def test_a_dropped_connection_is_transient_and_shows_no_password(
        self, unreachable: Connector | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert unreachable is not None, "give the fixture unreachable, or a waiver"
        caplog.set_level(logging.DEBUG)
        with pytest.raises(TransientError) as caught:
            batches_of(unreachable, self.stream, {})
        assert not _shown(unreachable, caught.value, caplog)

    def test_a_wrong_password_is_an_auth_error_and_never_shown(
        self, wrong_password: Connector | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert wrong_password is not None, "give the fixture wrong_password, or a waiver"
        caplog.set_level(logging.DEBUG)
        with pytest.raises(AuthError) as caught:
            wrong_password.check()
        assert not _shown(wrong_password, caught.value, caplog)

    def _content(self, batches: list[Batch]) -> Content:
        """What a store that upserts by key holds after these batches."""
        content: Content = {}
        for batch in batches:
            for row in batch.table.drop_columns(ROW).to_pylist():
                content[tuple(row[column] for column in self.key)] = row
        return content


def _shown(connector: Connector, error: BaseException, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Where the password stands: the connector, its settings, the log, the error with all that lies behind it."""
    report = "".join(traceback.format_exception(error))
    fields = [repr(value) for value in vars(connector).values() if isinstance(value, ConnectorConfig)]
    return [text for text in (repr(connector), str(connector), *fields, caplog.text, report) if SECRET in text]


def _open_files() -> int:
    """How many files, sockets and pipes this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


def _types(kind: pa.DataType) -> Iterator[pa.DataType]:
    """A type and those inside it."""
    yield kind
    for number in range(kind.num_fields):
        yield from _types(kind.field(number).type)
