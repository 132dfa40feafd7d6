"""A search finds a conversation by any word that its agent may remember."""

import pytest

from tests.support.fakes import accept, answer, conversation_actions
from worker.conversations import inbox
from worker.conversations.listing import change
from worker.store.scope import Scope
from worker.store.tables import conversation
from worker.turns.mailbox import Mailbox


@pytest.fixture
def find(store, workspace_id):
    """Return the ids that a search finds."""
    scope = Scope(store, workspace_id)
    return lambda search: {row["id"] for row in inbox.page(scope, search=search)[0]}


@pytest.fixture
def berlin(store, workspace_id) -> str:
    requester = {"name": "Zoë Müller", "email": "zoe.mueller@shop.example", "id": "c-4711"}
    text = "Do you have a store in Berlin? Straße der Pariser Kommune, Żółć."
    return accept(store, workspace_id, text, external_id="order-77", requester=requester)["conversation_id"]


@pytest.mark.parametrize(
    "search",
    [
        *("Berlin", "berlin", "BERL", "store in berlin", "berlin store"),
        *("muller", "Müller", "MÜLLER", "zoe", "Zoë", "zoe muller", "ŻÓŁĆ", "żoł"),
        *("zoe.mueller@shop.example", "shop.example", "mueller@shop", "order-77", "c-4711", "muller berlin"),
    ],
)
def test_a_word_of_the_customer_or_the_message_finds_it_without_case_and_accents(
    store, workspace_id, find, berlin, search
):
    accept(store, workspace_id, "How do I pay?", external_id="order-78", requester={"name": "Ada"})
    assert find(search) == {berlin}


@pytest.mark.parametrize("search", ["ber lin", "erlin", "munich", "berlin munich", "muller@shop", "b", '"', "-"])
def test_what_is_not_there_finds_nothing(find, berlin, search):
    assert find(search) == set()


def test_operators_of_full_text_queries_are_words_like_others(store, workspace_id, find, berlin):
    said = accept(store, workspace_id, "NOT this AND that OR NEAR(me)")["conversation_id"]
    for search in ("not", "AND", "near(me)", "or near", "this*", "-this", "that:", "NOT this"):
        assert find(search) == {said}, search


def test_answers_and_replies_are_found_too(store, workspace_id, find, berlin):
    mailbox = Mailbox(store, holder="one")
    mailbox.finish(mailbox.claim(berlin), answer("We have one at Alexanderplatz."))
    conversation_actions(store).reply(workspace_id, berlin, content="And in Kreuzberg.", author="Grace")
    assert find("alexanderplatz") == find("kreuz") == find("muller alexanderplatz kreuzberg") == {berlin}


def test_a_changed_subject_is_found_and_the_old_one_is_not(store, workspace_id, find, berlin):
    scope = Scope(store, workspace_id)
    change(scope, berlin, subject="Opening hours")
    change(scope, berlin, subject="Parking")
    assert find("parking") == {berlin}
    assert find("opening") == set()
    assert find("muller") == {berlin}


def test_an_erased_conversation_is_not_found(store, find, berlin):
    with store.begin() as tx:
        tx.execute(conversation.delete().where(conversation.c.id == berlin))
    assert find("berlin") == set()
    if store.is_sqlite:
        with store.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM search_entry").scalar() == 0
            assert not connection.exec_driver_sql("SELECT rowid FROM search_words WHERE search_words MATCH 'b*'").all()


def test_other_workspaces_find_nothing(store, berlin):
    other = Scope(store, "ws_other")
    for search in ("berlin", "muller", berlin):
        assert inbox.page(other, search=search)[0] == []
    assert inbox.counts(other, search="berlin")[None] == 0
