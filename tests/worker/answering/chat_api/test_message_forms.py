"""Tool calls and their results as text, for servers that do not take their messages."""

from worker.answering.chat_api.message_forms import as_one_message, without_tool_messages

CALL = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"query": "delivery"}'}}
RULES = {"role": "system", "content": "Answer from the passages."}
ASKED = {"role": "user", "content": "How long does it take?"}
TOLD = {"role": "tool", "tool_call_id": "c1", "content": "[2] Parcels take two days."}


def test_calls_and_results_stand_at_the_end_of_the_question():
    messages = [RULES, ASKED, {"role": "assistant", "content": None, "tool_calls": [CALL]}, TOLD]
    rules, question = without_tool_messages(messages)
    assert rules == RULES
    assert question["role"] == "user"
    assert question["content"].startswith("How long does it take?")
    assert 'search {"query": "delivery"}:\n[2] Parcels take two days.' in question["content"]
    assert "already written" not in question["content"]


def test_what_has_already_reached_the_customer_is_told():
    messages = [RULES, ASKED, {"role": "assistant", "content": "I look it up [1].", "tool_calls": [CALL]}, TOLD]
    assert "I look it up [1]." in without_tool_messages(messages)[-1]["content"]


def test_messages_without_tools_stay_as_they_are():
    messages = [RULES, ASKED, {"role": "assistant", "content": "Two days."}, ASKED]
    assert without_tool_messages(messages) == messages


def test_one_message_holds_all_of_them_in_order():
    (only,) = as_one_message([RULES, ASKED, {"role": "assistant", "content": "Two days."}, ASKED])
    assert only["role"] == "user"
    assert only["content"].index("Answer from") < only["content"].index("Customer: How") < only["content"].index("Two")
