"""`crossdock source discover`: what a system holds that could become a stream."""

import shlex
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.errors import ConfigError, CrossdockError
from canonical_model.language import Text
from canonical_model.text import clip
from crossdock.cli._faults import UsageError
from crossdock.cli._screen import Document
from crossdock.cli._session import HomeOption, JsonOption, Session, session

if TYPE_CHECKING:
    from connectors.base import Connector, Discovered

_SHOWN_COLUMNS = 6
_SHOWN_FITS = 3
_SHOWN_BAD = 5


def discover(
    source: Annotated[
        str | None, typer.Argument(metavar="[数据源]", help="已有的数据源 · a source there is", show_default=False)
    ] = None,
    *,
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="目录", help="看这个文件夹 · look into this folder")
    ] = None,
    connection: Annotated[
        str | None,
        typer.Option("--connection", metavar="名称", help="看这个连接的数据库 · the database of a connection"),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="地址", help="看这个数据库；地址会留在命令历史里 · stays in the shell's history"),
    ] = None,
    like: Annotated[str, typer.Option("--like", help="名称含有这些字 · names that hold this")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="最多几项 · at most")] = 30,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """看看文件夹或数据库里有什么，哪个映射适合 · what is in a folder or database, and which mapping fits.

    什么都不改动 · changes nothing.

    例 · examples:
      crossdock source discover --folder /mnt/erp/export
      crossdock source discover --connection erp_read --like order
      crossdock source discover erp
    """
    with session(home, as_json) as one:
        given = [value for value in (source, folder, connection, url) if value is not None]
        if len(given) != 1:
            raise UsageError(
                Text(
                    "请只给出一个：数据源、--folder、--connection 或 --url。",
                    "Give one of SOURCE, --folder, --connection, --url.",
                ),
                hint=Text("用法见 crossdock source discover --help。", "See crossdock source discover --help."),
            )
        with one.screen.busy(Text(f"正在看 {source or folder or connection or ''} …", "Looking …")):
            connector, options = _connector(one, source, folder, connection, url)
            found = list(
                islice((each for each in _discover(connector) if like.lower() in each.name.lower()), limit + 1)
            )
            fits = [_fitting(one, each) for each in found[:limit]]
        _show(one, found[:limit], fits, has_more=len(found) > limit)
        _say_next(one, found[:limit], fits, options)


def _connector(
    one: Session, source: str | None, folder: Path | None, connection: str | None, url: str | None
) -> "tuple[Connector, str]":
    """The connector, and the options with which `source add` makes a source of it."""
    from connectors.base import load_connector
    from crossdock.home import check_model, environment_connection
    from crossdock.pipeline.sources import open_source

    if source:
        return open_source(one.home, source), f"--connector {one.home.source(source).connector}"
    if folder is not None:
        folders = load_connector("folder")
        config = check_model({"path": str(folder.resolve())}, folders.config_model, "--folder")
        return folders(config, {}, {}), f"--connector folder --path {shlex.quote(str(folder.resolve()))}"
    databases = load_connector("sql")
    secrets: Mapping[str, str] = {"url": url} if url is not None else environment_connection(str(connection))
    given = f" --connection {connection}" if connection else ""
    return databases(check_model({}, databases.config_model, "sql"), {}, secrets), f"--connector sql{given}"


def _discover(connector: "Connector") -> "Iterator[Discovered]":
    from connectors.base import Discovers

    if not isinstance(connector, Discovers):
        raise ConfigError(
            Text(
                f"连接器 {connector.name} 不会列出里面有什么。",
                f"The connector {connector.name} cannot tell what there is.",
            ),
            hint=Text("请直接写数据源文件。", "Write the source file by hand."),
            code="XD-CFG-129",
        )
    return connector.discover()


def _fitting(one: Session, found: "Discovered") -> list[str]:
    """The shipped or own mappings that fit, the best first."""
    from crossdock.cli._tables import find_mappings

    try:
        own = one.home.mappings
    except CrossdockError:
        own = None  # outside a deployment only the shipped ones are known
    return [fit.mapping for fit in find_mappings(found.columns, own) if not fit.lacks] if found.columns else []


def _show(one: Session, found: "list[Discovered]", fits: list[list[str]], *, has_more: bool) -> None:
    documents: list[Document] = [
        {
            "name": each.name,
            "columns": each.columns,
            "settings": each.settings,
            "note": each.note,
            "problem": each.problem,
            "mappings": fit,
        }
        for each, fit in zip(found, fits, strict=True)
    ]
    one.screen.document |= {"found": documents, "has_more": has_more}
    if not found:
        one.screen.say(Text("什么也没有找到。", "Nothing was found."))
        return
    one.screen.rows(
        (
            Text("名称", "name"),
            Text("是什么", "what it is"),
            Text("列", "columns"),
            Text("设置", "settings"),
            Text("适合的映射", "mapping"),
        ),
        [
            (each.name, each.note, _columns(each), _settings(each), "、".join(fit[:_SHOWN_FITS]) or "—")
            for each, fit in zip(found, fits, strict=True)
            if not each.problem
        ],
        indent=0,
    )
    bad = [each for each in found if each.problem]
    if bad:
        one.screen.heading(Text(f"{len(bad)} 项读不了：", f"{len(bad)} cannot be read:"))
    for each in bad[:_SHOWN_BAD]:
        problem = each.problem or Text("", "")
        one.screen.say(Text(f"{each.name}：{problem.zh}", f"{each.name}: {problem.en}"), indent=2)
    if len(bad) > _SHOWN_BAD:
        one.screen.say("……", indent=2)
    if has_more:
        one.screen.say(
            Text("……还有更多（--like 缩小范围，--limit 显示更多）", "… and more (--like narrows, --limit shows more)")
        )


def _columns(found: "Discovered") -> Text:
    shown = "、".join(clip(name, 20) for name in found.columns[:_SHOWN_COLUMNS])
    more = len(found.columns) > _SHOWN_COLUMNS
    return Text(
        f"{shown}……共 {len(found.columns)} 列" if more else shown,
        f"{shown.replace('、', ', ')} … {len(found.columns)} in all" if more else shown.replace("、", ", "),
    )


def _settings(found: "Discovered") -> str:
    return "; ".join(
        f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in found.settings.items()
    )


def _say_next(one: Session, found: "list[Discovered]", fits: list[list[str]], options: str) -> None:
    """The command that makes a source of the likeliest find."""
    usable = [(each, fit) for each, fit in zip(found, fits, strict=True) if not each.problem]
    if not usable:
        return
    each, fit = next((both for both in usable if both[1]), usable[0])
    words = [f"crossdock source add {Text('名称', 'NAME').get(one.screen.language)} {options}"]
    for name, value in each.settings.items():
        option = f"--{name} " if name in {"files", "table", "key", "watermark"} else f"--set {name}="
        words += [f"{option}{shlex.quote(str(part))}" for part in (value if isinstance(value, list) else [value])]
    words.append(f"--mapping {fit[0] if fit else '…'}")
    one.screen.document["next"] = " ".join(words)
    one.screen.say()
    one.screen.say(Text("接下来，例如：", "Next, for example:"))
    one.screen.say(" ".join(words), style="cyan", indent=2)
    if not fit:
        one.screen.say(
            Text(
                "没有现成的映射适合，请先写一个，见 docs/guide/mapping.md。",
                "No mapping fits; write one first, see docs/guide/mapping.md.",
            ),
            indent=2,
        )
