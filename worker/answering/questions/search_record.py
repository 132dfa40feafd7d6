"""The record of a search that is kept with a message, for the agents of the desk."""

from typing import Any

from kb.search import Found


def of(query: str, found: Found, score: float) -> dict[str, Any]:
    """Return the record of a search as agents are shown it: the query, its relevance and the passages with scores."""
    items = [
        {
            "document_id": hit.record.document_id,
            "title": hit.record.title,
            "start": hit.record.start,
            "end": hit.record.end,
            "score": round(hit.score, 4),
            "dense": None if hit.dense is None else round(hit.dense, 4),
            "lexical": None if hit.lexical is None else round(hit.lexical, 4),
        }
        for hit in found.hits
    ]
    return {"query": query[:500], "relevance": round(score, 4), "items": items}
