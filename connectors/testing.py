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
import re
import warnings
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from typing import ClassVar

import pyarrow as pa
import pytest
from pydantic import ValidationError

from canonical_model.errors import AuthError, CrossdockError, TransientError
from canonical_model.text import JsonValue
from connectors.base import ROW, Acknowledges, Batch, Connector, ConnectorConfig, Cursor

Row = tuple[object, ...]
Content = dict[Row, dict[str, object]]

SECRET = "s3cr;t}-pässword"  # noqa: S105  # what must never show


def batches_of(connector: Connector, stream: str, since: Cursor) -> list[Batch]:
    """All batches from `since` on, in memory."""
    return list(connector.read(stream, since))


class ConnectorContract:
    """The minimum that every connector does.

    A subclass sets the attributes, and gives the fixtures `build` (a function that gives a new connector over the same
    system, which holds at least two batches), and where they apply `system_state`, `unreachable`, `wrong_password`.

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
        return lambda: None

    @pytest.fixture
    def unreachable(self) -> Connector | None:
        """A connector whose system does not answer."""
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
            rest = batches_of(build(), self.stream, whole[stop - 1].cursor)
            assert self._content([*whole[:stop], *rest]) == content, f"killed after batch {stop}"

    def test_a_reader_that_stops_early_closes_everything(self, build: Callable[[], Connector]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            batches = build().read(self.stream, {})
            assert isinstance(batches, Generator), "read() gives a generator, so that it can be closed"
            with closing(batches):
                next(batches)
            gc.collect()

    def test_cursors_are_json_without_floats(self, build: Callable[[], Connector]) -> None:
        for batch in batches_of(build(), self.stream, {}):
            assert _is_exact(batch.cursor)

    def test_there_are_no_floats(self, build: Callable[[], Connector]) -> None:
        for batch in batches_of(build(), self.stream, {}):
            assert not [field.name for field in batch.table.schema if pa.types.is_floating(field.type)]

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
        last = batches_of(connector, self.stream, {})[-1].cursor
        if not isinstance(connector, Acknowledges):
            return
        connector.acknowledge(self.stream, last, failed={})
        after = system_state()
        connector.acknowledge(self.stream, last, failed={})
        assert system_state() == after

    def test_a_dropped_connection_is_transient(self, unreachable: Connector | None) -> None:
        assert unreachable is not None, "give the fixture unreachable, or a waiver"
        with pytest.raises(TransientError):
            batches_of(unreachable, self.stream, {})

    def test_a_wrong_password_is_an_auth_error_and_never_shown(
        self, wrong_password: Connector | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert wrong_password is not None, "give the fixture wrong_password, or a waiver"
        with pytest.raises(AuthError) as caught:
            wrong_password.check()
        shown = [repr(wrong_password), repr(vars(wrong_password).get("_config")), caplog.text]
        error: BaseException | None = caught.value
        while error is not None:
            shown += [str(error), repr(error)]
            error = error.__cause__
        assert not [text for text in shown if SECRET in text]

    def _content(self, batches: list[Batch]) -> Content:
        """What a store that upserts by key holds after these batches."""
        content: Content = {}
        for batch in batches:
            for row in batch.table.drop_columns(ROW).to_pylist():
                content[tuple(row[column] for column in self.key)] = row
        return content


def _is_exact(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_exact(one) for key, one in value.items())
    if isinstance(value, list):
        return all(map(_is_exact, value))
    return value is None or isinstance(value, bool | int | str)
