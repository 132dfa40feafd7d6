"""What is erased is gone everywhere: messages, memories, sessions."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import accept
from worker.answering.chat_api.spending import Spender, Spending
from worker.budgets import Budget
from worker.conversations import erasure, listing
from worker.conversations.outcomes import Usage
from worker.conversations.sessions import MemorySessionStore, Session
from worker.customers.memories import Memories, NewMemory
from worker.errors import NotFound
from worker.store.scope import Scope
from worker.store.tables import event, exchange, memory, message, spending, suggestion


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


@pytest.mark.parametrize("erased", ["conversation", "customer"])
def test_the_words_that_an_erased_customer_said_leave_the_index_of_the_search(store, workspace_id, erased):
    if not store.is_sqlite:
        pytest.skip("PostgreSQL drops them when it vacuums")
    id = accept(store, workspace_id, "My name is Xylophon", requester={"id": "1"})["conversation_id"]
    accept(store, workspace_id, "Hi", requester={"id": "2"})
    scope, sessions, deltas = Scope(store, workspace_id), MemorySessionStore(), FakeDeltas()
    if erased == "conversation":
        erasure.erase_conversation(scope, sessions, deltas, id)
    else:
        erasure.erase_customer(scope, sessions, deltas, {"id": "1"})
    with store.read() as connection:
        left = "SELECT count(*) FROM search_words_data WHERE instr(block, CAST('ylophon' AS BLOB))"
        assert connection.exec_driver_sql(left).scalar() == 0


def test_what_a_conversation_cost_is_erased_also_on_the_accounts_of_the_judge(store, workspace_id):
    accepted = accept(store, workspace_id)
    ids = {"conversation_id": accepted["conversation_id"], "message_id": accepted["id"]}
    budgets = [Budget.parse("conversation=900tokens"), Budget.parse("message=900tokens"), Budget.parse("day=900tokens")]
    with Spending(store, judge_budgets=budgets).call(
        Spender(workspace_id=workspace_id, **ids), max_usage=Usage(prompt_tokens=9)
    ) as account:
        account.usage = Usage(prompt_tokens=9)
    assert count(store, spending) == [6]

    scope = Scope(store, workspace_id)
    erasure.erase_conversation(scope, MemorySessionStore(), FakeDeltas(), ids["conversation_id"])

    assert count(store, spending) == [2]  # of the day


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


def drafted(store, workspace_id, *questions, state="open"):
    """Put a suggestion that stands for a question of one conversation each; return the conversations."""
    ids = [accept(store, workspace_id, text, requester={"id": text})["conversation_id"] for text in questions]
    texts = {"question": questions[0], "title": questions[0], "text": f"The answer to {questions[0]}", "note": "n"}
    row = {"id": "sug_1", "workspace_id": workspace_id, "state": state, "written_by": "human", "count": len(ids)}
    with store.begin() as tx:
        tx.execute(suggestion.insert().values(**row, **texts, created_at=1, updated_at=1))
        for number, (id, text) in enumerate(zip(ids, questions, strict=True)):
            given = {"id": f"exc_{number}", "message_id": f"msg_{number}", "question": text, "reply": f"On {text}"}
            numbers = {"asked_at": 1, "attempts": 1, "created_at": 1}
            one = {"workspace_id": workspace_id, "suggestion_id": "sug_1", "conversation_id": id, "state": "done"}
            tx.execute(exchange.insert().values(**given, **numbers, **one))
    return ids


def test_a_draft_goes_with_the_customer_it_came_from_and_what_others_gave_is_drafted_anew(store, workspace_id):
    drafted(store, workspace_id, "Ada's", "Bob's")
    erasure.erase_customer(Scope(store, workspace_id), MemorySessionStore(), FakeDeltas(), {"id": "Ada's"})
    with store.read() as connection:
        (left,) = connection.execute(sa.select(exchange)).all()
    assert count(store, suggestion) == [0]
    assert (left.question, left.state, left.suggestion_id, left.due_at) == ("Bob's", "queued", None, 1)


@pytest.mark.parametrize("state", ["accepted", "refused"])
def test_of_a_decision_nothing_of_the_erased_customer_is_left_but_that_it_was_made(store, workspace_id, state):
    ids = drafted(store, workspace_id, "Ada's", "Bob's", state=state)
    scope = Scope(store, workspace_id)
    erasure.erase_conversation(scope, MemorySessionStore(), FakeDeltas(), ids[0])
    with store.read() as connection:
        (left,) = connection.execute(sa.select(suggestion)).all()
    assert (left.state, left.question, left.title, left.text, left.note) == (state, "Bob's", "Bob's", "", None)
    assert left.count == 1
    erasure.erase_conversation(scope, MemorySessionStore(), FakeDeltas(), ids[1])
    assert count(store, suggestion, exchange) == [0, 0]
