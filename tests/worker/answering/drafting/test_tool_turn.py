"""What a model wrote before it called a tool stays the beginning of its answer."""

from tests.support.fakes import hit
from worker.answering import prompts
from worker.answering.chat_api.chat import Chat, Completion, RequestedCall
from worker.answering.drafting.tool_turn import ToolTurn
from worker.answering.tools.registry import ToolReply

CALL = RequestedCall(id="c1", name="find_order", arguments="{}")


def completed(text: str) -> Completion:
    completion = Completion()
    completion.add({"choices": [{"delta": {"content": text}, "finish_reason": "stop"}]})
    return completion


def started(*, sends=True):
    heard = []

    def listen(text, hits):
        heard.append((text, len(hits)))
        return sends

    return ToolTurn(chat=Chat([], None), given=2, on_text=listen), heard


def test_what_was_sent_before_a_call_begins_the_answer():
    turn, heard = started()
    turn.add_completion(completed("Let me look."))
    assert turn.final_text(completed("It is on its way [3].")) == "Let me look.\nIt is on its way [3]."
    turn.write("It")
    assert heard[-1][0] == "Let me look.\nIt"


def test_what_was_not_sent_and_what_a_marker_replaces_is_left_out():
    turn, _ = started(sends=False)
    turn.add_completion(completed("Let me look."))
    assert turn.final_text(completed("On its way [3].")) == "On its way [3]."
    turn, _ = started()
    turn.add_completion(completed("Let me look."))
    assert turn.final_text(completed(prompts.NO_ANSWER)) == prompts.NO_ANSWER


def test_passages_of_tools_are_numbered_after_those_of_the_prompt():
    turn, _ = started()
    turn.add_reply(CALL, ToolReply(text="", hits=[hit("The order was sent on Monday.")]))
    turn.add_reply(CALL, ToolReply(text="none", failed=True))
    assert "[3]" in turn.chat.messages[-2]["content"]
    assert turn.chat.messages[-1]["content"] == "none"
    assert turn.tried == ["find_order", "find_order, which failed"]
