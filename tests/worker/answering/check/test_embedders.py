"""Without a usable embedding model, answers go by words."""

from worker.answering.check.embedders import is_lexical_only, open_embedder, similarity_of
from worker.caching import MemoryCache


def test_a_missing_model_is_replaced_by_the_stand_in_which_has_no_similarity(tmp_path):
    embedder = open_embedder(tmp_path, precision="int8", cache=MemoryCache("vectors", limit=10))
    assert is_lexical_only(embedder)
    assert similarity_of(embedder) is None
