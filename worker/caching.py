"""Caches of what is dear to make again: bounded, with statistics, and a key that says all that the value depends on.

There is no way to make one of them stale: a key names the workspace, the snapshot and the model, so after a publish
other keys are asked for, and the old entries leave as the least recently used.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from kb.embedding import Embedder, Vector

V = TypeVar("V")


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """What a cache did since it was opened, and what it holds."""

    name: str
    hits: int
    misses: int
    entries: int
    limit: int

    @property
    def hit_rate(self) -> float:
        """Hits as a share of lookups; 0 before the first."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


class Cache(Protocol[V]):
    """Keeps values by key for a while."""

    def get(self, key: Hashable) -> V | None:
        """Return what is kept, or None."""
        ...

    def put(self, key: Hashable, value: V) -> None:
        """Keep a value."""
        ...

    def statistics(self) -> Statistics:
        """Return what it did and holds."""
        ...

    def healthy(self) -> bool:
        """Whether what is put can be got again."""
        ...


class MemoryCache(Generic[V]):
    """A cache in this process; safe to share between threads. The least recently used goes first."""

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
        self._kept: OrderedDict[Hashable, tuple[V, float]] = OrderedDict()
        self._hits = self._misses = 0

    def get(self, key: Hashable) -> V | None:
        """Return what is kept, or None."""
        with self._guard:
            held = self._kept.get(key)
            if held is not None and self._clock() < held[1]:
                self._kept.move_to_end(key)
                self._hits += 1
                return held[0]
            self._kept.pop(key, None)
            self._misses += 1
            return None

    def put(self, key: Hashable, value: V) -> None:
        """Keep a value."""
        with self._guard:
            self._kept[key] = (value, self._clock() + self._ttl_s)
            self._kept.move_to_end(key)
            while len(self._kept) > self._limit:
                self._kept.popitem(last=False)

    def statistics(self) -> Statistics:
        """Return what it did and holds."""
        with self._guard:
            return Statistics(
                name=self._name, hits=self._hits, misses=self._misses, entries=len(self._kept), limit=self._limit
            )

    def healthy(self) -> bool:
        """Whether what is put can be got again: memory always can."""
        return True


class CachedEmbedder:
    """An embedding model that remembers what it was asked: questions come again, and sentences of articles."""

    def __init__(self, embedder: Embedder, cache: Cache[Vector]) -> None:
        self._embedder = embedder
        self._cache = cache
        self.identity = embedder.identity
        self.dimensions = embedder.dimensions
        self.max_tokens = embedder.max_tokens

    def encode(self, text: str) -> Vector:
        """Return the unit vector of `text`, float32 [dimensions]; not to be written to."""
        key = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()  # what customers wrote is not kept for this
        vector = self._cache.get(key)
        if vector is None:
            vector = self._embedder.encode(text)
            vector.flags.writeable = False
            self._cache.put(key, vector)
        return vector

    def count_tokens(self, text: str) -> int:
        """Return the length of `text` in tokens."""
        return self._embedder.count_tokens(text)


def similarity(embedder: Embedder) -> Callable[[str, str], float]:
    """Return what says how near two texts are: the cosine of their vectors."""
    return lambda one, other: float(np.dot(embedder.encode(one), embedder.encode(other)))
