"""Caches are bounded, forget, and count."""

import threading

import numpy as np
import pytest

from worker.caching import CachedEmbedder, MemoryCache


def test_the_least_recently_used_goes_first_and_everything_after_its_time():
    now = [0.0]
    cache = MemoryCache("x", limit=2, ttl_s=10, clock=lambda: now[0])
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)
    now[0] = 11
    assert cache.get("a") is None
    told = cache.statistics()
    assert (told.hits, told.misses, told.entries, told.limit) == (3, 2, 1, 2)
    assert told.hit_rate == pytest.approx(0.6)
    assert cache.healthy()


def test_threads_share_it():
    cache = MemoryCache("x", limit=50)

    def work(number):
        for step in range(500):
            cache.put((number, step % 60), step)
            cache.get((number, step % 7))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.statistics().entries == 50


def test_vectors_are_made_once_and_cannot_be_written_to(embedder):
    asked = []

    class Counting:
        identity, dimensions, max_tokens = embedder.identity, embedder.dimensions, embedder.max_tokens
        scale = embedder.scale

        def encode(self, text):
            asked.append(text)
            return embedder.encode(text)

        def encode_query(self, text):
            asked.append(f"query: {text}")
            return embedder.encode_query(text)

        def encode_passages(self, texts):
            asked.extend(f"passage: {text}" for text in texts)
            return embedder.encode_passages(texts)

        def count_tokens(self, text):
            return embedder.count_tokens(text)

    cached = CachedEmbedder(Counting(), MemoryCache("vectors", limit=10))
    assert np.array_equal(cached.encode("a question"), cached.encode("a question"))
    assert asked == ["a question"]
    for _ in range(2):
        cached.encode_query("a question")
        assert cached.encode_passages(["a question", "another"]).shape == (2, embedder.dimensions)
    assert asked[1:] == ["query: a question", "passage: a question", "passage: another"]
    assert cached.encode_passages([]).shape == (0, embedder.dimensions)
    with pytest.raises(ValueError, match="read-only"):
        cached.encode("a question")[0] = 1.0


def test_a_message_is_embedded_once_for_all_uses_that_have_the_same_prompt(embedder):
    cache = MemoryCache("vectors", limit=10)
    cached = CachedEmbedder(embedder, cache)
    vector = cached.encode("Where is my parcel?")
    assert cached.encode_query("Where is my parcel?") is vector
    assert embedder.prompts["text"] == embedder.prompts["query"]
