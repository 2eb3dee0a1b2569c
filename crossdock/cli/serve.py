"""`crossdock serve`: the pages that staff open from WeCom, and the address that WeCom calls back."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer

from canonical_model.language import Text
from crossdock.cli._exits import ExitCode
from crossdock.cli._session import HomeOption, JsonOption, session

DEFAULT_PORT = 8600


def serve(
    *,
    host: Annotated[str, typer.Option("--host", help="监听地址 · address to listen on")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="端口，0 = 自动选 · port; 0 takes a free one")
    ] = DEFAULT_PORT,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """提供网页：异常详情和企业微信回调，直到 Ctrl-C · serve the incident pages and WeCom's callback until Ctrl-C.

    例 · example:  crossdock serve --host 0.0.0.0 --port 8600
    """
    with session(home, as_json) as one:
        home_found = one.home

        def tell(listening: int) -> None:
            url = f"http://{_shown(host)}:{listening}"
            one.screen.document |= {
                "url": url,
                "callback": f"{url}/wecom/callback",
                "public_url": home_found.settings.public_url,
            }
            one.screen.publish()  # now: whoever started us waits for it
            one.screen.say(Text(f"网页：{url}", f"Pages: {url}"), style="bold green")
            one.screen.say(Text(f"企业微信回调：{url}/wecom/callback", f"WeCom callback: {url}/wecom/callback"))
            one.screen.say(
                Text(
                    f"消息里的链接用 {home_found.settings.public_url}（crossdock.yaml 的 public_url）",
                    f"Links in messages use {home_found.settings.public_url} (public_url of crossdock.yaml)",
                )
            )
            one.screen.say(Text("按 Ctrl-C 停止。", "Ctrl-C stops."), style="dim")

        with one.screen.busy(Text("正在启动…", "Starting …")):
            from crossdock.portal.serve import serve as serve_portal
        with _notice_ctrl_c() as pressed:
            serve_portal(home_found, host=host, port=port, ready=tell)
        if pressed.is_set():
            one.code = ExitCode.INTERRUPTED


@contextmanager
def _notice_ctrl_c() -> Iterator[threading.Event]:
    """Whether Ctrl-C was pressed, also where the server below takes it as its regular end."""
    pressed = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        pressed.set()
        signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _shown(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host  # noqa: S104  # compared only
