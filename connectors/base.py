"""The contract between a source system and the pipeline: what a connector is and what it hands over."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar, runtime_checkable

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from canonical_model.text import JsonValue
from canonical_model.validation import faults

ROW = "_row"
"""Reserved column (int64): the number of the row in its source as a person counts it there, from 1.

For a sheet it is the row number shown at the left edge, for text the line on which the record begins, for JSON
the element's position, for a query the position within the batch.
"""

JSON = "json"
"""Name of the one text column of JSON records; every number in it is a string with the digits that were received."""

Cursor = Mapping[str, JsonValue]
"""A position in a stream, made by the connector and understood by it alone; {} = the beginning.

JSON in which numbers are written as text, since the store gives them back so: 12 would come back as "12".
"""


class ConnectorConfig(BaseModel):
    """Base of every connector's settings: frozen, unknown keys refused, each field described."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


StreamModel = TypeVar("StreamModel", bound=ConnectorConfig)


def check_stream(model: type[StreamModel], stream: str, settings: Mapping[str, JsonValue]) -> StreamModel:
    """The settings of a stream as its model.

    Raises:
        ConfigError (XD-CFG-021): They do not fit; the sentence names each setting and why.
    """
    try:
        return model.model_validate(dict(settings))
    except ValidationError as error:
        found = [(f"“{key}”" if key else "", said) for key, said in faults(error, model, {})]
        zh = "；".join(f"{key}{said.zh}" for key, said in found)
        en = "; ".join(f"{key} {said.en}".strip() for key, said in found)
        raise ConfigError(
            Text(f"数据流 {stream} 的设置不对：{zh}。", f"The settings of stream {stream} are wrong: {en}."),
            code="XD-CFG-021",
        ) from error


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One kind of document that a source offers."""

    name: str
    description: Text


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Where every row of a source file went before interpretation; the equation is checked when landed.

    Attributes:
        total: Rows in the file, counted without looking at what they say.
        above: Rows above the header (titles, notes, blank).
        header: Rows of the header itself; 0 where there is none.
        skipped: Rows left out, by reason ("blank", "total", "after_end"), each with its row numbers.
        read: Rows handed over.
    """

    total: int
    above: int = 0
    header: int = 0
    skipped: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    read: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch came from, in the words of the person who made it.

    Attributes:
        name: File path below the source's folder, or table name.
        sheet: Sheet name; empty where the format has none.
        parts: Values named by the path pattern, e.g. {"partner": "acme"}.
        columns: Source column name -> its place as people say it ("C"); empty where there is no such place.
        sha256: Digest of the original bytes; empty where there are none.
        modified_at: When the source says that it was last changed, aware; None when it does not say.
        original: Local path of a copy of the original bytes that nobody changes any more, readable until the next batch
            is asked for; None for queries.
        header_row: Row number of the header; 0 where there is none.
        header_reason: Why this row was taken as the header.
        encoding: Text encoding that was used; empty for other formats.
        labels: What stands above the table as label and value: 仓库 -> 上海仓; several values where it is torn.
    """

    name: str
    sheet: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""
    modified_at: datetime | None = None
    original: Path | None = None
    header_row: int = 0
    header_reason: Text = Text("", "")
    encoding: str = ""
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows as received, the cursor that lies behind them, and where they came from.

    Attributes:
        table: Values as received plus the column `_row`, alone where a sheet holds no table. Files give text columns only; JSON gives one text column
            `json` whose numbers are strings with their received digits; databases give Arrow types, decimals as
            decimal128. Never a float. With `problem` set the table is empty.
        cursor: The position after this batch; reading from it gives what follows. A part of a file that is not its
            last has the cursor before the file: where the rest never comes, the file is read again whole.
        origin: Where the rows came from.
        counts: Where every row of the source went.
        problem: Set where the whole file could not be read (password, truncated, no header): a sentence with the
            remedy. The pipeline lands the original bytes and parks the file.
        suspects: Cells whose value was already damaged in the source: (row number, column name, issue code).
    """

    table: pa.Table
    cursor: Cursor
    origin: Origin
    counts: RowCounts
    problem: Text | None = None
    suspects: tuple[tuple[int, str, str], ...] = ()

    @property
    def is_json(self) -> bool:
        """Whether the rows are JSON records."""
        return holds_json(self.table, self.origin.columns)


def holds_json(table: pa.Table, places: Mapping[str, str]) -> bool:
    """Whether the rows of a table are JSON records: its column `json` is first and has no place in a sheet."""
    return table.column_names[:1] == [JSON] and not places


@runtime_checkable
class Connector(Protocol):
    """A kind of system that can be read. It reads; it never maps, stores, retries or sleeps.

    Built by the pipeline as `SomeConnector(config, streams, secrets)`:
        config: an instance of `config_model`;
        streams: stream name -> its `config:` mapping from the source file, which fits `stream_model`;
        secrets: the connection's values from the environment or Airflow (never from YAML), {} without one.
    """

    name: ClassVar[str]
    config_model: ClassVar[type[ConnectorConfig]]
    stream_model: ClassVar[type[ConnectorConfig]]

    def __init__(
        self,
        config: ConnectorConfig,
        streams: Mapping[str, Mapping[str, JsonValue]],
        secrets: Mapping[str, str],
    ) -> None: ...

    def streams(self) -> list[StreamSpec]:
        """The streams that this source offers."""
        ...

    def read(self, stream: str, since: Cursor) -> Iterator[Batch]:
        """Everything after `since`, in batches.

        Raises:
            AuthError: The system refused the credentials.
            TransientError: The system is unreachable; reading again later may succeed.
            ConfigError: A setting does not fit the system.
        """
        ...

    def check(self) -> None:
        """Returns when the system can be reached and read; leaves it as it was.

        Raises:
            CrossdockError: It cannot; the sentence says why.
        """
        ...


@runtime_checkable
class Acknowledges(Protocol):
    """A connector that is told when rows are safe in the store (to move a file, to commit an offset)."""

    def acknowledge(self, stream: str, cursor: Cursor, *, failed: Mapping[str, str]) -> Cursor:
        """Marks everything up to `cursor` as taken, and gives the cursor to go on from; doing it twice is harmless.

        Args:
            stream: The stream that was read.
            cursor: The cursor of the last committed batch.
            failed: Origin name -> reason for files that are parked or rejected whole.
        """
        ...


@runtime_checkable
class ReadsKeys(Protocol):
    """A connector that can list all present keys cheaply, so that deletions are found."""

    def read_keys(self, stream: str) -> Iterator[pa.Table]:
        """Tables with only the key columns of every row that exists now."""
        ...


@dataclass(frozen=True, slots=True)
class Discovered:
    """Something that a stream could read.

    Attributes:
        name: File, sheet or table as people know it.
        columns: Its columns in order; empty where they cannot be told.
        settings: What `config:` of a stream would say to read it.
        note: What was found out about it.
        problem: Why it cannot be read; None where it can.
    """

    name: str
    columns: tuple[str, ...]
    settings: Mapping[str, JsonValue]
    note: Text = Text("", "")
    problem: Text | None = None


@runtime_checkable
class Discovers(Protocol):
    """A connector that can tell what there is to read before any stream is set up; it leaves the system as it was."""

    def discover(self) -> Iterator[Discovered]:
        """What a stream could read, the likeliest first.

        Raises:
            CrossdockError: The system cannot be reached or looked into.
        """
        ...


_NAME = re.compile(r"[a-z][a-z0-9_]*")


@cache
def load_connector(name: str) -> type[Connector]:
    """The connector class registered under `name` in the entry-point group `crossdock.connectors`.

    Raises:
        ConfigError (XD-CFG-010): No connector has this name; the sentence lists those there are.
    """
    found = {point.name: point for point in entry_points(group="crossdock.connectors")}
    if not _NAME.fullmatch(name) or name not in found:
        names = ", ".join(sorted(found))
        raise ConfigError(
            Text(f"没有名为“{name}”的连接器。", f"There is no connector named “{name}”."),
            hint=Text(f"可用的连接器：{names}。", f"Available connectors: {names}."),
            code="XD-CFG-010",
        )
    loaded: type[Connector] = found[name].load()
    return loaded
