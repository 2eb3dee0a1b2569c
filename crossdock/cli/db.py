"""`crossdock db`: the store itself: what it is, how large it is, and a prompt."""

import os
import subprocess
from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from crossdock.cli._screen import Document
from crossdock.cli._session import HomeOption, JsonOption, Session, session
from crossdock.cli._words import size

if TYPE_CHECKING:
    from sqlalchemy import Connection

group = typer.Typer(
    help="存储：状态、升级、备份、恢复、psql · the store: status, upgrade, dump, restore, psql", no_args_is_help=True
)

_URL = "CROSSDOCK_DATABASE_URL"
_SIZES = """
SELECT n.nspname AS schema, coalesce(parent.relname, c.relname) AS name,
       sum(pg_total_relation_size(c.oid))::bigint AS bytes, coalesce(sum(s.n_live_tup), 0)::bigint AS rows
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
LEFT JOIN pg_class parent ON parent.oid = i.inhparent
WHERE n.nspname IN ('canonical', 'crossdock') AND c.relkind = 'r'
GROUP BY 1, 2 ORDER BY bytes DESC, 1, 2
"""


def status(*, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """数据库的版本、位置和各表大小 · version and place of the database, and the size of its tables.

    例 · example:  crossdock db status
    """
    with session(home, as_json) as one, one.store() as engine:
        from sqlalchemy import text

        from crossdock.store.database import translate_errors

        with translate_errors(), engine.connect() as connection:
            _show_server(one, connection)
            tables = connection.execute(text(_SIZES)).all()
        one.screen.document["tables"] = [
            {"schema": row.schema, "name": row.name, "bytes": row.bytes, "rows": row.rows} for row in tables
        ]
        one.screen.rows(
            (Text("表", "table"), Text("大小", "size"), Text("约有行数", "rows, about")),
            [(f"{row.schema}.{row.name}", size(row.bytes), int(row.rows)) for row in tables],
            indent=0,
        )


def upgrade(*, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """把存储升级到最新版本；其他命令打开存储时也会自动升级 · bring the store to the newest revision, as every command does.

    例 · example:  crossdock db upgrade
    """
    with session(home, as_json) as one, one.store() as engine:
        from crossdock.store.database import translate_errors

        with translate_errors(), engine.connect() as connection:
            revision = _revision(connection)
        one.screen.document["revision"] = revision
        one.screen.say(
            Text(f"✓ 存储已是最新版本 {revision}", f"✓ The store is at the newest revision {revision}"), style="green"
        )


def prune(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出，不删除 · only list, remove nothing")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """按 crossdock.yaml 的 retention 清理落地文件和历史；入库的记录永远保留 · remove landed files and history past their time.

    清理之后 crossdock replay 只回得到保留下来的部分 · crossdock replay then reaches back to what is left.

    例 · examples:  crossdock db prune --dry-run    crossdock db prune
    """
    with session(home, as_json) as one, one.store() as engine:
        from crossdock.pipeline.retention import prune as remove

        gone = remove(one.home, engine, dry_run=dry_run)
        one.screen.document |= {
            "batches": gone.batches,
            "files": gone.files,
            "partitions": list(gone.partitions),
            "replay_from": gone.replay_from,
            "is_kept": dry_run,
        }
        verb = Text("会删除", "Would remove") if dry_run else Text("已删除", "Removed")
        months = ", ".join(gone.partitions) or "—"
        one.screen.say(
            Text(
                f"{verb.zh} {gone.files} 个落地文件（{gone.batches} 批），历史分区：{months}",
                f"{verb.en} {gone.files} landed files ({gone.batches} batches), partitions of history: {months}",
            )
        )
        if gone.replay_from:
            one.screen.say(Text(f"重放最早到 {gone.replay_from}", f"Replay reaches back to {gone.replay_from}"))


def psql(
    *,
    command: Annotated[
        str | None,
        typer.Option("--command", "-c", metavar="SQL", help="执行后退出 · run it and end", show_default=False),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """打开内置数据库的 psql · open psql on the embedded database.

    用 CROSSDOCK_DATABASE_URL 时请直接用自己的 psql · for a server of your own, use your own psql.

    例 · example:  crossdock db psql -c "select * from facts.purchase_order limit 5"
    """
    with session(home, as_json) as one:
        if os.environ.get(_URL):
            raise ConfigError(
                Text(
                    f"存储是 {_URL} 指的服务器，不是内置数据库。",
                    f"The store is the server of {_URL}, not the embedded one.",
                ),
                hint=Text("请用自己的 psql 连接它。", "Connect with your own psql."),
                code="XD-CFG-077",
            )
        from crossdock.store.embedded import EmbeddedServer

        with EmbeddedServer.start(one.home.state, report=one.screen.note) as server:
            environment = server.environment()
            shown = {name: value for name, value in environment.items() if name != "PGPASSWORD"}
            program = str(server.program("psql"))
            one.screen.document |= {"program": program, "environment": shown}
            given = ["--command", command] if command else []
            if as_json and not command:
                return
            with one.screen.out_of_the_way() as stdout:
                done = subprocess.run(
                    [program, "--no-psqlrc", *given], env=os.environ | environment, stdout=stdout, check=False
                )
            one.screen.document["exit_code"] = done.returncode
            one.code = 1 if done.returncode else 0


def _show_server(one: Session, connection: "Connection") -> None:
    from sqlalchemy import text

    version = str(connection.scalar(text("SHOW server_version"))).split()[0]
    total = int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    revision = _revision(connection)
    url = connection.engine.url
    is_embedded = not os.environ.get(_URL)
    place = str(one.home.state) if is_embedded else f"{url.host}:{url.port or 5432}/{url.database}"
    found: Document = {
        "revision": revision,
        "server_version": version,
        "embedded": is_embedded,
        "place": place,
        "bytes": total,
    }
    one.screen.document |= found
    kind = Text("内置", "embedded") if is_embedded else Text("服务器", "server")
    one.screen.say(
        Text(f"PostgreSQL {version}（{kind.zh}）：{place}", f"PostgreSQL {version} ({kind.en}): {place}"), style="bold"
    )
    one.screen.say(Text(f"版本 {revision}，共 {size(total)}", f"Revision {revision}, {size(total)} in all"))
    one.screen.say()


def _revision(connection: "Connection") -> str:
    from sqlalchemy import text

    return str(connection.scalar(text("SELECT version_num FROM crossdock.alembic_version")))
