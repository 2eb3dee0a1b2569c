"""The statements of the SQL connector: pages ordered by watermark and key, each beginning behind the last."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from connectors.sql.arrow import Value
from connectors.sql.config import SqlStream
from connectors.sql.connection import Select


@dataclass(frozen=True, slots=True)
class Statements:
    """What is asked of one stream's table or query."""

    settings: SqlStream

    def page(self, *, is_marked: bool | None, start: Value, behind: Sequence[Value] | None, limit: int) -> Select:
        """One page of rows.

        Args:
            is_marked: Rows with a watermark (True), without (False), or all where the stream has none (None).
            start: Least watermark; None for the beginning.
            behind: The order columns of the last row of the page before; None for the first page.
            limit: Rows at most.
        """
        watermark = _column(self.settings.watermark or "")
        page: Select = sa.select(sa.text("*")).select_from(self._source())
        if is_marked is not None:
            page = page.where(watermark.is_not(None) if is_marked else watermark.is_(None))
        if start is not None:
            page = page.where(watermark >= start)
        order = self.order(is_marked=bool(is_marked))
        if behind is not None:
            page = page.where(_behind(order, behind))
        return page.order_by(*map(_column, order)).limit(limit)

    def order(self, *, is_marked: bool) -> list[str]:
        """The columns that order the pages."""
        first = [self.settings.watermark] if is_marked and self.settings.watermark else []
        return first + [column for column in self.settings.key if column not in first]

    def keys(self, behind: Sequence[Value] | None, limit: int) -> Select:
        """One page of keys."""
        columns = [_column(name) for name in self.settings.key]
        page: Select = sa.select(*columns).select_from(self._source())
        if behind is not None:
            page = page.where(_behind(self.settings.key, behind))
        return page.order_by(*columns).limit(limit)

    def without_key(self, start: Value) -> Select:
        """A row from `start` on whose key is null somewhere: it would never be paged."""
        columns = [_column(name) for name in self.settings.key]
        found: Select = sa.select(*columns).select_from(self._source())
        if start is not None:
            found = found.where(_column(self.settings.watermark or "") >= start)
        return found.where(sa.or_(*(column.is_(None) for column in columns))).limit(1)

    def _source(self) -> sa.FromClause | sa.TextClause:
        if self.settings.query is not None:
            query = re.sub(r"(?<!:):(?=\w)", r"\\:", self.settings.query.strip().rstrip(";"))  # no parameters in it
            return sa.text(f"({query}) source_rows")
        schema, _, name = (self.settings.table or "").rpartition(".")
        return sa.table(name, schema=schema or None)


def _column(name: str) -> sa.ColumnClause[Value]:
    return sa.column(name)


def _behind(columns: Sequence[str], values: Sequence[Value]) -> sa.ColumnElement[bool]:
    """(a, b) > (x, y), spelled out, since not every database compares rows."""
    first, value = _column(columns[0]), values[0]
    if len(columns) == 1:
        return first > value
    return sa.or_(first > value, sa.and_(first == value, _behind(columns[1:], values[1:])))
