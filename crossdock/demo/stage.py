"""The stage of the story: a fresh home with an empty store, the simulated WeCom, and the portal."""

import json
import secrets
import shutil
import string
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import requests
import yaml
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, text

from canonical_model.clock import utc_now
from canonical_model.errors import ConfigError
from canonical_model.language import Text
from canonical_model.text import JsonValue
from crossdock.demo.processes import Listener, serving
from crossdock.home import Home, load_yaml
from crossdock.portal.app import create_app
from crossdock.store.database import open_store
from crossdock.store.embedded import DATABASE, EmbeddedServer
from wecom_notify.simulator import SimulatorConfig, create_simulator

Message = Mapping[str, JsonValue]
Connections = Mapping[str, Mapping[str, str]]
Alteration = Callable[[Path], None]

_AGENT = 1000002
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Simulator:
    """The simulated WeCom: what lies on its phones, and its buttons."""

    url: str
    robot_key: str

    def inbox(self, user: str = "") -> Sequence[Message]:
        """The messages of a member, of all members and groups when none is given; oldest first."""
        return self._get("inbox", {"user": user} if user else {})

    def group(self) -> Sequence[Message]:
        """The messages in the purchasing group."""
        return self._get("inbox", {"robot": self.robot_key})

    def press(self, message: Message, user: str, button: str) -> bool:
        """Presses the button that says `button` on a card; whether the hub took the callback."""
        card = cast(Mapping[str, JsonValue], message["template_card"])
        buttons = cast(Sequence[Mapping[str, JsonValue]], card["button_list"])
        key = next(one["key"] for one in buttons if one["text"] == button)
        order = {"task_id": message["task_id"], "user": user, "key": key}
        with _session() as session:
            answer = session.post(f"{self.url}/_mock/click", json=order, timeout=30)
            answer.raise_for_status()
            return bool(answer.json()["is_accepted"])

    def _get(self, what: str, query: Mapping[str, str]) -> Sequence[Message]:
        with _session() as session:
            answer = session.get(f"{self.url}/_mock/{what}", params=query, timeout=10)
            answer.raise_for_status()
            return cast(Sequence[Message], answer.json())


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that the story plays with.

    Attributes:
        home: The deployment's folder, fresh.
        engine: Its store, empty at the beginning.
        server: The embedded server that holds it.
        simulator: The simulated WeCom.
        portal: Address of the pages.
        connections: Connection id -> values, for processes of their own.
    """

    home: Home
    engine: Engine
    server: EmbeddedServer
    simulator: Simulator
    portal: str
    connections: Connections

    @property
    def today(self) -> date:
        """The day in the deployment's zone."""
        return utc_now().astimezone(ZoneInfo(self.home.settings.timezone)).date()

    def environment(self) -> dict[str, str]:
        """Variables with which another process finds the home and its connections."""
        values = {f"CROSSDOCK_CONN_{name.upper()}": json.dumps(dict(one)) for name, one in self.connections.items()}
        return {"CROSSDOCK_HOME": str(self.home.path), **values}

    def count(self, query: str) -> int:
        """The number that a query of the store gives."""
        with self.engine.connect() as connection:
            return int(connection.scalar(text(query)) or 0)

    def eventually(self, found: Callable[[], object], wanted: object, seconds: float = 10.0) -> object:
        """What `found` gives, asked again until it is `wanted` or the time is up."""
        deadline = time.monotonic() + seconds
        while (value := found()) != wanted and time.monotonic() < deadline:
            time.sleep(0.1)
        return value


@contextmanager
def open_stage(home: Path, *, alter: Alteration | None = None) -> Iterator[Stage]:
    """A fresh stage in the folder `home`; an embedded server that is there already is used again.

    Args:
        home: The deployment's folder; its former content goes, but for the server's files.
        alter: Changes the fresh folder before it is used; tests take a part out.
    """
    simulator_at, portal_at = Listener(), Listener()
    robot_key = secrets.token_hex(16)
    app = {"corp_id": "wwdemo", "agent_id": str(_AGENT), "secret": secrets.token_urlsafe(24),
           "token": secrets.token_hex(12), "aes_key": "".join(secrets.choice(_LETTERS) for _ in range(42)) + "A"}  # fmt: skip
    connections: Connections = {"wecom_default": app, "wecom_purchasing": {"key": robot_key}}
    _clear(home)
    _furnish(home, simulator_at.url, portal_at.url)
    if alter:
        alter(home)
    deployment = Home.find(home, _lookup(connections))
    settings = deployment.settings
    config = SimulatorConfig(
        corp_id=app["corp_id"],
        apps={_AGENT: SecretStr(app["secret"])},
        app_names={_AGENT: "供应链助手"},
        members={person.wecom: person.name for person in settings.people.values()},
        robots={robot_key: settings.groups["purchasing"].name},
        callback_url=f"{portal_at.url}/wecom/callback",
        callback_token=SecretStr(app["token"]),
        callback_aes_key=SecretStr(app["aes_key"]),
    )
    with EmbeddedServer.start(deployment.state) as server:
        _drop_store(server)
        with (
            open_store(deployment) as engine,
            serving(create_simulator(config), simulator_at),
            serving(create_app(deployment, engine), portal_at),
        ):
            simulator = Simulator(simulator_at.url, robot_key)
            yield Stage(deployment, engine, server, simulator, portal_at.url, connections)


def _clear(home: Path) -> None:
    """Empties the folder, but for what belongs to the embedded server."""
    home.mkdir(parents=True, exist_ok=True)
    for entry in home.iterdir():
        if entry.name != ".crossdock":
            _remove(entry)
    _remove(home / ".crossdock" / "landing")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _furnish(home: Path, wecom_url: str, portal_url: str) -> None:
    shipped = Path(str(files("crossdock.demo"))) / "home"
    shutil.copytree(shipped, home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    written = cast(dict[str, JsonValue], load_yaml(home / "crossdock.yaml"))
    written |= {"public_url": portal_url, "wecom": {"base_url": wecom_url}}
    (home / "crossdock.yaml").write_text(yaml.safe_dump(written, allow_unicode=True, sort_keys=False), encoding="utf-8")
    for folder in ("inbox/erp", "inbox/suppliers"):
        (home / folder).mkdir(parents=True, exist_ok=True)


def _lookup(connections: Connections) -> Callable[[str], Mapping[str, str]]:
    def find(name: str) -> Mapping[str, str]:
        if name not in connections:
            raise ConfigError(
                Text(f"演示没有连接“{name}”。", f"The demonstration has no connection “{name}”."), code="XD-CFG-020"
            )
        return connections[name]

    return find


def _drop_store(server: EmbeddedServer) -> None:
    """The store of the last performance goes; the server and what else it holds stay."""
    engine = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"))
    finally:
        engine.dispose()


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # everything is on this machine, never behind a proxy
    return session
