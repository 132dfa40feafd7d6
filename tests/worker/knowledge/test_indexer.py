"""Documents are read, cut and embedded; one that fails stops no other."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from kb import documents
from kb.errors import SnapshotMissing
from kb.filters import Filters
from tests.support import files
from tests.support.fakes import TableClock
from tests.worker.knowledge.documents import new, states, titles
from worker.knowledge.library import DocumentMetadata, NewDocument
from worker.store.tables import document


def test_a_document_is_searchable_after_its_publish(store, workspace_id, library, indexer, snapshot_cache, clock):
    library.add(workspace_id, new("Parcels", "Parcels arrive within two days."))
    with pytest.raises(SnapshotMissing):
        titles(snapshot_cache, clock, workspace_id, "parcel")
    assert library.sweep() == (workspace_id,)
    version = indexer.index(workspace_id)
    assert states(store) == {"Parcels": "ready"}
    assert titles(snapshot_cache, clock, workspace_id, "when does my parcel come?") == ["Parcels"]
    assert [one["version"] for one in library.snapshots(workspace_id) if one["active"]] == [version]
    assert library.sweep() == ()


def test_a_bad_document_fails_with_a_reason_and_the_others_go_on(store, workspace_id, library, indexer):
    library.add(workspace_id, new("Bad", "# Only a heading"))
    library.add(workspace_id, new("Good", "Some text."))
    indexer.index(workspace_id)
    assert states(store) == {"Bad": "failed", "Good": "ready"}
    with store.read() as connection:
        error = connection.execute(sa.select(document.c.error).where(document.c.title == "Bad")).scalar_one()
    assert "headings at most" in error


def test_a_document_whose_indexer_died_is_taken_up_again_and_given_up_after_three(
    store, workspace_id, library, indexer
):
    library.add(workspace_id, new("Poison", "text."))
    for _ in range(3):
        assert indexer._claim(workspace_id)  # claimed, then killed
        TableClock.advance(store, 121)
    indexer.index(workspace_id)
    assert states(store) == {"Poison": "failed"}


def test_an_indexer_that_lost_a_document_does_not_renew_the_lease_of_another(store, workspace_id, library, indexer):
    library.add(workspace_id, new("Slow", "text."))
    found = indexer._claim_and_read(workspace_id)
    TableClock.advance(store, 121)
    assert indexer._claim(workspace_id)  # another indexer, which then dies
    TableClock.advance(store, 100)
    with ThreadPoolExecutor(1) as pool:
        indexer._embed(workspace_id, found, pool, lambda _done, _total: None)
    TableClock.advance(store, 21)
    assert indexer._claim(workspace_id), "the dead one's lease ended when it should"


def test_a_document_that_comes_while_others_are_indexed_is_published_too(
    store, workspace_id, library, indexer, snapshot_cache, clock
):
    library.add(workspace_id, new("First", "Cookies are small."))
    found = indexer._claim_and_read(workspace_id)
    library.add(workspace_id, new("Second", "Cookies are big."))  # nobody reads on: the claim was the last
    indexer._keep_passages(found)
    indexer.publish(workspace_id)
    assert library.sweep() == (workspace_id,)
    indexer.index(workspace_id)
    assert states(store) == {"First": "ready", "Second": "ready"}
    assert set(titles(snapshot_cache, clock, workspace_id, "cookies")) == {"First", "Second"}
    assert library.sweep() == ()


def test_marks_come_along_and_the_language_is_found(workspace_id, library, indexer, snapshot_cache, store):
    german = "Pakete kommen innerhalb von zwei Tagen bei Ihnen an, auch am Wochenende und an Feiertagen."
    library.add(
        workspace_id,
        new("Pakete", german, metadata=DocumentMetadata(source="wiki", tags=("a", "b"), audience="internal")),
    )
    library.add(workspace_id, new("Parcels", "Parcels arrive within two days, also on a weekend or a holiday."))
    indexer.index(workspace_id)
    record = snapshot_cache.search(workspace_id, "Pakete", limit=1, filters=Filters(tags=("b",))).hits[0].record
    assert (record.source, record.language, record.tags, record.audience) == ("wiki", "de", ("a", "b"), "internal")
    hits = snapshot_cache.search(workspace_id, "Pakete", limit=5, filters=Filters(audience="public")).hits
    assert [(hit.record.title, hit.record.language) for hit in hits] == [("Parcels", "en")]


def test_what_a_file_says_of_itself_becomes_its_title_unless_somebody_gave_one(workspace_id, library, indexer, store):
    word = {"data": files.word(), "media_type": documents.WORD}
    library.add(workspace_id, NewDocument(title="File", titled=False, **word))
    library.add(workspace_id, NewDocument(title="Given", **word))
    indexer.index(workspace_id)
    assert states(store) == {"Warranty": "ready", "Given": "ready"}
