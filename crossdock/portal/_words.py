"""The words of the pages, in both languages."""

from canonical_model.language import Text

WORDS = {
    "acknowledge": Text("知道了", "Got it"),
    "acknowledge_hint": Text(
        "点“知道了”，同事就会看到您已在跟进；消息卡片上的按钮会变灰。",
        "Colleagues will see that you are on it, and the buttons of the sent cards turn grey.",
    ),
    "facts": Text("详细信息", "Details"),
    "others": Text("该订单的其他未恢复异常", "Also unresolved on this order"),
    "lifeline": Text("处理经过", "Life-line"),
    "lifeline_order": Text("订单 {order} 的经过", "Life-line of order {order}"),
    "by_system": Text("系统自动", "by the system"),
    "updated": Text("更新于", "Updated"),
    "times_in": Text("时间按 {zone} 时区", "Times are in the {zone} time zone"),
    "personal": Text(
        "此链接仅供 {name} 本人使用，请勿转发", "This link is personal to {name}; please do not forward it"
    ),
    "for_group": Text("此链接发自群“{name}”", "This link was sent to the group “{name}”"),
    "switch": Text("English", "中文"),
    "unknown": Text("未知", "unknown"),
    "by": Text("{name} 于 {at} 已知晓", "{name} acknowledged this on {at}"),
    "resolved_at": Text("已于 {at} 恢复正常，无需处理", "Back to normal since {at}; nothing to do"),
    "occurrence": Text("第 {count} 次发生", "Occurrence no. {count}"),
    "home_title": Text("供应链协同", "Supply-chain hub"),
    "home_lead": Text(
        "请从企业微信消息里的链接打开异常详情。",
        "Please open incidents from the links in your WeCom messages.",
    ),
    "home_note": Text(
        "每个链接只属于收到它的人，这里没有登录入口。", "Each link belongs to its recipient; there is no sign-in here."
    ),
}

STATUS = {
    "open": Text("未处理", "Open"),
    "acknowledged": Text("已知晓", "Acknowledged"),
    "resolved": Text("已恢复", "Resolved"),
}

EVENTS = {
    "opened": Text("发现异常", "Incident found"),
    "updated": Text("情况有变化", "Situation changed"),
    "acknowledged": Text("已知晓", "Acknowledged"),
    "resolved": Text("恢复正常", "Back to normal"),
    "reopened": Text("再次发生", "Happened again"),
}

NOTES = {
    "acknowledged": Text("已记录，谢谢！", "Noted, thank you!"),
    "already": Text("之前已经处理过了，无需再点。", "This was already dealt with; nothing more to do."),
}

PROBLEMS = {
    "link": (
        Text("链接无效或已过期", "This link is invalid or has expired"),
        Text(
            "请回到企业微信，打开最新一条消息里的链接；复制时请不要漏掉字符。",
            "Please go back to WeCom and open the link in the latest message; when copying, take all of it.",
        ),
    ),
    "incident": (
        Text("没有找到这条异常", "This incident was not found"),
        Text(
            "它可能已被清理。如仍需查看，请联系 IT 同事。", "It may have been cleared. If you need it, please ask IT."
        ),
    ),
    "page": (
        Text("没有这个页面", "There is no such page"),
        Text("请从企业微信消息里的链接打开。", "Please open the link in your WeCom message."),
    ),
    "store": (
        Text("系统暂时不可用", "Temporarily unavailable"),
        Text(
            "数据没有丢失。请一两分钟后刷新本页；若一直如此，请联系 IT 同事。",
            "Nothing is lost. Please reload in a minute or two; if it stays like this, ask IT.",
        ),
    ),
    "fault": (
        Text("页面出错了", "Something went wrong"),
        Text("错误已记录。请稍后刷新本页，或联系 IT 同事。", "It has been logged. Please reload later, or ask IT."),
    ),
}
