"""Nothing is published without a yes, and nothing twice."""

import pytest
import sqlalchemy as sa

from worker.access.keys import Keys
from worker.errors import Conflict, NotFound
from worker.knowledge.library import DocumentMetadata
from worker.store.tables import document, suggestion


@pytest.fixture
def id(desk, draft, suggestions, workspace_id):
    desk.answered("Do you sell gift cards?")
    draft()
    return suggestions.page(workspace_id)[0][0]["id"]


def documents(store):
    with store.read() as connection:
        return [(row.title, row.source.decode(), row.audience) for row in connection.execute(sa.select(document))]


def test_a_suggestion_is_edited_and_published_once(store, suggestions, workspace_id, id):
    assert documents(store) == []
    assert suggestions.edit(workspace_id, id, text="At every desk.")["text"] == "At every desk."
    internal = DocumentMetadata(audience="internal")
    accepted = suggestions.accept(workspace_id, id, title="Gift cards", metadata=internal)
    assert documents(store) == [("Gift cards", "At every desk.", "internal")]
    assert (accepted["state"], accepted["title"]) == ("accepted", "Gift cards")
    assert accepted["links"]["document"] == f"/v1/documents/{accepted['document_id']}"
    for again in (suggestions.accept, suggestions.refuse, suggestions.edit):
        with pytest.raises(Conflict, match="published"):
            again(workspace_id, id)
    assert len(documents(store)) == 1


def test_a_refused_one_may_still_be_accepted(store, suggestions, workspace_id, id):
    assert suggestions.refuse(workspace_id, id, note="too rare")["note"] == "too rare"
    assert documents(store) == []
    suggestions.accept(workspace_id, id)
    assert len(documents(store)) == 1


def test_an_empty_article_is_not_published_and_stays_open(store, suggestions, workspace_id, id):
    with store.begin() as tx:
        tx.execute(suggestion.update().values(text=""))
    with pytest.raises(Conflict, match="no text"):
        suggestions.accept(workspace_id, id)
    assert suggestions.get(workspace_id, id)["state"] == "open"
    assert documents(store) == []


def test_another_workspace_sees_and_changes_none(store, suggestions, id):
    other = Keys(store).workspace("other")
    assert suggestions.page(other) == ([], None)
    assert suggestions.most_asked(other, state="open", limit=5) == []
    for call in (suggestions.get, suggestions.edit, suggestions.accept, suggestions.refuse):
        with pytest.raises(NotFound):
            call(other, id)
