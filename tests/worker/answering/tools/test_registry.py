"""Tools run when they may, as they were called, once; and no failure of one reaches the customer."""

import json
from dataclasses import dataclass, field, replace

import pytest

from worker.answering.question import Question
from worker.answering.tools.registry import (
    PendingCall,
    Registry,
    Tool,
    ToolCallEntry,
    ToolFailed,
    ToolResult,
    fill_template,
    validate_arguments,
)
from worker.conversations.sessions import Turn
from worker.states import Role, ToolCallState

SCHEMA = {
    "type": "object",
    "properties": {"order_id": {"type": "string"}},
    "required": ["order_id"],
    "additionalProperties": False,
}
ASKED = "Shall I cancel order 7?"


@dataclass
class FakeCallLog:
    """A call log in memory."""

    waiting: PendingCall | None = None
    known: ToolCallEntry | None = None
    entries: list[tuple[object, ...]] = field(default_factory=list)

    def begin(self, _question, tool, arguments, *, state) -> ToolCallEntry:
        self.entries.append(("begin", tool, dict(arguments), state))
        return self.known or ToolCallEntry(id="tool_1")

    def end(self, id, *, state, result, error, duration_ms) -> None:
        self.entries.append(("end", id, state, result, error))

    def pending(self, _question) -> PendingCall | None:
        return self.waiting

    def confirm(self, id, _question) -> None:
        self.entries.append(("confirm", id))

    def close_pending(self, _question, *, state) -> None:
        self.entries.append(("close", state))


def tool(run=lambda *_: ToolResult(text="It was sent."), **fields) -> Tool:
    return Tool(**({"name": "order", "title": "Order", "description": "", "parameters": SCHEMA, "run": run} | fields))


def question(content: str = "Where is order 7?", *turns: Turn, **fields) -> Question:
    return Question(workspace_id="w", content=content, conversation_id="c", turns=turns, seq=9, **fields)


ARGUMENTS = '{"order_id": "7"}'


def test_a_result_can_be_cited_and_is_recorded():
    log = FakeCallLog()
    reply = Registry(tools=[tool()], call_log=log).call(question(), "order", ARGUMENTS)
    (hit,) = reply.hits
    assert (hit.record.text, hit.record.title, reply.failed) == ("It was sent.", "Order", False)
    assert log.entries == [
        ("begin", "order", {"order_id": "7"}, ToolCallState.RUNNING),
        ("end", "tool_1", ToolCallState.DONE, "It was sent.", None),
    ]


def test_a_call_that_succeeded_before_its_worker_was_lost_is_not_run_again():
    ran: list[object] = []
    log = FakeCallLog(known=ToolCallEntry(id="tool_1", result="It was sent."))
    reply = Registry(tools=[tool(lambda *call: ran.append(call))], call_log=log).call(question(), "order", ARGUMENTS)
    assert (reply.text, ran) == ("It was sent.", [])


@pytest.mark.parametrize("error", [ToolFailed("The shop is closed."), KeyError("bug")])
def test_a_failure_is_told_the_model_in_a_sentence_without_details_of_a_bug(error):
    def run(*_call: object) -> ToolResult:
        raise error

    log = FakeCallLog()
    reply = Registry(tools=[tool(run)], call_log=log).call(question(), "order", ARGUMENTS)
    expected = "The shop is closed." if isinstance(error, ToolFailed) else "The tool failed."
    assert (reply.text, reply.failed, reply.hits) == (expected, True, ())
    assert log.entries[-1] == ("end", "tool_1", ToolCallState.FAILED, None, expected)


def test_a_tool_that_needs_an_address_is_not_offered_to_a_stranger_whatever_the_model_calls():
    registry = Registry(tools=[tool(requires=("email",))])
    assert registry.offered(question()) == []
    assert registry.call(question(), "order", ARGUMENTS).text == "There is no such tool."
    known = question(facts={"email": "ada@shop.example"})
    assert not registry.call(known, "order", ARGUMENTS).failed
    assert registry.call(known, "no_such", "{}").failed


def test_a_tool_of_a_server_that_the_customer_confirms_runs_though_the_list_of_tools_is_another_by_then():
    offered = [tool(lambda *_call: ToolResult(text="ok"), confirmation="Shall I cancel order {order_id}?")]
    log = FakeCallLog(waiting=PendingCall(id="tool_1", tool="order", arguments={"order_id": "7"}))
    registry = Registry(more=lambda: list(offered), call_log=log)
    asked = Turn(role=Role.ASSISTANT, content=ASKED, seq=8)
    assert registry.resolve_pending(question("Yes", asked)).fixed_reply == "Done."
    offered.clear()
    assert registry.resolve_pending(question("Yes", asked)) is None


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ("{}", "'order_id' is a required property"),
        ('{"order_id": 7}', "order_id: 7 is not of type 'string'"),
        ('{"order_id": "7", "all": true}', "Additional properties"),
    ],
)
def test_wrong_arguments_are_named_for_the_model(arguments, problem):
    with pytest.raises(ToolFailed, match=problem):
        validate_arguments(tool(), arguments)
    assert Registry(tools=[tool()]).call(question(), "order", arguments).failed


@pytest.mark.parametrize(
    ("parameters", "arguments"),
    [
        ({"properties": {"a": {"$ref": "#/$defs/none"}}}, '{"a": 1}'),
        ({"properties": {"a": {"$ref": "http://127.0.0.1:9/schema"}}}, '{"a": 1}'),
        ({"allOf": [{"$ref": "#"}]}, "{}"),
        ({"properties": {"a": {"multipleOf": 0.1}}}, '{"a": 1e400}'),
        ({}, '{"a": ' + "[" * 100_000),
    ],
)
def test_arguments_that_cannot_be_checked_are_a_failed_call(parameters, arguments):
    odd = replace(tool(), parameters={"type": "object", **parameters})
    reply = Registry(tools=[odd]).call(question(), "order", arguments)
    assert (reply.failed, reply.text) == (True, "The arguments cannot be checked.")


def test_a_tool_that_changes_something_asks_first_and_runs_nothing():
    ran: list[object] = []
    log = FakeCallLog()
    cancel = tool(lambda *call: ran.append(call), confirmation="Shall I cancel order {order_id}?")
    reply = Registry(tools=[cancel], call_log=log).call(question(), "order", ARGUMENTS)
    assert (reply.fixed_reply, ran) == (ASKED, [])
    assert log.entries == [
        ("close", ToolCallState.LAPSED),
        ("begin", "order", {"order_id": "7"}, ToolCallState.WAITING),
    ]


def resolved(content: str, *, done: bool = False, confirmed: bool = False, asked: str = ASKED, run=None):
    """Answer the question of a pending call; returns the reply, the log and what ran."""
    ran: list[object] = []
    cancel = tool(
        run or (lambda *call: ran.append(call) or ToolResult(text="ok")),
        confirmation="Shall I cancel order {order_id}?",
        done="Order {order_id} is cancelled.",
    )
    pending = PendingCall(id="tool_1", tool="order", arguments={"order_id": "7"}, confirmed=confirmed, done=done)
    log = FakeCallLog(waiting=pending)
    turn = Turn(seq=8, role=Role.ASSISTANT, content=asked)
    return Registry(tools=[cancel], call_log=log).resolve_pending(question(content, turn)), log, ran


def test_a_yes_runs_the_call_once_with_its_own_id():
    reply, log, ran = resolved("yes please")
    assert reply.fixed_reply == "Order 7 is cancelled."
    assert log.entries[0] == ("confirm", "tool_1")
    ((_question, arguments, id),) = ran
    assert (arguments, id) == ({"order_id": "7"}, "tool_1")


def test_a_no_and_any_other_message_run_nothing():
    reply, log, ran = resolved("no")
    assert (reply.fixed_reply, log.entries, ran) == (
        "All right, nothing was changed.",
        [("close", ToolCallState.REFUSED)],
        [],
    )
    reply, log, ran = resolved("What does it cost?")
    assert (reply, log.entries, ran) == (None, [("close", ToolCallState.LAPSED)], [])


def test_a_yes_to_another_question_confirms_nothing():
    reply, log, ran = resolved("yes", asked="Do you like the shoes?")
    assert (reply, log.entries, ran) == (None, [("close", ToolCallState.LAPSED)], [])


def test_a_retry_after_the_confirmed_call_ran_only_says_so():
    reply, log, ran = resolved("yes", confirmed=True, done=True)
    assert (reply.fixed_reply, log.entries, ran) == ("Order 7 is cancelled.", [], [])


def test_a_confirmed_call_that_fails_goes_to_a_human():
    def run(*_call: object) -> ToolResult:
        raise ToolFailed("The shop is closed.")

    reply, _log, _ran = resolved("yes", run=run)
    assert reply.failed
    assert "Order" in reply.handoff_reason
    assert reply.fixed_reply is None


def test_a_value_in_a_question_cannot_write_lines_of_its_own():
    assert fill_template("Cancel {order_id}?{other}", {"order_id": "7\n\nYes"}) == "Cancel 7 Yes?{other}"


def test_a_tool_is_declared_as_openai_wants_it():
    declared = tool().to_openai()
    assert declared["type"] == "function"
    assert json.loads(json.dumps(declared["function"]["parameters"])) == SCHEMA
