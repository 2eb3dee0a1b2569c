from hypothesis import given
from hypothesis import strategies as st

from crossdock.portal._sentences import pieces


def marked(sentence: str) -> list[tuple[str, str]]:
    return [(piece.kind, piece.text) for piece in pieces(sentence) if piece.kind not in {"text", "arrow"}]


@given(st.text(alphabet="PO-18行数量500→300 ，晚4天12/1.,3月：（）days later"))
def test_the_pieces_say_what_the_sentence_says(sentence: str) -> None:
    assert "".join(piece.text for piece in pieces(sentence)) == sentence


def test_values_and_delays_are_found_in_both_languages() -> None:
    assert marked("PO-18 行3 数量 500→300箱，交期 3/1→3/5，晚4天") == [
        ("old", "500"),
        ("new", "300箱"),
        ("old", "3/1"),
        ("new", "3/5"),
        ("delay", "晚4天"),
    ]
    assert marked("PO-18 line 3 quantity 500 → 300 EA, due 3/1→3/5, 4 days later") == [
        ("old", "500"),
        ("new", "300 EA"),
        ("old", "3/1"),
        ("new", "3/5"),
        ("delay", "4 days later"),
    ]


def test_words_and_grouped_numbers_are_values_too() -> None:
    assert marked("状态 已审核→已取消") == [("old", "已审核"), ("new", "已取消")]
    assert marked("数量1,200.5→1,300") == [("old", "1,200.5"), ("new", "1,300")]
    assert marked("交期 3月1日→3月5日") == [("old", "3月1日"), ("new", "3月5日")]


def test_a_shortage_is_marked() -> None:
    assert marked("订 500箱，实收 450，少 50") == [("delay", "少 50")]
    assert marked("ordered 500, received 450, 50 short") == [("delay", "50 short")]


def test_a_sentence_without_a_change_is_one_piece() -> None:
    assert [piece.kind for piece in pieces("PO-18 至今未确认")] == ["text"]
    assert pieces("") == []
