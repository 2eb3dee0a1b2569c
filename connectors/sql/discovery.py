"""What a database holds that could be a stream: tables and views, their likely key and watermark."""

import re
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from canonical_model.text import JsonValue
from connectors.base import Discovered

_SYSTEM = re.compile(r"information_schema|pg_.*|sys|mysql|performance_schema|db_.*|guest", re.IGNORECASE)
_CHANGED = re.compile(r"modif|updat|chang|last|rowver|修改|更新|变更|时间戳", re.IGNORECASE)
_ORDERED = re.compile(r"date|time|int|num|char|text", re.IGNORECASE)
_NUMBERED = re.compile(r"(.*_)?(id|no|code|guid|uuid)|.*(ID|Id|编号|单号|内码|主键)")


def discover(connection: sa.Connection) -> Iterator[Discovered]:
    """Tables and views outside the system's own schemas.

    Raises:
        ConfigError (XD-CFG-127): This kind of database cannot be looked into.
    """
    try:
        inspector = sa.inspect(connection)
        own = inspector.default_schema_name
        schemas = [name for name in inspector.get_schema_names() if not _SYSTEM.fullmatch(name)]
        for schema in sorted(schemas, key=lambda name: (name != own, name)):
            views = set(inspector.get_view_names(schema))
            for table in sorted({*inspector.get_table_names(schema), *views}):
                yield _table(inspector, table, schema, "" if schema == own else f"{schema}.", is_view=table in views)
    except NotImplementedError as error:
        raise _closed() from error


def _closed() -> ConfigError:
    return ConfigError(
        Text("这种数据库列不出有哪些表。", "This kind of database does not tell its tables."),
        hint=Text(
            "请在数据库客户端里看，再写 table 和 key。", "Look with a database client, then write table and key."
        ),
        code="XD-CFG-127",
    )


def _table(inspector: sa.Inspector, table: str, schema: str, prefix: str, *, is_view: bool) -> Discovered:
    columns = inspector.get_columns(table, schema)
    names = [str(column["name"]) for column in columns]
    found = [] if is_view else _declared_key(inspector, table, schema)
    key = found or [name for name in names if _NUMBERED.fullmatch(name)][:1]
    marked = [str(one["name"]) for one in columns if _CHANGED.search(one["name"]) and _ORDERED.search(str(one["type"]))]
    settings: dict[str, JsonValue] = {"table": f"{prefix}{table}", "key": list(key)}
    if marked:
        settings["watermark"] = marked[0]
    kind = Text("视图", "view") if is_view else Text("表", "table")
    guessed = Text("，key 是猜的", ", the key is a guess") if key and not found else Text("", "")
    return Discovered(f"{prefix}{table}", tuple(names), settings, Text(kind.zh + guessed.zh, kind.en + guessed.en))


def _declared_key(inspector: sa.Inspector, table: str, schema: str) -> Sequence[str]:
    """The primary key, else the first unique one."""
    primary = inspector.get_pk_constraint(table, schema)["constrained_columns"]
    unique = [one["column_names"] for one in inspector.get_unique_constraints(table, schema)]
    return primary or next(iter(unique), [])
