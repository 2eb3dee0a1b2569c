"""What `crossdock source check` looks at, step by step; later steps are left out where an earlier one failed."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canonical_model.entities import SPECS
from canonical_model.errors import ConfigError, CrossdockError
from canonical_model.language import Text
from connectors.base import ROW, Batch, Connector, load_connector
from crossdock.home import Home, SourceFile
from crossdock.pipeline.choose import HeaderFacts, MappingChooser
from crossdock.pipeline.sources import open_source
from mappings.columns import AnySheet, JsonColumns
from mappings.compiled import Columns
from mappings.expressions import ExpressionCompiler
from mappings.plan import Plan
from mappings.spec import find_mapping

SETTINGS = Text("设置", "settings")
SECRETS = Text("连接和密码", "secrets")
REACHED = Text("能否连上", "connection")
MAPPING = Text("映射", "mapping")
READ = Text("试读一条", "one record")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the result.

    Attributes:
        name: Source, or source.stream.
        step: What was looked at.
        is_good: None where there was nothing to look at.
        said: What was found.
        error: What is wrong.
        is_parked: Whether only this file, not the source, is wrong.
    """

    name: str
    step: Text
    is_good: bool | None = True
    said: Text = Text("", "")
    error: CrossdockError | None = None
    is_parked: bool = False


def check_source(home: Home, path: Path) -> Iterator[Finding]:
    """Everything about the source of the file `path`; stores nothing and leaves the system as it was."""
    name = path.stem
    try:
        home = home.alone(path)
        source = home.source(name)
        connector_class = load_connector(source.connector)
    except CrossdockError as error:
        yield _bad(name, SETTINGS, error)
        return
    secrets = _check_secrets(home, name, source)
    connector = _opened(_for_one_record(home, source, connector_class), name) if secrets.is_good is not False else None
    if isinstance(connector, CrossdockError):
        yield _bad(name, SETTINGS, connector)
        yield secrets
        connector = None
    else:
        said = Text(
            f"连接器 {source.connector}，{len(source.streams)} 条数据流",
            f"{source.connector}, {len(source.streams)} streams",
        )
        yield Finding(name, SETTINGS, said=said)
        yield secrets
    if connector is not None:
        reached = _check_connection(name, connector)
        yield reached
        connector = connector if reached.is_good else None
    for stream in source.streams:
        mapping = _check_mapping(home, name, stream)
        yield mapping
        if connector is not None:
            yield _check_read(home, name, stream, connector, has_mapping=mapping.is_good is True)


def _bad(name: str, step: Text, error: CrossdockError) -> Finding:
    return Finding(name, step, is_good=False, error=error)


def _for_one_record(home: Home, source: SourceFile, connector_class: type[Connector]) -> Home:
    """The deployment with batches of one row, for connectors that read in batches of a given size."""
    if "batch_rows" not in connector_class.stream_model.model_fields:
        return home
    streams = {
        name: stream.model_copy(update={"config": stream.config | {"batch_rows": 1}})
        for name, stream in source.streams.items()
    }
    return home.with_source(source.model_copy(update={"streams": streams}))


def _opened(home: Home, name: str) -> Connector | CrossdockError:
    try:
        return open_source(home, name)
    except CrossdockError as error:
        return error


def _check_secrets(home: Home, name: str, source: SourceFile) -> Finding:
    if source.connection is None:
        return Finding(name, SECRETS, is_good=None, said=Text("不需要", "none needed"))
    try:
        given = home.connect(source.connection)
    except CrossdockError as error:
        return _bad(name, SECRETS, error)
    empty = sorted(key for key, value in given.items() if not value)
    if empty or not given:
        what = "、".join(empty)
        return _bad(
            name,
            SECRETS,
            ConfigError(
                Text(
                    f"连接“{source.connection}”里的 {what or '内容'} 是空的。",
                    f"{', '.join(empty) or 'Everything'} of the connection “{source.connection}” is empty.",
                ),
                code="XD-CFG-020",
            ),
        )
    listed = sorted(given)
    return Finding(
        name, SECRETS, said=Text(f"有 {'、'.join(listed)}（内容不显示）", f"{', '.join(listed)} (not shown)")
    )


def _check_connection(name: str, connector: Connector) -> Finding:
    try:
        connector.check()
    except CrossdockError as error:
        return _bad(name, REACHED, error)
    return Finding(name, REACHED, said=Text("能", "reached"))


def _check_mapping(home: Home, source: str, stream: str) -> Finding:
    """Whether the mappings of a stream exist, and all their expressions compile whatever the header."""
    names = home.stream(source, stream).mappings
    try:
        for name in names:
            spec = find_mapping(name, home.mappings)
            is_json = any(mapped.each for mapped in spec.entities.values())
            for entity, mapped in spec.entities.items():
                columns: Columns = JsonColumns([], nested=mapped.each is not None) if is_json else AnySheet()
                compiler = ExpressionCompiler(spec, columns, home.timezone(source))
                for field, expression in mapped.fields.items():
                    compiler.compile(str(expression), SPECS[entity].fields[field])
                for expression in mapped.key:
                    compiler.compile_text(expression)
    except CrossdockError as error:
        return _bad(f"{source}.{stream}", MAPPING, error)
    return Finding(f"{source}.{stream}", MAPPING, said=Text("、".join(names), ", ".join(names)))


def _check_read(home: Home, source: str, stream: str, connector: Connector, *, has_mapping: bool) -> Finding:
    """Reads the first batch and sees which mapping would take it; nothing is landed or acknowledged."""
    name = f"{source}.{stream}"
    try:
        reading: Any = connector.read(stream, {})
        with closing(reading):
            batch: Batch | None = next(reading, None)
        if batch is None:
            said = Text("现在没有可读的内容", "there is nothing to read at present")
            return Finding(name, READ, is_good=None, said=said)
        columns = [one for one in batch.table.column_names if one != ROW]
        where = f"{batch.origin.name} [{batch.origin.sheet}]" if batch.origin.sheet else batch.origin.name
        refused = batch.problem
        if refused is None and has_mapping and columns:
            header = HeaderFacts((*columns, *batch.origin.parts), tuple(batch.origin.parts), batch.is_json)
            plan = MappingChooser(home, source, stream).choose(header)
            if isinstance(plan, Plan):
                chosen = plan.spec.mapping
                said = Text(f"{where}：{len(columns)} 列，映射 {chosen}", f"{where}: {len(columns)} columns, {chosen}")
                return Finding(name, READ, said=said)
            refused = plan
        if refused is not None:
            wrong = ConfigError(
                Text(f"这份内容会整份搁置：{refused.zh}", f"This would be parked whole: {refused.en}"),
                where=where,
                code="XD-CFG-130",
            )
            return Finding(name, READ, is_good=False, error=wrong, is_parked=True)
    except CrossdockError as error:
        return _bad(name, READ, error)
    return Finding(name, READ, said=Text(f"{where}：{len(columns)} 列", f"{where}: {len(columns)} columns"))
