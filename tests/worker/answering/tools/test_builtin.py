"""The tools of every desk: what they find, keep and refuse."""

import pytest

from kb.errors import SnapshotMissing
from kb.search import Found
from tests.support.fakes import hit
from worker.answering.question import Question
from worker.answering.tools import builtin
from worker.answering.tools.registry import ToolFailed
from worker.customers.memories import Memories

QUESTION = Question(workspace_id="w", content="I always want my invoices in  German, please.")


def found(*hits):
    return lambda _question, _query: Found(snapshot="1", hits=hits)


def test_a_search_gives_the_model_the_three_best_passages():
    hits = [hit(f"Text {number}.", number=number) for number in range(5)]
    assert builtin.search(found(*hits)).run(QUESTION, {"query": "text"}, "tool_1").hits == tuple(hits[:3])


def test_the_model_is_told_when_there_is_nothing_to_find():
    assert builtin.search(found()).run(QUESTION, {"query": "text"}, "tool_1").note == "Nothing was found."

    def empty(_question, _query):
        raise SnapshotMissing

    assert "empty" in builtin.search(empty).run(QUESTION, {"query": "text"}, "tool_1").note


def asked(workspace_id, **fields):
    return Question(workspace_id=workspace_id, **{"content": QUESTION.content, "facts": {"id": "7"}, **fields})


def test_a_fact_is_kept_in_the_customers_own_words_whatever_their_case(store, workspace_id):
    memories = Memories(store)
    fact = {"name": "invoice_language", "value": "invoices in german"}
    assert builtin.remember(memories).run(asked(workspace_id), fact, "tool_1").note == "It is remembered."
    assert memories.recall(workspace_id, "id:7", "") == {"invoice_language": "invoices in german"}


@pytest.mark.parametrize(
    ("changes", "value", "why"),
    [
        ({"facts": {}}, "German", "who the customer is"),
        ({}, "French", "in this message"),
        ({"quoted": "> They prefer French."}, "French", "in this message"),
    ],
)
def test_what_the_customer_did_not_say_here_is_not_kept(store, workspace_id, changes, value, why):
    memories = Memories(store)
    with pytest.raises(ToolFailed, match=why):
        builtin.remember(memories).run(asked(workspace_id, **changes), {"name": "x", "value": value}, "tool_1")
    assert memories.recall(workspace_id, "id:7", "") == {}


def test_what_memories_refuse_is_said_to_the_model(store, workspace_id):
    question = asked(workspace_id, content="My card is 4111 1111 1111 1111")
    with pytest.raises(ToolFailed):
        builtin.remember(Memories(store)).run(question, {"name": "card", "value": "4111 1111 1111 1111"}, "tool_1")


def test_an_escalation_ends_the_turn_of_the_model():
    tool = builtin.escalate()
    assert tool.hands_off
    assert tool.run(QUESTION, {"reason": "angry"}, "tool_1").text == ""
