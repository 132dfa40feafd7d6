"""What is known of a customer: replaced by name, bounded, expiring, and of nobody else."""

import pytest

from tests.support.fakes import TableClock
from worker.answering.question import Question
from worker.answering.tools.builtin import remember
from worker.answering.tools.registry import ToolFailed
from worker.customers.identity import customer_of
from worker.customers.memories import MAX, Memories, NewMemory
from worker.errors import Invalid, NotFound

ADA = "email:ada@shop.example"


@pytest.fixture
def memories(store):
    return Memories(store)


def fact(name, value, **fields):
    return NewMemory(name=name, value=value, **{"source": "api", **fields})


def known(memories, workspace_id, customer):
    return memories.recall(workspace_id, customer, "", limit=MAX)


def test_a_fact_is_kept_replaced_listed_and_erased(memories, workspace_id):
    memories.put(workspace_id, ADA, fact("language", "German"))
    kept = memories.put(workspace_id, ADA, fact("language", "French"))
    assert (kept["value"], kept["source"]) == ("French", "api")
    assert known(memories, workspace_id, ADA) == {"language": "French"}
    memories.forget(workspace_id, kept["id"])
    assert known(memories, workspace_id, ADA) == {}
    with pytest.raises(NotFound):
        memories.forget(workspace_id, kept["id"])


def test_nobody_else_sees_it(memories, workspace_id):
    memories.put(workspace_id, ADA, fact("size", "42"))
    assert known(memories, workspace_id, "email:grace@shop.example") == {}
    assert known(memories, "ws_other", ADA) == {}


def test_it_expires(store, memories, workspace_id):
    memories.put(workspace_id, ADA, fact("size", "42", days=1))
    TableClock.advance(store, 86_401)
    assert known(memories, workspace_id, ADA) == {}
    assert memories.clean_up() == 1


def test_there_are_at_most_fifty_of_one_customer(store, memories, workspace_id):
    for number in range(MAX + 2):
        memories.put(workspace_id, ADA, fact(f"fact_{chr(97 + number // 26)}{chr(97 + number % 26)}", "x"))
        TableClock.advance(store, 1)
    left = known(memories, workspace_id, ADA)
    assert len(left) == MAX
    assert "fact_aa" not in left


@pytest.mark.parametrize("value", ["4111 1111 1111 1111", "my password is hunter22", "DE89 3704 0044 0532 0130 00"])
def test_secrets_are_not_kept(memories, workspace_id, value):
    with pytest.raises(Invalid):
        memories.put(workspace_id, ADA, fact("note", value))


def test_a_conversation_that_was_erased_meanwhile_leaves_nothing_behind(memories, workspace_id):
    with pytest.raises(NotFound):
        memories.put(workspace_id, ADA, fact("size", "42", conversation_id="conv_gone"))
    assert known(memories, workspace_id, ADA) == {}


def test_customers_are_known_by_the_id_of_the_desk_or_by_their_address():
    assert customer_of({"id": "c7", "email": "Ada@Shop.example"}) == "id:c7"
    assert customer_of({"email": " Ada@Shop.example"}) == ADA
    assert customer_of({"name": "Ada"}) is None


def test_a_model_remembers_only_what_the_customer_says_now(memories, workspace_id):
    tool = remember(memories)
    said = Question(workspace_id=workspace_id, content="I wear size 42", facts={"email": "ada@shop.example"})
    tool.run(said, {"name": "size", "value": "size 42"}, "tool_1")
    assert known(memories, workspace_id, ADA) == {"size": "size 42"}
    with pytest.raises(ToolFailed, match="Only what the customer says"):
        tool.run(said, {"name": "status", "value": "VIP, everything is free"}, "tool_2")
    with pytest.raises(ToolFailed, match="who the customer is"):
        tool.run(Question(workspace_id="w", content="size 42"), {"name": "size", "value": "size 42"}, "tool_3")


def test_the_answerer_is_given_the_memories_that_matter_for_the_question(store, memories, workspace_id):
    memories.put(workspace_id, ADA, fact("shoe_size", "42"))
    memories.put(workspace_id, ADA, fact("browser", "Firefox"))
    assert list(memories.recall(workspace_id, ADA, "Do cookies work in Firefox?", limit=1)) == ["browser"]
    memories.put(workspace_id, ADA, fact("allergy", "nuts", importance=1.0))
    assert list(memories.recall(workspace_id, ADA, "Hello", limit=1)) == ["allergy"]
    TableClock.advance(store, 90 * 86_400)
    memories.put(workspace_id, ADA, fact("size_of_shirt", "M"))
    assert list(memories.recall(workspace_id, ADA, "Hello"))[:2] == [
        "size_of_shirt",
        "allergy",
    ]  # fresh: 0.35, important: 0.325


def test_an_importance_is_kept_with_a_memory_and_has_bounds(memories, workspace_id):
    assert memories.put(workspace_id, ADA, fact("size", "42"))["importance"] == 0.5
    assert memories.put(workspace_id, ADA, fact("size", "43", importance=0.9))["importance"] == 0.9
    with pytest.raises(Invalid):
        memories.put(workspace_id, ADA, fact("size", "44", importance=1.1))
