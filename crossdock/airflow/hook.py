"""The hook behind connections of the type WeCom."""

from collections.abc import Mapping

from airflow.sdk import BaseHook
from pydantic import SecretStr

from canonical_model.errors import ConfigError, CrossdockError
from canonical_model.language import Language, Text
from crossdock.airflow.connections import airflow_connection, connection_values
from crossdock.airflow.provider import CONNECTION_TYPE
from wecom_notify import AppClient, RobotClient

OFFICIAL = "https://qyapi.weixin.qq.com"


class WeComHook(BaseHook):
    """Speaks to WeCom with what an Airflow connection says.

    Args:
        wecom_conn_id: A connection of the type WeCom, of an app or of a group robot.
    """

    conn_name_attr = "wecom_conn_id"
    default_conn_name = "wecom_default"
    conn_type = CONNECTION_TYPE
    hook_name = "企业微信 WeCom"

    def __init__(self, wecom_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.wecom_conn_id = wecom_conn_id

    def get_conn(self) -> AppClient | RobotClient:
        """The client of the app, or of the group robot where the connection holds a robot's key.

        Raises:
            ConfigError: The connection is missing or lacks a value.
        """
        return client_of(airflow_connection(self.wecom_conn_id), self.wecom_conn_id)

    async def aget_conn(self) -> AppClient | RobotClient:
        """The same in the triggerer.

        Raises:
            ConfigError: The connection lacks a value.
        """
        return client_of(connection_values(await self.aget_connection(self.wecom_conn_id)), self.wecom_conn_id)

    def test_connection(self) -> tuple[bool, str]:
        """Fetches a token of the app; a robot's key can only be tried by speaking."""
        try:
            client = self.get_conn()
            if isinstance(client, AppClient):
                client.check()
        except CrossdockError as error:
            return False, error.render(Language.ZH)
        return True, "连接正常 · the connection works"


def client_of(values: Mapping[str, str], name: str) -> AppClient | RobotClient:
    """The client for a connection's values.

    Raises:
        ConfigError: A value is missing, or the agent id is no number.
    """
    base_url = values.get("base_url") or OFFICIAL
    if values.get("key"):
        return RobotClient(SecretStr(values["key"]), base_url=base_url)
    missing = [key for key in ("corp_id", "agent_id", "secret") if not values.get(key)]
    if missing or not values["agent_id"].isdecimal():
        listed = ", ".join(missing) or "agent_id"
        raise ConfigError(
            Text(
                f"企业微信连接“{name}”缺少或填错了：{listed}。",
                f"The WeCom connection “{name}” lacks or misstates: {listed}.",
            ),
            hint=Text(
                "自建应用填 corp_id、agent_id（数字）和 secret；群机器人只填 key。",
                "An app needs corp_id, agent_id (a number) and secret; a group robot needs key only.",
            ),
        )
    return AppClient(values["corp_id"], int(values["agent_id"]), SecretStr(values["secret"]), base_url=base_url)
