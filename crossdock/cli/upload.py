"""`crossdock upload`: links by which partners send spreadsheets from a browser."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

import typer

from canonical_model.clock import utc_now
from canonical_model.language import Text
from crossdock.cli._faults import UsageError
from crossdock.cli._session import HomeOption, JsonOption, session
from crossdock.cli._words import moment

group = typer.Typer(help="上传页面：给合作方的链接 · the upload page: links for partners", no_args_is_help=True)

_HERE_ONLY = {"127.0.0.1", "localhost", "::1"}


def link(
    source: Annotated[str, typer.Argument(metavar="数据源", help="source", show_default=False)],
    stream: Annotated[str, typer.Argument(metavar="数据流", help="stream", show_default=False)],
    *,
    partner: Annotated[
        str | None,
        typer.Option("--partner", metavar="合作方", help="路径里 {partner} 的值 · value of {partner} in the path"),
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option("--part", metavar="名称=值", help="路径里其他 {名称} 的值 · value of another {name} in the path"),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="有效天数 · days that it is valid")] = 90,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """给一个合作方生成上传链接，手机浏览器就能打开 · an upload link for one partner, for any browser.

    有链接的人可以用这个名义上传，并看到自己传过的文件 · whoever has it can send in that name and see what was sent.

    例 · example:  crossdock upload link suppliers order_responses --partner acme --days 30
    """
    with session(home, as_json) as one:
        parts = {"partner": partner} if partner is not None else {}
        for given in part or []:
            name, equals, value = given.partition("=")
            if not equals:
                raise UsageError(
                    Text(f"--part {given} 里没有等号。", f"There is no = in --part {given}."),
                    hint=Text("写成 名称=值。", "Write name=value."),
                )
            parts[name.strip()] = value.strip()
        from crossdock.pipeline.receive import Inbox

        inbox = Inbox(one.home, source, stream, parts)
        until = utc_now() + timedelta(days=days)
        with one.store() as engine:
            from crossdock.delivery.links import UploadLink, upload_link

            address = upload_link(one.home, engine, UploadLink(source, stream, inbox.parts, until))
        one.screen.document |= {"link": address, "source": source, "stream": stream, "parts": parts, "until": until}
        one.screen.say(address, style="bold")
        one.screen.say(Text(f"有效至 {moment(until, one.zone)}。", f"Valid until {moment(until, one.zone)}."))
        if urlsplit(one.home.settings.public_url).hostname in _HERE_ONLY:
            one.screen.warn(
                Text(
                    "这个地址只有本机能打开：请在 crossdock.yaml 里把 public_url 设成对方能访问的地址。",
                    "Only this machine can open the address: set public_url in crossdock.yaml to one that partners reach.",
                )
            )
