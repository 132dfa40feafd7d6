from hypothesis import given
from hypothesis import strategies as st

from worker.embeddings.batches import batches, estimated_tokens


@given(st.lists(st.text(max_size=60), max_size=30), st.integers(1, 5), st.integers(1, 40))
def test_no_text_is_lost_and_no_batch_is_larger_than_it_must_be(texts, limit, max_tokens):
    found = list(batches(texts, limit=limit, max_tokens=max_tokens))
    assert [text for batch in found for text in batch] == texts
    for batch in found:
        assert 0 < len(batch) <= limit
        assert len(batch) == 1 or sum(map(estimated_tokens, batch)) <= max_tokens


def test_batches_are_full():
    assert [len(batch) for batch in batches(["word"] * 70, limit=32)] == [32, 32, 6]
