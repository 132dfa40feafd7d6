"""Operators see the tool calls of a conversation with their arguments and results."""

import pytest

from tests.support.fakes import accept
from worker.answering.question import Question
from worker.answering.tools.call_log import SqlToolCallLog
from worker.conversations import tool_calls
from worker.errors import NotFound
from worker.states import ToolCallState
from worker.store.scope import Scope


@pytest.fixture
def question(store, workspace_id) -> Question:
    sent = accept(store, workspace_id)
    return Question(
        workspace_id=workspace_id,
        conversation_id=sent["conversation_id"],
        message_id=sent["id"],
        content=sent["content"],
    )


def test_a_call_is_listed_with_its_result(store, workspace_id, question):
    log = SqlToolCallLog(store)
    entry = log.begin(question, "order_status", {"order": "1001"}, state=ToolCallState.RUNNING)
    log.end(entry.id, state=ToolCallState.DONE, result="It was sent.", error=None, duration_ms=3)

    (call,), cursor = tool_calls.page(Scope(store, workspace_id), question.conversation_id)

    assert (call["tool"], call["arguments"], call["state"]) == ("order_status", {"order": "1001"}, "done")
    assert (call["text"], call["duration_ms"], cursor) == ("It was sent.", 3, None)
    assert tool_calls.get(Scope(store, workspace_id), entry.id) == call


def test_another_workspace_sees_no_call(store, question):
    with pytest.raises(NotFound):
        tool_calls.page(Scope(store, "other"), question.conversation_id)
