"""What an operator reads for the codes of WeCom that matter most: what is wrong, and what to do."""

from canonical_model.language import Text

UNKNOWN = (
    Text("企业微信返回错误 {errcode}：{errmsg}", "WeCom answered {errcode}: {errmsg}"),
    Text(
        "可在 https://open.work.weixin.qq.com/devtool/query?e={errcode} 查询含义。",
        "Look it up: https://open.work.weixin.qq.com/devtool/query?e={errcode}",
    ),
)

BY_CLASS = {
    "retry": (
        Text("连不上企业微信：{errmsg}", "WeCom cannot be reached: {errmsg}"),
        Text(
            "会自动重试；若一直如此，请检查网络和代理设置。",
            "It is tried again; if it persists, check network and proxy.",
        ),
    ),
    "config": (
        Text("调用企业微信的方式不对：{errmsg}", "WeCom is called in a wrong way: {errmsg}"),
        Text(
            "请检查企业微信地址、代理和证书设置。", "Check the WeCom address, the proxy and the certificate settings."
        ),
    ),
    "unknown_outcome": (
        Text("消息已发出，但没有收到企业微信的答复：{errmsg}", "The message went out, but no answer came: {errmsg}"),
        Text(
            "会用完全相同的内容重发，由企业微信去重。",
            "The identical message is sent again; WeCom drops the duplicate.",
        ),
    ),
}

_SECRET_HINT = Text(
    "请在企业微信后台核对 Secret 后再启用；连续出错会使本机 IP 被封 1 小时，所以已停止调用。",
    "Compare the secret with the WeCom console, then enable again; calls have stopped, since repeated "
    "errors ban this IP for one hour.",
)
_ROBOT_HINT = Text(
    "请在群里重新添加“消息推送”机器人，把新的 Webhook 地址填到设置中。",
    "Add the message-push robot to the group again and put its new webhook address into the settings.",
)

BY_CODE = {
    -1: (Text("企业微信系统繁忙", "WeCom is busy"), Text("会自动重试。", "It is tried again.")),
    40001: (Text("企业微信不接受应用 Secret（40001）", "WeCom does not accept the app secret (40001)"), _SECRET_HINT),
    40013: (Text("企业 ID 不正确（40013）", "The corp id is wrong (40013)"), _SECRET_HINT),
    40014: (
        Text("access_token 无效（40014），刷新后仍被拒绝", "The access token is refused (40014), a fresh one as well"),
        Text("请核对 Secret 是否属于这个应用。", "Check that the secret belongs to this app."),
    ),
    40033: (
        Text("请求里有 \\uXXXX 转义（40033）", "The body has \\uXXXX escapes (40033)"),
        Text("请用 wecom_notify.messages 生成消息。", "Build messages with wecom_notify.messages."),
    ),
    40056: (
        Text("应用 AgentId 不正确（40056）", "The agent id is wrong (40056)"),
        Text("请在应用详情页核对 AgentId。", "Compare it with the app's page in the WeCom console."),
    ),
    40058: (
        Text(
            "消息不合规，常见原因是超出长度（40058）：{errmsg}",
            "WeCom refuses the content, often its length (40058): {errmsg}",
        ),
        Text("请缩短内容；原样重发不会成功。", "Shorten the content; it will not pass as it is."),
    ),
    40091: (Text("Secret 属于另一个企业（40091）", "The secret belongs to another corp (40091)"), _SECRET_HINT),
    41004: (Text("没有填写应用 Secret（41004）", "The app secret is missing (41004)"), _SECRET_HINT),
    43012: (
        Text(
            "应用没有配置接收消息的 URL，不能发送带按钮的卡片（43012）",
            "Cards with buttons need a callback URL (43012)",
        ),
        Text("请在应用的“接收消息”中设置 API 接收。", "Set the callback under 接收消息 of the app."),
    ),
    45009: (
        Text("发送过于频繁，被企业微信限流（45009）", "Too many calls; WeCom limits the rate (45009)"),
        Text("约 60 秒后自动继续。", "It goes on by itself after about 60 seconds."),
    ),
    48006: (
        Text("应用长期未使用，接口权限被收回（48006）", "The app was idle for long and lost its permission (48006)"),
        Text("请管理员在企业微信后台重新启用应用。", "An administrator enables the app again in the console."),
    ),
    50003: (
        Text("应用已被停用（50003）", "The app is disabled (50003)"),
        Text("请管理员在企业微信后台启用应用。", "An administrator enables it in the WeCom console."),
    ),
    60020: (
        Text("本机 IP {ip} 不在应用的企业可信 IP 中（60020）", "IP {ip} is not among the app's trusted IPs (60020)"),
        Text(
            "请在企业微信后台“应用管理 → 企业可信IP”加入 {ip}，保存 1 分钟后生效；或设置固定出口代理。",
            "Add {ip} under 企业可信IP of the app (effective after one minute), or set a proxy with a fixed address.",
        ),
    ),
    81013: (
        Text("收件人全部无效，或不在应用可见范围内（81013）", "No recipient is valid or visible to the app (81013)"),
        Text(
            "请核对成员账号，并把他们加入应用的可见范围。",
            "Check the user ids and add them to the app's visible range.",
        ),
    ),
    93000: (
        Text("群机器人地址无效，或已被移出群（93000）", "The robot's key is wrong, or it left the group (93000)"),
        _ROBOT_HINT,
    ),
    93004: (Text("群机器人已被停用（93004）", "The group robot is disabled (93004)"), _ROBOT_HINT),
    93008: (Text("群机器人不在群里（93008）", "The robot is not in the group (93008)"), _ROBOT_HINT),
    301002: (
        Text("AgentId 与 Secret 不是同一个应用（301002）", "Agent id and secret belong to different apps (301002)"),
        Text("请从同一个应用页面复制 AgentId 和 Secret。", "Copy both from the same app's page."),
    ),
}
