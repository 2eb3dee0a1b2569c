"""`crossdock db dump` and `db restore`: the whole store in one file, for a backup or to move it to another server."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.clock import utc_now
from canonical_model.language import Text
from crossdock.cli._output import check_free
from crossdock.cli._session import HomeOption, JsonOption, Session, session
from crossdock.cli._words import moment, size

if TYPE_CHECKING:
    from crossdock.store.archive import Manifest


def dump(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[文件]", help="默认 crossdock-日期-时间.zip · the file to write", show_default=False),
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="文件已有时覆盖 · overwrite the file")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """把整个存储备份成一个文件，内置的和自己的服务器都一样 · the whole store in one file, wherever it is.

    不含落地区的文件，另行复制 · the files of the landing zone are not in it; copy them apart.

    例 · example:  crossdock db dump backup.zip
    """
    with session(home, as_json) as one:
        path = file or Path(f"crossdock-{utc_now():%Y%m%d-%H%M%S}.zip")
        check_free(path, force=force)
        with one.store() as engine, one.screen.busy(Text("正在备份…", "Dumping …")) as tell:
            from crossdock.store import archive

            manifest = archive.dump(
                engine,
                path,
                landing=one.home.landing,
                at=utc_now(),
                on_table=lambda name: tell(Text(f"正在备份 {name}", f"Dumping {name}")),
            )
        _tell(one, path, manifest)
        shown = Text(
            f"✓ 已备份到 {path}（{size(path.stat().st_size)}，{len(manifest.tables)} 张表，{manifest.rows:,} 行）",
            f"✓ Dumped to {path} ({size(path.stat().st_size)}, {len(manifest.tables)} tables, {manifest.rows:,} rows)",
        )
        one.screen.say(shown, style="green")
        one.screen.say(
            Text(
                "里面有全部数据和签名密钥，请像密码一样保管。",
                "It holds all data and the key that signs links; keep it like a password.",
            ),
            indent=2,
        )
        one.screen.say(
            Text(
                f"落地区的文件不在里面，请另行复制：{one.home.landing}",
                f"The files of the landing zone are not in it; copy them apart: {one.home.landing}",
            ),
            indent=2,
        )


def restore(
    file: Annotated[Path, typer.Argument(metavar="文件", help="crossdock db dump 写的文件 · what db dump wrote")],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """把备份恢复到空的存储里，要么全部成功要么没有改动 · fill an empty store from a dump, all of it or nothing.

    存储不空时拒绝；内置的和自己的服务器之间可以互相搬 · refuses where something is stored; also moves between servers.

    例 · example:  crossdock db restore backup.zip --home new-hub
    """
    with session(home, as_json) as one:
        with one.store() as engine, one.screen.busy(Text("正在恢复…", "Restoring …")) as tell:
            from crossdock.store import archive

            manifest, moved = archive.restore(
                engine,
                file,
                landing=one.home.landing,
                on_table=lambda name: tell(Text(f"正在恢复 {name}", f"Restoring {name}")),
            )
        _tell(one, file, manifest)
        one.screen.document["batches_moved"] = moved
        at = moment(manifest.made_at, one.zone)
        one.screen.say(
            Text(
                f"✓ 已恢复 {at} 的备份：{len(manifest.tables)} 张表，{manifest.rows:,} 行，与备份逐表核对一致",
                f"✓ Restored the dump of {at}: {len(manifest.tables)} tables, {manifest.rows:,} rows, each checked",
            ),
            style="green",
        )
        if moved:
            one.screen.say(
                Text(
                    f"落地区换了地方，请把原来的文件复制过来：cp -a {manifest.landing}/. {one.home.landing}/",
                    "The landing zone has another place now; copy its files: "
                    f"cp -a {manifest.landing}/. {one.home.landing}/",
                ),
                indent=2,
            )


def _tell(one: Session, path: Path, manifest: "Manifest") -> None:
    one.screen.document |= {
        "file": str(path),
        "bytes": path.stat().st_size,
        "revision": manifest.revision,
        "made_at": manifest.made_at,
        "rows": manifest.rows,
        "tables": {table.name: table.rows for table in manifest.tables},
        "landing": manifest.landing,
    }
