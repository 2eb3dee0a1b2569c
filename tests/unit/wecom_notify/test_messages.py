import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical_model.text import JsonValue, parse_json
from wecom_notify import (
    Button,
    ButtonCard,
    MessageError,
    NoticeCard,
    app_markdown,
    app_text,
    button_card,
    notice_card,
    robot_markdown,
    robot_notice,
    robot_text,
    update_card,
    update_card_button,
    without_markup,
)
from wecom_notify._wording import clean, split_bytes

ACK = Button("ack", "我来处理")


def read(payload: bytes) -> dict[str, JsonValue]:
    message = parse_json(payload)
    assert isinstance(message, dict)
    return message


def card_of(payload: bytes) -> dict[str, JsonValue]:
    card = read(payload)["template_card"]
    assert isinstance(card, dict)
    return card


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400), st.integers(8, 64))
def test_parts_fit_and_lose_no_character(text: str, limit: int) -> None:
    parts = split_bytes(text, limit)
    assert all(len(part.encode()) <= limit for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)


def test_a_long_text_is_cut_between_lines() -> None:
    lines = [f"PO-{number:04} 行3 数量 500→300，交期晚 4 天" for number in range(200)]
    parts = [read(payload)["text"] for payload in app_text("zhangsan", 1, "\n".join(lines))]
    contents = [str(part["content"]) for part in parts if isinstance(part, dict)]
    assert [line for content in contents for line in content.split("\n")] == lines
    assert all(1900 < len(content.encode()) <= 2048 for content in contents[:-1])


def test_the_three_limits_are_bytes_of_utf8() -> None:
    text = "字" * 3000  # 9000 bytes
    assert len(app_markdown("u", 1, text)) == 5
    assert len(robot_text(text)) == 5
    assert len(robot_markdown(text)) == 3


def test_a_payload_is_plain_utf8_without_escapes_even_from_odd_input() -> None:
    (payload,) = app_text("u", 1, "交期\x00\x07\x1b晚\r\n4天\ud800 😀")
    assert b"\\u" not in payload
    assert "交期晚\\n4天? 😀".encode() in payload


def test_app_messages_ask_for_the_duplicate_check() -> None:
    message = read(app_text("ZhangSan", 1000002, "x")[0])
    assert message["enable_duplicate_check"] == "1"
    assert message["duplicate_check_interval"] == "14400"
    assert b'"agentid":1000002' in app_text("ZhangSan", 1000002, "x")[0]


def test_recipients_are_joined_once_each_whatever_their_case() -> None:
    assert read(app_text(["ZhangSan", "lisi", "zhangsan"], 1, "x")[0])["touser"] == "zhangsan|lisi"


@pytest.mark.parametrize("to", ["", " | ", [], [str(n) for n in range(1001)]])
def test_too_few_or_too_many_recipients_are_refused(to: str | list[str]) -> None:
    with pytest.raises(MessageError, match="XD-NTF-005"):
        app_text(to, 1, "x")


@pytest.mark.parametrize("content", ["", " \n ", "\x00"])
def test_an_empty_message_is_refused(content: str) -> None:
    with pytest.raises(MessageError):
        app_text("u", 1, content)


def test_a_card_is_cut_at_the_documented_lengths() -> None:
    long = "长" * 500
    card = ButtonCard("t", long, long, long, ((long, long),) * 9, long, "https://x/1", (Button("k", long),), long)
    body = card_of(button_card("u", 1, card))
    rows = body["horizontal_content_list"]
    assert isinstance(rows, list)
    assert body["main_title"] == {"title": "长" * 35 + "…", "desc": "长" * 43 + "…"}
    assert body["sub_title_text"] == "长" * 159 + "…"
    assert body["source"] == {"desc": "长" * 19 + "…", "desc_color": "0"}
    assert rows[0] == {"keyname": "长" * 4 + "…", "value": "长" * 29 + "…"}
    assert rows[5] == {"keyname": "…", "value": "+4"}
    assert body["button_list"] == [{"text": "长" * 9 + "…", "style": "1", "type": "0", "key": "k"}]


@pytest.mark.parametrize(
    "card",
    [
        ButtonCard("a b", "t", buttons=(ACK,)),
        ButtonCard("x" * 129, "t", buttons=(ACK,)),
        ButtonCard("", "t", buttons=(ACK,)),
        ButtonCard("编号", "t", buttons=(ACK,)),
        ButtonCard("t", " ", buttons=(ACK,)),
        ButtonCard("t", "t"),
        ButtonCard("t", "t", buttons=(ACK,) * 2),
        ButtonCard("t", "t", buttons=tuple(Button(str(n), "x") for n in range(7))),
        ButtonCard("t", "t", buttons=(Button("", "x"),)),
        ButtonCard("t", "t", buttons=(Button("字" * 342, "x"),)),
        ButtonCard("t", "t", buttons=(ACK,), url="javascript:alert(1)"),
        ButtonCard("t", "t", buttons=(ACK,), url="https://x/" + "a" * 1024),
    ],
)
def test_a_card_that_wecom_would_refuse_is_not_built(card: ButtonCard) -> None:
    with pytest.raises(MessageError):
        button_card("u", 1, card)


def test_a_task_id_takes_all_documented_signs() -> None:
    assert card_of(button_card("u", 1, ButtonCard("Ab9_-@" + "x" * 122, "t", buttons=(ACK,))))["card_type"]


def test_a_notice_needs_a_page() -> None:
    with pytest.raises(MessageError):
        notice_card("u", 1, NoticeCard("t", ""))
    body = card_of(notice_card("u", 1, NoticeCard("t", "https://x/1", emphasis=("3", "单"))))
    assert body["card_type"] == "text_notice"
    assert body["card_action"] == {"type": "1", "url": "https://x/1"}


def test_a_robots_card_is_cut_shorter() -> None:
    assert card_of(robot_notice(NoticeCard("长" * 30, "https://x")))["main_title"] == {"title": "长" * 25 + "…"}


def test_only_the_first_part_to_a_group_mentions() -> None:
    first, second = (read(payload)["text"] for payload in robot_text("字" * 1000, mentions=["@all"], mobiles=["138"]))
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["mentioned_list"], first["mentioned_mobile_list"]) == (["@all"], ["138"])
    assert "mentioned_list" not in second


def test_updates_address_all_or_some() -> None:
    everybody = read(update_card_button(1, "code", "张三 已处理"))
    assert everybody == {
        "atall": "1",
        "agentid": "1",
        "response_code": "code",
        "button": {"replace_name": "张三 已处理"},
    }
    some = read(update_card(1, "code", NoticeCard("t", "https://x"), at_all=False, users=["u1"], replace_text="已恢复"))
    assert (some["atall"], some["userids"]) == ("0", ["u1"])
    assert card_of(update_card(1, "c", NoticeCard("t", "https://x"), replace_text="已恢复"))["replace_text"] == "已恢复"


def test_text_from_outside_cannot_mention_or_link() -> None:
    made_safe = without_markup("<@all> [x](https://evil) <a href='https://evil'>")
    assert "<" not in made_safe
    assert "](" not in made_safe


def test_cleaning_keeps_tabs_and_line_ends() -> None:
    assert clean("a\tb\nc") == "a\tb\nc"
