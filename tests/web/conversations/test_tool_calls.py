"""Tool calls."""

from tests.web.calls import submit
from worker.answering.question import Question
from worker.answering.tools.call_log import SqlToolCallLog


def test_tool_calls_are_listed_and_shown(call, services):
    made = submit(call)
    question = Question(
        workspace_id=services.keys.workspace(),
        content="x",
        conversation_id=made["conversation_id"],
        message_id=made["id"],
    )
    audit = SqlToolCallLog(services.store)
    begun = audit.begin(question, "look_up_order", {"order_id": "1001"}, state="running")
    audit.end(begun.id, state="done", result="Order look-up: status shipped.", error=None, duration_ms=12)
    assert audit.begin(question, "look_up_order", {"order_id": "1001"}, state="running").result is not None
    (listed,) = call("GET", f"/v1/conversations/{made['conversation_id']}/tool-calls").json["items"]
    assert listed == call("GET", f"/v1/tool-calls/{begun.id}").json
    assert (listed["state"], listed["text"], listed["duration_ms"]) == ("done", "Order look-up: status shipped.", 12)
    assert call("GET", "/v1/tool-calls/none").status_code == 404
    assert call("GET", "/v1/conversations/none/tool-calls").status_code == 404
