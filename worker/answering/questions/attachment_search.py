"""Search in the files that came with a question."""

from collections.abc import Sequence
from dataclasses import replace

from kb import passages
from kb.embedding import Embedder
from kb.records import Record
from kb.relevance import Scale, shared_words
from kb.search import Found, Hit
from worker.conversations.attachments import Attached

#: Passages of one file that are compared with a question, from its beginning: about 50 pages.
_MAX_PASSAGES = 100
_MAX_HITS = 3


class EmbeddingAttachmentSearch:
    """Finds the passages of attachments whose vectors are most similar to a question's."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def search(self, query: str, files: Sequence[Attached]) -> list[Hit]:
        """Return at most three passages, most similar first; the document of a hit is the attachment."""
        query_vector = self._embedder.encode_query(query) if any(file.document for file in files) else None
        hits = []
        for file in files:
            if file.document is None or query_vector is None:
                continue
            cut = passages.cut(file.document, count_tokens=self._embedder.count_tokens)
            for passage, _ in zip(cut, range(_MAX_PASSAGES), strict=False):
                similarity = float(self._embedder.encode_passages([passage.embedded])[0] @ query_vector)
                cosine = self._embedder.scale.to_default(similarity)
                record = Record(
                    passage_id=f"{file.id}:{passage.ordinal}",
                    document_id=file.id,
                    title=file.name,
                    url=None,
                    headings=passage.headings,
                    anchor="",
                    start=passage.start,
                    end=passage.end,
                    text=passage.text,
                )
                hits.append(Hit(record=record, score=cosine, dense=cosine, lexical=None))
        return sorted(hits, key=lambda hit: -hit.score)[:_MAX_HITS]


def weighed(hits: Sequence[Hit], query: str, scale: Scale) -> list[Hit]:
    """Return passages of attachments with their relevance to a query by the scale of the knowledge base."""
    words = [shared_words(query, hit.record.text) for hit in hits]
    return [
        replace(hit, words=share, relevance=scale.probability(hit.dense or 0.0, share))
        for hit, share in zip(hits, words, strict=True)
    ]


def merged(found: Found, hits: Sequence[Hit]) -> Found:
    """Return the passages of the knowledge base and of attachments together, most similar first."""
    ordered = sorted((*found.hits, *hits), key=lambda hit: -(hit.dense or 0.0)) if hits else found.hits
    return replace(found, hits=tuple(ordered))
