import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from web.assistants.openai_format import MAX_TURNS, pieces, question_of
from worker.errors import Invalid


def test_the_last_message_is_the_question_and_instructions_to_the_model_are_ignored():
    messages = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "user", "content": "Do you ship to Norway?"},
        {"role": "assistant", "content": "Yes."},
        {"role": "tool", "content": "42"},
        {"role": "user", "content": [{"type": "text", "text": "How much"}, {"type": "text", "text": "is it?"}]},
    ]
    found = question_of(messages, field="messages")
    assert found.question == "How much\nis it?"
    assert found.turns == [
        {"role": "customer", "content": "Do you ship to Norway?"},
        {"role": "assistant", "content": "Yes."},
    ]


def test_of_a_long_conversation_the_newest_turns_count():
    messages = [{"role": "user", "content": str(number)} for number in range(200)]
    found = question_of(messages, field="messages")
    assert (found.question, len(found.turns), found.turns[-1]["content"]) == ("199", MAX_TURNS, "198")


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        ([{"role": "assistant", "content": "Hello"}], "messages"),
        ([{"role": "user", "content": "  "}], "messages"),
        ([{"role": "user", "content": None}], "messages"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}], "messages.0.content"),
        ([{"role": "user", "content": {"text": "x"}}], "messages.0.content"),
        ([{"role": "user", "content": ["x"]}], "messages.0.content"),
        ([{"role": ["user"], "content": "x"}], "messages"),
        ([{"role": "user", "content": "x" * 20_001}], "messages"),
    ],
)
def test_what_holds_no_question_is_refused_by_its_field(messages, field):
    with pytest.raises(Invalid) as refused:
        question_of(messages, field="messages")
    assert refused.value.field == field


@given(st.text(alphabet=st.sampled_from("ab \n\t\u2028é"), max_size=200))
@example("[1] Returns: https://help.example.com/hc/en-us/articles/360001234567-How-to-return-an-order-within-30-days")
@example("返品は" * 40)
def test_the_pieces_of_a_text_are_the_text(text):
    assert "".join(pieces(text)) == text


def test_what_nobody_writes_is_dropped_and_long_turns_are_cut():
    messages = [
        {"role": "user", "content": "x" * 30_000},
        {"role": "assistant", "content": [{"type": "output_text", "text": "No."}, {"type": "refusal", "refusal": "r"}]},
        {"role": "user", "content": "Why\x00 \ud800?"},
    ]
    found = question_of(messages, field="messages")
    assert found.question == "Why ?"
    assert [len(turn["content"]) for turn in found.turns] == [20_000, 3]
