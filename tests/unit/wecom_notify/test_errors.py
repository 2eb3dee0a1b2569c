import pytest
from pydantic import SecretStr

from canonical_model.errors import NotifyError
from canonical_model.language import Language
from wecom_notify import CallbackError, CallbackFault, MessageError, RetryClass, WeComError, classify
from wecom_notify._sentences import BY_CODE


@pytest.mark.parametrize(
    ("errcode", "expected"),
    [
        (0, RetryClass.OK),
        (86215, RetryClass.OK),
        (-1, RetryClass.RETRY),
        (45033, RetryClass.RETRY),
        (45009, RetryClass.WAIT),
        (40014, RetryClass.TOKEN),
        (42001, RetryClass.TOKEN),
        (40001, RetryClass.CONFIG),
        (41004, RetryClass.CONFIG),
        (60020, RetryClass.CONFIG),
        (93000, RetryClass.CONFIG),
        (301002, RetryClass.CONFIG),
        (81013, RetryClass.RECIPIENT),
        (60111, RetryClass.RECIPIENT),
        (40058, RetryClass.PAYLOAD),
        (41016, RetryClass.PAYLOAD),
        (42045, RetryClass.PAYLOAD),
        (44004, RetryClass.PAYLOAD),
        (987654, RetryClass.RETRY),
    ],
)
def test_every_code_has_its_next_step(errcode: int, expected: RetryClass) -> None:
    assert classify(errcode) is expected


def test_an_untrusted_address_is_named_in_the_sentence() -> None:
    error = WeComError(
        60020, "not allow to access from your ip, hint: [1], from ip: 203.0.113.7, more info at https://x"
    )
    assert error.from_ip == "203.0.113.7"
    assert "203.0.113.7" in error.render(Language.ZH)
    assert "企业可信IP" in error.render(Language.ZH)
    assert "hint: [1]" in error.errmsg


def test_a_rate_limit_says_how_long_to_wait() -> None:
    assert WeComError(45009, "").wait_seconds == 60
    assert WeComError(40058, "").wait_seconds == 0


def test_an_unknown_code_shows_what_wecom_said() -> None:
    assert "{odd} 新错误" in WeComError(987654, "{odd} 新错误").render(Language.ZH)


@pytest.mark.parametrize("errcode", sorted(BY_CODE))
def test_every_known_sentence_is_chinese_and_complete(errcode: int) -> None:
    text = WeComError(errcode, "text, from ip: 192.0.2.1").render(Language.ZH)
    assert "{" not in text
    assert any("\u4e00" <= sign <= "\u9fff" for sign in text)
    assert WeComError(errcode, "").hint.en


def test_secrets_are_masked_by_value_and_by_parameter() -> None:
    error = WeComError(-1, "GET /x?access_token=abc&key=def said canary", secrets=[SecretStr("canary")])
    for secret in ("abc", "def", "canary"):
        assert secret not in error.errmsg + str(error) + repr(error)


def test_each_failure_has_its_own_code_and_never_fails_a_run() -> None:
    errors: list[NotifyError] = [
        WeComError(40058, ""),
        WeComError(None, "ConnectTimeout"),
        WeComError(None, "ReadTimeout", retry_class=RetryClass.UNKNOWN_OUTCOME),
        MessageError(WeComError(0, "").what),
        CallbackError(CallbackFault.SIGNATURE),
    ]
    assert len({error.problem_code for error in errors}) == len(errors)
    assert {error.exit_code for error in errors} == {0}
