"""What WeCom can refuse, and what a sender does next.

NotifyError
├── WeComError       WeCom refused a call, or gave no answer; `retry_class` says what to do
├── MessageError     the message itself cannot be built; a mistake in the content
└── CallbackError    an incoming callback is not from WeCom, or cannot be read
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar

from pydantic import SecretStr

from canonical_model.errors import NotifyError
from canonical_model.language import Text
from canonical_model.text import clip
from wecom_notify._secrecy import scrub
from wecom_notify._sentences import BY_CLASS, BY_CODE, UNKNOWN

_FROM_IP = re.compile(r"from ip: ?([0-9a-fA-F.:]+)")
MINUTE_BLOCK_SECONDS = 60


class RetryClass(StrEnum):
    """What a sender does after an answer."""

    OK = "ok"
    RETRY = "retry"  # try again with back-off, a bounded number of times
    WAIT = "wait"  # try again after `wait_seconds`
    TOKEN = "token"  # noqa: S105  # fetch a new access token once and try once more; the client does this itself
    RECIPIENT = "recipient"  # send it to somebody else
    PAYLOAD = "payload"  # the content is wrong: never again as it is
    CONFIG = "config"  # an operator must act; stop calling
    UNKNOWN_OUTCOME = "unknown_outcome"  # it may have been delivered: only an identical payload may be sent again


# Tencent's global error table (developer.work.weixin.qq.com/document/path/90313), the codes a sender can meet.
_CODES: dict[RetryClass, frozenset[int]] = {
    RetryClass.OK: frozenset({0, 86215}),
    RetryClass.RETRY: frozenset({-1, 6000, 45033}),
    RetryClass.WAIT: frozenset({45009}),
    RetryClass.TOKEN: frozenset({40014, 42001}),
    RetryClass.RECIPIENT: frozenset(
        {40003, 40066, 40068, 46004, 50002, 60003, 60011, 60111, 60123, 81013, 86006, 86007, 701008}
    ),
    RetryClass.CONFIG: frozenset(
        {40001, 40013, 40056, 40057, 40091, 41004, 43012, 48002, 48006, 48009, 50001, 50003, 60020, 80001, 86008}
        | {93000, 93004, 93008, 301002}
    ),
    RetryClass.PAYLOAD: frozenset(
        {40004, 40005, 40006, 40007, 40008, 40029, 40031, 40032, 40033, 40035, 40039, 40050, 40058, 40063, 40078}
        | {42022, 44001, 44004, 45001, 45002, 45008, 45029, 45034, 81012, 82001, 82002, 82003}
        | {86001, 86003, 86004, 86005, 86204, 86207, 86216}
        | set(range(42014, 42021))
        | set(range(42027, 42052))
        | (set(range(41001, 41100)) - {41004})
    ),
}
_CLASS_OF = {code: retry_class for retry_class, codes in _CODES.items() for code in codes}


def classify(errcode: int) -> RetryClass:
    """What to do after `errcode`; a code that nobody has described is tried again, a bounded number of times."""
    return _CLASS_OF.get(errcode, RetryClass.RETRY)


class WeComError(NotifyError):
    """WeCom refused a call, or gave no answer.

    Args:
        errcode: WeCom's code; None when no answer arrived.
        errmsg: WeCom's text, or what the network said; kept with its hint, without secrets.
        where: The call concerned, "message/send".
        retry_class: What to do next, where the code alone does not decide it.
        secrets: Values that must not appear in any text of this error.

    Attributes:
        from_ip: The address that WeCom saw us come from; empty when it did not say.
        wait_seconds: How long a minute-level block lasts; 60 for 45009, and for 60020, since a trusted
            address takes effect one minute after it was saved.
    """

    code = "XD-NTF-002"

    def __init__(
        self,
        errcode: int | None,
        errmsg: str,
        *,
        where: str = "",
        retry_class: RetryClass | None = None,
        secrets: Iterable[SecretStr] = (),
    ) -> None:
        self.errcode = errcode
        self.errmsg = scrub(errmsg, secrets)
        self.retry_class = retry_class or (RetryClass.RETRY if errcode is None else classify(errcode))
        found = _FROM_IP.search(self.errmsg)
        self.from_ip = found.group(1) if found else ""
        self.wait_seconds = MINUTE_BLOCK_SECONDS if errcode in {45009, 60020} else 0
        code = "XD-NTF-002" if errcode is not None else "XD-NTF-003"
        if self.retry_class is RetryClass.UNKNOWN_OUTCOME:
            code = "XD-NTF-004"
        what, hint = self._sentence()
        super().__init__(what, where=where, hint=hint, code=code)

    def _sentence(self) -> tuple[Text, Text]:
        known = BY_CODE.get(self.errcode or 0) or (BY_CLASS.get(self.retry_class) if self.errcode is None else None)
        what, hint = known or UNKNOWN
        values = {"errcode": self.errcode, "errmsg": clip(self.errmsg, 200), "ip": self.from_ip or "?"}
        return what.format(**values), hint.format(**values)


class MessageError(NotifyError):
    """A message cannot be built: empty, without recipients, or against a rule of WeCom."""

    code = "XD-NTF-005"
    retry_class: ClassVar[RetryClass] = RetryClass.PAYLOAD


class CallbackFault(StrEnum):
    """Why a callback was refused, by the names of Tencent's sample code where it has one."""

    SIGNATURE = "ValidateSignature_Error"
    PARSE = "ParseXml_Error"
    AES_KEY = "IllegalAesKey"
    RECEIVE_ID = "ValidateCorpid_Error"
    DECRYPT = "DecryptAES_Error"
    BUFFER = "IllegalBuffer"
    TIMESTAMP = "StaleTimestamp"  # our own policy; Tencent documents no window


_TENCENT_CODES = {
    CallbackFault.SIGNATURE: -40001,
    CallbackFault.PARSE: -40002,
    CallbackFault.AES_KEY: -40004,
    CallbackFault.RECEIVE_ID: -40005,
    CallbackFault.DECRYPT: -40007,
    CallbackFault.BUFFER: -40008,
}
_CHECK_SETTINGS = Text(
    "请核对企业微信后台“接收消息”里的 Token、EncodingAESKey 和企业 ID。",
    "Compare Token, EncodingAESKey and corp id with 接收消息 in the WeCom console.",
)
_CHECK_TIME = Text("请检查本机时钟是否准确。", "Check that this machine's clock is right.")


class CallbackError(NotifyError):
    """An incoming callback is not from WeCom, is too old, or cannot be read.

    Attributes:
        fault: Why, by Tencent's name.
        errcode: Tencent's number for it; None for our own time window.
    """

    code = "XD-NTF-006"

    def __init__(self, fault: CallbackFault, detail: str = "") -> None:
        self.fault = fault
        self.errcode = _TENCENT_CODES.get(fault)
        number = f" {self.errcode}" if self.errcode else ""
        hint = _CHECK_TIME if fault is CallbackFault.TIMESTAMP else _CHECK_SETTINGS
        super().__init__(
            Text(f"拒绝企业微信回调：{fault}{number}", f"WeCom callback refused: {fault}{number}"),
            where=clip(detail),
            hint=hint,
        )
