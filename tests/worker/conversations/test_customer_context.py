"""Beside a conversation stand the customer's others, and what is remembered of them: of nobody else."""

import pytest

from tests.support.fakes import accept
from worker.conversations import customer_context, listing
from worker.customers.memories import Memories, NewMemory
from worker.store.scope import Scope

ADA = {"name": "Ada", "email": "Ada@Shop.example"}


@pytest.fixture
def scope(store, workspace_id) -> Scope:
    return Scope(store, workspace_id)


def test_a_customers_others_come_newest_first_with_their_first_words(store, workspace_id, scope):
    for number, body in enumerate(("Where is my parcel?\n> quoted", "How can I pay?", "It is broken")):
        id = accept(store, workspace_id, body, external_id=str(number), requester=ADA)["conversation_id"]
    accept(store, workspace_id, "Mine?", requester={"email": "eve@shop.example"})
    Memories(store).put(workspace_id, "email:ada@shop.example", NewMemory(name="size", value="wears 42", source="api"))

    found = customer_context.around(scope, listing.get(scope, id))

    assert [row["title"] for row in found.conversations] == ["How can I pay?", "Where is my parcel?"]
    assert [memory["value"] for memory in found.memories] == ["wears 42"]


def test_of_somebody_unknown_nothing_is_shown(store, workspace_id, scope):
    accept(store, workspace_id, "Where is it?", requester={"name": "Ada"})
    id = accept(store, workspace_id, "Hello?", requester={"name": "Ada"})["conversation_id"]

    found = customer_context.around(scope, listing.get(scope, id))

    assert (found.conversations, found.memories) == ([], [])
