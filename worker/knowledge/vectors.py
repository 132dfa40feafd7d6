"""Vectors of passages, kept by model and by the digest of the text, so that no text is embedded twice."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Protocol, runtime_checkable

import sqlalchemy as sa

from kb.embedding import Embedder
from worker.store.batches import batches
from worker.store.engine import Store
from worker.store.tables import vector
from worker.store.upsert import upsert_into

#: Texts that a thread encodes in one call.
_AT_ONCE = 8


@runtime_checkable
class Batching(Protocol):
    """An embedder that is best given so many texts in one call of `encode_passages`."""

    batch: int


class Vectors:
    """The vectors of one embedding model. Safe to share between threads."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder
        self.model = embedder.identity
        self.dimensions = embedder.dimensions

    def missing(self, workspace_id: str, digests: Sequence[str]) -> list[str]:
        """Return the digests of a workspace that have no vector yet, in their order."""
        kept: set[str] = set()
        with self._store.read() as connection:
            for batch in batches(digests):
                stored = sa.select(vector.c.digest).where(
                    vector.c.workspace_id == workspace_id,
                    vector.c.model == self.model,
                    vector.c.digest.in_(batch),
                )
                kept |= set(connection.execute(stored).scalars())
        return [digest for digest in digests if digest not in kept]

    def embed(self, workspace_id: str, texts: Mapping[str, str], threads: Executor) -> Iterator[dict[str, bytes]]:
        """Embed texts, given by their digests; yield the vectors of each batch, float32, when they are stored."""
        for batch in batches(list(texts)):
            size = self._embedder.batch if isinstance(self._embedder, Batching) else _AT_ONCE
            parts = [batch[first : first + size] for first in range(0, len(batch), size)]
            encoded = threads.map(
                self._embedder.encode_passages, [[texts[digest] for digest in part] for part in parts]
            )
            values = {
                digest: value.astype("<f4").tobytes()
                for part, vectors in zip(parts, encoded, strict=True)
                for digest, value in zip(part, vectors, strict=True)
            }
            with self._store.begin() as tx:
                tx.execute(
                    upsert_into(self._store, vector).on_conflict_do_nothing(),
                    [
                        {"workspace_id": workspace_id, "model": self.model, "digest": digest, "value": value}
                        for digest, value in values.items()
                    ],
                )
            yield values
