"""Documents are added, replaced and removed; their metadata stays until it is given again."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from kb.errors import DocumentUnreadable
from tests.worker.knowledge.documents import new, states
from worker.errors import Conflict
from worker.knowledge.library import DocumentMetadata
from worker.store.tables import document, snapshot


def test_a_file_that_comes_several_times_at_once_is_one_document(store, workspace_id, library):
    with ThreadPoolExecutor(6) as pool:
        for number in range(5):
            named = [new("A", f"Text {number}.", name=f"{number}.md")] * 6
            list(pool.map(lambda one: library.put_file(workspace_id, one), named))
    with store.read() as connection:
        names = connection.execute(sa.select(document.c.name)).scalars().all()
    assert sorted(names) == [f"{number}.md" for number in range(5)]


def test_what_cannot_be_read_at_all_is_refused_before_it_is_kept(store, workspace_id, library):
    with pytest.raises(DocumentUnreadable):
        library.add(workspace_id, new("Zip", "PK\x03\x04"))
    assert states(store) == {}


def test_a_file_that_is_ingested_again_keeps_the_marks_that_are_not_given(workspace_id, library):
    library.put_file(
        workspace_id, new("A", "Text.", name="a.md", metadata=DocumentMetadata(audience="internal", tags=("x",)))
    )
    same, changed = library.put_file(workspace_id, new("A", "Text.", name="a.md"))
    assert (same["audience"], same["tags"], changed) == ("internal", ["x"], False)
    other, changed = library.put_file(
        workspace_id, new("A", "Text, changed.", name="a.md", metadata=DocumentMetadata(tags=()))
    )
    assert (other["audience"], other["tags"], changed) == ("internal", [], True)


def test_a_snapshot_of_an_earlier_format_is_not_activated(workspace_id, library, indexer, store):
    library.add(workspace_id, new("A", "Text."))
    version = str(indexer.index(workspace_id))
    with store.begin() as tx:
        tx.execute(snapshot.update().values(manifest={"format": 1}))
    with pytest.raises(Conflict, match="earlier format"):
        library.activate(workspace_id, version)
