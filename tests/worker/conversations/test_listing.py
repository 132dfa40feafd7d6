"""Reads are bound to their workspace, in order and by pages."""

import pytest
import sqlalchemy as sa

from tests.support.fakes import accept, conversation_actions
from worker.conversations import listing
from worker.errors import NotFound
from worker.states import Owner
from worker.store.scope import Scope


@pytest.fixture
def scope(store, workspace_id) -> Scope:
    return Scope(store, workspace_id)


def test_conversations_are_listed_newest_first_and_by_owner(store, workspace_id, scope):
    ids = [accept(store, workspace_id)["conversation_id"] for _ in range(3)]
    conversation_actions(store).take_over(workspace_id, ids[0], summary="?")

    first, cursor = listing.page(scope, limit=2)
    second, end = listing.page(scope, after=cursor, limit=2)
    (with_human,), _ = listing.page(scope, {"owner": Owner.HUMAN})

    assert [row["id"] for row in (*first, *second)] == ids[::-1]
    assert (end, with_human["id"]) == (None, ids[0])


def test_the_messages_of_a_conversation_are_listed_in_order_by_pages(store, workspace_id, scope):
    for text in ("one", "two", "three"):
        id = accept(store, workspace_id, text, external_id="x")["conversation_id"]

    first, after_seq = listing.messages(scope, id, limit=2)
    second, end = listing.messages(scope, id, after_seq=after_seq, limit=2)

    assert [row["content"] for row in (*first, *second)] == ["one", "two", "three"]
    assert (after_seq, end) == (2, None)


def test_a_change_is_returned_with_what_did_not_change(store, workspace_id, scope):
    id = accept(store, workspace_id, external_id="x")["conversation_id"]

    changed = listing.change(scope, id, subject="Parcel")

    assert (changed["subject"], changed["external_id"]) == ("Parcel", "x")
    assert listing.get(scope, id) == changed


def test_another_workspace_sees_none_of_it(store, workspace_id):
    sent = accept(store, workspace_id)
    other = Scope(store, "other")

    assert not listing.exists(other, sent["conversation_id"])
    for read in (
        lambda: listing.get(other, sent["conversation_id"]),
        lambda: listing.change(other, sent["conversation_id"], subject="x"),
        lambda: listing.messages(other, sent["conversation_id"]),
        lambda: listing.get_message(other, sent["id"]),
        lambda: listing.conversation_of(other, sent["id"]),
    ):
        with pytest.raises(NotFound):
            read()


def test_a_customers_conversations_are_found_by_an_index(store, scope):
    """A desk has more conversations than a list should read."""
    if not store.is_sqlite:
        pytest.skip("PostgreSQL plans by the number of rows")
    statements = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *call: statements.append((call[2], call[3])))
    listing.page(scope, {"customer": "kari@customer.example"})
    (sql, values) = next(found for found in statements if "requester" in found[0].partition("WHERE")[2])
    with store.read() as connection:
        plan = " ".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values))
    assert "ix_conversation_requester_id" in plan
    assert "ix_conversation_requester_email" in plan
