import http.server
import logging
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from pydantic import SecretStr
from requests import exceptions as lost
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError

from canonical_model.errors import ConfigError
from wecom_notify import AppClient, RetryClass, RobotClient, WeComError, app_text, robot_text
from wecom_notify._http import translate_error
from wecom_notify.testing import AGENT, CORP, ROBOT_KEY, SECRET, RunningWeCom

(HELLO,) = app_text("zhangsan", AGENT, "你好")
(TO_GROUP,) = robot_text("你好")
SEND = "/cgi-bin/message/send"


def test_one_token_serves_all_threads(wecom: RunningWeCom) -> None:
    client = wecom.app()
    payloads = [app_text("zhangsan", AGENT, f"第 {number} 条")[0] for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(client.send, payloads))
    assert len({receipt.msgid for receipt in receipts}) == 20
    assert wecom.count("gettoken") == 1


def test_the_token_is_renewed_five_minutes_before_its_end(wecom: RunningWeCom) -> None:
    client = wecom.app()
    client.send(HELLO)
    wecom.clock.forward(seconds=6899)
    client.send(HELLO)
    assert wecom.count("gettoken") == 1
    wecom.clock.forward(seconds=1)
    client.send(HELLO)
    assert wecom.count("gettoken") == 2


def test_a_token_that_ended_early_is_fetched_once_more(wecom: RunningWeCom) -> None:
    client = wecom.app()
    client.check()
    wecom.order("expire")
    assert client.send(HELLO).msgid
    assert (wecom.count("gettoken"), wecom.count("message/send")) == (2, 2)


@pytest.mark.parametrize("errcode", [40014, 42001])
def test_a_lasting_token_error_ends_after_one_refresh(wecom: RunningWeCom, errcode: int) -> None:
    wecom.order("fail", path=SEND, errcode=errcode, times=50)
    with pytest.raises(WeComError) as caught:
        wecom.app().send(HELLO)
    assert caught.value.retry_class is RetryClass.CONFIG
    assert (wecom.count("gettoken"), wecom.count("message/send")) == (2, 2)


def test_threads_that_lose_the_same_token_fetch_one_new(wecom: RunningWeCom) -> None:
    client = wecom.app()
    client.check()
    wecom.order("expire")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(client.send, [HELLO] * 6))
    assert wecom.count("gettoken") == 2


@pytest.mark.parametrize(
    ("secret", "corp_id", "errcode"), [("wrong", CORP, 40001), ("canary-secret-7f3a", "wwother", 40013)]
)
def test_wrong_credentials_open_the_breaker(wecom: RunningWeCom, secret: str, corp_id: str, errcode: int) -> None:
    client = wecom.app(SecretStr(secret), corp_id=corp_id)
    for _ in range(5):
        with pytest.raises(WeComError) as caught:
            client.send(HELLO)
        assert (caught.value.errcode, caught.value.retry_class) == (errcode, RetryClass.CONFIG)
    assert wecom.count("gettoken") == 1


def test_the_breaker_also_opens_on_sending_and_closes_by_hand(wecom: RunningWeCom) -> None:
    client = wecom.app()
    wecom.order("fail", path=SEND, errcode=40001)
    for _ in range(3):
        with pytest.raises(WeComError):
            client.send(HELLO)
    assert wecom.count("message/send") == 1
    client.reset()
    assert client.send(HELLO).msgid


def test_an_untrusted_address_does_not_open_the_breaker(wecom: RunningWeCom) -> None:
    client = wecom.app()
    wecom.order("fail", path=SEND, errcode=60020)
    with pytest.raises(WeComError) as caught:
        client.send(HELLO)
    assert caught.value.from_ip == "127.0.0.1"
    assert client.send(HELLO).msgid


def test_nothing_but_an_old_token_is_tried_twice(wecom: RunningWeCom) -> None:
    for errcode in (-1, 45009, 45033, 40058, 987654):
        before = wecom.count("message/send")
        wecom.order("fail", path=SEND, errcode=errcode)
        with pytest.raises(WeComError) as caught:
            wecom.app().send(app_text("zhangsan", AGENT, str(errcode))[0])
        assert caught.value.errcode == errcode
        assert wecom.count("message/send") == before + 1


def test_members_who_are_missed_are_on_the_receipt(wecom: RunningWeCom) -> None:
    (payload,) = app_text("ZHANGSAN|Nobody|LiSi", AGENT, "你好")
    receipt = wecom.app().send(payload)
    assert receipt.invalid_users == ("nobody",)
    assert receipt.misses("NOBODY")
    assert not receipt.misses("ZhangSan")
    assert len(wecom.records("inbox", user="zhangsan")) == 1


def test_a_refused_connection_may_be_tried_again() -> None:
    with pytest.raises(WeComError) as caught:
        AppClient(CORP, AGENT, SECRET, base_url="http://127.0.0.1:1").send(HELLO)
    assert (caught.value.retry_class, caught.value.errcode) == (RetryClass.RETRY, None)
    with pytest.raises(WeComError) as caught:
        RobotClient(ROBOT_KEY, base_url="http://127.0.0.1:1").send(TO_GROUP)
    assert caught.value.retry_class is RetryClass.RETRY


def test_a_lost_answer_is_an_unknown_outcome_and_the_retry_is_identical(wecom: RunningWeCom) -> None:
    client = wecom.app(timeout_seconds=0.3)
    client.check()
    wecom.order("drop_response", path=SEND)
    with pytest.raises(WeComError) as caught:
        client.send(HELLO)
    assert caught.value.retry_class is RetryClass.UNKNOWN_OUTCOME
    assert len(wecom.records("inbox", user="zhangsan")) == 1  # it had arrived
    client.send(HELLO)
    first, second = wecom.records("calls", path=SEND)
    assert first["sha256"] == second["sha256"]
    assert str(second["body"]).encode() == HELLO
    assert len(wecom.records("inbox", user="zhangsan")) == 1  # WeCom dropped the duplicate


def test_a_lost_token_answer_is_simply_asked_again(wecom: RunningWeCom) -> None:
    wecom.order("drop_response", path="/cgi-bin/gettoken")
    client = wecom.app(timeout_seconds=0.3)
    with pytest.raises(WeComError) as caught:
        client.check()
    assert caught.value.retry_class is RetryClass.RETRY
    client.check()


@pytest.fixture
def proxy_page() -> Iterator[str]:
    """A gateway that answers 502 with a page, as proxies do, and redirects robots."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            self.rfile.read(int(self.headers["Content-Length"]))
            status = 301 if "moved" in self.path else 502 if "broken" in self.path else 200
            self.send_response(status)
            self.send_header("Location", "https://example.invalid/")
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("moved", RetryClass.CONFIG), ("broken", RetryClass.UNKNOWN_OUTCOME), ("page", RetryClass.UNKNOWN_OUTCOME)],
)
def test_what_is_not_wecoms_answer_is_never_success(proxy_page: str, prefix: str, expected: RetryClass) -> None:
    with pytest.raises(WeComError) as caught:
        RobotClient(ROBOT_KEY, base_url=f"{proxy_page}/{prefix}").send(TO_GROUP)
    assert caught.value.retry_class is expected


def test_a_robot_takes_its_key_or_its_whole_address(wecom: RunningWeCom) -> None:
    address = SecretStr(f" {wecom.url}/cgi-bin/webhook/send?key={ROBOT_KEY.get_secret_value()} ")
    wecom.robot().send(TO_GROUP)
    RobotClient(address).send(TO_GROUP)
    assert len(wecom.records("inbox", robot=ROBOT_KEY.get_secret_value())) == 2


def test_a_robots_address_may_lie_behind_a_gateway(proxy_page: str) -> None:
    address = f"{proxy_page}/moved/cgi-bin/webhook/send?key={ROBOT_KEY.get_secret_value()}&debug=1"
    with pytest.raises(WeComError, match="HTTP 301"):
        RobotClient(SecretStr(address)).send(TO_GROUP)


@pytest.mark.parametrize("setting", ["", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send", "短", "a b c d e f g h"])
def test_a_robot_setting_that_is_neither_is_refused_without_showing_it(setting: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RobotClient(SecretStr(setting))
    assert not setting or setting not in str(caught.value)


def test_a_bad_robot_key_is_a_matter_for_the_operator(wecom: RunningWeCom) -> None:
    with pytest.raises(WeComError) as caught:
        wecom.robot(SecretStr("some-other-key")).send(TO_GROUP)
    assert (caught.value.errcode, caught.value.retry_class) == (93000, RetryClass.CONFIG)


def test_no_secret_appears_in_logs_errors_or_repr(wecom: RunningWeCom, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    app, robot = wecom.app(timeout_seconds=0.3), wecom.robot(timeout_seconds=0.3)
    app.send(HELLO)
    robot.send(TO_GROUP)
    shown = [repr(app), repr(robot)]
    token = app._tokens.get().get_secret_value()
    for path, errmsg in (
        (SEND, f"invalid access_token {token}"),
        ("/cgi-bin/webhook/send", "bad canary-robot-key-91c2"),
    ):
        wecom.order("fail", path=path, errcode=40058, errmsg=errmsg)
        wecom.order("drop_response", path=path)
    unreachable = AppClient(CORP, AGENT, SECRET, base_url="http://127.0.0.1:1")
    for send in (app.send, app.send, robot.send, robot.send, unreachable.send):
        with pytest.raises(WeComError) as caught:
            send(HELLO if send != robot.send else TO_GROUP)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        shown += [repr(caught.value), *traceback.format_exception(caught.value), caught.value.errmsg]
    text = "\n".join([caplog.text, *shown])
    assert "GET /cgi-bin/gettoken" in text  # the log lines were there to leak
    assert "webhook/send" in text
    for canary in (SECRET.get_secret_value(), ROBOT_KEY.get_secret_value(), token):
        assert canary not in text


def test_every_error_of_requests_has_its_class() -> None:
    """Fails when `requests` grows an exception that nobody has thought about."""
    unknown, retry, config = RetryClass.UNKNOWN_OUTCOME, RetryClass.RETRY, RetryClass.CONFIG
    expected = {
        "ChunkedEncodingError": unknown,
        "ConnectTimeout": retry,
        "ConnectionError": unknown,
        "ContentDecodingError": unknown,
        "HTTPError": unknown,
        "InvalidHeader": config,
        "InvalidJSONError": unknown,
        "InvalidProxyURL": config,
        "InvalidSchema": config,
        "InvalidURL": config,
        "JSONDecodeError": unknown,
        "MissingSchema": config,
        "ProxyError": retry,
        "ReadTimeout": unknown,
        "RequestException": unknown,
        "RetryError": unknown,
        "SSLError": config,
        "StreamConsumedError": unknown,
        "Timeout": unknown,
        "TooManyRedirects": unknown,
        "URLRequired": unknown,
        "UnrewindableBodyError": unknown,
    }
    errors = {
        name: kind
        for name, kind in vars(lost).items()
        if isinstance(kind, type) and issubclass(kind, lost.RequestException)
    }
    made = {name: kind("x", "", 0) if name == "JSONDecodeError" else kind("x") for name, kind in errors.items()}
    assert {name: translate_error(error, unanswered=unknown) for name, error in made.items()} == expected


def test_a_connection_that_never_stood_is_told_from_one_that_broke() -> None:
    pool = HTTPConnectionPool("127.0.0.1")
    never = MaxRetryError(pool, "/", NewConnectionError(pool, "refused"))  # type: ignore[arg-type]  # any pool will do
    assert translate_error(requests.ConnectionError(never), unanswered=RetryClass.UNKNOWN_OUTCOME) is RetryClass.RETRY
