"""A retried message repeats no tool call, and a confirmation is good for an hour."""

from dataclasses import replace

import pytest

from tests.support.fakes import TableClock, accept
from worker.answering.question import Question
from worker.answering.tools.call_log import SqlToolCallLog
from worker.states import ToolCallState

ORDER = {"order": "1001"}


@pytest.fixture
def question(store, workspace_id):
    sent = accept(store, workspace_id)
    return Question(
        workspace_id=workspace_id, conversation_id=sent["conversation_id"], message_id=sent["id"], content="Cancel it"
    )


@pytest.fixture
def log(store):
    return SqlToolCallLog(store)


def test_a_call_that_succeeded_is_not_repeated(log, question):
    call = log.begin(question, "cancel", ORDER, state=ToolCallState.RUNNING)
    assert call.result is None
    log.end(call.id, state=ToolCallState.DONE, result="Done.", error=None, duration_ms=3)
    again = log.begin(question, "cancel", ORDER, state=ToolCallState.RUNNING)
    assert (again.id, again.result) == (call.id, "Done.")


def test_a_call_that_failed_is_repeated_under_its_id(log, question):
    call = log.begin(question, "cancel", ORDER, state=ToolCallState.RUNNING)
    log.end(call.id, state=ToolCallState.FAILED, result=None, error="timed out", duration_ms=3)
    again = log.begin(question, "cancel", ORDER, state=ToolCallState.RUNNING)
    assert (again.id, again.result) == (call.id, None)


def test_other_arguments_another_tool_and_another_message_are_other_calls(log, question):
    later = replace(question, message_id="msg_later")
    ids = {
        log.begin(question, "cancel", ORDER, state=ToolCallState.RUNNING).id,
        log.begin(question, "cancel", {"order": "1002"}, state=ToolCallState.RUNNING).id,
        log.begin(question, "look_up", ORDER, state=ToolCallState.RUNNING).id,
        log.begin(later, "cancel", ORDER, state=ToolCallState.RUNNING).id,
    }
    assert len(ids) == 4


def test_a_later_message_confirms_a_call_and_finds_it_again_when_it_is_retried(log, question):
    later = replace(question, message_id="msg_later")
    call = log.begin(question, "cancel", ORDER, state=ToolCallState.WAITING)
    assert log.pending(question) is None
    waiting = log.pending(later)
    assert (waiting.id, waiting.tool, waiting.arguments) == (call.id, "cancel", ORDER)
    assert (waiting.confirmed, waiting.done) == (False, False)
    log.confirm(call.id, later)
    assert (log.pending(later).confirmed, log.pending(later).done) == (True, False)
    log.end(call.id, state=ToolCallState.DONE, result="Done.", error=None, duration_ms=3)
    assert (log.pending(later).confirmed, log.pending(later).done) == (True, True)
    assert log.pending(replace(question, message_id="msg_third")) is None


def test_after_an_hour_a_call_cannot_be_confirmed(store, log, question):
    later = replace(question, message_id="msg_later")
    log.begin(question, "cancel", ORDER, state=ToolCallState.WAITING)
    TableClock.advance(store, 3_599)
    assert log.pending(later) is not None
    TableClock.advance(store, 1)
    assert log.pending(later) is None


def test_calls_that_wait_are_closed_together_and_others_stay(log, question):
    later = replace(question, message_id="msg_later")
    log.begin(question, "cancel", ORDER, state=ToolCallState.WAITING)
    running = log.begin(question, "look_up", ORDER, state=ToolCallState.RUNNING)
    log.close_pending(later, state=ToolCallState.REFUSED)
    assert log.pending(later) is None
    assert log.begin(question, "look_up", ORDER, state=ToolCallState.RUNNING).id == running.id
