"""`crossdock notify`: asks the rules once, then sends what is due once."""

from canonical_model.language import Text
from crossdock.cli._exits import ExitCode
from crossdock.cli._faults import scrub
from crossdock.cli._session import HomeOption, JsonOption, session

NO_ROLES = Text(
    "⚠ crossdock.yaml 里还没有 roles:，提醒没有收件人，会算作送不出去。",
    "⚠ crossdock.yaml has no roles: yet; alerts have no recipient and count as dead.",
)
_FOUND = ("opened", "updated", "reopened", "resolved", "baseline")
_SENT = ("sent", "merged", "waiting", "dead", "updated")


def notify(*, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """按规则找出异常，把到时间的消息发到企业微信，各做一次 · ask the rules once, then send what is due once.

    送不出去的留着下次再试；有问题时退出码为 3 · what cannot be sent waits for the next time; ends with 3 then.

    例 · example:  crossdock notify
    """
    with session(home, as_json) as one:
        screen = one.screen
        with one.store() as engine:
            from crossdock.delivery import deliver
            from crossdock.incidents import evaluate

            with screen.busy(Text("正在按规则检查…", "Asking the rules …")):
                found = evaluate(one.home, engine)
            with screen.busy(Text("正在发送…", "Sending …")):
                sent = deliver(one.home, engine)
        problems = [Text(*(scrub(text) for text in problem)) for problem in sent.problems]
        screen.document |= {
            "evaluation": {
                "runs": found.runs,
                **{name: getattr(found, name) for name in _FOUND},
                "alerts": found.alerts,
            },
            "delivery": {**{("updated_cards" if name == "updated" else name): getattr(sent, name) for name in _SENT}},
            "problems": problems,
        }
        screen.say(
            Text(
                f"检查：{found.runs} 次新运行 → 新异常 {found.opened}，有变化 {found.updated}，再次发生 {found.reopened}，"
                f"已恢复 {found.resolved}，起点记下 {found.baseline}",
                f"Rules: {found.runs} new runs → {found.opened} opened, {found.updated} updated, {found.reopened} reopened, "
                f"{found.resolved} resolved, {found.baseline} kept as the baseline",
            )
        )
        screen.say(
            Text(
                f"提醒：发起 {found.alerts} 条 → 发出 {sent.sent} 条消息（另有 {sent.merged} 条提醒合并在内），待发 {sent.waiting}，"
                f"送不出去 {sent.dead}，更新卡片 {sent.updated}",
                f"Alerts: {found.alerts} raised → {sent.sent} messages sent ({sent.merged} more alerts stand in them), {sent.waiting} waiting, "
                f"{sent.dead} dead, {sent.updated} cards updated",
            )
        )
        if not one.home.settings.roles:
            screen.warn(NO_ROLES)
        for problem in problems:
            screen.warn(Text(f"⚠ {problem.zh}", f"⚠ {problem.en}"))
        if problems or sent.dead:
            one.code = ExitCode.NEEDS_PERSON
            screen.say(Text("检查设置：crossdock wecom check", "Check the settings: crossdock wecom check"), indent=2)
        elif sent.waiting:
            screen.say(
                Text(
                    "待发的等企业微信的频率限制过去，下次 notify 再发。",
                    "What waits is held back by WeCom's rate limit and goes with the next notify.",
                ),
                indent=2,
            )
        elif not (found.alerts or sent.sent):
            screen.say(Text("没有新消息要发。", "There was no news to send."), style="green")
        if sent.sent:
            screen.say(
                Text(
                    "谁收到了、为什么：crossdock alerts explain 编号",
                    "Who was told and why: crossdock alerts explain NO",
                ),
                style="dim",
            )
