"""Bounded caches with statistics, for values that are expensive to compute.

A key holds everything that its value depends on (workspace, snapshot, model), so an entry never becomes stale and
needs no invalidation: after a publish new keys are looked up, and old entries are evicted as the least recently used.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np

from kb.embedding import Embedder, Vector

V = TypeVar("V")

#: Vectors of questions and of sentences that a process keeps, 1.5 kB each.
MAX_VECTORS = 20_000

#: Vectors of queries by an endpoint that a process keeps, as long as 12 kB each.
MAX_QUERY_VECTORS = 2_000

#: Answers to first questions of conversations that a process keeps.
MAX_ANSWERS = 5_000


@dataclass(frozen=True, kw_only=True)
class CacheStatistics:
    """Hits and misses of a cache since it was opened, its entries and their limit."""

    name: str
    hits: int
    misses: int
    entries: int
    limit: int

    @property
    def hit_rate(self) -> float:
        """Hits as a share of lookups; 0 before the first."""
        lookups = self.hits + self.misses
        return self.hits / lookups if lookups else 0.0


class Cache(Protocol[V]):
    """Stores values by key."""

    def get(self, key: Hashable) -> V | None:
        """Return the value, or None when there is none or it has expired."""
        ...

    def put(self, key: Hashable, value: V) -> None:
        """Store a value."""
        ...

    def statistics(self) -> CacheStatistics:
        """Return the cache's statistics."""
        ...

    def healthy(self) -> bool:
        """Whether the cache works."""
        ...


class MemoryCache(Generic[V]):
    """An LRU cache in this process. Safe to share between threads.

    `limit` is in entries, `ttl_s` in seconds.
    """

    def __init__(
        self,
        name: str,
        *,
        limit: int,
        ttl_s: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._limit = limit
        self._ttl_s = ttl_s
        self._clock = clock
        self._guard = threading.Lock()
        self._entries: OrderedDict[Hashable, tuple[V, float]] = OrderedDict()
        self._hits = self._misses = 0

    def get(self, key: Hashable) -> V | None:
        """Return the value, or None when there is none or it has expired."""
        with self._guard:
            entry = self._entries.get(key)
            if entry is not None and self._clock() < entry[1]:
                self._entries.move_to_end(key)
                self._hits += 1
                return entry[0]
            self._entries.pop(key, None)
            self._misses += 1
            return None

    def put(self, key: Hashable, value: V) -> None:
        """Store a value."""
        with self._guard:
            self._entries[key] = (value, self._clock() + self._ttl_s)
            self._entries.move_to_end(key)
            while len(self._entries) > self._limit:
                self._entries.popitem(last=False)

    def statistics(self) -> CacheStatistics:
        """Return the cache's statistics."""
        with self._guard:
            return CacheStatistics(
                name=self._name, hits=self._hits, misses=self._misses, entries=len(self._entries), limit=self._limit
            )

    def healthy(self) -> bool:
        """Return True: memory is always available."""
        return True


def to_api(caches: Iterable[Cache[Any]]) -> list[dict[str, Any]]:
    """Return the statistics of caches as the API shows them."""
    return [
        {**asdict(statistics), "hit_rate": round(statistics.hit_rate, 4), "healthy": cache.healthy()}
        for cache in caches
        for statistics in [cache.statistics()]
    ]


@runtime_checkable
class Prompted(Protocol):
    """An embedding model whose prompts are known: those of `text`, `query` and `passage`."""

    prompts: Mapping[str, str]


class CachedEmbedder:
    """An embedding model with a cache: questions and sentences of articles are embedded again and again.

    What has the same prompt before it has one vector: without prompts, a message is embedded once for all its uses.
    """

    def __init__(self, embedder: Embedder, cache: Cache[Vector]) -> None:
        self._embedder = embedder
        self._cache = cache
        self.identity = embedder.identity
        self.dimensions = embedder.dimensions
        self.max_tokens = embedder.max_tokens
        self.scale = embedder.scale
        self._prompts = embedder.prompts if isinstance(embedder, Prompted) else {}

    def encode(self, text: str) -> Vector:
        """Return the vector of a text that is compared with others of its kind, float32 [dimensions], read-only."""
        return self._vector("text", text, self._embedder.encode)

    def encode_query(self, text: str) -> Vector:
        """Return the vector of a query, float32 [dimensions], read-only."""
        return self._vector("query", text, self._embedder.encode_query)

    def encode_passages(self, texts: Sequence[str]) -> Vector:
        """Return the vectors of passages, float32 [count, dimensions]."""
        if not texts:
            return self._embedder.encode_passages(texts)
        return np.stack([self._vector("passage", text, self._encode_passage) for text in texts])

    def _encode_passage(self, text: str) -> Vector:
        vector: Vector = self._embedder.encode_passages([text])[0]
        return vector

    def _vector(self, kind: str, text: str, encode: Callable[[str], Vector]) -> Vector:
        # A hash, so that the cache holds no text of customers.
        key = hashlib.blake2b(f"{self._prompts.get(kind, kind)}\n{text}".encode(), digest_size=16).hexdigest()
        vector = self._cache.get(key)
        if vector is None:
            vector = encode(text)
            vector.flags.writeable = False
            self._cache.put(key, vector)
        return vector

    def count_tokens(self, text: str) -> int:
        """Return the length of `text` in tokens."""
        return self._embedder.count_tokens(text)


def similarity(embedder: Embedder) -> Callable[[str, str], float]:
    """Return a function that gives the cosine of the vectors of two texts, as the default model would."""
    return lambda text, other: embedder.scale.to_default(float(np.dot(embedder.encode(text), embedder.encode(other))))
