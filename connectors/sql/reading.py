"""One read of one stream, page by page, with the cursor behind each page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from connectors.base import ROW, Batch, Cursor, Origin, RowCounts
from connectors.sql.arrow import Value, to_table
from connectors.sql.config import SqlStream
from connectors.sql.connection import Session
from connectors.sql.statements import Statements
from connectors.sql.watermark import freeze, step_back, thaw


@dataclass(slots=True)
class Reading:
    """A read under way.

    Attributes:
        types: Column types met so far, so that the batches of a read fit together.
    """

    stream: str
    settings: SqlStream
    session: Session
    types: dict[str, pa.DataType] = field(default_factory=dict)

    def everything(self, since: Cursor) -> Iterator[Batch]:
        """All rows by key; the cursor behind the last page is {}, so that the next read begins anew."""
        self._refuse_empty_keys(None)
        frozen = since.get("key")
        behind = [thaw(one) for one in frozen] if isinstance(frozen, list) else None
        for names, rows, is_last in self._pages(is_marked=None, start=None, behind=behind):
            position = _values(names, rows[-1], self.settings.key)
            yield self._batch(names, rows, {} if is_last else {"key": [freeze(one) for one in position]})

    def changes(self, since: Cursor) -> Iterator[Batch]:
        """Rows without a watermark, then those from the last watermark less the overlap on."""
        last = thaw(since.get("watermark"))
        start = step_back(last, self.settings)
        self._refuse_empty_keys(start)
        for names, rows, _ in self._pages(is_marked=False, start=None, behind=None):
            yield self._batch(names, rows, since)
        watermark = [self.settings.watermark or ""]
        for names, rows, _ in self._pages(is_marked=True, start=start, behind=None):
            reached = _values(names, rows[-1], watermark)[0]
            if last is None or type(last) is not type(reached) or reached > last:  # type: ignore[operator]  # same type
                last = reached
            yield self._batch(names, rows, {"watermark": freeze(last)})

    def _pages(
        self, *, is_marked: bool | None, start: Value, behind: Sequence[Value] | None
    ) -> Iterator[tuple[list[str], Sequence[Sequence[Value]], bool]]:
        """Pages that hold rows, each with whether it is the last; one row more is asked for to know."""
        statements, size = Statements(self.settings), self.settings.batch_rows
        is_last = False
        while not is_last:
            names, found = self.session.fetch(
                statements.page(is_marked=is_marked, start=start, behind=behind, limit=size + 1)
            )
            is_last, rows = len(found) <= size, found[:size]
            if not rows:
                return
            behind = _values(names, rows[-1], statements.order(is_marked=bool(is_marked)))
            yield names, rows, is_last

    def _refuse_empty_keys(self, start: Value) -> None:
        _, found = self.session.fetch(Statements(self.settings).without_key(start))
        if found:
            columns = ", ".join(self.settings.key)
            raise ConfigError(
                Text(
                    f"{self.stream}：key 列（{columns}）里有空值，这样的行会读不到。",
                    f"{self.stream}: the key ({columns}) is null in some rows, which could never be read.",
                ),
                hint=Text(
                    "请换成不会为空的列，或用 query 排除这些行。",
                    "Choose columns that are never null, or leave such rows out by a query.",
                ),
                code="XD-CFG-034",
            )

    def _batch(self, names: list[str], rows: Sequence[Sequence[Value]], cursor: Cursor) -> Batch:
        if len(set(names)) < len(names) or ROW in names:
            raise ConfigError(
                Text(
                    f"{self.stream}：结果里有同名的列，或列名为 {ROW}：{', '.join(names)}。",
                    f"{self.stream}: two columns of the result have one "
                    f"name, or one is called {ROW}: {', '.join(names)}.",
                ),
                hint=Text("请在 query 里用 AS 改名。", "Rename them with AS in a query."),
                code="XD-CFG-035",
            )
        table = to_table(names, rows, self.types)
        self.types.update(zip(names, table.schema.types, strict=True))
        numbers = pa.array(range(1, len(rows) + 1), pa.int64())
        return Batch(
            table=table.append_column(pa.field(ROW, pa.int64()), numbers),
            cursor=dict(cursor),
            origin=Origin(name=self.settings.table or self.stream),
            counts=RowCounts(total=len(rows), read=len(rows)),
        )


def _values(names: list[str], row: Sequence[Value], columns: Sequence[str]) -> list[Value]:
    """The values of `columns` in `row`; their case may differ where the database folds it."""
    places: dict[str, int] = {name.casefold(): place for place, name in enumerate(names)}
    missing = [column for column in columns if column.casefold() not in places]
    if missing:
        raise ConfigError(
            Text(
                f"结果里没有列 {', '.join(missing)}，有的是：{', '.join(names)}。",
                f"The result has no column {', '.join(missing)}; it has {', '.join(names)}.",
            ),
            hint=Text("请改正 key 或 watermark。", "Correct key or watermark."),
            code="XD-CFG-030",
        )
    return [row[places[column.casefold()]] for column in columns]
