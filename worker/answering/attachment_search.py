"""Search in the files that came with a question."""

from collections.abc import Sequence

import numpy as np

from kb import passages
from kb.embedding import Embedder
from kb.search import Hit
from kb.snapshot import Record
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
        query_vector = self._embedder.encode(query) if any(file.document for file in files) else None
        hits = []
        for file in files:
            if file.document is None or query_vector is None:
                continue
            cut = passages.cut(file.document, count_tokens=self._embedder.count_tokens)
            for passage, _ in zip(cut, range(_MAX_PASSAGES), strict=False):
                cosine = float(np.dot(query_vector, self._embedder.encode(passage.embedded)))
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
