"""Reads tables and queries of a database, new rows first known by a watermark, in pages that can be taken up again."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import ClassVar

import pyarrow as pa
import sqlalchemy as sa
from pydantic import ValidationError

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from canonical_model.text import JsonValue
from connectors.base import Batch, ConnectorConfig, Cursor, Discovered, StreamSpec
from connectors.sql.arrow import Value, to_table
from connectors.sql.config import SqlConfig, SqlStream
from connectors.sql.connection import Session, odbc_pairs, open_session
from connectors.sql.discovery import discover
from connectors.sql.errors import CAUGHT, translate_errors
from connectors.sql.reading import Reading
from connectors.sql.statements import Statements

_KEY_PAGE_ROWS = 100_000


class SqlConnector:
    """Tables and queries of a database, by SQLAlchemy URL or ODBC.

    With a watermark the cursor is the greatest one read; the next read begins an overlap before it, so rows with equal
    watermarks and rows committed late come again rather than never. Rows without a watermark come with every read.
    Without a watermark every read is a full one, and the cursor holds the key only while it is under way.

    Args:
        config: Time-outs.
        streams: Stream name -> settings (`SqlStream`).
        secrets: `url` or `odbc`; also `user` and `password`.
    """

    name: ClassVar[str] = "sql"
    config_model: ClassVar[type[ConnectorConfig]] = SqlConfig
    stream_model: ClassVar[type[ConnectorConfig]] = SqlStream

    def __init__(
        self, config: ConnectorConfig, streams: Mapping[str, Mapping[str, JsonValue]], secrets: Mapping[str, str]
    ) -> None:
        self._config = SqlConfig.model_validate(config.model_dump())
        self._streams = {stream: _checked(stream, settings) for stream, settings in streams.items()}
        self._secrets = dict(secrets)

    def streams(self) -> list[StreamSpec]:
        """The streams of the source file."""
        return [
            StreamSpec(name, Text(f"表 {one.table}", f"Table {one.table}") if one.table else Text("查询", "A query"))
            for name, one in self._streams.items()
        ]

    def check(self) -> None:
        """Returns when a row of every stream can be asked for."""
        with self._session() as session:
            for settings in self._streams.values():
                one = settings.model_copy(update={"batch_rows": 1})
                session.fetch(Statements(one).page(is_marked=None, start=None, behind=None, limit=1))

    def read(self, stream: str, since: Cursor) -> Iterator[Batch]:
        """Pages of rows in the order of watermark and key; where there are no rows, no batch."""
        settings = self._streams[stream]
        with self._session() as session:
            reading = Reading(stream, settings, session)
            yield from reading.changes(since) if settings.watermark else reading.everything(since)

    def read_keys(self, stream: str) -> Iterator[pa.Table]:
        """The keys of all rows there are now."""
        settings = self._streams[stream]
        statements = Statements(settings)
        behind: Sequence[Value] | None = None
        with self._session() as session:
            while True:
                names, rows = session.fetch(statements.keys(behind, _KEY_PAGE_ROWS))
                yield to_table(names, rows, {})
                if len(rows) < _KEY_PAGE_ROWS:
                    return
                behind = list(rows[-1])

    def discover(self) -> Iterator[Discovered]:
        """Tables and views that this account sees."""
        with self._session() as session:
            yield from discover(session)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with open_session(self._secrets, self._config.timeout_seconds) as session:
                yield session
        except CAUGHT as error:
            translated = translate_errors(error, self._hidden())
            if any(secret in str(error) for secret in self._hidden()):
                raise translated from None  # the original text would show the secret in every traceback
            raise translated from error

    def _hidden(self) -> set[str]:
        """What must not show in an error: addresses as a whole, and every password."""
        hidden = {self._secrets.get(name, "") for name in ("url", "odbc", "password")}
        with suppress(sa.exc.ArgumentError):
            hidden.add(str(sa.make_url(self._secrets.get("url", "")).password or ""))
        with suppress(ConfigError):
            pairs = odbc_pairs(self._secrets.get("odbc", ""))
            hidden |= {value for key, value in pairs.items() if key.upper() in {"PWD", "PASSWORD"}}
        return hidden - {""}


def _checked(stream: str, settings: Mapping[str, JsonValue]) -> SqlStream:
    try:
        return SqlStream.model_validate(dict(settings))
    except ValidationError as error:
        reasons = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigError(
            Text(f"数据流 {stream} 的设置不对：{reasons}。", f"The settings of stream {stream} are wrong: {reasons}."),
            code="XD-CFG-021",
        ) from error
