"""What is known of a customer reaches an answer only where it is theirs."""

from worker.customers.known_facts import KnownFacts, no_facts
from worker.customers.memories import Memories, NewMemory


def test_facts_of_the_requester_are_recalled_and_nobody_elses(store, workspace_id):
    memories = Memories(store)
    memories.put(workspace_id, "id:ada", NewMemory(name="size", value="M", source="desk"))
    recall = KnownFacts(memories=memories, similarity=lambda: None)
    assert recall(workspace_id, {"id": "ada"}, "Which size fits?") == {"size": "M"}
    assert recall(workspace_id, {"id": "bob"}, "Which size fits?") == {}
    assert recall(workspace_id, {"name": "Ada"}, "Which size fits?") == {}
    assert no_facts(workspace_id, {"id": "ada"}, "Which size fits?") == {}
