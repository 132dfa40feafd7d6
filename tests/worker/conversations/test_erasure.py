"""What is erased is gone everywhere: messages, memories, sessions."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import accept
from worker.conversations import erasure, listing
from worker.conversations.sessions import MemorySessionStore, Session
from worker.customers.memories import Memories, NewMemory
from worker.errors import NotFound
from worker.store.scope import Scope
from worker.store.tables import event, memory, message


class FakeDeltas:
    """Remembers the conversations whose pieces were forgotten."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []

    def forget(self, conversation_id: str) -> None:
        self.forgotten.append(conversation_id)


def count(store, *tables: sa.Table) -> list[int]:
    with store.read() as connection:
        return [connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables]


def test_nothing_of_an_erased_conversation_is_left(store, workspace_id):
    id = accept(store, workspace_id)["conversation_id"]
    fact = NewMemory(name="size", value="M", source="assistant", conversation_id=id)
    Memories(store).put(workspace_id, "id:1", fact)
    sessions, deltas = MemorySessionStore(), FakeDeltas()
    sessions.put(Session(conversation_id=id, workspace_id=workspace_id, history=1))

    erasure.erase_conversation(Scope(store, workspace_id), sessions, deltas, id)

    assert count(store, message, event, memory) == [0, 0, 0]
    assert (sessions.get(id), deltas.forgotten) == (None, [id])
    with pytest.raises(NotFound):
        listing.get(Scope(store, workspace_id), id)


def test_a_customer_is_erased_under_every_key_they_are_known_by(store, workspace_id):
    """By id in one conversation, by address in another, by both in a third."""
    for requester in ({"id": "1"}, {"id": "1", "email": "ada@shop.example"}, {"email": "Ada@shop.example"}):
        accept(store, workspace_id, requester=requester)
    kept = accept(store, workspace_id, requester={"id": "2"})
    Memories(store).put(workspace_id, "email:ada@shop.example", NewMemory(name="size", value="M", source="api"))

    erased = erasure.erase_customer(
        Scope(store, workspace_id), MemorySessionStore(), FakeDeltas(), {"email": "ada@shop.example"}
    )

    assert erased == {"conversations": 3, "memories": 1}
    (left,), _ = listing.page(Scope(store, workspace_id))
    assert left["id"] == kept["conversation_id"]


def test_another_workspace_can_erase_nothing(store, workspace_id):
    id = accept(store, workspace_id)["conversation_id"]

    with pytest.raises(NotFound):
        erasure.erase_conversation(Scope(store, "other"), MemorySessionStore(), FakeDeltas(), id)

    assert count(store, message) == [1]
