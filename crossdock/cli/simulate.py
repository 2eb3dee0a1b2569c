"""`crossdock simulate`: WeCom on this machine, to try everything without an account."""

import json
import shlex
import socket
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.errors import ConfigError, CrossdockError
from canonical_model.language import Language, Text
from crossdock.cli._session import HomeOption, JsonOption, Session, session

if TYPE_CHECKING:
    from crossdock.home import Home
    from wecom_notify.simulator import SimulatorConfig

HOST = "127.0.0.1"
_MADE_UP = {
    "corp_id": "wwsimulator",
    "agent_id": "1000002",
    "secret": "simulator-secret",
    "token": "simulator",
    "aes_key": "a" * 42 + "A",
}
_MEMBERS = {"zhangsan": "张三", "lisi": "李四", "wangwu": "王五"}
_GROUPS = {"simulator-robot": "供应链群"}


def simulate(
    *,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="端口，0 = 自动选 · port; 0 takes a free one")
    ] = 8650,
    callback_url: Annotated[
        str,
        typer.Option("--callback-url", help="按钮回调地址，默认 crossdock serve 的 · where clicks are reported"),
    ] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """在本机模拟企业微信：收消息、看卡片、按按钮，直到 Ctrl-C · WeCom on this machine: messages, cards, buttons, until Ctrl-C.

    在 Crossdock 目录里运行时，成员和群取自 crossdock.yaml · in a deployment's folder, members and groups are its own.

    例 · example:  crossdock simulate --port 8650
    """
    with session(home, as_json) as one:
        free = _claim_port(HOST, port)
        deployment = _deployment(one)
        config, exports = _configure(deployment, callback_url, one.screen.language)
        import uvicorn

        from wecom_notify.simulator import create_simulator

        url = f"http://{HOST}:{free}"
        # No access log: its lines hold tokens and keys.
        settings = uvicorn.Config(
            create_simulator(config), host=HOST, port=free, log_level="warning", access_log=False, ws="none"
        )
        server = uvicorn.Server(settings)
        threading.Thread(target=_tell_when_up, args=(one, server, url, exports), daemon=True).start()
        server.run()


def _deployment(one: Session) -> "Home | None":
    try:
        deployment = one.home
        deployment.settings  # noqa: B018  # read now, so that a mistake in it shows here
    except CrossdockError as error:
        if error.problem_code == "XD-CFG-002" and one.path is None:
            return None  # no deployment here: members made up
        raise
    return deployment


def _configure(
    deployment: "Home | None", callback_url: str, language: Language
) -> "tuple[SimulatorConfig, Mapping[str, Mapping[str, str]]]":
    """The simulated company, and the connections to set where they are not set yet."""
    from pydantic import SecretStr

    from wecom_notify.simulator import SimulatorConfig

    exports: dict[str, Mapping[str, str]] = {}
    members, robots, base = dict(_MEMBERS), dict(_GROUPS), callback_url
    app: Mapping[str, str] = _MADE_UP
    if deployment:
        settings = deployment.settings
        base = callback_url or f"{settings.public_url.rstrip('/')}/wecom/callback"
        members = {person.wecom: person.name for person in settings.people.values()} or members
        app = _connection(deployment, settings.wecom.connection, _MADE_UP, exports)
        keys = {
            spec.name: _connection(deployment, spec.connection, {"key": f"simulator-robot-{name}"}, exports)
            for name, spec in settings.groups.items()
        }
        robots = {_key(values): name for name, values in keys.items()} or robots
    else:
        exports = {"wecom_default": _MADE_UP}
    agent = int(app.get("agent_id") or _MADE_UP["agent_id"])
    config = SimulatorConfig(
        corp_id=app.get("corp_id", ""),
        apps={agent: SecretStr(app.get("secret", ""))},
        app_names={agent: "Crossdock"},
        members=members,
        robots=robots,
        callback_url=base,
        callback_token=SecretStr(app.get("token", "")),
        callback_aes_key=SecretStr(app.get("aes_key", "")),
        language=language,
    )
    return config, exports


def _connection(
    deployment: "Home", name: str, made_up: Mapping[str, str], exports: dict[str, Mapping[str, str]]
) -> Mapping[str, str]:
    """The connection as it is set, never shown; else one made up, to be set by the user."""
    try:
        return deployment.connect(name)
    except CrossdockError:
        exports[name] = made_up
        return made_up


def _key(values: Mapping[str, str]) -> str:
    return values.get("key", "").rpartition("key=")[2]


def _tell_when_up(one: Session, server: object, url: str, exports: Mapping[str, Mapping[str, str]]) -> None:
    waited = threading.Event()
    while not getattr(server, "started", False) and not getattr(server, "should_exit", False):
        waited.wait(0.02)
    screen = one.screen
    screen.document |= {"base_url": url, "phones": f"{url}/", "connections": exports}
    screen.publish()
    screen.say(Text(f"企业微信模拟器：{url}", f"WeCom simulator: {url}"), style="bold green")
    screen.say(
        Text(
            "用浏览器打开它，就能看到每个人的手机和群，按卡片上的按钮。",
            "Open it in a browser to see everybody's phone and the groups, and to press buttons.",
        )
    )
    screen.heading(Text("在 crossdock.yaml 里写：", "Write in crossdock.yaml:"))
    screen.say(f"wecom: {{base_url: {url}}}", style="cyan", indent=2)
    if exports:
        screen.heading(
            Text("并设置环境变量（都是模拟的，不是真密钥）：", "and set these variables (made up, no real secrets):")
        )
        for name, values in exports.items():
            screen.say(
                f"export CROSSDOCK_CONN_{name.upper()}={shlex.quote(json.dumps(dict(values)))}", style="cyan", indent=2
            )
    screen.say()
    screen.say(Text("按 Ctrl-C 停止，收到的消息随之消失。", "Ctrl-C stops; the messages go with it."), style="dim")


def _claim_port(host: str, port: int) -> int:
    """The port if it is free; a free one for 0.

    Raises:
        ConfigError (XD-CFG-076): Somebody else has it, it needs more rights, or the host is not ours.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            return int(listener.getsockname()[1])
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            Text(f"不能在 {host}:{port} 上提供服务：{said}。", f"Cannot listen on {host}:{port}: {said}."),
            hint=Text("请换一个端口，例如 --port 0 自动选择。", "Choose another port; --port 0 takes a free one."),
            code="XD-CFG-076",
        ) from error
