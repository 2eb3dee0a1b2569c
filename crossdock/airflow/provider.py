"""What Airflow's pages know of us: the connection form of WeCom, and the notifier."""

CONNECTION_TYPE = "wecom"


def get_provider_info() -> dict[str, object]:
    """The description that Airflow asks of a provider (entry point `apache_airflow_provider`).

    Airflow calls this while it is being imported, so this module imports nothing.
    """
    return {
        "package-name": "crossdock",
        "name": "Crossdock",
        "description": "供应链集成：数据源、统一模型、企业微信提醒 · Supply-chain integration with WeCom alerts.",
        "connection-types": [
            {
                "connection-type": CONNECTION_TYPE,
                "hook-class-name": "crossdock.airflow.hook.WeComHook",
                "hook-name": "企业微信 WeCom",
                "ui-field-behaviour": {
                    "hidden-fields": ["host", "schema", "login", "password", "port", "extra"],
                    "relabeling": {},
                    "placeholders": {},
                },
                "conn-fields": {
                    "corp_id": _field("企业 ID · Corp id", "我的企业 → 企业信息，以 ww 开头"),
                    "agent_id": _field("应用 AgentId · Agent id", "应用管理 → 自建应用"),
                    "secret": _field("应用 Secret · App secret", "应用管理 → 自建应用", is_secret=True),
                    "token": _field("回调 Token · Callback token", "应用 → 接收消息", is_secret=True),
                    "aes_key": _field("回调 EncodingAESKey", "应用 → 接收消息，43 个字符", is_secret=True),
                    "key": _field(
                        "群机器人 key 或 Webhook 地址 · Robot's key", "只用群机器人时填这一项", is_secret=True
                    ),
                    "base_url": _field("接口地址 · API address", "留空：https://qyapi.weixin.qq.com"),
                },
            }
        ],
        "notifications": ["crossdock.airflow.notifier.WeComNotifier"],
    }


def _field(label: str, description: str, *, is_secret: bool = False) -> dict[str, object]:
    schema: dict[str, object] = {"type": ["string", "null"]}
    return {
        "label": label,
        "description": description,
        "schema": schema | ({"format": "password"} if is_secret else {}),
    }
