import base64
import warnings
from datetime import UTC, datetime
from types import ModuleType

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from wecom_notify import CallbackCrypto, CallbackError, CallbackFault, SealedMessage
from wecom_notify.callback import parse_document

# Published by Tencent: V0 in developer.work.weixin.qq.com/document/path/90968, V1 and V2 in its sample code.
V0_KEY = SecretStr("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")
V1_TOKEN, V1_CORP = SecretStr("hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo"), "ww1436e0e65a779aee"
V1_KEY = SecretStr("6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt")
V2_BODY = (
    b"<xml><ToUserName><![CDATA[ww1436e0e65a779aee]]></ToUserName>\n<Encrypt><![CDATA[Kl7kjoSf6DMD1zh7rtrHjFaDapSCka"
    b"Onwu3bqLc5tAybhhMl9pFeK8NslNPVdMwmBQTNoW4mY7AIjeLvEl3NyeTkAgGzBhzTtRLNshw2AEew+kkYcD+Fq72Kt00fT0WnN87hGrW8SqGc+N"
    b"cT3mu87Ha3dz1pSDi6GaUA6A0sqfde0VJPQbZ9U+3JWcoD4Z5jaU0y9GSh010wsHF8KZD24YhmZH4ch4Ka7ilEbjbfvhKkNL65HHL0J6EYJIZUC2"
    b"pFrdkJ7MhmEbU2qARR4iQHE7wy24qy0cRX3Mfp6iELcDNfSsPGjUQVDGxQDCWjayJOpcwocugux082f49HKYg84EpHSGXAyh+/oxwaWbvL6aSDPO"
    b"YuPDGOCI8jmnKiypE+]]></Encrypt>\n<AgentID><![CDATA[1000002]]></AgentID>\n</xml>"
)
NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
CLICK = (
    "<xml><ToUserName><![CDATA[ww1436e0e65a779aee]]></ToUserName><FromUserName><![CDATA[ZhangSan]]></FromUserName>"
    "<CreateTime>1795311000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[template_card_event]]></Event>"
    "<EventKey><![CDATA[ack]]></EventKey><TaskId><![CDATA[inc-1]]></TaskId><CardType>button_interaction</CardType>"
    "<ResponseCode><![CDATA[rc-1]]></ResponseCode><AgentID>1000002</AgentID><SelectedItems><SelectedItem><QuestionKey>q1"
    "</QuestionKey><OptionIds><OptionId>a</OptionId><OptionId>b</OptionId></OptionIds></SelectedItem></SelectedItems></xml>"
)


def at(seconds: int) -> CallbackCrypto:
    return CallbackCrypto(V1_TOKEN, V1_KEY, V1_CORP, clock=lambda: datetime.fromtimestamp(seconds, UTC))


@pytest.fixture
def crypto() -> CallbackCrypto:
    return at(int(STAMP))


def envelope(sealed: SealedMessage) -> bytes:
    return f"<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{sealed.encrypt}]]></Encrypt></xml>".encode()


def test_tencents_vector_0_opens() -> None:
    v0 = CallbackCrypto(
        SecretStr("QDG6eK"), V0_KEY, "wx5823bf96d3bd56c7", clock=lambda: datetime.fromtimestamp(1409659589, UTC)
    )
    echostr = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    signature = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert v0.verify_url(signature, "1409659589", "263014780", echostr) == "1616140317555161061"


def test_tencents_vector_1_opens() -> None:
    echostr = "fsi1xnbH4yQh0+PJxcOdhhK6TDXkjMyhEPA7xB2TGz6b+g7xyAbEkRxN/3cNXW9qdqjnoVzEtpbhnFyq6SVHyA=="
    signature = "012bc692d0a58dd4b10f8dfe5c4ac00ae211ebeb"
    assert at(1476416373).verify_url(signature, "1476416373", "47744683", echostr) == "1288432023552776189"


def test_tencents_vector_2_opens() -> None:
    event = at(1476422779).decrypt("0c3914025cb4b4d68103f6bfc8db550f79dcf48e", "1476422779", "1597212914", V2_BODY)
    assert (event.from_user, event.msg_type, event.agent_id) == ("ChenJiaShun", "text", 1000002)
    assert event.raw["Content"] == "你好"
    assert event.create_time == datetime.fromtimestamp(1476422779, UTC)
    assert event.dedupe_key == "msg:1456453720"


def test_a_click_says_who_pressed_what(crypto: CallbackCrypto) -> None:
    sealed = crypto.encrypt(CLICK)
    event = crypto.decrypt(body=envelope(sealed), **sealed.query)
    assert (event.from_user, event.event, event.event_key) == ("ZhangSan", "template_card_event", "ack")
    assert (event.task_id, event.response_code, event.agent_id) == ("inc-1", "rc-1", 1000002)
    items = event.raw["SelectedItems"]
    assert items == {"SelectedItem": {"QuestionKey": "q1", "OptionIds": {"OptionId": ["a", "b"]}}}


def test_the_json_envelope_opens_too(crypto: CallbackCrypto) -> None:
    sealed = crypto.encrypt(CLICK)
    body = f'{{"tousername":"x","encrypt":"{sealed.encrypt}","agentid":218}}'.encode()
    assert crypto.decrypt(body=body, **sealed.query).event_key == "ack"
    inner = crypto.encrypt(
        '{"FromUserName":"li","CreateTime":1795311000,"MsgType":"text","MsgId":12345678901234567890}'
    )
    assert crypto.decrypt(body=envelope(inner), **inner.query).dedupe_key == "msg:12345678901234567890"


def test_repetitions_share_a_key_and_two_clicks_in_a_second_do_not(crypto: CallbackCrypto) -> None:
    def key(text: str) -> str:
        sealed = crypto.encrypt(text)
        return crypto.decrypt(body=envelope(sealed), **sealed.query).dedupe_key

    assert key(CLICK) == key(CLICK)
    assert len({key(CLICK), key(CLICK.replace("ack", "later")), key(CLICK.replace("inc-1", "inc-2"))}) == 3
    assert key(CLICK) != key(CLICK.replace("rc-1", "rc-2"))


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_again(message: str) -> None:
    crypto = at(int(STAMP))
    sealed = crypto.encrypt(message)
    assert crypto.verify_url(echostr=sealed.encrypt, **sealed.query) == message


@pytest.fixture(scope="module")
def oracle() -> ModuleType:
    """wechatpy, an independent implementation; its warnings about its own age are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wechatpy.enterprise.crypto as module
    return module  # type: ignore[no-any-return]  # wechatpy has no types


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 23, 24, 25, 31, 32, 33, 500])
def test_wechatpy_reads_what_we_write_and_we_read_what_it_writes(
    oracle: ModuleType, crypto: CallbackCrypto, length: int
) -> None:
    other = oracle.WeChatCrypto(V1_TOKEN.get_secret_value(), V1_KEY.get_secret_value(), V1_CORP)
    text = "<xml><CreateTime>1</CreateTime><Content>" + "字" * length + "</Content></xml>"
    sealed = crypto.encrypt(text)
    read = other.decrypt_message(envelope(sealed).decode(), sealed.msg_signature, sealed.timestamp, sealed.nonce)
    assert read == text
    written = parse_document(other.encrypt_message(text, "nonce1", STAMP).encode())
    event = crypto.decrypt(
        str(written["MsgSignature"]), STAMP, "nonce1", f"<xml><Encrypt>{written['Encrypt']}</Encrypt></xml>".encode()
    )
    assert event.raw["Content"] == ("字" * length)


def fault_of(crypto: CallbackCrypto, sealed: SealedMessage, **changed: str) -> CallbackFault:
    with pytest.raises(CallbackError) as caught:
        crypto.verify_url(**({**sealed.query, "echostr": sealed.encrypt} | changed))
    return caught.value.fault


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce", "echostr"])
def test_a_changed_part_breaks_the_signature(crypto: CallbackCrypto, name: str) -> None:
    sealed = crypto.encrypt("hello")
    value = {**sealed.query, "echostr": sealed.encrypt}[name]
    assert fault_of(crypto, sealed, **{name: ("1" if value[0] == "0" else "0") + value[1:]}) is CallbackFault.SIGNATURE
    assert fault_of(crypto, sealed, **{name: "签名"}) is CallbackFault.SIGNATURE


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_an_old_or_future_callback_is_refused(crypto: CallbackCrypto, seconds: int) -> None:
    sealed = crypto.encrypt("hello", timestamp=str(int(STAMP) - seconds))
    assert fault_of(crypto, sealed) is CallbackFault.TIMESTAMP


@pytest.mark.parametrize("stamp", ["soon", "-5", "1" * 5000, "１７９５３１１０００"])
def test_a_time_stamp_that_is_none_is_refused(crypto: CallbackCrypto, stamp: str) -> None:
    assert fault_of(crypto, crypto.encrypt("hello", timestamp=stamp)) is CallbackFault.TIMESTAMP


def test_a_callback_from_five_minutes_ago_is_taken(crypto: CallbackCrypto) -> None:
    sealed = crypto.encrypt("hello", timestamp=str(int(STAMP) - 300))
    assert crypto.verify_url(echostr=sealed.encrypt, **sealed.query) == "hello"


def test_plus_signs_that_became_blanks_do_no_harm(crypto: CallbackCrypto) -> None:
    sealed = next(sealed for sealed in iter(lambda: crypto.encrypt("hello"), None) if "+" in sealed.encrypt)
    assert crypto.verify_url(echostr=sealed.encrypt.replace("+", " "), **sealed.query) == "hello"


def test_another_corps_message_is_refused(crypto: CallbackCrypto) -> None:
    other = CallbackCrypto(V1_TOKEN, V1_KEY, "wwother", clock=lambda: NOW)
    assert fault_of(crypto, other.encrypt("hello")) is CallbackFault.RECEIVE_ID


def encrypted(plain: bytes) -> str:
    key = base64.b64decode(V1_KEY.get_secret_value() + "=")
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


@pytest.mark.parametrize(
    ("plain", "fault"),
    [
        (b"r" * 16 + b"\0\0\0\1x" + V1_CORP.encode() + b"\x19" * 24 + b"\x18", CallbackFault.DECRYPT),
        (b"r" * 31 + b"\0", CallbackFault.DECRYPT),
        (b"r" * 31 + b"\x21", CallbackFault.DECRYPT),
        (b"r" * 16 + b"\xff\xff\xff\xff" + b"\x0c" * 12, CallbackFault.BUFFER),
        (b"\x20" * 32, CallbackFault.BUFFER),
        (b"r" * 16 + b"\0\0\0\1\xff" + V1_CORP.encode() + b"\x19" * 25, CallbackFault.BUFFER),
    ],
    ids=["one pad byte wrong", "pad zero", "pad 33", "length beyond the end", "nothing but pad", "not UTF-8"],
)
def test_a_damaged_envelope_has_its_name(crypto: CallbackCrypto, plain: bytes, fault: CallbackFault) -> None:
    text = encrypted(plain)
    signature = crypto._sign(STAMP, "n", text)
    with pytest.raises(CallbackError) as caught:
        crypto.verify_url(signature, STAMP, "n", text)
    assert caught.value.fault is fault


@pytest.mark.parametrize("text", ["", "!!!", "QUJD", "QUJ"])
def test_what_is_not_a_cipher_text_is_refused(crypto: CallbackCrypto, text: str) -> None:
    with pytest.raises(CallbackError) as caught:
        crypto.verify_url(crypto._sign(STAMP, "n", text), STAMP, "n", text)
    assert caught.value.fault is CallbackFault.BUFFER


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<xml>",
        b"plain",
        b"{not json",
        b"[1]",
        b"<xml>text only</xml>",
        b"\xff\xfe",
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml><Encrypt>x</Encrypt></xml>',
        b"<xml>" + b"x" * 1_000_000 + b"</xml>",
    ],
)
def test_a_body_that_is_no_envelope_is_refused(crypto: CallbackCrypto, body: bytes) -> None:
    with pytest.raises(CallbackError) as caught:
        crypto.decrypt("s", STAMP, "n", body)
    assert caught.value.fault is CallbackFault.PARSE


def test_an_envelope_without_cipher_text_is_not_signed(crypto: CallbackCrypto) -> None:
    with pytest.raises(CallbackError) as caught:
        crypto.decrypt("s", STAMP, "n", b"<xml><ToUserName>x</ToUserName></xml>")
    assert caught.value.fault is CallbackFault.SIGNATURE


@pytest.mark.parametrize("key", ["", "short", "x" * 44, "!" * 43])
def test_a_malformed_key_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(CallbackError) as caught:
        CallbackCrypto(SecretStr("t"), SecretStr(key), "ww")
    assert caught.value.fault is CallbackFault.AES_KEY
    assert caught.value.errcode == -40004
    assert not key or key not in str(caught.value)


def test_neither_token_nor_key_is_in_the_repr(crypto: CallbackCrypto) -> None:
    assert V1_TOKEN.get_secret_value() not in repr(vars(crypto))
    assert V1_KEY.get_secret_value() not in repr(vars(crypto))
