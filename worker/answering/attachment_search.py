"""Passages of the files that came with a question."""

from collections.abc import Sequence

import numpy as np

from kb import passages
from kb.embedding import Embedder
from kb.search import Hit
from kb.snapshot import Record
from worker.conversations.attachments import Attached

#: Passages of one file that are compared with a question, from its beginning: about 50 pages.
_MAX_PASSAGES = 100
_SHOWN = 3


class AttachedSearch:
    """Finds what in the attachments is nearest to a question."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def search(self, query: str, files: Sequence[Attached]) -> list[Hit]:
        """Return the nearest passages, best first, as hits whose document is the attachment."""
        asked = self._embedder.encode(query) if any(file.document for file in files) else None
        hits = []
        for file in files:
            if file.document is None or asked is None:
                continue
            cut = passages.cut(file.document, count_tokens=self._embedder.count_tokens)
            for one, _ in zip(cut, range(_MAX_PASSAGES), strict=False):
                cosine = float(np.dot(asked, self._embedder.encode(one.embedded)))
                record = Record(
                    passage_id=f"{file.id}:{one.ordinal}",
                    document_id=file.id,
                    title=file.name,
                    url=None,
                    headings=one.headings,
                    anchor="",
                    start=one.start,
                    end=one.end,
                    text=one.text,
                )
                hits.append(Hit(record=record, score=cosine, dense=cosine, lexical=None))
        return sorted(hits, key=lambda hit: -hit.score)[:_SHOWN]
