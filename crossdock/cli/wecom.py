"""`crossdock wecom`: are the settings right, and does a message arrive?"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from canonical_model.clock import utc_now
from canonical_model.errors import ConfigError, CrossdockError
from canonical_model.language import Text
from crossdock.cli._exits import worst
from crossdock.cli._faults import as_document, exit_code, scrub_error
from crossdock.cli._screen import Document
from crossdock.cli._session import HomeOption, JsonOption, Session, session
from crossdock.cli.notify import NO_ROLES

if TYPE_CHECKING:
    from crossdock.delivery.send import WeComClients
    from crossdock.home import Person

group = typer.Typer(
    help="企业微信：检查设置、发测试消息 · WeCom: check the settings, send a test message", no_args_is_help=True
)


def check(*, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """取一次令牌，看应用的设置是否正确，并列出群机器人；不发消息 · fetch a token, list the robots; sends nothing.

    例 · example:  crossdock wecom check
    """
    with session(home, as_json) as one:
        from crossdock.delivery.send import WeComClients

        wecom, settings = one.home.settings.wecom, one.home.settings
        clients = WeComClients(one.home, utc_now)
        one.screen.say(Text(f"接口地址 {wecom.base_url}", f"API {wecom.base_url}"))
        checks: list[Document] = []
        one.screen.document |= {"base_url": wecom.base_url, "checks": checks}
        needs_app = any(role.person or role.person_of for role in settings.roles.values()) or not settings.groups
        if needs_app:
            title = Text(f"应用（连接 {wecom.connection}）", f"App (connection {wecom.connection})")
            with one.screen.busy(title):
                checks.append(
                    _try(one, "app", title, lambda: clients.app().check(), Text("令牌已取得", "a token was issued"))
                )
            if checks[-1]["exit_code"] == 0 and not clients.sender.has_callback:
                one.screen.say(
                    Text(
                        "没有设置回调（连接里缺 token 或 aes_key）：卡片不带“知道了”按钮，点开网页确认。",
                        "No callback (the connection lacks token or aes_key): cards carry no button; the page serves.",
                    ),
                    style="yellow",
                    indent=2,
                )
        for name, spec in settings.groups.items():
            title = Text(
                f"群机器人 {name}：{spec.name}（连接 {spec.connection}）",
                f"Robot {name}: {spec.name} (connection {spec.connection})",
            )
            checks.append(
                _try(
                    one,
                    name,
                    title,
                    _robot(clients, name),
                    Text("设置完整，要发一条才知道能否送达", "complete; only a message shows whether it arrives"),
                )
            )
        one.code = worst(int(str(found["exit_code"])) for found in checks)
        _say_next(one)


def send_test(
    recipient: Annotated[
        str,
        typer.Argument(
            metavar="人员|群",
            help="crossdock.yaml 里的人或群 · a person or group of crossdock.yaml",
            show_default=False,
        ),
    ],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """给一个人或一个群发一条测试消息 · send one test message to a person or a group.

    例 · examples:  crossdock wecom send-test 李伟    crossdock wecom send-test purchasing
    """
    with session(home, as_json) as one:
        from crossdock.delivery.routing import find_person
        from crossdock.delivery.send import WeComClients

        settings = one.home.settings
        clients = WeComClients(one.home, utc_now)
        robots = [name for name, spec in settings.groups.items() if recipient in {name, spec.name}]
        person = None if robots else find_person(settings, recipient)
        if robots:
            shown = settings.groups[robots[0]].name
            _send_to_group(one, clients, robots[0])
        elif person:
            shown = person.name
            _send_to_person(one, clients, person)
        else:
            known = [*settings.people, *settings.groups]
            raise ConfigError(
                Text(
                    f"crossdock.yaml 里没有叫“{recipient}”的人或群。",
                    f"crossdock.yaml has no person or group “{recipient}”.",
                ),
                hint=Text(f"现有：{'、'.join(known) or '（无）'}。", f"There are: {', '.join(known) or '(none)'}."),
                code="XD-CFG-075",
            )
        one.screen.document |= {"recipient": recipient, "channel": "robot" if robots else "app", "sent": True}
        one.screen.say(
            Text(f"✓ 已发给{shown}，请在企业微信里查看。", f"✓ Sent to {shown}; look in WeCom."), style="green"
        )


def _robot(clients: "WeComClients", name: str) -> Callable[[], object]:
    return lambda: clients.robot(name)


def _try(one: Session, name: str, title: Text, attempt: Callable[[], object], good: Text) -> Document:
    try:
        attempt()
    except CrossdockError as error:
        shown = scrub_error(error)
        one.screen.fail(f"✗ {one.screen.get(title)}")
        one.screen.fail(f"  {shown.render(one.screen.language)}")
        errcode = getattr(error, "errcode", None)
        return {
            "name": name,
            "ok": False,
            "exit_code": exit_code(error),
            "errcode": errcode,
            "error": as_document(shown),
        }
    one.screen.say(Text(f"✓ {title.zh}：{good.zh}", f"✓ {title.en}: {good.en}"), style="green")
    return {"name": name, "ok": True, "exit_code": 0, "errcode": 0}


def _content(one: Session) -> str:
    company = one.home.settings.company or "Crossdock"
    return one.screen.get(
        Text(
            f"{company}：这是一条测试消息，收到说明设置正确。",
            f"{company}: a test message; if you read it, the settings are right.",
        )
    )


def _send_to_group(one: Session, clients: "WeComClients", name: str) -> None:
    from wecom_notify import robot_text

    for payload in robot_text(_content(one)):
        clients.robot(name).send(payload)


def _send_to_person(one: Session, clients: "WeComClients", person: "Person") -> None:
    from canonical_model.errors import NotifyError
    from wecom_notify import app_text

    app = clients.app()
    # WeCom drops an equal text within four hours
    for payload in app_text(person.wecom, app.agent_id, _content(one), occurrence=f"{utc_now():%H%M%S}"):
        if app.send(payload).misses(person.wecom):
            raise NotifyError(
                Text(
                    f"企业微信没有送达 {person.name}（{person.wecom}）。",
                    f"WeCom did not deliver to {person.name} ({person.wecom}).",
                ),
                hint=Text(
                    "请核对账号，并确认此人在应用的可见范围内。",
                    "Check the userid and that the app is visible to this member.",
                ),
                code="XD-NTF-007",
            )


def _say_next(one: Session) -> None:
    settings = one.home.settings
    if one.code:
        return
    if not settings.roles:
        one.screen.warn(NO_ROLES)
    example = next((person.name for person in settings.people.values()), None) or next(iter(settings.groups), None)
    if example:
        one.screen.say(
            Text(f"发一条试试：crossdock wecom send-test {example}", f"Try one: crossdock wecom send-test {example}"),
            indent=2,
        )
