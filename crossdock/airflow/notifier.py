"""A WeCom message from any DAG, whether it uses Crossdock or not.

on_failure_callback=[WeComNotifier("{{ dag.dag_id }}.{{ ti.task_id }} 失败", to="LiWei")]
"""

import asyncio
from collections.abc import Sequence

from airflow.sdk import BaseNotifier, Context

from canonical_model.errors import ConfigError
from canonical_model.language import Text
from crossdock.airflow.hook import WeComHook
from wecom_notify import AppClient, RobotClient, app_markdown, robot_markdown


class WeComNotifier(BaseNotifier):
    """Sends one message to members (through an app) or to a group (through its robot).

    Args:
        message: Markdown; a Jinja template over the task's context.
        to: WeCom userid, several joined by "|"; a template too. Needed for an app, ignored by a group robot.
        wecom_conn_id: Connection of the type WeCom.
        occurrence: What tells two like messages apart, which WeCom drops within four hours; a template.
    """

    template_fields: Sequence[str] = ("message", "to", "occurrence")

    def __init__(
        self,
        message: str = "{{ dag.dag_id }}.{{ ti.task_id }} 失败 / failed",
        *,
        to: str = "",
        wecom_conn_id: str = WeComHook.default_conn_name,
        occurrence: str = "{{ run_id | default('') }}",
        context: Context | None = None,
    ) -> None:
        super().__init__(context)
        self.message = message
        self.to = to
        self.occurrence = occurrence
        self.wecom_conn_id = wecom_conn_id

    def notify(self, context: Context) -> None:
        """Sends it from a task or the DAG processor.

        Raises:
            ConfigError: The connection is wrong, or an app has no recipient.
            NotifyError: WeCom did not take it.
        """
        self._send(WeComHook(self.wecom_conn_id).get_conn())

    async def async_notify(self, context: Context) -> None:
        """Sends it from the triggerer, as for deadline alerts.

        Raises:
            ConfigError: The connection is wrong, or an app has no recipient.
            NotifyError: WeCom did not take it.
        """
        client = await WeComHook(self.wecom_conn_id).aget_conn()
        await asyncio.to_thread(self._send, client)

    def _send(self, client: AppClient | RobotClient) -> None:
        if isinstance(client, RobotClient):
            payloads = robot_markdown(self.message)
        elif self.to:
            payloads = app_markdown(self.to, client.agent_id, self.message, occurrence=self.occurrence)
        else:
            raise ConfigError(
                Text(
                    f"没有收件人：连接“{self.wecom_conn_id}”是自建应用。",
                    f"No recipient, and “{self.wecom_conn_id}” is an app.",
                ),
                hint=Text('请写 to="成员账号"。', 'Say to="userid".'),
            )
        for payload in payloads:
            client.send(payload)
