"""Documents, and embedding models that count."""

import sqlalchemy as sa

from worker.knowledge.library import NewDocument
from worker.knowledge.snapshot_cache import LOOK_EVERY_S
from worker.store.tables import document


class CountingEmbedder:
    """The real model, with a count of what it was asked."""

    def __init__(self, embedder):
        self._embedder = embedder
        self.identity, self.dimensions, self.max_tokens = embedder.identity, embedder.dimensions, embedder.max_tokens
        self.encoded = []

        self.scale = embedder.scale

    def encode(self, text):
        self.encoded.append(text)
        return self._embedder.encode(text)

    def encode_query(self, text):
        self.encoded.append(text)
        return self._embedder.encode_query(text)

    def encode_passages(self, texts):
        self.encoded.extend(texts)
        return self._embedder.encode_passages(texts)

    def count_tokens(self, text):
        return self._embedder.count_tokens(text)


def new(title: str, text: str, **fields) -> NewDocument:
    return NewDocument(title=title, data=text.encode(), media_type="text/markdown", **fields)


def titles(snapshot_cache, clock, workspace_id, query):
    clock.now += LOOK_EVERY_S
    return [hit.record.title for hit in snapshot_cache.search(workspace_id, query, limit=5).hits]


def states(store):
    with store.read() as connection:
        return dict(connection.execute(sa.select(document.c.title, document.c.state)).all())


class OtherEmbedder(CountingEmbedder):
    """The same model under another name."""

    def __init__(self, embedder):
        super().__init__(embedder)
        self.identity = "other-model:int8:abcdef123456"
