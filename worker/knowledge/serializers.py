"""Documents, imports, snapshots and search results as the API shows them."""

from typing import TYPE_CHECKING, Any

from worker.states import DocumentState
from worker.store import rows
from worker.time import to_rfc3339

if TYPE_CHECKING:  # the web server imports this module and must not load an index
    from kb.search import Found


def document_to_api(document: rows.Document) -> dict[str, Any]:
    """Return a document, with its text where it was read with it; one that waits for a publish is `indexing`."""
    metadata = document.indexed_metadata or {}
    return {
        "id": document.id,
        "title": document.title,
        "url": document.url,
        "media_type": document.media_type,
        "source": document.collection,
        "language": document.language or metadata.get("language"),
        "tags": document.tags or [],
        "audience": document.audience,
        "state": DocumentState.INDEXING if document.state == DocumentState.INDEXED else document.state,
        "error": document.error,
        **({"text": document.text} if isinstance(document, rows.DocumentText) else {}),
        "reading": metadata.get("reading"),
        "passages": document.passages,
        "created_at": to_rfc3339(document.created_at),
        "updated_at": to_rfc3339(document.updated_at),
        "links": {"self": f"/v1/documents/{document.id}"},
    }


def import_to_api(document_import: rows.DocumentImport) -> dict[str, Any]:
    """Return an import with its progress and the reasons why files or pages failed."""
    failed = document_import.failed or {}
    return {
        "id": document_import.id,
        "kind": document_import.kind,
        "name": document_import.name,
        "state": document_import.state,
        "error": document_import.error,
        "added": document_import.added,
        "unchanged": document_import.unchanged,
        "failures": document_import.done - document_import.added - document_import.unchanged,
        "failed": [{"name": name, "reason": reason} for name, reason in failed.items()],
        "created_at": to_rfc3339(document_import.created_at),
        "finished_at": to_rfc3339(document_import.finished_at),
        "links": {"self": f"/v1/imports/{document_import.id}"},
    }


def snapshot_to_api(snapshot: rows.Snapshot, *, active: str | None) -> dict[str, Any]:
    """Return a snapshot; `active` is the version that answers."""
    return {
        "version": snapshot.version,
        "active": snapshot.version == active,
        "documents": snapshot.manifest["documents"],
        "passages": snapshot.manifest["passages"],
        "model": snapshot.manifest["model"],
        "created_at": to_rfc3339(snapshot.created_at),
    }


def found_to_api(found: "Found") -> dict[str, Any]:
    """Return the outcome of a search: passages, best first, with the score of each leg."""
    return {
        "snapshot": found.snapshot,
        "items": [
            {
                "document_id": hit.record.document_id,
                "title": hit.record.title,
                "source": hit.record.source,
                "language": hit.record.language,
                "tags": list(hit.record.tags),
                "audience": hit.record.audience,
                "headings": list(hit.record.headings),
                "url": hit.record.url,
                "text": hit.record.text,
                "start": hit.record.start,
                "end": hit.record.end,
                "score": round(hit.score, 6),
                "scores": {
                    "dense": None if hit.dense is None else round(hit.dense, 6),
                    "lexical": None if hit.lexical is None else round(hit.lexical, 6),
                },
            }
            for hit in found.hits
        ],
    }
