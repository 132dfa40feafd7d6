"""Documents, imports and snapshots are shown by what a reader can do with them."""

import pytest

from kb.search import Found
from tests.support.fakes import hit
from worker.knowledge import serializers
from worker.states import DocumentState, ImportState
from worker.store.rows import Document, DocumentImport, DocumentText, Snapshot

DOCUMENT = {
    "id": "doc_1",
    "workspace_id": "ws_1",
    "title": "T",
    "media_type": "text/markdown",
    "digest": "d",
    "titled": True,
    "audience": "public",
    "passages": 2,
    "revision": 1,
    "attempts": 0,
    "lease_token": 0,
    "created_at": 0,
    "updated_at": 0,
}


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (DocumentState.INDEXED, "indexing"),  # it waits for a publish
        (DocumentState.READY, "ready"),
        (DocumentState.FAILED, "failed"),
    ],
)
def test_a_document_is_ready_once_it_is_published(state, shown):
    assert serializers.document_to_api(Document(**DOCUMENT, state=state))["state"] == shown


def test_a_document_has_the_language_that_it_was_given_or_that_was_found():
    found = {"state": DocumentState.READY, "indexed_metadata": {"language": "de"}}
    assert serializers.document_to_api(Document(**DOCUMENT, **found))["language"] == "de"
    assert serializers.document_to_api(Document(**DOCUMENT, **found, language="en"))["language"] == "en"


def test_a_text_is_shown_where_it_was_read():
    assert "text" not in serializers.document_to_api(Document(**DOCUMENT, state=DocumentState.READY))
    whole = DocumentText(**DOCUMENT, state=DocumentState.QUEUED, text=None)
    assert serializers.document_to_api(whole)["text"] is None


def test_an_import_counts_what_failed():
    shown = serializers.import_to_api(
        DocumentImport(
            id="imp_1",
            workspace_id="ws_1",
            kind="urls",
            name="2 pages",
            metadata={},
            state=ImportState.DONE,
            added=3,
            unchanged=1,
            failed={"https://a.example": "404"},
            done=6,
            attempts=1,
            lease_token=1,
            created_at=0,
        )
    )
    assert (shown["failures"], shown["failed"]) == (2, [{"name": "https://a.example", "reason": "404"}])


def test_one_snapshot_is_active():
    manifest = {"documents": 1, "passages": 2, "model": "m"}
    snapshot = Snapshot(workspace_id="ws_1", version="1-abc", revision=1, manifest=manifest, created_at=0)
    assert serializers.snapshot_to_api(snapshot, active="1-abc")["active"] is True
    assert serializers.snapshot_to_api(snapshot, active=None)["active"] is False


def test_a_leg_that_did_not_find_a_passage_has_no_score():
    (shown,) = serializers.found_to_api(Found(snapshot="1-abc", hits=(hit("Text.", dense=None),)))["items"]
    assert shown["scores"] == {"dense": None, "lexical": 1.0}
