"""Each test of `ConnectorContract` passes a right connector and catches the one that is wrong in its way."""

import hashlib
import inspect
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, ClassVar

import pyarrow as pa
import pytest
from pydantic import Field

from canonical_model.errors import AuthError, ConfigError, TransientError
from canonical_model.language import Text
from canonical_model.text import JsonValue
from connectors.base import ROW, Batch, ConnectorConfig, Cursor, Origin, RowCounts, StreamSpec, check_stream
from connectors.testing import SECRET, ConnectorContract, Row

pytest_plugins = ["pytester"]


class ShelfConfig(ConnectorConfig):
    path: str = Field(description="The folder.")


class ShelfStream(ConnectorConfig):
    suffix: str = Field(default=".txt", description="What names end with.")


class Shelf:
    """One record per file; the smallest connector that keeps the contract."""

    name: ClassVar[str] = "shelf"
    config_model: ClassVar[type[ConnectorConfig]] = ShelfConfig
    stream_model: ClassVar[type[ConnectorConfig]] = ShelfStream

    def __init__(
        self, config: ConnectorConfig, streams: Mapping[str, Mapping[str, JsonValue]], secrets: Mapping[str, str]
    ) -> None:
        self.path = Path(config.model_dump()["path"])
        self.names = {name: check_stream(ShelfStream, name, settings) for name, settings in streams.items()}
        self.secrets = secrets

    def streams(self) -> list[StreamSpec]:
        return [StreamSpec(name, Text("书架", "A shelf")) for name in self.names]

    def check(self) -> None:
        if "password" in self.secrets:
            raise self.refusal()
        if not self.path.is_dir():
            raise self.absence()

    def refusal(self) -> Exception:
        return AuthError(Text("密码不对", "Wrong password"))

    def absence(self) -> Exception:
        return TransientError(Text("连不上", "Unreachable"))

    def read(self, stream: str, since: Cursor) -> Iterator[Batch]:
        self.check()
        before = since.get("taken")
        taken: list[JsonValue] = list(before) if isinstance(before, list) else []
        for path in sorted(path for path in self.path.iterdir() if path.suffix == ".txt" and path.name not in taken):
            with path.open(encoding="utf-8") as file:
                taken.append(path.name)
                yield self.batch(path.name, pa.table({"key": [file.read()], ROW: [1]}), {"taken": list(taken)})

    def batch(self, name: str, table: pa.Table, cursor: Cursor) -> Batch:
        return Batch(table, cursor, Origin(name), RowCounts(total=table.num_rows, read=table.num_rows))


class GivesItsOwnFile(Shelf):
    def copy_of(self, path: Path) -> Path:
        return path

    def read(self, stream: str, since: Cursor) -> Iterator[Batch]:
        for batch in super().read(stream, since):
            path = self.path / batch.origin.name
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            yield replace(batch, origin=Origin(path.name, sha256=digest, original=self.copy_of(path)))


class WritesOverItsCopy(GivesItsOwnFile):
    def copy_of(self, path: Path) -> Path:
        return Path(shutil.copyfile(path, self.path / "scratch"))


class ForgetsLateNames(Shelf):
    def read(self, stream: str, since: Cursor) -> Iterator[Batch]:
        for batch in super().read(stream, {}):
            if batch.origin.name > str(since.get("last", "")):
                yield self.batch(batch.origin.name, batch.table, {"last": batch.origin.name})


class TakesHalves(Shelf):
    def read(self, stream: str, since: Cursor) -> Iterator[Batch]:
        for path in self.path.glob("*.part"):
            yield self.batch(path.name, pa.table({"key": [path.read_text("utf-8")], ROW: [1]}), since)
        yield from super().read(stream, since)


class MovesTheCursorTooFar(Shelf):
    def batch(self, name: str, table: pa.Table, cursor: Cursor) -> Batch:
        return super().batch(name, table, {"taken": [path.name for path in self.path.iterdir()]})


class NeverTheSame(Shelf):
    reads = 0

    def batch(self, name: str, table: pa.Table, cursor: Cursor) -> Batch:
        NeverTheSame.reads += 1
        return super().batch(name, table.append_column("at", [[str(self.reads)]]), cursor)


class TakesAway(Shelf):
    def batch(self, name: str, table: pa.Table, cursor: Cursor) -> Batch:
        (self.path / name).unlink()
        return super().batch(name, table, cursor)


class LeavesTraces(Shelf):
    def check(self) -> None:
        super().check()
        (self.path / "checked").touch()


class Leaks(Shelf):
    opened: ClassVar[list[IO[str]]] = []

    def batch(self, name: str, table: pa.Table, cursor: Cursor) -> Batch:
        self.opened.append((self.path / name).open(encoding="utf-8"))
        return super().batch(name, table, cursor)


class IsNoGenerator(Shelf):
    def read(self, stream: str, since: Cursor) -> Iterator[Batch]:
        return iter(list(super().read(stream, since)))


class GivesFloats(Shelf):
    def batch(self, name: str, table: pa.Table, cursor: Cursor) -> Batch:
        return super().batch(name, table.append_column("prices", [[[1.5]]]), cursor)


class HasFloatsInItsCursor(Shelf):
    def batch(self, name: str, table: pa.Table, cursor: Cursor) -> Batch:
        return super().batch(name, table, {**cursor, "at": 1.5})  # type: ignore[dict-item]  # what is wrong with it


class HasNumbersInItsCursor(Shelf):
    def batch(self, name: str, table: pa.Table, cursor: Cursor) -> Batch:
        return super().batch(name, table, {**cursor, "rows": table.num_rows})


class HasNoPlaces(Shelf):
    def batch(self, name: str, table: pa.Table, cursor: Cursor) -> Batch:
        return super().batch(name, table.set_column(1, ROW, [[0]]), cursor)


class Miscounts(Shelf):
    def batch(self, name: str, table: pa.Table, cursor: Cursor) -> Batch:
        return Batch(table, cursor, Origin(name), RowCounts(total=2, read=1))


class GivesOneBatch(Shelf):
    def read(self, stream: str, since: Cursor) -> Iterator[Batch]:
        yield next(iter(super().read(stream, since)))


class IsUnnamed(Shelf):
    name = "Shelf No 1"


class CallsAnAbsenceASetting(Shelf):
    def absence(self) -> Exception:
        return ConfigError(Text("没有", "None"))


class ShowsItsPasswordWhenAbsent(Shelf):
    def absence(self) -> Exception:
        return TransientError(Text(f"连不上 {SECRET}", f"Unreachable with {SECRET}"))


class CallsARefusalTransient(Shelf):
    def refusal(self) -> Exception:
        return TransientError(Text("稍后", "Later"))


class ShowsItsPasswordBehindTheError(Shelf):
    def refusal(self) -> Exception:
        error = AuthError(Text("密码不对", "Wrong password"))
        error.__cause__ = ValueError(f"login {SECRET} failed")
        return error


class ShowsItsPasswordInItsRepr(Shelf):
    def __repr__(self) -> str:
        return f"Shelf({dict(self.secrets)})"


class LooseConfig(ConnectorConfig, extra="ignore", frozen=False):
    path: str = ""


class TakesAnySetting(Shelf):
    config_model = LooseConfig


class TakesAnyStreamSetting(Shelf):
    def __init__(
        self, config: ConnectorConfig, streams: Mapping[str, Mapping[str, JsonValue]], secrets: Mapping[str, str]
    ) -> None:
        super().__init__(config, {name: {} for name in streams}, secrets)


class AcknowledgesAnew(Shelf):
    def acknowledge(self, stream: str, cursor: Cursor, *, failed: Mapping[str, str]) -> Cursor:
        (self.path / f"{len(list(self.path.iterdir()))}.done").touch()
        return cursor


WRONG: dict[str, list[type[Shelf]]] = {
    "test_an_unknown_setting_is_refused": [TakesAnySetting],
    "test_an_unknown_stream_setting_is_refused": [TakesAnyStreamSetting],
    "test_every_setting_is_described_and_frozen": [TakesAnySetting],
    "test_the_fixture_gives_at_least_two_batches": [GivesOneBatch],
    "test_the_original_is_a_copy_that_nobody_else_keeps_or_changes": [GivesItsOwnFile, WritesOverItsCopy],
    "test_it_is_a_connector_and_names_its_stream": [IsUnnamed],
    "test_check_leaves_the_system_as_it_was": [LeavesTraces],
    "test_reading_leaves_the_system_as_it_was": [TakesAway],
    "test_reading_twice_gives_the_same": [NeverTheSame, TakesAway],
    "test_resuming_after_every_batch_equals_the_uninterrupted_read": [MovesTheCursorTooFar],
    "test_a_record_that_arrives_late_with_an_earlier_name_is_read": [ForgetsLateNames],
    "test_a_half_written_record_is_read_once_it_is_whole": [TakesHalves],
    "test_all_handles_are_closed_also_by_a_reader_that_stops_early": [Leaks, IsNoGenerator],
    "test_cursors_come_back_from_the_store_as_they_were": [HasFloatsInItsCursor, HasNumbersInItsCursor],
    "test_there_are_no_floats": [GivesFloats],
    "test_every_record_has_its_place_in_the_source": [HasNoPlaces],
    "test_every_row_of_the_source_is_accounted_for": [Miscounts],
    "test_acknowledging_twice_is_harmless": [AcknowledgesAnew],
    "test_a_dropped_connection_is_transient_and_shows_no_password": [CallsAnAbsenceASetting, ShowsItsPasswordWhenAbsent],
    "test_a_wrong_password_is_an_auth_error_and_never_shown": [
        CallsARefusalTransient,
        ShowsItsPasswordBehindTheError,
        ShowsItsPasswordInItsRepr,
    ],
}  # fmt: skip


@pytest.fixture
def hold(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[type[Shelf], str], None]]:
    """A function that holds a connector to one test of the contract."""

    def run(kind: type[Shelf], test: str) -> None:
        for name in ("k1.txt", "k2.txt", "k3.txt"):
            (tmp_path / name).write_text(name, encoding="utf-8")

        class Contract(ConnectorContract):
            connector = kind
            stream = "s"
            key = ("key",)
            valid_config: ClassVar = {"path": str(tmp_path)}

        def build(path: Path = tmp_path, **secrets: str) -> Shelf:
            return kind(kind.config_model.model_validate({"path": str(path)}), {"s": {}}, secrets)

        def add() -> Row:
            (tmp_path / "a.txt").write_text("late", encoding="utf-8")
            return ("late",)

        def begin() -> tuple[Row, Callable[[], object]]:
            half = tmp_path / "half.part"
            half.write_text("half", encoding="utf-8")
            return ("half",), lambda: shutil.move(half, half.with_suffix(".txt"))

        fixtures: dict[str, object] = {
            "build": build,
            "system_state": lambda: sorted(path.name for path in tmp_path.iterdir()),
            "late_record": add,
            "half_written": begin,
            "tmp_path": Path(tempfile.mkdtemp(dir=tmp_path.parent)),
            "unreachable": build(tmp_path / "none"),
            "wrong_password": build(password=SECRET),
            "caplog": caplog,
        }
        method = getattr(Contract(), test)
        method(**{name: fixtures[name] for name in inspect.signature(method).parameters})

    yield run
    while Leaks.opened:
        Leaks.opened.pop().close()


def test_every_test_of_the_contract_is_tried_here() -> None:
    tests = {name for name in vars(ConnectorContract) if name.startswith("test_")}
    assert tests - set(WRONG) == {"test_waivers_name_tests_that_there_are"}


@pytest.mark.parametrize("test", WRONG)
def test_a_right_connector_passes(hold: Callable[[type[Shelf], str], None], test: str) -> None:
    hold(Shelf, test)


@pytest.mark.parametrize(("test", "kind"), [(test, kind) for test, kinds in WRONG.items() for kind in kinds])
def test_a_wrong_connector_is_caught(hold: Callable[[type[Shelf], str], None], test: str, kind: type[Shelf]) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception, ConfigError, TransientError, FileNotFoundError)):
        hold(kind, test)


def test_waivers_are_strict_both_ways(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_mine="""
        from connectors.testing import ConnectorContract
        from tests.unit.connectors.test_testing import Shelf

        class TestMine(ConnectorContract):
            connector = Shelf
            stream = "s"
            key = ("key",)
            valid_config = {"path": "."}
            waivers = {
                "test_an_unknown_setting_is_refused": "it is refused, so this waiver is out of date",
                "test_a_dropped_connection_is_transient_and_shows_no_password": "a folder",
                "test_no_such_thing": "there is no such test",
            }
        """
    )
    chosen = "unknown_setting or waivers or dropped"
    result = pytester.runpytest_inprocess("-q", "-p", "no:randomly", "-p", "no:xdist", "-k", chosen)
    result.assert_outcomes(failed=2, xfailed=1, deselected=18)
    result.stdout.fnmatch_lines_random(["*FAILED*unknown_setting*", "*FAILED*waivers_name*"])
