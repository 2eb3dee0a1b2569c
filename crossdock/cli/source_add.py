"""`crossdock source add`: a new source file, checked before it is written."""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from canonical_model.text import JsonValue
from crossdock.cli._faults import UsageError
from crossdock.cli._output import written_whole
from crossdock.cli._session import HomeOption, JsonOption, Session, session

if TYPE_CHECKING:
    from connectors.base import Connector

_LISTS = ("files", "key")
_QUESTIONS = {
    "path": Text("文件夹（从本目录算起，或绝对路径）", "Folder (from this deployment's folder, or absolute)"),
    "files": Text("哪些文件，例如 orders/*.xlsx", "Which files, such as orders/*.xlsx"),
    "table": Text("表或视图", "Table or view"),
    "key": Text("唯一确定一行的列，几列用逗号分开", "Columns that tell one row, separated by commas"),
    "mapping": Text("映射", "Mapping"),
}
_COMMENTS = {
    "source": "主键的一部分，定下来就不要改 · part of every key: do not change it later",
    "path": "从本目录算起，或绝对路径 · from this deployment's folder, or absolute",
    "files": "* 文件名的一部分，**/ 任意层子目录，{partner} 成为主键的一部分 · {partner} becomes part of the key",
    "key": "唯一确定一行、从不为空 · tell one row, never null",
    "watermark": "每次修改都会变大；不写则每次读全部 · grows with each change; without it everything is read each time",
    "mapping": "可以写几个，由表头选 · may be a list of which the header chooses",
}


def add(
    name: Annotated[str, typer.Argument(metavar="名称", help="小写字母、数字和下划线 · a-z 0-9 _", show_default=False)],
    *,
    connector: Annotated[
        str | None, typer.Option("--connector", metavar="连接器", help="folder 读文件，sql 读数据库 · which connector")
    ] = None,
    stream: Annotated[
        str | None, typer.Option("--stream", metavar="数据流", help="默认按文件夹或表取名 · name of its stream")
    ] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--mapping", metavar="映射", help="可写几个，由表头选 · one or several")
    ] = None,
    path: Annotated[str | None, typer.Option("--path", metavar="目录", help="folder：文件夹 · the folder")] = None,
    files: Annotated[
        list[str] | None, typer.Option("--files", metavar="样式", help="folder：哪些文件，可写几个 · which files")
    ] = None,
    connection: Annotated[
        str | None, typer.Option("--connection", metavar="名称", help="sql：连接名，默认同数据源 · where secrets are")
    ] = None,
    table: Annotated[str | None, typer.Option("--table", metavar="表", help="sql：表或视图 · table or view")] = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", metavar="列", help="sql：唯一确定一行的列，可写几个 · key columns")
    ] = None,
    watermark: Annotated[
        str | None, typer.Option("--watermark", metavar="列", help="sql：每次修改都会变大的列 · grows with each change")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="名=值", help="其他设置，如 encoding=gb18030 · any other setting"),
    ] = None,
    title: Annotated[
        str | None, typer.Option("--title", metavar="文字", help="人看的名字 · what people call it")
    ] = None,
    schedule: Annotated[
        str | None, typer.Option("--schedule", metavar="cron", help='如 "*/10 * * * *" · for Airflow')
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="文件已有时覆盖 · overwrite the file")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """新建一个数据源：检查后写成 sources/名称.yaml · a new source, checked and written to sources/NAME.yaml.

    缺的内容在终端里会问；密码不写在文件里 · on a terminal asks for what is missing; secrets never stand in the file.

    例 · examples:
      crossdock source add suppliers --connector folder --files "suppliers/{partner}/*.xlsx"
      crossdock source add erp --connector sql --table po_line --key id --mapping my/po_line
    """
    with session(home, as_json) as one:
        if not re.fullmatch("[a-z][a-z0-9_]*", name):
            raise UsageError(
                Text(f"数据源不能叫“{name}”。", f"A source cannot be called “{name}”."),
                hint=Text(
                    "用小写字母开头，只含小写字母、数字和下划线。",
                    "Begin with a small letter; only small letters, digits and _.",
                ),
            )
        file = one.home.path / "sources" / f"{name}.yaml"
        if file.exists() and not force:
            raise ConfigError(
                Text(f"已有数据源“{name}”，没有覆盖。", f"There is a source “{name}” already; it was not overwritten."),
                where=f"sources/{name}.yaml",
                hint=Text("请换个名字，或加 --force 覆盖。", "Choose another name, or add --force to overwrite it."),
                code="XD-CFG-128",
            )
        ask = _Asker(one)
        kind = _load(ask, connector)
        given: dict[str, Any] = {"path": path, "files": files, "table": table, "key": key, "watermark": watermark}
        given = {word: value for word, value in given.items() if value} | _parsed(settings or ())
        config, stream_config = _divided(ask, kind, given)
        if kind.name == "sql" and connection is None:
            connection = name
        named = mapping or [ask.need("mapping", "--mapping", default="generic/purchase_order")]
        stream = stream or _stream_name(stream_config)
        raw: dict[str, Any] = {"source": name, "connector": kind.name}
        raw |= {"title": title} if title else {}
        raw |= {"connection": connection} if connection else {}
        raw |= {"config": config} if config else {}
        about: dict[str, Any] = {"config": stream_config, "mapping": named[0] if len(named) == 1 else named}
        raw["streams"] = {stream: about | ({"schedule": schedule} if schedule else {})}
        _check(one, raw, kind, named)
        text = _as_yaml(raw)
        file.parent.mkdir(exist_ok=True)
        with written_whole(file) as draft:
            draft.write_text(text, encoding="utf-8")
        made = _make_folders(one.home.path, config, stream_config)
        one.screen.document |= {"file": str(file), "source": name, "stream": stream, "folders": made}
        _tell(one, name, connection, made)


class _Asker:
    """Asks a person for what the command line left out; where nobody is there, says which option is missing."""

    def __init__(self, one: Session) -> None:
        self._one = one

    def need(self, word: str, option: str, *, default: str | None = None) -> str:
        """The answer.

        Raises:
            UsageError: There is nobody to ask.
        """
        if not _is_asking(self._one):
            raise UsageError(
                Text(f"缺少 {option}。", f"{option} is missing."),
                hint=Text("用法见 crossdock source add --help。", "See crossdock source add --help."),
            )
        question = _QUESTIONS.get(word, Text(word, word))
        return str(typer.prompt(self._one.screen.get(question), default=default, err=True))


def _is_asking(one: Session) -> bool:
    return not one.screen.as_json and sys.stdin.isatty() and sys.stderr.isatty()


def _load(ask: _Asker, name: str | None) -> "type[Connector]":
    from connectors.base import load_connector

    return load_connector(name or ask.need("connector", "--connector", default="folder"))


def _parsed(settings: Sequence[str]) -> dict[str, Any]:
    import yaml

    found = {}
    for setting in settings:
        name, sign, value = setting.partition("=")
        try:
            found[name.strip()] = yaml.safe_load(value)
        except yaml.YAMLError:
            sign = ""
        if not sign:
            raise UsageError(
                Text(f"--set {setting} 看不懂。", f"--set {setting} cannot be understood."),
                hint=Text("写成 --set encoding=gb18030。", "Write --set encoding=gb18030."),
            )
    return found


def _divided(ask: _Asker, kind: "type[Connector]", given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What belongs to the source and what to its stream, by the settings that the connector knows.

    Raises:
        UsageError: It knows no such setting, or one is missing and there is nobody to ask.
    """
    of_source, of_stream = kind.config_model.model_fields, kind.stream_model.model_fields
    unknown = sorted(set(given) - set(of_source) - set(of_stream))
    if unknown:
        listed = ", ".join([*of_source, *of_stream])
        raise UsageError(
            Text(
                f"连接器 {kind.name} 没有设置 {'、'.join(unknown)}。",
                f"{kind.name} has no setting {', '.join(unknown)}.",
            ),
            hint=Text(f"有这些：{listed}。", f"There are: {listed}."),
        )
    wanted = [word for fields in (of_source, of_stream) for word, field in fields.items() if field.is_required()]
    if "table" in of_stream and "query" not in given:
        wanted.insert(0, "table")
    asked = dict(given)
    for word in wanted:
        if not asked.get(word):
            answer = ask.need(word, f"--{word}", default="inbox" if word == "path" else None)
            asked[word] = [part.strip() for part in answer.split(",")] if word in _LISTS else answer
    return (
        {word: asked[word] for word in of_source if word in asked},
        {word: _plain(asked[word]) for word in of_stream if word in asked},
    )


def _plain(value: Any) -> Any:
    """A list of one file pattern as the pattern; keys stay lists."""
    is_pattern = isinstance(value, list) and len(value) == 1 and re.search(r"[*/.{]", str(value[0]))
    return value[0] if is_pattern else value


def _stream_name(stream_config: Mapping[str, Any]) -> str:
    """The folder or table, as far as it is a plain name."""
    files = stream_config.get("files")
    first = str(files[0] if isinstance(files, list) else files or "").partition("/")
    place = str(stream_config.get("table") or "").rpartition(".")[2] or (first[0] if first[1] else "")
    name = re.sub(r"[^a-z0-9_]+", "_", place.lower()).strip("_")
    return name if re.match(r"[a-z]", name) else "documents"


def _check(one: Session, raw: Mapping[str, Any], kind: "type[Connector]", mappings: Sequence[str]) -> None:
    """Returns where the source would be right.

    Raises:
        ConfigError: It would not; nothing was written.
    """
    from crossdock.home import SourceFile, check_model
    from mappings.spec import find_mapping

    where = f"sources/{raw['source']}.yaml"
    source = check_model(dict(raw), SourceFile, where)
    config = check_model(dict(source.config), kind.config_model, where)
    kind(config, {name: cast(Mapping[str, JsonValue], one.config) for name, one in source.streams.items()}, {})
    for name in mappings:
        find_mapping(name, one.home.mappings)


def _as_yaml(raw: Mapping[str, Any]) -> str:
    """The file with a comment behind what is not plain to see; says the same as `raw`."""
    import yaml

    lines = [
        f"# {raw.get('title') or raw['source']}：由 crossdock source add 写成，可以随意改；改完运行 crossdock source check。",
        "# Written by crossdock source add; change it as you like, then run crossdock source check.",
    ]

    def put(depth: int, values: Mapping[str, Any]) -> None:
        for word, value in values.items():
            indent = "  " * depth
            if isinstance(value, dict):
                lines.append(f"{indent}{word}:")
                put(depth + 1, value)
                continue
            shown = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1000)
            shown = shown.removesuffix("...\n").strip()
            comment = _COMMENTS.get(word)
            line = f"{indent}{word}: {shown}"
            lines.append(f"{line:<40} # {comment}" if comment else line)

    put(0, raw)
    if "schedule" not in str(raw):
        lines.append('    # schedule: "*/10 * * * *"           # 交给 Airflow 定时运行 · run by Airflow')
    text = "\n".join(lines) + "\n"
    assert yaml.safe_load(text) == raw  # noqa: S101  # comments and quotes changed nothing
    return text


def _make_folders(home: Path, config: Mapping[str, Any], stream_config: Mapping[str, Any]) -> list[str]:
    """The folders that the patterns name, below the deployment's own folder only; gives those that were missing."""
    path = str(config.get("path") or "")
    if not path or Path(path).is_absolute() or ".." in Path(path).parts:
        return []
    files = stream_config.get("files") or []
    made = []
    for pattern in files if isinstance(files, list) else [files]:
        fixed = re.match(r"(?:[^*?{/]+/)*", str(pattern))
        folder = Path(path) / (fixed[0] if fixed else "")
        if not (home / folder).is_dir():
            (home / folder).mkdir(parents=True)
            made.append(folder.as_posix())
    return made


def _tell(one: Session, name: str, connection: str | None, made: Sequence[str]) -> None:
    screen = one.screen
    screen.say(Text(f"✓ 已写好 sources/{name}.yaml", f"✓ Wrote sources/{name}.yaml"), style="green")
    for folder in made:
        screen.say(Text(f"✓ 已建立 {folder}/，把文件放在这里", f"✓ Made {folder}/; put files there"), style="green")
    screen.heading(Text("接下来", "Next"))
    if connection:
        variable = f"CROSSDOCK_CONN_{connection.upper()}"
        screen.say(
            f"export {variable}='" + '{"url": "postgresql+psycopg://…/…", "user": "…", "password": "…"}' + "'",
            style="cyan",
            indent=2,
        )
        screen.say(
            Text("密码只放在环境变量或 Airflow 连接里", "secrets live in the environment or in Airflow only"), indent=6
        )
    screen.say(f"crossdock source check {name}", style="cyan", indent=2)
    screen.say(
        Text("检查设置、映射、密码、连接，试读一条", "checks settings, mapping, secrets, connection, one record"),
        indent=6,
    )
    screen.say(f"crossdock sync {name}", style="cyan", indent=2)
    screen.say(Text("读入、检查、入库", "reads, checks and stores"), indent=6)
