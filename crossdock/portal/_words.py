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
    "upload_title": Text("上传表格", "Send a spreadsheet"),
    "upload_lead": Text(
        "选好表格，先看看系统读得对不对，再提交", "Choose a spreadsheet, see how it is read, then send it"
    ),
    "upload_file": Text("您的表格（Excel 或 CSV）", "Your spreadsheet (Excel or CSV)"),
    "upload_pick": Text("选择文件", "Choose a file"),
    "upload_look": Text("上传并预览", "Upload and look"),
    "upload_limit": Text(
        "最大 {size} MB，可用格式：{kinds}。预览不会入库。", "At most {size} MB; {kinds}. Looking stores nothing."
    ),
    "upload_until": Text(
        "此链接在 {until} 前有效；有链接的人都能以这个名义上传，请勿转发给外人",
        "This link is valid until {until}; whoever has it can send in this name, so please keep it to yourselves",
    ),
    "upload_history": Text("以前上传的文件", "Files sent before"),
    "upload_none": Text("还没有上传过文件。", "Nothing has been sent yet."),
    "upload_waiting": Text("等待处理", "Waiting"),
    "upload_waiting_hint": Text("已收到，排队处理中，不用再传", "Received and queued; no need to send it again"),
    "upload_stored": Text("已入库", "Stored"),
    "upload_problems": Text("有问题", "Problems"),
    "upload_parked": Text("整份未入库", "Not stored"),
    "rows_stored": Text("入库", "stored"),
    "rows_waiting": Text("等待处理", "waiting"),
    "rows_rejected": Text("要修改", "to mend"),
    "rows_unit": Text("行", "rows"),
    "seen_good": Text("看起来没有问题，共 {rows} 行数据", "Looks good: {rows} rows of data"),
    "seen_bad": Text(
        "共 {rows} 行数据，其中 {held} 行有问题，暂不会入库",
        "{rows} rows of data, {held} of which have problems and will wait",
    ),
    "seen_warned": Text(
        "共 {rows} 行数据，都能入库；有 {count} 处请留意",
        "{rows} rows of data, all can be stored; {count} places to mind",
    ),
    "seen_nothing": Text("这份文件还不能入库", "This file cannot be stored yet"),
    "seen_before": Text(
        "同样的文件在 {at} 已经传过；再提交也不会重复入库。",
        "The same file was sent on {at}; sending it again stores nothing twice.",
    ),
    "seen_macros": Text(
        "文件里有宏：宏不会运行，只读取数据。", "The file has macros: they are not run, only the data is read."
    ),
    "seen_header": Text("表头在第 {row} 行", "Header in row {row}"),
    "seen_no_header": Text("没有表头，按位置取列", "No header; columns are taken by position"),
    "seen_rows": Text("{rows} 行数据", "{rows} rows of data"),
    "seen_left_out": Text("跳过第 {rows} 行（空行、合计、落款等）", "left out row {rows} (blank, totals, signatures)"),
    "sheet": Text("工作表", "Sheet"),
    "columns": Text("各列的含义", "What the columns mean"),
    "not_used": Text("不用", "not used"),
    "first_rows": Text("前几行", "First rows"),
    "row": Text("行", "row"),
    "to_mend": Text("需要修改的地方", "What to mend"),
    "more_issues": Text(
        "还有 {count} 处，提交后可下载标好问题的表格",
        "{count} more; after sending you can download the marked workbook",
    ),
    "submit": Text("提交", "Send"),
    "submit_good": Text("提交后立即入库。", "Stored at once."),
    "submit_bad": Text(
        "没问题的行会入库；有问题的行改好后再传一次即可。",
        "Good rows are stored; mend the others and send the file again.",
    ),
    "submit_parked": Text(
        "现在提交也会留存；改好后再传，或等对方处理，才能入库。",
        "You may send it as it is; it is stored once it is mended and sent again, or the receiver deals with it.",
    ),
    "choose_other": Text("换一个文件", "Choose another file"),
    "result_good": Text("收到，全部入库", "Received, everything is stored"),
    "result_some": Text("收到，部分行需要修改", "Received; some rows are to be mended"),
    "result_parked": Text("收到，但整份文件暂未入库", "Received, but nothing of it is stored yet"),
    "result_waiting": Text("收到，正在排队处理", "Received and queued"),
    "download_marked": Text("下载标好问题的表格", "Download the marked workbook"),
    "download_bad": Text("只下载有问题的行", "Only the rows with problems"),
    "download_hint": Text(
        "表格还是您原来的样子，有问题的格子标了颜色，最右边写明原因和改法。改好后回到这里再传一次。",
        "It is your own workbook: bad cells are coloured, and at the right stands why and what to do. Mend it and send it here again.",
    ),
    "send_another": Text("再传一个文件", "Send another file"),
    "upload_kind": Text(
        "“{name}”的格式这里不收，可以传：{kinds}。请在 Excel 里另存后再传。",
        "“{name}” is of a kind that is not taken here: {kinds}. Save it in Excel as one of them.",
    ),
    "upload_broken": Text(
        "收件方的设置有误，暂时不能收文件，请告诉他们。",
        "The receiver's settings are wrong, so nothing can be taken now. Please tell them.",
    ),
    "upload_unreadable": Text(
        "这个文件读不了，可能已损坏。请用 Excel 打开，另存为新的 .xlsx 后再传。",
        "This file cannot be read; it may be damaged. Open it in Excel, save it as a new .xlsx and send that.",
    ),
    "upload_often": Text("传得太频繁了，请过十分钟再试。", "That was too often; please try again in ten minutes."),
}

UPLOAD_NOTES = {
    "waiting": Text(
        "收到！系统正忙，稍后会自动处理，不用再传。",
        "Received. The system is busy and will take it by itself; no need to send it again.",
    ),
    "already": Text("这份文件刚才已经提交过了，结果见下面。", "This file was already sent; see below."),
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
    "upload_link": (
        Text("上传链接无效", "This upload link is not valid"),
        Text(
            "请检查链接是否复制完整，或向给您链接的同事要一个新的。",
            "Please check that you copied all of it, or ask for a new one.",
        ),
    ),
    "upload_expired": (
        Text("上传链接已过期", "This upload link has expired"),
        Text(
            "请向给您链接的同事要一个新的；以前传过的文件都在，不用重传。",
            "Please ask for a new one; nothing that you sent is lost.",
        ),
    ),
    "upload_closed": (
        Text("这个链接已停用", "This link is no longer in use"),
        Text(
            "收件方调整了接收方式，请向给您链接的同事要一个新的。",
            "The receiver has changed how files are taken; please ask for a new link.",
        ),
    ),
    "upload_file": (
        Text("没有找到这份文件", "This file was not found"),
        Text(
            "它可能已过保留期，或不是用这个链接传的。",
            "It may be older than what is kept, or was not sent by this link.",
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
