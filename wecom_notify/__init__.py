"""Sends to WeCom (企业微信) and understands its callbacks; no database, no retries, no waiting.

`messages` builds the bytes, `AppClient` and `RobotClient` send them, `CallbackCrypto` reads what comes back, and
`wecom_notify.simulator` stands in for WeCom on one machine.
"""

from wecom_notify._wording import without_markup
from wecom_notify.callback import CallbackCrypto, CallbackEvent, SealedMessage
from wecom_notify.cards import Button, ButtonCard, NoticeCard
from wecom_notify.client import AppClient, Receipt, RobotClient
from wecom_notify.errors import CallbackError, CallbackFault, MessageError, RetryClass, WeComError, classify
from wecom_notify.messages import (
    app_markdown,
    app_text,
    button_card,
    notice_card,
    robot_markdown,
    robot_notice,
    robot_text,
    update_card,
    update_card_button,
)

__all__ = [
    "AppClient",
    "Button",
    "ButtonCard",
    "CallbackCrypto",
    "CallbackError",
    "CallbackEvent",
    "CallbackFault",
    "MessageError",
    "NoticeCard",
    "Receipt",
    "RetryClass",
    "RobotClient",
    "SealedMessage",
    "WeComError",
    "app_markdown",
    "app_text",
    "button_card",
    "classify",
    "notice_card",
    "robot_markdown",
    "robot_notice",
    "robot_text",
    "update_card",
    "update_card_button",
    "without_markup",
]
