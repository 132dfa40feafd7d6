"""The passages of a workspace, as they go into a snapshot."""

import pytest

from worker.access.keys import Keys
from worker.knowledge import stored_passages
from worker.knowledge.library import DocumentMetadata, NewDocument

TEXT = "# Returns\n\nReturns are free.\n\n## Shoes\n\nShoes can be returned, too.\n"


@pytest.fixture
def document_id(store, library, indexer, workspace_id):
    """A document that is indexed; another workspace has one of its own."""
    other = Keys(store).workspace("other")
    made = {}
    for owner in (workspace_id, other):
        metadata = DocumentMetadata(tags=("manual",))
        new = NewDocument(title="Returns", data=TEXT.encode(), media_type="text/markdown", metadata=metadata)
        made[owner] = library.add(owner, new)["id"]
        indexer.index(owner)
    return made[workspace_id]


def read(store, workspace_id, **options):
    with store.read() as connection:
        return list(stored_passages.read(connection, workspace_id, **options))


def test_passages_come_in_the_order_of_the_text_with_what_a_snapshot_holds(store, workspace_id, document_id, embedder):
    found = read(store, workspace_id, model=embedder.identity)
    assert [one.passage.ordinal for one in found] == list(range(len(found)))
    assert {one.record.document_id for one in found} == {document_id}
    assert {one.record.tags for one in found} == {("manual",)}
    assert {one.record.language for one in found} == {"en"}
    assert "Shoes can be returned" in found[-1].record.text
    assert all(len(one.vector) == embedder.dimensions * 4 for one in found)
    assert [one.record.text for one in found] == [one.passage.text for one in found]


def test_without_vectors_of_a_model_passages_wait_for_theirs(store, workspace_id, document_id):
    assert {one.vector for one in read(store, workspace_id, model="another")} == {None}


def test_only_the_passages_that_are_named_are_read_and_none_of_another_workspace(store, workspace_id, document_id):
    with store.read() as connection:
        ids, documents = stored_passages.ids_and_documents(connection, workspace_id)
        theirs, _ = stored_passages.ids_and_documents(connection, Keys(store).workspace("other"))
    assert documents == 1
    assert ids == {one.record.passage_id for one in read(store, workspace_id, model="x")}
    first = min(ids)
    named = read(store, workspace_id, model="x", ids=[first, *theirs])
    assert [one.record.passage_id for one in named] == [first]
